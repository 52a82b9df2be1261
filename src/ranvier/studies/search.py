"""One search for a threshold: which amplitude to try next, from the answers that there are.

A fibre that fills the lanes of the core by itself, or shares them with seven others, is run with
one amplitude after the other: eight answers at once cost more than the three cuts that they make.
A short fibre that is searched alone is in all eight lanes, each of which takes up another amplitude
as soon as it knows the answer to its last: those that answer early, as strong pulses do that fire
at once, cut the bracket while the weak ones are still on their way.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

from ranvier.results import Status
from ranvier.studies.threshold_result import Threshold, ThresholdStatus

if TYPE_CHECKING:
    from ranvier.batch import Answer, Batch, Target
    from ranvier.stimuli import Stimulus
    from ranvier.studies.activation import Criterion

#: From one amplitude to the next while there is no bracket.
_GROWTH = 2.0
#: A run near threshold goes on for so many times as long after the stimulus as the weakest active
#: one took, and at least so long; before any was active, for so large a part of the whole time.
#: The largest silent amplitude is run to the end before it counts.
_PATIENCE = 2.0
_LEAST_WAIT_ms = 0.2
_FIRST_WAIT = 0.5
#: Runs that blow up at so small a part of what was given do so whatever is given.
_NOTHING = 1e-9
#: Where a fibre has one lane only, strides grow as well, up to this going down.
_LARGEST_STRIDE = 16.0
#: What is active at so small a part of what was given may be so without any stimulus.
_WEAK = 0.2
#: Amplitudes that fire may span little: so many steps of `_GROWTH` are taken either way, and those
#: farther off are thought to span at least this.
_STEPS_UP = 4
_STEPS_DOWN = 3
_FAR = 4.0
#: A silent amplitude below an active one may be so strong that it blocks, above others that are
#: active: down to so small a part of it they are looked for, and of what was given to an eighth.
_DEEP = 1 / 16


@dataclass(eq=False, kw_only=True)
class Search:
    """Where the search of one fibre stands, in factors of the amplitude that was given."""

    target: Target
    batch: Batch
    criterion: Criterion
    stimulus: Stimulus
    background: tuple[Stimulus, ...]
    given: float
    unit: str
    rtol: float
    most: float
    t_stop_ms: float
    end_ms: float  # of the stimulus
    horizon_ms: float = 0.0  # until when runs go: less than t_stop_ms where that may be enough
    lanes: int = 1
    below: float = 0.0  # the largest that is known not to activate; 0 was not tried until then
    above: float = math.inf  # the smallest that is known to activate
    floor: float = 0.0  # that of the first `below`
    bottom: float = math.inf  # the smallest silent one that had an active one above it
    silent_above: float = math.inf
    stride: float = _GROWTH
    was_without: bool = False  # whether the run without the stimulus was made
    running: dict[float, float] = field(default_factory=dict)  # until when
    ladder: set[float] = field(default_factory=set)  # with what it began
    tried: set[float] = field(default_factory=set)
    silent: set[float] = field(default_factory=set)
    certain: set[float] = field(default_factory=set)  # of these, which were so until t_stop_ms
    active: dict[float, float] = field(default_factory=dict)  # when that was certain, in ms
    broken: float = math.inf  # the smallest whose run diverged
    status: ThresholdStatus | None = None
    message: str = ""
    runs: int = 0

    def begin_at(self, factor: float) -> None:
        """Looks above a factor that is known not to meet the criterion, and nowhere else."""
        self.floor = self.below = factor
        self.silent.add(factor)
        self.certain.add(factor)

    def begin(self, lanes: int) -> list[float]:
        """The factors to try first, at most one in each lane, until `horizon_ms`."""
        self.lanes = lanes
        wait = 1.0 if self.criterion.needs_whole_runs else _FIRST_WAIT
        self.horizon_ms = self.end_ms + wait * (self.t_stop_ms - self.end_ms)
        lowest = -((lanes - 1) // 2)
        first = self.floor * _GROWTH if self.floor > 0.0 else _GROWTH**lowest
        self.ladder = {min(first * _GROWTH**k, self.most) for k in range(lanes)}
        self.running = dict.fromkeys(self.ladder, self.horizon_ms)
        return sorted(self.ladder)

    def next(self) -> tuple[float, float] | None:
        """A factor to try for a lane that is free, and until when; None if those that are running
        will tell what there is to know."""
        if self.status is not None:
            return None
        asked = self._choose()
        if asked is None or self.running.get(asked[0], 0.0) >= asked[1]:
            return None
        self.running[asked[0]] = asked[1]
        return asked

    def _choose(self) -> tuple[float, float] | None:
        """What is of most use to know, which may be in a lane already."""
        ceiling = min(self.above, self.broken)
        if self._wants_weaker() or self._may_have_blocked():
            weakest = self._weakest()
            of_bottom = self.bottom if math.isfinite(self.above) else math.inf
            is_near = weakest > min(_GROWTH**-_STEPS_DOWN, of_bottom / _FAR)
            return weakest / (_GROWTH if is_near else _FAR), self.horizon_ms
        is_cornered = self.broken <= self.below * (1.0 + self.rtol)
        if self.is_narrow or is_cornered or (math.isinf(ceiling) and self.below >= self.most):
            # Silent until the horizon, and for all that is known, a spike may come later.
            doubtful = self._doubtful()
            return (doubtful, self.t_stop_ms) if doubtful > 0.0 else None
        flying = sorted(each for each in self.running if self.below < each < ceiling)
        if math.isinf(ceiling):
            farthest = max(self.below, *flying) if flying else self.below
            is_near = self.lanes > 1 or farthest < max(1.0, self.floor) * _GROWTH**_STEPS_UP
            return min(farthest * (_GROWTH if is_near else _FAR), self.most), self.horizon_ms
        low = self.below
        if low == 0.0:
            # Strong ones answer first: of the first ones the strongest that has not is the best
            # guess at one that never will.
            low = max((each for each in flying if each in self.ladder), default=0.0)
        if low == 0.0:
            weakest = min(ceiling, *flying, math.inf)
            if not self.was_without and weakest <= _WEAK:
                self.was_without = True
                return 0.0, self.horizon_ms
            return weakest / self._stride(), self.horizon_ms
        edges = [low, *(each for each in flying if each > low), ceiling]
        lower, upper = max(pairwise(edges), key=lambda gap: gap[1] / gap[0])
        if upper <= lower * (1.0 + self.rtol):  # as is_narrow has it
            return None
        half = math.sqrt(upper / lower)
        # Of the last cut whole runs spare one afterwards.
        is_last = half <= 1.0 + self.rtol
        return lower * half, self.t_stop_ms if is_last else self.horizon_ms

    def _stride(self) -> float:
        stride = self.stride
        if self.lanes == 1:
            self.stride = min(stride * _GROWTH, _LARGEST_STRIDE)
        return stride

    @property
    def is_narrow(self) -> bool:
        return self.below > 0.0 and self.above <= self.below * (1.0 + self.rtol)

    def note(self, factor: float, until_ms: float, answer: Answer) -> None:
        """That a run is over."""
        if answer.status is Status.INTERRUPTED or self.status is not None:
            return
        self.runs += 1
        self.tried.add(factor)
        if self.running.get(factor) == until_ms:
            del self.running[factor]
        if answer.status is Status.FAILED:
            self.status, self.message = ThresholdStatus.FAILED, answer.message
        elif self.criterion.is_met(answer):
            self.active[factor] = answer.t_stop_ms
        elif answer.status is Status.DIVERGED:
            self.broken = min(self.broken, factor)
            self.message = answer.message
        else:
            self.silent.add(factor)
            if until_ms == self.t_stop_ms:
                self.certain.add(factor)
        self._conclude()

    def _weakest(self) -> float:
        """Of all that were tried."""
        tried = {*self.tried, *self.running, *self.ladder}
        return min((each for each in tried if each > 0.0), default=1.0)

    def _wants_weaker(self) -> bool:
        """Whether all that can be tried above is silent, and too little below was tried."""
        is_up_done = math.isfinite(self.broken) or self.below >= self.most
        return (
            math.isinf(self.above)
            and self.floor == 0.0
            and is_up_done
            and self._weakest() * self.most > 1.0
        )

    def _may_have_blocked(self) -> bool:
        """Whether one is silent below an active one, and too little below it was tried to know that
        it is not above another."""
        return (
            0.0 < self.below < self.above < math.inf
            and self.floor == 0.0
            and self._weakest() > min(self.bottom * _DEEP, _GROWTH**-_STEPS_DOWN)
        )

    def _doubtful(self) -> float:
        """The largest that was silent, and is to be so until the end before that counts; 0 if there
        is none. Where nothing is active, that is so of all of them: strong ones may block."""
        counts = self.silent if math.isinf(self.above) else {self.below}
        return max((each for each in counts - self.certain if each > self.floor), default=0.0)

    def _may_be_lower(self) -> bool:
        """Whether a weaker run may yet turn out to be active."""
        return any(0.0 < each < self.below for each in self.running)

    def _conclude(self) -> None:
        """The bracket from what is known, and whether the search is over."""
        if self.status is not None:
            return
        # What was silent until an early horizon and active until a later one is active.
        self.silent.difference_update(self.active)
        self.above = min(self.active, default=math.inf)
        self.below = max((each for each in self.silent if each < self.above), default=self.floor)
        if 0.0 < self.below < self.bottom and math.isfinite(self.above):
            self.bottom = self.below
        self.silent_above = min(
            (each for each in self.silent if each > self.above), default=math.inf
        )
        if self.above == 0.0:
            self.status = ThresholdStatus.ALWAYS
            self.message = self.criterion.met_without
        elif self._wants_weaker() or (math.isinf(self.above) and self._may_be_lower()):
            return
        elif math.isinf(self.above) and self.below >= self.most and not self._doubtful():
            self.status = ThresholdStatus.NO_RESPONSE
            self.message = f"{self.criterion.unmet} up to {self.given * self.most:g} {self.unit}"
        elif self.broken <= _NOTHING:
            self.status = ThresholdStatus.DIVERGED
        elif self.broken <= self.below * (1.0 + self.rtol):
            if not self._doubtful():
                self.status = ThresholdStatus.DIVERGED
                self.message = (
                    f"{self.criterion.unmet} up to {self.given * self.below:.5g} {self.unit}, and "
                    f"from {self.given * self.broken:.5g} on {self.message}"
                )
        elif self.is_narrow and self.below in self.certain and not self._may_have_blocked():
            self.status = ThresholdStatus.FOUND
        elif math.isfinite(self.above):
            seen_ms = self.active[self.above] - self.end_ms
            wanted_ms = self.end_ms + _PATIENCE * max(seen_ms, 0.0) + _LEAST_WAIT_ms
            if not self.criterion.needs_whole_runs:
                self.horizon_ms = min(self.t_stop_ms, wanted_ms)

    def threshold(self) -> Threshold:
        is_found = self.status is ThresholdStatus.FOUND
        factor = self.above if is_found else math.nan
        silent_above = self.silent_above if math.isfinite(self.silent_above) else math.nan
        return Threshold(
            status=self.status or ThresholdStatus.INTERRUPTED,
            amplitude=factor * self.given,
            unit=self.unit,
            factor=factor,
            bracket=(
                self.below * self.given,
                self.above * self.given if math.isfinite(self.above) else math.nan,
            ),
            silent_above=silent_above * self.given,
            runs=self.runs,
            message="" if is_found else self.message,
        )


def run_searches(
    searches: Sequence[Search],
    progress: Callable[[float], None] | None = None,
    on_row: Callable[[int, Threshold], None] | None = None,
) -> bool:
    """Takes all searches to their ends; False if Ctrl-C came before."""
    groups: dict[int, list[tuple[int, Search]]] = {}
    for k, search in enumerate(searches):
        groups.setdefault(id(search.batch), []).append((k, search))

    def tell(k: int) -> None:
        if on_row is not None:
            on_row(k, searches[k].threshold())
        if progress is not None:
            progress(sum(each.status is not None for each in searches) / len(searches))

    return all(_run_group(group, tell) for group in groups.values())


def _share(search: Search, searches: int) -> int:
    """How many lanes each of so many searches has."""
    lanes = search.batch.lanes(search.target, (search.stimulus, *search.background))
    return max(1, lanes // searches)


def _run_group(numbered: Sequence[tuple[int, Search]], tell: Callable[[int], None]) -> bool:
    """Those that share a batch. Calls `tell` with the number of each that is over."""
    searches = [search for _, search in numbered]
    batch = searches[0].batch
    is_alone = batch.are_sooner_alone([each.target for each in searches])
    entries = [
        (k, factor, search.horizon_ms)
        for k, search in enumerate(searches)
        for factor in search.begin(1 if is_alone else _share(search, len(searches)))
    ]
    running = [(factor, until_ms) for _, factor, until_ms in entries]

    def after(entry: int, answer: Answer) -> tuple[float, float] | None:
        number, search = numbered[entries[entry][0]]
        was_open = search.status is None
        search.note(*running[entry], answer)
        if was_open and search.status is not None:
            tell(number)
        asked = search.next()
        if asked is not None:
            running[entry] = asked
        return asked

    return batch.search(
        [(search.target, (search.stimulus,), search.background) for search in searches],
        entries,
        after,
    )
