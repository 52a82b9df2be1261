"""One mechanism on a patch: what it is, its densities, and its formulas ready to be evaluated."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from ranvier import mechanisms
from ranvier._text import expected_one_of
from ranvier.errors import ModelError
from ranvier.mechanisms._evaluate import OPERATIONS
from ranvier.mechanisms._graph import FOLDS, Graph, Node
from ranvier.mechanisms._library import from_library, library_names
from ranvier.mechanisms.mechanism import Mechanism

#: One float, or an array of many of them.
Values = Any
#: What makes rates per ms and then currents in mA/cm2 of values of the names that are read.
Formulas = Callable[[Sequence[Values]], list[Values]]

_ARRAYS = dict(OPERATIONS)
#: The same operations of Python's own floats, ten times as fast as NumPy's of one number.
_FLOATS: dict[str, Callable[..., float]] = {
    **FOLDS,
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "div": operator.truediv,
    "neg": operator.neg,
    "select": lambda a, b, c: b if a != 0.0 else c,
    "expm1": math.expm1,
}


class Part:
    """A mechanism of a patch, with the parameters that are not at their defaults.

    `mechanism` is the name of a channel or pump of the core or the library, or one of your own.
    `name` tells two of the same mechanism apart, and is the mechanism's if not given. Raises
    ModelError for an unknown mechanism or parameter, for one at a point, for a number that is not
    finite, and for a conductance or permeability below 0.
    """

    def __init__(
        self, mechanism: str | Mechanism, *, name: str | None = None, **parameters: float
    ) -> None:
        known = mechanism.name if isinstance(mechanism, Mechanism) else str(mechanism)
        info = (
            mechanism.describe()
            if isinstance(mechanism, Mechanism)
            else mechanisms.describe(mechanism)
        )
        self.mechanism = known
        self.name = known if name is None else name
        self.written: Mechanism | None = None
        if isinstance(mechanism, Mechanism):
            self.written = mechanism
        elif known in library_names():
            self.written = from_library(known)
        if self.written is not None and self.written.is_point:
            raise ModelError(
                f"part {self.name!r}: has a current at a point in nA, expected a density, as of a "
                "channel or a pump"
            )
        self._info = info
        self.parameters: dict[str, float] = dict(info["parameters"])
        for key, value in parameters.items():
            if key not in self.parameters:
                raise ModelError(
                    f"part {self.name!r}: has no parameter {key!r}, "
                    f"{expected_one_of(key, self.parameters)}"
                )
            if not math.isfinite(value):
                raise ModelError(
                    f"part {self.name!r}: {key} is {value:g}, expected a finite number"
                )
            if value < 0 and key.endswith(("_S_cm2", "_cm_s")):
                raise ModelError(f"part {self.name!r}: {key} is {value:g}, expected 0 or more")
            self.parameters[key] = float(value)
        self.ions: tuple[str, ...] = tuple(info.get("ions", [info["ion"] or "mixed"]))
        self.states: tuple[str, ...] = (
            tuple(gate["name"] for gate in info["gates"])
            if self.written is None
            else self.written.states
        )

    def __repr__(self) -> str:
        return f"<Part {self.name!r}>"

    def changed(self, **parameters: float) -> Part:
        """A copy with some other parameters."""
        made = object.__new__(Part)
        made.__dict__.update(self.__dict__)
        made.parameters = {**self.parameters, **parameters}
        return made

    @property
    def density(self) -> str:
        """The parameter that the currents go in proportion to, by the unit that its name ends in.

        Raises ModelError where there is none or more than one.
        """
        ends = ("_S_cm2", "_cm_s", "_mA_cm2")
        found = [key for key in self.parameters if key.endswith(ends)]
        if len(found) != 1:
            raise ModelError(
                f"part {self.name!r}: has {len(found)} parameters that are densities, expected one,"
                f" or its name as 'part.parameter'"
            )
        return found[0]

    @property
    def ions_per_atp(self) -> Mapping[str, float]:
        """What a cycle that spends one ATP moves outward; empty of what spends none."""
        return {} if self.written is None else self.written.form.ions_per_atp

    @property
    def reads(self) -> tuple[str, ...]:
        """What the formulas read besides v, states and parameters."""
        if self.written is None:
            return () if self.ions == ("mixed",) else (f"e_{self.ions[0]}_mV",)
        held = {*self.parameters, *self.states}
        return tuple(name for name in self.written.inputs if name not in held)

    @property
    def arguments(self) -> tuple[str, ...]:
        """The order in which `formulas` take their values."""
        return ("v_mV", *self.states, *self.reads, *self.parameters, "temperature_degC")

    def formulas(self) -> Formulas:
        """Rates of change of the states per ms, then the current of each ion, of `arguments`."""
        if self.written is None:
            return self._compiled_formulas()
        equations = self.written.equations
        roots = [*equations.rates, *equations.currents.values()]
        return straight(equations.graph, roots, self.arguments)

    def settled(self, v_mV: Values, values: Mapping[str, Values]) -> dict[str, Values]:
        """Every state at its steady state; `values` of what is read, parameters included."""
        if not self.states:
            return {}
        if self.written is None:
            rates = self._compiled_rates(v_mV)
            steady = [alpha / (alpha + beta) for alpha, beta in rates]
            return dict(zip(self.states, steady, strict=True))
        if len(self.written.equations.gates) == len(self.states):
            # States have no part in the steady states of gates, but are arguments like others.
            given = {**values, "v_mV": v_mV, **dict.fromkeys(self.states, 0.0)}
            steady = self._settle_formulas([given[key] for key in self.arguments])
            return dict(zip(self.states, steady, strict=True))
        read = {key: values[key] for key in self.written.inputs}
        return dict(self.written.steady_state(v_mV, **read))

    def initial(self, v_mV: float, values: Mapping[str, Values]) -> dict[str, float]:
        """States as a run begins with them: steady, or as the mechanism's file gives them."""
        settled = {key: float(x) for key, x in self.settled(v_mV, values).items()}
        if self.written is not None:
            equations = self.written.equations
            named = {"v_mV": v_mV, **settled, **values}
            starts = self._settle_formulas([named[key] for key in self.arguments])
            for state, start, is_given in zip(self.states, starts, equations.given, strict=True):
                if is_given:
                    settled[state] = float(start)
        return settled

    @cached_property
    def _settle_formulas(self) -> Formulas:
        assert self.written is not None
        equations = self.written.equations
        return straight(equations.graph, equations.settle, self.arguments)

    @cached_property
    def _compiled_rates(self) -> Callable[[Values], list[tuple[Values, Values]]]:
        return mechanisms.compiled_rates(self.mechanism)

    def _compiled_formulas(self) -> Formulas:
        """Of a channel of the core: gates by their rates, and g_bar times them times v - e."""
        rates = self._compiled_rates
        gates = self._info["gates"]
        reference_degC = self._info["reference_temperature_degC"]
        places = {name: place for place, name in enumerate(self.arguments)}
        reversal = places[f"e_{self.ions[0]}_mV" if self.reads else "e_leak_mV"]
        g_bar, warm = places["g_bar_S_cm2"], places["temperature_degC"]

        def found(values: Sequence[Values]) -> list[Values]:
            v_mV = values[0]
            open_fraction: Values = 1.0
            out: list[Values] = []
            for n, (alpha, beta) in enumerate(rates(v_mV)):
                gate, x = gates[n], values[1 + n]
                speed = gate["q10"] ** ((values[warm] - reference_degC) / 10.0)
                out.append(speed * (alpha - (alpha + beta) * x))
                open_fraction = open_fraction * x ** gate["power"]
            out.append(values[g_bar] * open_fraction * (v_mV - values[reversal]))
            return out

        return found


