"""Rewrites a graph's formulas so that they are cheap to run; what they mean stays."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from ranvier.mechanisms._exponentials import share_exponentials
from ranvier.mechanisms._graph import Graph, Node

#: Higher whole powers are left to pow().
LARGEST_CHAIN = 100


def lower(graph: Graph, roots: list[Node], is_fixed: Callable[[Node], bool]) -> list[Node]:
    """The nodes to compute instead of `roots`.

    `is_fixed` tells what depends neither on the potential nor on a state, and so is computed once.
    """
    roots = share_exponentials(graph, roots, is_fixed)
    roots = graph.rewritten(roots, lambda node, made: _chained(graph, node, made))
    counts = Counter(
        graph.arguments(node)[1] for node in graph.reached(roots) if _is_division(graph, node)
    )

    def merged(node: Node, made: dict[Node, Node]) -> Node | None:
        if not _is_division(graph, node):
            return None
        above, below = graph.arguments(node)
        if is_fixed(node) or (counts[below] < 2 and not is_fixed(below)):
            return None
        inverse = graph.div(graph.const(1.0), made[below])
        return graph.mul(made[above], inverse)

    return graph.rewritten(roots, merged)


def _is_division(graph: Graph, node: Node) -> bool:
    return graph.operation(node) == "div"


def _chained(graph: Graph, node: Node, made: dict[Node, Node]) -> Node | None:
    """Whole powers, and those with a half, as products."""
    if graph.operation(node) != "pow":
        return None
    base, exponent = graph.arguments(node)
    value = graph.value(exponent)
    if value is None or value * 2 != int(value * 2) or not 0 < value <= LARGEST_CHAIN:
        return None
    x = made[base]
    result = _whole_power(graph, x, int(value))
    return result if value == int(value) else graph.mul(result, graph.call("sqrt", x))


def _whole_power(graph: Graph, x: Node, exponent: int) -> Node:
    if exponent == 0:
        return graph.const(1.0)
    if exponent == 1:
        return x
    if exponent % 2:
        return graph.mul(_whole_power(graph, x, exponent - 1), x)
    half = _whole_power(graph, x, exponent // 2)
    return graph.mul(half, half)
