"""A mechanism as it is written: its tables, checked for their keys and kinds, formulas as text.

What the formulas mean is found in `_equations`. Keys are the same in a TOML file and in a dict.
"""

from __future__ import annotations

import keyword
import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from ranvier._text import expected_one_of

KINDS = ("channel", "pump", "synapse", "electrode")
#: Takes a sentence and the key that it is about, given as the path to it.
Report: TypeAlias = Callable[..., None]
KeyPath: TypeAlias = tuple[str | int, ...]

TEXTS = ("name", "kind", "summary", "citation", "notes")
TABLES = ("parameters", "definitions", "functions", "gates", "states", "schemes")
CURRENTS = "currents_mA_cm2"
ATP = "ions_per_atp"
#: Of a mechanism at a point, whatever the area there: a synapse, an electrode.
POINT_CURRENTS = "currents_nA"
EVENT = "on_event"
EVENT_KEYS = ("arguments", "states")
#: "free" lets names have any unit: those of files whose names do not end in one.
UNITS = ("checked", "free")
EQUATIONS = (*TABLES, CURRENTS, POINT_CURRENTS, EVENT, ATP)
TOP = (*TEXTS, "units", "reference_temperature_degC", *EQUATIONS)
WARMTH = ("q10", "reference_temperature_degC")
GATE = ("alpha_per_ms", "beta_per_ms", "steady_state", "tau_ms", *WARMTH)
STATE = ("rate_per_ms", "initial", "lowest", "highest", *WARMTH)
SCHEME = ("reactions", "total", "initial", *WARMTH)
REACTION = ("reaction", "forward_per_ms", "backward_per_ms")
SIGNATURE = re.compile(r"([A-Za-z]\w*)\s*\(([\w\s,]*)\)", re.ASCII)
#: What a state that comes in a mechanism may be called.
NAME = re.compile(r"[A-Za-z]\w*", re.ASCII)
MOST_COEFFICIENT = 8


@dataclass(frozen=True, slots=True)
class Formula:
    """A text and the key that it was written under."""

    text: str
    key: KeyPath


@dataclass(frozen=True, slots=True)
class Warmth:
    """How rates rise with temperature: by q10 for each 10 degC above the reference."""

    q10: float
    reference_temperature_degC: float


@dataclass(frozen=True, slots=True)
class Gate:
    """Either by its opening and closing rates or by steady state and time constant."""

    name: str
    opening: Formula
    closing: Formula
    is_by_rates: bool
    warmth: Warmth | None


@dataclass(frozen=True, slots=True)
class State:
    name: str
    rate_per_ms: Formula
    initial: Formula
    lowest: float
    highest: float
    warmth: Warmth | None


@dataclass(frozen=True, slots=True)
class Reaction:
    """Left and right hold the states with their coefficients; `backward` is None of "a -> b"."""

    text: str
    left: tuple[tuple[str, int], ...]
    right: tuple[tuple[str, int], ...]
    forward: Formula
    backward: Formula | None
    key: KeyPath


@dataclass(frozen=True, slots=True)
class Scheme:
    name: str
    states: tuple[str, ...]
    reactions: tuple[Reaction, ...]
    total: float
    initial: Mapping[str, Formula]
    warmth: Warmth | None


@dataclass(frozen=True, slots=True)
class Receiver:
    """What an event does: its arguments with their defaults, and states as they are after it."""

    arguments: Mapping[str, float]
    states: Mapping[str, Formula]


@dataclass(frozen=True, slots=True)
class Form:
    name: str
    kind: str
    summary: str
    citation: str
    notes: str
    reference_temperature_degC: float | None
    parameters: Mapping[str, float]
    definitions: Mapping[str, Formula]
    #: By name: parameters and body.
    functions: Mapping[str, tuple[tuple[str, ...], Formula]]
    gates: tuple[Gate, ...]
    states: tuple[State, ...]
    schemes: tuple[Scheme, ...]
    currents: Mapping[str, Formula]
    #: What a cycle that spends one ATP moves outward, by ion; empty of what spends none.
    ions_per_atp: Mapping[str, float]
    #: Whether the currents are in nA, and not densities.
    is_point: bool
    on_event: Receiver | None
    #: Names that were given and reported, so that what reads them is not reported too.
    unsound: frozenset[str]
    has_units: bool


def read_form(tables: Mapping[str, Any], default_name: str, report: Report) -> Form:
    """Check tables and give the form of what is sound in them; all else is reported."""
    return _FormReader(tables, report).form(default_name)


