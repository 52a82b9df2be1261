"""A mechanism that is written as equations, read, checked and ready to run."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ranvier._text import expected_one_of
from ranvier.errors import ModelError
from ranvier.mechanisms import _steady as steady
from ranvier.mechanisms._equations import MIXED, Equations, read_equations
from ranvier.mechanisms._evaluate import Array, evaluate_nodes
from ranvier.mechanisms._limits import problem_of, report_counts
from ranvier.mechanisms._parse import brief
from ranvier.mechanisms._program import Programs, compile_equations
from ranvier.mechanisms._vanishing import report_values, report_vanishing
from ranvier.mechanisms.form import Form, read_form
from ranvier.mechanisms.typical import TEMPERATURE_degC, value_of_input
from ranvier.morphology.problems import Problems

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from ranvier import _core
    from ranvier.experiment.lines import KeyLines


class Mechanism:
    """A channel, pump or synapse written as equations.

    The arguments are the tables of a mechanism file, docs/how-to/mechanism-file.md. Formulas are
    read when the object is made, and nothing in them is executed. Raises ModelError with all
    problems, one a line. Does not change afterwards.
    """

    def __init__(self, name: str, **tables: Any) -> None:
        self._build({"name": name, **tables}, name, None)

    @classmethod
    def from_dict(cls, tables: Mapping[str, Any], *, default_name: str = "unnamed") -> Mechanism:
        """Of the tables of a mechanism file as a dict. Raises ModelError as making one does."""
        made = cls.__new__(cls)
        made._build(tables, default_name, None)
        return made

    @classmethod
    def from_source(
        cls,
        tables: Mapping[str, Any],
        path: str | os.PathLike[str],
        lines: KeyLines,
        *,
        default_name: str = "",
    ) -> Mechanism:
        """Of tables that were read from a file, in which `lines` tells where each key came from.

        Raises FormatError with all problems, each as "path:line: key: sentence".
        """
        made = cls.__new__(cls)
        problems = Problems(os.fspath(path))
        made._build(tables, default_name or Path(path).stem, (problems, lines))
        return made

    def _build(
        self, tables: object, default_name: str, source: tuple[Problems, KeyLines] | None
    ) -> None:
        if not isinstance(tables, Mapping):
            sentence = f"is {tables!r}, expected tables"
            subject = f"mechanism {default_name!r}"
            raise ModelError(f"{subject}: {sentence}", [(subject, sentence)])
        found: list[tuple[str, str]] = []

        def report(sentence: str, *key: str | int) -> None:
            subject = ".".join(str(each) for each in key if isinstance(each, str))
            found.append((subject, sentence))
            if source is not None:
                problems, lines = source
                problems.add(lines.of(*key), f"{subject}: {sentence}" if subject else sentence)

        try:
            given: dict[str, Any] = plain(tables)
        except RecursionError:
            report("is nested too deeply or in itself, expected tables of formulas")
            given = {}
        self.form: Form = read_form(given, default_name, report)
        self._equations: Equations = read_equations(self.form, report)
        if not found:
            inputs = self._equations.inputs()
            report_counts(
                len(self._equations.states), len(self.form.parameters), len(inputs), report
            )
        if not found:
            report_vanishing(self._equations, self._tried())
        if not found:
            report_values(self._equations, self._tried())
        try:
            self._source = json.dumps({**given, "name": self.form.name}, allow_nan=False)
        except (TypeError, ValueError) as error:
            if not found:
                report(f"cannot be kept as JSON ({error}), expected texts, numbers and tables")
        if source is not None:
            source[0].raise_any()
        if found:
            subject = f"mechanism {self.form.name!r}"
            sentences = [f"{f'{key}: ' if key else ''}{sentence}" for key, sentence in found]
            raise ModelError(
                "\n".join(f"{subject}: {sentence}" for sentence in sentences),
                [(subject, sentence) for sentence in sentences],
            )

    def __reduce__(self) -> tuple[Callable[..., Mechanism], tuple[Any, ...]]:
        return remade, (self._source,)

    def __repr__(self) -> str:
        states = ", ".join(self.states) or "no states"
        return f"<{self.form.kind} {self.form.name!r}: {states}>"

    @property
    def name(self) -> str:
        return self.form.name

    @property
    def parameters(self) -> dict[str, float]:
        """Defaults by name; each name ends in its unit."""
        return dict(self.form.parameters)

    @property
    def reference_temperature_degC(self) -> float:
        """Where it is evaluated if no temperature is given; 37 degC if the form has none."""
        given = self.form.reference_temperature_degC
        return TEMPERATURE_degC if given is None else given

    @property
    def states(self) -> tuple[str, ...]:
        """Gates, then other states, then those of schemes."""
        return tuple(name for name, _, _ in self._equations.states)

    @property
    def ions(self) -> tuple[str, ...]:
        """What the currents carry, "mixed" included."""
        return tuple(self.form.currents)

    @property
    def equations(self) -> Equations:
        """The formulas as nodes of one graph, for what evaluates them in a way of its own."""
        return self._equations

    @cached_property
    def inputs(self) -> tuple[str, ...]:
        """What is read besides v and the states: parameters, temperature, potentials of ions ..."""
        return tuple(self._equations.inputs())

    @cached_property
    def programs(self) -> Programs:
        """The bytecode that the core runs; compiled when first asked for."""
        return compile_equations(self._equations)

    @cached_property
    def compiled(self) -> _core.CustomMechanism:
        """What the core runs, and what a Placement takes.

        Raises ModelError where the compiled formulas are larger than the core has room for.
        """
        from ranvier.mechanisms._core_form import to_core

        if (problem := problem_of(self.programs)) is not None:
            subject = f"mechanism {self.name!r}"
            raise ModelError(f"{subject}: {problem}", [(subject, problem)])
        return to_core(self)

    @property
    def source(self) -> str:
        """The tables that it was made of, as JSON: `compiled_from_source` makes it again of it."""
        return self._source

    def _defaults(self) -> dict[str, float]:
        """What stands for everything that formulas read but v and the states."""
        known = self.form.parameters
        values = {n: value_of_input(n) for n in self._equations.inputs() if n not in known}
        values["temperature_degC"] = self.reference_temperature_degC
        return {**values, **known}

    def _tried(self) -> dict[str, float]:
        """The same with what an event brings, by the names of its nodes."""
        brought = self._equations.event_arguments
        return {**self._defaults(), **{brought[n]: x for n, x in self.event_arguments.items()}}

    def _given(self, v_mV: ArrayLike, values: Mapping[str, ArrayLike]) -> dict[str, Any]:
        """Values of all names that formulas read, but of states."""
        known = self._defaults()
        for name in values:
            if name not in known:
                raise ModelError(
                    f"mechanism {self.name!r}: {name} is not read by it, "
                    f"{expected_one_of(name, sorted(known))}"
                )
        return {**known, **values, "v_mV": np.asarray(v_mV, dtype=np.float64)}

    def steady_state(self, v_mV: ArrayLike, **values: ArrayLike) -> dict[str, Array]:
        """Every state at rest at a potential of any shape.

        `values` are of parameters and of what else is read: temperature_degC (else the reference
        temperature), e_na_mV, ca_in_mM ... (else those of a typical mammalian cell). Raises
        ModelError for a name that is not read.
        """
        names = self._given(v_mV, values)
        return steady.steady_state(self._equations, names)

    def time_constant_ms(self, v_mV: ArrayLike, **values: ArrayLike) -> dict[str, Array]:
        """Of every gate, at the temperature; the rest is as for `steady_state`."""
        names = self._given(v_mV, values)
        found = {}
        for gate, rates in self._equations.gates.items():
            tau_ms, speed = self._at(names, rates.tau_ms, rates.speed)
            found[gate] = tau_ms / speed
        return found

    def rates_per_ms(self, v_mV: ArrayLike, **values: ArrayLike) -> dict[str, tuple[Array, Array]]:
        """Opening and closing rates of every gate, at the temperature that its q10 counts from."""
        given = self._given(v_mV, values)
        found = {}
        for gate, rates in self._equations.gates.items():
            names = dict(given)
            if rates.reference_temperature_degC is not None and "temperature_degC" not in values:
                names["temperature_degC"] = rates.reference_temperature_degC
            alpha, beta = self._at(names, rates.alpha_per_ms, rates.beta_per_ms)
            found[gate] = alpha, beta
        return found

    def _at(self, names: Mapping[str, Any], *nodes: int) -> list[Array]:
        shape = np.broadcast_shapes(*(np.shape(value) for value in names.values()))
        found = evaluate_nodes(self._equations.graph, nodes, names)
        return [np.broadcast_to(each, shape).copy() for each in found]

    @property
    def is_point(self) -> bool:
        """Whether its currents are in nA, at a place whatever the area there, and no densities."""
        return self.form.is_point

    @property
    def event_arguments(self) -> dict[str, float]:
        """Of an event, defaults by name; empty where it has none or events mean nothing."""
        return {} if self.form.on_event is None else dict(self.form.on_event.arguments)

    def currents_mA_cm2(
        self, v_mV: ArrayLike, states: Mapping[str, ArrayLike] | None = None, **values: ArrayLike
    ) -> dict[str, Array]:
        """Outward current of each ion; states that are not given are at their steady state.

        ModelError if the mechanism is one at a point.
        """
        if self.is_point:
            raise ModelError(f"mechanism {self.name!r}: has no density, expected currents_nA()")
        return self._currents(v_mV, states, values)

    def currents_nA(
        self, v_mV: ArrayLike, states: Mapping[str, ArrayLike] | None = None, **values: ArrayLike
    ) -> dict[str, Array]:
        """The same of a mechanism at a point. ModelError for any other."""
        if not self.is_point:
            raise ModelError(f"mechanism {self.name!r}: has a density, expected currents_mA_cm2()")
        return self._currents(v_mV, states, values)

    def _currents(
        self,
        v_mV: ArrayLike,
        states: Mapping[str, ArrayLike] | None,
        values: Mapping[str, ArrayLike],
    ) -> dict[str, Array]:
        names = self._given(v_mV, values)
        given = dict(states or {})
        for name in given:
            if name not in self.states:
                raise ModelError(
                    f"mechanism {self.name!r}: has no state {name!r}, "
                    f"{expected_one_of(name, self.states)}"
                )
        if set(given) != set(self.states):
            given = {**steady.steady_state(self._equations, names), **given}
        names.update({name: np.asarray(value, dtype=np.float64) for name, value in given.items()})
        nodes = self._equations.currents
        return dict(zip(nodes, self._at(names, *nodes.values()), strict=True))

    def describe(self) -> dict[str, Any]:
        """Metadata as of a mechanism of the core: summary, ion, parameters, gates, citation."""
        return {
            "name": self.name,
            "kind": self.form.kind,
            "summary": self.form.summary,
            "ion": self.ions[0] if len(self.ions) == 1 and self.ions[0] != MIXED else "",
            "ions": list(self.ions),
            "parameters": self.parameters,
            "gates": [
                {"name": gate, "power": self._power(gate), "q10": rates.q10}
                for gate, rates in self._equations.gates.items()
            ],
            "states": list(self.states),
            "reference_temperature_degC": self.reference_temperature_degC,
            "citation": self.form.citation,
            "is_point": self.is_point,
            "event_arguments": self.event_arguments,
        }

    def _power(self, gate: str) -> int:
        """The highest whole power of a gate in the currents."""
        graph = self._equations.graph
        exponents = [
            graph.value(graph.arguments(node)[1])
            for node in graph.reached(self._equations.currents.values())
            if graph.operation(node) == "pow" and graph.arguments(node)[0] == graph.name(gate)
        ]
        return max([1, *(int(exponent) for exponent in exponents if exponent is not None)])


def plain(value: Any) -> Any:
    """A copy in the kinds of JSON, all the way down: dicts, lists and Python's own numbers."""
    if isinstance(value, Mapping):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    return value.item() if isinstance(value, np.generic) else value


def remade(source: str) -> Mechanism:
    """A mechanism again from its `source`. Raises ModelError for any text that is none."""
    subject = "saved mechanism"
    try:
        tables = json.loads(source)
    except (ValueError, RecursionError) as error:
        sentence = f"{brief(source)} is not JSON ({error}), expected the source of a mechanism"
        raise ModelError(f"{subject}: {sentence}", [(subject, sentence)]) from None
    if not isinstance(tables, dict):
        sentence = f"{brief(source)} is not a table, expected the source of a mechanism"
        raise ModelError(f"{subject}: {sentence}", [(subject, sentence)])
    return Mechanism.from_dict(tables)


def read(path: str | os.PathLike[str]) -> Mechanism:
    """Read a mechanism from a TOML file; its name is the file's, where the file does not say.

    Raises FormatError with all problems, each as "path:line: key: sentence".
    """
    from ranvier.experiment.source import read_source  # which imports this package

    source = read_source(path)
    return Mechanism.from_source(source.tables, path, source.lines)
