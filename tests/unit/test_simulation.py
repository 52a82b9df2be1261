"""Runs: starting, stepping, going back, blowing up, being interrupted, and side by side."""

from __future__ import annotations

import pickle
import re
import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import ranvier as rv
from ranvier.errors import DivergedError, Interrupted
from ranvier.results import Status

PULSE = rv.stimuli.Pulse(onset_ms=0.1, duration_ms=0.2)
PROBES = [rv.Probe("v_mV"), rv.Probe("m", mechanism="na_hh"), rv.Probe("v_mV", 3, every_ms=0.05)]


def squid(length_um: float = 4e3, compartments: int = 20) -> rv.Discretisation:
    fibre = rv.fibers.hodgkin_huxley(length_um=length_um)
    return rv.discretise(fibre.model, rv.FixedCount(compartments))


def clamp(amplitude_nA: float = 1e4, at: Any = 0, waveform: Any = PULSE) -> Any:
    return rv.stimuli.CurrentClamp(waveform=waveform, at=at, amplitude_nA=amplitude_nA)


def mrg() -> rv.Discretisation:
    fibre = rv.fibers.mrg(nodes=3)
    return rv.discretise(fibre.model, fibre.mesh)


def running(d: rv.Discretisation | None = None, **options: Any) -> rv.Simulation:
    options = {"stimuli": [clamp()], "probes": PROBES, **options}
    return rv.Simulation(d or squid(), detectors=[rv.SpikeDetector()], **options)


# Starting


def test_starts_at_zero_at_the_given_potential_or_at_rest() -> None:
    given = running(v_init_mV=-61.5)
    assert (given.t_ms, given.step) == (0.0, 0)
    np.testing.assert_array_equal(given.v_mV, -61.5)
    at_rest = running()
    np.testing.assert_allclose(at_rest.v_mV, at_rest.v_mV[0], rtol=1e-9)
    assert at_rest.v_mV[0] != -70.0


def test_first_sample_is_the_start() -> None:
    trace = running(v_init_mV=-61.5).traces()[0]
    assert trace.t_ms.tolist() == [0.0]
    np.testing.assert_array_equal(trace.values, np.full((1, 20), -61.5))


def test_time_is_a_whole_number_of_steps() -> None:
    simulation = running(method=rv.Method("backward_euler", dt_ms=0.01))
    simulation.advance(1000)
    assert simulation.step == 1000
    assert simulation.t_ms == 1000 * 0.01  # a product, not a sum of rounded steps


def test_initialise_begins_anew() -> None:
    simulation, fresh = running(), running()
    simulation.advance(100)
    simulation.initialise()
    assert simulation.t_ms == 0.0
    assert len(simulation.traces()[0].t_ms) == 1
    for each in (simulation, fresh):
        each.advance(50)
    assert simulation.snapshot() == fresh.snapshot()


@pytest.mark.parametrize("v_init_mV", [float("nan"), 1e5, -float("inf")])
def test_absurd_start_is_refused(v_init_mV: float) -> None:
    with pytest.raises(rv.ModelError, match=r"v_init_mV: is \S+, expected -10000 to 10000 mV"):
        running(v_init_mV=v_init_mV)


def test_a_membrane_without_a_rest_is_told() -> None:
    """A leak whose current overflows."""
    cell = rv.Section("cell", length_um=10.0, diameter_um=10.0)
    leak = rv.Placement("leak", g_bar_S_cm2=1e308, e_leak_mV=1e5)
    d = rv.discretise(rv.Model(sections=[cell], placements=[leak]), rv.FixedCount(2))
    pattern = (
        r"resting potential: none was found near -70 mV \(\S+ mV/ms left after \d+ iterations\), "
        r"expected a membrane that settles; give v_init_mV"
    )
    with pytest.raises(rv.ModelError, match=pattern):
        rv.Simulation(d)


def test_a_membrane_without_channels_rests_anywhere() -> None:
    cell = rv.Section("cell", length_um=10.0, diameter_um=10.0)
    d = rv.discretise(rv.Model(sections=[cell]), rv.FixedCount(2))
    assert (rv.Simulation(d, v_rest_guess_mV=-61.0).v_mV == -61.0).all()


def test_a_run_copies_what_it_needs() -> None:
    t_ms, value = np.array([0.0, 1.0]), np.array([0.0, 1.0])
    waveform = rv.stimuli.Samples(t_ms=t_ms, value=value)
    one = running(stimuli=[clamp(waveform=waveform)])
    value[:] = 0.0
    one.advance(100)
    assert one.v_mV[0] > running(stimuli=[]).v_mV[0] + 1.0


# Snapshots


