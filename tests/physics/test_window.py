"""Windowed runs against the full solve, `rosenbrock2` at the same step: what the tolerance bounds,
and what must not depend on which blocks take part in a step.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

import ranvier as rv
import tolerances
from physics.axons import HH, IONS, SQUID_um
from ranvier.places import Place

DT_ms = 0.005
FULL = rv.Method("rosenbrock2", dt_ms=DT_ms)
Stimuli = Sequence[rv.stimuli.CurrentClamp]


def windowed(tolerance_mV: float = 0.01, dt_ms: float = DT_ms) -> rv.Method:
    return rv.Method("windowed", dt_ms=dt_ms, window_tol_mV=tolerance_mV)


def squid(compartments: int) -> rv.Discretisation:
    """In compartments of 100 um, 128 of which are a block."""
    fibre = rv.fibers.hodgkin_huxley(length_um=100.0 * compartments)
    return rv.discretise(fibre.model, rv.FixedCount(compartments))


def section(name: str, diameter_um: float, compartments: int, **options: Any) -> rv.Section:
    return rv.Section(
        name,
        length_um=50.0 * compartments,
        diameter_um=diameter_um,
        r_a_ohm_cm=SQUID_um["r_a_ohm_cm"],
        **options,
    )


def fork(branch_um: float) -> rv.Discretisation:
    """A stem that forks into two branches, with a thin twig on its way."""
    sections = [
        section("stem", 476.0, 600),
        section("left", branch_um, 400, parent="stem"),
        section("right", branch_um, 400, parent="stem"),
        section("twig", 100.0, 150, parent="stem", parent_position=0.37),
    ]
    model = rv.Model(sections=sections, placements=HH, ions=IONS, temperature_degC=18.5)
    return rv.discretise(model, rv.MaxLength(50.0))


def clamp(
    at: Place, onset_ms: float = 0.1, duration_ms: float = 0.5, amplitude_nA: float = 1e4
) -> rv.stimuli.CurrentClamp:
    waveform = rv.stimuli.Pulse(onset_ms=onset_ms, duration_ms=duration_ms)
    return rv.stimuli.CurrentClamp(waveform=waveform, at=at, amplitude_nA=amplitude_nA)


def driven(at: Place, amplitude_nA: float, t_ms: Any, value: Any) -> rv.stimuli.CurrentClamp:
    waveform = rv.stimuli.Samples(t_ms=t_ms, value=value)
    return rv.stimuli.CurrentClamp(waveform=waveform, at=at, amplitude_nA=amplitude_nA)


def run(
    d: rv.Discretisation, stimuli: Stimuli, method: rv.Method, t_stop_ms: float, **options: Any
) -> rv.Result:
    return rv.simulate(d, stimuli, rv.Probe(), t_stop_ms=t_stop_ms, method=method, **options)


def by_place(result: rv.Result) -> tuple[np.ndarray, np.ndarray]:
    """Compartments and times of all crossings, each compartment's in their order."""
    crossings = result.crossings[0]
    order = np.lexsort((crossings.t_ms, crossings.compartment))
    return crossings.compartment[order], crossings.t_ms[order]


def off(found: rv.Result, full: rv.Result) -> tuple[float, float]:
    """The largest error of any potential at any step, and of any crossing, of which there have to
    be as many in the same places."""
    (places, t_ms), (full_places, full_t_ms) = by_place(found), by_place(full)
    np.testing.assert_array_equal(places, full_places)
    np.testing.assert_array_equal(found["v_mV"].t_ms, full["v_mV"].t_ms)
    off_mV = np.abs(found["v_mV"].values - full["v_mV"].values).max()
    return float(off_mV), float(np.abs(t_ms - full_t_ms).max(initial=0.0))


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
    assert off_mV <= tolerances.WINDOW_PER_TOLERANCE * tolerance_mV
    assert off_ms <= tolerances.WINDOW_ms_PER_mV * tolerance_mV
    # A step that came out worse than it was meant to was the last of its length.
    assert (
        found.provenance["window_error_mV"] <= tolerances.WINDOW_STEP_PER_TOLERANCE * tolerance_mV
    )
    assert share(found) < 1.0
    return found, full


