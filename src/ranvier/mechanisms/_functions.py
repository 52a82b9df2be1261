"""The functions that formulas may call, the constants that they may read, and their units."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from ranvier.mechanisms._graph import Graph
from ranvier.mechanisms._units import ONE, Unit, shown, to_power, unit_of_name
from ranvier.membrane.constants import FARADAY_C_per_mol, GAS_CONSTANT_J_per_mol_K

FARADAY_C_mol = FARADAY_C_per_mol
GAS_CONSTANT_J_mol_K = GAS_CONSTANT_J_per_mol_K
CONSTANTS = {
    "pi": math.pi,
    "faraday_C_mol": FARADAY_C_mol,
    "gas_constant_J_mol_K": GAS_CONSTANT_J_mol_K,
}
ZERO_degC_K = 273.15


@dataclass(frozen=True, slots=True)
class Value:
    """A node and its unit; None is the free unit of numbers, which goes with any other."""

    node: int
    unit: Unit | None

    @property
    def is_broken(self) -> bool:
        """Whether this stands for a formula that was reported."""
        return self.node < 0


BROKEN = Value(-1, None)


@dataclass(frozen=True, slots=True)
class BuiltIn:
    """`make` gives a value, or what is wrong with the arguments."""

    parameters: tuple[str, ...]
    make: Callable[[Graph, list[Value]], Value | str]
    takes_more: bool = False


def rational(value: float) -> Fraction:
    """The fraction that a written exponent means: 0.3333 stays, 0.5 is a half."""
    return Fraction(value).limit_denominator(1000)


def _of_plain(name: str, make: Callable[[Graph, int], int]) -> BuiltIn:
    """A function of a plain number, whose value may be given any unit if the argument may."""

    def made(graph: Graph, values: list[Value]) -> Value | str:
        (x,) = values
        if x.unit not in (None, ONE):
            return f"{name}() is given {shown(x.unit or ONE)}, expected a plain number"
        return Value(make(graph, x.node), x.unit)

    return BuiltIn(("x",), made)


def _plain_call(name: str) -> BuiltIn:
    return _of_plain(name, lambda graph, x: graph.call(name, x))


def _tanh(graph: Graph, x: int) -> int:
    twice = graph.call("sigmoid", graph.mul(graph.const(2.0), x))
    return graph.sub(graph.mul(graph.const(2.0), twice), graph.const(1.0))


def _log10(graph: Graph, x: int) -> int:
    return graph.mul(graph.const(1.0 / math.log(10.0)), graph.call("log", x))


def _sqrt(graph: Graph, values: list[Value]) -> Value | str:
    unit = values[0].unit
    half = to_power(unit, Fraction(1, 2)) if unit is not None else None
    return Value(graph.call("sqrt", values[0].node), half)


def _abs(graph: Graph, values: list[Value]) -> Value | str:
    return Value(graph.call("abs", values[0].node), values[0].unit)


def _extreme(name: str) -> BuiltIn:
    def made(graph: Graph, values: list[Value]) -> Value | str:
        units = {value.unit for value in values if value.unit is not None}
        if len(units) > 1:
            first, second = sorted(shown(unit) for unit in units)[:2]
            return f"{name}() is given {first} and {second}, expected the same unit"
        node = values[0].node
        for value in values[1:]:
            node = graph.call(name, node, value.node)
        return Value(node, units.pop() if units else None)

    return BuiltIn(("a", "b"), made, takes_more=True)


def _checked(name: str, parameters: tuple[str, ...], values: list[Value]) -> str | None:
    for parameter, value in zip(parameters, values, strict=True):
        expected = unit_of_name(parameter)
        if value.unit not in (None, expected):
            is_in = shown(value.unit or ONE)
            return f"{parameter} of {name}() is in {is_in}, expected {shown(expected)}"
    return None


def _valence(graph: Graph, name: str, value: Value) -> float | str:
    valence = graph.value(value.node)
    if valence is None or valence == 0.0 or valence != round(valence):
        return f"the valence of {name}() is not a whole number other than 0, expected one"
    return valence


def _thermal_mV(graph: Graph, valence: float) -> int:
    """R T / (z F), from the temperature."""
    kelvin = graph.add(graph.name("temperature_degC"), graph.const(ZERO_degC_K))
    factor = 1e3 * GAS_CONSTANT_J_mol_K / (valence * FARADAY_C_mol)
    return graph.mul(graph.const(factor), kelvin)


GHK = ("permeability_cm_s", "valence", "v_mV", "in_mM", "out_mM")
NERNST = ("valence", "in_mM", "out_mM")


def _ghk(graph: Graph, values: list[Value]) -> Value | str:
    """P z F u (in e^u - out)/(e^u - 1), u = v z F/(R T); nowhere 0/0 (Goldman 1943).

    Hodgkin & Katz 1949, doi:10.1113/jphysiol.1949.sp004310.
    """
    if problem := _checked("ghk_mA_cm2", GHK, values):
        return problem
    permeability, valence, v, inside, outside = values
    if isinstance(z := _valence(graph, "ghk_mA_cm2", valence), str):
        return z
    # Divided by once where it is the same for all compartments, hence the inverse.
    u = graph.mul(graph.div(graph.const(1.0), _thermal_mV(graph, z)), v.node)
    falling = graph.call("exprelr", u)
    flux = graph.sub(
        graph.mul(inside.node, graph.add(falling, u)), graph.mul(outside.node, falling)
    )
    # cm/s times C/mol times mM (umol/cm3) is uA/cm2.
    scale = graph.mul(graph.const(1e-3 * z * FARADAY_C_mol), permeability.node)
    return Value(graph.mul(scale, flux), unit_of_name("ghk_mA_cm2"))


def _nernst(graph: Graph, values: list[Value]) -> Value | str:
    if problem := _checked("nernst_mV", NERNST, values):
        return problem
    if isinstance(z := _valence(graph, "nernst_mV", values[0]), str):
        return z
    ratio = graph.div(values[2].node, values[1].node)
    return Value(
        graph.mul(_thermal_mV(graph, z), graph.call("log", ratio)), unit_of_name("nernst_mV")
    )


BUILT_IN: dict[str, BuiltIn] = {
    **{name: _plain_call(name) for name in ("exp", "log", "sigmoid", "exprelr")},
    "log10": _of_plain("log10", _log10),
    "tanh": _of_plain("tanh", _tanh),
    "sqrt": BuiltIn(("x",), _sqrt),
    "abs": BuiltIn(("x",), _abs),
    "min": _extreme("min"),
    "max": _extreme("max"),
    "ghk_mA_cm2": BuiltIn(GHK, _ghk),
    "nernst_mV": BuiltIn(NERNST, _nernst),
}