@pytest.mark.parametrize("build", [squid, mrg])
def test_restored_run_goes_on_bit_for_bit(build: Callable[[], rv.Discretisation]) -> None:
    d = build()
    options = {"probes": [rv.Probe("v_mV")], "stimuli": [clamp(10.0)], "v_rest_guess_mV": -75.0}
    straight, back = running(d, **options), running(d, **options)
    for simulation in (straight, back):
        simulation.advance(130)
    recorded = back.traces()[0].values.shape[0]
    snapshot = back.snapshot()
    back.advance(333)
    back.restore(snapshot)
    assert (back.step, back.t_ms) == (130, 130 * 0.005)
    elsewhere = running(d, **options)
    elsewhere.restore(snapshot)
    for simulation in (straight, back, elsewhere):
        simulation.advance(170)
    assert straight.snapshot() == back.snapshot() == elsewhere.snapshot()
    # From the sample at the snapshot itself.
    values = straight.traces()[0].values[recorded - 1 :]
    t_ms = straight.crossings()[0].t_ms
    for simulation in (back, elsewhere):
        assert values.tobytes() == simulation.traces()[0].values.tobytes()
        assert t_ms[t_ms > 130 * 0.005].tobytes() == simulation.crossings()[0].t_ms.tobytes()


def test_restoring_records_anew() -> None:
    """What a run recorded need not lead up to a snapshot, of another run or of its own past."""
    source = running(squid())
    source.advance(101)
    for other in (running(squid()), source):
        other.advance(57)
    snapshot = source.snapshot()
    other = running(squid())
    other.restore(snapshot)
    other.advance(19)
    t_ms, t_coarse_ms = (other.traces()[k].t_ms for k in (0, 2))
    np.testing.assert_allclose(t_ms, 0.005 * np.arange(158, 178))
    np.testing.assert_allclose(t_coarse_ms, [0.8, 0.85])


@pytest.mark.parametrize("damage", ["other", "shorter", "longer", "empty", "marked otherwise"])
def test_snapshots_that_do_not_fit_are_refused(damage: str) -> None:
    simulation = running()
    good = simulation.snapshot()
    bad = {
        "other": running(squid(compartments=21)).snapshot(),
        "shorter": good[:-1],
        "longer": good + b"\0",
        "empty": b"",
        "marked otherwise": b"R" + good[1:],
    }[damage]
    simulation.advance(3)
    before = simulation.snapshot()
    with pytest.raises(rv.ModelError, match="snapshot: does not fit this simulation, expected one"):
        simulation.restore(bad)
    assert simulation.snapshot() == before


# Blowing up

#: On for good, because the core looks only every so many steps.
ABSURD = {"waveform": rv.stimuli.Pulse(onset_ms=0.1, duration_ms=100.0), "amplitude_nA": 1e12}


def test_divergence_is_told_with_time_place_and_variable() -> None:
    simulation = running(stimuli=[clamp(at=7, **ABSURD)])
    with pytest.raises(DivergedError) as caught:
        simulation.advance(1000)
    error = caught.value
    # The pulse begins at 0.1 ms: the step that ends at 0.105 is the first that can be wrong.
    assert error.t_ms == pytest.approx(0.105)
    assert re.fullmatch(r"axoplasm potential is \S+ mV", error.variable)
    assert str(error) == (
        f"the run diverged: {error.variable} at t = 0.105 ms in compartment {error.compartment}, "
        f"axon ({100 + 200 * error.compartment} um), expected finite values below 10000 mV; "
        "dt = 0.005 ms may be too long"
    )


def test_divergence_keeps_what_was_recorded_before() -> None:
    simulation, quiet = running(stimuli=[clamp(**ABSURD)]), running(stimuli=[])
    with pytest.raises(DivergedError):
        simulation.advance(1000)
    assert simulation.t_ms == pytest.approx(0.1)
    quiet.advance(20)
    assert simulation.snapshot() == quiet.snapshot()
    kept, expected = (each.traces() for each in (simulation, quiet))
    for one, other in zip(kept, expected, strict=True):
        np.testing.assert_array_equal(one.t_ms, other.t_ms)
        np.testing.assert_array_equal(one.values, other.values)


def test_divergence_of_simulate_carries_the_result() -> None:
    with pytest.raises(DivergedError) as caught:
        rv.simulate(squid(), clamp(1e300), PROBES, t_stop_ms=1.0)
    result = caught.value.result
    assert result is not None
    assert result.status is Status.DIVERGED
    assert result.message == str(caught.value)
    assert result.t_stop_ms == pytest.approx(0.1)
    assert np.isfinite(result["v_mV"].values).all()
    again = pickle.loads(pickle.dumps(caught.value))
    assert (again.t_ms, again.compartment) == (caught.value.t_ms, caught.value.compartment)
    assert str(again) == str(caught.value)


