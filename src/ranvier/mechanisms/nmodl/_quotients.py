"""Finds `x / (exp(x / y) - 1)` and writes it as exprelr, which has no hole at 0.

Files close the hole by hand, with another formula near it. Where the two agree, the other one goes.
"""

from __future__ import annotations

from collections.abc import Mapping

from ranvier.mechanisms.nmodl._algebra import factors, product, straight
from ranvier.mechanisms.nmodl._expression import (
    Expression,
    body,
    call,
    divide,
    make,
    multiply,
    negative,
    rebuilt,
    value_of,
)
from ranvier.mechanisms.nmodl._values import evaluate, scattered

POTENTIAL = make("in", "v_mV")
#: A guard wider than this is no guard against division by zero.
WIDEST_GUARD = 1e-3
#: Below exp(-50) an exponential adds nothing to a number of usual size.
LEAST_EXPONENT = 50.0
#: How equal two values are that are the same formula, of rounding alone.
SAME = 1e-9
#: How far a guard's formula may be from the one that it stands for.
NEAR = 1e-3


def smooth(e: Expression, defaults: Mapping[str, float]) -> Expression:
    """The same with every such quotient, and every guard of one, as exprelr."""

    def change(node: Expression) -> Expression | None:
        if node.operator == "if":
            return _unguarded(node, defaults)
        if node.operator in ("/", "*"):
            return _quotient(node, defaults)
        return None

    return rebuilt(e, change)


def _guard(condition: Expression) -> tuple[Expression, bool] | None:
    """What is compared with a small number, and whether the first branch is the one near 0."""
    if condition.operator not in ("<", "<=", ">", ">="):
        return None
    left, right = condition.arguments
    is_less = condition.operator in ("<", "<=")
    if value_of(left) is not None:
        left, right, is_less = right, left, not is_less
    bound, inside = value_of(right), body(left)
    is_guard = bound is not None and 0.0 < bound <= WIDEST_GUARD
    if is_guard and inside.operator == "call" and inside.arguments[0] == "abs":
        return inside.arguments[1], is_less
    return None


def _unguarded(node: Expression, defaults: Mapping[str, float]) -> Expression | None:
    condition, yes, no = node.arguments
    if (cut := _cut_exponential(condition, yes, no)) is not None:
        return cut
    found = _guard(condition)
    if found is None:
        return None
    compared, is_near_first = found
    near, far = (yes, no) if is_near_first else (no, yes)
    line = straight(compared, POTENTIAL)
    if line is None or "exprelr" not in _functions(far):
        return None
    values = scattered([near, far, compared], defaults, 0)
    slope = evaluate(line[1], values)
    if slope:
        values[POTENTIAL] = -evaluate(line[0], values) / slope
    there = evaluate(far, values)
    # Otherwise the guard is for something else, or wrong at its point: NEURON's is kept.
    return far if abs(evaluate(near, values) - there) <= NEAR * abs(there) else None


def _cut_exponential(condition: Expression, yes: Expression, no: Expression) -> Expression | None:
    """exp(x) of `0 if x < -100 else exp(x)`."""
    if condition.operator not in ("<", "<=") or value_of(yes) != 0.0:
        return None
    x, bound = condition.arguments
    limit = value_of(bound)
    is_cut = body(no) is call("exp", x) and limit is not None and limit <= -LEAST_EXPONENT
    return no if is_cut else None


def _functions(e: Expression) -> set[str]:
    found: set[str] = set()
    seen: set[Expression] = set()
    waiting = [e]
    while waiting:
        node = waiting.pop()
        if node not in seen:
            seen.add(node)
            if node.operator == "call":
                found.add(node.arguments[0])
            waiting += node.parts()
    return found


def _less_one(e: Expression) -> tuple[Expression, bool] | None:
    """`u` of `exp(u) - 1`, and whether it is `1 - exp(u)` instead."""
    e = body(e)
    if e.operator not in ("+", "-"):
        return None
    left, right = e.arguments
    if e.operator == "+" and value_of(left) == -1.0:
        left, right = right, left
    for a, b, is_turned in ((left, right, False), (right, left, True)):
        exponential = body(a)
        is_one = value_of(b) == (1.0 if e.operator == "-" else -1.0)
        if is_one and exponential.operator == "call" and exponential.arguments[0] == "exp":
            return exponential.arguments[1], is_turned
    return None


def _quotient(node: Expression, defaults: Mapping[str, float]) -> Expression | None:
    is_negative, over, under = factors(node)
    for below in under:
        found = _less_one(below)
        line = straight(found[0], POTENTIAL) if found else None
        if found is None or line is None or POTENTIAL not in found[0].reads:
            continue
        for above in over:
            other = straight(above, POTENTIAL)
            if other is None or POTENTIAL not in above.reads:
                continue
            if not _are_proportional(line, other, defaults):
                continue
            scale = divide(other[1], line[1])
            rest = product(
                [each for each in over if each is not above],
                [each for each in under if each is not below],
            )
            value = multiply(multiply(rest, scale), call("exprelr", found[0]))
            return negative(value) if is_negative != found[1] else value
    return None


def _are_proportional(
    line: tuple[Expression, Expression],
    other: tuple[Expression, Expression],
    defaults: Mapping[str, float],
) -> bool:
    """By value, at several values of what they read: so that no chance agreement counts."""
    for number in range(3):
        values = scattered([*line, *other], defaults, number)
        a, b, c, d = (evaluate(each, values) for each in (*line, *other))
        if not abs(a * d - b * c) <= SAME * abs(a * d) + SAME * 1e-3 * abs(b * d):
            return False
    return True
