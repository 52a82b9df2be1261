"""Turns nodes into instructions: in an order that keeps few values alive, products with sums fused,
registers given out again after a value's last use."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from ranvier.mechanisms._evaluate import OPCODES
from ranvier.mechanisms._graph import Graph, Node


@dataclass(slots=True)
class _Instruction:
    operation: str
    node: Node
    arguments: tuple[Node, ...]


def emit(
    graph: Graph, operands: list[Node], roots: list[Node]
) -> tuple[list[tuple[int, ...]], list[float], int, list[int]]:
    """Code, constants, number of registers and outputs, for operands that begin with the given.

    A register may be written by the instruction that reads it last.
    """
    return _Emitter(graph, operands, roots).emit()


class _Emitter:
    def __init__(self, graph: Graph, operands: list[Node], roots: list[Node]) -> None:
        self.graph = graph
        self.operands = {node: place for place, node in enumerate(operands)}
        self.roots = roots
        self.constants: dict[Node, float] = {}
        self.instructions: dict[Node, _Instruction] = {}

    def emit(self) -> tuple[list[tuple[int, ...]], list[float], int, list[int]]:
        needed = self.needed()
        uses = Counter(argument for node in needed for argument in self.arguments(node))
        uses.update(self.roots)
        for node in needed:
            if self.graph.value(node) is None and node not in self.operands:
                self.instructions[node] = self.instruction(node, uses)
        order = self.ordered()
        for instruction in order:
            for argument in instruction.arguments:
                self.note_constant(argument)
        for root in self.roots:
            self.note_constant(root)
        first = len(self.operands)
        places = dict(self.operands)
        places.update((node, first + n) for n, node in enumerate(self.constants))
        first += len(self.constants)
        return self.numbered(order, places, first)

    def arguments(self, node: Node) -> tuple[Node, ...]:
        return () if node in self.operands else self.graph.arguments(node)

    def needed(self) -> list[Node]:
        """Nodes that roots need, up to the operands, in an order to compute."""
        seen: set[Node] = set()
        waiting = list(self.roots)
        while waiting:
            node = waiting.pop()
            if node not in seen:
                seen.add(node)
                waiting.extend(self.arguments(node))
        return sorted(seen)

    def note_constant(self, node: Node) -> None:
        value = self.graph.value(node)
        if value is not None and node not in self.operands:
            self.constants[node] = value

    def instruction(self, node: Node, uses: Counter[Node]) -> _Instruction:
        """Of a node, with a product that nothing else needs drawn into a sum."""
        operation = self.graph.operation(node)
        arguments = self.graph.arguments(node)

        def is_free(argument: Node) -> bool:
            return (
                self.graph.operation(argument) == "mul"
                and argument not in self.operands
                and uses[argument] == 1
            )

        if operation in ("add", "sub", "neg"):
            places = [n for n, each in enumerate(arguments) if is_free(each)]
            if places:
                place = places[0]
                product = self.graph.arguments(arguments[place])
                self.instructions.pop(arguments[place], None)
                if operation == "neg":
                    return _Instruction("fnma", node, (*product, self.graph.const(0.0)))
                other = arguments[1 - place]
                name = "fma" if operation == "add" else ("fms", "fnma")[place]
                return _Instruction(name, node, (*product, other))
        return _Instruction(operation, node, arguments)

    def ordered(self) -> list[_Instruction]:
        """Depth first, and of each instruction's arguments the one that needs most registers."""
        weight: dict[Node, int] = {}
        for node in sorted(self.instructions):
            weights = [weight.get(a, 0) for a in self.instructions[node].arguments]
            ranked = sorted(weights, reverse=True)
            weight[node] = max([1, *(w + n for n, w in enumerate(ranked))])
        done: set[Node] = set()
        order: list[_Instruction] = []
        for root in self.roots:
            waiting = [(root, False)]
            while waiting:
                node, is_ready = waiting.pop()
                if node in done or node not in self.instructions:
                    continue
                instruction = self.instructions[node]
                if is_ready:
                    done.add(node)
                    order.append(instruction)
                    continue
                waiting.append((node, True))
                # The last put down is taken first.
                light_first = sorted(instruction.arguments, key=lambda a: weight.get(a, 0))
                waiting.extend((argument, False) for argument in light_first)
        return order

    def numbered(
        self, order: list[_Instruction], places: dict[Node, int], first: int
    ) -> tuple[list[tuple[int, ...]], list[float], int, list[int]]:
        last = {
            argument: row
            for row, instruction in enumerate(order)
            for argument in instruction.arguments
        }
        last.update(dict.fromkeys(self.roots, len(order)))
        free: list[int] = []
        registers = 0
        code = []
        for row, instruction in enumerate(order):
            read = [places[argument] for argument in instruction.arguments]
            ends = {a for a in instruction.arguments if a in self.instructions and last[a] == row}
            free += sorted(places[argument] for argument in ends)
            if free:
                to = free.pop()
            else:
                to = first + registers
                registers += 1
            places[instruction.node] = to
            padding = (0,) * (3 - len(read))
            code.append((OPCODES[instruction.operation], to, *read, *padding))
        outputs = [places[root] for root in self.roots]
        return code, list(self.constants.values()), registers, outputs