def test_divergence_under_a_sheath_names_its_layer() -> None:
    """Current into a sealed internode lifts both potentials."""
    with pytest.raises(DivergedError, match=r"(axoplasm|periaxonal) potential is"):
        rv.simulate(mrg(), clamp(1e9, at="stin[2]"), t_stop_ms=1.0, v_init_mV=-80.0)


# Being interrupted


def test_ctrl_c_keeps_what_was_recorded() -> None:
    def press(done: float) -> None:
        if done > 0.2:
            raise KeyboardInterrupt

    with pytest.raises(Interrupted, match="interrupted") as caught:
        rv.simulate(squid(), clamp(), PROBES, t_stop_ms=50.0, progress=press)
    result = caught.value.result
    assert result.status is Status.INTERRUPTED
    assert 0.2 * 50.0 <= result.t_stop_ms < 50.0
    assert result.message == f"interrupted at t = {result.t_stop_ms:g} ms of 50"
    assert result["v_mV"].t_ms[-1] == result.t_stop_ms
    assert isinstance(caught.value, KeyboardInterrupt)  # not swallowed by `except Exception`


def test_progress_rises_to_one() -> None:
    seen: list[float] = []
    rv.simulate(squid(), t_stop_ms=5.0, progress=seen.append)
    assert seen == sorted(seen)
    assert seen[-1] == 1.0


# Side by side


def test_two_runs_do_not_disturb_each_other() -> None:
    d = squid()
    alone, one, other = running(d), running(d), running(d, stimuli=[clamp(-1e4)])
    alone.advance(300)
    for _ in range(300):
        one.advance(1)
        other.advance(1)
    assert one.snapshot() == alone.snapshot()
    assert other.snapshot() != alone.snapshot()


