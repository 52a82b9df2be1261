"""The form of a mechanism, from what the blocks of its .mod file came to."""

from __future__ import annotations

import keyword
import re
from collections.abc import Collection, Mapping
from typing import Any

from ranvier.mechanisms._equations import PLACE
from ranvier.mechanisms._functions import BUILT_IN, CONSTANTS
from ranvier.mechanisms.nmodl._declarations import Declared, declarations
from ranvier.mechanisms.nmodl._events import received
from ranvier.mechanisms.nmodl._execution import Execution, Reaction, Solved
from ranvier.mechanisms.nmodl._expression import (
    ZERO,
    Expression,
    add,
    make,
    negative,
    number,
    rebuilt,
    write,
)
from ranvier.mechanisms.nmodl._kinetics import Kinetics, kinetics, states_of
from ranvier.mechanisms.nmodl._quotients import smooth
from ranvier.mechanisms.nmodl._source import Source

#: What a name of a .mod file may not be called in the form.
TAKEN = {"v_mV", *PLACE, *CONSTANTS, *BUILT_IN}
#: What may be known once, at the start, and stay: it does not change in a run.
CONSTANT_INPUTS = {"temperature_degC", "diameter_um"}
MEMBRANE_CURRENTS = ("mA/cm2", "milliamp/cm2", "mA/cm^2")
POINT_CURRENTS = ("nA", "nanoamp")


def form_of(source: Source) -> dict[str, Any]:
    """The form as a dict. Problems are left in the source."""
    declared = declarations(source)
    missing = [name for name in ("BreakpointBlock",) if name not in declared.blocks]
    if not declared.name:
        source.refuse(1, "has no NEURON block with a SUFFIX")
    if missing and not source.problems:
        source.refuse(1, "has no BREAKPOINT: nothing is computed")
    if not declared.name or missing:
        return {}
    return _Former(source, declared).form()


def lines_of(form: Mapping[str, Any], source: Source) -> dict[tuple[str | int, ...], int]:
    """Where in the file each key of its form begins, as near as its words tell."""
    sought = {
        "parameters": "{} =",
        "definitions": "{} =",
        "gates": "{}'",
        "states": "{}'",
        "schemes": "KINETIC",
        "currents_mA_cm2": "i{} =",
        "currents_nA": "i{} =",
    }
    found: dict[tuple[str | int, ...], int] = {}
    for table, words in sought.items():
        for key in form.get(table, {}):
            # A number behind tells apart what the file gives one name, or counts an array.
            written = key if source.lines_with(key) else re.sub(r"_\d+$", "", key)
            mixed = table.startswith("currents") and key == "mixed"
            what = "NONSPECIFIC_CURRENT" if mixed else words.format(written)
            found[table, key] = source.line_of(what)
    for state in form.get("on_event", {}).get("states", {}):
        found["on_event", "states", state] = source.line_of(state, after="NET_RECEIVE")
    return found


