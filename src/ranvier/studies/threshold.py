"""How strong a stimulus must be: brackets cut in many places at once, many fibres at once."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from ranvier.batch import Answer, Batch, Target
from ranvier.errors import ModelError, SearchInterrupted
from ranvier.fibers._fiber import Fiber
from ranvier.results import Status
from ranvier.run import several
from ranvier.studies.activation import Activation

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ranvier.discretisation import Discretisation, Mesh
    from ranvier.drive import Drive
    from ranvier.methods import Method
    from ranvier.stimuli import Stimulus
    from ranvier.stimuli._stimulus import Injection

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
#: Where a fibre has one lane only, strides grow as well, up to this.
_LARGEST_STRIDE = 16.0


class ThresholdStatus(StrEnum):
    FOUND = "found"
    NO_RESPONSE = "no_response"
    ALWAYS = "always"
    DIVERGED = "diverged"
    FAILED = "failed"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Threshold:
    """The smallest amplitude that was seen to activate a fibre, or the reason why there is none.

    `bracket` holds the largest amplitude below it that was seen not to activate, and it; the true
    threshold, of this model, method and criterion, is in between. Amplitudes are those of the
    (first) stimulus, in `unit`, with its sign; `factor` is how many times as strong as given it was
    at the threshold. `silent_above` is the smallest amplitude above the threshold that was seen not
    to activate, as happens where strong currents block; NaN if there was none.

    Statuses: "no_response" (not even the strongest amplitude that was asked for did), "always"
    (active without the stimulus), "diverged" (runs that were needed blew up), "failed" (no resting
    state), "interrupted" (Ctrl-C). Then the amplitude is NaN, and the bracket is what is known.
    """

    status: ThresholdStatus
    amplitude: float
    unit: str
    factor: float
    bracket: tuple[float, float]
    silent_above: float
    runs: int
    message: str = ""

    def __str__(self) -> str:
        if self.status is ThresholdStatus.FOUND:
            below = self.bracket[0]
            return (
                f"threshold {self.amplitude:.5g} {self.unit} (above {below:.5g}; {self.runs} runs)"
            )
        return f"no threshold: {self.status} ({self.message}; {self.runs} runs)"


@dataclass(frozen=True, slots=True, eq=False)
class Thresholds(Sequence[Threshold]):
    """One threshold per fibre, in order, with the columns as arrays (n,), and what it took."""

    rows: tuple[Threshold, ...]
    runs: int
    wall_s: float

    def __getitem__(self, index):  # type: ignore[no-untyped-def]  # int or slice, as of a tuple
        return self.rows[index]

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Threshold]:
        return iter(self.rows)

    @property
    def amplitude(self) -> NDArray[np.float64]:
        """NaN where none was found."""
        return np.array([row.amplitude for row in self.rows])

    @property
    def bracket(self) -> NDArray[np.float64]:
        """(n, 2)."""
        return np.array([row.bracket for row in self.rows]).reshape(-1, 2)

    @property
    def status(self) -> NDArray[np.str_]:
        return np.array([str(row.status) for row in self.rows])

    def __repr__(self) -> str:
        found = sum(row.status is ThresholdStatus.FOUND for row in self.rows)
        return f"<Thresholds: {found} of {len(self)} found, {self.runs} runs, {self.wall_s:.3g} s>"


def find_threshold(
    target: Target,
    stimulus: Stimulus | Sequence[Stimulus],
    *,
    activation: Activation | None = None,
    rtol: float = 1e-3,
    most: float = 1000.0,
    t_stop_ms: float | None = None,
    method: Method | None = None,
    mesh: Mesh | None = None,
    solver: str = "auto",
    precision: str = "double",
    threads: int | None = None,
) -> Threshold:
    """How strong `stimulus` must be to activate the fibre: `find_thresholds` of one."""
    stimuli = tuple(several(stimulus))
    (found,) = find_thresholds(
        [target],
        [stimuli],
        activation=activation,
        rtol=rtol,
        most=most,
        t_stop_ms=t_stop_ms,
        method=method,
        mesh=mesh,
        solver=solver,
        precision=precision,
        threads=threads,
    )
    return found


def find_thresholds(
    targets: Sequence[Target],
    stimuli: Stimulus | Sequence[Stimulus | Sequence[Stimulus]],
    *,
    activation: Activation | None = None,
    rtol: float = 1e-3,
    most: float = 1000.0,
    t_stop_ms: float | None = None,
    method: Method | None = None,
    mesh: Mesh | None = None,
    solver: str = "auto",
    precision: str = "double",
    threads: int | None = None,
    progress: Callable[[float], None] | None = None,
) -> Thresholds:
    """How strong a stimulus must be to activate each fibre, all searched side by side.

    `stimuli` is one stimulus for all, or one entry for each fibre, itself a stimulus or a sequence
    of them that grow together. The amplitude given is where the search begins, and its sign stays;
    the nearer to the threshold, the fewer runs. Brackets grow by 2 until they hold, up to `most`
    times the given amplitude, and are then cut until their ends differ by less than `rtol`. The
    core runs eight side by side: a single fibre is in all eight lanes, each of which takes up the
    next amplitude as soon as it knows the answer to its last. Of several thresholds, as where
    strong currents block, the lowest that shows is found.

    `activation` says what counts (`Activation()`: a spike has propagated). A run ends when that is
    seen. Otherwise it goes on to twice the time at which weak spikes have come (half of the whole
    before one has), and, where it counts, at the lower end of the bracket, to `t_stop_ms`: by
    default the end of the stimulus and then as long as the fibre says that its spike needs
    (`Fiber.t_stop_ms`); a model has to be given one. The rest is as in `simulate`. `progress` is
    called with the share of fibres that are done.

    A fibre without a threshold is a row with a status. Raises ModelError, before anything runs, for
    what cannot be run at all, ValueError for an `rtol` or a `most` that is no use. On Ctrl-C raises
    SearchInterrupted, whose `found` has every fibre, those that were found whole.
    """
    started_s = time.perf_counter()
    if not (math.isfinite(rtol) and 1e-9 <= rtol < 1):
        raise ValueError(f"rtol: is {rtol:g}, expected 1e-9 to below 1")
    if not (math.isfinite(most) and most >= 1):
        raise ValueError(f"most: is {most:g}, expected 1 or more")
    each_stimuli = _entries(targets, stimuli)
    criterion = activation or Activation()
    searches = _searches(
        targets,
        each_stimuli,
        criterion,
        rtol=rtol,
        most=most,
        t_stop_ms=_t_stop_ms(targets, each_stimuli) if t_stop_ms is None else t_stop_ms,
        method=method,
        mesh=mesh,
        solver=solver,
        precision=precision,
        threads=threads,
    )
    groups: dict[int, list[_Search]] = {}
    for search in searches:
        groups.setdefault(id(search.batch), []).append(search)
    is_whole = all(
        _run_group(group, lambda: _tell(progress, searches)) for group in groups.values()
    )
    found = Thresholds(
        tuple(each.threshold() for each in searches),
        runs=sum(each.runs for each in searches),
        wall_s=time.perf_counter() - started_s,
    )
    if not is_whole:
        raise SearchInterrupted(found)
    return found


def _tell(progress: Callable[[float], None] | None, searches: Sequence[_Search]) -> None:
    if progress is not None:
        progress(sum(each.status is not None for each in searches) / len(searches))


def _run_group(searches: Sequence[_Search], tell: Callable[[], None]) -> bool:
    """Runs those that share a batch to their ends; False if Ctrl-C came before."""
    entries = [
        (k, factor, search.horizon_ms)
        for k, search in enumerate(searches)
        for factor in search.begin(max(1, search.batch.lanes(search.target) // len(searches)))
    ]
    running = [(factor, until_ms) for _, factor, until_ms in entries]

    def after(entry: int, answer: Answer) -> tuple[float, float] | None:
        search = searches[entries[entry][0]]
        search.note(*running[entry], answer)
        if search.status is not None:
            tell()
        asked = search.next()
        if asked is not None:
            running[entry] = asked
        return asked

    return searches[0].batch.search(
        [(search.target, (search.stimulus,)) for search in searches], entries, after
    )


def _entries(
    targets: Sequence[Target], stimuli: Stimulus | Sequence[Stimulus | Sequence[Stimulus]]
) -> list[tuple[Stimulus, ...]]:
    """The stimuli of each fibre. Raises ModelError where they do not fit."""
    if not isinstance(targets, Sequence):
        raise ModelError("targets: is one fibre, expected a sequence (or find_threshold)")
    entries = list(stimuli) if isinstance(stimuli, Sequence) else [stimuli] * len(targets)
    if len(entries) != len(targets):
        raise ModelError(
            f"stimuli: has {len(entries)} entries, expected {len(targets)}, one for each fibre"
        )
    found = [tuple(several(entry)) for entry in entries]
    for k, each in enumerate(found):
        if not each or each[0].amplitude == 0:
            raise ModelError(
                f"fibre {k}: has no stimulus or one of amplitude 0, expected one to begin with"
            )
    return found


def _t_stop_ms(targets: Sequence[Target], stimuli: Sequence[tuple[Stimulus, ...]]) -> float:
    longest_ms = 0.0
    for k, (target, each) in enumerate(zip(targets, stimuli, strict=True)):
        if not isinstance(target, Fiber):
            raise ModelError(
                f"fibre {k}: is a bare model, expected t_stop_ms to say how long its spike needs"
            )
        end_ms = max(stimulus.end_ms for stimulus in each)
        longest_ms = max(longest_ms, end_ms + target.t_stop_ms)
    return longest_ms


def _searches(
    targets: Sequence[Target],
    stimuli: Sequence[tuple[Stimulus, ...]],
    criterion: Activation,
    *,
    rtol: float,
    most: float,
    t_stop_ms: float,
    method: Method | None,
    mesh: Mesh | None,
    solver: str,
    precision: str,
    threads: int | None,
) -> list[_Search]:
    """One for each fibre. Those that are watched in the same compartments share a batch."""
    from ranvier.methods import Method as DefaultMethod
    from ranvier.run import discretised

    batches: dict[bytes, Batch] = {}
    grids: dict[int, Discretisation] = {}
    searches = []
    for k, (target, each) in enumerate(zip(targets, stimuli, strict=True)):
        try:
            if id(target) not in grids:
                grids[id(target)] = discretised(target, mesh)
            grid = grids[id(target)]
            compartments = criterion.compartments(target, grid)
            key = compartments.tobytes()
            if key not in batches:
                batches[key] = Batch(
                    probes=(),
                    t_stop_ms=t_stop_ms,
                    method=method or DefaultMethod(),
                    mesh=mesh,
                    detect=(criterion.detector(compartments),),
                    velocity_sites=None,
                    stop_when=compartments.tolist() if criterion.ends_the_run else None,
                    solver=solver,
                    precision=precision,
                    threads=threads,
                )
            batches[key].lay(target, grid)
            injections = [part for stimulus in each for part in stimulus.injections(grid)]
        except ModelError as error:
            raise ModelError(f"fibre {k}: {error}", error.problems) from error
        searches.append(
            _Search(
                target=target,
                batch=batches[key],
                criterion=criterion,
                stimulus=_Placed(injections),  # type: ignore[arg-type]
                compartments=compartments,
                given=each[0].amplitude,
                unit=each[0].unit,
                rtol=rtol,
                most=most,
                t_stop_ms=t_stop_ms,
                end_ms=max(stimulus.end_ms for stimulus in each),
            )
        )
    return searches


@dataclass(frozen=True, slots=True)
class _Placed:
    """What a search stimulates with, worked out."""

    injections: Sequence[Injection]

    def lower(self, discretisation: object) -> list[Drive]:
        return [each.drive(1.0) for each in self.injections]


@dataclass(eq=False, kw_only=True)
class _Search:
    """Where the search of one fibre stands, in factors of the amplitude that was given."""

    target: Target
    batch: Batch
    criterion: Activation
    stimulus: Stimulus
    compartments: NDArray[np.int32]  # where the criterion looks
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
    silent_above: float = math.inf
    stride: float = _GROWTH
    was_without: bool = False  # whether the run without the stimulus was made
    running: dict[float, float] = field(default_factory=dict)  # until when
    ladder: set[float] = field(default_factory=set)  # with what it began
    silent: set[float] = field(default_factory=set)
    certain: set[float] = field(default_factory=set)  # of these, which were so until t_stop_ms
    active: dict[float, float] = field(default_factory=dict)  # when that was certain, in ms
    broken: float = math.inf  # the smallest whose run diverged
    status: ThresholdStatus | None = None
    message: str = ""
    runs: int = 0

    def begin(self, lanes: int) -> list[float]:
        """The factors to try first, at most one in each lane, until `horizon_ms`."""
        self.lanes = lanes
        self.horizon_ms = self.end_ms + _FIRST_WAIT * (self.t_stop_ms - self.end_ms)
        asked = _GROWTH ** (np.arange(lanes) - float((lanes - 1) // 2))
        self.ladder = {float(each) for each in np.minimum(asked, self.most)}
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
        if self.is_narrow or (math.isinf(ceiling) and self.below >= self.most):
            # Silent until the horizon, and for all that is known, a spike may come later.
            return self.below, self.t_stop_ms
        flying = sorted(each for each in self.running if self.below < each < ceiling)
        if math.isinf(ceiling):
            farthest = max(self.below, *flying) if flying else self.below
            return min(farthest * self._stride(), self.most), self.horizon_ms
        low = self.below
        if low == 0.0:
            # Strong ones answer first: of the first ones the strongest that has not is the best
            # guess at one that never will.
            low = max((each for each in flying if each in self.ladder), default=0.0)
        if low == 0.0:
            if not self.was_without:
                self.was_without = True
                return 0.0, self.horizon_ms
            return min(ceiling, *flying, math.inf) / self._stride(), self.horizon_ms
        edges = np.array([low, *(each for each in flying if each > low), ceiling])
        ratios = edges[1:] / edges[:-1]
        widest = int(ratios.argmax())
        if ratios[widest] <= 1.0 + self.rtol:
            return None
        half = math.sqrt(ratios[widest])
        # Of the last cut whole runs spare one afterwards.
        is_last = half <= 1.0 + self.rtol
        return float(edges[widest] * half), self.t_stop_ms if is_last else self.horizon_ms

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
        if self.running.get(factor) == until_ms:
            del self.running[factor]
        counts = np.bincount(answer.crossings, minlength=int(self.compartments.max()) + 1)
        if answer.status is Status.FAILED:
            self.status, self.message = ThresholdStatus.FAILED, answer.message
        elif answer.status is Status.STOPPED or self.criterion.is_enough(counts[self.compartments]):
            self.active[factor] = answer.t_ms
        elif answer.status is Status.DIVERGED:
            self.broken = min(self.broken, factor)
            self.message = answer.message
        else:
            self.silent.add(factor)
            if until_ms == self.t_stop_ms:
                self.certain.add(factor)
        self._conclude()

    def _conclude(self) -> None:
        """The bracket from what is known, and whether the search is over."""
        if self.status is not None:
            return
        # What was silent until an early horizon and active until a later one is active.
        self.silent.difference_update(self.active)
        self.above = min(self.active, default=math.inf)
        self.below = max((each for each in self.silent if each < self.above), default=0.0)
        self.silent_above = min(
            (each for each in self.silent if each > self.above), default=math.inf
        )
        if self.above == 0.0:
            self.status = ThresholdStatus.ALWAYS
            self.message = "active without the stimulus"
        elif math.isinf(self.above) and self.below >= self.most and self.below in self.certain:
            self.status = ThresholdStatus.NO_RESPONSE
            self.message = f"silent up to {self.given * self.most:g} {self.unit}"
        elif self.broken <= max(self.below * (1.0 + self.rtol), _NOTHING):
            self.status = ThresholdStatus.DIVERGED
        elif self.is_narrow and self.below in self.certain:
            self.status = ThresholdStatus.FOUND
        elif math.isfinite(self.above):
            seen_ms = self.active[self.above] - self.end_ms
            wanted_ms = self.end_ms + _PATIENCE * max(seen_ms, 0.0) + _LEAST_WAIT_ms
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
