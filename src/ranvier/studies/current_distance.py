"""How strong a pulse must be, by how far the electrode is."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np

from ranvier.errors import ModelError
from ranvier.fields import StraightPath
from ranvier.studies.collect import Add, collect
from ranvier.studies.fits import expect_scipy, fit, power, quadratic
from ranvier.studies.table import Curve, Picture, StudyTable
from ranvier.studies.threshold_rows import (
    SearchOptions,
    asked_of,
    columns_of,
    find_rows,
    provenance_of_search,
    rows_at,
    t_stop_ms,
)

if TYPE_CHECKING:
    from ranvier.batch import Target
    from ranvier.stimuli import Extracellular

DISTANCES_um = (100.0, 200.0, 300.0, 500.0, 700.0, 1000.0, 1500.0, 2000.0)
_UM_PER_MM = 1e3
_UA_PER_MA = 1e3
_CURVE_POINTS = 200


def current_distance(
    target: Target,
    stimulus: Extracellular,
    distances_um: Sequence[float] = DISTANCES_um,
    *,
    journal: str | os.PathLike[str] | None = None,
    progress: Callable[[float], None] | None = None,
    **search: Unpack[SearchOptions],
) -> StudyTable:
    """The threshold for each distance of an electrode from the axis of a straight fibre.

    `stimulus` has a field with a `position_um`, such as a `PointSource`; it is moved towards and
    away from the fibre, straight from the point of the axis that it is nearest to. The summary has
    I = offset + k r^2, with k in uA/mm2, and I = I(1 mm) r^exponent, each with a 95 % interval and
    the rms of the relative deviations. One row for each distance; one inside the fibre is
    "refused". Raises ModelError for what cannot be moved, ImportError without SciPy, and what
    `find_thresholds` raises where it refuses all rows.
    """
    expect_scipy()
    away_um = rows_at("current-distance", "distances_um", distances_um)
    stimuli = [[at_distance(stimulus, float(each))] for each in away_um]
    options: dict[str, Any] = dict(search)
    wait_ms = options.pop("wait_ms", None)
    error = options.get("error", False)

    def work(rows: Sequence[int], add: Add) -> None:
        find_rows(
            rows,
            add,
            [target] * len(away_um),
            stimuli,
            t_stops_ms=[t_stop_ms(target, each, wait_ms) for each in stimuli],
            progress=progress,
            **options,
        )

    return collect(
        "current_distance",
        given={"distance_um": away_um},
        found=columns_of("mA", error=error),
        work=work,
        asked=asked_of([target], [stimuli, wait_ms], options),
        journal=journal,
        finish=_finished,
        provenance=provenance_of_search(target, options),
    )


def at_distance(stimulus: Extracellular, distance_um: float) -> Extracellular:
    """The same with the electrode so far from the axis. Raises ModelError if it has no position or
    is on the axis, and for a path that is not straight."""
    field: Any = stimulus.field
    if not hasattr(field, "position_um") or not isinstance(stimulus.path, StraightPath):
        raise ModelError(
            "current-distance: needs a field with a position_um and a straight path, expected a "
            "PointSource or the like"
        )
    direction = np.asarray(stimulus.path.direction, dtype=np.float64)
    direction /= np.linalg.norm(direction)
    centre_um = np.asarray(stimulus.path.centre_um, dtype=np.float64)
    offset_um = np.asarray(field.position_um, dtype=np.float64) - centre_um
    foot_um = centre_um + (offset_um @ direction) * direction
    away_um = offset_um - (offset_um @ direction) * direction
    if not away_um.any():
        raise ModelError(
            "current-distance: the electrode is on the axis of the fibre, expected it beside, to "
            "know in which direction to move it"
        )
    position_um = foot_um + distance_um * away_um / np.linalg.norm(away_um)
    return replace(stimulus, field=replace(field, position_um=tuple(position_um.tolist())))


def _finished(table: StudyTable) -> StudyTable:
    is_there = np.isfinite(table["threshold_mA"])
    r_mm = table["distance_um"][is_there] / _UM_PER_MM
    strength_uA = _UA_PER_MA * np.abs(table["threshold_mA"][is_there])
    summary: dict[str, float] = {}
    curves: list[Curve] = []
    if r_mm.size >= 2:
        at_1_mm_uA = float(np.interp(1.0, r_mm, strength_uA))
        square = fit(quadratic, r_mm, strength_uA, (1.0, at_1_mm_uA), is_positive=False)
        law = fit(power, r_mm, strength_uA, (at_1_mm_uA, 1.5))
        x_mm = np.geomspace(r_mm.min(), r_mm.max(), _CURVE_POINTS)
        for name, found, parameters, label in (
            (
                "quadratic",
                square,
                (("offset", "_uA"), ("k", "_uA_per_mm2")),
                "{0:.3g} µA + {1:.4g} µA/mm² r²",
            ),
            (
                "power",
                law,
                (("at_1_mm", "_uA"), ("exponent", "")),
                "{0:.4g} µA (r / mm)^{1:.3g}",
            ),
        ):
            if found is not None:
                summary |= found.summary(name, parameters)
                y_mA = found.law(x_mm, found.values) / _UA_PER_MA
                curves.append(Curve(label=label.format(*found.values), x=_UM_PER_MM * x_mm, y=y_mA))
    return replace(
        table,
        summary=summary,
        picture=Picture(
            x="distance_um",
            y=("threshold_mA",),
            title=f"Current-distance of {table.provenance['fibre']}",
            x_label="Distance of the electrode (µm)",
            y_label="Threshold (mA)",
            log_x=True,
            log_y=True,
            joined=False,
            curves=tuple(curves),
        ),
    )
