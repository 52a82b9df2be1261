"""Batches: equal to single runs whatever is beside them, and no run takes the others with it."""

from __future__ import annotations

import _thread
import dataclasses
import math
import pickle
import signal
import threading
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

import ranvier as rv
from ranvier.analysis import conduction_velocity
from ranvier.errors import Interrupted
from ranvier.results import Result, Status
from tolerances import BATCH_ms, BATCH_mV, SINGLE_mV

PULSE = rv.stimuli.Pulse(onset_ms=0.05, duration_ms=0.1)
MIDDLE = ("node[10]", 0.5)
PROBES = [rv.Probe(every_ms=0.02), rv.Probe("m", mechanism="na_mrg")]
DIAMETERS_um = (1.0, 2.0, 5.7, 7.3, 8.7, 10.0, 11.5, 12.8, 14.0, 15.0, 16.0)


def clamp(amplitude_nA: float, at: Any = ("node[0]", 0.5), waveform: Any = PULSE) -> Any:
    return rv.stimuli.CurrentClamp(waveform=waveform, at=at, amplitude_nA=amplitude_nA)


def squid(compartments: int = 20, length_um: float = 4e3) -> rv.Discretisation:
    fibre = rv.fibers.hodgkin_huxley(length_um=length_um)
    return rv.discretise(fibre.model, rv.FixedCount(compartments))


def without_rest() -> rv.Discretisation:
    """A leak whose current overflows."""
    cell = rv.Section("cell", length_um=10.0, diameter_um=10.0)
    leak = rv.Placement("leak", g_bar_S_cm2=1e308, e_leak_mV=1e5)
    return rv.discretise(rv.Model(sections=[cell], placements=[leak]), rv.FixedCount(2))


def assert_same(one: Result, other: Result) -> None:
    assert (one.status, one.t_stop_ms) == (other.status, other.t_stop_ms)
    for a, b in zip(one.traces, other.traces, strict=True):
        np.testing.assert_array_equal(a.t_ms, b.t_ms)
        np.testing.assert_array_equal(a.compartments, b.compartments)
        np.testing.assert_allclose(a.values, b.values, rtol=0, atol=BATCH_mV)
    for x, y in zip(one.crossings, other.crossings, strict=True):
        assert x.threshold_mV == y.threshold_mV
        np.testing.assert_array_equal(x.watched, y.watched)
        # Two places may cross at the same time but for rounding: by place, then.
        order, order_y = (np.lexsort((each.t_ms, each.compartment)) for each in (x, y))
        np.testing.assert_array_equal(x.compartment[order], y.compartment[order_y])
        np.testing.assert_allclose(x.t_ms[order], y.t_ms[order_y], rtol=0, atol=BATCH_ms)
    np.testing.assert_array_equal(one.velocity_sites, other.velocity_sites)
    np.testing.assert_array_equal(one.geometry.distance_um, other.geometry.distance_um)
    mine, theirs = (dict(each.provenance) for each in (one, other))
    del mine["batch_runs"]
    for provenance in (mine, theirs):
        del provenance["wall_s"], provenance["created"]
    assert mine.pop("v_rest_mV") == pytest.approx(theirs.pop("v_rest_mV"), abs=BATCH_mV)
    assert mine == theirs


# Equal to single runs


@pytest.fixture(scope="module")
def eleven() -> tuple[list[Any], list[Any], list[Result]]:
    """More fibres than lanes, each of its own diameter and drive."""
    fibres = [rv.fibers.mrg(diameter_um=diameter_um) for diameter_um in DIAMETERS_um]
    stimuli = [clamp(0.3 * k) for k in range(len(fibres))]
    return fibres, stimuli, rv.simulate_batch(fibres, stimuli, PROBES, t_stop_ms=1.0)


def test_fibres_of_all_diameters_equal_single_runs(eleven: Any) -> None:
    fibres, stimuli, results = eleven
    for fibre, stimulus, result in zip(fibres, stimuli, results, strict=True):
        assert result.status is Status.COMPLETED
        assert result.provenance["solver"] == "lanes"
        assert_same(result, rv.simulate(fibre, stimulus, PROBES, t_stop_ms=1.0))
    assert len(results[0].crossings[0]) == 0
    assert conduction_velocity(results[5]).velocity_m_per_s == pytest.approx(56, abs=1)


