"""Physical constants, as the core has them, and the thermal voltage that they make."""

from __future__ import annotations

from numpy.typing import ArrayLike

from ranvier.membrane._inputs import Real, plain, temperature_K

# Exact in the SI of 2019 (CODATA 2018, doi:10.1103/RevModPhys.93.025010); the same digits as in
# csrc/ranvier/base/constants.hpp, which a test compares.
GAS_CONSTANT_J_per_mol_K = 8.31446261815324
FARADAY_C_per_mol = 96485.33212331001

#: One mV over one mole of elementary charges is F mJ.
FARADAY_kJ_per_mol_mV = FARADAY_C_per_mol * 1e-6


def thermal_voltage_mV(*, temperature_degC: ArrayLike) -> Real:
    """RT/F, the unit in which an ion feels a membrane potential: 25.26 mV at 20 degC, 26.73 at 37.

    Shape: that of the temperature. Raises ValueError at or below absolute zero.
    """
    kelvin = temperature_K(temperature_degC)
    return plain(1e3 * GAS_CONSTANT_J_per_mol_K * kelvin / FARADAY_C_per_mol)
