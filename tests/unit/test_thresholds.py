"""The search for thresholds: its brackets hold, its statuses are told, its input is checked."""

from __future__ import annotations

import _thread
import math
import pickle
import signal
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import ranvier as rv
from ranvier.batch import Answer, Batch
from ranvier.fields import PointSource
from ranvier.results import Crossings, Status
from ranvier.stimuli import CurrentClamp, Extracellular, Pulse, Synapse
from ranvier.studies import (
    Activation,
    Block,
    Threshold,
    ThresholdStatus,
    find_threshold,
    find_thresholds,
)

PULSE = Pulse(onset_ms=0.1, duration_ms=0.1)


def fibre(diameter_um: float = 10.0, nodes: int = 7) -> rv.fibers.Fiber:
    """Of 9 nodes or more, a few are searched one by one, each over all lanes."""
    return rv.fibers.mrg(diameter_um=diameter_um, nodes=nodes)


def clamp(amplitude_nA: float) -> CurrentClamp:
    return CurrentClamp(waveform=PULSE, at=("node[1]", 0.5), amplitude_nA=amplitude_nA)


def electrode(amplitude_mA: float, distance_um: float = 500.0) -> Extracellular:
    return Extracellular(
        field=PointSource(position_um=(0, 0, distance_um)),
        waveform=PULSE,
        amplitude_mA=amplitude_mA,
    )


def fires(target: rv.fibers.Fiber, stimulus: CurrentClamp | Extracellular) -> bool:
    places = Activation().compartments(target, rv.discretise(target.model, target.mesh))
    ends = rv.SpikeDetector(at=places.tolist())
    result = rv.simulate(target, stimulus, t_stop_ms=0.2 + target.t_stop_ms, detect=ends)
    return bool(result.crossings[0].count.any())


@pytest.mark.parametrize("nodes", [7, 11])
@pytest.mark.parametrize("given", [-0.02, -0.0001, -3.0])
def test_single_runs_agree_with_the_bracket(given: float, nodes: int) -> None:
    target = fibre(nodes=nodes)
    found = find_threshold(target, electrode(given), rtol=0.01)
    assert found.status is ThresholdStatus.FOUND
    below, above = found.bracket
    assert above < below < 0  # cathodic, as given
    assert above / below <= 1.01
    assert found.amplitude == above == pytest.approx(found.factor * given)
    assert found.unit == "mA"
    assert not fires(target, electrode(below))
    assert fires(target, electrode(above))
    assert str(found).startswith("threshold -0.0")


def test_one_call_is_many_searches() -> None:
    fibres = [fibre(d) for d in (5.7, 8.7, 10.0, 11.5, 14.0, 16.0, 10.0, 7.3, 12.8, 5.7)]
    stimuli = [electrode(-0.05, 300.0 + 60.0 * k) for k in range(len(fibres))]
    shares: list[float] = []
    found = find_thresholds(fibres, stimuli, rtol=0.01, progress=shares.append)
    assert (found.status == "found").all()
    assert len(found) == 10
    assert found.runs == sum(row.runs for row in found)
    assert shares[-1] == 1.0
    assert repr(found).startswith("<Thresholds: 10 of 10 found")
    for k in (0, 5):
        alone = find_threshold(fibres[k], stimuli[k], rtol=0.01)
        assert found[k].amplitude == pytest.approx(alone.amplitude, rel=0.02)
    np.testing.assert_array_equal(found.bracket[:, 1], found.amplitude)


def test_too_weak_is_a_status() -> None:
    found = find_threshold(fibre(), clamp(0.001), most=4.0)
    assert found.status is ThresholdStatus.NO_RESPONSE
    assert math.isnan(found.amplitude)
    assert found.message == "silent up to 0.004 nA"
    assert str(found).startswith("no threshold: no_response (silent up to 0.004 nA;")


