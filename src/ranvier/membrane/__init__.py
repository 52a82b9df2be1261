"""Membrane potentials by formula: what ions, channels and pumps make of it, without a simulation.

    import ranvier as rv

    rv.membrane.nernst_mV(inside_mM=140, outside_mM=5, temperature_degC=37)  # -89.06, potassium

Every function takes numbers or arrays, which broadcast, and returns a float where it got numbers
alone. Temperatures have no default. Potentials are inside minus outside, currents outward positive.
"""

from __future__ import annotations

from ranvier.membrane.constants import (
    FARADAY_C_per_mol,
    GAS_CONSTANT_J_per_mol_K,
    thermal_voltage_mV,
)
from ranvier.membrane.dielectric import BREAKDOWN_mV, DielectricStatus, dielectric_status
from ranvier.membrane.equilibrium import Donnan, donnan
from ranvier.membrane.ghk import (
    ghk_current_mA_cm2,
    ghk_flux_pmol_cm2_s,
    ghk_mV,
    ghk_slope_S_cm2,
    relative_permeability,
)
from ranvier.membrane.ions import PermeantIon
from ranvier.membrane.nernst import driving_force_mV, electrochemical_difference_kJ_mol, nernst_mV
from ranvier.membrane.osmosis import osmolarity_mOsm, osmotic_pressure_kPa
from ranvier.membrane.patch import Branch, Patch, chord_conductance_mV
from ranvier.membrane.pump import (
    atp_hydrolysis_kJ_mol,
    mullins_noda_mV,
    pump_cycle_kJ_mol,
    pump_reversal_mV,
)

__all__ = [
    "BREAKDOWN_mV",
    "Branch",
    "DielectricStatus",
    "Donnan",
    "FARADAY_C_per_mol",
    "GAS_CONSTANT_J_per_mol_K",
    "Patch",
    "PermeantIon",
    "atp_hydrolysis_kJ_mol",
    "chord_conductance_mV",
    "dielectric_status",
    "donnan",
    "driving_force_mV",
    "electrochemical_difference_kJ_mol",
    "ghk_current_mA_cm2",
    "ghk_flux_pmol_cm2_s",
    "ghk_mV",
    "ghk_slope_S_cm2",
    "mullins_noda_mV",
    "nernst_mV",
    "osmolarity_mOsm",
    "osmotic_pressure_kPa",
    "pump_cycle_kJ_mol",
    "pump_reversal_mV",
    "relative_permeability",
    "thermal_voltage_mV",
]
