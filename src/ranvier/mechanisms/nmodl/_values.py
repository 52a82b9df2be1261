"""The value of an expression at given values of its leaves."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping

from ranvier.mechanisms.nmodl._expression import Expression

#: Usual values of what the form provides; what is not here is an ion's.
ELSEWHERE = {"v_mV": -61.3, "temperature_degC": 21.7, "diameter_um": 3.7}
#: Beyond it an exponential is not a number of the model any more.
LARGEST_EXPONENT = 700.0


def _exprelr(x: float) -> float:
    return 1.0 - 0.5 * x if abs(x) < 1e-9 else x / math.expm1(min(x, LARGEST_EXPONENT))


FUNCTIONS: dict[str, Callable[..., float]] = {
    "exp": lambda x: math.exp(min(x, LARGEST_EXPONENT)),
    "log": math.log,
    "log10": math.log10,
    "sqrt": math.sqrt,
    "abs": abs,
    "min": min,
    "max": max,
    "tanh": math.tanh,
    "exprelr": _exprelr,
}
OPERATORS: dict[str, Callable[[float, float], float]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "**": lambda a, b: math.pow(a, b),
    "<": lambda a, b: float(a < b),
    "<=": lambda a, b: float(a <= b),
    ">": lambda a, b: float(a > b),
    ">=": lambda a, b: float(a >= b),
    "==": lambda a, b: float(a == b),
    "!=": lambda a, b: float(a != b),
    "and": lambda a, b: float(bool(a) and bool(b)),
    "or": lambda a, b: float(bool(a) or bool(b)),
}


def evaluate(expression: Expression, leaves: Mapping[Expression, float]) -> float:
    """NaN where it has no value, or reads what `leaves` does not have."""
    known: dict[Expression, float] = {}

    def value(e: Expression) -> float:
        if e not in known:
            known[e] = fresh(e)
        return known[e]

    def fresh(e: Expression) -> float:
        if e.operator == "num":
            return float(e.arguments[0])
        if e.operator in ("var", "in", "prev", "bad"):
            return leaves.get(e, math.nan)
        if e.operator == "def":
            return value(e.arguments[1])
        if e.operator == "if":
            condition, yes, no = e.arguments
            return value(yes) if value(condition) else value(no)
        if e.operator == "neg":
            return -value(e.arguments[0])
        if e.operator == "not":
            return float(not value(e.arguments[0]))
        if e.operator == "call":
            return FUNCTIONS[e.arguments[0]](*(value(part) for part in e.arguments[1:]))
        return OPERATORS[e.operator](value(e.arguments[0]), value(e.arguments[1]))

    try:
        return value(expression)
    except (ArithmeticError, ValueError):
        return math.nan


def scattered(
    expressions: Iterable[Expression], defaults: Mapping[str, float], number: int | None = None
) -> dict[Expression, float]:
    """Values for all leaves: the defaults, or by a number values near them, each set another."""
    leaves = sorted(
        {leaf for e in expressions for leaf in e.reads}, key=lambda leaf: str(leaf.arguments[0])
    )
    found = {}
    for n, leaf in enumerate(leaves):
        name = str(leaf.arguments[0])
        usual = ELSEWHERE.get(name, 5.3) if leaf.operator == "in" else defaults.get(name, 0.7)
        share = 0.0
        if number is not None:
            share = math.modf((n + 1) * 0.6180339887 + number * 0.4142135624)[0]
        found[leaf] = usual * (1.0 + 0.02 * share) + 0.013 * share
    return found