def test_mixed_shapes_equal_single_runs() -> None:
    """Cables of three lengths, a tree, and a model that no lane can take, in no order."""
    tree = rv.Model(
        sections=[
            rv.Section("trunk", length_um=1e3, diameter_um=20.0),
            rv.Section("left", parent="trunk", length_um=1e3, diameter_um=10.0),
            rv.Section("right", parent="trunk", length_um=700.0, diameter_um=8.0),
        ],
        placements=rv.fibers.hodgkin_huxley().model.placements,
        ions=rv.fibers.hodgkin_huxley().model.ions,
        temperature_degC=6.3,
    )
    branched = rv.discretise(tree, rv.FixedCount(7))
    targets = [squid(20), branched, squid(3), too_deep(), squid(20, 8e3), branched, squid(1)]
    stimuli = [clamp(amplitude_nA, at=0) for amplitude_nA in (5e3, 300, 2e3, 10, 9e3, 0, 1e3)]
    probe = rv.Probe()
    results = rv.simulate_batch(targets, stimuli, probe, t_stop_ms=1.0)
    assert [result.provenance["solver"] for result in results] == [
        "lanes", "lanes", "lanes", "plain", "lanes", "lanes", "lanes"
    ]  # fmt: skip
    for target, stimulus, result in zip(targets, stimuli, results, strict=True):
        assert_same(result, rv.simulate(target, stimulus, probe, t_stop_ms=1.0))


def too_deep() -> rv.Discretisation:
    """A gated channel under a sheath, which only the plain solver has."""
    sheath = rv.Sheath(lamellae=10, myelin_diameter_um=5.0, periaxonal_width_um=0.01)
    node = rv.Section("node", length_um=2.0, diameter_um=3.0)
    internode = rv.Section(
        "internode", length_um=100.0, diameter_um=4.0, parent="node", sheath=sheath
    )
    squid = rv.fibers.hodgkin_huxley().model
    model = rv.Model(
        sections=[node, internode],
        placements=squid.placements,
        ions=squid.ions,
        temperature_degC=6.3,
        name="channels under myelin",
    )
    return rv.discretise(model, rv.FixedCount(4))


@pytest.mark.parametrize("name", rv.methods.names())
def test_every_method_has_batches(name: str) -> None:
    method = rv.Method(name)
    stimuli = [clamp(amplitude_nA, at=0) for amplitude_nA in (0, 3e3, 5e3)]
    probe = rv.Probe(at=[0, 9], every_ms=0.05)
    results = rv.simulate_batch(squid(10), stimuli, probe, t_stop_ms=0.5, method=method)
    for stimulus, result in zip(stimuli, results, strict=True):
        single = rv.simulate(squid(10), stimulus, probe, t_stop_ms=0.5, method=method)
        assert_same(result, single)


def test_lanes_are_refilled_by_runs_of_unequal_length() -> None:
    """Strong pulses come by early: their lanes go to others while weaker ones go on."""
    fibre = rv.fibers.mrg()
    stimuli = [clamp(0.2 * (7 * k % 20)) for k in range(20)]
    options: dict[str, Any] = {"t_stop_ms": 0.8, "detect": rv.SpikeDetector(-30.0)}
    stopped = rv.simulate_batch(fibre, stimuli, PROBES, stop_when=MIDDLE, **options)
    assert len({result.t_stop_ms for result in stopped}) > 8
    for stimulus, result in zip(stimuli, stopped, strict=True):
        single = rv.simulate(fibre, stimulus, PROBES, **options)
        middle = np.flatnonzero(single.crossings[0].compartment == 110)
        if middle.size == 0:
            assert_same(result, single)
            continue
        assert result.status is Status.STOPPED
        assert result.message == f"stopped at t = {result.t_stop_ms:g} ms of 0.8"
        crossing_ms = single.crossings[0].t_ms[middle[0]]
        # With the step in which it came by.
        assert 0 <= result.t_stop_ms - crossing_ms <= 0.005
        trace, whole = result.traces[1], single.traces[1]
        samples = trace.t_ms.size
        assert trace.t_ms[-1] == result.t_stop_ms
        np.testing.assert_array_equal(trace.t_ms, whole.t_ms[:samples])
        np.testing.assert_allclose(trace.values, whole.values[:samples], rtol=0, atol=BATCH_mV)
        seen = single.crossings[0].t_ms <= result.t_stop_ms
        assert len(result.crossings) == 1
        assert len(result.crossings[0]) == seen.sum()