# A spike on its way


def test_the_error_follows_the_tolerance() -> None:
    d = squid(2000)
    stimuli = [clamp(0)]
    full = run(d, stimuli, FULL, 13.0)
    assert len(full.crossings[0]) == 2000
    errors_ms, shares = [], []
    for tolerance_mV in (1.0, 0.1, 0.01, 0.001):
        found = run(d, stimuli, windowed(tolerance_mV), 13.0)
        off_mV, off_ms = off(found, full)
        assert off_mV <= tolerances.WINDOW_PER_TOLERANCE * tolerance_mV
        assert off_ms <= tolerances.WINDOW_ms_PER_mV * tolerance_mV
        errors_ms.append(off_ms)
        shares.append(share(found))
    assert all(coarse >= 5 * fine for coarse, fine in pairwise(errors_ms))
    assert shares == sorted(shares)
    assert shares[0] < 0.15
    assert shares[2] < 0.5


def test_what_is_solved_is_told() -> None:
    d = squid(500)
    found = run(d, [clamp(0)], windowed(), 3.0)
    assert 0 < share(found) < 1
    assert 0 < found.provenance["window_error_mV"] < 0.1
    full = run(d, [clamp(0)], FULL, 3.0)
    assert (share(full), full.provenance["window_error_mV"]) == (1.0, 0.0)
    simulation = rv.Simulation(d, method=windowed())
    simulation.advance(2000)
    assert simulation.execution["share_solved"] < 0.03


def test_the_plain_solver_takes_every_step() -> None:
    d = squid(200)
    plain = run(d, [clamp(0)], windowed(), 1.0, solver="plain")
    full = run(d, [clamp(0)], FULL, 1.0, solver="plain")
    np.testing.assert_array_equal(plain["v_mV"].values, full["v_mV"].values)
    assert share(plain) == 1.0


def test_a_tight_tolerance_gives_the_full_solve() -> None:
    d = squid(900)
    full = run(d, [clamp(0)], FULL, 4.0)
    off_mV, off_ms = off(run(d, [clamp(0)], windowed(1e-9), 4.0), full)
    assert off_mV < 1e-8
    assert off_ms < 1e-10


def test_spikes_from_both_ends_annihilate() -> None:
    found, _ = expect_close(squid(1500), [clamp(0), clamp(1499, 0.4)], 9.0)
    places, t_ms = by_place(found)
    np.testing.assert_array_equal(places, np.arange(1500))
    meeting = int(t_ms.argmax())
    assert 700 < meeting < 850
    assert (np.diff(t_ms)[5 : meeting - 5] > 0).all()
    assert (np.diff(t_ms)[meeting + 5 : -5] < 0).all()


def test_each_spike_of_a_train_is_right_though_the_later_are_slower() -> None:
    onsets_ms = (0.1, 4.1, 8.1, 12.1)
    found, full = expect_close(squid(1500), [clamp(0, t, 0.3, 3e4) for t in onsets_ms], 20.0)
    t_ms = [full.crossings[0].t_ms[full.crossings[0].compartment == i] for i in (300, 1200)]
    travel_ms = t_ms[1] - t_ms[0]
    assert travel_ms.size == 4
    assert travel_ms[1] > 1.01 * travel_ms[0]
    assert share(found) < 0.95


@pytest.mark.parametrize("tolerance_mV", [1.0, 0.1, 0.01])
def test_a_pulse_switched_off_at_the_end_of_a_step_is_not_missed(tolerance_mV: float) -> None:
    """4.1 + 0.3 is a little less than 880 steps of 0.005, in doubles."""
    expect_close(squid(300), [clamp(0), clamp(0, 4.1, 0.3, 3e4)], 5.0, tolerance_mV)


# Branches


