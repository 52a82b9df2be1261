"""Channels, pumps and synapses: those of the core, those of the library, and your own.

mechanisms.names()
own = mechanisms.read("my_channel.toml")
own.steady_state(-65.0)
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from ranvier import _core
from ranvier._text import expected_one_of
from ranvier.errors import ModelError
from ranvier.mechanisms._library import from_library, library_names
from ranvier.mechanisms.mechanism import Mechanism, read, remade
from ranvier.mechanisms.nmodl import read_mod

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike, NDArray

__all__ = ["Mechanism", "describe", "names", "rates", "read", "read_mod"]


def names() -> list[str]:
    """Names of all mechanisms, sorted: compiled into the core and of the library."""
    return sorted([*_core.mechanism_names(), *library_names()])


def _check_known(name: str) -> None:
    if name not in names():
        raise ModelError(f"mechanism {name!r}: is unknown, {expected_one_of(name, names())}")


def describe(name: str) -> dict[str, Any]:
    """Metadata of one mechanism: summary, ion, parameters with defaults, gates, citation.

    Raises ModelError if there is none of that name.
    """
    _check_known(name)
    if name in library_names():
        return from_library(name).describe()
    return _core.describe_mechanism(name)


def rates(name: str, v_mV: ArrayLike) -> dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Opening and closing rates per ms of each gate, at the channel's reference temperature.

    `v_mV` has any shape and so have the rates. Raises ModelError for an unknown mechanism.
    """
    _check_known(name)
    if name in library_names():
        return from_library(name).rates_per_ms(v_mV)
    gates = [gate["name"] for gate in _core.describe_mechanism(name)["gates"]]
    v = np.asarray(v_mV, dtype=np.float64)
    values = _core.mechanism_rates(name, v.ravel())
    return {
        gate: (values[g, 0].reshape(v.shape), values[g, 1].reshape(v.shape))
        for g, gate in enumerate(gates)
    }


def compiled_rates(name: str) -> Callable[[Any], list[tuple[Any, Any]]]:
    """A function of v_mV, one number or an array of one dimension, to the opening and closing
    rates per ms of each gate of a channel of the core, at its reference temperature."""
    counted = range(len(_core.describe_mechanism(name)["gates"]))

    def rates_per_ms(v_mV: Any) -> list[tuple[Any, Any]]:
        if isinstance(v_mV, np.ndarray):
            found = _core.mechanism_rates(name, v_mV)
            return [(found[gate, 0], found[gate, 1]) for gate in counted]
        found = _core.mechanism_rates(name, np.array([v_mV]))
        return [(float(found[gate, 0, 0]), float(found[gate, 1, 0])) for gate in counted]

    return rates_per_ms


def point(mechanism: str | Mechanism) -> Mechanism:
    """One whose currents are in nA, by its name in the library or itself. ModelError otherwise."""
    if isinstance(mechanism, str):
        _check_known(mechanism)
        found = from_library(mechanism) if mechanism in library_names() else None
    else:
        found = mechanism
    if found is None or not found.is_point:
        name = mechanism if found is None else found.name
        raise ModelError(
            f"mechanism {name!r}: has a density, expected one at a point (currents_nA)"
        )
    return found


def find_compiled(name: str) -> _core.CustomMechanism | None:
    """The mechanism of the library of that name as the core runs it, or None."""
    return from_library(name).compiled if name in library_names() else None


@lru_cache(maxsize=256)
def compiled_from_source(source: str) -> _core.CustomMechanism:
    """A mechanism again from its `source`, as saved models hold it.

    Raises ModelError for a text that is not the source of a mechanism.
    """
    return remade(source).compiled
