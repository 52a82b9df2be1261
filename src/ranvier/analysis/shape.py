"""The usual measures of one action potential."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True, slots=True)
class SpikeShape:
    """`half_width_ms` is the full width at half the amplitude; NaN if v does not come back."""

    peak_mV: float
    t_peak_ms: float
    amplitude_mV: float
    half_width_ms: float
    afterhyperpolarisation_mV: float
    max_rise_mV_per_ms: float


def spike_shape(t_ms: ArrayLike, v_mV: ArrayLike, rest_mV: float | None = None) -> SpikeShape:
    """Measures the highest spike of a trace: t_ms (m,), v_mV (m,), at least three samples.

    `rest_mV` is what amplitude and afterhyperpolarisation are counted from; None takes the first
    sample. Peak and trough are refined by a parabola through three samples, the width is
    interpolated linearly, and the steepest rise is that of the central differences up to the
    peak: each is second order in the sampling step. `afterhyperpolarisation_mV` is how far v
    falls below rest after the peak, 0 if it does not.

    Raises ValueError for shapes that disagree, too few samples, times that do not rise or values
    that are not finite.
    """
    t = np.asarray(t_ms, dtype=np.float64)
    v = np.asarray(v_mV, dtype=np.float64)
    if t.ndim != 1 or t.shape != v.shape or t.size < 3:
        raise ValueError(
            f"v_mV: has shape {v.shape} with t_ms of shape {t.shape}, "
            "expected both (m,) with at least 3 samples"
        )
    if not (np.diff(t) > 0).all():
        raise ValueError("t_ms: does not rise at every sample, expected increasing times")
    if not np.isfinite(v).all():
        raise ValueError("v_mV: is not finite at every sample, expected finite values")

    rest = float(v[0]) if rest_mV is None else rest_mV
    at_peak = int(np.argmax(v))
    t_peak, peak = _refined(t, v, at_peak)
    at_trough = at_peak + int(np.argmin(v[at_peak:]))
    _, trough = _refined(t, v, at_trough)
    rise = np.gradient(v, t)[: at_peak + 1]
    return SpikeShape(
        peak_mV=peak,
        t_peak_ms=t_peak,
        amplitude_mV=peak - rest,
        half_width_ms=_width(t, v, at_peak, 0.5 * (rest + peak)),
        afterhyperpolarisation_mV=max(0.0, rest - trough),
        max_rise_mV_per_ms=float(rise.max()),
    )


def _refined(t: NDArray[np.float64], v: NDArray[np.float64], at: int) -> tuple[float, float]:
    """The vertex of the parabola through an extreme sample and its neighbours."""
    if at in (0, t.size - 1):
        return float(t[at]), float(v[at])
    left, right = t[at] - t[at - 1], t[at + 1] - t[at]
    slope_left, slope_right = (v[at] - v[at - 1]) / left, (v[at + 1] - v[at]) / right
    curvature = (slope_right - slope_left) / (left + right)
    if curvature == 0:  # a plateau of three equal samples
        return float(t[at]), float(v[at])
    slope = (slope_left * right + slope_right * left) / (left + right)
    return float(t[at] - slope / (2 * curvature)), float(v[at] - slope**2 / (4 * curvature))


def _width(t: NDArray[np.float64], v: NDArray[np.float64], at_peak: int, level_mV: float) -> float:
    (below,) = np.nonzero(v < level_mV)
    before, after = below[below < at_peak], below[below > at_peak]
    if before.size == 0 or after.size == 0:
        return float("nan")
    up, down = int(before[-1]), int(after[0])
    rise = t[up] + (level_mV - v[up]) / (v[up + 1] - v[up]) * (t[up + 1] - t[up])
    fall = t[down] - (level_mV - v[down]) / (v[down - 1] - v[down]) * (t[down] - t[down - 1])
    return float(fall - rise)
