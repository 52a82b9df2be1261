"""Expressions as a graph in which equal ones are one object, and the text that they are written as.

An expression is an operator and its arguments. `var` is a name of the .mod file, `in` one that the
form provides, `def` a named intermediate value, `prev` what a variable held before the block ran,
and `bad` something that cannot be translated: it becomes a problem only where it is needed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias
from weakref import WeakValueDictionary

#: Takes a leaf and gives what is written for it.
Spell: TypeAlias = Callable[["Expression"], str]

LEAVES = ("num", "var", "in", "prev", "bad")
COMPARISONS = ("<", "<=", ">", ">=", "==", "!=")
#: How tightly an operator binds in Python.
BINDING = {"if": 0, "or": 1, "and": 2, "not": 3, "+": 5, "-": 5, "*": 6, "/": 6, "neg": 7, "**": 8}
BINDING |= dict.fromkeys(COMPARISONS, 4)
TIGHTEST = 9


class Expression:
    """Made by `make()` alone, so that equality is identity."""

    __slots__ = ("__weakref__", "arguments", "operator", "reads")

    def __init__(self, operator: str, arguments: tuple[Any, ...]) -> None:
        self.operator = operator
        self.arguments = arguments
        #: The leaves that it depends on, numbers apart.
        self.reads: frozenset[Expression] = (
            frozenset()
            if operator == "num"
            else frozenset((self,))
            if operator in LEAVES
            else frozenset().union(*(part.reads for part in self.parts()))
        )

    def parts(self) -> Iterator[Expression]:
        return (part for part in self.arguments if isinstance(part, Expression))

    def __repr__(self) -> str:
        return write(self, lambda leaf: str(leaf.arguments[0]))


_made: WeakValueDictionary[tuple[Any, ...], Expression] = WeakValueDictionary()


def make(operator: str, *arguments: Any) -> Expression:
    key = (operator, *arguments)
    found = _made.get(key)
    if found is None:
        found = _made[key] = Expression(operator, arguments)
    return found


def number(value: float) -> Expression:
    return make("neg", number(-value)) if value < 0.0 else make("num", float(value))


ZERO, ONE = number(0.0), number(1.0)


def value_of(expression: Expression) -> float | None:
    """The value of a written number."""
    if expression.operator == "num":
        return float(expression.arguments[0])
    if expression.operator == "neg" and expression.arguments[0].operator == "num":
        return -float(expression.arguments[0].arguments[0])
    return None


def call(function: str, *arguments: Expression) -> Expression:
    return make("call", function, *arguments)


# Sums and products as they are made by algebra: neutral elements go, numbers are put together.


def _of_numbers(a: Expression, b: Expression) -> tuple[float, float] | None:
    x, y = value_of(a), value_of(b)
    return None if x is None or y is None else (x, y)


def negative(a: Expression) -> Expression:
    if a is ZERO:
        return a
    return a.arguments[0] if a.operator == "neg" else make("neg", a)


def add(a: Expression, b: Expression) -> Expression:
    if numbers := _of_numbers(a, b):
        return number(numbers[0] + numbers[1])
    if a is ZERO or b is ZERO:
        return b if a is ZERO else a
    return make("-", a, b.arguments[0]) if b.operator == "neg" else make("+", a, b)


def subtract(a: Expression, b: Expression) -> Expression:
    if numbers := _of_numbers(a, b):
        return number(numbers[0] - numbers[1])
    if a is b:
        return ZERO
    if a is ZERO or b is ZERO:
        return negative(b) if a is ZERO else a
    return make("+", a, b.arguments[0]) if b.operator == "neg" else make("-", a, b)


def multiply(a: Expression, b: Expression) -> Expression:
    if numbers := _of_numbers(a, b):
        return number(numbers[0] * numbers[1])
    if a is ZERO or b is ZERO:
        return ZERO
    if a is ONE or b is ONE:
        return b if a is ONE else a
    if "neg" in (a.operator, b.operator):
        plain = [x.arguments[0] if x.operator == "neg" else x for x in (a, b)]
        product = multiply(*plain)
        return product if a.operator == b.operator else negative(product)
    return make("*", a, b)


def divide(a: Expression, b: Expression) -> Expression:
    numbers = _of_numbers(a, b)
    if numbers and numbers[1] != 0.0:
        return number(numbers[0] / numbers[1])
    if b is ONE or a is ZERO:
        return a
    if "neg" in (a.operator, b.operator):
        plain = [x.arguments[0] if x.operator == "neg" else x for x in (a, b)]
        quotient = divide(*plain)
        return quotient if a.operator == b.operator else negative(quotient)
    if b.operator == "/":
        return divide(multiply(a, b.arguments[1]), b.arguments[0])
    return make("/", a, b)


def choose(condition: Expression, yes: Expression, no: Expression) -> Expression:
    """`yes if condition else no`, or the smaller or larger of two where that is what it means."""
    if yes is no:
        return yes
    if condition.operator in ("<", "<=", ">", ">="):
        a, b = condition.arguments
        wants_larger = condition.operator in ("<", "<=")
        if (yes, no) == (b, a):
            return call("max" if wants_larger else "min", no, yes)
        if (yes, no) == (a, b):
            return call("min" if wants_larger else "max", yes, no)
    return make("if", condition, yes, no)


def rebuilt(
    expression: Expression, change: Callable[[Expression], Expression | None]
) -> Expression:
    """With every part changed, from the leaves up; None from `change` keeps what is there."""
    done: dict[Expression, Expression] = {}

    def visit(node: Expression) -> Expression:
        if node not in done:
            parts = tuple(
                visit(part) if isinstance(part, Expression) else part for part in node.arguments
            )
            new = node if parts == node.arguments else make(node.operator, *parts)
            changed = change(new)
            done[node] = new if changed is None else changed
        return done[node]

    return visit(expression)


def without_names(expression: Expression) -> Expression:
    """The same with intermediate values written out: for telling whether two are equal."""
    return rebuilt(expression, lambda e: e.arguments[1] if e.operator == "def" else None)


def body(expression: Expression) -> Expression:
    """What a name stands for, if it is one."""
    while expression.operator == "def":
        expression = expression.arguments[1]
    return expression


def write(expression: Expression, spell: Spell) -> str:
    """As a formula of the form."""
    return _write(expression, spell)[0]


def _write(e: Expression, spell: Spell) -> tuple[str, int]:
    operator = e.operator
    if operator == "num":
        value = e.arguments[0]
        whole = value == int(value) and value < 1e15 if abs(value) < 1e300 else False
        return (str(int(value)) if whole else repr(value)), TIGHTEST
    if operator == "def" or operator in LEAVES:
        return spell(e), TIGHTEST
    if operator == "call":
        inside = ", ".join(_write(each, spell)[0] for each in e.arguments[1:])
        return f"{e.arguments[0]}({inside})", TIGHTEST
    tightness = BINDING[operator]

    def inside_of(part: Expression, least: int) -> str:
        text, own = _write(part, spell)
        return text if own >= least else f"({text})"

    if operator == "if":
        condition, yes, no = e.arguments
        parts = [inside_of(yes, 1), inside_of(condition, 1), inside_of(no, 1)]
        return "{} if {} else {}".format(*parts), tightness
    if operator in ("neg", "not"):
        sign = "-" if operator == "neg" else "not "
        return sign + inside_of(e.arguments[0], tightness), tightness
    left, right = e.arguments
    # Of equals, what stands on the right needs parentheses, of powers what stands on the left.
    left_least, right_least = (
        (TIGHTEST, TIGHTEST) if operator == "**" else (tightness, tightness + 1)
    )
    if operator in COMPARISONS:
        left_least = tightness + 1
    text = f"{inside_of(left, left_least)} {operator} {inside_of(right, right_least)}"
    return text, tightness
