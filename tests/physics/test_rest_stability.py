"""Whether a resting state is stable, and its slowest or fastest mode, against dense eigenvalues."""

from __future__ import annotations

import re
from dataclasses import FrozenInstanceError
from typing import Any

import numpy as np
import pytest
from scipy.optimize import brentq

import oracle
import ranvier as rv
import tolerances
from ranvier import _core
from ranvier.resting import Rest, Stability

SQUID_IONS = [rv.Ion("na", e_mV=50.0), rv.Ion("k", e_mV=-77.0)]


def squid(
    count: int = 1,
    *,
    e_leak_mV: float = -54.387,
    g_k_S_cm2: float = 0.036,
    length_um: float = 1e4,
) -> rv.Discretisation:
    """Depolarised by its leak it fires by itself."""
    model = rv.Model(
        sections=[
            rv.Section("axon", length_um=length_um, diameter_um=476.0, r_a_ohm_cm=35.4),
        ],
        placements=[
            rv.Placement("na_hh"),
            rv.Placement("k_hh", g_bar_S_cm2=g_k_S_cm2),
            rv.Placement("leak", g_bar_S_cm2=3e-4, e_leak_mV=e_leak_mV),
        ],
        ions=SQUID_IONS,
        temperature_degC=6.3,
    )
    return rv.discretise(model, rv.FixedCount(count))


def tree() -> rv.Discretisation:
    """A squid trunk, one of whose branches would fire by itself, and a junction."""
    model = rv.Model(
        sections=[
            rv.Section("trunk", length_um=2000.0, diameter_um=20.0),
            rv.Section("left", parent="trunk", length_um=1500.0, diameter_um=10.0),
            rv.Section("right", parent="trunk", length_um=3000.0, diameter_um=10.0),
        ],
        placements=[
            rv.Placement("na_hh"),
            rv.Placement("k_hh"),
            rv.Placement("leak", g_bar_S_cm2=3e-4, e_leak_mV=[-54.387, -54.387, 20.0]),
        ],
        ions=SQUID_IONS,
        temperature_degC=6.3,
    )
    return rv.discretise(model, rv.FixedCount(7))


def side_by_side(*cells: rv.Discretisation) -> rv.Discretisation:
    """Without any contact: as many roots as cells."""
    data = [cell.to_dict() for cell in cells]
    sizes = np.cumsum([0, *(len(cell) for cell in cells)])
    whole: dict[str, Any] = dict(data[0])
    for key, value in data[0].items():
        if isinstance(value, np.ndarray):
            whole[key] = np.concatenate([each[key] for each in data])
    whole["parent"] = np.concatenate(
        [
            np.where(each["parent"] < 0, -1, each["parent"] + offset).astype(np.int32)
            for each, offset in zip(data, sizes, strict=False)
        ]
    )
    whole["mechanisms"] = {
        name: {
            "compartment": np.concatenate(
                [
                    each["mechanisms"][name]["compartment"] + offset
                    for each, offset in zip(data, sizes, strict=False)
                ]
            ).astype(np.int32),
            "parameters": {
                key: np.concatenate([each["mechanisms"][name]["parameters"][key] for each in data])
                for key in table["parameters"]
            },
        }
        for name, table in data[0]["mechanisms"].items()
    }
    whole["ions"] = {
        name: ion | {"e_mV": np.concatenate([each["ions"][name]["e_mV"] for each in data])}
        for name, ion in data[0]["ions"].items()
    }
    return rv.Discretisation.from_dict(whole)


def mrg(*, na_times: float = 1.0) -> rv.Discretisation:
    """Three nodes, with more sodium channels than they have."""
    fibre = rv.fibers.mrg(nodes=3)
    d = rv.discretise(fibre.model, fibre.mesh).to_dict()
    for name, table in d["mechanisms"].items():
        if name.startswith("na"):
            table["parameters"]["g_bar_S_cm2"] = na_times * table["parameters"]["g_bar_S_cm2"]
    return rv.Discretisation.from_dict(d)


