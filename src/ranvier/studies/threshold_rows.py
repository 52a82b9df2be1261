"""Rows of studies that are thresholds: searched side by side, a refusal is a row like any other."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypedDict

import numpy as np

from ranvier.errors import ModelError
from ranvier.fibers._fiber import Fiber
from ranvier.methods import Method
from ranvier.run import discretised
from ranvier.studies.activation import Activation, Block
from ranvier.studies.threshold import find_thresholds
from ranvier.studies.threshold_result import Threshold

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ranvier.batch import Target
    from ranvier.discretisation import Mesh
    from ranvier.stimuli import Stimulus
    from ranvier.studies.collect import Add

#: Of a row whose fibre and stimulus do not go together, such as an electrode inside the fibre.
REFUSED = "refused"
#: So many are searched side by side: enough to fill the lanes of many threads for most of the time.
GROUP = 512
#: What changes how fast an answer comes and not the answer.
_SPEED = ("threads",)


class SearchOptions(TypedDict, total=False):
    """How every study searches, as `find_thresholds` does by default.

    `wait_ms` is how long runs go on after the last stimulus: by default as long as the fibre says
    that its spike needs (`Fiber.t_stop_ms`); a model has to be given it. `error` adds columns:
    where each threshold goes as the time step goes to zero, and how far off that may be.
    """

    activation: Activation | Block | None
    rtol: float
    most: float
    error: bool
    wait_ms: float
    method: Method | None
    mesh: Mesh | None
    solver: str
    precision: str
    threads: int | None


def rows_at(study: str, name: str, values: Sequence[float]) -> NDArray[np.float64]:
    """What the rows of a study are for, (n,). Raises ModelError for none, and for one that is not
    finite and above 0."""
    asked = np.asarray(values, dtype=np.float64)
    if asked.ndim != 1 or not asked.size:
        raise ModelError(f"{study}: {name} has none, expected a list of numbers above 0")
    wrong = asked[~(np.isfinite(asked) & (asked > 0))]
    if wrong.size:
        raise ModelError(f"{study}: {name} has {wrong[0]:g}, expected finite numbers above 0")
    return asked


def columns_of(unit: str, *, error: bool = False) -> dict[str, float | int | str]:
    """What `row_of` fills: the threshold, what is known to be below it, with `error` its limit and
    the bar of that, and the runs it took."""
    bar = {f"threshold_limit_{unit}": math.nan, f"threshold_error_{unit}": math.nan}
    return {
        f"threshold_{unit}": math.nan,
        f"below_{unit}": math.nan,
        **(bar if error else {}),
        "runs": 0,
    }


def row_of(found: Threshold, *, error: bool = False) -> dict[str, Any]:
    unit = found.unit
    bar = {f"threshold_limit_{unit}": found.limit, f"threshold_error_{unit}": found.error}
    return {
        f"threshold_{unit}": found.amplitude,
        f"below_{unit}": found.bracket[0],
        **(bar if error else {}),
        "runs": found.runs,
        "status": str(found.status),
        "message": found.message,
    }


def t_stop_ms(
    target: Target, stimuli: Sequence[Stimulus], wait_ms: float | None, subject: str = "study"
) -> float:
    """When runs end. Raises ModelError for a bare model of which nothing is said."""
    if wait_ms is None:
        if not isinstance(target, Fiber):
            raise ModelError(
                f"{subject}: the target is a bare model, expected wait_ms to say how long its "
                "spike needs after the stimulus"
            )
        wait_ms = target.t_stop_ms
    return max(each.end_ms for each in stimuli) + wait_ms


def find_rows(
    rows: Sequence[int],
    add: Add,
    targets: Sequence[Target],
    stimuli: Sequence[Sequence[Stimulus]],
    *,
    background: Sequence[Sequence[Stimulus]] | None = None,
    t_stops_ms: Sequence[float],
    make_row: Callable[[int, Threshold], Mapping[str, Any]] | None = None,
    group: int = GROUP,
    progress: Callable[[float], None] | None = None,
    **search: Any,
) -> None:
    """The thresholds of `rows`, each handed to `add` as soon as it is known.

    The other sequences have an entry for every row of the study. A row that is refused has a
    status; raises ModelError if all are, for what is wrong with all is wrong with the study.
    """
    refused: list[ModelError] = []
    done = 0

    told_rows: set[int] = set()

    def found(k: int, threshold: Threshold) -> None:
        told_rows.add(k)
        if make_row is None:
            add(k, row_of(threshold, error=search.get("error", False)))
        else:
            add(k, make_row(k, threshold))

    def search_of(chosen: Sequence[int]) -> None:
        def told(share: float) -> None:
            if progress is not None:
                progress((done + share * len(chosen)) / len(rows))

        find_thresholds(
            [targets[k] for k in chosen],
            [stimuli[k] for k in chosen],
            background=[] if background is None else [background[k] for k in chosen],
            t_stop_ms=[t_stops_ms[k] for k in chosen],
            progress=told,
            on_row=lambda place, threshold: found(chosen[place], threshold),
            **search,
        )

    for start in range(0, len(rows), group):
        chosen = rows[start : start + group]
        try:
            search_of(chosen)
        except ModelError:
            if told_rows.intersection(chosen):
                raise
            # Before anything ran: now one by one, to tell who it was.
            for k in chosen:
                try:
                    search_of([k])
                except ModelError as error:
                    sentence = ModelError(str(error).removeprefix("fibre 0: "), error.problems)
                    refused.append(sentence)
                    add(k, {"status": REFUSED, "message": str(sentence).splitlines()[0]})
        done += len(chosen)
    if rows and len(refused) == len(rows):
        raise refused[0]


def asked_of(
    targets: Sequence[Target], stimuli: Sequence[Any], options: Mapping[str, Any]
) -> Callable[[], list[Any]]:
    """All that thresholds depend on, for a journal: made only where there is one."""
    mesh = options.get("mesh")

    def asked() -> list[Any]:
        others = {k: options[k] for k in sorted(options) if k not in (*_SPEED, "mesh")}
        return [[discretised(each, mesh) for each in targets], list(stimuli), others]

    return asked


def provenance_of_search(target: Target, options: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """What a table says of how its thresholds were found."""
    method = options.get("method") or Method()
    return {
        "fibre": target.name,
        "method": method.name,
        **method.parameters,
        "rtol": options.get("rtol", 1e-3),
        **more,
    }
