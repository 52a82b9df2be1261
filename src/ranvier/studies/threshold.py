"""How strong a stimulus must be: brackets cut in many places at once, many fibres at once."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from ranvier.batch import Batch, Target
from ranvier.errors import ModelError, SearchInterrupted
from ranvier.fibers._fiber import Fiber
from ranvier.methods import Method
from ranvier.run import check_t_stop, discretised, several
from ranvier.stimuli._points import attached
from ranvier.studies.activation import Activation, Block, Criterion, Silence
from ranvier.studies.search import Search, run_searches
from ranvier.studies.threshold_result import Threshold, Thresholds, ThresholdStatus

if TYPE_CHECKING:
    from ranvier.discretisation import Discretisation, Mesh
    from ranvier.drive import Drive
    from ranvier.stimuli import Stimulus
    from ranvier.stimuli._points import PointProcess


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
    the nearer to the threshold, the fewer runs. Brackets grow by 2, and far from it by more, until
    they hold, up to `most` times the given amplitude and, where all of those are silent, down to as
    small a part of it; and are then cut until their ends differ by less than `rtol`. What was given
    may be silent because it blocks, so half, a quarter and an eighth of it are tried as well. The
    core runs eight fibres side by side, and a few that are long enough one by one. Of several
    thresholds, as where strong currents block, the lowest that shows is found.

    `activation` says what counts (`Activation()`: a spike has propagated; `Block`: a test spike has
    not). A run ends when that is seen. Otherwise it goes on to twice the time at which weak spikes
    have come (half of the whole before one has), and, where it counts, at the lower end of the
    bracket, to `t_stop_ms`: by default the end of the stimuli and then as long as the fibre says
    that its spike needs (`Fiber.t_stop_ms`); a model has to be given one. `background` acts besides
    and stays as it is, such as a pulse that went before; it is given as `stimuli` are, `()` for
    none.

    With `upper` the search goes on above each threshold, for where the fibre falls silent again.
    With `error` each threshold is found again at finer steps, to 1e-5, and has a limit and an error
    bar (`threshold_errors`); of the mesh `converge` knows. The rest is as in `simulate`. `progress`
    is called with the share of fibres that are done, and `on_row` with each as soon as it is.

    A fibre without a threshold is a row with a status. Raises ModelError, before anything runs, for
    what cannot be run at all, as a stimulus that ends after the run, ValueError for an `rtol` or a
    `most` that is no use. On Ctrl-C raises SearchInterrupted, whose `found` has every fibre.
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

    def so_far(rows: Sequence[Threshold]) -> Thresholds:
        return Thresholds(
            tuple(rows),
            runs=sum(row.runs for row in rows),
            wall_s=time.perf_counter() - started_s,
        )

    is_whole = run_searches(searches, progress, on_row if is_last else None)
    found = [each.threshold() for each in searches]
    if is_whole and upper and isinstance(criterion, Activation):
        found, is_whole = _with_upper(found, prepared, criterion)
    if not is_whole:
        raise SearchInterrupted(so_far(found))
    if error:
        from ranvier.studies.threshold_errors import with_errors

        try:
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
        except SearchInterrupted:
            raise SearchInterrupted(so_far(found)) from None
    if on_row is not None and not is_last:
        for k, row in enumerate(found):
            on_row(k, row)
    return so_far(found)


def _with_upper(
    found: Sequence[Threshold], prepared: _Prepared, activation: Activation
) -> tuple[list[Threshold], bool]:
    """The same rows with the thresholds of falling silent above them; whether all were sought."""
    rows = [k for k, row in enumerate(found) if row.status is ThresholdStatus.FOUND]
    searches = prepared.searches(Silence(activation=activation), rows)
    for search, k in zip(searches, rows, strict=True):
        search.begin_at(found[k].factor)
    is_whole = run_searches(searches)
    upper = {k: search.threshold() for k, search in zip(rows, searches, strict=True)}
    return [
        replace(row, upper=upper[k], runs=row.runs + upper[k].runs) if k in upper else row
        for k, row in enumerate(found)
    ], is_whole


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
        check_t_stop(t_stop_ms)
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
    grids: dict[int, Discretisation] = field(default_factory=dict)  # by id of the target

    def grid_of(self, target: Target) -> Discretisation:
        if id(target) not in self.grids:
            self.grids[id(target)] = discretised(target, self.mesh)
        return self.grids[id(target)]

    def searches(self, criterion: Criterion, rows: Sequence[int] | None = None) -> list[Search]:
        """One for each fibre, or for those of `rows`. Those that are watched in the same
        compartments share a batch."""
        batches: dict[bytes, Batch] = {}
        asked = range(len(self.targets)) if rows is None else rows
        return [self._search(k, criterion, batches) for k in asked]

    def _search(self, k: int, criterion: Criterion, batches: dict[bytes, Batch]) -> Search:
        target, each = self.targets[k], self.stimuli[k]
        try:
            grid = self.grid_of(target)
            compartments = criterion.compartments(target, grid)
            key = compartments.tobytes()
            if key not in batches:
                batches[key] = Batch(
                    probes=(),
                    t_stop_ms=max(self.t_stops_ms),
                    method=self.method or Method(),
                    mesh=self.mesh,
                    detect=(criterion.detector(compartments),),
                    velocity_sites=(),  # of which nobody asks
                    stop_when=compartments.tolist() if criterion.ends_the_run else None,
                    solver=self.solver,
                    precision=self.precision,
                    threads=self.threads,
                )
            batches[key].lay(target, grid)
            drives = [drive for stimulus in each for drive in _in_proportion(stimulus, grid)]
            attached(grid, self.background[k])  # which refuses what does not fit
            for stimulus in self.background[k]:
                stimulus.lower(grid)
            criterion.check(self.t_stops_ms[k])
        except ModelError as error:
            raise ModelError(f"fibre {k}: {error}", error.problems) from error
        return Search(
            target=target,
            batch=batches[key],
            criterion=criterion,
            stimulus=_Placed(drives),  # type: ignore[arg-type]
            background=self.background[k],
            given=each[0].amplitude,
            unit=each[0].unit,
            rtol=self.rtol,
            most=self.most,
            t_stop_ms=self.t_stops_ms[k],
            end_ms=max(stimulus.end_ms for stimulus in each),
        )


def _in_proportion(stimulus: Stimulus, grid: Discretisation) -> list[Drive]:
    """Raises ModelError for one whose current does not go with its amplitude."""
    if stimulus.points(grid):
        kind = type(stimulus).__name__
        raise ModelError(
            f"stimulus {kind}: is a conductance, expected currents in proportion to an amplitude"
        )
    return stimulus.lower(grid)


@dataclass(frozen=True, slots=True)
class _Placed:
    """What acts in a search, worked out once."""

    drives: Sequence[Drive]

    def lower(self, discretisation: object) -> Sequence[Drive]:
        return self.drives

    def points(self, discretisation: object) -> list[PointProcess]:
        return []
