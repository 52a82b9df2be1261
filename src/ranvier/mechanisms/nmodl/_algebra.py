"""Takes formulas apart: into factors, and into what is straight in one of their variables."""

from __future__ import annotations

from ranvier.mechanisms.nmodl._expression import (
    ONE,
    ZERO,
    Expression,
    add,
    body,
    divide,
    multiply,
    negative,
    subtract,
)


def straight(e: Expression, x: Expression) -> tuple[Expression, Expression] | None:
    """`a` and `b` of `a + b x`; None if it is no straight line of x."""
    if x not in e.reads:
        return e, ZERO
    if e is x:
        return ZERO, ONE
    if e.operator == "def":
        return straight(e.arguments[1], x)
    if e.operator not in ("+", "-", "*", "/", "neg"):
        return None
    found = [straight(part, x) for part in e.arguments]
    if None in found:
        return None
    (a, b), (c, d) = (*(each for each in found if each is not None), (ZERO, ZERO))[:2]
    if e.operator == "neg":
        return negative(a), negative(b)
    if e.operator in ("+", "-"):
        join = add if e.operator == "+" else subtract
        return join(a, c), join(b, d)
    if e.operator == "*" and ZERO in (b, d):
        return (multiply(a, c), multiply(b, c)) if d is ZERO else (multiply(a, c), multiply(a, d))
    if e.operator == "/" and d is ZERO:
        return divide(a, c), divide(b, c)
    return None


def factors(e: Expression) -> tuple[bool, list[Expression], list[Expression]]:
    """Whether it is negative, what is multiplied, and what it is divided by. Looks behind names."""
    inside = body(e)
    if inside.operator == "neg":
        is_negative, over, under = factors(inside.arguments[0])
        return not is_negative, over, under
    if inside.operator in ("*", "/"):
        sign, over, under = factors(inside.arguments[0])
        other_sign, other_over, other_under = factors(inside.arguments[1])
        if inside.operator == "/":
            other_over, other_under = other_under, other_over
        return sign != other_sign, over + other_over, under + other_under
    return False, [e], []


def product(over: list[Expression], under: list[Expression]) -> Expression:
    """The inverse of `factors()`."""
    top, bottom = ONE, ONE
    for each in over:
        top = multiply(top, each)
    for each in under:
        bottom = multiply(bottom, each)
    return divide(top, bottom)
