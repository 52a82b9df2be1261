"""Steady states and time constants of the gates of any mechanism, written or compiled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ranvier import mechanisms
from ranvier.mechanisms._library import from_library, library_names
from ranvier.mechanisms.mechanism import Mechanism

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True, slots=True, eq=False)
class GateCurves:
    """Of every gate by its name, at one temperature; arrays have the shape of the potentials."""

    temperature_degC: float
    steady_state: Mapping[str, NDArray[np.float64]]
    time_constant_ms: Mapping[str, NDArray[np.float64]]


def written_as_equations(mechanism: str | Mechanism) -> Mechanism | None:
    """The mechanism with its equations, or None of one that is compiled into the core."""
    if isinstance(mechanism, Mechanism):
        return mechanism
    return from_library(mechanism) if mechanism in library_names() else None


def gate_curves(
    mechanism: str | Mechanism, v_mV: ArrayLike, temperature_degC: float | None = None
) -> GateCurves:
    """At potentials of any shape; temperature None: that which the mechanism's rates are given at.

    Concentrations, where gates read them, are those of a typical mammalian cell. Raises ModelError
    for an unknown name.
    """
    written = written_as_equations(mechanism)
    if written is None:
        assert isinstance(mechanism, str)
        return _compiled(mechanism, v_mV, temperature_degC)
    at_degC = written.reference_temperature_degC if temperature_degC is None else temperature_degC
    time_constant_ms = written.time_constant_ms(v_mV, temperature_degC=at_degC)
    states = written.steady_state(v_mV, temperature_degC=at_degC)
    return GateCurves(at_degC, {gate: states[gate] for gate in time_constant_ms}, time_constant_ms)


def _compiled(name: str, v_mV: ArrayLike, temperature_degC: float | None) -> GateCurves:
    info = mechanisms.describe(name)
    reference_degC = info["reference_temperature_degC"]
    at_degC = reference_degC if temperature_degC is None else temperature_degC
    steady_state, time_constant_ms = {}, {}
    rates = mechanisms.rates(name, v_mV)
    for gate in info["gates"]:
        alpha_per_ms, beta_per_ms = rates[gate["name"]]
        both_per_ms = alpha_per_ms + beta_per_ms
        speed = gate["q10"] ** ((at_degC - reference_degC) / 10.0)
        steady_state[gate["name"]] = alpha_per_ms / both_per_ms
        time_constant_ms[gate["name"]] = 1.0 / (speed * both_per_ms)
    return GateCurves(at_degC, steady_state, time_constant_ms)
