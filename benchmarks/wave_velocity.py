"""The velocity of a steady wave to six digits, and the limits of sequences of them."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

import ranvier as rv
from ranvier.places import Place

THRESHOLD_mV = -20.0


@dataclass(frozen=True)
class Limit:
    """A value extrapolated to zero step, and by how much one value fewer would have moved it."""

    value: float
    uncertainty: float

    def __str__(self) -> str:
        shown = max(self.uncertainty, 1e-5)
        decimals = max(2, math.ceil(-math.log10(shown)))
        return f"{self.value:.{decimals}f} +- {shown:.{decimals}f}"


def crossing_ms(t_ms: np.ndarray, v_mV: np.ndarray) -> float:
    """When a trace first rises through the threshold, by a cubic through the four nearest samples.

    A straight line, as detectors use, leaves a ripple of 1e-4 in a velocity when dt is 1 us.
    """
    first = np.flatnonzero((v_mV[:-1] < THRESHOLD_mV) & (v_mV[1:] >= THRESHOLD_mV))
    if first.size == 0:
        raise RuntimeError("the wave did not arrive, expected a run that lets it pass")
    near = slice(first[0] - 1, first[0] + 3)
    origin_ms = t_ms[first[0]]
    time_of_v = np.polyfit(v_mV[near] - THRESHOLD_mV, t_ms[near] - origin_ms, 3)
    return float(origin_ms + time_of_v[-1])


def velocity_m_per_s(
    discretisation: rv.Discretisation,
    stimulus: rv.stimuli.CurrentClamp,
    *,
    between: tuple[Place, Place],
    dt_ms: float,
    t_stop_ms: float,
) -> float:
    """Distance over time between two places that hold one compartment each; backward Euler."""
    result = rv.simulate(
        discretisation,
        stimulus,
        rv.Probe("v_mV", at=list(between)),
        t_stop_ms=t_stop_ms,
        method=rv.methods.backward_euler(dt_ms=dt_ms),
        detect=(),
    )
    trace = result["v_mV"]
    first_um, last_um = result.geometry.distance_um[trace.compartments]
    first_ms, last_ms = (crossing_ms(trace.t_ms, v_mV) for v_mV in trace.values.T)
    return float(1e-3 * (last_um - first_um) / (last_ms - first_ms))


def limit_in_dt(velocity: Callable[[float], float], dt_ms: Sequence[float]) -> Limit:
    """Extrapolates `velocity(dt)` to zero by the polynomial through all steps, coarsest first."""
    row = [velocity(dt) for dt in dt_ms]
    best = row[-1]
    # Neville's scheme: each pass removes one more power of dt.
    for order in range(1, len(dt_ms)):
        previous = best
        row = [
            fine + (fine - coarse) / (dt_ms[k] / dt_ms[k + order] - 1)
            for k, (coarse, fine) in enumerate(itertools.pairwise(row))
        ]
        best = row[-1]
    return Limit(best, abs(best - previous))


def observed_orders(values: Sequence[float], ratio: float) -> list[float]:
    """The order that each three consecutive values show, refined by `ratio`; NaN for the first two.

    NaN also where the differences change sign.
    """
    steps = np.diff(values)
    quotients = steps[:-1] / steps[1:]
    orders = [math.log(q) / math.log(ratio) if q > 0 else math.nan for q in quotients]
    return [math.nan, math.nan, *orders]
