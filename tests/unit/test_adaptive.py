"""The method that chooses its steps: what it samples, where its steps end, and how it fails."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

import ranvier as rv
import tolerances
from ranvier.errors import DivergedError
from ranvier.results import Status
from ranvier.stimuli import CurrentClamp, Pulse, Samples

T_STOP_ms = 0.6
GRID_ms = 0.0137  # no multiple of anything
#: A pulse, and a triangle that ends in a jump, over one another.
PULSE = Pulse(onset_ms=0.1, duration_ms=0.1)
TRIANGLE = Samples(t_ms=[0.03, 0.1234, 0.2, 0.2, 0.31], value=[0.0, 0.2, 0.1, -0.1, -0.1])
EDGES_ms = [0.03, 0.1, 0.1234, 0.2, 0.31]
PROBED = {
    "v_mV": rv.Probe("v_mV", every_ms=GRID_ms),
    "v_axoplasm_mV": rv.Probe("v_axoplasm_mV", every_ms=GRID_ms),
    "v_periaxonal_mV": rv.Probe("v_periaxonal_mV", every_ms=GRID_ms),
    "m": rv.Probe("m", None, "na_mrg", every_ms=GRID_ms),
    "s": rv.Probe("s", None, "ks_mrg", every_ms=GRID_ms),
    "i_mA_cm2": rv.Probe("i_mA_cm2", None, "na_mrg", every_ms=GRID_ms),
}


def adaptive(atol_mV: float = 1e-3, **parameters: float) -> rv.Method:
    """With a relative tolerance that allows as much at 100 mV."""
    return rv.Method("adaptive", **{"atol_mV": atol_mV, "rtol": 0.01 * atol_mV, **parameters})


@functools.cache
def mrg() -> rv.Discretisation:
    fibre = rv.fibers.mrg(nodes=5)
    return rv.discretise(fibre.model, fibre.mesh)


def drives() -> list[CurrentClamp]:
    return [
        CurrentClamp(waveform=waveform, at="node[1]", amplitude_nA=3.0)
        for waveform in (PULSE, TRIANGLE)
    ]


def simulation(
    method: rv.Method, probes: Sequence[rv.Probe] = (rv.Probe(at="node"),), **options: Any
) -> rv.Simulation:
    options = {"stimuli": drives(), "v_rest_guess_mV": -80.0, **options}
    return rv.Simulation(mrg(), method=method, probes=probes, **options)


def steps_ms(run: rv.Simulation) -> np.ndarray:
    """The ends of all steps, of a run whose first probe samples each."""
    return run.traces()[0].t_ms


# Samples


@functools.cache
def true_traces() -> tuple[rv.Trace, ...]:
    """On the same grid by a fixed step that divides it and all edges, at order 4."""
    fine = simulation(rv.Method("rodas4", dt_ms=5e-5), list(PROBED.values()))
    fine.advance_to(T_STOP_ms)
    return fine.traces()


@pytest.mark.parametrize("atol_mV", [1e-3, 1e-5])
def test_samples_between_the_steps_are_those_of_a_fine_run(atol_mV: float) -> None:
    """Of every kind of quantity, by dense output: its own error is of fourth order too."""
    run = simulation(adaptive(atol_mV), list(PROBED.values()))
    run.advance_to(T_STOP_ms)
    for trace, true in zip(run.traces(), true_traces(), strict=True):
        n = int(T_STOP_ms / GRID_ms) + 1
        np.testing.assert_allclose(trace.t_ms, GRID_ms * np.arange(n), rtol=1e-12)
        scale = {"mV": 1.0, "1": 0.01, "mA/cm2": 1.0}[trace.unit]
        atol = tolerances.DENSE_PER_TOLERANCE * atol_mV * scale
        np.testing.assert_allclose(
            trace.values, true.values[:n], rtol=0, atol=atol, err_msg=trace.name
        )
        assert np.ptp(true.values) > 1e3 * atol  # or nothing is shown


def test_samples_do_not_lie_on_straight_lines() -> None:
    """Which would be 0.056 mV off, at steps that are good to 0.0006."""
    probes = [rv.Probe("v_mV", "node"), rv.Probe("v_mV", "node", every_ms=GRID_ms)]
    run = simulation(adaptive(1e-3), probes)
    run.advance_to(T_STOP_ms)
    steps, grid = run.traces()
    straight_mV = [np.interp(grid.t_ms, steps.t_ms, v_mV) for v_mV in steps.values.T]
    assert np.abs(straight_mV - grid.values.T).max() > 0.03


def test_without_an_interval_each_step_is_a_sample() -> None:
    run = simulation(adaptive())
    run.advance_to(T_STOP_ms)
    t_ms = steps_ms(run)
    assert t_ms.size == run.step + 1
    assert (np.diff(t_ms) > 0).all()
    np.testing.assert_array_equal(
        run.traces()[0].values[-1], run.v_mV[run.traces()[0].compartments]
    )


def test_the_grid_does_not_depend_on_tolerance_or_pieces() -> None:
    """Times to the bit, from 0 to the end, which is one of them; in pieces the values too."""
    probes = [rv.Probe("v_mV", 0, every_ms=0.05)]
    runs = [simulation(adaptive(atol_mV), probes) for atol_mV in (1e-1, 1e-3, 1e-3, 1e-5)]
    while runs[2].t_ms < T_STOP_ms:
        runs[2].advance_to(T_STOP_ms, most_steps=3)
    for run in runs:
        run.advance_to(T_STOP_ms)
        t_ms = run.traces()[0].t_ms
        assert t_ms.tolist() == [k * 0.05 for k in range(13)]
        assert not np.signbit(t_ms[0])  # 0 is not printed as -0
    values = [run.traces()[0].values for run in runs]
    assert values[1].tobytes() == values[2].tobytes()
    assert values[0].tobytes() != values[1].tobytes()


def test_the_grid_goes_on_behind_a_snapshot() -> None:
    """Of a time between two of its points, and of one of them."""
    straight = simulation(adaptive(), [rv.Probe("v_mV", every_ms=0.05)])
    snapshots = []
    for t_ms in (0.12, 0.25, T_STOP_ms):
        straight.advance_to(t_ms)
        snapshots.append(straight.snapshot())
    trace = straight.traces()[0]
    for snapshot, first in ((snapshots[0], 3), (snapshots[1], 5)):
        other = simulation(adaptive(), [rv.Probe("v_mV", every_ms=0.05)])
        other.restore(snapshot)
        if first == 3:
            other.advance_to(0.25)
        other.advance_to(T_STOP_ms)
        assert other.snapshot() == snapshots[-1]
        assert other.traces()[0].t_ms.tolist() == trace.t_ms[first:].tolist()
        assert other.traces()[0].values.tobytes() == trace.values[first:].tobytes()


@pytest.mark.parametrize("every_ms", [0.0, -1.0, float("nan"), float("inf")])
def test_intervals_that_make_no_sense_are_named(every_ms: float) -> None:
    pattern = rf"probe 'v_mV': every_ms is {every_ms:g}, expected a finite number above 0"
    with pytest.raises(rv.ModelError, match=pattern):
        simulation(adaptive(), [rv.Probe("v_mV", every_ms=every_ms)])


# Steps


def test_looser_tolerances_take_fewer_steps() -> None:
    """At order 4, a tolerance 100 times looser takes steps about 3 times as long."""
    steps = []
    for atol_mV in (1e-1, 1e-3, 1e-5, 1e-7):
        run = simulation(adaptive(atol_mV))
        run.advance_to(T_STOP_ms)
        steps.append(run.step)
    ratio = np.array(steps[1:]) / np.array(steps[:-1])
    assert (ratio > 1.5).all()
    assert 2.5 < ratio[-1] < 4.0


@pytest.mark.parametrize("t_stop_ms", [0.6, 0.25, 0.1234, 0.30000000000000004])
def test_steps_end_on_every_edge_and_at_the_end(t_stop_ms: float) -> None:
    run = simulation(adaptive(1e-1))
    run.advance_to(t_stop_ms)
    ends_ms = set(steps_ms(run))
    assert {t_ms for t_ms in EDGES_ms if t_ms <= t_stop_ms} <= ends_ms
    assert run.t_ms == max(ends_ms) == t_stop_ms


def test_edges_that_only_rounding_keeps_apart_are_no_obstacle() -> None:
    """0.1 + 0.2 is not 0.3, and no step between them is needed that a tolerance could refuse."""
    assert 0.1 + 0.2 != 0.3
    pulses = [Pulse(onset_ms=0.1, duration_ms=0.2), Pulse(onset_ms=0.3, duration_ms=0.2)]
    whole = [Pulse(onset_ms=0.1, duration_ms=0.4)]
    both, one = (
        simulation(
            adaptive(1e-6),
            stimuli=[CurrentClamp(waveform=w, at="node[1]", amplitude_nA=1.0) for w in waveforms],
        )
        for waveforms in (pulses, whole)
    )
    both.advance_to(0.3)
    both.advance_to(0.1 + 0.2)
    for run in (both, one):
        run.advance_to(T_STOP_ms)
    atol = 10 * tolerances.DENSE_PER_TOLERANCE * 1e-6
    np.testing.assert_allclose(both.v_mV, one.v_mV, rtol=0, atol=atol)


def test_no_step_is_longer_than_allowed() -> None:
    run = simulation(adaptive(1e-1, dt_max_ms=0.01))
    run.advance_to(T_STOP_ms)
    assert np.diff(steps_ms(run)).max() <= 0.01 * (1 + 1e-12)
    free = simulation(adaptive(1e-1))
    free.advance_to(T_STOP_ms)
    assert np.diff(steps_ms(free)).max() > 0.02


def test_the_first_step_is_the_one_chosen() -> None:
    run = simulation(adaptive(dt_ms=1e-5))
    run.advance(1)
    assert run.t_ms == 1e-5


def late(*onsets_ms: float, t_stop_ms: float, **parameters: float) -> rv.Simulation:
    """MRG under pulses of 0.02 ms, watched at its nodes."""
    t_ms = np.repeat([[onset, onset + 0.02] for onset in onsets_ms], 2)
    value = np.tile([0.0, 1.0, 1.0, 0.0], len(onsets_ms))
    clamp = CurrentClamp(waveform=Samples(t_ms=t_ms, value=value), at="node[0]", amplitude_nA=8.0)
    watch = [rv.SpikeDetector(at="node")]
    run = simulation(adaptive(**parameters), stimuli=[clamp], detectors=watch)
    run.advance_to(t_stop_ms)
    return run


def test_a_short_pulse_late_in_a_resting_run_is_not_missed() -> None:
    """By then steps are 10 ms long, 500 times the pulse."""
    run = late(300.0, t_stop_ms=302.0)
    t_ms = steps_ms(run)
    assert np.diff(t_ms[t_ms <= 300.0]).max() > 4.0
    seen = run.crossings()[0]
    assert len(seen) == 5
    early = late(0.0, t_stop_ms=2.0, atol_mV=1e-5)
    difference_ms = seen.t_ms - 300.0 - early.crossings()[0].t_ms
    assert np.abs(difference_ms).max() < tolerances.CROSSING_ms


def test_every_spike_of_a_long_run_is_resolved_as_well_as_the_first() -> None:
    """The first and last of three are alike: 60 ms and more apart, each begins from rest."""
    onsets_ms = (1.0, 61.0, 161.0)
    run = late(*onsets_ms, t_stop_ms=165.0)
    exact = late(*onsets_ms, t_stop_ms=165.0, atol_mV=1e-7)
    seen, expected = (each.crossings()[0] for each in (run, exact))
    assert len(seen) == len(expected) == 15
    np.testing.assert_allclose(seen.t_ms, expected.t_ms, rtol=0, atol=tolerances.CROSSING_ms)
    t_ms = steps_ms(run)
    taken = [((t_ms > onset) & (t_ms < onset + 1.0)).sum() for onset in onsets_ms]
    assert max(taken) <= 1.2 * min(taken)
    assert run.step < 3 * 1.5 * max(taken)  # hardly any in between


# Failing


def test_tolerances_that_no_step_keeps_end_the_run_and_keep_what_there_is() -> None:
    """Below rounding: at rest there is nothing to move, but not under a current."""
    run = simulation(adaptive(1e-300, rtol=1e-300), v_init_mV=-80.0)
    with pytest.raises(DivergedError) as caught:
        run.advance_to(T_STOP_ms)
    assert str(caught.value) == (
        f"the run diverged: no step from t = {run.t_ms:g} ms on is short enough for the "
        "tolerances, expected a state that changes smoothly"
    )
    assert caught.value.t_ms == run.t_ms
    assert steps_ms(run)[-1] == run.t_ms
    assert np.isfinite(run.v_mV).all()
    before = run.snapshot()
    with pytest.raises(DivergedError):
        run.advance(1)
    assert run.snapshot() == before


def test_a_jump_to_absurd_currents_is_told_by_simulate() -> None:
    """The pulse begins at 0.1 ms, to which all is well."""
    absurd = CurrentClamp(waveform=PULSE, at="node[1]", amplitude_nA=1e300)
    probe = rv.Probe("v_mV", every_ms=0.01)
    with pytest.raises(DivergedError) as caught:
        rv.simulate(mrg(), absurd, probe, t_stop_ms=1.0, method=adaptive(), v_init_mV=-80.0)
    result = caught.value.result
    assert result is not None
    assert result.status is Status.DIVERGED
    assert result.t_stop_ms == pytest.approx(0.1)
    assert result["v_mV"].t_ms[-1] == pytest.approx(0.1)
    assert np.isfinite(result["v_mV"].values).all()


# Crossings


def crossings_ms(method: rv.Method) -> np.ndarray:
    run = rv.Simulation(
        mrg(),
        method=method,
        stimuli=drives(),
        detectors=[rv.SpikeDetector(at="node")],
        v_rest_guess_mV=-80.0,
    )
    run.advance_to(T_STOP_ms)
    seen = run.crossings()[0]
    assert seen.compartment.tolist() == [11, 0, 22, 33, 44]
    return seen.t_ms


def straight_crossings_ms(method: rv.Method) -> np.ndarray:
    """What straight lines between the steps make of the same run."""
    run = simulation(method, [rv.Probe("v_mV", "node")])
    run.advance_to(T_STOP_ms)
    trace = run.traces()[0]
    t_ms = []
    for compartment in (11, 0, 22, 33, 44):
        v_mV = trace.values[:, trace.column(compartment)]
        k = int(np.flatnonzero((v_mV[:-1] < -20.0) & (v_mV[1:] >= -20.0))[0])
        t_ms.append(np.interp(-20.0, v_mV[k : k + 2], trace.t_ms[k : k + 2]))
    return np.array(t_ms)


@functools.cache
def true_crossings_ms() -> np.ndarray:
    return crossings_ms(adaptive(1e-8))


def test_crossings_by_dense_output_are_those_of_a_fine_run() -> None:
    """Of fixed steps, and so with other curves between them."""
    exact_ms = crossings_ms(rv.Method("rodas4", dt_ms=1e-4))
    for atol_mV in (1e-2, 1e-3, 1e-4, 1e-5):
        error_ms = np.abs(crossings_ms(adaptive(atol_mV)) - exact_ms).max()
        assert error_ms < tolerances.CROSSING_ms * atol_mV / 1e-3


def test_crossings_of_the_default_converge_at_its_order() -> None:
    """Its curve is a parabola, whose error is of third order and thus vanishes beside that of the
    step. A straight line's is of second order, with a factor that changes with where in its step a
    crossing happens to be: the order is then nothing to extrapolate by."""

    def orders(times_ms: Callable[[rv.Method], np.ndarray]) -> np.ndarray:
        coarse, fine = (
            times_ms(rv.Method(dt_ms=dt)) - true_crossings_ms() for dt in (5e-4, 2.5e-4)
        )
        return np.log2(np.abs(coarse / fine))

    found = orders(crossings_ms)
    np.testing.assert_allclose(found, 2.0, rtol=0, atol=tolerances.ORDER)
    assert np.abs(orders(straight_crossings_ms) - 2.0).max() > 3.0 * tolerances.ORDER


def test_crossings_of_a_method_of_fourth_order_converge_faster_than_straight_lines() -> None:
    """Its curve is a cubic. A hundred times closer at 1 us, and at third order or more."""
    coarse_ms, fine_ms = (
        np.abs(crossings_ms(rv.Method("rodas4", dt_ms=dt)) - true_crossings_ms())
        for dt in (2e-3, 1e-3)
    )
    assert (np.log2(coarse_ms / fine_ms) > 3.0 - tolerances.ORDER).all()
    straight_ms = straight_crossings_ms(rv.Method("rodas4", dt_ms=1e-3))
    assert (np.abs(straight_ms - true_crossings_ms()) > 30.0 * fine_ms).all()
