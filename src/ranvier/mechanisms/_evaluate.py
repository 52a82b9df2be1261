"""Runs bytecode and graphs with NumPy: the reference for the core's own, and for plots."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from ranvier.mechanisms._graph import Graph, Node

Array = NDArray[np.float64]

#: Below this the slope of exprelr is its series: a quotient would lose digits.
SMALL = 0.1


def exprelr(x: Array) -> Array:
    """x/(e^x - 1), 1 at 0; to rounding."""
    divisor = np.expm1(x)
    is_zero = divisor == 0.0
    return np.where(is_zero, 1.0, x / np.where(is_zero, 1.0, divisor))


def exprelr_slope(x: Array) -> Array:
    """Derivative of exprelr, -1/2 at 0; relative error below 1e-13."""
    is_small = np.abs(x) < SMALL
    y = np.where(is_small, x, 0.0)
    y2 = y * y
    series = -0.5 + y * (1 / 6 - y2 * (1 / 180 - y2 * (1 / 5040 - y2 / 151200)))
    large = np.where(is_small, 1.0, x)
    return np.where(is_small, series, (1.0 - large - exprelr(large)) / np.expm1(large))


def sigmoid(x: Array) -> Array:
    return 1.0 / (1.0 + np.exp(-x))


def _flag(compare: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    return lambda a, b: compare(a, b).astype(np.float64)


#: The contract with the core: an instruction's number is its place here.
OPERATIONS: tuple[tuple[str, Callable[..., Any]], ...] = (
    ("add", np.add),
    ("sub", np.subtract),
    ("mul", np.multiply),
    ("div", np.divide),
    ("neg", np.negative),
    ("fma", lambda a, b, c: a * b + c),
    ("fms", lambda a, b, c: a * b - c),
    ("fnma", lambda a, b, c: c - a * b),
    ("exp", np.exp),
    ("log", np.log),
    ("pow", np.power),
    ("sqrt", np.sqrt),
    ("abs", np.abs),
    ("min", np.minimum),
    ("max", np.maximum),
    ("sigmoid", sigmoid),
    ("exprelr", exprelr),
    ("exprelr_slope", exprelr_slope),
    ("less", _flag(np.less)),
    ("less_equal", _flag(np.less_equal)),
    ("equal", _flag(np.equal)),
    ("select", lambda a, b, c: np.where(a != 0.0, b, c)),
    ("expm1", np.expm1),
)
OPCODES = {name: number for number, (name, _) in enumerate(OPERATIONS)}
#: How many operands each takes.
ARITY = dict.fromkeys(OPCODES, 1) | {
    **dict.fromkeys(("add", "sub", "mul", "div", "pow", "min", "max"), 2),
    **dict.fromkeys(("less", "less_equal", "equal"), 2),
    **dict.fromkeys(("fma", "fms", "fnma", "select"), 3),
}
_FUNCTIONS = dict(OPERATIONS)


def evaluate_nodes(
    graph: Graph, roots: Iterable[Node], names: Mapping[str, ArrayLike]
) -> list[Array]:
    """Values of some nodes, without warnings where one is infinite or NaN."""
    roots = list(roots)
    values: dict[Node, Array] = {}
    with np.errstate(all="ignore"):
        for node in graph.reached(roots):
            value, name = graph.value(node), graph.name_of(node)
            if value is not None:
                values[node] = np.asarray(value)
            elif name is not None:
                values[node] = np.asarray(names[name], dtype=np.float64)
            else:
                arguments = [values[each] for each in graph.arguments(node)]
                values[node] = np.asarray(_FUNCTIONS[graph.operation(node)](*arguments))
    return [values[root] for root in roots]


def run(
    code: NDArray[np.uint16],
    constants: Sequence[float] | Array,
    outputs: Iterable[int],
    leading: Sequence[ArrayLike],
    dtype: DTypeLike = np.float64,
) -> list[Array]:
    """Outputs of bytecode whose operands begin with `leading`, arrays of shapes that go together.

    All is computed in `dtype`, so that single precision can be tried.
    Registers follow the constants; one read before it is written would be a KeyError.
    """
    operands: dict[int, Array] = {
        place: np.asarray(value, dtype=dtype) for place, value in enumerate([*leading, *constants])
    }
    with np.errstate(all="ignore"):
        for row in code:
            operation, to, *places = (int(each) for each in row)
            name, function = OPERATIONS[operation]
            arguments = [operands[place] for place in places[: ARITY[name]]]
            operands[to] = np.asarray(function(*arguments), dtype=dtype)
    return [operands[place] for place in outputs]
