"""Roots of many rising functions at once, each between bounds that hold it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ranvier.membrane._inputs import FloatArray

#: Newton takes about six; halving alone would take 60 for a bracket of 1, and 70 for the widest.
MOST_ITERATIONS = 200
#: A step that is rounding, relative to x or to 1.
CLOSE = 8.0 * np.finfo(float).eps
#: e to this overflows, so that no root of a sum of exponentials lies beyond.
WIDEST = 1024.0


def rising_root(
    value_and_slope: Callable[[FloatArray], tuple[FloatArray, FloatArray]],
    shape: tuple[int, ...],
) -> FloatArray:
    """x of `shape` where a function that rises in every element is 0, to rounding.

    Newton's step where it stays inside the bracket and at least halves the one before, else the
    middle: so it ends whatever the function, and an infinite value or slope does no harm. The root
    must exist.
    """
    low, high = np.full(shape, -1.0), np.full(shape, 1.0)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        for bound, sign in ((low, -1.0), (high, 1.0)):
            is_short = value_and_slope(bound)[0] * sign < 0
            while np.any(is_short) and np.abs(bound).max() < WIDEST:
                bound[is_short] *= 2.0
                is_short = value_and_slope(bound)[0] * sign < 0
        x = 0.5 * (low + high)
        last = high - low
        is_found = np.zeros(shape, dtype=np.bool_)
        for _ in range(MOST_ITERATIONS):
            value, slope = value_and_slope(x)
            low, high = np.where(value < 0, x, low), np.where(value >= 0, x, high)
            newton = x - value / slope
            is_good = (newton >= low) & (newton <= high) & (np.abs(newton - x) <= 0.5 * last)
            following = np.where(is_good, newton, 0.5 * (low + high))
            last = np.abs(following - x)
            # What is found stays, or rounding would move it for ever.
            x = np.where(is_found, x, following)
            is_found |= last <= CLOSE * np.maximum(1.0, np.abs(x))
            if np.all(is_found):
                break
    return np.asarray(x)