def test_stop_takes_the_threshold_of_the_first_detector_or_its_default() -> None:
    fibre = rv.fibers.mrg()
    t_ms = {}
    for name, detect in (
        ("default", None),
        ("none", ()),
        ("low", [rv.SpikeDetector(-60.0), rv.SpikeDetector(0.0)]),
    ):
        (result,) = rv.simulate_batch(
            fibre, [clamp(2.0)], t_stop_ms=0.8, detect=detect, stop_when=MIDDLE
        )
        assert result.status is Status.STOPPED
        t_ms[name] = result.t_stop_ms
    assert t_ms["low"] < t_ms["default"] == t_ms["none"]


def test_a_run_of_the_plain_solver_stops_as_well() -> None:
    options: dict[str, Any] = {"t_stop_ms": 2.0, "stop_when": 9}
    stimuli = [clamp(5e3, at=0)]
    (plain,) = rv.simulate_batch(squid(10), stimuli, solver="plain", **options)
    (lanes,) = rv.simulate_batch(squid(10), stimuli, **options)
    assert (plain.provenance["solver"], lanes.provenance["solver"]) == ("plain", "lanes")
    assert plain.status is lanes.status is Status.STOPPED
    assert plain.t_stop_ms == lanes.t_stop_ms < 2.0


def test_threads_change_no_bit(eleven: Any) -> None:
    fibres, stimuli, results = eleven
    again = rv.simulate_batch(fibres, stimuli, PROBES, t_stop_ms=1.0, threads=2)
    for one, other in zip(results, again, strict=True):
        for a, b in zip(one.traces, other.traces, strict=True):
            np.testing.assert_array_equal(a.values, b.values)
        np.testing.assert_array_equal(one.crossings[0].t_ms, other.crossings[0].t_ms)


def test_neighbours_change_no_bit(eleven: Any) -> None:
    fibres, stimuli, results = eleven
    for k in (0, 5, 10):
        (alone,) = rv.simulate_batch([fibres[k]], [stimuli[k]], PROBES, t_stop_ms=1.0)
        np.testing.assert_array_equal(alone.traces[0].values, results[k].traces[0].values)


def test_an_odd_internode_changes_no_bit_of_its_neighbours() -> None:
    """Lanes take a shorter way where all internodes are mirrored, which rounds differently."""
    fibre = rv.fibers.mrg(nodes=5)
    even = rv.discretise(fibre.model, fibre.mesh)
    tables = even.to_dict()
    stin = even.section_names.index("stin[0]") if "stin[0]" in even.section_names else 3
    leak = tables["mechanisms"]["leak"]
    row = int(np.flatnonzero(np.asarray(leak["compartment"]) == int(stin))[0])
    leak["parameters"]["g_bar_S_cm2"] = np.array(leak["parameters"]["g_bar_S_cm2"])
    leak["parameters"]["g_bar_S_cm2"][row] *= 2.0
    odd = rv.Discretisation.from_dict(tables)
    targets = ([even] * 3 + [odd]) * 6
    stimuli = [clamp(0.1 * k) for k in range(len(targets))]
    runs = [
        rv.simulate_batch(targets, stimuli, rv.Probe(), t_stop_ms=0.4, threads=threads)
        for threads in (1, 2, 2)
    ]
    (alone,) = rv.simulate_batch([even], [stimuli[4]], rv.Probe(), t_stop_ms=0.4)
    np.testing.assert_array_equal(alone.traces[0].values, runs[0][4].traces[0].values)
    for again in runs[1:]:
        for one, other in zip(runs[0], again, strict=True):
            np.testing.assert_array_equal(one.traces[0].values, other.traces[0].values)