@pytest.mark.parametrize(("branch_um", "passes"), [(476.0, True), (2000.0, False)])
@pytest.mark.parametrize("tolerance_mV", [0.1, 0.01])
def test_a_branch_point_is_passed_or_not(
    branch_um: float, passes: bool, tolerance_mV: float
) -> None:
    d = fork(branch_um)
    found, full = expect_close(d, [clamp(0)], 7.0, tolerance_mV)
    ends = np.flatnonzero(d.distance_um > d.distance_um.max() - 100.0)
    reached = np.isin(ends, full.crossings[0].compartment)
    assert reached.size >= 2
    assert (reached == passes).all()
    near = np.abs(d.distance_um[found["v_mV"].compartments] - 30000.0) < 1000.0
    assert near.sum() > 50
    off_mV = np.abs(found["v_mV"].values - full["v_mV"].values)[:, near].max()
    assert off_mV <= tolerances.WINDOW_PER_TOLERANCE * tolerance_mV


def comb(teeth: int) -> rv.Discretisation:
    """A shaft of single compartments with a branch of one compartment at each joint."""
    sections = []
    for k in range(teeth):
        up = {"parent": f"shaft{k - 1}"} if k else {}
        sections.append(section(f"shaft{k}", 476.0, 1, **up))
        sections.append(section(f"tooth{k}", 200.0, 1, parent=f"shaft{k}"))
    model = rv.Model(sections=sections, placements=HH, ions=IONS, temperature_degC=18.5)
    return rv.discretise(model, rv.FixedCount(1))


@pytest.mark.parametrize("teeth", [1, 2, 5, 40, 300])
def test_branches_of_single_compartments(teeth: int) -> None:
    expect_close(comb(teeth), [clamp(0, amplitude_nA=min(1e4, 2e3 * teeth))], 3.0)


@pytest.mark.parametrize("compartments", [*range(1, 20), 31, 33, 64, 127, 128, 129, 255, 257, 300])
def test_cables_of_every_length(compartments: int) -> None:
    amplitude_nA = min(2e4, 600.0 * compartments)
    expect_close(squid(compartments), [clamp(0, amplitude_nA=amplitude_nA)], 5.0)


# What is driven


def test_what_stays_below_threshold_costs_little() -> None:
    found, full = expect_close(squid(1500), [clamp(700, 1.0, amplitude_nA=1500.0)], 8.0)
    assert len(full.crossings[0]) == 0
    assert full["v_mV"].values.max() > -60.0
    assert share(found) < 0.2


def test_a_late_pulse_wakes_the_middle() -> None:
    found, full = expect_close(squid(1500), [clamp(700, 6.003, amplitude_nA=2e4)], 9.0)
    assert len(full.crossings[0]) > 500
    assert full.crossings[0].t_ms.min() > 6.0
    assert share(found) < 0.3


@pytest.mark.parametrize("at", [448, 500, 511, 512])
@pytest.mark.parametrize("tolerance_mV", [0.01, 0.001])
def test_a_jump_is_felt_in_the_next_block(at: int, tolerance_mV: float) -> None:
    """Blocks end at 512; a step of two dt through the jump there would be off by millivolts."""
    expect_close(squid(900), [clamp(at, 3.0, amplitude_nA=2e4)], 4.0, tolerance_mV)


def test_a_jump_is_felt_several_blocks_off_on_a_fine_mesh() -> None:
    """Compartments of 2 um: a block is as long as the potential reaches within a step."""
    fibre = rv.fibers.hodgkin_huxley(length_um=3000.0)
    d = rv.discretise(fibre.model, rv.FixedCount(1500))
    expect_close(d, [clamp(700, 2.0)], 3.0, 0.001)


def test_currents_of_every_kind() -> None:
    t_ms = np.linspace(2.0, 8.0, 601)
    sine = driven(900, 3000.0, t_ms, np.sin(np.pi * (t_ms - 2.0)))
    ramp = driven(200, 2000.0, [1.0, 4.0, 4.0], [0.0, 1.0, 0.0])
    stays = driven(500, 6000.0, [3.0, 3.0, 1e3], [0.0, 1.0, 1.0])
    for stimuli in ([sine], [ramp], [stays], [sine, stays, clamp(1199, 4.9987, 0.2, 3e4)]):
        expect_close(squid(1200), stimuli, 6.0)