def dense_modes(d: rv.Discretisation, rest: Rest) -> np.ndarray:
    equations = oracle.Oracle(d)
    y = np.concatenate(
        [rest.potential_mV.ravel()[equations.kept], np.zeros(equations.size - equations.kept.size)]
    )
    for key, rows in equations.gates(np.arange(equations.size)).items():
        y[rows] = rest.gates[key]
    return np.linalg.eigvals(equations.jacobian(0.0, y).toarray())


CASES = {
    "patch": (squid(), "stable"),
    "patch that nearly fires": (squid(e_leak_mV=-30.0), "stable"),
    "patch that fires": (squid(e_leak_mV=-20.0), "unstable"),
    "patch that fires fast": (squid(e_leak_mV=20.0), "unstable"),
    "cable": (squid(30), "stable"),
    "cable that fires": (squid(30, e_leak_mV=0.0), "unstable"),
    "cable with little potassium": (squid(30, g_k_S_cm2=0.01), "unstable"),
    "long cable that fires in many modes": (squid(120, e_leak_mV=0.0, length_um=1e6), "unstable"),
    "tree with a branch that fires": (tree(), "unstable"),
    "one cell of two fires": (side_by_side(squid(3), squid(2, e_leak_mV=-20.0)), "unstable"),
    "neither of two cells fires": (side_by_side(squid(3), squid(2)), "stable"),
    "mrg": (mrg(), "stable"),
    "mrg with some more sodium": (mrg(na_times=1.2), "stable"),
    "mrg that fires": (mrg(na_times=1.9), "unstable"),
    "mrg beyond firing": (mrg(na_times=2.0), "stable"),
}


@pytest.mark.parametrize("name", CASES)
def test_modes_are_those_of_the_dense_jacobian(name: str) -> None:
    d, expected = CASES[name]
    rest = rv.rest(d)
    modes = dense_modes(d, rest)
    assert rest.stability == expected
    assert rest.is_stable is bool(modes.real.max() < 0.0)
    fastest = modes[np.argmax(modes.real)]
    assert rest.growth_rate_per_ms == pytest.approx(
        fastest.real, rel=tolerances.GROWTH_RATE_RELATIVE
    )
    if abs(fastest.imag) > 1e-6:
        assert rest.frequency_kHz == pytest.approx(
            abs(fastest.imag) / (2 * np.pi), rel=tolerances.GROWTH_RATE_RELATIVE
        )
    else:
        assert rest.frequency_kHz is None
    # All modes, and not only the fastest.
    found = _core.CoreRest(d, -70.0)
    for rate_per_ms in (0.0, 0.5 * fastest.real, -0.0123, -0.234, -1.234, -45.6):
        count = found.count_faster(rate_per_ms)
        assert count == (modes.real > rate_per_ms).sum(), rate_per_ms


@pytest.mark.parametrize("count", [1000, 10_000])
def test_no_mode_is_lost_on_a_fine_mesh(count: int) -> None:
    """Along a fine cable pivots turn by a whole circle within next to nothing."""
    found = _core.CoreRest(squid(count, e_leak_mV=0.0, length_um=1e6), -70.0)
    assert found.count_faster(0.0) == 66
    assert found.count_faster(0.1) == 18
    assert found.count_faster(0.1075) == 0


def bistable_current_mA_cm2(v_mV: float) -> float:
    """Of sodium channels that stay open, against a leak; in the steady state."""
    alpha, beta = rv.mechanisms.rates("nap_mrg", np.array([v_mV]))["m"]
    m = float(alpha[0] / (alpha[0] + beta[0]))
    return 1e-3 * m**3 * (v_mV - 50.0) + 0.7e-3 * (v_mV + 90.0)


