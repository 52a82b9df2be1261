"""What holds for every registered mechanism, those that do not exist yet included."""

from __future__ import annotations

import re

import numpy as np
import pytest

import ranvier as rv
import tolerances
from ranvier import mechanisms
from ranvier.mechanisms import typical
from ranvier.mechanisms._library import from_library, library_names

ALL = mechanisms.names()
#: What is placed on a membrane; the others are at points, see test_every_point.py.
NAMES = [name for name in ALL if not mechanisms.describe(name).get("is_point")]
GATED = [(name, gate["name"]) for name in NAMES for gate in mechanisms.describe(name)["gates"]]
#: Every tenth of a millivolt: 0/0 hides at round numbers.
V_mV = np.arange(-1500, 1501) / 10.0
UNITS = ("_S_cm2", "_cm_s", "_mV", "_mA_cm2", "_mM", "_ms", "_per_ms", "_um", "_degC", "_fraction")
#: At points; and shares of something else.
UNITS += ("_uS", "_ratio", "_mN_m")

#: What scales a current, by the end of its name.
DENSITIES = ("_S_cm2", "_cm_s", "_mA_cm2")
#: mM inside and outside, those that `mechanisms.rates` stands on.
CONCENTRATIONS = {ion: typical.IONS[ion][1:] for ion in ("na", "k", "ca", "cl")}
#: Whose published rates jump, bend or end at 0 somewhere; see the notes of their files.
PUBLISHED_JUMPS = {
    ("ih_tigerholm", "f"),
    ("ih_tigerholm", "s"),
    ("kdr_tigerholm", "n"),
    ("km_tigerholm", "s"),
    ("nav17_tigerholm", "h"),
}


def density_of(name: str) -> str:
    """The parameter that the current goes in proportion to."""
    return next(p for p in mechanisms.describe(name)["parameters"] if p.endswith(DENSITIES))


def rates_at(name: str, v_mV: float, temperature_degC: float) -> dict[str, tuple[float, float]]:
    """Without the factor of temperature, but with the temperature in the formulas."""
    if name not in library_names():
        found = mechanisms.rates(name, v_mV)
    else:
        found = from_library(name).rates_per_ms(
            v_mV, **_read_of(name, temperature_degC=temperature_degC)
        )
    return {gate: (float(alpha), float(beta)) for gate, (alpha, beta) in found.items()}


def _read_of(name: str, **values: float) -> dict[str, float]:
    return {key: value for key, value in values.items() if key in from_library(name).inputs}


@pytest.mark.parametrize("name", ALL)
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
    if (name, gate) in PUBLISHED_JUMPS:
        pytest.skip("as published, not smooth")
    for spacing_mV in (0.1, 1e-4, 1e-7):
        around = V_mV[:, None] + spacing_mV * np.array([-1.0, 0.0, 1.0])
        rates = mechanisms.rates(name, around)[gate]
        # Of a steady state and a time constant, (1 - x)/tau keeps the digits of 1/tau.
        keeps = tolerances.ROUNDED_RATE_RELATIVE * sum(rates)[:, 1]
        for rate in rates:
            below, at, above = rate.T
            bend = np.abs(below - 2 * at + above)
            slack = keeps if name in library_names() else 1e-300
            assert (bend <= tolerances.RATE_BEND_RELATIVE(spacing_mV) * at + slack).all()


@pytest.mark.parametrize(("name", "gate"), GATED)
def test_rates_keep_the_shape_that_is_asked_for(name: str, gate: str) -> None:
    at_once = mechanisms.rates(name, V_mV)[gate]
    assert mechanisms.rates(name, V_mV[:3000].reshape(30, 100))[gate][0].shape == (30, 100)
    assert mechanisms.rates(name, V_mV[7])[gate][1] == at_once[1][7]


def cell_with(name: str, *extra: rv.Placement, density: float = 1e-3) -> rv.Model:
    ions = [
        rv.Ion(ion, inside_mM=inside_mM, outside_mM=outside_mM)
        for ion, (inside_mM, outside_mM) in CONCENTRATIONS.items()
    ]
    return rv.Model(
        sections=[rv.Section("cell", length_um=10.0, diameter_um=10.0)],
        placements=[rv.Placement(name, **{density_of(name): density}), *extra],
        ions=ions,
        temperature_degC=mechanisms.describe(name)["reference_temperature_degC"],
    )


def clamped_gate(
    name: str, gate: str, v_mV: float, *, steps: int, dt_ms: float, warmer_degC: float
):
    """A gate over time, from its steady state at -60 mV, in a cell held at v by a huge leak."""
    # The faster the gate, the stronger, for a step takes the capacitance's share of the clamp.
    g_S_cm2 = 1e13 * max(1.0, 1e-2 / dt_ms)
    leak = rv.Placement("leak", g_bar_S_cm2=g_S_cm2, e_leak_mV=v_mV)
    model = cell_with(name, leak, density=0.0)
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
    info = mechanisms.describe(name)
    temperature_degC = info["reference_temperature_degC"] + warmer_degC
    alpha, beta = rates_at(name, v_mV, temperature_degC)[gate]
    (q10,) = (g["q10"] for g in info["gates"] if g["name"] == gate)
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
    if not density_of(name).endswith("_S_cm2"):
        pytest.skip("the current is no straight line; the programs' slopes have their own test")
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
    if info.get("kind") == "pump" or len(info.get("ions", [])) > 1:
        pytest.skip("reverses nowhere, or elsewhere for each ion")
    known = info["parameters"]
    e_mV = known.get("e_leak_mV", known.get("reversal_mV"))
    if info["ion"]:
        inside_mM, outside_mM = CONCENTRATIONS[info["ion"]]
        warm_K = info["reference_temperature_degC"] + 273.15
        thermal_mV = 8314.46261815324 * warm_K / 96485.33212331001
        thermal_mV /= typical.IONS[info["ion"]][0]
        e_mV = thermal_mV * np.log(outside_mM / inside_mM) + known.get("e_shift_mV", 0.0)
    d = rv.discretise(cell_with(name), rv.FixedCount())
    below, there, above = (
        rv.simulate(
            d,
            (),
            rv.Probe("i_mA_cm2", mechanism=name),
            t_stop_ms=0.005,
            v_init_mV=e_mV + offset_mV,
        )["i_mA_cm2"].values[0, 0]
        for offset_mV in (-20.0, 0.0, 20.0)
    )
    assert below < 0 < above
    assert abs(there) <= tolerances.REVERSAL_RELATIVE * (above - below)


@pytest.mark.parametrize("name", NAMES)
def test_conductance_is_a_parameter_and_scales_the_current(name: str) -> None:
    def current(density: float) -> float:
        result = rv.simulate(
            cell_with(name, density=density),
            (),
            rv.Probe("i_mA_cm2", mechanism=name),
            mesh=rv.FixedCount(),
            t_stop_ms=0.005,
            v_init_mV=-41.0,
        )
        return float(result["i_mA_cm2"].values[0, 0])

    assert current(3e-3) == pytest.approx(3 * current(1e-3), rel=tolerances.ROUNDING_RELATIVE)
    assert current(0.0) == 0.0
