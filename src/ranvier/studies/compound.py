"""The compound action potential of many fibres: the sum of what electrodes see of each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ranvier.analysis import conduction_velocity, layer_probes
from ranvier.batch import simulate_batch
from ranvier.discretisation import discretise
from ranvier.errors import ModelError
from ranvier.fields import Path, StraightPath
from ranvier.methods import Method
from ranvier.responses import Electrodes, Response, named, single_fibre_action_potential
from ranvier.results import Status
from ranvier.studies.table import Picture, StudyTable

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from numpy.typing import ArrayLike, NDArray

    from ranvier.fibers import Fiber
    from ranvier.stimuli import Stimulus


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class CompoundActionPotential:
    """`response` is the sum, `single_uV` (f, m, e) what each of the f fibres adds to it when there
    is one of it, and `table` has a row for each. A fibre whose run did not complete adds nothing,
    and its status says so."""

    response: Response
    single_uV: NDArray[np.float64]
    table: StudyTable

    def plot(self) -> Figure:
        """The sum over time. Raises ImportError without matplotlib."""
        return self.response.plot()


def compound_action_potential(
    fibres: Sequence[Fiber],
    electrodes: Electrodes,
    *,
    stimuli: Sequence[Stimulus | Sequence[Stimulus]] | None = None,
    paths: Sequence[Path] | None = None,
    counts: ArrayLike | None = None,
    t_stop_ms: float | None = None,
    every_ms: float | None = None,
    sources: str = "lines",
    method: Method | None = None,
    threads: int | None = None,
    hold_MB: float = 256.0,
    progress: Callable[[float], None] | None = None,
) -> CompoundActionPotential:
    """What electrodes see of a bundle, as `single_fibre_action_potential` says of one fibre.

    `stimuli` and `paths` have one entry for each fibre; without them each is excited by its own
    default stimulus, and lies along x with its middle at the origin. `counts` says how many there
    are of each (one), whole or not. Fibres do not feel one another. `t_stop_ms` is by default as
    long as the slowest needs; `every_ms`, a whole multiple of the step, the time between samples.
    Runs go through the core in groups whose records fit in `hold_MB`; `single_uV` comes on top.

    The table has the columns diameter_um, count, velocity_m_per_s, peak_to_peak_uV (of one such
    fibre at the first electrode) and status: that of its velocity, or of a run that did not
    complete. Raises ModelError for lengths that disagree, a count that is negative or not finite, a
    method that chooses its steps, an electrode inside a fibre, and what no run could be.
    """
    by_name = named(electrodes)
    n = len(fibres)
    if n == 0:
        raise ModelError("fibres: there are none, expected one or more")
    each_path = [StraightPath()] * n if paths is None else list(paths)
    each_stimulus = [fibre.stimulus for fibre in fibres] if stimuli is None else list(stimuli)
    how_many = np.ones(n) if counts is None else np.asarray(counts, dtype=np.float64)
    for name, found in (("paths", each_path), ("stimuli", each_stimulus), ("counts", how_many)):
        if len(found) != n:
            raise ModelError(f"{name}: has {len(found)} entries, expected {n}, one for each fibre")
    if not (np.isfinite(how_many).all() and (how_many >= 0).all()):
        raise ModelError("counts: one is negative or not finite, expected 0 or more of each fibre")
    method = method or Method()
    if method.is_adaptive:
        raise ModelError(
            f"method: is {method.name!r}, which chooses its steps, expected one of fixed step, so "
            "that fibres are sampled at the same times"
        )
    if not hold_MB > 0:
        raise ModelError(f"hold_MB: is {hold_MB:g}, expected more than 0")
    stop_ms = max(fibre.t_stop_ms for fibre in fibres) if t_stop_ms is None else t_stop_ms
    # Before anything runs: an electrode inside the last fibre would be found after all others.
    for fibre, path in zip(fibres, each_path, strict=True):
        positions = path.positions(discretise(fibre.model, fibre.mesh))
        for field in by_name.values():
            field.along(positions)

    rows: list[dict[str, Any]] = [{}] * n
    single_uV: NDArray[np.float64] | None = None
    t_ms = np.empty(0)
    done = 0
    for group in _groups(fibres, stop_ms / (every_ms or method.dt_ms), hold_MB):
        share = len(group) / n
        results = simulate_batch(
            [fibres[k] for k in group],
            [each_stimulus[k] for k in group],
            layer_probes(fibres[group[0]], every_ms=every_ms),
            t_stop_ms=stop_ms,
            method=method,
            threads=threads,
            progress=_within(progress, done / n, share),
        )
        done += len(group)
        for k, result in zip(group, results, strict=True):
            velocity = conduction_velocity(result)
            is_whole = result.status is Status.COMPLETED
            rows[k] = {
                "velocity_m_per_s": velocity.velocity_m_per_s,
                "peak_to_peak_uV": np.nan,
                "status": str(velocity.status if is_whole else result.status),
                "message": velocity.message if is_whole else result.message,
            }
            if not is_whole:
                continue
            seen = single_fibre_action_potential(
                result, by_name, path=each_path[k], sources=sources
            )
            if single_uV is None:
                t_ms = seen.t_ms
                single_uV = np.zeros((n, *seen.potential_uV.shape))
            single_uV[k] = seen.potential_uV
            rows[k]["peak_to_peak_uV"] = float(seen.peak_to_peak_uV[0])
    if single_uV is None:
        single_uV = np.zeros((n, 0, len(by_name)))
    return CompoundActionPotential(
        response=Response(
            t_ms=t_ms,
            potential_uV=np.tensordot(how_many, single_uV, axes=1),
            electrodes=tuple(by_name),
            title="1 fibre" if how_many.sum() == 1 else f"{how_many.sum():g} fibres",
        ),
        single_uV=single_uV,
        table=_table(fibres, how_many, rows),
    )


def _groups(fibres: Sequence[Fiber], samples: float, hold_MB: float) -> Iterator[list[int]]:
    """Numbers of fibres that are recorded alike and together, few enough for memory."""
    with_sheath: list[int] = []
    without: list[int] = []
    for k, fibre in enumerate(fibres):
        has_sheath = any(section.sheath is not None for section in fibre.model.sections)
        (with_sheath if has_sheath else without).append(k)
    for alike, layers in ((with_sheath, 2), (without, 1)):
        group: list[int] = []
        held_MB = 0.0
        for k in alike:
            compartments = len(discretise(fibres[k].model, fibres[k].mesh))
            # Twice: in the core, and as they are handed over.
            own_MB = 2 * 8e-6 * layers * samples * compartments
            if group and held_MB + own_MB > hold_MB:
                yield group
                group, held_MB = [], 0.0
            group.append(k)
            held_MB += own_MB
        if group:
            yield group


def _within(
    progress: Callable[[float], None] | None, start: float, share: float
) -> Callable[[float], None] | None:
    if progress is None:
        return None
    return lambda fraction: progress(start + share * float(fraction))


def _table(
    fibres: Sequence[Fiber], counts: NDArray[np.float64], rows: Sequence[dict[str, Any]]
) -> StudyTable:
    found = {name: np.array([row[name] for row in rows]) for name in rows[0]}
    return StudyTable(
        study="compound_action_potential",
        columns={
            "diameter_um": np.array([fibre.diameter_um for fibre in fibres]),
            "count": counts,
            **found,
        },
        picture=Picture(x="velocity_m_per_s", y=("peak_to_peak_uV",), joined=False),
    )
