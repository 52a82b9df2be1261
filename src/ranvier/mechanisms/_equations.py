"""What a mechanism's formulas mean: one graph with the rates of its states and its currents."""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from graphlib import CycleError, TopologicalSorter

from ranvier.mechanisms import form as forms
from ranvier.mechanisms._conservation import conserved_amounts
from ranvier.mechanisms._functions import BROKEN, BUILT_IN, CONSTANTS, Value
from ranvier.mechanisms._graph import Graph, Node
from ranvier.mechanisms._parse import Function, Reader
from ranvier.mechanisms._units import ONE, Unit, has_unit, over, shown, times, unit_of_name

PLACE = ("temperature_degC", "diameter_um")
#: Ions whose potential and concentrations may be read even where the mechanism carries none.
IONS = ("na", "k", "ca", "cl", "mg", "h", "hco3", "li", "nh4")
OF_ION = re.compile(r"e_([a-z][a-z0-9]*)_mV|([a-z][a-z0-9]*)_(?:in|out)_mM")
MIXED = "mixed"
PER_ms = unit_of_name("rate_per_ms")

#: What the formulas of gates and reactions may come to; open where the lowest is too low itself.
ANY = (-math.inf, math.inf, False)
RANGES = {
    "steady_state": (0.0, 1.0, False),
    "tau_ms": (0.0, math.inf, True),
    **dict.fromkeys(
        ("alpha_per_ms", "beta_per_ms", "forward_per_ms", "backward_per_ms"),
        (0.0, math.inf, False),
    ),
}
#: Why some formulas may not read everything.
NOT_STATES = "expected v_mV, parameters and what follows from them"


@dataclass(frozen=True, slots=True)
class GateRates:
    """Of one gate at its own reference temperature, per ms, and `speed`, which multiplies both."""

    alpha_per_ms: Node
    beta_per_ms: Node
    steady_state: Node
    tau_ms: Node
    speed: Node
    reference_temperature_degC: float | None
    q10: float


@dataclass(frozen=True, slots=True)
class Bounded:
    """A formula's value, what it is called, what it may be, and whom to tell if it is not."""

    node: Node
    what: str
    lowest: float
    highest: float
    is_open: bool
    tell: Callable[[str], None]


@dataclass(slots=True)
class Equations:
    """Nodes of one graph: per state, in order, its rate per ms and its value at the start."""

    graph: Graph
    states: list[tuple[str, float, float]] = field(default_factory=list)
    rates: list[Node] = field(default_factory=list)
    settle: list[Node] = field(default_factory=list)
    currents: dict[str, Node] = field(default_factory=dict)
    #: Per state: whether a run begins with that value, rather than with a steady state.
    given: list[bool] = field(default_factory=list)
    #: Sums that reactions do not change, as places in `states` with weights.
    conserved: list[tuple[tuple[int, float], ...]] = field(default_factory=list)
    gates: dict[str, GateRates] = field(default_factory=dict)
    #: What is divided by: as written, and whom to tell if it can vanish.
    #: Per state, its value after an event; empty where events mean nothing.
    after_event: list[Node] = field(default_factory=list)
    #: What an event brings: names, and their nodes' names.
    event_arguments: dict[str, str] = field(default_factory=dict)
    divisors: dict[Node, tuple[str, Callable[[str], None]]] = field(default_factory=dict)
    #: Every formula under a key of its own.
    values: list[Bounded] = field(default_factory=list)

    def inputs(self) -> list[str]:
        """Names of what is read besides v and the states, sorted."""
        roots = [*self.rates, *self.settle, *self.currents.values(), *self.after_event]
        held = {"v_mV", *(name for name, _, _ in self.states), *self.event_arguments.values()}
        names = (self.graph.name_of(node) for node in self.graph.reached(roots))
        return sorted({name for name in names if name is not None} - held)


def read_equations(form: forms.Form, report: forms.Report) -> Equations:
    """Read all formulas of a form; what is wrong with them is reported, all of it."""
    return _EquationReader(form, report).equations()