def test_saddle_between_two_rests_is_unstable() -> None:
    model = rv.Model(
        sections=[rv.Section("cell", length_um=20.0, diameter_um=20.0)],
        placements=[
            rv.Placement("nap_mrg", g_bar_S_cm2=1e-3),
            rv.Placement("leak", g_bar_S_cm2=0.7e-3, e_leak_mV=-90.0),
        ],
        ions=[rv.Ion("na", e_mV=50.0)],
    )
    d = rv.discretise(model, rv.FixedCount(1))
    v_mV = np.linspace(-95.0, 49.0, 400)
    current = np.array([bistable_current_mA_cm2(v) for v in v_mV])
    at = np.flatnonzero(np.diff(np.sign(current)))
    roots_mV = [
        brentq(bistable_current_mA_cm2, v_mV[i], v_mV[i + 1], xtol=1e-13, rtol=1e-15) for i in at
    ]
    assert len(roots_mV) == 3
    for root_mV, stability in zip(roots_mV, ("stable", "unstable", "stable"), strict=True):
        rest = rv.rest(d, v_rest_guess_mV=root_mV)
        assert rest.v_mV[0] == pytest.approx(root_mV, abs=1e-6)
        modes = dense_modes(d, rest)
        assert rest.stability == stability, root_mV
        assert rest.growth_rate_per_ms == pytest.approx(
            modes.real.max(), rel=tolerances.GROWTH_RATE_RELATIVE
        )
    # One real mode grows: a saddle.
    assert _core.CoreRest(d, roots_mV[1]).count_faster(0.0) == 1


def test_disturbance_grows_at_the_rate_that_is_told() -> None:
    """In a run, and not only on paper."""
    d = squid(e_leak_mV=0.0)
    rest = rv.rest(d)
    method = rv.Method("rosenbrock2", dt_ms=0.01)
    v_mV = rest.v_mV[0]
    simulation = rv.Simulation(
        d, method=method, probes=[rv.Probe()], v_init_mV=float(v_mV) + 1e-6, detectors=[]
    )
    simulation.advance_to(80.0)
    (trace,) = simulation.traces()
    swing_mV = np.abs(trace.values[:, 0] - v_mV)
    peaks = np.flatnonzero((swing_mV[1:-1] > swing_mV[:-2]) & (swing_mV[1:-1] > swing_mV[2:])) + 1
    peaks = peaks[(trace.t_ms[peaks] > 20.0)]
    growth, _ = np.polyfit(trace.t_ms[peaks], np.log(swing_mV[peaks]), 1)
    assert growth == pytest.approx(rest.growth_rate_per_ms, rel=1e-3)
    half_period_ms = np.diff(trace.t_ms[peaks]).mean()
    assert 0.5 / half_period_ms == pytest.approx(rest.frequency_kHz, rel=1e-3)


def test_without_conductance_nothing_is_decided() -> None:
    bare = rv.discretise(
        rv.Model(sections=[rv.Section("axon", length_um=1000.0, diameter_um=1.0)]), rv.FixedCount(5)
    )
    rest = rv.rest(bare)
    assert rest.stability is Stability.UNDECIDED
    assert not rest.is_stable
    assert rest.growth_rate_per_ms is None
    assert rest.frequency_kHz is None
    assert "undecided: some disturbance neither grows nor dies out" in str(rest)


@pytest.mark.parametrize("g_S_cm2", [1e-8, 1e-3])
def test_passive_membrane_decays_with_its_time_constant(g_S_cm2: float) -> None:
    model = rv.Model(
        sections=[rv.Section("axon", length_um=1000.0, diameter_um=1.0)],
        placements=[rv.Placement("leak", g_bar_S_cm2=g_S_cm2, e_leak_mV=-65.0)],
    )
    rest = rv.rest(model, mesh=rv.FixedCount(11))
    assert rest.is_stable
    # C/g = 1 uF/cm2 over g, in ms.
    assert rest.growth_rate_per_ms == pytest.approx(
        -1e3 * g_S_cm2, rel=tolerances.GROWTH_RATE_RELATIVE
    )
    assert rest.frequency_kHz is None


