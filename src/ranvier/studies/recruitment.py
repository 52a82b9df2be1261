"""Which fibres of a population fire, by how strong the stimulus is."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np

from ranvier.errors import ModelError
from ranvier.fibers._fiber import Fiber
from ranvier.run import several
from ranvier.studies.collect import Add, collect
from ranvier.studies.table import NOT_RUN, Curve, Picture, StudyTable
from ranvier.studies.threshold_rows import (
    SearchOptions,
    asked_of,
    columns_of,
    find_rows,
    provenance_of_search,
    t_stop_ms,
)

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from ranvier.stimuli import Stimulus

#: Shares of the population whose amplitudes a summary has.
_SHARES_percent = (10, 50, 90)


def recruitment(
    fibres: Sequence[Fiber],
    stimuli: Stimulus | Sequence[Stimulus | Sequence[Stimulus]],
    *,
    journal: str | os.PathLike[str] | None = None,
    progress: Callable[[float], None] | None = None,
    **search: Unpack[SearchOptions],
) -> StudyTable:
    """The threshold of every fibre, and the share of them that fires at each amplitude.

    `stimuli` is one stimulus for all, or one entry for each fibre, of equal unit; fibres lie in one
    place or each on a `path` of its stimulus. A row is a fibre; "recruited_percent" is the share of
    all fibres whose threshold is not above its own. The summary has the amplitudes at which 10, 50
    and 90 % fire, NaN where so many never do. Raises ModelError for stimuli that do not fit, and
    what `find_thresholds` raises where it refuses all fibres.
    """
    return recruited("recruitment", fibres, stimuli, {}, {}, journal, progress, search)


def recruited(
    study: str,
    fibres: Sequence[Fiber],
    stimuli: Stimulus | Sequence[Stimulus | Sequence[Stimulus]],
    given: Mapping[str, ArrayLike],
    provenance: Mapping[str, Any],
    journal: str | os.PathLike[str] | None,
    progress: Callable[[float], None] | None,
    search: Mapping[str, Any],
) -> StudyTable:
    """`recruitment` under the name `study`, with what else is `given` of each fibre (n,)."""
    if len(fibres) == 0:
        raise ModelError("recruitment: there are no fibres, expected one or more")
    entries = list(stimuli) if isinstance(stimuli, Sequence) else [stimuli] * len(fibres)
    if len(entries) != len(fibres):
        raise ModelError(
            f"recruitment: has {len(entries)} stimuli, expected {len(fibres)}, one for each fibre"
        )
    each = [several(entry) for entry in entries]
    units = {stimulus.unit for entry in each for stimulus in entry}
    if len(units) != 1:
        raise ModelError(f"recruitment: amplitudes are in {sorted(units)}, expected one unit")
    (unit,) = units
    options: dict[str, Any] = dict(search)
    wait_ms = options.pop("wait_ms", None)
    error = options.get("error", False)

    def work(rows: Sequence[int], add: Add) -> None:
        find_rows(
            rows,
            add,
            fibres,
            each,
            t_stops_ms=[
                t_stop_ms(fibre, entry, wait_ms) for fibre, entry in zip(fibres, each, strict=True)
            ],
            progress=progress,
            **options,
        )

    return collect(
        study,
        given={
            "fibre": np.arange(len(fibres)),
            "diameter_um": [fibre.diameter_um for fibre in fibres],
            **given,
        },
        found=columns_of(unit, error=error),
        work=work,
        asked=asked_of(fibres, [each, wait_ms], options),
        journal=journal,
        finish=lambda table: _finished(table, unit),
        provenance=provenance_of_search(fibres[0], options, fibres=len(fibres), **provenance),
    )


def _finished(table: StudyTable, unit: str) -> StudyTable:
    threshold = table[f"threshold_{unit}"]
    strength = np.abs(threshold)
    run = int((table.status != NOT_RUN).sum())  # of those that were not, nothing is known
    ordered = np.sort(strength[np.isfinite(strength)])
    recruited = np.full(strength.size, np.nan)
    is_there = np.isfinite(strength)
    recruited[is_there] = (
        100.0 * np.searchsorted(ordered, strength[is_there], "right") / max(run, 1)
    )
    sign = -1.0 if np.nansum(threshold) < 0 else 1.0
    summary = {}
    for share in _SHARES_percent:
        needed = int(np.ceil(share * run / 100.0))
        is_reached = 0 < needed <= ordered.size
        summary[f"recruits_{share}_percent_{unit}"] = (
            sign * float(ordered[needed - 1]) if is_reached else float("nan")
        )
    columns = dict(table.columns)
    tail = {name: columns.pop(name) for name in ("status", "message")}
    shares = 100.0 * np.arange(ordered.size + 1) / max(run, 1)
    curve = Curve(
        label=f"{run} fibres",
        x=np.repeat(ordered, 2),
        y=np.repeat(shares, 2)[1:-1],
    )
    return replace(
        table,
        columns={**columns, "strength_" + unit: strength, "recruited_percent": recruited, **tail},
        summary=summary,
        picture=Picture(
            x="strength_" + unit,
            y=("recruited_percent",),
            title="Recruitment",
            x_label=f"Amplitude ({unit})",
            y_label="Fibres that fire (%)",
            joined=False,
            log_x=True,
            curves=(curve,) if ordered.size else (),
        ),
    )
