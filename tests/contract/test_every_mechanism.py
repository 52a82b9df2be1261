"""What holds for every registered mechanism, those that do not exist yet included."""

from __future__ import annotations

import re

import numpy as np
import pytest

import ranvier as rv
import tolerances
from ranvier import mechanisms

NAMES = mechanisms.names()
GATED = [(name, gate["name"]) for name in NAMES for gate in mechanisms.describe(name)["gates"]]
#: Every tenth of a millivolt: 0/0 hides at round numbers.
V_mV = np.arange(-1500, 1501) / 10.0
UNITS = ("_S_cm2", "_mV", "_mA_cm2", "_mM", "_ms", "_per_ms", "_um", "_degC")


@pytest.mark.parametrize("name", NAMES)
def test_says_what_it_is(name: str) -> None:
    info = mechanisms.describe(name)
    assert info["name"] == name
    assert re.fullmatch(r"[a-z][a-z0-9_]*", name)
    assert len(info["summary"]) > 10
    assert not info["summary"].endswith(".")
    assert "doi:10." in info["citation"]
    assert re.search(r"\b(19|20)\d\d\b", info["citation"])
    assert 0.0 <= info["reference_temperature_degC"] <= 40.0
    assert info["ion"] in {"", "na", "k", "ca", "cl"}
    assert [p for p in info["parameters"] if not p.endswith(UNITS)] == []
    assert np.isfinite(list(info["parameters"].values())).all()
    for gate in info["gates"]:
        assert gate["power"] >= 1
        assert 1.0 <= gate["q10"] <= 5.0


@pytest.mark.parametrize(("name", "gate"), GATED)
def test_rates_are_finite_and_not_negative(name: str, gate: str) -> None:
    alpha, beta = mechanisms.rates(name, V_mV)[gate]
    assert np.isfinite([alpha, beta]).all()
    assert (np.array([alpha, beta]) >= 0).all()
    assert (alpha + beta > 0).all()


@pytest.mark.parametrize(("name", "gate"), GATED)
def test_rates_are_smooth_everywhere(name: str, gate: str) -> None:
    """No jump, dip or spike where a quotient is 0/0 or nearly so: at any point of a line the rate
    is close to the mean of its neighbours'."""
    for spacing_mV in (0.1, 1e-4, 1e-7):
        around = V_mV[:, None] + spacing_mV * np.array([-1.0, 0.0, 1.0])
        for rate in mechanisms.rates(name, around)[gate]:
            below, at, above = rate.T
            bend = np.abs(below - 2 * at + above)
            assert (bend <= tolerances.RATE_BEND_RELATIVE(spacing_mV) * at + 1e-300).all()


@pytest.mark.parametrize(("name", "gate"), GATED)
def test_rates_keep_the_shape_that_is_asked_for(name: str, gate: str) -> None:
    at_once = mechanisms.rates(name, V_mV)[gate]
    assert mechanisms.rates(name, V_mV[:3000].reshape(30, 100))[gate][0].shape == (30, 100)
    assert mechanisms.rates(name, V_mV[7])[gate][1] == at_once[1][7]


def cell_with(name: str, *extra: rv.Placement, g_bar_S_cm2: float = 1e-3) -> rv.Model:
    ions = [rv.Ion("na", e_mV=50.0), rv.Ion("k", e_mV=-90.0), rv.Ion("ca", e_mV=120.0)]
    return rv.Model(
        sections=[rv.Section("cell", length_um=10.0, diameter_um=10.0)],
        placements=[rv.Placement(name, g_bar_S_cm2=g_bar_S_cm2), *extra],
        ions=ions,
        temperature_degC=mechanisms.describe(name)["reference_temperature_degC"],
    )


def clamped_gate(
    name: str, gate: str, v_mV: float, *, steps: int, dt_ms: float, warmer_degC: float
):
    """A gate over time, from its steady state at -60 mV, in a cell held at v by a huge leak."""
    model = cell_with(name, rv.Placement("leak", g_bar_S_cm2=1e13, e_leak_mV=v_mV), g_bar_S_cm2=0.0)
    model = rv.Model(
        sections=model.sections,
        placements=model.placements,
        ions=model.ions,
        temperature_degC=model.temperature_degC + warmer_degC,
    )
    result = rv.simulate(
        model,
        (),
        [rv.Probe("v_mV"), rv.Probe(gate, mechanism=name)],
        mesh=rv.FixedCount(),
        t_stop_ms=steps * dt_ms,
        method=rv.Method("backward_euler", dt_ms=dt_ms),
        v_init_mV=-60.0,
        detect=(),
    )
    assert result["v_mV"].values[1, 0] == pytest.approx(v_mV, abs=1e-9)
    return result[gate].values[:, 0]