class _Former:
    def __init__(self, source: Source, declared: Declared) -> None:
        self.source = source
        self.declared = declared
        self.start = self.started()
        self.flow = Execution(source, declared, {n: make("var", n) for n in declared.states})
        self.flow.run(declared.blocks["BreakpointBlock"])
        solved = self.flow.solved
        self.states = {*solved.rates, *solved.steps} | {
            name for each in solved.reactions for name in (*each.left, *each.right)
        }
        self.events = received(source, declared, TAKEN)
        for name in self.events.states:
            if name not in self.states:
                # It only jumps.
                self.states.add(name)
                solved.rates[name] = ZERO
        for name, where in self.flow.overwritten.items():
            if name in self.states:
                reason = (
                    f"{name} = ...: is a state with an equation, expected it set in INITIAL alone"
                )
                source.refuse(where, reason)

    def started(self) -> dict[str, Expression]:
        """What INITIAL sets."""
        declared = self.declared
        run = Execution(self.source, declared, {})
        run.is_start = True
        for name in declared.states:
            given = declared.defaults.get(name, 0.0)
            run.values[name] = make("var", given) if isinstance(given, str) else number(given)
        if "InitialBlock" in declared.blocks:
            run.run(declared.blocks["InitialBlock"])
        self.settled = run.solved.settled
        return run.values

    # What a name that is read before it is set stands for.

    def known(self, e: Expression) -> Expression:
        """The expression with nothing in it of earlier steps, and quotients without holes."""
        for _ in range(50):
            earlier = [leaf for leaf in e.reads if self.is_earlier(leaf)]
            if not earlier:
                break
            values = {leaf: self.earlier(leaf) for leaf in earlier}
            e = rebuilt(e, values.get)
        return smooth(e, self.declared.parameters)

    def is_earlier(self, leaf: Expression) -> bool:
        if leaf.operator == "prev":
            return True
        name = leaf.arguments[0]
        return leaf.operator == "var" and name in self.declared.states and name not in self.states

    def earlier(self, leaf: Expression) -> Expression:
        name = str(leaf.arguments[0])
        value = self.flow.values.get(name)
        if value is not None and value is not leaf:
            return value if leaf not in self.all_reads(value) else self.held(name)
        value = self.start.get(name)
        if value is None:
            return make("var", name)
        changing = sorted(
            str(other.arguments[0])
            for other in value.reads
            if (other.operator == "in" and other.arguments[0] not in CONSTANT_INPUTS)
            or (other.operator == "var" and other.arguments[0] in self.declared.states)
        )
        if changing:
            reason = f"{name}: is set at the start alone, from {', '.join(changing)}"
            return make("bad", name, reason, self.source.line_of(f"{name} =", after="INITIAL"))
        return value

    def all_reads(self, value: Expression) -> set[Expression]:
        """Leaves that a value depends on, through earlier values too."""
        seen: set[Expression] = set()
        waiting = list(value.reads)
        while waiting:
            leaf = waiting.pop()
            if leaf in seen:
                continue
            seen.add(leaf)
            if leaf.operator == "prev" and (behind := self.flow.values.get(leaf.arguments[0])):
                waiting += behind.reads
        return seen

    def held(self, name: str) -> Expression:
        reason = f"{name}: keeps what it held in the step before, expected a STATE"
        return make("bad", name, reason, self.source.line_of(f"{name} ="))

    # The form.

    def form(self) -> dict[str, Any]:
        declared, flow = self.declared, self.flow
        solved = Solved(
            rates={name: self.known(e) for name, e in flow.solved.rates.items()},
            steps={name: self.known(e) for name, e in flow.solved.steps.items()},
            reactions=[
                Reaction(
                    each.left,
                    each.right,
                    self.known(each.forward),
                    None if each.backward is None else self.known(each.backward),
                    each.line,
                )
                for each in flow.solved.reactions
            ],
            conserved=[(terms, self.known(sum_)) for terms, sum_ in flow.solved.conserved],
            settled=self.settled,
        )
        unknown = sorted(self.states - set(declared.states))
        for name in unknown:
            self.source.refuse(f"{name}'", f"{name}: has an equation, expected it in STATE")
            self.start[name] = ZERO
        start = {name: self.known(self.start[name]) for name in sorted(self.states)}
        found = kinetics(solved, start, declared.parameters, self.source, self.events.states)
        currents: dict[str, Expression] = {}
        for name, ion in declared.currents.items():
            value = flow.values.get(name)
            if value is None:
                self.source.refuse(name, f"{name}: is a current that BREAKPOINT does not set")
            else:
                known = self.known(value)
                outward = negative(known) if name in declared.inward else known
                currents[ion] = add(currents.get(ion, ZERO), outward)
        after = {name: self.known(e) for name, e in self.events.states.items()}
        return self.written(found, currents, after)

    def written(
        self,
        found: Kinetics,
        currents: Mapping[str, Expression],
        after: Mapping[str, Expression],
    ) -> dict[str, Any]:
        outputs = [
            *(e for gate in found.gates.values() for e in (gate.opening, gate.closing)),
            *(e for state in found.states.values() for e in (state.rate, state.initial)),
            *(
                e
                for scheme in found.schemes.values()
                for each in scheme.reactions
                for e in (each.forward, each.backward)
                if e is not None
            ),
            *(e for scheme in found.schemes.values() for e in scheme.initial.values()),
            *currents.values(),
        ]
        within = [*outputs]
        outputs += after.values()
        for leaf in {leaf for e in outputs for leaf in e.reads if leaf.operator == "bad"}:
            _, reason, line = leaf.arguments
            self.source.refuse(line, reason)
        if not currents and not self.source.problems:
            self.source.refuse(1, "carries no current")
        if self.source.problems:
            return {}
        names = _Names()
        names.used |= set(self.events.arguments)
        for e in outputs:
            names.take_leaves(e)
        for name in sorted(self.states):
            names.variable(name)
        definitions = names.definitions(within)
        brought = {make("in", name) for name in self.events.arguments}
        definitions |= names.definitions(list(after.values()), without=brought)

        def text(e: Expression) -> str:
            return write(e, names.spell)

        declared = self.declared
        kind = "synapse" if after else "electrode" if declared.inward else ""
        form: dict[str, Any] = {
            "kind": kind,
            "name": re.sub(r"\W", "_", self.declared.name).lower(),
            "units": "free",
            "notes": self.notes(),
            "summary": self.declared.title or f"{self.declared.name}, read from NMODL",
            "parameters": {
                spelt: self.declared.parameters.get(name, 0.0)
                for name, spelt in names.variables.items()
                if name not in self.states
            },
            "definitions": {name: text(e) for name, e in definitions.items()},
            "gates": {
                names.variables[name]: dict(
                    zip(
                        ("alpha_per_ms", "beta_per_ms")
                        if gate.is_by_rates
                        else ("steady_state", "tau_ms"),
                        (text(gate.opening), text(gate.closing)),
                        strict=True,
                    )
                )
                for name, gate in found.gates.items()
            },
            "states": {
                names.variables[name]: {
                    "rate_per_ms": text(state.rate),
                    "initial": text(state.initial),
                }
                for name, state in found.states.items()
            },
            "schemes": {
                name: self.scheme(scheme, names, text) for name, scheme in found.schemes.items()
            },
            "currents_nA" if declared.is_point else "currents_mA_cm2": {
                ion: text(e) for ion, e in currents.items()
            },
            "on_event": {
                "arguments": dict.fromkeys(self.events.arguments, 0.0),
                "states": {names.variables[name]: text(e) for name, e in after.items()},
            }
            if after
            else {},
        }
        return {key: value for key, value in form.items() if value not in ({}, "")}

    def notes(self) -> str:
        """What a reader should know: NEURON converts no units, and neither does this."""
        units = self.declared.units
        usual = POINT_CURRENTS if self.declared.is_point else MEMBRANE_CURRENTS
        odd = [
            f"{name} is given in {units[name]} and taken as {usual[0]}, as NEURON does"
            for name in self.declared.currents
            if units.get(name, usual[0]) not in usual
        ]
        return "; ".join(odd)

    def scheme(self, scheme: Any, names: _Names, text: Any) -> dict[str, Any]:
        def side(states: Mapping[str, int]) -> str:
            return " + ".join(
                f"{count} {names.variable(name)}" if count > 1 else names.variable(name)
                for name, count in states.items()
            )

        reactions = []
        for each in scheme.reactions:
            arrow = "->" if each.backward is None else "<->"
            row = {"reaction": f"{side(each.left)} {arrow} {side(each.right)}"}
            row["forward_per_ms"] = text(each.forward)
            if each.backward is not None:
                row["backward_per_ms"] = text(each.backward)
            reactions.append(row)
        if not scheme.initial:
            return {"total": scheme.total, "reactions": reactions}
        initial = {names.variable(name): text(scheme.initial[name]) for name in states_of(scheme)}
        return {"reactions": reactions, "initial": initial}


