"""Derivatives of formulas, in the same form: rules of calculus over the graph, then simplified."""

from __future__ import annotations

from ranvier.mechanisms._graph import Graph, Node


class Derivative:
    """By one name. What has been derived is kept, so common parts are derived once."""

    def __init__(self, graph: Graph, name: str) -> None:
        self.graph = graph
        self.zero = graph.const(0.0)
        self._known: dict[Node, Node] = {graph.name(name): graph.const(1.0)}

    def of(self, root: Node) -> Node:
        for node in self.graph.reached([root], self._known):
            self._known[node] = self._derive(node)
        return self._known[root]

    def _derive(self, node: Node) -> Node:
        graph = self.graph
        arguments = graph.arguments(node)
        slopes = [self._known[each] for each in arguments]
        operation = graph.operation(node)
        if all(slope == self.zero for slope in (slopes[1:] if operation == "select" else slopes)):
            return self.zero
        if operation == "select":
            return graph.select(arguments[0], slopes[1], slopes[2])
        if len(arguments) == 1:
            return graph.mul(self._slope(operation, node, arguments[0]), slopes[0])
        a, b = arguments
        da, db = slopes
        match operation:
            case "add":
                return graph.add(da, db)
            case "sub":
                return graph.sub(da, db)
            case "mul":
                return graph.add(graph.mul(da, b), graph.mul(a, db))
            case "div":
                if db == self.zero:
                    return graph.div(da, b)
                if da == self.zero:
                    return graph.neg(graph.mul(node, graph.div(db, b)))
                return graph.div(graph.sub(da, graph.mul(node, db)), b)
            case "pow":
                return self._power(node, a, b, da, db)
            case "min":
                return graph.select(graph.call("less", a, b), da, db)
            case "max":
                return graph.select(graph.call("less", a, b), db, da)
            case _:  # a comparison: flat but for a jump
                return self.zero

    def _slope(self, operation: str, node: Node, x: Node) -> Node:
        """Of a function of one value, by that value; `node` is the function's."""
        graph = self.graph
        one = graph.const(1.0)
        match operation:
            case "neg":
                return graph.const(-1.0)
            case "exp":
                return node
            case "log":
                return graph.div(one, x)
            case "sqrt":
                return graph.div(graph.const(0.5), node)
            case "abs":
                return graph.select(graph.call("less", x, self.zero), graph.const(-1.0), one)
            case "sigmoid":
                return graph.mul(node, graph.sub(one, node))
            case "exprelr":
                return graph.call("exprelr_slope", x)
            case _:  # exprelr_slope, since only first derivatives are needed
                raise NotImplementedError(operation)

    def _power(self, node: Node, a: Node, b: Node, da: Node, db: Node) -> Node:
        graph = self.graph
        result = self.zero
        if da != self.zero:
            less = graph.power(a, graph.sub(b, graph.const(1.0)))
            result = graph.mul(graph.mul(b, less), da)
        if db != self.zero:
            by_exponent = graph.mul(graph.mul(node, graph.call("log", a)), db)
            result = graph.add(result, by_exponent)
        return result
