"""The channels that the core knows: names, parameters, gates, rates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ranvier import _core
from ranvier._text import expected_one_of
from ranvier.errors import ModelError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


def names() -> list[str]:
    """Names of all mechanisms, sorted."""
    return _core.mechanism_names()


def describe(name: str) -> dict[str, Any]:
    """Metadata of one mechanism: summary, ion, parameters with defaults, gates, citation.

    Raises ModelError if there is none of that name.
    """
    if name not in names():
        raise ModelError(f"mechanism {name!r}: is unknown, {expected_one_of(name, names())}")
    return _core.describe_mechanism(name)


def rates(name: str, v_mV: ArrayLike) -> dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Opening and closing rates per ms of each gate, at the channel's reference temperature.

    `v_mV` has any shape and so have the rates. Raises ModelError for an unknown mechanism.
    """
    gates = [gate["name"] for gate in describe(name)["gates"]]
    v = np.asarray(v_mV, dtype=np.float64)
    values = _core.mechanism_rates(name, v.ravel())
    return {
        gate: (values[g, 0].reshape(v.shape), values[g, 1].reshape(v.shape))
        for g, gate in enumerate(gates)
    }
