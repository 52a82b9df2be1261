"""Windowed runs of myelinated fibres against the full solve, `rosenbrock2` at the same step.

Blocks are 32 nodes with their internodes; the internode between two blocks goes with the one that
is ahead.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

import ranvier as rv
import tolerances
from ranvier.results import Crossings

DT_ms = 0.005
FULL = rv.Method("rosenbrock2", dt_ms=DT_ms)
QUANTITIES = ("v_mV", "v_axoplasm_mV", "v_periaxonal_mV")
#: Nodes and paranodes at two heights of the upstroke, and what they are the ends of at its foot.
DETECTORS = (
    rv.SpikeDetector(-20.0),
    rv.SpikeDetector(-77.0, ["node", "mysa", "flut"]),
    rv.SpikeDetector(-79.93, "stin"),
)
Stimuli = Sequence[rv.stimuli.CurrentClamp]


def windowed(tolerance_mV: float = 0.01) -> rv.Method:
    return rv.Method("windowed", dt_ms=DT_ms, window_tol_mV=tolerance_mV)


def mrg(nodes: int, **options: Any) -> rv.Discretisation:
    fibre = rv.fibers.mrg(nodes=nodes, **options)
    return rv.discretise(fibre.model, fibre.mesh)


def clamp(
    node: int | str, onset_ms: float = 0.1, duration_ms: float = 0.1, amplitude_nA: float = 5.0
) -> rv.stimuli.CurrentClamp:
    """Into the middle of a node, or of another section."""
    waveform = rv.stimuli.Pulse(onset_ms=onset_ms, duration_ms=duration_ms)
    at = (f"node[{node}]" if isinstance(node, int) else node, 0.5)
    return rv.stimuli.CurrentClamp(waveform=waveform, at=at, amplitude_nA=amplitude_nA)


def driven(node: int, amplitude_nA: float, t_ms: Any, value: Any) -> rv.stimuli.CurrentClamp:
    waveform = rv.stimuli.Samples(t_ms=t_ms, value=value)
    at = (f"node[{node}]", 0.5)
    return rv.stimuli.CurrentClamp(waveform=waveform, at=at, amplitude_nA=amplitude_nA)


def run(
    d: rv.Discretisation,
    stimuli: Stimuli,
    method: rv.Method,
    t_stop_ms: float,
    every_ms: float = 0.1,
    **options: Any,
) -> rv.Result:
    probes = [rv.Probe(quantity, every_ms=every_ms) for quantity in QUANTITIES]
    return rv.simulate(d, stimuli, probes, t_stop_ms=t_stop_ms, method=method, **options)


def sheathed(d: rv.Discretisation) -> np.ndarray:
    return np.asarray(d.to_dict()["layers"][0]["is_unknown"], dtype=bool)


def by_place(crossings: Crossings) -> tuple[np.ndarray, np.ndarray]:
    """Compartments and times of all crossings, each compartment's in their order."""
    order = np.lexsort((crossings.t_ms, crossings.compartment))
    return crossings.compartment[order], crossings.t_ms[order]


def crossings_off_ms(found: Crossings, full: Crossings) -> float:
    """The largest error of any crossing, of which there have to be as many in the same places."""
    (places, t_ms), (full_places, full_t_ms) = by_place(found), by_place(full)
    np.testing.assert_array_equal(places, full_places)
    return float(np.abs(t_ms - full_t_ms).max(initial=0.0))


def off(found: rv.Result, full: rv.Result) -> tuple[float, float]:
    """The largest error of any potential at any sample, and of any crossing."""
    off_ms = max(map(crossings_off_ms, found.crossings, full.crossings))
    off_mV = 0.0
    for quantity in QUANTITIES:
        np.testing.assert_array_equal(found[quantity].t_ms, full[quantity].t_ms)
        assert np.isfinite(found[quantity].values).all()
        off_mV = max(off_mV, float(np.abs(found[quantity].values - full[quantity].values).max()))
    return off_mV, off_ms


def share(result: rv.Result) -> float:
    return float(result.provenance["share_solved"])


