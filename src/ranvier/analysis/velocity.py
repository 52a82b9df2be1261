"""Conduction velocity: the slope of crossing time against distance, with what may be wrong."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ranvier.results import Crossings, Geometry, Result
from ranvier.richardson import with_error

if TYPE_CHECKING:
    from ranvier.convergence import Convergence

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int32]

#: A standard error needs one more point than a line has parameters.
FEWEST_SITES = 3
#: Largest change of the local velocity across the window, as a fraction, for a uniform wave.
VELOCITY_CHANGE_TOLERANCE = 0.02
#: Largest deviation from the line as a fraction of the travel time across the window.
DEVIATION_TOLERANCE = 0.01
#: 1 um/ms in m/s.
M_PER_S = 1e-3


class VelocityStatus(StrEnum):
    PROPAGATED = "propagated"
    NOT_LINEAR = "not_linear"
    NO_SPIKE = "no_spike"
    DID_NOT_PROPAGATE = "did_not_propagate"
    TOO_FEW_SITES = "too_few_sites"
    NOT_ORDERED = "not_ordered"
    NOT_ONE_PATH = "not_one_path"


def _nothing() -> FloatArray:
    return np.empty(0)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Velocity:
    """A fitted velocity, or the reason why there is none (NaN and a status).

    The standard error is that of the straight line through the points, so it measures how evenly
    the wave ran in this run. It holds nothing of the error of the time step or of the mesh, which
    is usually larger: only finer runs show that. Where they were asked for, `limit_m_per_s` is what
    the velocity becomes as step and compartments go to zero, `error_m_per_s` its error bar, and
    `convergence` how they were found; `velocity_m_per_s` stays what this run gave.

    `direction` is +1 if the wave travelled towards larger distance and -1 towards smaller;
    `velocity_change` is the relative gain of local velocity from where the wave entered the window
    to where it left. Shapes: sites, distance_um and t_ms (k,), by distance.
    """

    status: VelocityStatus
    message: str = ""
    velocity_m_per_s: float = math.nan
    standard_error_m_per_s: float = math.nan
    max_deviation_us: float = math.nan
    velocity_change: float = math.nan
    is_linear: bool = False
    direction: int = 0
    threshold_mV: float = math.nan
    intercept_ms: float = math.nan  # of the fitted line, at distance 0
    sites: IntArray = field(default_factory=lambda: np.empty(0, dtype=np.int32))
    distance_um: FloatArray = field(default_factory=_nothing)
    t_ms: FloatArray = field(default_factory=_nothing)
    where: str = ""
    limit_m_per_s: float = math.nan
    error_m_per_s: float = math.nan
    convergence: Convergence | None = None

    def __str__(self) -> str:
        if not math.isfinite(self.velocity_m_per_s):
            return f"no velocity ({self.status}): {self.message}"
        error = self.standard_error_m_per_s
        if error < 1e-4:
            number = f"{self.velocity_m_per_s:.4f} +- <0.0001"
        else:
            decimals = max(0, math.ceil(-math.log10(error)))
            number = f"{self.velocity_m_per_s:.{decimals}f} +- {error:.{decimals}f}"
        text = f"{number} m/s ({self.where}, {self.sites.size} sites)"
        if not self.is_linear:
            text += f"; {self.status}: {self.message}"
        return text if self.convergence is None else f"{text}; {self.limit}"

    @property
    def limit(self) -> str:
        """The limit with its error bar, in words; empty where it was not asked for."""
        if self.convergence is None:
            return ""
        found = self.convergence
        if not math.isfinite(found.value):
            return f"no limit ({found.status}): {found.message}"
        text = f"limit {with_error(found.value, found.error)} m/s"
        return text if found.is_converged else f"{text}, not converged {found.message}"

    def fitted_ms(self, distance_um: FloatArray) -> FloatArray:
        """The line, evaluated at distances (k,) or at any other shape."""
        slowness = self.direction * M_PER_S / self.velocity_m_per_s
        return self.intercept_ms + slowness * np.asarray(distance_um)

    def to_dict(self) -> dict[str, Any]:
        """For a table or a JSON file: numbers that are not known are None.

        With an error bar there are `limit_m_per_s`, `error_m_per_s` and `convergence` as well.
        """

        def known(value: float) -> float | None:
            return value if math.isfinite(value) else None

        numbers = {
            "velocity_m_per_s": known(self.velocity_m_per_s),
            "standard_error_m_per_s": known(self.standard_error_m_per_s),
            "status": str(self.status),
            "max_deviation_us": known(self.max_deviation_us),
            "sites": self.sites.tolist(),
        }
        if self.convergence is None:
            return numbers
        return numbers | {
            "limit_m_per_s": known(self.limit_m_per_s),
            "error_m_per_s": known(self.error_m_per_s),
            "convergence": self.convergence.to_dict(),
        }


def conduction_velocity(
    result: Result,
    *,
    between: tuple[float, float] = (0.25, 0.75),
    sites: Sequence[int] | IntArray | None = None,
    spike: int = 0,
    error: bool = False,
    progress: Callable[[float], None] | None = None,
) -> Velocity:
    """The velocity of the `spike`-th wave across the middle of a fibre.

    A straight line is fitted by least squares to crossing time against path distance, over the
    sites (compartments; None: `result.velocity_sites`) whose distance lies between two fractions of
    the distance range of all sites. The default keeps away from the stimulus and from the sealed
    end, near which a wave runs at another speed.

    The wave counts as uniform (`is_linear`) if two things hold. The local velocity, from the slope
    of a fitted parabola, changes by no more than 2 % between the ends of the window: a wave still
    settling after its stimulus, or a tapering fibre, bends the line one way, and the parabola finds
    that long before a residual shows. And no site deviates from the line by more than 1 % of the
    travel time across the window, which finds what a parabola cannot see, such as one slow
    internode. For a uniform wave both are at the level of the discretisation, far below.

    With `error` the run is made again with finer steps and on finer meshes, and the velocity gets
    its limit and an error bar (see `ranvier.converge`), at about 35 times the cost of the run;
    `progress` is called with the share done. A velocity that does not exist gets none.

    Outcomes are statuses. Raises ValueError only for arguments that cannot be meant: fractions or
    a spike number out of range, or sites that no detector watched; and ModelError for the error bar
    of a result that does not know how it was made, because it comes from a file.
    """
    velocity = _measured(result, between, sites, spike)
    if not error or not math.isfinite(velocity.velocity_m_per_s):
        return velocity
    found = _converged(result, velocity.threshold_mV, between, sites, spike, progress)
    return replace(
        velocity, limit_m_per_s=found.value, error_m_per_s=found.error, convergence=found
    )


def _converged(
    result: Result,
    threshold_mV: float,
    between: tuple[float, float],
    sites: Sequence[int] | IntArray | None,
    spike: int,
    progress: Callable[[float], None] | None,
) -> Convergence:
    # Here and not above: everything else in this module is a pure function of a result.
    from ranvier.convergence import converge

    if result.recipe is not None:
        chosen = np.asarray(result.velocity_sites if sites is None else sites, np.int32)
        recipe = result.recipe.watching(chosen, threshold_mV)
        result = replace(result, velocity_sites=chosen, recipe=recipe)

    def velocity_m_per_s(result: Result) -> float:
        return _measured(result, between, None, spike).velocity_m_per_s

    return converge(velocity_m_per_s, result, progress=progress)


def _measured(
    result: Result,
    between: tuple[float, float],
    sites: Sequence[int] | IntArray | None,
    spike: int,
) -> Velocity:
    low, high = between
    if not 0 <= low < high <= 1:
        raise ValueError(f"between: is {between}, expected two rising fractions from 0 to 1")
    if spike < 0:
        raise ValueError(f"spike: is {spike}, expected 0 for the first or more")
    geometry = result.geometry
    chosen = sites_of(result, sites)
    if chosen.size < FEWEST_SITES:
        return _few(chosen.size, "in all")
    crossings = crossings_of(result, chosen)
    chosen = chosen[np.argsort(geometry.distance_um[chosen], kind="stable")]
    if not np.isin(chosen, geometry.path_to(int(chosen[-1]))).all():
        return Velocity(
            status=VelocityStatus.NOT_ONE_PATH,
            message="sites lie on several branches, expected them along one: choose sites",
        )

    distance_um = geometry.distance_um[chosen].astype(np.float64)
    t_ms = crossings.arrival_ms(chosen, spike=spike)
    limits_um = distance_um[0] + np.asarray(between) * (distance_um[-1] - distance_um[0])
    # Rounding must not decide whether the site that lies on a limit counts.
    slack_um = 1e-9 * distance_um[-1]
    inside = (distance_um >= limits_um[0] - slack_um) & (distance_um <= limits_um[1] + slack_um)
    if not np.isfinite(t_ms).any():
        times = "" if spike == 0 else f" {spike + 1} times"
        return Velocity(
            status=VelocityStatus.NO_SPIKE,
            message=f"none of {chosen.size} sites crossed {crossings.threshold_mV:g} mV{times}",
            threshold_mV=crossings.threshold_mV,
        )
    if inside.sum() < FEWEST_SITES:
        return _few(int(inside.sum()), f"from {_span(limits_um)}")
    if not np.isfinite(t_ms[inside]).all():
        return _stopped(distance_um, t_ms, limits_um, crossings.threshold_mV)
    return _fit(
        distance_um[inside],
        t_ms[inside],
        sites=chosen[inside],
        where=_where(geometry, chosen, inside),
        threshold_mV=crossings.threshold_mV,
    )


def sites_of(result: Result, sites: Sequence[int] | IntArray | None) -> IntArray:
    """Those asked for or those of the result, each once and rising. ValueError if there are not."""
    chosen = np.unique(np.asarray(result.velocity_sites if sites is None else sites, np.int32))
    last = len(result.geometry) - 1
    if chosen.size and not (chosen[0] >= 0 and chosen[-1] <= last):
        raise ValueError(
            f"sites: reach from {chosen[0]} to {chosen[-1]}, expected compartments from 0 to {last}"
        )
    return chosen


def crossings_of(result: Result, sites: IntArray) -> Crossings:
    """Of the first detector that watched all sites. Raises ValueError if none did."""
    for each in result.crossings:
        if np.isin(sites, each.watched).all():
            return each
    if not result.crossings:
        raise ValueError("result: holds no crossings, expected a run with a SpikeDetector")
    unwatched = sites[~np.isin(sites, result.crossings[0].watched)]
    raise ValueError(
        f"sites: compartment {unwatched[0]} was not watched by the spike detector, "
        "expected sites among its places"
    )


def _few(count: int, where: str) -> Velocity:
    return Velocity(
        status=VelocityStatus.TOO_FEW_SITES,
        message=f"{count} sites {where}, expected at least {FEWEST_SITES}",
    )


def _stopped(
    distance_um: FloatArray, t_ms: FloatArray, limits_um: FloatArray, threshold_mV: float
) -> Velocity:
    reached_um = distance_um[np.isfinite(t_ms)]
    return Velocity(
        status=VelocityStatus.DID_NOT_PROPAGATE,
        message=(
            f"crossed {threshold_mV:g} mV at {reached_um.size} of {distance_um.size} sites, "
            f"from {_span(reached_um)}, expected every site from {_span(limits_um)}"
        ),
        threshold_mV=threshold_mV,
    )


def _span(distance_um: FloatArray) -> str:
    low_um, high_um = float(distance_um.min()), float(distance_um.max())
    if high_um < 1000:
        return f"{low_um:.0f} to {high_um:.0f} um"
    return f"{round(low_um * 1e-3, 2):g} to {round(high_um * 1e-3, 2):g} mm"


def _where(geometry: Geometry, sites: IntArray, inside: NDArray[np.bool_]) -> str:
    """Nodes have numbers that people use; of anything else the distance says more."""
    if (geometry.region[sites] == "node").all():
        ends = [geometry.section_names[geometry.section[site]] for site in sites[inside][[0, -1]]]
        numbers = [re.fullmatch(r"node\[(\d+)\]", name) for name in ends]
        if all(numbers):
            return "nodes " + " to ".join(number[1] for number in numbers if number)
        return " to ".join(ends)
    return _span(geometry.distance_um[sites[inside]].astype(np.float64))


def _fit(
    distance_um: FloatArray, t_ms: FloatArray, *, sites: IntArray, where: str, threshold_mV: float
) -> Velocity:
    steps_ms = np.diff(t_ms)
    if not ((steps_ms > 0).all() or (steps_ms < 0).all()):
        return Velocity(
            status=VelocityStatus.NOT_ORDERED,
            message=(
                f"crossing times from {_span(distance_um)} neither rise nor fall throughout, "
                "expected one passing wave: two may have met, or it began in between"
            ),
            threshold_mV=threshold_mV,
            sites=sites,
            distance_um=distance_um,
            t_ms=t_ms,
        )

    # About the middle, where slope and curvature do not mix with the intercept.
    middle_um = distance_um.mean()
    x_um = distance_um - middle_um
    spread_um2 = float(x_um @ x_um)
    slope_ms_per_um = float(x_um @ (t_ms - t_ms.mean())) / spread_um2
    residual_ms = t_ms - t_ms.mean() - slope_ms_per_um * x_um
    slope_error = math.sqrt(float(residual_ms @ residual_ms) / (x_um.size - 2) / spread_um2)
    velocity_m_per_s = M_PER_S / abs(slope_ms_per_um)
    direction = 1 if slope_ms_per_um > 0 else -1

    bend_ms_per_um2 = _curvature(x_um, residual_ms)
    length_um = float(x_um[-1] - x_um[0])
    # A rise of slowness along the wave's own direction is a loss of velocity.
    velocity_change = -2 * bend_ms_per_um2 * length_um / abs(slope_ms_per_um)
    largest_ms = float(np.abs(residual_ms).max())
    travel_ms = abs(slope_ms_per_um) * length_um

    problems = []
    if abs(velocity_change) > VELOCITY_CHANGE_TOLERANCE:
        problems.append(
            f"the velocity changes by {velocity_change:+.1%} across the window, "
            f"expected at most {VELOCITY_CHANGE_TOLERANCE:.0%}"
        )
    if largest_ms > DEVIATION_TOLERANCE * travel_ms:
        problems.append(
            f"a site deviates by {largest_ms / travel_ms:.1%} of the travel time, "
            f"expected at most {DEVIATION_TOLERANCE:.0%}"
        )
    return Velocity(
        status=VelocityStatus.NOT_LINEAR if problems else VelocityStatus.PROPAGATED,
        message="; ".join(problems),
        velocity_m_per_s=velocity_m_per_s,
        standard_error_m_per_s=velocity_m_per_s * slope_error / abs(slope_ms_per_um),
        max_deviation_us=1e3 * largest_ms,
        velocity_change=velocity_change,
        is_linear=not problems,
        direction=direction,
        threshold_mV=threshold_mV,
        intercept_ms=float(t_ms.mean() - slope_ms_per_um * middle_um),
        sites=sites,
        distance_um=distance_um,
        t_ms=t_ms,
        where=where,
    )


def _curvature(x_um: FloatArray, residual_ms: FloatArray) -> float:
    """c of the least-squares a + b x + c x^2, given the residuals of its straight line.

    x^2 less its own straight line is orthogonal to every line, so c is a ratio of two dot products.
    """
    square = x_um**2
    square = square - square.mean()
    square = square - x_um * (float(x_um @ square) / float(x_um @ x_um))
    return float(square @ residual_ms) / float(square @ square)
