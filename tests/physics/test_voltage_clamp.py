"""A squid patch under voltage clamp: gates at constant potential have a solution in closed form."""

from __future__ import annotations

import numpy as np
import pytest

import ranvier as rv
import tolerances
from ranvier import mechanisms
from ranvier.stimuli import Samples, VoltageClamp

HOLDING_mV = -65.0
E_NA_mV = 50.0
ONSET_ms = 0.5
AREA_um2 = np.pi * 10.0 * 10.0
#: The sodium current takes up to 7 nV off such a step. With less, the charging of the patch would
#: be too fast to be followed; a step that leaps over it costs second order.
SMALL_Mohm = 2e-6
METHOD = rv.Method("adaptive", rtol=1e-7, atol_mV=1e-6)


def patch(*names: str) -> rv.Discretisation:
    return rv.discretise(
        rv.Model(
            sections=[rv.Section("patch", length_um=10.0, diameter_um=10.0)],
            placements=[rv.Placement(name) for name in names],
            ions=[rv.Ion("na", e_mV=E_NA_mV), rv.Ion("k", e_mV=-77.0)],
            temperature_degC=6.3,
        ),
        rv.FixedCount(),
    )


def step_to(level_mV: float, **given: object) -> VoltageClamp:
    return VoltageClamp(
        **{
            "waveform": Samples(t_ms=[ONSET_ms, 100.0], value=[1.0, 1.0]),
            "at": "patch",
            "holding_mV": HOLDING_mV,
            "amplitude_mV": level_mV - HOLDING_mV,
            "series_resistance_Mohm": SMALL_Mohm,
            **given,
        }  # type: ignore[arg-type]
    )


def sodium_mA_cm2(level_mV: float, since_ms: np.ndarray) -> np.ndarray:
    """g m^3 h (v - E) with rates that do not change."""
    found = {}
    for gate in ("m", "h"):
        alpha, beta = mechanisms.rates("na_hh", np.array([HOLDING_mV, level_mV]))[gate]
        steady, rate_per_ms = alpha / (alpha + beta), alpha + beta
        found[gate] = steady[1] + (steady[0] - steady[1]) * np.exp(-rate_per_ms[1] * since_ms)
    g_S_cm2 = mechanisms.describe("na_hh")["parameters"]["g_bar_S_cm2"]
    return g_S_cm2 * found["m"] ** 3 * found["h"] * (level_mV - E_NA_mV)


def clamped(level_mV: float, method: rv.Method = METHOD, **given: object) -> rv.Result:
    return rv.simulate(
        patch("na_hh"),
        step_to(level_mV, **given),
        [
            rv.Probe("i_mA_cm2", mechanism="na_hh", every_ms=0.01),
            rv.Probe("i_nA", mechanism="voltage_clamp", every_ms=0.01),
            rv.Probe("v_mV", every_ms=0.01),
        ],
        t_stop_ms=ONSET_ms + 5.0,
        method=method,
        v_init_mV=HOLDING_mV,
        detect=(),
    )


@pytest.mark.parametrize("level_mV", [-40.0, -20.0, 0.0, 20.0, 40.0, 80.0])
def test_sodium_current_is_the_analytic_one(level_mV: float) -> None:
    """Of all samples, of which one is near the peak, to 1e-6 of that."""
    trace = clamped(level_mV)["i_mA_cm2"]
    since_ms = trace.t_ms - ONSET_ms
    after = since_ms > 0.005
    exact = sodium_mA_cm2(level_mV, since_ms[after])
    peak = np.abs(exact).max()
    np.testing.assert_allclose(
        trace.values[after, 0], exact, rtol=0, atol=tolerances.CLAMP_RELATIVE * peak
    )


def test_current_reverses_at_the_reversal_potential() -> None:
    """Where the line through peaks below and above passes through 0."""
    levels_mV = np.array([E_NA_mV - 1e-3, E_NA_mV + 1e-3])
    peaks = []
    for level_mV in levels_mV:
        values = clamped(float(level_mV))["i_mA_cm2"].values[60:, 0]
        peaks.append(values[np.abs(values).argmax()])
    crossing_mV = levels_mV[0] - peaks[0] * np.diff(levels_mV)[0] / (peaks[1] - peaks[0])
    assert crossing_mV == pytest.approx(E_NA_mV, rel=1e-6)


def test_electrode_carries_what_the_membrane_does() -> None:
    """Once the membrane is charged: Kirchhoff at one compartment."""
    result = clamped(0.0)
    i_na_nA = result["i_mA_cm2"].values[:, 0] * AREA_um2 * 1e-2
    c_dv_nA = AREA_um2 * 1e-5 * np.gradient(result["v_mV"].values[:, 0], 0.01)
    late = result["i_nA"].t_ms > ONSET_ms + 0.1
    np.testing.assert_allclose(
        result["i_nA"].values[late, 0], -(i_na_nA + c_dv_nA)[late], rtol=1e-4
    )