@pytest.mark.parametrize("warmer_degC", [0.0, 10.0, -7.0])
@pytest.mark.parametrize("v_mV", [-95.0, -50.0, 10.0])
@pytest.mark.parametrize(("name", "gate"), GATED)
def test_gates_relax_at_their_rates(name: str, gate: str, v_mV: float, warmer_degC: float) -> None:
    """Exactly at constant potential; the temperature factor is 1 at the reference and a power of
    q10 elsewhere."""
    alpha, beta = (float(rate) for rate in mechanisms.rates(name, v_mV)[gate])
    (q10,) = (g["q10"] for g in mechanisms.describe(name)["gates"] if g["name"] == gate)
    rate_per_ms = (alpha + beta) * q10 ** (warmer_degC / 10.0)
    dt_ms = 0.1 / rate_per_ms
    found = clamped_gate(name, gate, v_mV, steps=20, dt_ms=dt_ms, warmer_degC=warmer_degC)
    target = alpha / (alpha + beta)
    expected = target + (found[0] - target) * np.exp(-rate_per_ms * dt_ms * np.arange(21))
    np.testing.assert_allclose(found, expected, rtol=0, atol=tolerances.GATE_RELAXATION)


@pytest.mark.parametrize(("name", "gate"), GATED)
def test_gates_settle_within_0_and_1(name: str, gate: str) -> None:
    alpha, beta = mechanisms.rates(name, V_mV)[gate]
    steady_state = alpha / (alpha + beta)
    assert ((steady_state >= 0) & (steady_state <= 1)).all()
    for v_mV in (-120.0, -60.0, 0.0, 60.0):
        alpha, beta = (float(rate) for rate in mechanisms.rates(name, v_mV)[gate])
        long_ms = 100.0 / (alpha + beta)
        found = clamped_gate(name, gate, v_mV, steps=1, dt_ms=long_ms, warmer_degC=0.0)
        assert found[1] == pytest.approx(alpha / (alpha + beta), abs=tolerances.GATE_RELAXATION)


@pytest.mark.parametrize(("name", "gate"), GATED)
def test_gates_start_in_their_steady_state(name: str, gate: str) -> None:
    for v_mV in (-120.0, -60.0, 30.0):
        model = cell_with(name)
        probe = rv.Probe(gate, mechanism=name)
        result = rv.simulate(model, (), probe, mesh=rv.FixedCount(), t_stop_ms=0.01, v_init_mV=v_mV)
        alpha, beta = mechanisms.rates(name, v_mV)[gate]
        assert result[gate].values[0, 0] == pytest.approx(
            alpha / (alpha + beta), rel=tolerances.ROUNDING_RELATIVE
        )


@pytest.mark.parametrize("v_mV", [-100.0, -62.0, -20.0, 35.0])
@pytest.mark.parametrize("name", NAMES)
def test_conductance_is_the_slope_of_the_current(name: str, v_mV: float) -> None:
    """The slope that an implicit step uses, against the current after a jump in the potential that
    leaves the gates no time."""
    d = rv.discretise(cell_with(name), rv.FixedCount())
    jump_mV, instant_ms = 0.5, 1e-13
    charge = rv.stimuli.CurrentClamp(
        waveform=rv.stimuli.Pulse(duration_ms=instant_ms),
        at=0,
        amplitude_nA=jump_mV * d.capacitance_nF[0] / instant_ms,
    )
    jumped = rv.simulate(
        d,
        charge,
        [rv.Probe("v_mV"), rv.Probe("i_mA_cm2", mechanism=name)],
        t_stop_ms=instant_ms,
        method=rv.Method("backward_euler", dt_ms=instant_ms),
        v_init_mV=v_mV,
        detect=(),
    )
    before, after = jumped["i_mA_cm2"].values[:, 0]
    slope_S_cm2 = (after - before) / np.diff(jumped["v_mV"].values[:, 0])[0]

    # One endless step from v goes to where the straight line of current meets zero.
    forever = rv.Simulation(d, method=rv.Method("backward_euler", dt_ms=1e15), v_init_mV=v_mV)
    forever.advance(1)
    used_S_cm2 = -before / (forever.v_mV[0] - v_mV)
    assert used_S_cm2 == pytest.approx(slope_S_cm2, rel=tolerances.CONDUCTANCE_RELATIVE)


@pytest.mark.parametrize("name", NAMES)
def test_current_reverses_where_it_should(name: str) -> None:
    info = mechanisms.describe(name)
    e_mV = {"": info["parameters"].get("e_leak_mV"), "na": 50.0, "k": -90.0, "ca": 120.0}
    d = rv.discretise(cell_with(name), rv.FixedCount())
    for offset_mV in (-20.0, 0.0, 20.0):
        result = rv.simulate(
            d,
            (),
            rv.Probe("i_mA_cm2", mechanism=name),
            t_stop_ms=0.005,
            v_init_mV=e_mV[info["ion"]] + offset_mV,
        )
        assert np.sign(result["i_mA_cm2"].values[0, 0]) == np.sign(offset_mV)


@pytest.mark.parametrize("name", NAMES)
def test_conductance_is_a_parameter_and_scales_the_current(name: str) -> None:
    def current(g_bar_S_cm2: float) -> float:
        result = rv.simulate(
            cell_with(name, g_bar_S_cm2=g_bar_S_cm2),
            (),
            rv.Probe("i_mA_cm2", mechanism=name),
            mesh=rv.FixedCount(),
            t_stop_ms=0.005,
            v_init_mV=-41.0,
        )
        return float(result["i_mA_cm2"].values[0, 0])

    assert current(3e-3) == pytest.approx(3 * current(1e-3), rel=tolerances.ROUNDING_RELATIVE)
    assert current(0.0) == 0.0