def expect_close(
    d: rv.Discretisation,
    stimuli: Stimuli,
    t_stop_ms: float,
    tolerance_mV: float = 0.01,
    **options: Any,
) -> tuple[rv.Result, rv.Result]:
    """Both runs, after they were found to agree."""
    full = run(d, stimuli, FULL, t_stop_ms, **options)
    found = run(d, stimuli, windowed(tolerance_mV), t_stop_ms, **options)
    off_mV, off_ms = off(found, full)
    assert off_mV <= tolerances.WINDOW_MYELIN_PER_TOLERANCE * tolerance_mV
    assert off_ms <= tolerances.WINDOW_ms_PER_mV * tolerance_mV
    assert (
        found.provenance["window_error_mV"] <= tolerances.WINDOW_STEP_PER_TOLERANCE * tolerance_mV
    )
    return found, full


# A spike on its way


def test_the_error_follows_the_tolerance() -> None:
    d = mrg(300)
    options: dict[str, Any] = {"t_stop_ms": 7.5, "detect": DETECTORS}
    full = run(d, [clamp(1)], FULL, **options)
    counts = [len(each) for each in full.crossings]
    # All of them, and one twice.
    assert counts == [898, 1496, 1795]
    errors_ms, shares = [], []
    for tolerance_mV in (1.0, 0.1, 0.01, 0.001):
        found = run(d, [clamp(1)], windowed(tolerance_mV), **options)
        off_mV, off_ms = off(found, full)
        assert off_mV <= tolerances.WINDOW_MYELIN_PER_TOLERANCE * tolerance_mV
        assert off_ms <= tolerances.WINDOW_ms_PER_mV * tolerance_mV
        upstroke_ms = crossings_off_ms(found.crossings[0], full.crossings[0])
        assert upstroke_ms <= tolerances.WINDOW_MYELIN_ms_PER_mV * tolerance_mV
        errors_ms.append(upstroke_ms)
        shares.append(share(found))
    assert all(coarse >= 5 * fine for coarse, fine in pairwise(errors_ms))
    assert shares == sorted(shares)
    assert shares[0] < 0.3
    assert shares[2] < 0.5


def test_the_depolarising_after_potential() -> None:
    d = mrg(200)
    at = rv.Probe(at=("node[100]", 0.5))
    full, found = (
        rv.simulate(d, [clamp(1)], at, t_stop_ms=14.0, method=method)["v_mV"].values[:, 0]
        for method in (FULL, windowed())
    )
    after = slice(int(full.argmax()) + 200, None)
    assert full[after].max() > full[0] + 1.0
    assert np.abs(found - full)[after].max() < 0.01


def test_a_tight_tolerance_gives_the_full_solve() -> None:
    d = mrg(200)
    full = run(d, [clamp(1)], FULL, 4.0)
    off_mV, off_ms = off(run(d, [clamp(1)], windowed(1e-9), 4.0), full)
    assert off_mV < 1e-8
    assert off_ms < 1e-10


def test_each_spike_of_a_train_is_right() -> None:
    found, full = expect_close(mrg(200), [clamp(1, 0.1 + 10.0 * k) for k in range(3)], 25.0)
    counts = np.bincount(full.crossings[0].compartment)
    assert counts.max() == 3
    assert share(found) < 0.5


def test_spikes_from_both_ends_annihilate() -> None:
    d = mrg(250)
    found, _ = expect_close(d, [clamp(1), clamp(248, 0.4)], 6.0)
    places, t_ms = by_place(found.crossings[0])
    nodes = np.flatnonzero(~sheathed(d))
    at_nodes = np.isin(places, nodes)
    np.testing.assert_array_equal(places[at_nodes], nodes)
    meeting = int(t_ms[at_nodes].argmax())
    assert 120 < meeting < 150
    assert share(found) < 0.9


@pytest.mark.parametrize("nodes", [2, 3, 4, 5, 7, 8, 9, 16, 17, 31, 32, 33, 34])
@pytest.mark.parametrize("tolerance_mV", [1.0, 0.01])
def test_fibres_of_every_length(nodes: int, tolerance_mV: float) -> None:
    # So that two nodes do not fire again and again, which is sensitive.
    amplitude_nA = 1.0 if nodes == 2 else 5.0
    expect_close(mrg(nodes), [clamp(0, amplitude_nA=amplitude_nA)], 3.0, tolerance_mV)