class _Names:
    """Spells every leaf and every intermediate value, each in its own way."""

    def __init__(self) -> None:
        self.used = set(TAKEN)
        self.variables: dict[str, str] = {}
        self.defined: dict[Expression, str] = {}

    def free(self, name: str) -> str:
        name = re.sub(r"\W+", "_", name).strip("_") or "x"
        spelt, number = name, 1
        while spelt in self.used or keyword.iskeyword(spelt) or not spelt[0].isalpha():
            number += 1
            spelt = f"{name}_{number}" if name[0].isalpha() else f"x{name}"
            name = name if name[0].isalpha() else spelt
        self.used.add(spelt)
        return spelt

    def variable(self, name: str) -> str:
        if name not in self.variables:
            self.variables[name] = self.free(name)
        return self.variables[name]

    def take_leaves(self, e: Expression) -> None:
        for leaf in sorted(e.reads, key=lambda leaf: str(leaf.arguments[0])):
            if leaf.operator == "in":
                self.used.add(leaf.arguments[0])
            else:
                self.variable(leaf.arguments[0])

    def definitions(
        self, outputs: list[Expression], without: Collection[Expression] = ()
    ) -> dict[str, Expression]:
        """By name, each after those that it reads. What reads any of `without` gets no name."""
        found: dict[str, Expression] = {}
        seen: set[Expression] = set()

        def visit(e: Expression) -> None:
            if e in seen:
                return
            seen.add(e)
            for part in e.parts():
                visit(part)
            if e.operator == "def" and e not in self.defined and not e.reads & set(without):
                self.defined[e] = self.free(e.arguments[0])
                found[self.defined[e]] = e.arguments[1]

        for e in outputs:
            visit(e)
        return found

    def spell(self, leaf: Expression) -> str:
        if leaf.operator == "def":
            if leaf not in self.defined:
                return f"({write(leaf.arguments[1], self.spell)})"
            return self.defined[leaf]
        name = str(leaf.arguments[0])
        return name if leaf.operator == "in" else self.variable(name)