def test_pieces_of_steps_after_jumps() -> None:
    """Off the grid of steps, and one within the pieces that follow another."""
    stimuli = [clamp(0, 0.1013, 0.4991), clamp(3, 0.1078, 0.2), clamp(600, 2.0021, 0.4007, 3e4)]
    expect_close(squid(900), stimuli, 5.0)
    # As do those from a start that is not at rest.
    expect_close(squid(900), stimuli, 5.0, v_init_mV=-60.0)


# What must not change anything, or hardly


STIMULI = [clamp(0), clamp(850, 2.5021, 0.2, 3e4)]
LONG_ENOUGH = 800


def fresh(method: rv.Method | None = None, **options: Any) -> rv.Simulation:
    """Not a multiple of eight lanes."""
    return rv.Simulation(
        squid(900),
        method=method or windowed(),
        stimuli=STIMULI,
        probes=[rv.Probe()],
        detectors=[rv.SpikeDetector()],
        **options,
    )


def record(simulation: rv.Simulation) -> list[bytes]:
    trace, crossings = simulation.traces()[0], simulation.crossings()[0]
    arrays = (trace.t_ms, trace.values, crossings.compartment, crossings.t_ms)
    return [array.tobytes() for array in arrays] + [simulation.snapshot()]


@pytest.fixture(scope="module")
def in_one_go() -> list[bytes]:
    simulation = fresh()
    simulation.advance(LONG_ENOUGH)
    return record(simulation)


def test_threads_change_no_bit(in_one_go: list[bytes]) -> None:
    simulation = fresh(threads=2)
    simulation.advance(LONG_ENOUGH)
    assert record(simulation) == in_one_go


@pytest.mark.parametrize("looks", [False, True])
def test_pieces_and_looks_change_no_bit(in_one_go: list[bytes], looks: bool) -> None:
    simulation, full = fresh(), fresh(FULL)
    for steps in (1, 2, 0, 127, 129, 41, 200, 300):
        simulation.advance(steps)
        if looks:
            full.advance(steps)
            off_mV = np.abs(simulation.v_mV - full.v_mV).max()
            assert off_mV <= tolerances.WINDOW_PER_TOLERANCE * 0.01
            np.testing.assert_array_equal(simulation.potential_mV(0), simulation.v_mV)
    assert simulation.step == LONG_ENOUGH
    assert record(simulation) == in_one_go


@pytest.mark.parametrize("steps", [10, 100, 300, 400, 600])
def test_it_goes_on_from_a_snapshot_bit_for_bit(steps: int) -> None:
    """The samples at the snapshot itself are those of before and after it was taken."""
    straight, other = fresh(), fresh()
    straight.advance(steps)
    snapshot = straight.snapshot()
    assert straight.snapshot() == snapshot
    other.advance(17)
    other.restore(snapshot)
    np.testing.assert_array_equal(other.v_mV, straight.v_mV)
    assert other.snapshot() == snapshot
    for simulation in (straight, other):
        simulation.advance(150)
    one, two = straight.traces()[0].values, other.traces()[0].values
    np.testing.assert_array_equal(one[steps + 1 :], two[1:])
    seen = other.crossings()[0].t_ms
    np.testing.assert_array_equal(
        straight.crossings()[0].t_ms[len(straight.crossings()[0]) - seen.size :], seen
    )
    assert straight.snapshot() == other.snapshot()