def answering(
    monkeypatch: pytest.MonkeyPatch, answer: Callable[[float], str]
) -> Callable[..., Threshold]:
    """A search whose runs of `factor` end as `answer(factor)` says, without being made."""

    def search(_: Batch, __: Any, begins: Any, after: Any) -> bool:
        unseen = Crossings(-20.0, np.empty(0, np.int32), np.empty(0), np.array([0]))
        lanes = [(lane, factor) for lane, (_, factor, _) in enumerate(begins)]
        while lanes:
            lane, factor = lanes.pop(0)
            status = Status(answer(factor))
            asked = after(lane, Answer(status, 1.0, f"it {status}", (unseen,)))
            lanes += [] if asked is None else [(lane, asked[0])]
        return True

    monkeypatch.setattr(Batch, "search", search)
    return lambda **options: find_threshold(fibre(), clamp(2.0), **options)


def test_active_without_a_stimulus_is_a_status(monkeypatch: pytest.MonkeyPatch) -> None:
    found = answering(monkeypatch, lambda _: "stopped")()
    assert found.status is ThresholdStatus.ALWAYS
    assert found.message == "active without the stimulus"
    assert found.bracket == (0.0, 0.0)


def test_runs_that_blow_up_are_kept_away_from(monkeypatch: pytest.MonkeyPatch) -> None:
    def below_a_cliff(factor: float) -> str:
        return "diverged" if factor > 5.0 else "stopped" if factor > 4.9 else "completed"

    found = answering(monkeypatch, below_a_cliff)()
    assert found.status is ThresholdStatus.FOUND
    assert found.factor == pytest.approx(4.9, rel=1e-3)
    lost = answering(monkeypatch, lambda factor: "diverged" if factor > 5.0 else "completed")()
    assert lost.status is ThresholdStatus.DIVERGED
    assert lost.message == "silent up to 9.9956 nA, and from 10.002 on it diverged"
    assert lost.bracket[0] == pytest.approx(10.0, rel=1e-3)
    assert math.isnan(lost.bracket[1])
    assert answering(monkeypatch, lambda _: "diverged")().status is ThresholdStatus.DIVERGED