@pytest.mark.parametrize("nodes", [36, 40, 41, 63, 64, 65, 66, 70])
def test_fibres_of_some_blocks_and_a_tail(nodes: int) -> None:
    found, _ = expect_close(mrg(nodes), [clamp(nodes - 1)], 4.0)
    assert share(found) < 1.0


@pytest.mark.parametrize("diameter_um", [1.0, 2.0, 5.7, 16.0])
def test_other_diameters(diameter_um: float) -> None:
    fibre = rv.fibers.mrg(nodes=100, diameter_um=diameter_um)
    d = rv.discretise(fibre.model, fibre.mesh)
    found, full = expect_close(d, [fibre.stimulus], fibre.t_stop_ms)
    assert np.isin(np.flatnonzero(~sheathed(d)), full.crossings[0].compartment).all()
    assert share(found) < 0.95


@pytest.mark.parametrize("axon", ["optic_nerve", "cortex"])
@pytest.mark.parametrize("tolerance_mV", [0.1, 0.01])
def test_central_axons(axon: str, tolerance_mV: float) -> None:
    fibre = rv.fibers.arancibia_carcamo(axon=axon, nodes=80)
    d = rv.discretise(fibre.model, fibre.mesh)
    found, full = expect_close(d, [fibre.stimulus], 4.0, tolerance_mV, every_ms=0.5)
    assert len(full.crossings[0]) > 60
    assert share(found) < 0.9


def test_sheathed_places_cut_finer_and_passive_ends() -> None:
    for options in ({"refine": 3}, {"passive_end_nodes": 2}):
        found, _ = expect_close(mrg(100, **options), [clamp(3)], 3.0)
        assert share(found) < 1.0


# What is driven


def test_what_stays_below_threshold_costs_little() -> None:
    found, full = expect_close(mrg(300), [clamp(150, 1.0, amplitude_nA=0.5)], 6.0)
    assert len(full.crossings[0]) == 0
    assert full["v_mV"].values.max() > full["v_mV"].values[0].max() + 5.0
    assert share(found) < 0.3


@pytest.mark.parametrize("node", [150, 159, 160, 161, 163])
def test_a_late_pulse_wakes_the_middle(node: int) -> None:
    """Blocks end at node 160, or nearby."""
    for tolerance_mV in (0.01, 0.001):
        found, full = expect_close(mrg(300), [clamp(node, 5.0033)], 6.0, tolerance_mV)
        assert len(full.crossings[0]) > 250
        assert share(found) < 0.4


def test_currents_of_every_kind() -> None:
    d = mrg(200)
    t_ms = np.linspace(2.0, 8.0, 601)
    sine = driven(120, 0.5, t_ms, np.sin(np.pi * (t_ms - 2.0)))
    ramp = driven(40, 1.0, [1.0, 4.0, 4.0], [0.0, 1.0, 0.0])
    stays = driven(100, 0.6, [3.0, 3.0, 1e3], [0.0, 1.0, 1.0])
    for stimuli in ([sine], [ramp], [stays], [sine, stays, clamp(199, 4.9987)]):
        expect_close(d, stimuli, 6.0)


def test_pieces_of_steps_after_jumps() -> None:
    """Off the grid of steps, and one within the pieces that follow another."""
    stimuli = [clamp(0, 0.1013, 0.0991), clamp(3, 0.1078), clamp(140, 1.5021, 0.2007)]
    expect_close(mrg(180), stimuli, 3.0)
    # As do those from a start that is not at rest.
    expect_close(mrg(180), stimuli, 3.0, v_init_mV=-75.0)


def test_a_current_under_the_sheath_shuts_the_window() -> None:
    d = mrg(100)
    found, full = (
        run(d, [clamp(1), clamp("stin[300]", 2.0)], method, 3.5) for method in (windowed(), FULL)
    )
    assert share(found) == 1.0
    assert len(full.crossings[0]) > 400
    off_mV, off_ms = off(found, full)
    assert off_mV <= 1e-9
    assert off_ms <= 1e-9


# Detectors