def test_a_tree_can_be_looked_at_while_its_blocks_rest() -> None:
    """Also where a branch point, which stores nothing, rests beside blocks that do not."""
    d = fork(476.0)
    straight, looked, full = (
        rv.Simulation(d, method=method, stimuli=[clamp(0)], probes=[rv.Probe()])
        for method in (windowed(), windowed(), FULL)
    )
    for _ in range(60):
        for simulation in (straight, looked, full):
            simulation.advance(7)
        off_mV = np.abs(looked.v_mV - full.v_mV).max()
        assert off_mV <= tolerances.WINDOW_PER_TOLERANCE * 0.01
    np.testing.assert_array_equal(straight.traces()[0].values, looked.traces()[0].values)
    again = rv.Simulation(d, method=windowed(), stimuli=[clamp(0)])
    again.restore(looked.snapshot())
    again.advance(50)
    full.advance(50)
    assert np.abs(again.v_mV - full.v_mV).max() <= tolerances.WINDOW_PER_TOLERANCE * 0.01


def test_single_precision_is_as_close() -> None:
    full = run(squid(900), STIMULI, FULL, 4.0)
    single = run(squid(900), STIMULI, windowed(), 4.0, precision="single")
    assert single.provenance["precision"] == "single"
    off_mV, _ = off(single, full)
    bound_mV = tolerances.WINDOW_PER_TOLERANCE * 0.01 + tolerances.SINGLE_mV
    assert off_mV <= bound_mV
    assert share(single) < 0.7


def test_a_batch_is_its_single_runs() -> None:
    """One by one, each with a window of its own."""
    targets = [squid(900), squid(900), squid(300)]
    stimuli = [[clamp(0)], [clamp(850, 2.5, 0.2, 3e4)], [clamp(10)]]
    batch = rv.simulate_batch(targets, stimuli, rv.Probe(), t_stop_ms=3.0, method=windowed())
    for result, target, own in zip(batch, targets, stimuli, strict=True):
        single = run(target, own, windowed(), 3.0)
        np.testing.assert_array_equal(result["v_mV"].values, single["v_mV"].values)
        np.testing.assert_array_equal(result.crossings[0].t_ms, single.crossings[0].t_ms)
        assert share(result) == share(single) < 1.0


def test_samples_and_peaks_of_what_rests() -> None:
    options: dict[str, Any] = {"peaks": rv.PeakMap(), "t_stop_ms": 6.0}
    d = squid(1000)
    every, seldom, full = (
        rv.simulate(d, [clamp(0)], rv.Probe(every_ms=every_ms), method=method, **options)
        for every_ms, method in ((None, windowed()), (0.5, windowed()), (None, FULL))
    )
    bound_mV = tolerances.WINDOW_PER_TOLERANCE * 0.01
    np.testing.assert_array_equal(every["v_mV"].values[::100], seldom["v_mV"].values)
    assert np.abs(every["v_mV"].values - full["v_mV"].values).max() <= bound_mV
    np.testing.assert_array_equal(every.peaks[0].v_mV, every["v_mV"].values.max(axis=0))
    assert np.abs(every.peaks[0].v_mV - full.peaks[0].v_mV).max() <= bound_mV


@pytest.mark.parametrize("tolerance_mV", [0.1, 0.01, 0.001])
def test_gates_and_currents_of_what_rests(tolerance_mV: float) -> None:
    """Between its steps: a gate counts as much as 100 mV, a current by the largest there is."""
    quantities = [("m", "na_hh"), ("h", "na_hh"), ("n", "k_hh")]
    quantities += [("i_mA_cm2", channel) for channel in ("na_hh", "k_hh", "leak")]
    probes = [rv.Probe(name, range(3, 700, 41), channel) for name, channel in quantities]
    ours, full = (
        rv.simulate(squid(700), [clamp(0)], probes, t_stop_ms=12.0, method=method)
        for method in (windowed(tolerance_mV), FULL)
    )
    bound = 0.01 * tolerances.WINDOW_PER_TOLERANCE * tolerance_mV
    for found, expected in zip(ours.traces, full.traces, strict=True):
        largest = np.abs(expected.values).max()
        assert np.abs(found.values - expected.values).max() <= bound * largest


