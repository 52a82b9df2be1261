"""Compiles equations to bytecode: seven or eight programs over one numbering of operands.

Operands are v, the states, the inputs, the derived columns, constants, registers. `setup` computes
the derived columns from the inputs: all that depends on neither the potential nor a state.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from ranvier.mechanisms._derive import Derivative
from ranvier.mechanisms._emit import emit
from ranvier.mechanisms._equations import Equations
from ranvier.mechanisms._evaluate import OPERATIONS, Array, run
from ranvier.mechanisms._graph import Graph, Node
from ranvier.mechanisms._lower import lower


@dataclass(frozen=True, slots=True)
class Program:
    """Rows of (operation, to, a, b, c); `leading` operands come before the constants."""

    code: NDArray[np.uint16]
    constants: Array
    registers: int
    outputs: NDArray[np.uint16]
    leading: int

    def run(self, leading: list[ArrayLike], dtype: DTypeLike = np.float64) -> list[Array]:
        """The outputs by NumPy, of arrays whose shapes go together."""
        with np.errstate(over="ignore"):
            return run(self.code, self.constants, self.outputs, leading, dtype)

    def counts(self) -> dict[str, int]:
        """How often each instruction is in it."""
        names = [OPERATIONS[row[0]][0] for row in self.code.tolist()]
        return {name: names.count(name) for name in sorted(set(names))}


@dataclass(frozen=True, slots=True)
class Programs:
    """What the core runs; see each output's order in `compile_equations`."""

    states: tuple[tuple[str, float, float], ...]
    inputs: tuple[str, ...]
    derived: int
    currents: tuple[str, ...]
    jacobian: tuple[tuple[int, int], ...]
    #: Amounts that no reaction changes: of each, the states and their weights.
    conserved: tuple[tuple[tuple[int, float], ...], ...]
    is_settled: bool
    #: Per state: whether a run begins with what `settle` gives.
    given: tuple[bool, ...]
    setup: Program
    settle: Program
    relax: Program
    conduct: Program
    change: Program
    linearise: Program
    split: Program
    #: What an event brings, and what it makes of the states; None where events mean nothing.
    arguments: tuple[str, ...]
    receive: Program | None


def compile_equations(equations: Equations) -> Programs:
    """Programs for starting values, for rates and currents, and for these with their slopes.

    settle: the states; relax: their rates per ms and the slopes of these by states, in the order of
    `jacobian`; conduct: total current and its slope by v; change: rates, then each ion's current;
    linearise: rates, their slopes by v, those by states, total current, its slopes by v and by
    every state; split: of several currents, each with its slopes by v and by every state; receive:
    the states after an event, whose arguments come after what all are given.
    """
    graph = equations.graph
    count = len(equations.states)
    total = graph.const(0.0)
    for current in equations.currents.values():
        total = graph.add(total, current)
    by_v = Derivative(graph, "v_mV")
    by_state = [Derivative(graph, name) for name, _, _ in equations.states]
    zero = graph.const(0.0)
    slopes = {
        (i, j): by_state[j].of(rate) for i, rate in enumerate(equations.rates) for j in range(count)
    }
    jacobian = [(i, i) for i in range(count)]
    jacobian += [(i, j) for (i, j), slope in slopes.items() if i != j and slope != zero]
    wanted = [
        equations.settle,
        [*equations.rates, *(slopes[place] for place in jacobian)],
        [total, by_v.of(total)],
        [*equations.rates, *equations.currents.values()],
        [
            *equations.rates,
            *(by_v.of(rate) for rate in equations.rates),
            *(slopes[place] for place in jacobian),
            total,
            by_v.of(total),
            *(slope.of(total) for slope in by_state),
        ],
        [
            each
            for current in _several(equations.currents.values())
            for each in (current, by_v.of(current), *(slope.of(current) for slope in by_state))
        ],
    ]
    after = [equations.after_event] if equations.after_event else []
    brought = list(equations.event_arguments.values())
    fixed = _Fixed(graph, {"v_mV", *(name for name, _, _ in equations.states), *brought})
    lowered = [lower(graph, roots, fixed) for roots in [*wanted, *after]]
    derived = sorted({node for roots in lowered for node in fixed.hoisted(roots)})
    roots = [node for each in lowered for node in each]
    inputs = _names_read(graph, [*roots, *derived], fixed)
    leading = [graph.name(name) for name in ("v_mV", *(name for name, _, _ in equations.states))]
    operands = [*leading, *map(graph.name, inputs), *derived]
    settle, relax, conduct, change, linearise, split = (
        _program(graph, operands, roots) for roots in lowered[: len(wanted)]
    )
    operands += map(graph.name, brought)
    received = [_program(graph, operands, roots) for roots in lowered[len(wanted) :]]
    return Programs(
        states=tuple(equations.states),
        inputs=tuple(inputs),
        derived=len(derived),
        currents=tuple(equations.currents),
        jacobian=tuple(jacobian),
        conserved=tuple(equations.conserved),
        is_settled=len(equations.gates) == count,
        given=tuple(equations.given),
        setup=_program(graph, list(map(graph.name, inputs)), derived),
        settle=settle,
        relax=relax,
        conduct=conduct,
        change=change,
        linearise=linearise,
        split=split,
        arguments=tuple(equations.event_arguments),
        receive=received[0] if received else None,
    )


def _several(currents: Iterable[Node]) -> list[Node]:
    """All of them, or none where a total says it all."""
    nodes = list(currents)
    return nodes if len(nodes) > 1 else []


def _program(graph: Graph, operands: list[Node], roots: list[Node]) -> Program:
    code, constants, registers, outputs = emit(graph, operands, roots)
    return Program(
        np.array(code, dtype=np.uint16).reshape(-1, 5),
        np.array(constants, dtype=np.float64),
        registers,
        np.array(outputs, dtype=np.uint16),
        len(operands),
    )


def _names_read(graph: Graph, roots: Iterable[Node], fixed: _Fixed) -> list[str]:
    names = (graph.name_of(node) for node in graph.reached(list(roots)))
    return sorted({name for name in names if name is not None} - fixed.free)


class _Fixed:
    """Tells which nodes depend on none of the names that are free to change in a run."""

    def __init__(self, graph: Graph, free: set[str]) -> None:
        self.graph = graph
        self.free = free
        self._known: list[bool] = []

    def __call__(self, node: Node) -> bool:
        # In the order of nodes, of which each comes after its arguments.
        for each in range(len(self._known), node + 1):
            arguments = self.graph.arguments(each)
            is_free = self.graph.name_of(each) in self.free
            self._known.append(not is_free and all(self._known[a] for a in arguments))
        return self._known[node]

    def hoisted(self, roots: list[Node]) -> set[Node]:
        """The largest fixed parts: of what is not fixed, the arguments that are, and roots."""
        found = {root for root in roots if self(root)}
        for node in self.graph.reached(roots):
            if not self(node):
                found.update(each for each in self.graph.arguments(node) if self(each))
        return {node for node in found if self.graph.arguments(node)}