def test_tells_what_it_found() -> None:
    stable, firing = rv.rest(squid()), rv.rest(squid(e_leak_mV=-20.0))
    assert str(stable) == (
        "rests at -65 mV, stable: the slowest disturbance dies out by a factor of e in 8.29 ms"
    )
    assert str(firing) == (
        "rests at -59.45 mV, unstable: a disturbance grows by a factor of e in 99.5 ms, swinging "
        "at 0.0941 kHz, so that the membrane leaves this state by itself"
    )
    assert re.match(r"rests at -\d+\.\d+ to -\d+\.\d+ mV, stable", str(rv.rest(mrg())))
    assert stable.potential_mV.shape == (1, 1)
    assert set(stable.gates) == {("na_hh", "m"), ("na_hh", "h"), ("k_hh", "n")}
    assert stable.gate_rate_per_ms < 2e-15
    assert 0 < stable.iterations < 20
    with pytest.raises(FrozenInstanceError):
        stable.iterations = 3  # type: ignore[misc]


def test_takes_what_simulate_takes() -> None:
    fibre = rv.fibers.mrg(nodes=3)
    grid = rv.discretise(fibre.model, fibre.mesh)
    of_fibre = rv.rest(fibre)
    np.testing.assert_array_equal(
        of_fibre.v_mV, rv.rest(grid, v_rest_guess_mV=fibre.v_rest_guess_mV).v_mV
    )
    np.testing.assert_array_equal(
        of_fibre.v_mV,
        rv.rest(fibre.model, mesh=fibre.mesh, v_rest_guess_mV=fibre.v_rest_guess_mV).v_mV,
    )
    simulation = rv.Simulation(grid, v_rest_guess_mV=fibre.v_rest_guess_mV)
    # Which may keep them in another form: equal to rounding.
    rounding = {"rtol": 0, "atol": 1e-12}
    np.testing.assert_allclose(of_fibre.v_mV, simulation.v_mV, **rounding)
    for layer in (0, 1):
        np.testing.assert_allclose(
            of_fibre.potential_mV[layer], simulation.potential_mV(layer), **rounding
        )


@pytest.mark.parametrize("guess_mV", [-80.0, -70.0])
@pytest.mark.parametrize("na_times", [2.2, 8.0, 16.0, 64.0])
def test_finds_a_rest_beyond_steep_slopes(na_times: float, guess_mV: float) -> None:
    """Where long steps leap from one side of it to the other."""
    rest = rv.rest(mrg(na_times=na_times), v_rest_guess_mV=guess_mV)
    assert rest.residual_mV_per_ms < 1e-9
    assert rest.v_mV.max() > -50.0


def test_refuses_where_there_is_none() -> None:
    """A current that no double holds."""
    model = rv.Model(
        sections=[rv.Section("cell", length_um=20.0, diameter_um=20.0)],
        placements=[rv.Placement("leak", g_bar_S_cm2=1e3, e_leak_mV=1e308)],
    )
    message = (
        "resting state: none was found near -70 mV (inf mV/ms left at cell (10 um) after 0 "
        "iterations), expected a membrane that settles"
    )
    with pytest.raises(rv.ModelError, match=f"^{re.escape(message)}$"):
        rv.rest(model, mesh=rv.FixedCount(1))


def test_residual_is_what_the_oracle_sees() -> None:
    """The rates of change of all potentials, with the capacitances of both layers: none beyond what
    is told as rounding, and beyond nothing of it without."""
    for d in (squid(30), mrg(), tree()):
        rest = rv.rest(d)
        equations = oracle.Oracle(d)
        y = np.zeros(equations.size)
        kept = equations.kept.size
        y[:kept] = rest.potential_mV.ravel()[equations.kept]
        for key, rows in equations.gates(np.arange(equations.size)).items():
            y[rows] = rest.gates[key]
        change = equations(0.0, y)
        assert rest.residual_mV_per_ms < 1e-9
        # A potential is a sum of at most two membranes'.
        assert np.abs(change[:kept]).max() <= 2 * rest.rounding_mV_per_ms + 1e-9
        assert np.abs(change[kept:]).max() < 1e-9
