"""Osmolarity, and the pressure that a difference of it makes."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike

from ranvier.membrane._inputs import Real, finite, not_negative, plain, same_shape, temperature_K
from ranvier.membrane.constants import GAS_CONSTANT_J_per_mol_K


def osmolarity_mOsm(
    solutes_mM: Mapping[str, ArrayLike], *, osmotic_coefficient: ArrayLike = 1.0
) -> Real:
    """The sum over particles: each ion counts by itself, so 150 mM of NaCl are two entries of 150.

    In mOsm per litre. `osmotic_coefficient` is 1 in an ideal solution, and 0.93 in physiological
    saline. Shape: the concentrations and the coefficient broadcast. Raises ValueError for no
    solutes, a negative concentration, NaN, and shapes that do not broadcast.
    """
    if not isinstance(solutes_mM, Mapping):
        raise TypeError(f"solutes_mM: is {solutes_mM!r}, expected a mapping of names to mM")
    if not solutes_mM:
        raise ValueError("solutes_mM: is empty, expected one solute or more")
    coefficient = not_negative("osmotic_coefficient:", osmotic_coefficient)
    solutes = {
        name: not_negative(f"solute {name!r}: conc_mM", value) for name, value in solutes_mM.items()
    }
    same_shape(osmotic_coefficient=coefficient, **{repr(name): c for name, c in solutes.items()})
    return plain(coefficient * np.asarray(sum(solutes.values())))


def osmotic_pressure_kPa(*, difference_mOsm: ArrayLike, temperature_degC: ArrayLike) -> Real:
    """RT times the difference in osmolarity: 2.58 kPa per mOsm at 37 degC. Van 't Hoff 1887.

    Above 0 where the difference is: water goes to the side of more. Shape: the arguments broadcast.
    Raises ValueError for NaN, a temperature at or below absolute zero, and shapes that do not
    broadcast.
    """
    difference = finite("difference_mOsm:", difference_mOsm)
    kelvin = temperature_K(temperature_degC)
    same_shape(difference_mOsm=difference, temperature_degC=kelvin)
    # 1 mOsm/l is 1 mol/m3, so that RT times it is Pa.
    return plain(1e-3 * GAS_CONSTANT_J_per_mol_K * kelvin * difference)