def test_what_is_given_may_be_far_too_strong(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that it blocks, or blows up: weaker ones are tried before that is the answer."""

    def fires_below(factor: float) -> str:
        if factor > 5.0:
            return "diverged"
        return "stopped" if 0.004 < factor < 0.05 else "completed"

    found = answering(monkeypatch, fires_below)()
    assert found.status is ThresholdStatus.FOUND
    assert found.factor == pytest.approx(0.004, rel=2e-3)
    assert found.silent_above > 2.0 * 0.05


def test_no_rest_is_a_status(monkeypatch: pytest.MonkeyPatch) -> None:
    found = answering(monkeypatch, lambda _: "failed")()
    assert found.status is ThresholdStatus.FAILED
    assert found.message == "it failed"


def test_silence_above_the_threshold_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def blocked_above(factor: float) -> str:
        return "stopped" if 1.5 < factor < 3.0 else "completed"

    found = answering(monkeypatch, blocked_above)()
    assert found.factor == pytest.approx(1.5, rel=2e-3)
    assert found.silent_above == 8.0  # 4 times as given


def test_more_spikes_need_more_current() -> None:
    squid = rv.fibers.hodgkin_huxley(length_um=20000.0)
    held = CurrentClamp(waveform=Pulse(duration_ms=30.0), at=("axon", 0.0), amplitude_nA=2000.0)
    one, two = (
        find_threshold(
            squid,
            held,
            activation=Activation(at=("axon", 0.8), spikes=spikes),
            t_stop_ms=40.0,
            rtol=0.02,
        )
        for spikes in (1, 2)
    )
    assert one.status is two.status is ThresholdStatus.FOUND
    assert abs(two.amplitude) > abs(one.amplitude)


def test_all_places_are_harder_than_any() -> None:
    places = [("node[0]", 0.5), ("node[6]", 0.5)]
    one, both = (
        find_threshold(fibre(), clamp(1.0), activation=Activation(at=places, needs_all=needs_all))
        for needs_all in (False, True)
    )
    assert both.amplitude >= one.amplitude * (1 - 1e-3)


@pytest.mark.parametrize(
    ("solver", "method"),
    [
        ("plain", rv.Method("rosenbrock2")),
        ("auto", rv.Method("adaptive")),
        ("auto", rv.Method("windowed")),
        ("auto", rv.Method("backward_euler")),
    ],
)
def test_every_way_of_running_finds_a_bracket_that_holds(solver: str, method: rv.Method) -> None:
    found = find_threshold(fibre(), electrode(-0.05), rtol=0.02, solver=solver, method=method)
    assert found.status is ThresholdStatus.FOUND
    usual = find_threshold(fibre(), electrode(-0.05), rtol=0.002)
    assert found.amplitude == pytest.approx(usual.amplitude, rel=0.05)


def test_runs_one_after_the_other_find_what_lanes_do() -> None:
    """With a synapse in the background this method has no lanes: strong runs, which blow up, are
    not to come before weak ones have been tried."""
    still = Synapse(mechanism="exp_syn", at=("node[3]", 0.5), times_ms=[], parameters={})
    for given in (-0.5, -0.05):
        alone, beside = (
            find_threshold(
                fibre(),
                electrode(given),
                background=background,
                method=rv.Method("staggered_sdirk2"),
                rtol=0.01,
            )
            for background in ((), still)
        )
        assert beside.status is ThresholdStatus.FOUND
        assert beside.amplitude == pytest.approx(alone.amplitude, rel=0.02)


@pytest.mark.parametrize("nodes", [7, 11])
def test_a_search_does_not_depend_on_threads(nodes: int) -> None:
    found = [
        find_threshold(fibre(nodes=nodes), electrode(-0.5), rtol=1e-4, threads=n) for n in (1, 2, 2)
    ]
    assert {(each.bracket, each.runs) for each in found} == {(found[0].bracket, found[0].runs)}


def test_what_is_never_met_is_told_with_where_runs_blow_up() -> None:
    found = find_threshold(fibre(), electrode(-0.5), activation=Activation(spikes=9), rtol=0.1)
    assert found.status is ThresholdStatus.DIVERGED
    assert found.message.startswith("silent up to -")
    assert "mA, and from -" in found.message


def test_a_few_fibres_are_searched_one_by_one() -> None:
    fibres = [fibre(d, 11) for d in (5.7, 10.0, 16.0)]
    one, two = (
        find_thresholds(fibres, electrode(-0.05), rtol=0.01, threads=threads) for threads in (1, 2)
    )
    for each, row, again in zip(fibres, one, two, strict=True):
        alone = find_threshold(each, electrode(-0.05), rtol=0.01)
        assert row.bracket == again.bracket == alone.bracket
        assert row.runs == again.runs == alone.runs


def test_strides_up_are_no_longer_than_what_fires(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where each answer is waited for: strong ones may block."""
    asked: list[float] = []

    def fires_for_a_while(factor: float) -> str:
        asked.append(factor)
        return "stopped" if 30.0 < factor < 121.0 else "completed"

    def fires_always(factor: float) -> str:
        asked.append(factor)
        return "stopped"

    monkeypatch.setattr(Batch, "are_sooner_alone", lambda *_: True)
    found = answering(monkeypatch, fires_for_a_while)()
    assert found.status is ThresholdStatus.FOUND
    assert found.factor == pytest.approx(30.0, rel=2e-3)
    assert asked[:9] == [1.0, 2.0, 4.0, 8.0, 16.0, 64.0, 0.5, 0.25, 0.125]
    asked.clear()
    assert answering(monkeypatch, fires_always)().status is ThresholdStatus.ALWAYS
    assert asked == [1.0, 0.5, 0.125, 0.0]


@pytest.mark.parametrize("is_alone", [True, False])
@pytest.mark.parametrize(
    ("lowest", "end", "again", "silent"),
    [(0.3, 0.7, 3.0, 1.0), (0.023, 0.14, 0.8, 0.25)],
    ids=["what is given blocks", "what is given fires above what blocks"],
)
def test_the_lowest_that_fires_is_found_below_what_blocks(
    monkeypatch: pytest.MonkeyPatch,
    is_alone: bool,
    lowest: float,
    end: float,
    again: float,
    silent: float,
) -> None:
    def fires_twice(factor: float) -> str:
        return "stopped" if lowest < factor < end or factor > again else "completed"

    monkeypatch.setattr(Batch, "are_sooner_alone", lambda *_: is_alone)
    found = answering(monkeypatch, fires_twice)()
    assert found.factor == pytest.approx(lowest, rel=2e-3)
    assert found.silent_above == 2.0 * silent  # of the runs that were made, as given 2 nA


@pytest.mark.parametrize("is_alone", [True, False])
def test_the_first_runs_may_all_blow_up(monkeypatch: pytest.MonkeyPatch, is_alone: bool) -> None:
    def blows_up_above(factor: float) -> str:
        return "diverged" if factor > 0.2 else "stopped" if factor > 0.011 else "completed"

    monkeypatch.setattr(Batch, "are_sooner_alone", lambda *_: is_alone)
    found = answering(monkeypatch, blows_up_above)()
    assert found.status is ThresholdStatus.FOUND
    assert found.factor == pytest.approx(0.011, rel=2e-3)


def test_a_short_wait_is_waited_for() -> None:
    """What fires at the very end, between amplitudes that are silent until half of the wait."""
    target, stimulus = fibre(nodes=21), electrode(-0.2, 1000.0)
    found = find_threshold(target, stimulus, t_stop_ms=0.35)
    assert found.status is ThresholdStatus.FOUND
    for amplitude_mA, is_seen in zip(found.bracket, (False, True), strict=True):
        places = Activation().compartments(target, rv.discretise(target.model, target.mesh))
        result = rv.simulate(
            target,
            electrode(amplitude_mA, 1000.0),
            t_stop_ms=0.35,
            detect=rv.SpikeDetector(at=places.tolist()),
        )
        assert bool(result.crossings[0].t_ms.size) is is_seen


def test_a_few_fibres_share_the_lanes() -> None:
    fibres = [fibre(d) for d in (5.7, 10.0, 16.0)]
    found = find_thresholds(fibres, electrode(-0.05), rtol=0.01)
    for each, row in zip(fibres, found, strict=True):
        assert not fires(each, electrode(row.bracket[0]))
        assert fires(each, electrode(row.bracket[1]))


@pytest.mark.skipif(
    signal.getsignal(signal.SIGINT) is not signal.default_int_handler, reason="Ctrl-C is ignored"
)
def test_ctrl_c_keeps_the_thresholds_that_were_found() -> None:
    """The second fibre would take minutes."""
    long = rv.fibers.hodgkin_huxley(length_um=2e6)
    held = CurrentClamp(waveform=Pulse(duration_ms=1.0), at=("axon", 0.0), amplitude_nA=-1.0)
    threading.Timer(1.5, _thread.interrupt_main).start()
    with pytest.raises(rv.errors.SearchInterrupted, match="interrupted") as caught:
        find_thresholds([fibre(), long], [clamp(1.0), held], t_stop_ms=300.0, rtol=0.1)
    found = caught.value.found
    assert found.status[1] == "interrupted"
    assert str(found[1]).startswith("no threshold: interrupted")
    again = pickle.loads(pickle.dumps(caught.value))
    assert again.found.runs == found.runs


def test_a_search_is_told_what_it_needs() -> None:
    ok = clamp(1.0)
    with pytest.raises(ValueError, match="rtol: is 0, expected 1e-9 to below 1"):
        find_threshold(fibre(), ok, rtol=0.0)
    with pytest.raises(ValueError, match=r"most: is 0\.5, expected 1 or more"):
        find_threshold(fibre(), ok, most=0.5)
    with pytest.raises(rv.ModelError, match="targets: is one fibre, expected a sequence"):
        find_thresholds(fibre(), ok)  # type: ignore[arg-type]
    with pytest.raises(rv.ModelError, match="stimuli: has 2 entries, expected 1, one for each fib"):
        find_thresholds([fibre()], [ok, ok])
    with pytest.raises(
        rv.ModelError, match="fibre 0: has no stimulus or one of amplitude 0, expected one to begin"
    ):
        find_threshold(fibre(), clamp(0.0))
    grid = rv.discretise(fibre().model, fibre().mesh)
    with pytest.raises(
        rv.ModelError, match="fibre 0: is a bare model, expected t_stop_ms to say how long its spi"
    ):
        find_threshold(grid, ok)
    with pytest.raises(rv.ModelError, match="fibre 0: field: an electrode is inside the fibre"):
        find_threshold(fibre(), electrode(-1.0, distance_um=0.5))
    for t_stop_ms in (math.inf, math.nan, [math.nan]):
        with pytest.raises(rv.ModelError, match=r"t_stop_ms: is (inf|nan), expected a finite"):
            find_threshold(fibre(), ok, t_stop_ms=t_stop_ms)  # type: ignore[arg-type]
    for late in (Activation(after_ms=50.0), Block(after_ms=50.0)):
        with pytest.raises(rv.ModelError, match="after_ms is 50, expected before the end of the r"):
            find_threshold(fibre(), ok, activation=late, t_stop_ms=9.0)
    with pytest.raises(rv.ModelError, match="fibre 0: place 'ghost'"):
        find_threshold(fibre(), ok, background=Synapse(mechanism="exp_syn", at="ghost"))
    with pytest.raises(rv.ModelError, match="activation: spikes is 0, expected a whole number, 1"):
        Activation(spikes=0)
    with pytest.raises(rv.ModelError, match="activation: threshold_mV is nan, expected a finite"):
        Activation(threshold_mV=math.nan)
    with pytest.raises(
        rv.ModelError, match="activation: after_ms is inf, expected a finite number"
    ):
        Activation(after_ms=math.inf)
    with pytest.raises(
        rv.ModelError, match="block: after_ms is 2 and before_ms 1, expected a span"
    ):
        Block(after_ms=2.0, before_ms=1.0)
    with pytest.raises(
        ValueError, match="upper: goes with an Activation, expected it left out with a Block"
    ):
        find_threshold(fibre(), ok, activation=Block(after_ms=1.0), upper=True)
    with pytest.raises(
        rv.ModelError, match="background: has 2 entries, expected 1, one for each fibre"
    ):
        find_thresholds([fibre()], ok, background=[ok, ok])
    with pytest.raises(rv.ModelError, match="t_stop_ms: has 2 entries, expected 1"):
        find_thresholds([fibre()], ok, t_stop_ms=[1.0, 2.0])
    with pytest.raises(
        rv.ModelError,
        match=r"fibre 0: the stimulus ends at 0\.2 ms, expected the run not to end before",
    ):
        find_threshold(fibre(), ok, t_stop_ms=0.15)


def test_strong_currents_block_and_the_upper_end_is_found() -> None:
    found = find_threshold(fibre(), electrode(-0.02, 200.0), rtol=0.01, upper=True)
    assert found.status is ThresholdStatus.FOUND
    upper = found.upper
    assert upper is not None
    assert upper.status is ThresholdStatus.FOUND
    active, silent = upper.bracket
    assert silent < active < found.amplitude < 0
    assert silent == upper.amplitude
    assert silent / active <= 1.01
    ends = rv.SpikeDetector(at=[("node[1]", 0.5), ("node[5]", 0.5)])
    for amplitude_mA, fires_there in ((active, True), (silent, False)):
        result = rv.simulate(fibre(), electrode(amplitude_mA, 200.0), t_stop_ms=3.2, detect=ends)
        assert bool(result.crossings[0].count.any()) is fires_there
    assert found.runs > upper.runs


def test_an_upper_end_out_of_reach_is_a_status(monkeypatch: pytest.MonkeyPatch) -> None:
    found = answering(monkeypatch, lambda factor: "stopped" if factor > 1.5 else "completed")(
        upper=True, most=100.0
    )
    assert found.factor == pytest.approx(1.5, rel=2e-3)
    assert found.upper is not None
    assert found.upper.status is ThresholdStatus.NO_RESPONSE
    assert found.upper.message == "active up to 200 nA"
    cliff = answering(
        monkeypatch,
        lambda factor: "diverged" if factor > 40 else "stopped" if factor > 1.5 else "completed",
    )(upper=True)
    assert cliff.upper is not None
    assert cliff.upper.status is ThresholdStatus.DIVERGED


def test_errors_cover_finer_steps() -> None:
    method = rv.Method("backward_euler", dt_ms=0.005)
    found = find_threshold(fibre(), clamp(1.0), rtol=0.01, error=True, method=method)
    fine = find_threshold(
        fibre(), clamp(found.amplitude), rtol=1e-5, method=rv.Method(dt_ms=0.0005)
    )
    assert abs(found.limit - fine.amplitude) <= found.error < 0.05 * fine.amplitude
    assert "as dt goes to 0" in str(found)
    assert math.isnan(fine.limit)
    assert math.isnan(fine.error)
    adaptive = find_threshold(
        fibre(), clamp(1.0), rtol=0.01, error=True, method=rv.Method("adaptive")
    )
    assert abs(adaptive.limit - fine.amplitude) <= adaptive.error + 1e-4 * fine.amplitude


def test_without_a_threshold_there_is_no_error() -> None:
    rows: list[int] = []
    found = find_thresholds(
        [fibre(), fibre()],
        [clamp(0.001), clamp(1.0)],
        most=4.0,
        error=True,
        rtol=0.05,
        on_row=lambda k, _: rows.append(k),
    )
    assert found.status.tolist() == ["no_response", "found"]
    assert math.isnan(found[0].error)
    assert found[1].error > 0
    assert rows == [0, 1]


def test_what_acts_besides_stays_as_it_is() -> None:
    """A hyperpolarising current raises the threshold by as much as two clamps at once show."""
    held = CurrentClamp(waveform=Pulse(duration_ms=0.3), at=("node[1]", 0.5), amplitude_nA=-0.3)
    alone = find_threshold(fibre(), clamp(1.0), rtol=0.005)
    beside = find_threshold(fibre(), clamp(1.0), background=held, rtol=0.005)
    assert beside.amplitude > 1.1 * alone.amplitude
    ends = rv.SpikeDetector(at=[("node[1]", 0.5), ("node[5]", 0.5)])
    for amplitude_nA, fires_there in zip(beside.bracket, (False, True), strict=True):
        result = rv.simulate(fibre(), [clamp(amplitude_nA), held], t_stop_ms=3.2, detect=ends)
        assert bool(result.crossings[0].count.any()) is fires_there


def test_only_later_spikes_count() -> None:
    first = CurrentClamp(waveform=Pulse(duration_ms=0.1), at=("node[1]", 0.5), amplitude_nA=3.0)
    test = CurrentClamp(
        waveform=Pulse(onset_ms=3.0, duration_ms=0.1), at=("node[1]", 0.5), amplitude_nA=1.0
    )
    late = find_threshold(
        fibre(), test, background=first, activation=Activation(after_ms=3.0), rtol=0.01
    )
    second = find_threshold(
        fibre(),
        test,
        background=first,
        activation=Activation(at=("node[5]", 0.5), spikes=2),
        rtol=0.01,
    )
    early = find_threshold(fibre(), test, background=first, rtol=0.01)
    assert late.status is second.status is ThresholdStatus.FOUND
    assert late.amplitude == pytest.approx(second.amplitude, rel=0.02)
    assert early.status is ThresholdStatus.ALWAYS


def test_a_block_is_found_by_the_engine() -> None:
    """A long hyperpolarising current at one node stops the spike that comes along."""
    axon = rv.fibers.mrg(nodes=9)
    spike = CurrentClamp(
        waveform=Pulse(onset_ms=1.0, duration_ms=0.1), at=("node[0]", 0.5), amplitude_nA=3.0
    )
    held = CurrentClamp(waveform=Pulse(duration_ms=3.0), at=("node[4]", 0.5), amplitude_nA=-1.0)
    block = Block(after_ms=1.0)
    found = find_threshold(axon, held, background=spike, activation=block, t_stop_ms=3.0, rtol=0.02)
    assert found.status is ThresholdStatus.FOUND
    far = rv.SpikeDetector(at=("node[7]", 0.5))
    for amplitude_nA, arrives in zip(found.bracket, (True, False), strict=True):
        held_so = held.scaled(amplitude_nA / -1.0)
        result = rv.simulate(axon, [held_so, spike], t_stop_ms=3.0, detect=far)
        assert bool(len(result.crossings[0])) is arrives