def test_a_refilled_lane_has_seen_nothing_yet() -> None:
    """Of what the run before had under its sheath."""
    fibre = rv.fibers.mrg(nodes=5)
    down = clamp(-1.0, waveform=rv.stimuli.Pulse(onset_ms=0.0, duration_ms=1.0))
    detect = rv.SpikeDetector(-81.0)
    results = rv.simulate_batch(fibre, [down] * 8 + [()] * 2, t_stop_ms=0.3, detect=detect)
    assert [len(result.crossings[0]) for result in results[8:]] == [0, 0]


def test_single_precision_is_close(eleven: Any) -> None:
    fibres, stimuli, results = eleven
    single = rv.simulate_batch(fibres, stimuli, PROBES, t_stop_ms=1.0, precision="single")
    for one, other in zip(results, single, strict=True):
        assert other.provenance["precision"] == "single"
        difference_mV = np.abs(one.traces[0].values - other.traces[0].values).max()
        assert 0 < difference_mV < SINGLE_mV


def test_starts_at_a_potential_of_each_run() -> None:
    starts_mV = [-70.0, -65.0, -40.0]
    results = rv.simulate_batch([squid()] * 3, (), rv.Probe(), t_stop_ms=0.5, v_init_mV=starts_mV)
    for start_mV, result in zip(starts_mV, results, strict=True):
        single = rv.simulate(squid(), (), rv.Probe(), t_stop_ms=0.5, v_init_mV=start_mV)
        assert_same(result, single)
        assert result["v_mV"].values[0, 0] == start_mV
    (one,) = rv.simulate_batch(squid(), t_stop_ms=0.5, v_init_mV=-65.0)
    assert one.provenance["v_init"] == -65.0


# What is given


def test_a_single_target_is_run_for_every_entry_of_stimuli() -> None:
    target = squid()
    two = (clamp(1e3, at=0), clamp(2e3, at=19))
    results = rv.simulate_batch(target, [two, (), two[0]], t_stop_ms=0.5)
    assert [result.recipe and result.recipe.stimuli for result in results] == [two, (), two[:1]]
    assert results[0].geometry is results[2].geometry
    assert_same(results[0], rv.simulate(target, two, t_stop_ms=0.5))


def test_equal_targets_are_discretised_once(monkeypatch: pytest.MonkeyPatch) -> None:
    made = []

    def counted(model: rv.Model, mesh: Any) -> rv.Discretisation:
        made.append(model.name)
        return rv.discretise(model, mesh)

    monkeypatch.setattr("ranvier.discretisation.discretise", counted)
    fibre, other = rv.fibers.mrg(), rv.fibers.mrg(diameter_um=16)
    rv.simulate_batch([fibre, other, fibre, fibre], t_stop_ms=0.02)
    assert made == ["MRG 10 um", "MRG 16 um"]


def test_no_targets_are_no_results() -> None:
    assert rv.simulate_batch([], t_stop_ms=1.0) == []


def test_mesh_and_sites_are_those_of_the_call() -> None:
    fibre = rv.fibers.hodgkin_huxley(length_um=4e3)
    results = rv.simulate_batch(
        [fibre, fibre.model], t_stop_ms=0.1, mesh=rv.FixedCount(5), velocity_sites=[1, 3]
    )
    for result in results:
        assert len(result.geometry) == 5
        assert result.velocity_sites.tolist() == [1, 3]


MRG = rv.fibers.mrg()


