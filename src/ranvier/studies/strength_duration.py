"""How strong a pulse must be, by how long it is: rheobase and chronaxie."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np

from ranvier.errors import ModelError
from ranvier.studies.collect import Add, collect
from ranvier.studies.fits import Fit, expect_scipy, fit, lapicque, weiss
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
    from numpy.typing import NDArray

    from ranvier.batch import Target
    from ranvier.stimuli import CurrentClamp, Extracellular

#: From the shortest that stimulators give to where more makes no difference.
DURATIONS_ms = (0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0)
_CURVE_POINTS = 200


def strength_duration(
    target: Target,
    stimulus: CurrentClamp | Extracellular,
    durations_ms: Sequence[float] = DURATIONS_ms,
    *,
    journal: str | os.PathLike[str] | None = None,
    progress: Callable[[float], None] | None = None,
    **search: Unpack[SearchOptions],
) -> StudyTable:
    """The threshold for each duration of the pulse, with rheobase and chronaxie.

    `stimulus` is one whose waveform has a `duration_ms`, which is changed; its amplitude is where
    the search begins. The summary has both of Weiss's law, I = rheobase (1 + chronaxie / t), and of
    Lapicque's, I = rheobase / (1 - 2^(-t / chronaxie)), each with a 95 % interval and the rms of
    the relative deviations; and as read, without a law: the threshold of the longest pulse, and the
    duration at which it is twice that. One row for each duration, its status that of
    `find_thresholds`. Raises ModelError for durations and a waveform that do not do, ImportError
    without SciPy, and what `find_thresholds` raises where it refuses all rows.
    """
    expect_scipy()
    pulses_ms = rows_at("strength-duration", "durations_ms", durations_ms)
    stimuli = [[with_duration(stimulus, float(each))] for each in pulses_ms]
    unit = stimulus.unit
    options: dict[str, Any] = dict(search)
    wait_ms = options.pop("wait_ms", None)
    error = options.get("error", False)

    def work(rows: Sequence[int], add: Add) -> None:
        find_rows(
            rows,
            add,
            [target] * len(pulses_ms),
            stimuli,
            t_stops_ms=[t_stop_ms(target, each, wait_ms) for each in stimuli],
            progress=progress,
            **options,
        )

    return collect(
        "strength_duration",
        given={"pulse_ms": pulses_ms},
        found=columns_of(unit, error=error),
        work=work,
        asked=asked_of([target], [stimuli, wait_ms], options),
        journal=journal,
        finish=lambda table: _finished(table, unit),
        provenance=provenance_of_search(target, options),
    )


def with_duration(
    stimulus: CurrentClamp | Extracellular, duration_ms: float
) -> CurrentClamp | Extracellular:
    """The same with a pulse of another length. Raises ModelError where the waveform has none."""
    waveform: Any = stimulus.waveform
    if not hasattr(waveform, "duration_ms"):
        raise ModelError(
            f"stimulus: its waveform, a {type(waveform).__name__}, has no duration_ms, expected a "
            "Pulse or another that has"
        )
    return replace(stimulus, waveform=replace(waveform, duration_ms=duration_ms))


def _finished(table: StudyTable, unit: str) -> StudyTable:
    pulse_ms, threshold = table["pulse_ms"], table[f"threshold_{unit}"]
    is_there = np.isfinite(threshold)
    order = np.argsort(pulse_ms[is_there])
    t_ms, strength = pulse_ms[is_there][order], np.abs(threshold[is_there][order])
    summary: dict[str, float] = {}
    curves: list[Curve] = []
    if t_ms.size:
        rheobase, chronaxie_ms = strength[-1], chronaxie_as_read_ms(t_ms, strength)
        start = (rheobase, 0.2 if math.isnan(chronaxie_ms) else chronaxie_ms)
        summary = {
            f"rheobase_as_read_{unit}": float(rheobase),
            "chronaxie_as_read_ms": chronaxie_ms,
        }
        parameters = (("rheobase", f"_{unit}"), ("chronaxie", "_ms"))
        for name, law in (("weiss", weiss), ("lapicque", lapicque)):
            if (found := fit(law, t_ms, strength, start)) is not None:
                summary |= found.summary(name, parameters)
                curves.append(_curve(name, found, t_ms))
    return replace(
        table,
        summary=summary,
        picture=Picture(
            x="pulse_ms",
            y=(f"threshold_{unit}",),
            title=f"Strength-duration of {table.provenance['fibre']}",
            x_label="Duration of the pulse (ms)",
            y_label=f"Threshold ({unit})",
            log_x=True,
            log_y=True,
            joined=False,
            curves=tuple(curves),
        ),
    )


def chronaxie_as_read_ms(t_ms: NDArray[np.float64], strength: NDArray[np.float64]) -> float:
    """Where a strength (n,) that falls with the duration (n,) is twice its last, on straight lines
    between logarithms; NaN where it never is."""
    above = np.flatnonzero(strength >= 2.0 * strength[-1])
    if above.size == 0 or above[-1] + 1 == t_ms.size:
        return math.nan
    k = int(above[-1])
    x, y = np.log(t_ms[k : k + 2]), np.log(strength[k : k + 2])
    return float(np.exp(np.interp(-math.log(2.0 * strength[-1]), -y, x)))


def _curve(name: str, found: Fit, t_ms: NDArray[np.float64]) -> Curve:
    x = np.geomspace(t_ms[0], t_ms[-1], _CURVE_POINTS)
    label = f"{name.title()}: chronaxie {found.values[1]:.3g} ms"
    return Curve(label=label, x=x, y=found.law(x, found.values))