class _EquationReader:
    def __init__(self, form: forms.Form, report: forms.Report) -> None:
        self.form = form
        self.tell = report
        self.graph = Graph()
        self.values: dict[str, Value] = dict.fromkeys(form.unsound, BROKEN)
        self.values |= {
            name: Value(self.graph.const(value), self.unit_of(name))
            for name, value in CONSTANTS.items()
        }
        self.functions = {
            name: Function(name, parameters, None)
            for name, (parameters, _) in form.functions.items()
        }
        self.reader = Reader(self.graph, self.functions, self.find, self.names)
        self.ions = {*IONS, *form.currents} - {MIXED}
        self.result = Equations(self.graph)
        self.state_names: set[str] = set()

    def equations(self) -> Equations:
        self.state_names = {name for name, _ in self.state_homes()}
        for name in ("v_mV", *PLACE, *self.form.parameters, *sorted(self.state_names)):
            self.values[name] = Value(self.graph.name(name), self.unit_of(name))
        self.check_names()
        self.define()
        for gate in self.form.gates:
            self.add_gate(gate)
        for state in self.form.states:
            self.add_state(state)
        for scheme in self.form.schemes:
            self.add_scheme(scheme)
        for ion, formula in self.form.currents.items():
            value = self.read(formula, unit_of_name(formula.key[0]))
            self.result.currents[ion] = value.node
        self.add_event()
        self.result.divisors = self.reader.divisors
        return self.result

    def unit_of(self, name: str) -> Unit | None:
        """The unit that a name ends in; the free one if the mechanism's names have none."""
        return unit_of_name(name) if self.form.has_units else None

    def state_homes(self) -> list[tuple[str, forms.KeyPath]]:
        """Every name of a state and the key that gives it."""
        homes: list[tuple[str, forms.KeyPath]] = []
        homes += [(gate.name, ("gates", gate.name)) for gate in self.form.gates]
        homes += [(state.name, ("states", state.name)) for state in self.form.states]
        for scheme in self.form.schemes:
            homes += [(name, ("schemes", scheme.name)) for name in scheme.states]
        return homes

    def check_names(self) -> None:
        """Report names that mean two things."""
        taken = {
            **dict.fromkeys(("v_mV", *PLACE), "a quantity of the membrane"),
            **dict.fromkeys(CONSTANTS, "a constant"),
            **dict.fromkeys(BUILT_IN, "a function"),
        }
        homes: list[tuple[str, forms.KeyPath]] = []
        homes += [(name, ("parameters", name)) for name in self.form.parameters]
        homes += [(name, formula.key) for name, formula in self.form.definitions.items()]
        homes += [(name, formula.key) for name, (_, formula) in self.form.functions.items()]
        if self.form.on_event is not None:
            arguments = (forms.EVENT, "arguments")
            homes += [(name, (*arguments, name)) for name in self.form.on_event.arguments]
        for name, key in [*homes, *self.state_homes()]:
            if name in taken:
                self.report(key, f"{name} is also {taken[name]}, expected a name of its own")
            elif self.is_of_ion(name):
                self.report(key, f"{name} is that of the ion, expected a name of its own")
            taken.setdefault(name, f"one of [{key[0]}]")

    def is_of_ion(self, name: str) -> bool:
        match = OF_ION.fullmatch(name)
        return match is not None and (match[1] or match[2]) in self.ions

    def find(self, name: str) -> Value | None:
        if (found := self.values.get(name)) is not None:
            return found
        if self.is_of_ion(name):
            return Value(self.graph.name(name), self.unit_of(name))
        return None

    def names(self) -> list[str]:
        ions = [ion for ion in self.form.currents if ion != MIXED]
        return [*self.values, *(f"e_{ion}_mV" for ion in ions)]

    # Definitions and functions.

    def define(self) -> None:
        """Read the bodies of functions and the definitions, each after what it needs."""
        formulas = dict(self.form.definitions)
        formulas.update((name, formula) for name, (_, formula) in self.form.functions.items())
        trees = {
            name: self.reader.parse(formula.text, partial(self.report, formula.key))
            for name, formula in formulas.items()
        }
        needs: dict[str, set[str]] = {}
        for name, tree in trees.items():
            used = (
                {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
                if tree
                else set()
            )
            if name in self.functions:
                used -= set(self.functions[name].parameters)
            needs[name] = used & set(formulas)
        for name in self.in_order(needs, formulas):
            report = partial(self.report, formulas[name].key)
            if name in self.functions:
                self.check_function(self.functions[name], trees[name], report)
            else:
                self.values[name] = self.checked(
                    self.reader.read(trees[name], report),
                    unit_of_name(name) if has_unit(name) else None,
                    report,
                )

    def in_order(
        self, needs: Mapping[str, set[str]], formulas: Mapping[str, forms.Formula]
    ) -> list[str]:
        """Names, each after what it needs; those that need themselves are reported and left out."""
        left = {name: set(used) for name, used in needs.items()}
        while True:
            try:
                return [name for name in TopologicalSorter(left).static_order() if name in left]
            except CycleError as error:
                cycle = [str(name) for name in error.args[1]][::-1]
                around = " -> ".join(cycle)
                for name in dict.fromkeys(cycle):
                    self.report(
                        formulas[name].key, f"needs itself ({around}), expected no such circle"
                    )
                    self.values[name] = BROKEN
                    if name in self.functions:
                        self.functions[name].is_broken = True
                    del left[name]

    def check_function(
        self, function: Function, tree: ast.expr | None, report: Callable[[str], None]
    ) -> None:
        """Read a body once with arguments that stand for any of their unit."""
        function.body = tree
        local = {
            name: Value(self.graph.name(f"{function.name}({name})"), self.unit_of(name))
            for name in function.parameters
        }
        if self.reader.read(tree, report, local).is_broken:
            function.is_broken = True

    # Formulas.

    def report(self, key: forms.KeyPath, sentence: str) -> None:
        self.tell(sentence, *key)

    def checked(self, value: Value, unit: Unit | None, report: Callable[[str], None]) -> Value:
        """A value with the unit that it should have."""
        if value.is_broken or unit is None or not self.form.has_units:
            return value
        if value.unit not in (None, unit):
            report(f"is in {shown(value.unit or ONE)}, expected {shown(unit)}")
            return BROKEN
        return Value(value.node, unit)

    def read(
        self,
        formula: forms.Formula,
        unit: Unit,
        *,
        of_states: bool = True,
        local: Mapping[str, Value] | None = None,
    ) -> Value:
        report = partial(self.report, formula.key)
        value = self.reader.read(self.reader.parse(formula.text, report), report, local or {})
        if not of_states and not value.is_broken:
            read = {self.graph.name_of(node) for node in self.graph.reached([value.node])}
            if states := sorted(self.state_names & read):
                report(f"reads the state {states[0]}, {NOT_STATES}")
                return BROKEN
        checked = self.checked(value, unit, report)
        if not checked.is_broken:
            lowest, highest, is_open = RANGES.get(str(formula.key[-1]), ANY)
            if formula.key[0] in ("states", forms.EVENT):
                lowest, highest, is_open = ANY
            self.result.values.append(
                Bounded(checked.node, str(formula.key[-1]), lowest, highest, is_open, report)
            )
        return checked

    def speed(self, warmth: forms.Warmth | None) -> Node:
        """By how much warmth multiplies rates."""
        if warmth is None:
            return self.graph.const(1.0)
        above = self.graph.sub(
            self.graph.name("temperature_degC"),
            self.graph.const(warmth.reference_temperature_degC),
        )
        return self.graph.call(
            "exp", self.graph.mul(self.graph.const(math.log(warmth.q10) / 10.0), above)
        )

    def add(
        self,
        name: str,
        bounds: tuple[float, float],
        rate: Node,
        settle: Node,
        *,
        is_given: bool = False,
    ) -> None:
        self.result.states.append((name, *bounds))
        self.result.rates.append(rate)
        self.result.settle.append(settle)
        self.result.given.append(is_given)

    # States.

    def add_gate(self, gate: forms.Gate) -> None:
        graph = self.graph
        units = (PER_ms, PER_ms) if gate.is_by_rates else (ONE, unit_of_name("tau_ms"))
        first = self.read(gate.opening, units[0], of_states=False)
        second = self.read(gate.closing, units[1], of_states=False)
        if first.is_broken or second.is_broken:
            return
        x = graph.name(gate.name)
        speed = self.speed(gate.warmth)
        one = graph.const(1.0)
        path = ("gates", gate.name)
        try:
            if gate.is_by_rates:
                alpha, beta = first.node, second.node
                both = graph.add(alpha, beta)
                steady, tau = graph.div(alpha, both), graph.div(one, both)
                rate = graph.mul(speed, graph.sub(alpha, graph.mul(both, x)))
                what = "alpha_per_ms + beta_per_ms"
                self.reader.divisors.setdefault(both, (what, partial(self.report, path)))
            else:
                steady, tau = first.node, second.node
                alpha = graph.div(steady, tau)
                beta = graph.div(graph.sub(one, steady), tau)
                rate = graph.mul(graph.div(speed, tau), graph.sub(steady, x))
                self.reader.divisors.setdefault(tau, ("tau_ms", partial(self.report, path)))
        except ZeroDivisionError:
            self.report(path, "never moves or moves at once, expected a time constant above 0")
            return
        reference = self.form.reference_temperature_degC
        if gate.warmth is not None:
            reference = gate.warmth.reference_temperature_degC
        self.result.gates[gate.name] = GateRates(
            alpha, beta, steady, tau, speed, reference, gate.warmth.q10 if gate.warmth else 1.0
        )
        self.add(gate.name, (0.0, 1.0), rate, steady)

    def add_state(self, state: forms.State) -> None:
        unit = unit_of_name(state.name)
        rate = self.read(state.rate_per_ms, times(unit, PER_ms))
        initial = self.read(state.initial, unit, of_states=False)
        if not rate.is_broken and not initial.is_broken:
            fast = self.graph.mul(self.speed(state.warmth), rate.node)
            bounds = (state.lowest, state.highest)
            self.add(state.name, bounds, fast, initial.node, is_given=True)

    def add_event(self) -> None:
        """What states are after an event: those that nothing is said of stay as they are."""
        event = self.form.on_event
        if event is None:
            return
        self.result.event_arguments = {name: f"on_event({name})" for name in event.arguments}
        local = {
            name: Value(self.graph.name(node), self.unit_of(name))
            for name, node in self.result.event_arguments.items()
        }
        for name, _, _ in self.result.states:
            formula = event.states.get(name)
            after = self.graph.name(name)
            if formula is not None:
                after = self.read(formula, unit_of_name(name), local=local).node
            self.result.after_event.append(after)

    def add_scheme(self, scheme: forms.Scheme) -> None:
        graph = self.graph
        unit = unit_of_name(scheme.states[0]) if scheme.states else ONE
        for name in scheme.states:
            if self.form.has_units and unit_of_name(name) != unit:
                self.report(
                    ("schemes", scheme.name),
                    f"{name} is in {shown(unit_of_name(name))}, expected {shown(unit)} as others",
                )
                return
        change = dict.fromkeys(scheme.states, graph.const(0.0))
        speed = self.speed(scheme.warmth)
        is_broken = False
        for reaction in scheme.reactions:
            forth = self.flow(reaction.forward, reaction.left, unit)
            back = graph.const(0.0)
            if reaction.backward is not None:
                back = self.flow(reaction.backward, reaction.right, unit)
            if forth < 0 or back < 0:
                is_broken = True
                continue
            net = graph.mul(speed, graph.sub(forth, back))
            for sign, side in ((-1.0, reaction.left), (1.0, reaction.right)):
                for name, count in side:
                    part = graph.mul(graph.const(sign * count), net)
                    change[name] = graph.add(change[name], part)
        share = graph.const(scheme.total / max(1, len(scheme.states)))
        settle = dict.fromkeys(scheme.states, share)
        for name, formula in scheme.initial.items():
            settle[name] = self.read(formula, unit, of_states=False).node
        if is_broken or min(settle.values(), default=-1) < 0:
            return
        highest = math.inf if scheme.initial else scheme.total
        places = {name: len(self.result.states) + n for n, name in enumerate(scheme.states)}
        for amount in conserved_amounts(scheme):
            terms = tuple((places[name], weight) for name, weight in amount.items())
            self.result.conserved.append(terms)
        for name in scheme.states:
            is_given = bool(scheme.initial)
            self.add(name, (0.0, highest), change[name], settle[name], is_given=is_given)

    def flow(self, formula: forms.Formula, side: tuple[tuple[str, int], ...], unit: Unit) -> Node:
        """How fast one way of a reaction goes: its rate times what it consumes."""
        expected = times(unit, PER_ms)
        node = None
        for name, count in side:
            for _ in range(count):
                expected = over(expected, unit)
            part = self.graph.power(self.graph.name(name), self.graph.const(float(count)))
            node = part if node is None else self.graph.mul(node, part)
        rate = self.read(formula, expected)
        if rate.is_broken or node is None:
            return -1
        return self.graph.mul(rate.node, node)
