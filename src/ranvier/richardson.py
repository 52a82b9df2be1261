"""Where a number goes as a step goes to zero, and how sure that is. Knows nothing of axons.

Richardson's extrapolation (1911, doi:10.1098/rsta.1911.0009) with the observed order, and the
error bar of Roache's grid convergence index (1994, doi:10.1115/1.2910291).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

#: Roache's factors on the estimated error: where the order is as expected or lower and rising to
#: it, and where it is not known.
SAFETY = 1.25
SAFETY_UNSURE = 3.0
#: A bar covers the value at a quarter of the step, however fine the ladder ends.
REACH = 4
#: Below this order an extrapolation is a guess that goes far.
LEAST_ORDER = 0.5
#: Above every order that anything here has; where the difference has vanished.
MOST_ORDER = 16.0
#: How far the observed order may be from the expected one, as a fraction.
ORDER_TOLERANCE = 0.25


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Extrapolation:
    """One ladder: `values[k]` at a step `finer[k]` times finer than the first, and their limit.

    `error` is how far the limit and the value at a quarter of the step may be from `limit`.
    `observed_order` is NaN where the last three values have none. `problem` is empty if the values
    behave as the expected order demands; otherwise `error` is the conservative one.
    """

    values: tuple[float, ...]
    finer: tuple[int, ...]
    expected_order: float
    observed_order: float
    limit: float
    error: float
    problem: str = ""

    @property
    def is_converging(self) -> bool:
        """The values show the order that is expected, or differ by no more than noise."""
        return not self.problem


def extrapolate(
    values: Sequence[float],
    finer: Sequence[int],
    *,
    expected_order: float,
    noise: float = 0.0,
    order_tolerance: float = ORDER_TOLERANCE,
) -> Extrapolation:
    """The limit of values at steps 1/finer, from the last three of them.

    Shapes: values and finer (n,), n >= 3; the values are finite, finer rises. `noise`, in the unit
    of the values, is what a difference may hold besides the error of the step: an order is in doubt
    only if no noise of that size can explain it.

    With f the values, h the steps, q the observed and p the expected order, the error is
    1.25 |C| h^o at a quarter of the first step, where o is the lower of q and p and C the larger of
    what the two differences give. Above the tolerance on p, or below 0.5, the factor is 3. The
    limit is extrapolated with q, but with p/2 where q is lower and with p where q is above the
    tolerance. An order up to p + 1 is no problem, and a lower one is. Where the differences change
    sign or hardly fall there is no law: the limit is the last value and the error three times the
    last difference, at least the spread.
    """
    h = [1.0 / each for each in finer[-3:]]
    f = list(values[-3:])
    former, last = f[1] - f[0], f[2] - f[1]
    made = _Ladder(tuple(values), tuple(finer), expected_order)
    spread = max(f) - min(f)
    if max(abs(former), abs(last)) <= noise or spread == 0.0:
        return made.extrapolation(limit=f[2], error=SAFETY_UNSURE * spread)
    no_law = max(SAFETY_UNSURE * abs(last), spread)
    if former * last < 0 and min(abs(former), abs(last)) > noise:
        return made.extrapolation(limit=f[2], error=no_law, problem="the differences change sign")

    # What the order could be, given that each difference is known to `noise`.
    lowest = _order(max(abs(former) - noise, 0.0), abs(last) + noise, h)
    highest = _order(abs(former) + noise, max(abs(last) - noise, 0.0), h)
    if highest <= 0:
        return made.extrapolation(limit=f[2], error=no_law, problem="the differences hardly fall")
    is_known = former * last > 0
    observed = _order(former, last, h) if is_known else math.nan
    band = (expected_order * (1 - order_tolerance), expected_order * (1 + order_tolerance))
    is_expected = lowest <= band[1] and highest >= band[0]
    # A method whose leading error is small shows the next order first. Nothing is wrong with that,
    # but nor will it last: the limit and the bar make no use of it.
    is_fine = highest >= band[0] and lowest <= (expected_order + 2) * (1 + order_tolerance)
    is_lucky = not is_known or observed > band[1]
    # One below half of it has yet to rise, and would carry the limit too far: for the bar alone.
    lawful = expected_order if is_lucky else max(observed, expected_order / 2)
    limit = f[2] + last * h[2] ** lawful / (h[1] ** lawful - h[2] ** lawful)
    lower = expected_order if is_lucky else min(max(observed, LEAST_ORDER), expected_order)
    coefficient = max(
        abs(former) / (h[0] ** lower - h[1] ** lower),
        abs(last) / (h[1] ** lower - h[2] ** lower),
    )
    is_trusted = is_expected or (not is_lucky and observed >= LEAST_ORDER)
    safety = SAFETY if is_trusted else SAFETY_UNSURE
    error = safety * coefficient * max(h[2], h[0] / REACH) ** lower
    if is_fine:
        return made.extrapolation(limit=limit, error=error, observed=observed)
    shown = observed if is_known else highest
    return made.extrapolation(
        limit=limit,
        error=max(error, abs(last)),
        observed=observed,
        problem=f"order {shown:.2g}, expected {expected_order:.2g}",
    )


@dataclass(frozen=True, slots=True)
class _Ladder:
    values: tuple[float, ...]
    finer: tuple[int, ...]
    expected_order: float

    def extrapolation(
        self, *, limit: float, error: float, observed: float = math.nan, problem: str = ""
    ) -> Extrapolation:
        return Extrapolation(
            values=self.values,
            finer=self.finer,
            expected_order=self.expected_order,
            observed_order=observed,
            limit=limit,
            error=error,
            problem=problem,
        )


def _order(former: float, last: float, h: Sequence[float]) -> float:
    """q for which (h0^q - h1^q) / (h1^q - h2^q) is former / last: 0 where that is too small.

    The quotient rises with q, so that bisection finds it for any three steps.
    """
    if last == 0.0:
        return MOST_ORDER
    quotient = former / last
    # The limit for q = 0, and a little more so that rounding does not decide.
    if quotient <= math.log(h[0] / h[1]) / math.log(h[1] / h[2]) * (1 + 1e-9):
        return 0.0
    low, high = 0.0, MOST_ORDER
    for _ in range(60):
        middle = 0.5 * (low + high)
        if (h[0] ** middle - h[1] ** middle) < quotient * (h[1] ** middle - h[2] ** middle):
            low = middle
        else:
            high = middle
    return 0.5 * (low + high)


def with_error(value: float, error: float) -> str:
    """`47.6 +- 1.7`: two digits of the error, and as many decimals of the value."""
    if not (math.isfinite(error) and error > 0):
        return f"{value:.6g} +- {error:g}"
    # Of what is printed: 0.0996 has its two digits in 0.10.
    digit = math.floor(math.log10(float(f"{error:.1e}")))
    decimals = max(0, 1 - digit)
    return f"{value:.{decimals}f} +- {error:.{decimals}f}"
