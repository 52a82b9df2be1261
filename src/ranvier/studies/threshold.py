"""How strong a stimulus must be: brackets cut in many places at once, many fibres at once."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from ranvier.batch import Batch, Target
from ranvier.errors import ModelError
from ranvier.fibers._fiber import Fiber
from ranvier.results import Result, Status
from ranvier.run import several
from ranvier.studies.activation import Activation

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ranvier.discretisation import Discretisation, Mesh
    from ranvier.drive import Drive
    from ranvier.methods import Method
    from ranvier.stimuli import Stimulus
    from ranvier.stimuli._points import PointProcess
    from ranvier.stimuli._stimulus import Injection

#: How many runs the core takes through its lanes at once.
_LANES = 8
#: From one amplitude to the next while there is no bracket.
_GROWTH = 2.0
#: A run near threshold goes on for so many times as long after the stimulus as the weakest active
#: one took, and at least so long. The largest silent amplitude is run to the end before it counts.
_PATIENCE = 2.0
_LEAST_WAIT_ms = 0.2
#: Runs that blow up at so small a part of what was given do so whatever is given.
_NOTHING = 1e-9
#: A round of one run per fibre takes longer strides, up to this.
_LARGEST_STRIDE = 16.0


class ThresholdStatus(StrEnum):
    FOUND = "found"
    NO_RESPONSE = "no_response"
    ALWAYS = "always"
    DIVERGED = "diverged"
    FAILED = "failed"


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
    state). Then the amplitude is NaN, and the bracket is what is known.
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
    rounds: int
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
        return (
            f"<Thresholds: {found} of {len(self)} found, {self.runs} runs in {self.rounds} rounds, "
            f"{self.wall_s:.3g} s>"
        )


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
    times the given amplitude, and are then cut until their ends differ by less than `rtol`, in
    eight places at once for a single fibre and in one for eight or more: the core runs eight side
    by side. Of several thresholds, as where strong currents block, the lowest that shows is found.

    `activation` says what counts (`Activation()`: a spike has propagated). A run ends when that is
    seen. Otherwise it goes on to twice the time at which weak spikes have come, and, where it
    counts, at the lower end of the bracket, to `t_stop_ms`: by default the end of the stimulus and
    then as long as the fibre says that its spike needs (`Fiber.t_stop_ms`); a model has to be given
    one. The rest is as in `simulate`. `progress` is called with the share of fibres that are done.

    A fibre without a threshold is a row with a status. Raises ModelError, before anything runs, for
    what cannot be run at all, ValueError for an `rtol` or a `most` that is no use.
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
    rounds = 0
    while open_ones := [each for each in searches if each.status is None]:
        rounds += 1
        per_fibre = max(1, math.ceil(_LANES / len(open_ones)))
        asked = [(each, factor) for each in open_ones for factor in each.ask(per_fibre)]
        by_batch: dict[int, list[tuple[_Search, float]]] = {}
        for search, factor in asked:
            by_batch.setdefault(id(search.batch), []).append((search, factor))
        for group in by_batch.values():
            results = group[0][0].batch.simulate(
                [(search.target, (search.stimulus(factor),), None) for search, factor in group],
                t_stops_ms=[search.horizon_ms for search, _ in group],
            )
            for (search, factor), result in zip(group, results, strict=True):
                search.note(factor, result)
        for each in open_ones:
            each.conclude()
        if progress is not None:
            progress(sum(each.status is not None for each in searches) / len(searches))
    return Thresholds(
        tuple(each.threshold() for each in searches),
        runs=sum(each.runs for each in searches),
        rounds=rounds,
        wall_s=time.perf_counter() - started_s,
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
    searches = []
    for k, (target, each) in enumerate(zip(targets, stimuli, strict=True)):
        try:
            compartments = criterion.compartments(target, discretised(target, mesh))
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
            grid = batches[key].discretisation(target)
            injections = [part for stimulus in each for part in _injections(stimulus, grid)]
        except ModelError as error:
            raise ModelError(f"fibre {k}: {error}", error.problems) from error
        searches.append(
            _Search(
                target=target,
                batch=batches[key],
                criterion=criterion,
                injections=injections,
                given=each[0].amplitude,
                unit=each[0].unit,
                rtol=rtol,
                most=most,
                t_stop_ms=t_stop_ms,
                horizon_ms=t_stop_ms,
                end_ms=max(stimulus.end_ms for stimulus in each),
            )
        )
    return searches


def _injections(stimulus: Stimulus, grid: Discretisation) -> list[Injection]:
    """Raises ModelError for one whose current does not go with its amplitude."""
    if stimulus.points(grid):
        kind = type(stimulus).__name__
        raise ModelError(
            f"stimulus {kind}: is a conductance, expected currents in proportion to an amplitude"
        )
    return stimulus.injections(grid)


@dataclass(frozen=True, slots=True)
class _Scaled:
    """What a search stimulates with: worked out once, and only multiplied from run to run."""

    injections: Sequence[Injection]
    factor: float

    def lower(self, discretisation: object) -> list[Drive]:
        return [each.drive(self.factor) for each in self.injections]

    def points(self, discretisation: object) -> list[PointProcess]:
        return []


@dataclass(eq=False, kw_only=True)
class _Search:
    """Where the search of one fibre stands, in factors of the amplitude that was given."""

    target: Target
    batch: Batch
    criterion: Activation
    injections: list[Injection]
    given: float
    unit: str
    rtol: float
    most: float
    t_stop_ms: float
    horizon_ms: float  # until when runs go: less than t_stop_ms once it is known when spikes come
    end_ms: float  # of the stimulus
    below: float = 0.0  # the largest that is known not to activate; 0 was not tried until then
    above: float = math.inf  # the smallest that is known to activate
    silent_above: float = math.inf
    stride: float = _GROWTH
    was_without: bool = False  # whether the run without the stimulus was made
    silent: set[float] = field(default_factory=set)
    certain: set[float] = field(default_factory=set)  # of these, which were so until t_stop_ms
    active: dict[float, float] = field(default_factory=dict)  # when that was certain, in ms
    broken: float = math.inf  # the smallest whose run diverged
    status: ThresholdStatus | None = None
    message: str = ""
    runs: int = 0

    def stimulus(self, factor: float) -> Stimulus:
        return _Scaled(self.injections, factor)  # type: ignore[return-value]

    def ask(self, count: int) -> list[float]:
        """The next `count` factors to try, or fewer."""
        steps = np.arange(1, count + 1)
        if self.is_narrow:
            # Silent until the horizon, and for all that is known, a spike may come later.
            self.horizon_ms = self.t_stop_ms
            return [self.below]
        ceiling = min(self.above, self.broken)
        if math.isinf(ceiling) and self.below == 0.0:
            asked = _GROWTH ** (steps - 1.0 - (count - 1) // 2)
        elif math.isinf(ceiling):
            asked = self.below * self.stride**steps
        elif self.below == 0.0:
            asked = ceiling * self.stride ** -steps.astype(float)
            if not self.was_without:
                self.was_without = True
                asked[-1] = 0.0
        else:
            ratio = ceiling / self.below
            asked = self.below * ratio ** (steps / (count + 1.0))
            if ratio ** (1.0 / (count + 1.0)) <= 1.0 + self.rtol:
                self.horizon_ms = self.t_stop_ms  # the last cut: whole runs spare one afterwards
        self.stride = min(self.stride * _GROWTH, _LARGEST_STRIDE) if count == 1 else _GROWTH
        return sorted({float(each) for each in np.minimum(asked, self.most)})

    @property
    def is_narrow(self) -> bool:
        return self.below > 0.0 and self.above <= self.below * (1.0 + self.rtol)

    def note(self, factor: float, result: Result) -> None:
        self.runs += 1
        if result.status is Status.FAILED:
            self.status, self.message = ThresholdStatus.FAILED, result.message
        elif result.status is Status.STOPPED or self.criterion.is_met(result):
            self.active[factor] = result.t_stop_ms
        elif result.status is Status.DIVERGED:
            self.broken = min(self.broken, factor)
            self.message = result.message
        else:
            self.silent.add(factor)
            if self.horizon_ms == self.t_stop_ms:
                self.certain.add(factor)

    def conclude(self) -> None:
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
        elif math.isinf(self.above) and self.below >= self.most:
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
            status=self.status or ThresholdStatus.FAILED,
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
