"""How strong a stimulus must be: brackets cut in many places at once, many fibres at once."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from ranvier.batch import Batch, Target
from ranvier.errors import ModelError
from ranvier.fibers._fiber import Fiber
from ranvier.results import Result, Status
from ranvier.run import several
from ranvier.studies.activation import Activation, Block, Criterion, Silence
from ranvier.studies.threshold_result import Threshold, Thresholds, ThresholdStatus

if TYPE_CHECKING:
    from ranvier.discretisation import Mesh
    from ranvier.drive import Drive
    from ranvier.methods import Method
    from ranvier.stimuli import Stimulus
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


def find_threshold(
    target: Target,
    stimulus: Stimulus | Sequence[Stimulus],
    *,
    background: Stimulus | Sequence[Stimulus] = (),
    activation: Activation | Block | None = None,
    rtol: float = 1e-3,
    most: float = 1000.0,
    upper: bool = False,
    error: bool = False,
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
        background=[tuple(several(background))],
        activation=activation,
        upper=upper,
        error=error,
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
    background: Stimulus | Sequence[Stimulus | Sequence[Stimulus]] = (),
    activation: Activation | Block | None = None,
    rtol: float = 1e-3,
    most: float = 1000.0,
    upper: bool = False,
    error: bool = False,
    t_stop_ms: float | Sequence[float] | None = None,
    method: Method | None = None,
    mesh: Mesh | None = None,
    solver: str = "auto",
    precision: str = "double",
    threads: int | None = None,
    progress: Callable[[float], None] | None = None,
    on_row: Callable[[int, Threshold], None] | None = None,
) -> Thresholds:
    """How strong a stimulus must be to activate each fibre, all searched side by side.

    `stimuli` is one stimulus for all, or one entry for each fibre, itself a stimulus or a sequence
    of them that grow together. The amplitude given is where the search begins, and its sign stays;
    the nearer to the threshold, the fewer runs. Brackets grow by 2 until they hold, up to `most`
    times the given amplitude, and are then cut until their ends differ by less than `rtol`, in
    eight places at once for a single fibre and in one for eight or more: the core runs eight side
    by side. Of several thresholds, as where strong currents block, the lowest that shows is found.

    `activation` says what counts (`Activation()`: a spike has propagated; `Block`: a test spike has
    not). A run ends when that is seen. Otherwise it goes on to twice the time at which weak spikes
    have come, and, where it counts, at the lower end of the bracket, to `t_stop_ms`: by default the
    end of the stimuli and then as long as the fibre says that its spike needs (`Fiber.t_stop_ms`);
    a model has to be given one. `background` acts besides and stays as it is, such as a pulse that
    went before; it is given as `stimuli` are, `()` for none.

    With `upper` the search goes on above each threshold, for where the fibre falls silent again.
    With `error` each threshold is found again at finer steps, to 1e-5, and has a limit and an error
    bar (`threshold_errors`); of the mesh `converge` knows. The rest is as in `simulate`. `progress`
    is called with the share of fibres that are done, and `on_row` with each as soon as it is.

    A fibre without a threshold is a row with a status. Raises ModelError, before anything runs, for
    what cannot be run at all, as a stimulus that ends after the run, ValueError for an `rtol` or a
    `most` that is no use.
    """
    started_s = time.perf_counter()
    if not (math.isfinite(rtol) and 1e-9 <= rtol < 1):
        raise ValueError(f"rtol: is {rtol:g}, expected 1e-9 to below 1")
    if not (math.isfinite(most) and most >= 1):
        raise ValueError(f"most: is {most:g}, expected 1 or more")
    each_stimuli = _entries(targets, stimuli)
    criterion = activation or Activation()
    if upper and not isinstance(criterion, Activation):
        raise ValueError("upper: goes with an Activation, expected it left out with a Block")
    prepared = _Prepared(
        targets=targets,
        stimuli=each_stimuli,
        background=_background(targets, background),
        t_stops_ms=_t_stops_ms(targets, each_stimuli, t_stop_ms),
        rtol=rtol,
        most=most,
        method=method,
        mesh=mesh,
        solver=solver,
        precision=precision,
        threads=threads,
    )
    searches = prepared.searches(criterion)
    is_last = not upper and not error
    rounds = _search(searches, progress, on_row if is_last else None)
    found = [each.threshold() for each in searches]
    if upper and isinstance(criterion, Activation):
        found, more = _with_upper(found, prepared, criterion)
        rounds += more
    if error:
        from ranvier.studies.threshold_errors import with_errors

        found = with_errors(
            found,
            targets,
            each_stimuli,
            background=prepared.background,
            activation=criterion,
            t_stop_ms=prepared.t_stops_ms,
            method=method,
            mesh=mesh,
            solver=solver,
            precision=precision,
            threads=threads,
        )
    if on_row is not None and not is_last:
        for k, row in enumerate(found):
            on_row(k, row)
    return Thresholds(
        tuple(found),
        runs=sum(row.runs for row in found),
        rounds=rounds,
        wall_s=time.perf_counter() - started_s,
    )


def _search(
    searches: Sequence[_Search],
    progress: Callable[[float], None] | None = None,
    on_row: Callable[[int, Threshold], None] | None = None,
) -> int:
    """Takes all searches to their ends, side by side; the number of rounds."""
    rounds = 0
    while open_ones := [(k, each) for k, each in enumerate(searches) if each.status is None]:
        rounds += 1
        per_fibre = max(1, math.ceil(_LANES / len(open_ones)))
        by_batch: dict[int, list[tuple[_Search, float]]] = {}
        for _, search in open_ones:
            asked = [(search, factor) for factor in search.ask(per_fibre)]
            by_batch.setdefault(id(search.batch), []).extend(asked)
        for group in by_batch.values():
            results = group[0][0].batch.simulate(
                [(search.target, (search.stimulus(factor),), None) for search, factor in group],
                t_stops_ms=[search.horizon_ms for search, _ in group],
            )
            for (search, factor), result in zip(group, results, strict=True):
                search.note(factor, result)
        for k, each in open_ones:
            each.conclude()
            if each.status is not None and on_row is not None:
                on_row(k, each.threshold())
        if progress is not None:
            progress(sum(each.status is not None for each in searches) / len(searches))
    return rounds


def _with_upper(
    found: Sequence[Threshold], prepared: _Prepared, activation: Activation
) -> tuple[list[Threshold], int]:
    """The same rows with the thresholds of falling silent above them; the number of rounds."""
    rows = [k for k, row in enumerate(found) if row.status is ThresholdStatus.FOUND]
    searches = prepared.searches(Silence(activation=activation), rows)
    for search, k in zip(searches, rows, strict=True):
        search.begin_at(found[k].factor)
    rounds = _search(searches)
    upper = {k: search.threshold() for k, search in zip(rows, searches, strict=True)}
    return [
        replace(row, upper=upper[k], runs=row.runs + upper[k].runs) if k in upper else row
        for k, row in enumerate(found)
    ], rounds


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


def _background(
    targets: Sequence[Target], background: Stimulus | Sequence[Stimulus | Sequence[Stimulus]]
) -> list[tuple[Stimulus, ...]]:
    """What acts on each fibre besides. Raises ModelError where it does not fit."""
    if not isinstance(background, Sequence):
        return [(background,)] * len(targets)
    if len(background) not in (0, len(targets)):
        raise ModelError(
            f"background: has {len(background)} entries, expected {len(targets)}, one for each "
            "fibre"
        )
    return [tuple(several(entry)) for entry in background] or [()] * len(targets)


def _t_stops_ms(
    targets: Sequence[Target],
    stimuli: Sequence[tuple[Stimulus, ...]],
    given_ms: float | Sequence[float] | None,
) -> list[float]:
    """When the runs of each fibre end. Raises ModelError for one that ends before its stimulus."""
    if isinstance(given_ms, Sequence | np.ndarray) and len(given_ms) != len(targets):
        raise ModelError(f"t_stop_ms: has {len(given_ms)} entries, expected {len(targets)}")
    t_stops_ms = []
    for k, (target, each) in enumerate(zip(targets, stimuli, strict=True)):
        end_ms = max(stimulus.end_ms for stimulus in each)
        if isinstance(given_ms, Sequence | np.ndarray):
            t_stop_ms = float(given_ms[k])
        elif given_ms is not None:
            t_stop_ms = given_ms
        elif isinstance(target, Fiber):
            t_stop_ms = end_ms + target.t_stop_ms
        else:
            raise ModelError(
                f"fibre {k}: is a bare model, expected t_stop_ms to say how long its spike needs"
            )
        if t_stop_ms < end_ms:
            raise ModelError(
                f"fibre {k}: the stimulus ends at {end_ms:g} ms, expected the run not to end "
                f"before, at t_stop_ms = {t_stop_ms:g}"
            )
        t_stops_ms.append(t_stop_ms)
    return t_stops_ms


@dataclass(frozen=True, eq=False, kw_only=True)
class _Prepared:
    """What was asked, checked but for the criterion."""

    targets: Sequence[Target]
    stimuli: Sequence[tuple[Stimulus, ...]]
    background: Sequence[tuple[Stimulus, ...]]
    t_stops_ms: Sequence[float]
    rtol: float
    most: float
    method: Method | None
    mesh: Mesh | None
    solver: str
    precision: str
    threads: int | None

    def searches(self, criterion: Criterion, rows: Sequence[int] | None = None) -> list[_Search]:
        """One for each fibre, or for those of `rows`. Those that are watched in the same
        compartments share a batch."""
        batches: dict[bytes, Batch] = {}
        asked = range(len(self.targets)) if rows is None else rows
        return [self._search(k, criterion, batches) for k in asked]

    def _search(self, k: int, criterion: Criterion, batches: dict[bytes, Batch]) -> _Search:
        from ranvier.methods import Method as DefaultMethod
        from ranvier.run import discretised

        target, each = self.targets[k], self.stimuli[k]
        try:
            compartments = criterion.compartments(target, discretised(target, self.mesh))
            key = compartments.tobytes()
            if key not in batches:
                batches[key] = Batch(
                    probes=(),
                    t_stop_ms=max(self.t_stops_ms),
                    method=self.method or DefaultMethod(),
                    mesh=self.mesh,
                    detect=(criterion.detector(compartments),),
                    velocity_sites=None,
                    stop_when=compartments.tolist() if criterion.ends_the_run else None,
                    solver=self.solver,
                    precision=self.precision,
                    threads=self.threads,
                )
            grid = batches[key].discretisation(target)
            injections = [part for stimulus in each for part in stimulus.injections(grid)]
            fixed = [drive for stimulus in self.background[k] for drive in stimulus.lower(grid)]
        except ModelError as error:
            raise ModelError(f"fibre {k}: {error}", error.problems) from error
        return _Search(
            target=target,
            batch=batches[key],
            criterion=criterion,
            injections=injections,
            fixed=fixed,
            given=each[0].amplitude,
            unit=each[0].unit,
            rtol=self.rtol,
            most=self.most,
            t_stop_ms=self.t_stops_ms[k],
            horizon_ms=self.t_stops_ms[k],
            end_ms=max(stimulus.end_ms for stimulus in each),
        )


@dataclass(frozen=True, slots=True)
class _Scaled:
    """What a search stimulates with: worked out once, and only multiplied from run to run."""

    injections: Sequence[Injection]
    factor: float
    fixed: Sequence[Drive]

    def lower(self, discretisation: object) -> list[Drive]:
        return [*(each.drive(self.factor) for each in self.injections), *self.fixed]


@dataclass(eq=False, kw_only=True)
class _Search:
    """Where the search of one fibre stands, in factors of the amplitude that was given."""

    target: Target
    batch: Batch
    criterion: Criterion
    injections: list[Injection]
    fixed: list[Drive]
    given: float
    unit: str
    rtol: float
    most: float
    t_stop_ms: float
    horizon_ms: float  # until when runs go: less than t_stop_ms once it is known when spikes come
    end_ms: float  # of the stimulus
    below: float = 0.0  # the largest that is known not to activate; 0 was not tried until then
    above: float = math.inf  # the smallest that is known to activate
    floor: float = 0.0  # that of the first `below`
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
        return _Scaled(self.injections, factor, self.fixed)  # type: ignore[return-value]

    def begin_at(self, factor: float) -> None:
        """Looks above a factor that is known not to meet the criterion, and nowhere else."""
        self.floor = self.below = factor
        self.silent.add(factor)
        self.certain.add(factor)

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
        elif self.criterion.is_met(result):
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
        self.below = max((each for each in self.silent if each < self.above), default=self.floor)
        self.silent_above = min(
            (each for each in self.silent if each > self.above), default=math.inf
        )
        if self.above == 0.0:
            self.status = ThresholdStatus.ALWAYS
            self.message = self.criterion.met_without
        elif math.isinf(self.above) and self.below >= self.most:
            self.status = ThresholdStatus.NO_RESPONSE
            self.message = f"{self.criterion.unmet} up to {self.given * self.most:g} {self.unit}"
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