def test_series_resistance_takes_its_share() -> None:
    """v is off the command by resistance times current, in the steady state of a leak."""
    leak = rv.Model(
        sections=[rv.Section("patch", length_um=10.0, diameter_um=10.0)],
        placements=[rv.Placement("leak", g_bar_S_cm2=1e-3, e_leak_mV=-65.0)],
    )
    r_Mohm = 20.0
    g_uS = 1e-3 * AREA_um2 * 1e-2
    result = rv.simulate(
        leak,
        step_to(0.0, series_resistance_Mohm=r_Mohm),
        [rv.Probe("v_mV"), rv.Probe("i_nA", mechanism="voltage_clamp")],
        mesh=rv.FixedCount(),
        t_stop_ms=10.0,
    )
    v_mV = -65.0 * g_uS / (g_uS + 1 / r_Mohm)
    assert result["v_mV"].values[-1, 0] == pytest.approx(v_mV, rel=1e-9)
    assert result["i_nA"].values[-1, 0] == pytest.approx(v_mV / r_Mohm, rel=1e-9)


@pytest.mark.parametrize("name", ["rosenbrock2", "staggered_sdirk2", "backward_euler", "rodas4"])
def test_no_method_rings(name: str) -> None:
    """With a time constant of a 10^6th of the step: one monotonous step and no more."""
    result = clamped_by_steps(rv.Method(name, dt_ms=0.025))
    v_mV = result["v_mV"].values[:, 0]
    t_ms = result["v_mV"].t_ms
    np.testing.assert_allclose(v_mV[t_ms <= ONSET_ms], HOLDING_mV, atol=1e-3)
    np.testing.assert_allclose(v_mV[t_ms > ONSET_ms + 0.1], 0.0, atol=1e-3)
    assert v_mV.max() < 1e-3
    assert v_mV.min() > HOLDING_mV - 1e-3


def clamped_by_steps(method: rv.Method) -> rv.Result:
    return rv.simulate(
        patch("na_hh", "k_hh"),
        step_to(0.0, series_resistance_Mohm=1e-5),
        rv.Probe("v_mV"),
        t_stop_ms=3.0,
        method=method,
        v_init_mV=HOLDING_mV,
        detect=(),
    )


@pytest.mark.parametrize("name", ["rosenbrock2", "adaptive"])
def test_ramps_are_followed_and_switches_obeyed(name: str) -> None:
    """Up by 40 mV in 4 ms between 1 and 5 ms; off at 6 ms, and the patch falls back to its leak."""
    d = rv.discretise(
        rv.Model(
            sections=[rv.Section("patch", length_um=10.0, diameter_um=10.0)],
            placements=[rv.Placement("leak", g_bar_S_cm2=1e-3, e_leak_mV=-65.0)],
        ),
        rv.FixedCount(),
    )
    ramp = VoltageClamp(
        waveform=Samples(t_ms=[1.0, 5.0, 7.0], value=[0.0, 1.0, 1.0]),
        at="patch",
        holding_mV=-60.0,
        amplitude_mV=40.0,
        series_resistance_Mohm=1e-4,
        from_ms=0.5,
        to_ms=6.0,
    )
    result = rv.simulate(d, ramp, rv.Probe("v_mV"), t_stop_ms=8.0, method=rv.Method(name))
    at = dict(zip(np.round(result["v_mV"].t_ms, 6), result["v_mV"].values[:, 0], strict=True))
    t_ms, v_mV = result["v_mV"].t_ms, result["v_mV"].values[:, 0]
    assert at[0.5] == pytest.approx(-65.0, abs=1e-3)
    held = (t_ms > 0.6) & (t_ms < 6.0)
    command = -60.0 + 40.0 * np.clip((t_ms - 1.0) / 4.0, 0.0, 1.0)
    np.testing.assert_allclose(v_mV[held], command[held], atol=5e-3)
    free = t_ms > 6.05
    expected = -65.0 + 45.0 * np.exp(-(t_ms[free] - 6.0) / 1.0)
    np.testing.assert_allclose(v_mV[free], expected, atol=0.02)


def test_rest_is_that_of_the_clamped_membrane() -> None:
    simulation = rv.Simulation(
        patch("na_hh", "k_hh"), stimuli=[step_to(0.0, holding_mV=-80.0)], v_rest_guess_mV=-65.0
    )
    assert simulation.v_mV[0] == pytest.approx(-80.0, abs=1e-5)
