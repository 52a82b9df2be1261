"""How far traces are from a reference, and at which step or time a method reaches an error.

Pure functions of arrays. A run has traces of the same three places, first to last; the velocity is
that from the first to the last, and v(t) is compared at the middle one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

#: Samples that an interpolation uses: enough that it costs less than the steps themselves.
POINTS = 6


@dataclass(frozen=True)
class Traces:
    """Membrane potentials of three places, (3, times)."""

    t_ms: np.ndarray
    v_mV: np.ndarray

    def __post_init__(self) -> None:
        # A method that starts anew at an edge of the stimulus records that time twice.
        is_last = np.append(np.diff(self.t_ms) > 1e-12, True)
        object.__setattr__(self, "t_ms", self.t_ms[is_last])
        object.__setattr__(self, "v_mV", self.v_mV[:, is_last])


@dataclass(frozen=True)
class Track:
    """Where the spike is looked for."""

    threshold_mV: float
    distance_mm: float
    from_ms: float  # the end of the stimulus


def load(path) -> Traces:
    with np.load(path) as file:
        return Traces(file["t_ms"], file["v_mV"])


def interpolate(t_ms: np.ndarray, traces: Traces, place: int) -> np.ndarray:
    """The trace at other times, by the polynomial through the nearest samples (Lagrange)."""
    last = len(traces.t_ms) - POINTS
    first = np.clip(np.searchsorted(traces.t_ms, t_ms) - POINTS // 2, 0, last)
    around = first[:, np.newaxis] + np.arange(POINTS)
    nodes_ms = traces.t_ms[around]
    total = np.zeros(len(t_ms))
    for k in range(POINTS):
        others = np.delete(nodes_ms, k, axis=1)
        weight = (t_ms[:, np.newaxis] - others) / (nodes_ms[:, k, np.newaxis] - others)
        total += weight.prod(axis=1) * traces.v_mV[place, around[:, k]]
    return total


def crossing_ms(traces: Traces, place: int, threshold_mV: float) -> float:
    """When the trace first rises through the threshold, or NaN."""
    v_mV = traces.v_mV[place]
    steps = np.flatnonzero((v_mV[:-1] < threshold_mV) & (v_mV[1:] >= threshold_mV))
    if steps.size == 0:
        return math.nan
    low_ms, high_ms = traces.t_ms[steps[0] : steps[0] + 2]
    for _ in range(50):
        middle_ms = 0.5 * (low_ms + high_ms)
        if interpolate(np.array([middle_ms]), traces, place)[0] < threshold_mV:
            low_ms = middle_ms
        else:
            high_ms = middle_ms
    return float(low_ms)


def velocity_m_per_s(traces: Traces, track: Track) -> float:
    first_ms, last_ms = (crossing_ms(traces, place, track.threshold_mV) for place in (0, 2))
    return track.distance_mm / (last_ms - first_ms)


def extrapolated(coarse: Traces, fine: Traces, order: int, threshold_mV: float) -> Traces:
    """Richardson's limit of two runs, the second at half the step, at the times of the second.

    A spike that is late by as much as its rise takes cannot be extrapolated sample by sample. Its
    time of arrival can, and its course before and after that.
    """

    def limit(of_coarse, of_fine):
        return of_fine + (of_fine - of_coarse) / (2.0**order - 1.0)

    v_mV = np.empty_like(fine.v_mV)
    for place in range(len(v_mV)):
        arrivals_ms = [crossing_ms(each, place, threshold_mV) for each in (coarse, fine)]
        since_ms = fine.t_ms - limit(*arrivals_ms)
        v_mV[place] = limit(
            *(
                interpolate(np.clip(arrival_ms + since_ms, 0.0, each.t_ms[-1]), each, place)
                for each, arrival_ms in zip((coarse, fine), arrivals_ms, strict=True)
            )
        )
    return Traces(fine.t_ms, v_mV)


def v_error_mV(
    traces: Traces, reference: Traces, track: Track, shift_ms: float = 0.0, place: int = 1
) -> float:
    """The largest difference from the reference moved by `shift_ms`, at the times of the trace."""
    at_ms = traces.t_ms - shift_ms
    is_used = (at_ms >= 0.0) & (at_ms <= reference.t_ms[-1]) & (traces.t_ms >= track.from_ms)
    if not is_used.any():
        return math.nan
    difference = traces.v_mV[place, is_used] - interpolate(at_ms[is_used], reference, place)
    return float(np.abs(difference).max())


def best_shift(traces: Traces, reference: Traces, track: Track) -> tuple[float, float]:
    """Returns the shift in ms that leaves the smallest error, and that error in mV."""
    centre_ms, known_ms = (crossing_ms(each, 1, track.threshold_mV) for each in (traces, reference))
    centre_ms -= known_ms
    if math.isnan(centre_ms):
        return math.nan, math.nan
    width_ms, error_mV = 0.02, math.inf
    while width_ms > 1e-7:
        tried = [
            (v_error_mV(traces, reference, track, shift_ms), shift_ms)
            for shift_ms in centre_ms + width_ms * np.linspace(-1.0, 1.0, 9)
        ]
        error_mV, centre_ms = min(tried)
        width_ms /= 3.0
    return float(centre_ms), error_mV


def errors(traces: Traces, reference: Traces, track: Track) -> dict[str, float | None]:
    """Velocity and errors as they are printed; None where there is no spike."""
    velocity, known = (velocity_m_per_s(each, track) for each in (traces, reference))
    shift_ms, shifted_mV = best_shift(traces, reference, track)
    found = {
        "velocity_m_per_s": velocity,
        "velocity_error_percent": 100.0 * (velocity / known - 1.0),
        "v_error_mV": v_error_mV(traces, reference, track),
        "v_error_shifted_mV": shifted_mV,
        "shift_us": 1e3 * shift_ms,
    }
    return {name: None if math.isnan(value) else value for name, value in found.items()}


@dataclass(frozen=True)
class Reached:
    """Where a method's error falls to a target; `how` says unless it was interpolated."""

    setting: float  # dt in ms, or the tolerance
    wall_s: float
    how: str = ""


def reached(
    settings: np.ndarray, wall_s: np.ndarray, error: np.ndarray, target: float
) -> Reached | None:
    """Interpolates setting and time to where |error| is `target`, on logarithmic scales.

    The settings go from coarse to fine. What counts is the finest crossing: an error that is small
    at a coarser setting, and then grows again, was small by chance. Past the finest setting the
    last two are extended; None where their error does not fall.
    """
    x, y, e = (np.log(np.abs(each)) for each in (settings, wall_s, error))
    above = np.flatnonzero(e > math.log(target))
    if above.size == 0:
        return Reached(float(settings[0]), float(wall_s[0]), "coarsest that ran")
    k = int(above[-1])
    how = ""
    if k == len(e) - 1:
        k, how = k - 1, "extrapolated"
    if k < 0 or e[k + 1] >= e[k] - 0.05:
        return None
    part = (math.log(target) - e[k]) / (e[k + 1] - e[k])
    return Reached(
        math.exp(x[k] + part * (x[k + 1] - x[k])), math.exp(y[k] + part * (y[k + 1] - y[k])), how
    )
