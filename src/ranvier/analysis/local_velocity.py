"""How fast a wave was at each place along a path, from its arrival times."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ranvier.analysis.velocity import M_PER_S, crossings_of, sites_of
from ranvier.results import Result

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int32]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class LocalVelocity:
    """Velocities along a path: `velocity_m_per_s[k]` at `distance_um[k]`, in order of distance.

    Positive towards larger distance and negative towards smaller, so that it changes its sign where
    two waves met or one began; infinite where two places were reached at once, NaN where a place
    was not reached. Shapes: sites and t_ms (s,), the places and when the wave came; distance_um and
    velocity_m_per_s (s,), or (s - 1,) half-way between successive places.
    """

    sites: IntArray
    t_ms: FloatArray
    distance_um: FloatArray
    velocity_m_per_s: FloatArray


def local_velocity(
    result: Result,
    *,
    over_um: float | None = None,
    sites: Sequence[int] | IntArray | None = None,
    spike: int = 0,
) -> LocalVelocity:
    """The velocity of the `spike`-th wave at each of `sites` (None: `result.velocity_sites`).

    With `over_um` it is the mean velocity over so long a stretch with the site in its middle:
    length by travel time, where the time of arrival runs straight between sites. At the ends of the
    path the stretch is cut off. None takes successive sites, and shows what the mesh and the
    internodes do.

    Raises ValueError for sites that do not lie along one path, are fewer than two, or that no
    detector watched, for a crossing that was not kept, and for a length that is not above 0.
    """
    if over_um is not None and not (over_um > 0 and math.isfinite(over_um)):
        raise ValueError(f"over_um: is {over_um:g}, expected a finite length above 0")
    chosen = sites_of(result, sites)
    if chosen.size < 2:
        raise ValueError(f"sites: are {chosen.size}, expected two or more along a path")
    geometry = result.geometry
    crossings = crossings_of(result, chosen)
    chosen = chosen[np.argsort(geometry.distance_um[chosen], kind="stable")]
    if not np.isin(chosen, geometry.path_to(int(chosen[-1]))).all():
        raise ValueError("sites: lie on several branches, expected them along one path")
    at_um = geometry.distance_um[chosen].astype(np.float64)
    t_ms = crossings.arrival_ms(chosen, spike=spike)
    if over_um is None:
        from_um, to_um, middle_um = at_um[:-1], at_um[1:], 0.5 * (at_um[:-1] + at_um[1:])
        taken_ms = np.diff(t_ms)
    else:
        middle_um = at_um
        from_um = np.maximum(at_um - 0.5 * over_um, at_um[0])
        to_um = np.minimum(at_um + 0.5 * over_um, at_um[-1])
        # A silent site makes NaN of its two neighbourhoods only; any in the stretch has to.
        silent = np.concatenate([[0], np.cumsum(np.isnan(t_ms))])
        inside = silent[np.searchsorted(at_um, to_um, side="right")]
        inside = inside - silent[np.searchsorted(at_um, from_um, side="left")]
        taken_ms = np.interp(to_um, at_um, t_ms) - np.interp(from_um, at_um, t_ms)
        taken_ms[inside > 0] = np.nan
    with np.errstate(divide="ignore", invalid="ignore"):
        velocity_m_per_s = M_PER_S * (to_um - from_um) / taken_ms
    return LocalVelocity(
        sites=chosen, t_ms=t_ms, distance_um=middle_um, velocity_m_per_s=velocity_m_per_s
    )