def straight(graph: Graph, roots: Sequence[Node], arguments: Sequence[str]) -> Formulas:
    """Formulas of a graph as one list of operations over values in the order of `arguments`."""
    order = graph.reached(roots)
    place = {graph.name(name): n for n, name in enumerate(arguments)}
    start: list[Values] = []
    code: list[tuple[str, tuple[int, ...]]] = []
    for node in order:
        if node in place:
            continue
        if (value := graph.value(node)) is not None:
            place[node] = len(arguments) + len(start)
            start.append(value)
    for node in order:
        if node not in place:
            place[node] = len(arguments) + len(start) + len(code)
            inner = tuple(place[each] for each in graph.arguments(node))
            code.append((graph.operation(node), inner))
    outputs = [place[root] for root in roots]
    of_floats = [(_FLOATS[name], inner) for name, inner in code]
    of_arrays = [(_ARRAYS[name], inner) for name, inner in code]

    def evaluate(operations: Sequence[Any], values: Sequence[Values]) -> list[Values]:
        slots = [*values, *start]
        for function, inner in operations:
            if len(inner) == 2:
                slots.append(function(slots[inner[0]], slots[inner[1]]))
            elif len(inner) == 1:
                slots.append(function(slots[inner[0]]))
            else:
                slots.append(function(*(slots[each] for each in inner)))
        return [slots[output] for output in outputs]

    def found(values: Sequence[Values]) -> list[Values]:
        if not any(isinstance(value, np.ndarray) for value in values):
            try:
                return evaluate(of_floats, values)
            except (OverflowError, ZeroDivisionError, ValueError):
                pass  # NumPy gives infinity or NaN where Python's floats raise
        with np.errstate(all="ignore"):
            return evaluate(of_arrays, values)

    return found
