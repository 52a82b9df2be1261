"""When recorded values rise through a threshold."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ranvier.analysis import _crossings


def upward_crossings(
    t_ms: ArrayLike,
    values: ArrayLike,
    threshold_mV: float = -20.0,
    rearm_mV: float | None = None,
) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    """Every crossing from below the threshold to it or above: (column (s,), t_ms (s,)), by time.

    `values` is (m,) or (m, c), one column per place; times are interpolated linearly between
    samples. After a crossing a column does not count again until it has fallen to `rearm_mV`
    (None: the threshold itself), so that noise near the threshold is one crossing and not many.
    A value that is not finite ends a column's present rise: nothing is interpolated to it.

    Raises ValueError for shapes that disagree, times that do not rise, a threshold that is not
    finite or a `rearm_mV` above it.
    """
    times_ms = np.ascontiguousarray(t_ms, dtype=np.float64)
    table = np.ascontiguousarray(values, dtype=np.float64)
    if table.ndim == 1:
        table = table[:, np.newaxis]
    if times_ms.ndim != 1 or table.ndim != 2 or table.shape[0] != times_ms.size:
        raise ValueError(
            f"values: has shape {np.shape(values)} with t_ms of shape {times_ms.shape}, "
            "expected (m,) or (m, c) with t_ms (m,)"
        )
    if not (np.diff(times_ms) > 0).all():
        raise ValueError("t_ms: does not rise at every sample, expected increasing times")
    if not math.isfinite(threshold_mV):
        raise ValueError(f"threshold_mV: is {threshold_mV}, expected a finite number")
    rearm = threshold_mV if rearm_mV is None else rearm_mV
    if not rearm <= threshold_mV:
        raise ValueError(f"rearm_mV: is {rearm}, expected at most threshold_mV {threshold_mV}")
    column, crossing_ms = _crossings.find(times_ms, table, threshold_mV, rearm)
    # Stable, so that simultaneous crossings stay in column order on every platform.
    order = np.argsort(crossing_ms, kind="stable")
    return column[order], crossing_ms[order]
