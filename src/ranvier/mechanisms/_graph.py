"""Formulas as a graph in which what is written twice is there once, simplified as it is made."""

from __future__ import annotations

import math
from collections.abc import Callable, Container, Iterable
from typing import TypeAlias

#: A node is its place in the graph.
Node: TypeAlias = int
#: Given a node and what nodes before it became, the node to have instead, or None.
Rule: TypeAlias = Callable[[Node, dict[Node, Node]], Node | None]

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
        self._index: dict[tuple[object, ...], Node] = {}
        # By node. Of a constant and of a name there are no arguments.
        self._operations: list[str] = []
        self._arguments: list[tuple[Node, ...]] = []
        self._values: list[float | None] = []
        self._names: list[str | None] = []
        self._makers: dict[str, Callable[..., Node]] = {
            "add": self.add,
            "sub": self.sub,
            "mul": self.mul,
            "div": self.div,
            "neg": self.neg,
            "pow": self.power,
            "select": self.select,
        }

    def _node(self, operation: str, *arguments: Node) -> Node:
        return self._new((operation, *arguments), operation, arguments)

    def _new(
        self,
        key: tuple[object, ...],
        operation: str,
        arguments: tuple[Node, ...] = (),
        value: float | None = None,
        name: str | None = None,
    ) -> Node:
        found = self._index.get(key)
        if found is None:
            found = self._index[key] = len(self._operations)
            self._operations.append(operation)
            self._arguments.append(arguments)
            self._values.append(value)
            self._names.append(name)
        return found

    def const(self, value: float) -> Node:
        """Raises OverflowError where it is not finite, which no folded constant may be."""
        if not math.isfinite(value):
            raise OverflowError(value)
        return self._new(("const", value), "const", value=float(value))

    def name(self, name: str) -> Node:
        return self._new(("name", name), "name", name=name)

    def operation(self, node: Node) -> str:
        """Its name; "const" and "name" are operations without arguments."""
        return self._operations[node]

    def arguments(self, node: Node) -> tuple[Node, ...]:
        return self._arguments[node]

    def value(self, node: Node) -> float | None:
        """Of a constant; else None."""
        return self._values[node]

    def name_of(self, node: Node) -> str | None:
        return self._names[node]

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
            if self.operation(b) == "div":
                above, below = self.arguments(b)
                is_scaled = self.operation(above) == "mul"
                scale = self.arguments(above)[0] if is_scaled else above
                if self.value(scale) is not None:
                    return self.div(self.mul(a, above), below)
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

    def logistic(self, node: Node) -> Node | None:
        """The x of a node that is 1 + e^-x; None of any other."""
        if self.operation(node) == "add":
            for one, other in (self.arguments(node), self.arguments(node)[::-1]):
                if self.value(one) == 1.0 and self.operation(other) == "exp":
                    return self.neg(self.arguments(other)[0])
        return None

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
        maker = self._makers.get(operation)
        return maker(*arguments) if maker else self.call(operation, *arguments)

    def rewritten(self, roots: list[Node], rule: Rule) -> list[Node]:
        """Make all that roots need anew: by the rule where it gives a node.

        The rule is given each node and what those before it have become.
        """
        made: dict[Node, Node] = {}
        for node in self.reached(roots):
            new = rule(node, made)
            if new is None:
                arguments = self._arguments[node]
                changed = tuple([made[argument] for argument in arguments])
                same = changed == arguments
                new = node if same else self.make(self._operations[node], *changed)
            made[node] = new
        return [made[root] for root in roots]

    def reached(self, roots: Iterable[Node], known: Container[Node] = ()) -> list[Node]:
        """All that is needed for some nodes, in an order to compute, up to what is known."""
        seen: set[Node] = set()
        waiting = [root for root in roots if root not in known]
        while waiting:
            node = waiting.pop()
            if node not in seen:
                seen.add(node)
                waiting += [each for each in self._arguments[node] if each not in known]
        return sorted(seen)
