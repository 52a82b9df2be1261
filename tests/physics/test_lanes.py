"""The lanes against the plain solver, their oracle, on the fibres that come with ranvier."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import ranvier as rv
import tolerances
from ranvier.discretisation import refined

METHODS = ("rosenbrock2", "staggered_sdirk2")
#: Name of the fibre, arguments, and how much finer than its own mesh.
FIBRES: dict[str, tuple[str, dict[str, Any], int]] = {
    "hodgkin_huxley": ("hodgkin_huxley", {"length_um": 1e4}, 1),
    "hodgkin_huxley, finer": ("hodgkin_huxley", {"length_um": 1e4}, 3),
    "mrg": ("mrg", {"nodes": 9}, 1),
    "mrg of 3 nodes": ("mrg", {"nodes": 3}, 1),
    "mrg, thin": ("mrg", {"nodes": 12, "diameter_um": 1.0}, 1),
    "mrg, passive ends": ("mrg", {"nodes": 8, "passive_end_nodes": 1}, 1),
    "mrg, refined": ("mrg", {"nodes": 6, "refine": 3}, 1),
    "mrg, finer": ("mrg", {"nodes": 6}, 3),
    "arancibia_carcamo": ("arancibia_carcamo", {"nodes": 7}, 1),
    "arancibia_carcamo, cortex": ("arancibia_carcamo", {"nodes": 5, "axon": "cortex"}, 1),
}


# And every other.
for each in rv.fibers.names():
    if each not in {name for name, _, _ in FIBRES.values()}:
        is_myelinated = rv.fibers.describe(each).is_myelinated
        FIBRES[each] = (each, {"nodes": 5} if is_myelinated else {"length_um": 600.0}, 1)


def grid_and_stimulus(name: str) -> tuple[rv.Discretisation, Any]:
    fibre_name, arguments, times = FIBRES[name]
    fibre = rv.fibers.describe(fibre_name).make(**arguments)
    mesh = fibre.mesh if times == 1 else refined(fibre.mesh, times)
    return rv.discretise(fibre.model, mesh), fibre.stimulus


def run(name: str, method: str, t_stop_ms: float = 1.0, **execution: Any) -> rv.Simulation:
    grid, stimulus = grid_and_stimulus(name)
    probes = [rv.Probe("v_mV"), rv.Probe("v_axoplasm_mV")]
    arrays = grid.to_dict()
    if arrays["layers"]:
        probes.append(rv.Probe("v_periaxonal_mV"))
    for channel in arrays["mechanisms"]:
        probes.append(rv.Probe("i_mA_cm2", mechanism=channel))
        gates = rv.mechanisms.describe(channel)["gates"]
        probes += [rv.Probe(gate["name"], mechanism=channel) for gate in gates]
    simulation = rv.Simulation(
        grid,
        method=rv.Method(method, dt_ms=0.005),
        stimuli=[stimulus],
        probes=probes,
        detectors=[rv.SpikeDetector(threshold_mV=-20.0)],
        **execution,
    )
    simulation.advance_to(t_stop_ms)
    return simulation


#: Lanes have no room for gates under a sheath.
PLAIN = ("gaines_motor", "gaines_sensory")


@pytest.mark.parametrize("name", PLAIN)
def test_gates_under_a_sheath_run_plainly(name: str) -> None:
    assert run(name, "rosenbrock2", 0.1).execution["solver"] == "plain"


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", [each for each in FIBRES if each not in PLAIN])
def test_fibres_run_in_lanes_as_they_do_plainly(name: str, method: str, isa: str) -> None:
    plain = run(name, method, solver="plain")
    lanes = run(name, method, solver="lanes")
    assert plain.execution["solver"] == "plain"
    assert (lanes.execution["solver"], lanes.execution["isa"]) == ("lanes", isa)
    for expected, found in zip(plain.traces(), lanes.traces(), strict=True):
        np.testing.assert_array_equal(found.t_ms, expected.t_ms)
        # Currents by what they amount to, gates and potentials as they are.
        scale = np.abs(expected.values).max() if expected.unit == "mA/cm2" else 1.0
        worst = np.abs(found.values - expected.values).max()
        assert worst <= tolerances.LANES_mV * max(scale, 1e-3), expected.label
    expected_spikes, found_spikes = plain.crossings()[0], lanes.crossings()[0]
    assert len(expected_spikes) > 0
    np.testing.assert_array_equal(
        np.sort(found_spikes.compartment), np.sort(expected_spikes.compartment)
    )
    layers = plain.discretisation.to_dict()["layers"]
    for i in np.unique(expected_spikes.compartment):
        # Under a sheath the lanes draw a straight line through the step.
        straight = bool(layers) and bool(layers[0]["is_unknown"][i])
        bound_ms = tolerances.LANES_STRAIGHT_ms if straight else tolerances.LANES_ms
        off_ms = (
            found_spikes.t_ms[found_spikes.compartment == i]
            - expected_spikes.t_ms[expected_spikes.compartment == i]
        )
        assert np.abs(off_ms).max() <= bound_ms


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", [each for each in FIBRES if each not in PLAIN])
def test_threads_change_nothing_and_single_precision_little(name: str, method: str) -> None:
    one = run(name, method, solver="lanes", threads=1)
    two = run(name, method, solver="lanes", threads=2)
    assert one.snapshot() == two.snapshot()
    single = run(name, method, precision="single")
    assert single.execution["precision"] == "single"
    assert np.abs(single.v_mV - one.v_mV).max() <= tolerances.LANES_SINGLE_mV


def test_what_does_not_fit_the_lanes_is_done_plainly() -> None:
    grid, _ = grid_and_stimulus("mrg of 3 nodes")
    leak = [rv.Placement("leak", g_bar_S_cm2=1e-3, e_leak_mV=-70.0)]
    covered = rv.Section(
        "covered",
        length_um=100.0,
        diameter_um=10.0,
        sheath=rv.Sheath(periaxonal_width_um=0.01, lamellae=5, myelin_diameter_um=12.0),
    )
    model = rv.Model(sections=[covered], placements=leak)
    discretisation = rv.discretise(model, rv.FixedCount(2))
    assert rv.Simulation(discretisation).execution["solver"] == "plain"
    with pytest.raises(rv.ModelError, match="touches 0 places without one"):
        rv.Simulation(discretisation, solver="lanes")
    for name in ("backward_euler", "rodas4"):
        simulation = rv.Simulation(grid, method=rv.Method(name))
        assert simulation.execution["solver"] == "plain"
        with pytest.raises(rv.ModelError, match="is not there in lanes"):
            rv.Simulation(grid, method=rv.Method(name), solver="lanes")
    with pytest.raises(rv.ModelError, match="single with the plain solver"):
        rv.Simulation(grid, solver="plain", precision="single")


#: Currents that are straight lines in v, at one temperature and under constant concentrations: the
#: pumps' lines lie level, and one stands for itself with a slope and a level.
LINEAR = (
    rv.Placement("k_leak", g_bar_S_cm2=1e-5),
    rv.Placement("na_leak", g_bar_S_cm2=1e-6),
    rv.Placement("nak_sigmoid", i_max_mA_cm2=1e-3),
    rv.Placement(
        rv.mechanisms.Mechanism.from_dict(
            {
                "parameters": {"g_S_cm2": 2e-5, "i_mA_cm2": 1e-4},
                "definitions": {"half_S_cm2": "g_S_cm2 / (1 + exp(-i_mA_cm2 / 1e-4))"},
                "currents_mA_cm2": {
                    "na": "half_S_cm2 * (v_mV + 3) / 2",
                    "mixed": "i_mA_cm2 + g_S_cm2 * v_mV",
                },
            },
            default_name="odd_line",
        )
    ),
)


def with_linear_formulas(nodes: int = 7, mesh_times: int = 1) -> tuple[rv.Discretisation, Any]:
    fibre = rv.fibers.mrg(nodes=nodes)
    model = rv.Model(
        name="linear",
        sections=fibre.model.sections,
        placements=[*fibre.model.placements, *LINEAR],
        ions=[
            rv.Ion("na", inside_mM=20.0, outside_mM=130.0),
            rv.Ion("k", inside_mM=120.0, outside_mM=4.0),
        ],
        temperature_degC=37.0,
    )
    return rv.discretise(model, refined(fibre.mesh, mesh_times)), fibre.stimulus


@pytest.mark.parametrize("method", [*METHODS, "windowed"])
@pytest.mark.parametrize("mesh_times", [1, 3])
def test_formulas_that_are_straight_lines_may_be_under_a_sheath(
    method: str, mesh_times: int
) -> None:
    grid, stimulus = with_linear_formulas(mesh_times=mesh_times)
    probes = [
        rv.Probe("v_mV"),
        rv.Probe("v_periaxonal_mV"),
        *(rv.Probe("i_mA_cm2", mechanism=each.mechanism) for each in LINEAR),
    ]
    values: dict[str, list[Any]] = {}
    for solver in ("plain", "lanes"):
        parameters = {"window_tol_mV": 1e-9} if method == "windowed" else {}
        simulation = rv.Simulation(
            grid,
            method=rv.Method(method, dt_ms=0.005, **parameters),
            stimuli=[stimulus],
            probes=probes,
            solver=solver,
        )
        simulation.advance_to(1.0)
        assert simulation.execution["solver"] == solver
        values[solver] = [trace.values for trace in simulation.traces()]
    assert values["plain"][0].max() > 20.0
    for expected, found in zip(values["plain"], values["lanes"], strict=True):
        assert np.abs(found - expected).max() <= tolerances.LANES_mV


def test_formulas_that_bend_may_not() -> None:
    model = rv.fibers.mrg(nodes=3).model
    bent = rv.Model(
        name="bent",
        sections=model.sections,
        placements=[*model.placements, rv.Placement("leak_ghk")],
        ions=[
            rv.Ion("na", inside_mM=20.0, outside_mM=130.0),
            rv.Ion("k", inside_mM=120.0, outside_mM=4.0),
            rv.Ion("cl", inside_mM=10.0, outside_mM=110.0),
        ],
        temperature_degC=37.0,
    )
    grid = rv.discretise(bent, rv.FixedCount(1))
    with pytest.raises(
        rv.ModelError,
        match="has the mechanism 'leak_ghk', whose current is no straight line of fixed slope in "
        r"v, under a sheath, at mysa\[0\]",
    ):
        rv.Simulation(grid, solver="lanes", v_init_mV=-80.0)
