"""One ion alone: where it is at equilibrium, how far it is from there, and what that is worth."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from ranvier.membrane._inputs import (
    Real,
    charge_number,
    finite,
    plain,
    positive,
    same_shape,
    temperature_K,
)
from ranvier.membrane.constants import (
    FARADAY_kJ_per_mol_mV,
    GAS_CONSTANT_J_per_mol_K,
    thermal_voltage_mV,
)


def nernst_mV(
    *,
    inside_mM: ArrayLike,
    outside_mM: ArrayLike,
    temperature_degC: ArrayLike,
    valence: ArrayLike = 1,
) -> Real:
    """The membrane potential at which an ion does not move: (RT/zF) ln(outside/inside).

    Nernst 1888, Z. phys. Chem. 2:613. Activity coefficients are taken as equal on both sides. The
    temperature has no default, since the same concentrations give 6 % more at 37 than at 20 degC.

    Shape: the arguments broadcast. Raises ValueError for a concentration that is not above 0, a
    valence that is 0 or no whole number, a temperature at or below absolute zero, NaN, and shapes
    that do not broadcast.
    """
    inside = positive("inside_mM:", inside_mM)
    outside = positive("outside_mM:", outside_mM)
    z = charge_number("valence:", valence)
    thermal_mV = np.asarray(thermal_voltage_mV(temperature_degC=temperature_degC))
    same_shape(inside_mM=inside, outside_mM=outside, valence=z, temperature_degC=thermal_mV)
    # A difference of logarithms, because a quotient of two doubles can overflow.
    return plain(thermal_mV / z * (np.log(outside) - np.log(inside)))


def driving_force_mV(*, v_mV: ArrayLike, e_mV: ArrayLike) -> Real:
    """v - e: above 0 positive charge is driven out through an open channel, below 0 in.

    For an anion too: its current is outward when it goes in. Shape: the arguments broadcast. Raises
    ValueError for NaN and for shapes that do not broadcast.
    """
    v, e = finite("v_mV:", v_mV), finite("e_mV:", e_mV)
    same_shape(v_mV=v, e_mV=e)
    return plain(v - e)


def electrochemical_difference_kJ_mol(
    *,
    inside_mM: ArrayLike,
    outside_mM: ArrayLike,
    v_mV: ArrayLike,
    temperature_degC: ArrayLike,
    valence: ArrayLike = 1,
) -> Real:
    """What it takes to carry a mole of the ion in: RT ln(inside/outside) + zFv.

    Below 0 it enters by itself, and 0 is the Nernst potential, which is where this is zF(v - e).

    Shape: the arguments broadcast. Raises ValueError as `nernst_mV` does.
    """
    inside = positive("inside_mM:", inside_mM)
    outside = positive("outside_mM:", outside_mM)
    z = charge_number("valence:", valence)
    v = finite("v_mV:", v_mV)
    kelvin = temperature_K(temperature_degC)
    same_shape(inside_mM=inside, outside_mM=outside, valence=z, v_mV=v, temperature_degC=kelvin)
    chemical_J_mol = GAS_CONSTANT_J_per_mol_K * kelvin * (np.log(inside) - np.log(outside))
    return plain(1e-3 * chemical_J_mol + z * FARADAY_kJ_per_mol_mV * v)
