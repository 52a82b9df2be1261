"""Velocities of MRG fibres of every published diameter: NEURON's at equal mesh, step and start."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import ranvier as rv
import tolerances
from ranvier.places import compartments_at

#: Any pair of nodes will do, as the crossing times of all are compared too.
FIRST_NODE, LAST_NODE = 10, 30

with np.load(Path(__file__).parent / "data" / "mrg_velocities.npz") as _file:
    STORED = {key: _file[key] for key in _file.files}
DIAMETERS_um = [float(diameter_um) for diameter_um in STORED["diameter_um"]]


def crossings_ms(
    diameter_um: float, dt_us: float, *, v_init_mV: float | None, nodes: int = 41, **options: int
) -> np.ndarray:
    """First crossing of every node, after 5 nA into node 1 as in the stored runs."""
    fibre = rv.fibers.mrg(diameter_um=diameter_um, nodes=nodes, **options)
    clamp = rv.stimuli.CurrentClamp(
        waveform=rv.stimuli.Pulse(onset_ms=0.1, duration_ms=0.1), at="node[1]", amplitude_nA=5.0
    )
    watched = [f"node[{k}]" for k in range(nodes)]
    result = rv.simulate(
        fibre,
        clamp,
        t_stop_ms=2.0,
        method=rv.Method("backward_euler", dt_ms=1e-3 * dt_us),
        v_init_mV=v_init_mV,
        detect=rv.SpikeDetector(threshold_mV=-20.0, at=watched),
    )
    seen = result.crossings[0]
    first_ms = np.full(nodes, np.nan)
    for compartment, t_ms in zip(seen.compartment[::-1], seen.t_ms[::-1], strict=True):
        first_ms[np.searchsorted(seen.watched, compartment)] = t_ms
    return first_ms


def velocity_m_per_s(crossing_ms: np.ndarray, diameter_um: float) -> float:
    two_nodes = rv.fibers.mrg(diameter_um=diameter_um, nodes=2).model.sections
    period_um = sum(section.length_um for section in two_nodes[:-1])
    nodes = LAST_NODE - FIRST_NODE
    return 1e-3 * nodes * period_um / (crossing_ms[LAST_NODE] - crossing_ms[FIRST_NODE])


def assert_same(
    found_ms: np.ndarray, stored_ms: np.ndarray, diameter_um: float, *, settled: bool = False
) -> None:
    atol_ms = tolerances.NEURON_NODE_CROSSING_ms[1]
    rtol = tolerances.NEURON_VELOCITY_RELATIVE
    if settled:
        atol_ms = tolerances.NEURON_SETTLED_CROSSING_ms
        rtol = tolerances.NEURON_SETTLED_VELOCITY_RELATIVE
    np.testing.assert_allclose(found_ms, stored_ms, rtol=0, atol=atol_ms)
    assert velocity_m_per_s(found_ms, diameter_um) == pytest.approx(
        velocity_m_per_s(stored_ms, diameter_um), rel=rtol
    )


@pytest.mark.parametrize("dt_us", STORED["dt_us"])
@pytest.mark.parametrize("diameter_um", DIAMETERS_um)
def test_from_minus_80_mV(diameter_um: float, dt_us: float) -> None:
    i, j = DIAMETERS_um.index(diameter_um), list(STORED["dt_us"]).index(dt_us)
    found_ms = crossings_ms(diameter_um, dt_us, v_init_mV=-80.0)
    assert_same(found_ms, STORED["node_crossing_ms"][i, j, 0], diameter_um)


@pytest.mark.parametrize("dt_us", STORED["dt_us"])
@pytest.mark.parametrize("diameter_um", DIAMETERS_um)
def test_from_the_found_rest_as_from_neurons_settled_one(diameter_um: float, dt_us: float) -> None:
    i, j = DIAMETERS_um.index(diameter_um), list(STORED["dt_us"]).index(dt_us)
    found_ms = crossings_ms(diameter_um, dt_us, v_init_mV=None)
    assert_same(found_ms, STORED["node_crossing_ms"][i, j, 1], diameter_um, settled=True)


@pytest.mark.parametrize("diameter_um", DIAMETERS_um)
def test_settling_is_neurons(diameter_um: float) -> None:
    """200 ms in steps of 5 ms, which is almost but not quite at rest."""
    fibre = rv.fibers.mrg(diameter_um=diameter_um, nodes=41)
    settling = rv.Simulation(
        rv.discretise(fibre.model, fibre.mesh),
        method=rv.Method("backward_euler", dt_ms=5.0),
        v_init_mV=-80.0,
    )
    settling.advance(40)
    (row,) = compartments_at(settling.discretisation, "node[20]")
    stored_mV = STORED["settled_v_mV"][DIAMETERS_um.index(diameter_um)]
    assert settling.v_mV[row] == pytest.approx(stored_mV, abs=tolerances.NEURON_DOUBLE_CABLE_mV)


@pytest.mark.parametrize("diameter_um", DIAMETERS_um)
def test_rest_is_where_neuron_settles(diameter_um: float) -> None:
    fibre = rv.fibers.mrg(diameter_um=diameter_um, nodes=41)
    found = rv.Simulation(rv.discretise(fibre.model, fibre.mesh), v_rest_guess_mV=-80.0)
    stored_mV = STORED["settled_v_mV"][DIAMETERS_um.index(diameter_um)]
    (row,) = compartments_at(found.discretisation, "node[20]")
    assert found.v_mV[row] == pytest.approx(stored_mV, abs=tolerances.NEURON_SETTLED_mV)


@pytest.mark.parametrize("k", range(STORED["refined_dt_us"].size))
def test_steps_refined(k: int) -> None:
    found_ms = crossings_ms(10.0, STORED["refined_dt_us"][k], v_init_mV=-80.0)
    assert_same(found_ms, STORED["refined_dt_node_crossing_ms"][k], 10.0)


@pytest.mark.parametrize("k", range(STORED["refined_compartments"].size))
def test_meshes_refined(k: int) -> None:
    refine = int(STORED["refined_compartments"][k])
    found_ms = crossings_ms(10.0, 1.0, v_init_mV=-80.0, refine=refine)
    assert_same(found_ms, STORED["refined_mesh_node_crossing_ms"][k], 10.0)


def test_short_fibre_with_passive_ends() -> None:
    found_ms = crossings_ms(10.0, 5.0, v_init_mV=None, nodes=21, passive_end_nodes=1)
    np.testing.assert_allclose(
        found_ms,
        STORED["short_fibre_node_crossing_ms"],
        rtol=0,
        atol=tolerances.NEURON_SETTLED_CROSSING_ms,
    )
