"""Laws that are fitted to thresholds, with confidence intervals. Needs SciPy when it is used."""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Of an interval that is to hold the true parameter in 95 of 100 fits.
_CONFIDENCE = 0.95

Law = Callable[["NDArray[np.float64]", "NDArray[np.float64]"], "NDArray[np.float64]"]


def weiss(x_ms: NDArray[np.float64], p: NDArray[np.float64]) -> NDArray[np.float64]:
    """I = rheobase (1 + chronaxie / t), Weiss 1901: charge goes with duration on a line."""
    strength: NDArray[np.float64] = p[0] * (1.0 + p[1] / x_ms)
    return strength


def lapicque(x_ms: NDArray[np.float64], p: NDArray[np.float64]) -> NDArray[np.float64]:
    """I = rheobase / (1 - 2^(-t / chronaxie)), Lapicque 1907: a resistance and a capacitance."""
    strength: NDArray[np.float64] = p[0] / -np.expm1(-math.log(2.0) * x_ms / p[1])
    return strength


def power(x: NDArray[np.float64], p: NDArray[np.float64]) -> NDArray[np.float64]:
    """p0 x^p1."""
    y: NDArray[np.float64] = p[0] * x ** p[1]
    return y


def quadratic(x: NDArray[np.float64], p: NDArray[np.float64]) -> NDArray[np.float64]:
    """p0 + p1 x^2."""
    y: NDArray[np.float64] = p[0] + p[1] * x**2
    return y


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Fit:
    """Parameters (p,) with their 95 % intervals, and how far the points are from the law.

    Intervals are NaN where there are no more points than parameters. `rms_percent` is the root mean
    square of the relative deviations.
    """

    law: Law
    values: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    rms_percent: float

    def summary(self, name: str, parameters: Sequence[tuple[str, str]]) -> dict[str, float]:
        """Of parameters as (word, unit with its underscore): `weiss_chronaxie_ms`, and its interval
        as `weiss_chronaxie_low_ms` and `weiss_chronaxie_high_ms`; and the rms."""
        told: dict[str, float] = {}
        for k, (word, unit) in enumerate(parameters):
            told[f"{name}_{word}{unit}"] = float(self.values[k])
            told[f"{name}_{word}_low{unit}"] = float(self.low[k])
            told[f"{name}_{word}_high{unit}"] = float(self.high[k])
        return told | {f"{name}_rms_percent": self.rms_percent}


def expect_scipy() -> None:
    """Raises ImportError before the work rather than after it."""
    if importlib.util.find_spec("scipy") is None:
        raise ImportError("fits need SciPy, expected it installed: pip install 'ranvier[fit]'")


def fit(
    law: Law,
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    start: Sequence[float],
    *,
    is_positive: bool = True,
) -> Fit | None:
    """`law` with parameters that make the relative deviations of y (n,) at x (n,) least in squares.

    Thresholds are known to a part of themselves, so that is what counts. With `is_positive` the
    parameters stay above 0 and their intervals are those of their logarithms. The intervals are
    those of the linearised law, by Student's t. None where there are fewer points than parameters.
    """
    from scipy.optimize import least_squares
    from scipy.special import stdtrit

    n, p = x.size, len(start)
    if n < p:
        return None
    first = np.asarray(start, dtype=np.float64)

    def parameters(z: NDArray[np.float64]) -> NDArray[np.float64]:
        return first * (np.exp(z) if is_positive else 1.0 + z)

    def deviation(z: NDArray[np.float64]) -> NDArray[np.float64]:
        return law(x, parameters(z)) / y - 1.0

    found = least_squares(deviation, np.zeros(p), method="lm", xtol=1e-14, ftol=1e-14, gtol=1e-14)
    half = np.full(p, math.nan)
    if n > p:
        variance = 2.0 * found.cost / (n - p)
        covariance = np.linalg.pinv(found.jac.T @ found.jac) * variance
        half = stdtrit(n - p, 0.5 * (1 + _CONFIDENCE)) * np.sqrt(np.diag(covariance))
    ends = np.sort([parameters(found.x - half), parameters(found.x + half)], axis=0)
    return Fit(
        law=law,
        values=parameters(found.x),
        low=ends[0],
        high=ends[1],
        rms_percent=100.0 * math.sqrt(2.0 * found.cost / n),
    )