def test_thresholds_that_are_only_just_reached() -> None:
    """Below the peak of what does not fire, at nodes and under the sheath."""
    d = mrg(150)
    stimuli = [clamp(75, 1.0, amplitude_nA=0.5)]
    v_mV = rv.simulate(d, stimuli, rv.Probe(), t_stop_ms=5.0, method=FULL)["v_mV"].values
    deflection_mV = v_mV.max(axis=0) - v_mV[0]
    detectors = [
        rv.SpikeDetector(float(v_mV[0, i] + part * deflection_mV[i]), i)
        for i in map(int, np.flatnonzero(deflection_mV > 0.1))
        for part in (0.9, 0.999)
    ]
    assert len(detectors) > 60
    for tolerance_mV in (0.01, 0.001):
        full, found = (
            rv.simulate(d, stimuli, (), t_stop_ms=5.0, method=method, detect=detectors)
            for method in (FULL, windowed(tolerance_mV))
        )
        for one, other in zip(found.crossings, full.crossings, strict=True):
            assert len(other) == 1
            assert crossings_off_ms(one, other) <= 0.5 * tolerance_mV


def hyperpolarised(method: rv.Method) -> rv.Simulation:
    """On its way back from there at about 0.05 mV/ms, after 40 ms."""
    fibre = rv.fibers.mrg(nodes=40, diameter_um=1.0)
    return rv.Simulation(
        rv.discretise(fibre.model, fibre.mesh),
        method=method,
        stimuli=[fibre.stimulus],
        detectors=[rv.SpikeDetector(v_mV) for v_mV in (-83.3, -83.4)],
    )


@pytest.fixture(scope="module")
def passed_slowly() -> tuple[Crossings, ...]:
    full = hyperpolarised(FULL)
    full.advance_to(80.0)
    for crossings in full.crossings():
        assert len(crossings) > 300
        assert crossings.t_ms.min() > 40.0
    return full.crossings()


@pytest.mark.parametrize("snapshot_every", [None, 37])
def test_thresholds_that_are_passed_slowly_while_blocks_rest(
    passed_slowly: tuple[Crossings, ...], snapshot_every: int | None
) -> None:
    """Also by the step that brings a block to the present for a snapshot."""
    found = hyperpolarised(windowed())
    while snapshot_every is not None and found.t_ms < 79.0:
        found.advance(snapshot_every)
        found.snapshot()
    found.advance_to(80.0)
    assert found.execution["share_solved"] < 0.5
    for one, other in zip(found.crossings(), passed_slowly, strict=True):
        assert crossings_off_ms(one, other) < 0.05


# What must not change anything, or hardly


STIMULI = [clamp(1), clamp(140, 1.5021, 0.1)]
LONG_ENOUGH = 500


def fresh(method: rv.Method | None = None, **options: Any) -> rv.Simulation:
    """Not a whole number of blocks."""
    return rv.Simulation(
        mrg(147),
        method=method or windowed(),
        stimuli=STIMULI,
        probes=[rv.Probe(quantity) for quantity in QUANTITIES],
        detectors=[rv.SpikeDetector()],
        **options,
    )


def record(simulation: rv.Simulation) -> list[bytes]:
    crossings = simulation.crossings()[0]
    arrays = [crossings.compartment, crossings.t_ms]
    arrays += [trace.values for trace in simulation.traces()]
    return [array.tobytes() for array in arrays] + [simulation.snapshot()]


@pytest.fixture(scope="module")
def in_one_go() -> list[bytes]:
    simulation = fresh()
    simulation.advance(LONG_ENOUGH)
    assert 0.1 < simulation.execution["share_solved"] < 0.9
    return record(simulation)


def test_threads_change_no_bit(in_one_go: list[bytes]) -> None:
    simulation = fresh(threads=2)
    simulation.advance(LONG_ENOUGH)
    assert record(simulation) == in_one_go


@pytest.mark.parametrize("looks", [False, True])
def test_pieces_and_looks_change_no_bit(in_one_go: list[bytes], looks: bool) -> None:
    simulation, full = fresh(), fresh(FULL)
    bound_mV = tolerances.WINDOW_MYELIN_PER_TOLERANCE * 0.01
    for steps in (1, 2, 0, 67, 1, 39, 41, 100, 49, 200):
        simulation.advance(steps)
        if looks:
            full.advance(steps)
            assert np.abs(simulation.v_mV - full.v_mV).max() <= bound_mV
            for layer in (0, 1):
                off_mV = np.abs(simulation.potential_mV(layer) - full.potential_mV(layer)).max()
                assert off_mV <= bound_mV
    assert simulation.step == LONG_ENOUGH
    assert record(simulation) == in_one_go


