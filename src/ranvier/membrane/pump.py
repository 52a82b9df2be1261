"""The sodium-potassium pump: what it does to the membrane potential, and what it can pay for."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from ranvier.membrane._inputs import (
    FloatArray,
    Real,
    finite,
    negative,
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
from ranvier.membrane.nernst import nernst_mV

#: Ions that one ATP moves: sodium out, potassium in.
SODIUM_PER_CYCLE = 3
POTASSIUM_PER_CYCLE = 2
PUMP_RATIO = SODIUM_PER_CYCLE / POTASSIUM_PER_CYCLE

#: Free energy of ATP hydrolysis at pH 7 and 1 M of each, as biochemistry books print it (-30.5);
#: magnesium and pH move it by several kJ/mol.
ATP_STANDARD_kJ_mol = -30.5


def mullins_noda_mV(
    *,
    k_inside_mM: ArrayLike,
    k_outside_mM: ArrayLike,
    na_inside_mM: ArrayLike,
    na_outside_mM: ArrayLike,
    na_permeability_per_k: ArrayLike,
    temperature_degC: ArrayLike,
    pump_ratio: ArrayLike = PUMP_RATIO,
) -> Real:
    """Rest with a pump that keeps both ions constant: RT/F ln((r Ko + b Nao) / (r Ki + b Nai)).

    Mullins & Noda 1963, doi:10.1085/jgp.47.1.117. r is `pump_ratio`, sodium out for each potassium
    in: 1 is the equation of Goldman, Hodgkin and Katz, and 1.5 makes rest more negative, by
    RT/F ln 1.5 = 10.8 mV at most. Chloride is at equilibrium and so does not count.

    Shape: the arguments broadcast. Raises ValueError for a concentration, permeability or ratio
    that is not above 0, a temperature at or below absolute zero, NaN, and shapes that do not
    broadcast.
    """
    k_inside = positive("k_inside_mM:", k_inside_mM)
    k_outside = positive("k_outside_mM:", k_outside_mM)
    na_inside = positive("na_inside_mM:", na_inside_mM)
    na_outside = positive("na_outside_mM:", na_outside_mM)
    b = positive("na_permeability_per_k:", na_permeability_per_k)
    r = positive("pump_ratio:", pump_ratio)
    thermal_mV = np.asarray(thermal_voltage_mV(temperature_degC=temperature_degC))
    same_shape(
        k_inside_mM=k_inside,
        k_outside_mM=k_outside,
        na_inside_mM=na_inside,
        na_outside_mM=na_outside,
        na_permeability_per_k=b,
        pump_ratio=r,
        temperature_degC=thermal_mV,
    )
    outside, inside = r * k_outside + b * na_outside, r * k_inside + b * na_inside
    return plain(thermal_mV * (np.log(outside) - np.log(inside)))


def pump_cycle_kJ_mol(
    *,
    v_mV: ArrayLike,
    k_inside_mM: ArrayLike,
    k_outside_mM: ArrayLike,
    na_inside_mM: ArrayLike,
    na_outside_mM: ArrayLike,
    temperature_degC: ArrayLike,
) -> Real:
    """What one cycle of the pump costs: 3F (ENa - v) + 2F (v - EK), per mole of cycles.

    The pump runs while this is below what ATP gives, -`atp_hydrolysis_kJ_mol`; see De Weer, Gadsby
    & Rakowski 1988, Annu. Rev. Physiol. 50:225. Shape and errors: as `nernst_mV`.
    """
    v = finite("v_mV:", v_mV)
    e_na = _nernst_mV(na_inside_mM, na_outside_mM, temperature_degC, "na")
    e_k = _nernst_mV(k_inside_mM, k_outside_mM, temperature_degC, "k")
    same_shape(v_mV=v, e_na_mV=e_na, e_k_mV=e_k)
    work_mV = SODIUM_PER_CYCLE * (e_na - v) + POTASSIUM_PER_CYCLE * (v - e_k)
    return plain(FARADAY_kJ_per_mol_mV * work_mV)


def pump_reversal_mV(
    *,
    atp_kJ_mol: ArrayLike,
    k_inside_mM: ArrayLike,
    k_outside_mM: ArrayLike,
    na_inside_mM: ArrayLike,
    na_outside_mM: ArrayLike,
    temperature_degC: ArrayLike,
) -> Real:
    """The membrane potential below which the pump would run backwards and make ATP.

    `atp_kJ_mol` is the free energy of hydrolysis, below 0: 3 ENa - 2 EK + atp/F. Shape and errors:
    as `nernst_mV`, and ValueError for a free energy that is not below 0.
    """
    atp = negative("atp_kJ_mol:", atp_kJ_mol)
    e_na = _nernst_mV(na_inside_mM, na_outside_mM, temperature_degC, "na")
    e_k = _nernst_mV(k_inside_mM, k_outside_mM, temperature_degC, "k")
    same_shape(atp_kJ_mol=atp, e_na_mV=e_na, e_k_mV=e_k)
    gradients_mV = SODIUM_PER_CYCLE * e_na - POTASSIUM_PER_CYCLE * e_k
    return plain(gradients_mV + atp / FARADAY_kJ_per_mol_mV)


def atp_hydrolysis_kJ_mol(
    *,
    atp_mM: ArrayLike,
    adp_mM: ArrayLike,
    phosphate_mM: ArrayLike,
    temperature_degC: ArrayLike,
    standard_kJ_mol: ArrayLike = ATP_STANDARD_kJ_mol,
) -> Real:
    """Free energy of hydrolysis in the cell: standard + RT ln([ADP][Pi] / [ATP]), in mol/l.

    -50 to -60 in a living cell, since ADP is scarce. Shape: the arguments broadcast. Raises
    ValueError for a concentration that is not above 0, a temperature at or below absolute zero,
    NaN, and shapes that do not broadcast.
    """
    atp = positive("atp_mM:", atp_mM)
    adp = positive("adp_mM:", adp_mM)
    phosphate = positive("phosphate_mM:", phosphate_mM)
    standard = finite("standard_kJ_mol:", standard_kJ_mol)
    kelvin = temperature_K(temperature_degC)
    same_shape(
        atp_mM=atp,
        adp_mM=adp,
        phosphate_mM=phosphate,
        standard_kJ_mol=standard,
        temperature_degC=kelvin,
    )
    per_mol = np.log(1e-3 * adp) + np.log(phosphate) - np.log(atp)
    return plain(standard + 1e-3 * GAS_CONSTANT_J_per_mol_K * kelvin * per_mol)


def _nernst_mV(
    inside_mM: ArrayLike, outside_mM: ArrayLike, t_degC: ArrayLike, ion: str
) -> FloatArray:
    inside = positive(f"{ion}_inside_mM:", inside_mM)
    outside = positive(f"{ion}_outside_mM:", outside_mM)
    return np.asarray(nernst_mV(inside_mM=inside, outside_mM=outside, temperature_degC=t_degC))
