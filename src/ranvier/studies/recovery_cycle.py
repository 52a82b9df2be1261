"""How excitable a fibre is after a spike: refractory periods, supernormality, late subnormality."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np

from ranvier.errors import ModelError
from ranvier.studies.activation import Activation
from ranvier.studies.collect import Add, collect
from ranvier.studies.ends import far_end
from ranvier.studies.table import Picture, StudyTable
from ranvier.studies.threshold import find_threshold
from ranvier.studies.threshold_result import Threshold, ThresholdStatus
from ranvier.studies.threshold_rows import (
    SearchOptions,
    asked_of,
    columns_of,
    find_rows,
    provenance_of_search,
    row_of,
    rows_at,
    t_stop_ms,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ranvier.batch import Target
    from ranvier.stimuli import CurrentClamp, Extracellular

INTERVALS_ms = (
    *(0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.25, 1.5, 1.75, 2.0, 2.5, 3.0, 4.0, 5.0, 7.0),
    *(10.0, 15.0, 20.0, 30.0, 50.0, 80.0),
)
#: Side by side: runs are long, and rows that are done are kept.
_GROUP = 8
#: Times the threshold at rest. What needs more is called absolutely refractory.
MOST = 20.0


def recovery_cycle(
    target: Target,
    stimulus: CurrentClamp | Extracellular,
    intervals_ms: Sequence[float] = INTERVALS_ms,
    *,
    conditioning: float = 1.5,
    journal: str | os.PathLike[str] | None = None,
    progress: Callable[[float], None] | None = None,
    **search: Unpack[SearchOptions],
) -> StudyTable:
    """The threshold of a test pulse by its interval from a conditioning spike.

    `stimulus` is both pulses: first `conditioning` times its own threshold at rest, then, from
    onset to onset an interval later, as strong as needed for one spike more than the conditioning
    pulse alone gives. What counts is the place of the fibre, of the two of `Activation()`, that is
    farther from the stimulus, or the place of `activation`. "change_percent" is from the threshold
    at rest. A row is an interval; "no_response" is one at which `most` times the threshold at rest
    (20) is not enough.

    The summary has the threshold at rest; the absolute refractory period, between the longest
    interval without and the shortest with a response; the relative one, at whose end the change is
    0; the supernormal period with its largest change and where it is; and the late subnormal one
    likewise. NaN is what the intervals do not show. Raises ModelError for intervals and strengths
    that do not do and where the pulse alone has no threshold.
    """
    after_ms = rows_at("recovery cycle", "intervals_ms", intervals_ms)
    if not (math.isfinite(conditioning) and conditioning > 1):
        raise ModelError(
            f"recovery cycle: conditioning is {conditioning:g} times threshold, expected above 1"
        )
    unit = stimulus.unit
    options: dict[str, Any] = dict(search)
    wait_ms = options.pop("wait_ms", None)
    error = options.get("error", False)
    own = options.pop("activation", None)
    most = options.pop("most", MOST)
    activation = far_end(target, stimulus, options.get("mesh")) if own is None else own
    if not isinstance(activation, Activation):
        raise ModelError("recovery cycle: activation is a Block, expected an Activation")
    alone = find_threshold(
        target,
        stimulus,
        activation=activation,
        t_stop_ms=t_stop_ms(target, [stimulus], wait_ms, "recovery cycle"),
        **options | {"error": False},
    )
    if alone.status is not ThresholdStatus.FOUND:
        raise ModelError(
            f"recovery cycle: the pulse alone has {alone}, expected a threshold at rest"
        )
    at_rest = alone.amplitude
    before = stimulus.scaled(conditioning * alone.factor)
    tests = [[delayed(stimulus.scaled(alone.factor), float(each))] for each in after_ms]

    def make_row(_: int, found: Threshold) -> dict[str, Any]:
        return row_of(found, error=error) | {
            "change_percent": 100.0 * (found.amplitude / at_rest - 1.0)
        }

    def work(rows: Sequence[int], add: Add) -> None:
        find_rows(
            rows,
            add,
            [target] * len(after_ms),
            tests,
            background=[(before,)] * len(after_ms),
            t_stops_ms=[t_stop_ms(target, each, wait_ms) for each in tests],
            make_row=make_row,
            group=_GROUP,
            progress=progress,
            activation=replace(activation, spikes=activation.spikes + 1),
            most=most,
            **options,
        )

    return collect(
        "recovery_cycle",
        given={"interval_ms": after_ms},
        found=columns_of(unit, error=error) | {"change_percent": math.nan},
        work=work,
        asked=asked_of([target], [tests, before, activation, most, wait_ms], options),
        journal=journal,
        finish=lambda table: _finished(table, unit, at_rest),
        provenance=provenance_of_search(target, options, conditioning=conditioning, most=most),
    )


def delayed(stimulus: Any, delay_ms: float) -> Any:
    """The same, so much later. Raises ModelError where the waveform has no onset."""
    waveform = stimulus.waveform
    if not hasattr(waveform, "onset_ms"):
        raise ModelError(
            f"stimulus: its waveform, a {type(waveform).__name__}, has no onset_ms, expected a "
            "Pulse or another that has"
        )
    return replace(stimulus, waveform=replace(waveform, onset_ms=waveform.onset_ms + delay_ms))


def _finished(table: StudyTable, unit: str, at_rest: float) -> StudyTable:
    order = np.argsort(table["interval_ms"])
    interval_ms, change = table["interval_ms"][order], table["change_percent"][order]
    silent_ms = interval_ms[table.status[order] == ThresholdStatus.NO_RESPONSE]
    is_there = np.isfinite(change)
    x, y = interval_ms[is_there], change[is_there]
    return replace(
        table,
        summary={f"threshold_at_rest_{unit}": at_rest, **_phases(x, y, silent_ms)},
        picture=Picture(
            x="interval_ms",
            y=("change_percent",),
            title=f"Recovery cycle of {table.provenance['fibre']}",
            x_label="Interval from the conditioning spike (ms)",
            y_label="Change of the threshold (%)",
            log_x=True,
            levels={"": 0.0},
        ),
    )


def _phases(
    x: NDArray[np.float64], y: NDArray[np.float64], silent_ms: NDArray[np.float64]
) -> dict[str, float]:
    """From intervals (n,) in order, changes (n,), and intervals without a response."""
    told = dict.fromkeys(
        (
            "absolute_refractory_above_ms",
            "absolute_refractory_below_ms",
            "relative_refractory_ms",
            "supernormal_percent",
            "supernormal_at_ms",
            "supernormal_until_ms",
            "subnormal_percent",
            "subnormal_at_ms",
        ),
        math.nan,
    )
    if silent_ms.size:
        told["absolute_refractory_above_ms"] = float(silent_ms.max())
        later = x[x > silent_ms.max()]
        if later.size:
            told["absolute_refractory_below_ms"] = float(later.min())
    down = np.flatnonzero((y[:-1] > 0) & (y[1:] <= 0))
    if not down.size:
        return told
    k = int(down[0])
    told["relative_refractory_ms"] = _zero(x, y, k)
    up = np.flatnonzero((y[:-1] <= 0) & (y[1:] > 0) & (np.arange(y.size - 1) > k))
    end = int(up[0]) + 1 if up.size else y.size
    lowest = k + 1 + int(np.argmin(y[k + 1 : end]))
    told["supernormal_percent"], told["supernormal_at_ms"] = float(y[lowest]), float(x[lowest])
    if up.size:
        told["supernormal_until_ms"] = _zero(x, y, end - 1)
        highest = end + int(np.argmax(y[end:]))
        told["subnormal_percent"], told["subnormal_at_ms"] = float(y[highest]), float(x[highest])
    return told


def _zero(x: NDArray[np.float64], y: NDArray[np.float64], k: int) -> float:
    """Where a straight line between points k and k + 1 is 0."""
    return float(x[k] - y[k] * (x[k + 1] - x[k]) / (y[k + 1] - y[k]))
