"""Donnan's equilibrium: what ions that can cross do about charge that cannot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from ranvier.membrane._inputs import FloatArray, Real, finite, plain, real, refuse, same_shape
from ranvier.membrane._roots import rising_root
from ranvier.membrane.constants import thermal_voltage_mV
from ranvier.membrane.ions import PermeantIon, stacked

#: Charge that is left over, as a fraction of all charges, at which concentrations are not neutral.
NEUTRAL_RELATIVE = 1e-9


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Donnan:
    """The equilibrium: every ion's Nernst potential is `v_mV`, and the inside is neutral.

    `inside_mM` and `outside_mM` are by the names of the ions. Each has the shape to which the
    arguments of `donnan` broadcast.
    """

    v_mV: Real
    inside_mM: Mapping[str, Real]
    outside_mM: Mapping[str, Real]


def donnan(
    ions: Sequence[PermeantIon],
    *,
    impermeant_inside_mM: ArrayLike,
    impermeant_outside_mM: ArrayLike = 0.0,
    outside_per_inside: ArrayLike = np.inf,
    temperature_degC: ArrayLike,
) -> Donnan:
    """Where ions settle with no pump, beside impermeant charge.

    Donnan 1911, Z. Elektrochem. 17:572: every ion is at its Nernst potential, and there is one
    potential for all of them, the one at which the inside is neutral.

    `impermeant_inside_mM` and `impermeant_outside_mM` count elementary charges with their sign, not
    molecules: 20 mM of protein with 5 negative charges each is -100. `outside_per_inside` is the
    ratio of the volumes, which stay. By default the outside is a bath without end, so that the
    ions' outside concentrations stay too and what they have inside plays no part; otherwise what
    there is of each ion is shared out between the two sides. Permeabilities play no part: they
    decide how soon, not where.

    Water stays where it is, so the inside has the higher osmolarity, as cells with a wall have it;
    others swell, which only a pump prevents.

    Shape: all arguments broadcast. Raises as `ghk_mV` does, and ValueError for ions and impermeant
    charge that are not neutral together, for a ratio of volumes that is not above 0, and for
    impermeant charge that the ions cannot balance.
    """
    thermal_mV = np.asarray(thermal_voltage_mV(temperature_degC=temperature_degC))
    fixed = finite("impermeant_inside_mM:", impermeant_inside_mM)
    fixed_outside = finite("impermeant_outside_mM:", impermeant_outside_mM)
    ratio = real("outside_per_inside:", outside_per_inside)
    is_wrong = ~(ratio > 0)
    refuse("outside_per_inside:", ratio, is_wrong, "a ratio of volumes above 0, or inf for a bath")
    both = stacked(
        ions,
        impermeant_inside_mM=fixed,
        impermeant_outside_mM=fixed_outside,
        outside_per_inside=ratio,
        temperature_degC=thermal_mV,
    )
    # Shares of the volume, so that a bath is a share of 1 and needs no case of its own.
    share_in = 1.0 / (1.0 + ratio)
    share_out = 1.0 / (1.0 + 1.0 / ratio)
    mean_mM = share_in[..., None] * both.inside_mM + share_out[..., None] * both.outside_mM
    charge_mM = np.sum(both.valence * mean_mM, axis=-1)
    left_mM = charge_mM + share_in * fixed + share_out * fixed_outside
    all_mM = np.sum(np.abs(both.valence) * mean_mM, axis=-1)
    all_mM = all_mM + share_in * np.abs(fixed) + share_out * np.abs(fixed_outside)
    is_wrong = np.abs(left_mM) > NEUTRAL_RELATIVE * all_mM
    if np.any(is_wrong):
        where = "outside" if np.all(np.isinf(ratio)) else "of both sides together"
        raise ValueError(
            f"charge {where}: is {np.broadcast_to(left_mM, is_wrong.shape)[is_wrong][0]:g} mM, "
            "expected 0, ions and impermeant charge together"
        )
    _require_balance(both.valence, mean_mM, share_in, fixed)

    def side_mM(x: FloatArray, mine: FloatArray, other: FloatArray) -> FloatArray:
        # mean = mine c + other c e^x, by Boltzmann.
        with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
            found = mean_mM / (mine[..., None] + other[..., None] * np.exp(x))
        return np.where(mean_mM > 0, found, 0.0)

    def lacking(x: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Charge that the inside lacks, which rises with x because a cation then leaves."""
        inside = side_mM(both.valence * x[..., None], share_in, share_out)
        stays = share_in[..., None] * inside
        with np.errstate(invalid="ignore"):
            # d ci/dx = -z ci (1 - share_in ci / mean)
            part = np.where(mean_mM > 0, 1.0 - stays / mean_mM, 0.0)
            slope = np.sum(both.valence**2 * inside * part, axis=-1)
        return -(np.sum(both.valence * inside, axis=-1) + fixed), slope

    x = rising_root(lacking, both.shape)
    inside = side_mM(both.valence * x[..., None], share_in, share_out)
    outside = side_mM(-both.valence * x[..., None], share_out, share_in)
    return Donnan(
        v_mV=plain(thermal_mV * x),
        inside_mM={name: plain(inside[..., k]) for k, name in enumerate(both.names)},
        outside_mM={name: plain(outside[..., k]) for k, name in enumerate(both.names)},
    )


def _require_balance(
    valence: FloatArray, mean_mM: FloatArray, share_in: FloatArray, fixed: FloatArray
) -> None:
    """The inside can hold at most all of the cations and none of the anions, or the reverse."""
    with np.errstate(divide="ignore", invalid="ignore"):
        available = np.where(mean_mM > 0, valence * mean_mM / share_in[..., None], 0.0)
    highest = np.sum(np.maximum(available, 0.0), axis=-1)
    lowest = np.sum(np.minimum(available, 0.0), axis=-1)
    same_shape(impermeant_inside_mM=fixed, ions=highest)
    is_wrong = ~((-fixed > lowest) & (-fixed < highest))
    if np.any(is_wrong):
        shape = is_wrong.shape
        wrong, low, high = (
            np.broadcast_to(each, shape)[is_wrong][0] for each in (fixed, -highest, -lowest)
        )
        raise ValueError(
            f"impermeant_inside_mM: is {wrong:g} mM, expected a charge that the ions can balance, "
            f"between {low:g} and {high:g} mM"
        )
