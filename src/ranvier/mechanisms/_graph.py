"""Formulas as a graph in which what is written twice is there once, simplified as it is made."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeAlias

#: ("const", value), ("name", name) or (operation, node, ...).
Key: TypeAlias = tuple[str | float | int, ...]
#: A node is its place in the graph.
Node: TypeAlias = int

#: Operations of one or more values that are not arithmetic, as they fold.
FOLDS: dict[str, Callable[..., float]] = {
    "exp": math.exp,
    "log": math.log,
    "sqrt": math.sqrt,
    "abs": abs,
    "min": min,
    "max": max,
    "sigmoid": lambda x: 1.0 / (1.0 + math.exp(-x)) if x > -700.0 else math.exp(x),
    "exprelr": lambda x: x / math.expm1(x) if x != 0.0 else 1.0,
    "less": lambda a, b: float(a < b),
    "less_equal": lambda a, b: float(a <= b),
    "equal": lambda a, b: float(a == b),
    "pow": lambda a, b: math.pow(a, b),
}


class Graph:
    """Makes nodes. Arguments of a node are made before it, so nodes are in an order to compute."""

    def __init__(self) -> None:
        self.keys: list[Key] = []
        self._index: dict[Key, Node] = {}

    def _node(self, *key: str | float | int) -> Node:
        found = self._index.get(key)
        if found is None:
            found = self._index[key] = len(self.keys)
            self.keys.append(key)
        return found

    def const(self, value: float) -> Node:
        """Raises OverflowError where it is not finite, which no folded constant may be."""
        if not math.isfinite(value):
            raise OverflowError(value)
        return self._node("const", float(value))

    def name(self, name: str) -> Node:
        return self._node("name", name)

    def operation(self, node: Node) -> str:
        return str(self.keys[node][0])

    def arguments(self, node: Node) -> tuple[Node, ...]:
        key = self.keys[node]
        return () if key[0] in ("const", "name") else tuple(int(each) for each in key[1:])

    def value(self, node: Node) -> float | None:
        """Of a constant; else None."""
        key = self.keys[node]
        return float(key[1]) if key[0] == "const" else None

    def name_of(self, node: Node) -> str | None:
        key = self.keys[node]
        return str(key[1]) if key[0] == "name" else None

    def add(self, a: Node, b: Node) -> Node:
        x, y = self.value(a), self.value(b)
        if x is not None and y is not None:
            return self.const(x + y)
        if x == 0.0:
            return b
        if y == 0.0:
            return a
        if self.operation(b) == "neg":
            return self.sub(a, self.arguments(b)[0])
        if self.operation(a) == "neg":
            return self.sub(b, self.arguments(a)[0])
        return self._node("add", min(a, b), max(a, b))

    def sub(self, a: Node, b: Node) -> Node:
        x, y = self.value(a), self.value(b)
        if x is not None and y is not None:
            return self.const(x - y)
        if x == 0.0:
            return self.neg(b)
        if y == 0.0:
            return a
        if a == b:
            return self.const(0.0)
        if self.operation(b) == "neg":
            return self.add(a, self.arguments(b)[0])
        return self._node("sub", a, b)

    def neg(self, a: Node) -> Node:
        if (x := self.value(a)) is not None:
            return self.const(-x)
        if self.operation(a) == "neg":
            return self.arguments(a)[0]
        if self.operation(a) == "sub":
            first, second = self.arguments(a)
            return self.sub(second, first)
        return self._node("neg", a)

    def mul(self, a: Node, b: Node) -> Node:
        x, y = self.value(a), self.value(b)
        if x is not None and y is not None:
            return self.const(x * y)
        if y is not None:
            a, b, x, y = b, a, y, x
        if x is not None:
            if x in (0.0, 1.0):
                return b if x else self.const(0.0)
            if x == -1.0:
                return self.neg(b)
            if self.operation(b) == "mul":
                first, second = self.arguments(b)
                if (inner := self.value(first)) is not None:
                    return self.mul(self.const(x * inner), second)
            if self.operation(b) == "neg":
                return self.mul(self.const(-x), self.arguments(b)[0])
            return self._node("mul", a, b)
        if self.operation(a) == "neg":
            return self.neg(self.mul(self.arguments(a)[0], b))
        if self.operation(b) == "neg":
            return self.neg(self.mul(a, self.arguments(b)[0]))
        return self._node("mul", min(a, b), max(a, b))

    def div(self, a: Node, b: Node) -> Node:
        """Raises ZeroDivisionError where the divisor is the number 0."""
        x, y = self.value(a), self.value(b)
        if y == 0.0:
            raise ZeroDivisionError
        if x is not None and y is not None:
            return self.const(x / y)
        if x == 0.0 or y == 1.0:
            return a
        if self.operation(a) == "neg":
            return self.neg(self.div(self.arguments(a)[0], b))
        if y == -1.0:
            return self.neg(a)
        if self.operation(b) == "neg":
            return self.neg(self.div(a, self.arguments(b)[0]))
        if self.operation(b) == "div":
            first, second = self.arguments(b)
            return self.div(self.mul(a, second), first)
        if self.operation(a) == "div" and y is None:
            first, second = self.arguments(a)
            return self.div(first, self.mul(second, b))
        return self._node("div", a, b)

    def power(self, a: Node, b: Node) -> Node:
        """Whole exponents stay whole, a root is one, and of a constant it is an exponential."""
        x, y = self.value(a), self.value(b)
        if x is not None and y is not None:
            return self.const(FOLDS["pow"](x, y))
        if y is not None:
            if y == 0.0:
                return self.const(1.0)
            if y == 1.0:
                return a
            if y == 0.5:
                return self.call("sqrt", a)
            if y < 0.0:
                return self.div(self.const(1.0), self.power(a, self.const(-y)))
        if x is not None and x > 0.0:
            return self.call("exp", self.mul(self.const(math.log(x)), b))
        return self._node("pow", a, b)

    def call(self, operation: str, *arguments: Node) -> Node:
        """Any other operation; those of constants are computed."""
        values = [self.value(each) for each in arguments]
        known = [value for value in values if value is not None]
        if len(known) == len(values) and operation in FOLDS:
            return self.const(FOLDS[operation](*known))
        if operation in ("min", "max", "equal"):
            arguments = (min(arguments), max(arguments))
        return self._node(operation, *arguments)

    def select(self, condition: Node, if_true: Node, if_false: Node) -> Node:
        if if_true == if_false:
            return if_true
        if (known := self.value(condition)) is not None:
            return if_true if known else if_false
        return self._node("select", condition, if_true, if_false)

    def make(self, operation: str, *arguments: Node) -> Node:
        """A node of any operation, simplified."""
        makers = {
            "add": self.add,
            "sub": self.sub,
            "mul": self.mul,
            "div": self.div,
            "neg": self.neg,
            "pow": self.power,
            "select": self.select,
        }
        maker: Callable[..., Node] | None = makers.get(operation)
        return maker(*arguments) if maker else self.call(operation, *arguments)

    def reached(self, roots: list[Node]) -> list[Node]:
        """All that is needed for some nodes, in an order to compute."""
        seen: set[Node] = set()
        waiting = list(roots)
        while waiting:
            node = waiting.pop()
            if node not in seen:
                seen.add(node)
                waiting.extend(self.arguments(node))
        return sorted(seen)