class _FormReader:
    def __init__(self, tables: Mapping[str, Any], report: Report) -> None:
        self.tables = tables
        self.report = report
        self.reference: float | None = None
        self.named_in_reactions: set[str] = set()
        #: Paths that were reported to be no tables.
        self.no_tables: set[KeyPath] = set()

    def form(self, default_name: str) -> Form:
        self.known_keys(self.tables, TOP)
        texts = {key: self.text(key) for key in TEXTS}
        name = texts["name"] or default_name
        if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
            self.report(f"is {name!r}, expected lower-case letters, digits and _", "name")
        kind = texts["kind"] or KINDS[0]
        if kind not in KINDS:
            self.report(f"is {kind!r}, {expected_one_of(kind, KINDS)}", "kind")
        units = self.text("units") or UNITS[0]
        if units not in UNITS:
            self.report(f"is {units!r}, {expected_one_of(units, UNITS)}", "units")
        self.reference = self.number(self.tables, "reference_temperature_degC")
        parameters = {
            key: float(value)
            for key, value in self.table("parameters").items()
            if self.is_name(key, "parameters", key) and self.is_number(value, "parameters", key)
        }
        definitions = {
            key: formula
            for key, value in self.table("definitions").items()
            if self.is_name(key, "definitions", key)
            and (formula := self.formula(value, "definitions", key))
        }
        is_point = POINT_CURRENTS in self.tables
        table = POINT_CURRENTS if is_point else CURRENTS
        if is_point and CURRENTS in self.tables:
            self.report(f"is given beside [{CURRENTS}], expected one of both", POINT_CURRENTS)
        currents = {
            ion: formula
            for ion, value in self.table(table).items()
            if self.is_ion(ion, table) and (formula := self.formula(value, table, ion))
        }
        ions_per_atp = {
            ion: float(count)
            for ion, count in self.table(ATP).items()
            if self.is_count(ion, count, currents)
        }
        functions = self.functions()
        gates = tuple(filter(None, map(self.gate, self.table("gates"))))
        states = tuple(filter(None, map(self.state, self.table("states"))))
        schemes = tuple(filter(None, map(self.scheme, self.table("schemes"))))
        tried = {*self.table("parameters"), *self.table("definitions")}
        tried |= {*self.table("gates"), *self.table("states"), *self.named_in_reactions}
        tried = set(map(str, tried))  # a dict may have other keys
        sound_states = {state for scheme in schemes for state in scheme.states}
        sound = {*parameters, *definitions, *(g.name for g in gates), *(s.name for s in states)}
        of_states = {*sound_states, *(g.name for g in gates), *(s.name for s in states)}
        form = Form(
            name=name,
            kind=kind,
            summary=texts["summary"] or "",
            citation=texts["citation"] or "",
            notes=texts["notes"] or "",
            reference_temperature_degC=self.reference,
            parameters=parameters,
            definitions=definitions,
            functions=functions,
            gates=gates,
            states=states,
            schemes=schemes,
            currents=currents,
            ions_per_atp=ions_per_atp,
            is_point=is_point,
            on_event=self.receiver(of_states, is_point=is_point),
            unsound=frozenset(tried - sound - sound_states),
            has_units=units == UNITS[0],
        )
        if not any(
            self.tables.get(key) for key in ("gates", "states", "schemes", CURRENTS, POINT_CURRENTS)
        ):
            self.report(f"has no states and no currents, expected [{CURRENTS}] or some state")
        return form

    def known_keys(
        self, table: Mapping[str, Any], known: tuple[str, ...], *path: str | int
    ) -> None:
        for key in table:
            if key not in known:
                self.report(f"unknown key, {expected_one_of(str(key), known)}", *path, str(key))

    def text(self, key: str) -> str | None:
        value = self.tables.get(key)
        if value is not None and not isinstance(value, str):
            self.report(f"is {value!r}, expected a text", key)
            return None
        return value

    def table(self, *path: str | int) -> Mapping[str, Any]:
        found: Any = self.tables
        for key in path:
            found = found.get(key, {})
        if not isinstance(found, Mapping):
            if path not in self.no_tables:
                self.no_tables.add(path)
                self.report("is not a table, expected keys and values", *path)
            return {}
        return found

    def is_name(self, name: object, *path: str | int) -> bool:
        if isinstance(name, str) and NAME.fullmatch(name) and not keyword.iskeyword(name):
            return True
        self.report(f"{name!r} is not a name, expected letters, digits and _", *path)
        return False

    def is_ion(self, name: object, table: str) -> bool:
        if isinstance(name, str) and re.fullmatch(r"[a-z][a-z0-9]*", name):
            return True
        self.report(
            f'{name!r} is not an ion, expected its name in lower case or "mixed"',
            table,
            str(name),
        )
        return False

    def is_count(self, ion: object, count: object, carried: Mapping[str, Formula]) -> bool:
        """Whether a pump moves so many of an ion for one ATP: a number other than 0."""
        if not self.is_number(count, ATP, str(ion)):
            return False
        if count == 0:
            self.report("is 0, expected how many ions one ATP moves outward", ATP, str(ion))
        elif ion not in carried:
            self.report(f"is not carried, {expected_one_of(str(ion), carried)}", ATP, str(ion))
        return count != 0 and ion in carried

    def is_number(self, value: object, *path: str | int) -> bool:
        if isinstance(value, int | float) and not isinstance(value, bool):
            try:
                if math.isfinite(float(value)):
                    return True
            except OverflowError:  # a whole number of hundreds of digits
                self.report("is larger than a number can be, expected a finite number", *path)
                return False
        self.report(f"is {value!r}, expected a finite number", *path)
        return False

    def number(self, table: Mapping[str, Any], key: str, *path: str | int) -> float | None:
        value = table.get(key)
        return float(value) if value is not None and self.is_number(value, *path, key) else None

    def formula(self, value: object, *path: str | int) -> Formula | None:
        if isinstance(value, str) and value.strip():
            return Formula(value, path)
        if isinstance(value, int | float) and self.is_number(value, *path):
            return Formula(repr(float(value)), path)
        if not isinstance(value, int | float):
            self.report(f"is {value!r}, expected a formula as a text", *path)
        return None

    def needed(self, table: Mapping[str, Any], key: str, *path: str | int) -> Formula | None:
        if key not in table:
            self.report(f"has no {key}, expected a formula", *path)
            return None
        return self.formula(table[key], *path, key)

    def functions(self) -> dict[str, tuple[tuple[str, ...], Formula]]:
        found: dict[str, tuple[tuple[str, ...], Formula]] = {}
        for key, value in self.table("functions").items():
            path = ("functions", key)
            match = SIGNATURE.fullmatch(str(key).strip())
            if match is None:
                self.report('is not a function, expected "name(x_mV, y)"', *path)
                continue
            names = tuple(name.strip() for name in match[2].split(",")) if match[2].strip() else ()
            body = self.formula(value, *path)
            if not all(self.is_name(name, *path) for name in (match[1], *names)) or body is None:
                continue
            if len(set(names)) < len(names) or match[1] in found:
                self.report("has a name twice, expected different ones", *path)
                continue
            found[match[1]] = (names, body)
        return found

    def warmth(self, table: Mapping[str, Any], *path: str | int) -> Warmth | None:
        q10 = self.number(table, "q10", *path)
        own = self.number(table, "reference_temperature_degC", *path)
        if q10 is None:
            return None
        if q10 <= 0.0:
            self.report(f"is {q10:g}, expected more than 0", *path, "q10")
            return None
        reference = own if own is not None else self.reference
        if reference is None:
            self.report("has no reference_temperature_degC, expected one for the q10", *path)
            return None
        return Warmth(q10, reference)

    def receiver(self, states: Iterable[str], *, is_point: bool) -> Receiver | None:
        if EVENT not in self.tables:
            return None
        self.known_keys(self.table(EVENT), EVENT_KEYS, EVENT)
        arguments = {
            key: float(value)
            for key, value in self.table(EVENT, "arguments").items()
            if self.is_name(key, EVENT, "arguments", key)
            and self.is_number(value, EVENT, "arguments", key)
        }
        after = {
            key: formula
            for key, value in self.table(EVENT, "states").items()
            if (formula := self.formula(value, EVENT, "states", key))
        }
        known = {*states, *self.table("gates"), *self.table("states"), *self.named_in_reactions}
        for key in after:
            if key not in known:
                sentence = f"is no state, {expected_one_of(key, sorted(known))}"
                self.report(sentence, EVENT, "states", key)
        if not is_point:
            self.report(f"is given without [{POINT_CURRENTS}], expected it at a point alone", EVENT)
        elif not self.table(EVENT, "states"):
            self.report("changes no state, expected formulas in [on_event.states]", EVENT)
        return Receiver(arguments, after)

    def gate(self, name: str) -> Gate | None:
        path = ("gates", name)
        table = self.table(*path)
        if not self.is_name(name, *path) or path in self.no_tables:
            return None
        self.known_keys(table, GATE, *path)
        by_rates = [key for key in ("alpha_per_ms", "beta_per_ms") if key in table]
        by_tau = [key for key in ("steady_state", "tau_ms") if key in table]
        if bool(by_rates) == bool(by_tau):
            held = " and ".join([*by_rates, *by_tau]) or "neither"
            self.report(
                f"has {held}, expected alpha_per_ms and beta_per_ms or steady_state and tau_ms",
                *path,
            )
            return None
        keys = ("alpha_per_ms", "beta_per_ms") if by_rates else ("steady_state", "tau_ms")
        opening, closing = (self.needed(table, key, *path) for key in keys)
        warmth = self.warmth(table, *path)
        if opening is None or closing is None:
            return None
        return Gate(name, opening, closing, bool(by_rates), warmth)

    def state(self, name: str) -> State | None:
        path = ("states", name)
        table = self.table(*path)
        if not self.is_name(name, *path) or path in self.no_tables:
            return None
        self.known_keys(table, STATE, *path)
        rate, initial = (self.needed(table, key, *path) for key in ("rate_per_ms", "initial"))
        lowest, highest = (self.number(table, key, *path) for key in ("lowest", "highest"))
        low = -math.inf if lowest is None else lowest
        high = math.inf if highest is None else highest
        if not low < high:
            self.report(f"is from {low:g} to {high:g}, expected lowest below highest", *path)
        warmth = self.warmth(table, *path)
        if rate is None or initial is None:
            return None
        return State(name, rate, initial, low, high, warmth)

    def scheme(self, name: str) -> Scheme | None:
        path = ("schemes", name)
        table = self.table(*path)
        if path in self.no_tables:
            return None
        self.known_keys(table, SCHEME, *path)
        reactions = table.get("reactions")
        if not isinstance(reactions, list | tuple) or not reactions:
            self.report("has no reactions, expected a list of them", *path)
            return None
        read = [self.reaction(each, *path, "reactions", n) for n, each in enumerate(reactions)]
        sound = tuple(reaction for reaction in read if reaction is not None)
        states = dict.fromkeys(
            state for reaction in sound for state, _ in (*reaction.left, *reaction.right)
        )
        total = self.number(table, "total", *path)
        if total is not None and total <= 0.0:
            self.report(f"is {total:g}, expected more than 0", *path, "total")
        initial = {
            state: formula
            for state, value in self.table(*path, "initial").items()
            if (formula := self.formula(value, *path, "initial", state))
        }
        warmth = self.warmth(table, *path)
        for state in initial:
            if state not in states and len(sound) == len(read):
                problem = f"is in no reaction, {expected_one_of(state, states)}"
                self.report(problem, *path, "initial", state)
        scheme = Scheme(
            name, tuple(states), sound, 1.0 if total is None else total, initial, warmth
        )
        if initial and total is not None:
            self.report("is given beside initial, which has a sum: expected one", *path, "total")
        self.check_sum(scheme, path)
        return scheme

    def check_sum(self, scheme: Scheme, path: KeyPath) -> None:
        if scheme.initial:
            missing = [state for state in scheme.states if state not in scheme.initial]
            if missing:
                self.report(f"has no {missing[0]}, expected all states or none", *path, "initial")
            return
        for reaction in scheme.reactions:
            left, right = (sum(n for _, n in side) for side in (reaction.left, reaction.right))
            if left != right:
                self.report(
                    f"{reaction.text!r} turns {left} into {right}, "
                    "expected as many on both sides, or [initial] values of the states",
                    *path,
                    "reactions",
                )

    def reaction(self, table: object, *path: str | int) -> Reaction | None:
        if not isinstance(table, Mapping) or not isinstance(table.get("reaction"), str):
            self.report('is not a reaction, expected { reaction = "a <-> b", ... }', *path)
            return None
        self.known_keys(table, REACTION, *path)
        text = str(table["reaction"])
        self.named_in_reactions.update(NAME.findall(text))
        match = re.fullmatch(r"([^<>-]+)(<->|->)([^<>-]+)", text)
        sides = [self.side(match[n]) for n in (1, 3)] if match else []
        if match is None or not all(sides):
            self.report(f'{text!r} is not a reaction, expected "a <-> b" or "a + 2 b -> c"', *path)
            return None
        forward = self.needed(table, "forward_per_ms", *path)
        backward = None
        if match[2] == "<->":
            backward = self.needed(table, "backward_per_ms", *path)
        elif "backward_per_ms" in table:
            self.report(f"{text!r} goes one way, expected no backward_per_ms", *path)
        if forward is None or (backward is None and match[2] == "<->"):
            return None
        left, right = (side or () for side in sides)
        return Reaction(text, left, right, forward, backward, path)

    def side(self, text: str) -> tuple[tuple[str, int], ...] | None:
        counts: dict[str, int] = {}
        for term in text.split("+"):
            match = re.fullmatch(r"\s*(\d?)\s*\*?\s*([A-Za-z]\w*)\s*", term, re.ASCII)
            if match is None or match[1] == "0" or keyword.iskeyword(match[2]):
                return None
            counts[match[2]] = counts.get(match[2], 0) + int(match[1] or 1)
        return tuple(counts.items())