def test_threads_give_what_one_after_another_gives() -> None:
    d = squid(compartments=200)
    expected = running(d)
    expected.advance(400)
    runs = [running(d) for _ in range(4)]
    threads = [threading.Thread(target=run.advance, args=(400,)) for run in runs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {run.snapshot() for run in runs} == {expected.snapshot()}


def test_python_goes_on_while_the_core_runs() -> None:
    """Else this thread would count nothing until the run is over."""
    simulation = running(squid(compartments=2000), probes=[])
    thread = threading.Thread(target=simulation.advance, args=(4000,))
    thread.start()
    counted = 0
    while thread.is_alive():
        time.sleep(0.001)
        counted += 1
    thread.join()
    assert counted >= 20


# Stopping times and targets


@pytest.mark.parametrize(("t_stop_ms", "steps"), [(0.005, 1), (0.1, 20), (0.1001, 21), (2.0, 400)])
def test_runs_the_steps_that_reach_the_end(t_stop_ms: float, steps: int) -> None:
    result = rv.simulate(squid(), (), rv.Probe("v_mV", 0), t_stop_ms=t_stop_ms)
    assert result["v_mV"].t_ms.size == steps + 1
    assert result.t_stop_ms == pytest.approx(steps * 0.005)
    assert result.status is Status.COMPLETED


@pytest.mark.parametrize(
    ("t_stop_ms", "pattern"),
    [
        (0.0, "t_stop_ms: is 0, expected a finite time above 0"),
        (-1.0, "t_stop_ms: is -1, expected a finite time above 0"),
        (float("nan"), "t_stop_ms: is nan, expected a finite time above 0"),
        (float("inf"), "t_stop_ms: is inf, expected a finite time"),
    ],
)
def test_stopping_times_that_make_no_sense_are_named(t_stop_ms: float, pattern: str) -> None:
    with pytest.raises(rv.ModelError, match=pattern):
        rv.simulate(squid(), t_stop_ms=t_stop_ms)


def test_a_run_is_advanced_to_a_time_in_any_pieces() -> None:
    simulation = running()
    simulation.advance_to(1.0, most_steps=150)
    assert simulation.step == 150
    simulation.advance_to(1.0)
    assert (simulation.step, simulation.t_ms) == (200, 200 * 0.005)
    simulation.advance_to(1.0)
    assert simulation.step == 200
    # A fixed step ends at the first whole number of steps that reaches the time.
    simulation.advance_to(1.0001)
    assert simulation.step == 201


def test_times_past_and_steps_below_zero_are_refused() -> None:
    simulation = running()
    simulation.advance(200)
    with pytest.raises(rv.ModelError, match=r"t_stop_ms: is 0\.5, expected 1 or later"):
        simulation.advance_to(0.5)
    with pytest.raises(rv.ModelError, match=r"t_stop_ms: is nan, expected a finite time"):
        simulation.advance_to(float("nan"))
    simulation.advance_to(0.999)  # within the last step, which has reached it
    assert simulation.step == 200
    with pytest.raises(rv.ModelError, match=r"steps: is -1, expected 0 or more"):
        simulation.advance(-1)
    with pytest.raises(rv.ModelError, match=r"steps: is -1, expected 0 or more"):
        simulation.advance_to(2.0, most_steps=-1)
    assert simulation.step == 200


def test_targets_of_simulate() -> None:
    fibre = rv.fibers.hodgkin_huxley(length_um=4e3)
    by_fibre = rv.simulate(fibre, (), rv.Probe(), t_stop_ms=0.1)
    by_model = rv.simulate(fibre.model, (), rv.Probe(), mesh=fibre.mesh, t_stop_ms=0.1)
    by_arrays = rv.simulate(rv.discretise(fibre.model, fibre.mesh), (), rv.Probe(), t_stop_ms=0.1)
    for result in (by_model, by_arrays):
        np.testing.assert_allclose(result["v_mV"].values, by_fibre["v_mV"].values, rtol=1e-9)
    assert len(rv.simulate(fibre, t_stop_ms=0.1, mesh=rv.FixedCount(7)).geometry) == 7


def test_targets_that_cannot_be_run_are_named() -> None:
    fibre = rv.fibers.hodgkin_huxley(length_um=4e3)
    pattern = r"has no mesh, expected mesh=MaxLength\(\.\.\.\), DLambda\(\) or FixedCount\(\.\.\.\)"
    with pytest.raises(rv.ModelError, match=pattern):
        rv.simulate(fibre.model, t_stop_ms=1.0)
    with pytest.raises(
        rv.ModelError, match="mesh: is given with a discretisation, expected it with"
    ):
        rv.simulate(squid(), t_stop_ms=1.0, mesh=rv.FixedCount(3))
    with pytest.raises(TypeError, match="target: is 'squid', expected a Fiber, Model or Discr"):
        rv.simulate("squid", t_stop_ms=1.0)  # type: ignore[arg-type]


def test_result_says_how_it_was_made() -> None:
    fibre = rv.fibers.mrg(nodes=3)
    result = rv.simulate(fibre, fibre.stimulus, t_stop_ms=0.1)
    found = result.provenance
    assert found["model"] == "MRG 10 um"
    assert (found["method"], found["dt_ms"], found["v_init"]) == ("rosenbrock2", 0.005, "rest")
    assert (found["compartments"], found["temperature_degC"]) == (23, 37.0)
    assert found["v_rest_mV"] == pytest.approx(-79.96, abs=0.05)
    assert found["versions"]["ranvier"] == rv.__version__
    assert result.velocity_sites.tolist() == [0, 11, 22]
    assert rv.simulate(fibre, t_stop_ms=0.1, v_init_mV=-80.0).provenance["v_init"] == -80.0


def test_junctions_are_solved_for_and_left_out_of_what_is_counted() -> None:
    sections = [rv.Section("a", length_um=10.0, diameter_um=1.0)]
    sections += [rv.Section(n, parent="a", length_um=10.0, diameter_um=1.0) for n in "bc"]
    model = rv.Model(sections=sections, placements=[rv.Placement("leak")])
    result = rv.simulate(model, (), rv.Probe(), mesh=rv.FixedCount(1), t_stop_ms=0.01)
    assert result.provenance["compartments"] == 3
    assert result["v_mV"].compartments.tolist() == [0, 2, 3]
    assert result.crossings[0].watched.tolist() == [0, 2, 3]


# What a reader of this code found once


def test_two_threads_cannot_use_one_simulation() -> None:
    simulation = running()
    said: list[str] = []

    def advance() -> None:
        try:
            simulation.advance(20_000)
        except rv.RanvierError as error:
            said.append(str(error))

    threads = [threading.Thread(target=advance) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    refused = "simulation: is in use by another thread, expected one thread at a time"
    assert said == [refused]
    assert simulation.step == 20_000


@pytest.mark.parametrize("other", ["diameter", "step", "method"])
def test_snapshot_of_another_model_or_method_is_refused(other: str) -> None:
    source = rv.Simulation(mrg(), v_init_mV=-80)
    method = {
        "diameter": rv.Method(),
        "step": rv.Method(dt_ms=0.02),
        "method": rv.Method("staggered_sdirk2"),
    }[other]
    fibre = rv.fibers.mrg(diameter_um=16 if other == "diameter" else 10, nodes=3)
    target = rv.Simulation(rv.discretise(fibre.model, fibre.mesh), method=method, v_init_mV=-80)
    with pytest.raises(rv.ModelError, match="snapshot: does not fit this simulation, expected one"):
        target.restore(source.snapshot())