@pytest.mark.parametrize(
    ("targets", "options", "message"),
    [
        (MRG, {"stimuli": clamp(1)}, "stimuli: is one stimulus, expected a sequence with one"),
        ([MRG] * 3, {"stimuli": [clamp(1)] * 2}, "stimuli: has 2 entries, expected 3, one for"),
        (
            MRG,
            {"v_init_mV": [-80.0, -70.0]},
            "v_init_mV: has 2 entries, expected 1, one for each run",
        ),
        ([MRG], {"t_stop_ms": 0.0}, "t_stop_ms: is 0, expected a finite time above 0"),
        ([MRG], {"t_stop_ms": math.inf}, "t_stop_ms: is inf, expected a finite time above 0"),
        ([MRG, MRG.model], {}, "run 1: model 'MRG 10 um': has no mesh, expected mesh="),
        ([MRG, squid()], {"mesh": rv.FixedCount(3)}, "run 1: mesh: is given with a discretisation"),
        (
            [MRG] * 2,
            {"stimuli": [(), clamp(1, at="nodes")]},
            "run 1: place 'nodes': is no section and no region, expected 'node'",
        ),
        ([MRG, squid()], {"probes": rv.Probe(at="node")}, "run 1: place 'node': is no section"),
        ([MRG, squid()], {"stop_when": "node"}, "run 1: place 'node': is no section"),
        (
            [MRG, squid()],
            {"probes": rv.Probe("m", mechanism="na_mrg")},
            "run 1: probe 0: channel 'na_mrg' is not in this model",
        ),
        (
            [MRG] * 2,
            {"v_init_mV": [-80.0, 1e5]},
            "run 1: v_init_mV: is 100000, expected -10000 to 10000 mV",
        ),
        (
            [squid(), too_deep()],
            {"solver": "lanes"},
            "run 1: 'channels under myelin': has the gated channel 'na_hh' under a sheath",
        ),
        (
            [squid(), too_deep()],
            {"precision": "single"},
            "run 1: 'channels under myelin': has the gated channel",
        ),
        (MRG, {"solver": "fast"}, "run 0: solver: is 'fast', expected auto, lanes or plain"),
        (MRG, {"threads": -1}, "threads: is -1, expected a whole number of 0 or more"),
    ],
)
def test_every_run_is_checked_before_anything_runs(
    targets: Any, options: dict[str, Any], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ranvier._core.run_batch", never)
    with pytest.raises(rv.ModelError) as caught:
        rv.simulate_batch(targets, **{"t_stop_ms": 0.1, **options})
    assert str(caught.value).startswith(message)


def never(*_: Any, **__: Any) -> None:
    raise AssertionError("the core was asked to run")


def test_a_wrong_instruction_set_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RANVIER_ISA", "v9")
    with pytest.raises(rv.ModelError, match=r"^RANVIER_ISA: is 'v9', expected base, v3 or v4$"):
        rv.simulate_batch(MRG, t_stop_ms=0.1)


def test_anything_else_is_no_target() -> None:
    with pytest.raises(TypeError, match="target: is 3, expected a Fiber, Model or Discretisation"):
        rv.simulate_batch([3], t_stop_ms=0.1)  # type: ignore[list-item]


# Runs that go wrong


def neighbours_of(run: int, results: Sequence[Result]) -> list[Result]:
    return [result for k, result in enumerate(results) if k != run]


@pytest.mark.parametrize("solver", ["auto", "plain"])
def test_a_run_that_diverges_is_a_row(solver: str) -> None:
    stimuli = [clamp(1e3, at=0), clamp(1e300, at=3), clamp(5e3, at=0)]
    options: dict[str, Any] = {"t_stop_ms": 0.5, "solver": solver}
    results = rv.simulate_batch(squid(), stimuli, rv.Probe(), **options)
    bad = results[1]
    assert bad.status is Status.DIVERGED
    assert bad.message.startswith("the run diverged: axoplasm potential is ")
    assert "in compartment " in bad.message
    assert bad.t_stop_ms < 0.06
    assert np.isfinite(bad["v_mV"].values).all()
    for k in (0, 2):
        assert_same(results[k], rv.simulate(squid(), stimuli[k], rv.Probe(), **options))


def test_a_run_without_a_rest_is_a_row() -> None:
    targets = [squid(), without_rest(), squid()]
    results = rv.simulate_batch(targets, (), rv.Probe(), t_stop_ms=0.1)
    bad = results[1]
    assert bad.status is Status.FAILED
    assert bad.message.startswith("resting potential: none was found near -70 mV")
    assert (bad.t_stop_ms, bad.provenance["steps"], bad.provenance["v_rest_mV"]) == (0.0, 0, None)
    assert bad["v_mV"].values.shape == (0, 2)
    assert len(bad.crossings[0]) == 0
    assert [result.status for result in neighbours_of(1, results)] == [Status.COMPLETED] * 2


def test_rows_that_went_wrong_can_be_saved(tmp_path: Any) -> None:
    for result in rv.simulate_batch(
        [squid(), without_rest()], [clamp(1e300, at=0), ()], rv.Probe(), t_stop_ms=0.2
    ):
        result.save(tmp_path / "row.npz")
        again = rv.load(tmp_path / "row.npz")
        assert (again.status, again.message) == (result.status, result.message)
        assert again.provenance == result.provenance


# Being watched and interrupted


def test_progress_rises_to_one() -> None:
    shares: list[float] = []
    rv.simulate_batch(squid(), [clamp(1e3, at=0)] * 20, t_stop_ms=5.0, progress=shares.append)
    assert shares == sorted(shares)
    assert (shares[0], shares[-1]) == (0.0, 1.0)


def test_errors_of_a_progress_callback_reach_the_caller() -> None:
    def fail(share: float) -> None:
        raise RuntimeError("no bar to draw")

    with pytest.raises(RuntimeError, match="no bar to draw"):
        rv.simulate_batch(squid(), [clamp(1e3, at=0)] * 3, t_stop_ms=1.0, progress=fail)


@pytest.mark.skipif(
    signal.getsignal(signal.SIGINT) is not signal.default_int_handler, reason="Ctrl-C is ignored"
)
@pytest.mark.parametrize("solver", ["auto", "plain"])
def test_ctrl_c_keeps_finished_runs(solver: str) -> None:
    """The first run is over at once; the second would take minutes, and the third never begins."""
    threading.Timer(0.5, _thread.interrupt_main).start()
    with pytest.raises(Interrupted, match="interrupted") as caught:
        rv.simulate_batch(
            [squid(1), squid(2000), squid(2000)],
            [clamp(1e4, at=0), (), ()],
            rv.Probe(at=0, every_ms=1.0),
            t_stop_ms=2000.0,
            stop_when=0,
            solver=solver,
        )
    first, second, third = caught.value.results
    assert first.status is Status.STOPPED
    assert second.status is third.status is Status.INTERRUPTED
    assert caught.value.result is second
    assert 0 < second.t_stop_ms < 2000
    assert second.message == f"interrupted at t = {second.t_stop_ms:g} ms of 2000"
    assert second["v_mV"].t_ms.size == int(second.t_stop_ms) + 1
    assert third["v_mV"].values.shape[1] == 1


def test_interrupted_batch_survives_pickling() -> None:
    results = rv.simulate_batch(squid(3), t_stop_ms=0.1)
    again = pickle.loads(pickle.dumps(Interrupted(results[0], results * 2)))
    assert [result.t_stop_ms for result in again.results] == [results[0].t_stop_ms] * 2


# Afterwards


def test_a_result_of_a_batch_can_be_refined() -> None:
    fibre = rv.fibers.hodgkin_huxley(length_um=3e4)
    (result,) = rv.simulate_batch([fibre], [fibre.stimulus], t_stop_ms=4.0, mesh=rv.FixedCount(30))
    velocity = conduction_velocity(result, error=True)
    assert velocity.convergence is not None
    assert velocity.convergence.is_converged
    assert velocity.convergence.own_value == pytest.approx(velocity.velocity_m_per_s, rel=1e-9)


def test_a_run_that_was_stopped_is_refined_to_the_end() -> None:
    """Its first rung is a run to the end as well, so that all rungs hold the same."""
    fibre = rv.fibers.hodgkin_huxley(length_um=3e4)
    (result,) = rv.simulate_batch(
        [fibre],
        [fibre.stimulus],
        rv.Probe(at=29),
        t_stop_ms=4.0,
        mesh=rv.FixedCount(30),
        stop_when=29,
    )
    assert result.status is Status.STOPPED

    def peak_mV(result: Result) -> float:
        return float(result["v_mV"].values.max())

    found = rv.converge(peak_mV, result)
    assert peak_mV(result) < 0 < found.own_value


def test_recipe_keeps_how_it_was_carried_out() -> None:
    options: dict[str, Any] = {"solver": "lanes", "precision": "single", "threads": 2}
    (result,) = rv.simulate_batch(squid(), t_stop_ms=0.1, **options)
    recipe = result.recipe
    assert recipe is not None
    assert {name: getattr(recipe, name) for name in options} == options
    again = recipe.run(method=recipe.method, mesh=recipe.mesh)
    assert {name: again.provenance[name] for name in options} == options
    assert dataclasses.replace(recipe, threads=None).threads is None
