"""The resting state that is found is one: a run from it moves nothing."""

from __future__ import annotations

import numpy as np
import pytest

import ranvier as rv
import tolerances


def uneven() -> rv.Discretisation:
    """Two membranes with rests 20 mV apart, so that current flows for ever."""
    sections = [
        rv.Section("trunk", length_um=500.0, diameter_um=4.0),
        rv.Section("left", parent="trunk", length_um=400.0, diameter_um=2.0),
        rv.Section("side", parent="trunk", parent_position=0.3, length_um=300.0, diameter_um=1.0),
    ]
    model = rv.Model(
        sections=sections,
        placements=[
            rv.Placement("na_hh", "trunk"),
            rv.Placement("k_hh", "trunk"),
            rv.Placement("leak", "trunk", g_bar_S_cm2=3e-4, e_leak_mV=-54.387),
            rv.Placement("leak", ["left", "side"], g_bar_S_cm2=2e-4, e_leak_mV=-90.0),
        ],
        ions=[rv.Ion("na", e_mV=50.0), rv.Ion("k", e_mV=-77.0)],
        temperature_degC=6.3,
    )
    return rv.discretise(model, rv.FixedCount(9))


@pytest.mark.parametrize("guess_mV", [-90.0, -70.0, -55.0])
def test_rest_stays_put(guess_mV: float) -> None:
    simulation = rv.Simulation(uneven(), v_rest_guess_mV=guess_mV)
    start_mV = simulation.v_mV
    assert np.ptp(start_mV) > 1.0
    simulation.advance(2000)
    np.testing.assert_allclose(simulation.v_mV, start_mV, rtol=0, atol=tolerances.REST_DRIFT_mV)


def test_rest_is_where_a_long_run_ends() -> None:
    method = rv.Method("backward_euler", dt_ms=0.1)
    settling = rv.Simulation(uneven(), method=method, v_init_mV=-70.0)
    settling.advance(20_000)
    np.testing.assert_allclose(
        rv.Simulation(uneven()).v_mV, settling.v_mV, rtol=0, atol=tolerances.REST_DRIFT_mV
    )


def test_rest_of_a_passive_cell_is_its_leak() -> None:
    cell = rv.Section("cell", length_um=20.0, diameter_um=20.0)
    model = rv.Model(sections=[cell], placements=[rv.Placement("leak", e_leak_mV=-81.25)])
    found = rv.Simulation(rv.discretise(model, rv.FixedCount(3)))
    np.testing.assert_allclose(found.v_mV, -81.25, rtol=tolerances.ROUNDING_RELATIVE)


@pytest.mark.parametrize("refine", [1, 9])
def test_mrg_rests_on_any_mesh(refine: int) -> None:
    fibre = rv.fibers.mrg(nodes=5, refine=refine)
    simulation = rv.Simulation(rv.discretise(fibre.model, fibre.mesh), v_rest_guess_mV=-80.0)
    start_mV = simulation.v_mV
    simulation.advance(2000)
    np.testing.assert_allclose(simulation.v_mV, start_mV, rtol=0, atol=tolerances.REST_DRIFT_mV)


@pytest.mark.parametrize("g_S_cm2", [1e-9, 1e-6, 1e-3])
def test_slow_linear_membrane_rests_at_its_reversal_potential(g_S_cm2: float) -> None:
    """With a time constant of up to 1000 s, of which a march in steps of 1 ms sees no end."""
    model = rv.Model(
        sections=[rv.Section("axon", length_um=1000.0, diameter_um=1.0)],
        placements=[rv.Placement("leak", g_bar_S_cm2=g_S_cm2, e_leak_mV=-65.0)],
    )
    simulation = rv.Simulation(rv.discretise(model, rv.FixedCount(11)))
    np.testing.assert_allclose(simulation.v_mV, -65.0, rtol=0, atol=1e-6)


@pytest.mark.parametrize(("g_na_S_cm2", "root_mV"), [(0.5, -40.132), (2.0, -22.011)])
@pytest.mark.parametrize("guess_mV", [-90.0, -70.0, -60.0, 0.0])
def test_the_only_rest_is_found_from_any_guess(
    g_na_S_cm2: float, root_mV: float, guess_mV: float
) -> None:
    """Patches with more sodium than the squid's: the one zero of their steady-state current, by
    SciPy's brentq on the channels' rates, which a search from -70 mV misses at first."""
    patch = rv.Model(
        sections=[rv.Section("patch", length_um=100.0, diameter_um=10.0)],
        placements=[
            rv.Placement("na_hh", g_bar_S_cm2=g_na_S_cm2),
            rv.Placement("k_hh"),
            rv.Placement("leak", g_bar_S_cm2=3e-4, e_leak_mV=-54.387),
        ],
        ions=[rv.Ion("na", e_mV=50.0), rv.Ion("k", e_mV=-77.0)],
        temperature_degC=6.3,
    )
    found = rv.rest(patch, mesh=rv.FixedCount(1), v_rest_guess_mV=guess_mV)
    assert found.v_mV[0] == pytest.approx(root_mV, abs=1e-3)