@pytest.mark.parametrize("onset_ms", [0.0, 0.004, 0.0101])
def test_a_run_from_rest_with_a_current_from_the_start(onset_ms: float) -> None:
    """The rest is one without it, so that where it flows nothing rests."""
    expect_close(squid(900), [clamp(450, onset_ms, 4.0, 3e3)], 4.0)


def test_what_nothing_happens_to_is_not_solved() -> None:
    found = run(squid(900), [clamp(0, 3.0)], windowed(), 2.5)
    assert share(found) == 0.0
    assert (found["v_mV"].values == found["v_mV"].values[0]).all()
    # From anywhere else all of it is, until it is known what happens.
    assert share(run(squid(900), [], windowed(), 0.01, v_init_mV=-65.0)) == 1.0


@pytest.mark.parametrize(("at", "onset_ms"), [(0, 0.5), (450, 3.0)])
def test_a_run_that_blows_up_keeps_what_it_has(at: int, onset_ms: float) -> None:
    stops = []
    for method in (FULL, windowed()):
        simulation = rv.Simulation(
            squid(900),
            method=method,
            stimuli=[clamp(0), clamp(at, onset_ms, amplitude_nA=1e12)],
            probes=[rv.Probe()],
            detectors=[rv.SpikeDetector()],
        )
        with pytest.raises(rv.errors.DivergedError, match="axoplasm potential is ") as caught:
            simulation.advance(LONG_ENOUGH)
        stops.append((simulation.step, caught.value.t_ms, caught.value.compartment))
        values = simulation.traces()[0].values
        assert values.shape == (simulation.step + 1, 900)
        assert np.isfinite(values).all()
        assert np.isfinite(simulation.v_mV).all()
        crossings = simulation.crossings()[0]
        assert len(crossings) > 40
        assert (crossings.t_ms <= simulation.t_ms).all()
        assert len(set(crossings.compartment.tolist())) == len(crossings)  # none of them twice
    assert stops[0] == stops[1]
    assert stops[0][0] == round(onset_ms / DT_ms)


def test_a_snapshot_loses_no_spike() -> None:
    """It takes a step of what rests, in which a low threshold may be crossed."""
    thresholds = [rv.SpikeDetector(threshold_mV=v_mV) for v_mV in (-64.0, -60.0)]
    counts = []
    for takes_snapshots in (False, True):
        simulation = rv.Simulation(
            squid(900), method=windowed(0.1), stimuli=[clamp(0)], detectors=thresholds
        )
        for _ in range(70):
            simulation.advance(11)
            if takes_snapshots:
                simulation.snapshot()
        counts.append([len(crossings) for crossings in simulation.crossings()])
    assert counts[0] == counts[1]
    assert min(counts[0]) > 500


# Charge


@pytest.mark.parametrize("tolerance_mV", [1.0, 0.01, 1e-4])
def test_charge_is_neither_lost_nor_made(tolerance_mV: float) -> None:
    """Of a sealed cable without a leak, while neighbours stand at different times."""
    sections = [
        section("cable", 476.0, 4000),
        section("branch", 300.0, 2000, parent="cable", parent_position=0.4),
    ]
    leak = [rv.Placement("leak", g_bar_S_cm2=0.0, e_leak_mV=-65.0)]
    d = rv.discretise(rv.Model(sections=sections, placements=leak), rv.MaxLength(200.0))
    simulation = rv.Simulation(
        d, method=windowed(tolerance_mV), stimuli=[clamp(500)], v_init_mV=-65.0
    )
    capacitance_nF = np.asarray(d.to_dict()["capacitance_nF"])
    given_pC = 1e4 * 0.5
    for _ in range(30):
        simulation.advance(97)
        charge_pC = (capacitance_nF * (simulation.v_mV + 65.0)).sum()
        if simulation.t_ms > 0.7:
            assert charge_pC == pytest.approx(given_pC, rel=tolerances.CHARGE_RELATIVE)
    assert share(run(d, [clamp(500)], windowed(tolerance_mV), 10.0, v_init_mV=-65.0)) < 0.9