@pytest.mark.parametrize("steps", [10, 101, 250, 317, 450])
def test_it_goes_on_from_a_snapshot_bit_for_bit(steps: int) -> None:
    """The samples at the snapshot itself are those of before and after it was taken."""
    straight, other, full = fresh(), fresh(), fresh(FULL)
    straight.advance(steps)
    full.advance(steps)
    snapshot = straight.snapshot()
    assert straight.snapshot() == snapshot
    other.advance(17)
    other.restore(snapshot)
    np.testing.assert_array_equal(other.v_mV, straight.v_mV)
    for layer in (0, 1):
        np.testing.assert_array_equal(other.potential_mV(layer), straight.potential_mV(layer))
    assert other.snapshot() == snapshot
    for simulation in (straight, other, full):
        simulation.advance(150)
    for one, two, three in zip(straight.traces(), other.traces(), full.traces(), strict=True):
        np.testing.assert_array_equal(one.values[steps + 1 :], two.values[1:])
        off_mV = np.abs(one.values - three.values).max()
        assert off_mV <= tolerances.WINDOW_MYELIN_PER_TOLERANCE * 0.01
    seen = other.crossings()[0].t_ms
    np.testing.assert_array_equal(
        straight.crossings()[0].t_ms[len(straight.crossings()[0]) - seen.size :], seen
    )
    assert len(straight.crossings()[0]) == len(full.crossings()[0])
    assert straight.snapshot() == other.snapshot()


def test_single_precision_is_as_close() -> None:
    full = run(mrg(147), STIMULI, FULL, 3.0)
    single = run(mrg(147), STIMULI, windowed(), 3.0, precision="single")
    assert single.provenance["precision"] == "single"
    off_mV, off_ms = off(single, full)
    assert off_mV <= tolerances.WINDOW_MYELIN_PER_TOLERANCE * 0.01 + tolerances.SINGLE_mV
    assert off_ms <= 1e-5
    assert share(single) < 0.9


def test_samples_and_peaks_of_what_rests() -> None:
    options: dict[str, Any] = {"peaks": rv.PeakMap(), "t_stop_ms": 4.0}
    d = mrg(147)
    every, seldom, full = (
        rv.simulate(d, [clamp(1)], rv.Probe(every_ms=every_ms), method=method, **options)
        for every_ms, method in ((None, windowed()), (0.5, windowed()), (None, FULL))
    )
    bound_mV = tolerances.WINDOW_MYELIN_PER_TOLERANCE * 0.01
    np.testing.assert_array_equal(every["v_mV"].values[::100], seldom["v_mV"].values)
    assert np.abs(every["v_mV"].values - full["v_mV"].values).max() <= bound_mV
    np.testing.assert_array_equal(every.peaks[0].v_mV, every["v_mV"].values.max(axis=0))
    assert np.abs(every.peaks[0].v_mV - full.peaks[0].v_mV).max() <= bound_mV


@pytest.mark.parametrize(("at", "onset_ms"), [(1, 0.5), (70, 2.0)])
def test_a_run_that_blows_up_keeps_what_it_has(at: int, onset_ms: float) -> None:
    stops = []
    for method in (FULL, windowed()):
        simulation = rv.Simulation(
            mrg(120),
            method=method,
            stimuli=[clamp(1), clamp(at, onset_ms, amplitude_nA=1e9)],
            probes=[rv.Probe()],
            detectors=[rv.SpikeDetector()],
        )
        with pytest.raises(rv.errors.DivergedError) as caught:
            simulation.advance(LONG_ENOUGH)
        stops.append((simulation.step, caught.value.t_ms, caught.value.compartment))
        values = simulation.traces()[0].values
        assert values.shape == (simulation.step + 1, simulation.discretisation.length_um.size)
        assert np.isfinite(values).all()
        assert np.isfinite(simulation.v_mV).all()
    assert stops[0] == stops[1]
