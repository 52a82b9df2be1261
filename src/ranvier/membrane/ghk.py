"""The constant-field theory of Goldman, Hodgkin and Katz: currents of ions and where they cancel.

Goldman 1943, doi:10.1085/jgp.27.1.37; Hodgkin & Katz 1949, doi:10.1113/jphysiol.1949.sp004310.
With u = zFv/RT and f(u) = u / (e^u - 1), an ion's outward current is P z F (ci f(-u) - co f(u)).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from ranvier.membrane._inputs import (
    FloatArray,
    Real,
    charge_number,
    finite,
    not_negative,
    plain,
    same_shape,
)
from ranvier.membrane._roots import rising_root
from ranvier.membrane.constants import FARADAY_C_per_mol, thermal_voltage_mV
from ranvier.membrane.ions import IonArrays, PermeantIon, stacked

#: cm/s times mM: 1e-6 mol/cm2/s.
PMOL = 1e6
#: And in mA/cm2, with F.
MILLIAMPERE = 1e-3 * FARADAY_C_per_mol

#: Net current over the sum of currents, which are differences themselves, that is rounding.
NOISE = 1e-14

#: Below this |u| the derivative of f is a series, whose first missing term, 6e-9 u^11, is then
#: 2e-15; above, the closed form loses rounding over u^2, about 2e-15 as well.
SERIES_BELOW = 0.25
#: -f'(u) = 1/2 - u (these in u^2): the derivatives of the Bernoulli series of u / (e^u - 1).
SERIES = (1 / 6, -1 / 180, 1 / 5040, -1 / 151200, 1 / 4790016)


def _weights(u: FloatArray) -> tuple[FloatArray, FloatArray]:
    """f(-u) and f(u), of what is inside and what is outside: 1 and 1 at u = 0, to rounding."""
    size = np.abs(u)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        less = np.where(size > 0, size / np.expm1(size), 1.0)
    # f(-u) = f(u) + u, which loses nothing from the smaller one up.
    more = less + size
    return np.where(u > 0, more, less), np.where(u > 0, less, more)


def _weight_slopes(u: FloatArray) -> tuple[FloatArray, FloatArray]:
    """How fast f(-u) rises and f(u) falls with u: two numbers of 0 to 1 whose sum is 1."""
    size = np.abs(u)
    is_near = size < SERIES_BELOW
    near = np.where(is_near, size, 0.0)
    series = 0.5 - near * np.polynomial.polynomial.polyval(near**2, SERIES)
    far = np.where(is_near, 1.0, size)
    _, f = _weights(far)
    less = np.where(is_near, series, f * (f + far - 1) / far)
    return np.where(u > 0, 1 - less, less), np.where(u > 0, less, 1 - less)


def _checked(
    valence: ArrayLike,
    inside_mM: ArrayLike,
    outside_mM: ArrayLike,
    permeability_cm_s: ArrayLike,
    v_mV: ArrayLike,
    temperature_degC: ArrayLike,
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray, FloatArray, FloatArray]:
    """z, ci, co, P, u and RT/F."""
    z = charge_number("valence:", valence)
    inside = not_negative("inside_mM:", inside_mM)
    outside = not_negative("outside_mM:", outside_mM)
    permeability = not_negative("permeability_cm_s:", permeability_cm_s)
    v = finite("v_mV:", v_mV)
    thermal_mV = np.asarray(thermal_voltage_mV(temperature_degC=temperature_degC))
    same_shape(
        valence=z,
        inside_mM=inside,
        outside_mM=outside,
        permeability_cm_s=permeability,
        v_mV=v,
        temperature_degC=thermal_mV,
    )
    return z, inside, outside, permeability, np.asarray(z * v / thermal_mV), thermal_mV


def ghk_flux_pmol_cm2_s(
    *,
    inside_mM: ArrayLike,
    outside_mM: ArrayLike,
    permeability_cm_s: ArrayLike,
    v_mV: ArrayLike,
    temperature_degC: ArrayLike,
    valence: ArrayLike = 1,
) -> Real:
    """Net flux of an ion, outward positive: P (ci f(-u) - co f(u)), with its limit at v = 0.

    A concentration of 0 gives the flux one way alone. Shape: the arguments broadcast. Raises
    ValueError for a negative concentration or permeability, a valence that is 0 or no whole number,
    a temperature at or below absolute zero, NaN, and shapes that do not broadcast.
    """
    _, inside, outside, permeability, u, _ = _checked(
        valence, inside_mM, outside_mM, permeability_cm_s, v_mV, temperature_degC
    )
    out, into = _weights(u)
    return plain(PMOL * permeability * (inside * out - outside * into))


def ghk_current_mA_cm2(
    *,
    inside_mM: ArrayLike,
    outside_mM: ArrayLike,
    permeability_cm_s: ArrayLike,
    v_mV: ArrayLike,
    temperature_degC: ArrayLike,
    valence: ArrayLike = 1,
) -> Real:
    """Current of an ion, outward positive: P z F (ci f(-u) - co f(u)), with its limit at v = 0.

    It is 0 at the Nernst potential and rises with v, but not in a straight line: an ion that is
    dense inside and thin outside flows out more easily than in.

    Shape and errors: as `ghk_flux_pmol_cm2_s`.
    """
    z, inside, outside, permeability, u, _ = _checked(
        valence, inside_mM, outside_mM, permeability_cm_s, v_mV, temperature_degC
    )
    out, into = _weights(u)
    return plain(MILLIAMPERE * permeability * z * (inside * out - outside * into))


def ghk_slope_S_cm2(
    *,
    inside_mM: ArrayLike,
    outside_mM: ArrayLike,
    permeability_cm_s: ArrayLike,
    v_mV: ArrayLike,
    temperature_degC: ArrayLike,
    valence: ArrayLike = 1,
) -> Real:
    """Slope conductance of `ghk_current_mA_cm2`, its derivative by v: never below 0.

    At v = 0 it is P z^2 F (ci + co) / 2 over RT/F. Shape and errors: as `ghk_flux_pmol_cm2_s`.
    """
    z, inside, outside, permeability, u, thermal_mV = _checked(
        valence, inside_mM, outside_mM, permeability_cm_s, v_mV, temperature_degC
    )
    out, into = _weight_slopes(u)
    return plain(MILLIAMPERE * permeability * z**2 / thermal_mV * (inside * out + outside * into))


def _require_both_ways(ions: IonArrays) -> None:
    """Net current has a root only if something can carry it out and something in."""
    is_cation = ions.valence > 0
    ways = {
        "outward": (np.where(is_cation, ions.inside_mM, ions.outside_mM), "inside", "outside"),
        "inward": (np.where(is_cation, ions.outside_mM, ions.inside_mM), "outside", "inside"),
    }
    for way, (carriers_mM, cations, anions) in ways.items():
        if not np.all(np.any(carriers_mM * ions.permeability > 0, axis=-1)):
            raise ValueError(
                f"ions: {', '.join(ions.names)} carry no {way} current, expected a permeant cation "
                f"{cations} or a permeant anion {anions}"
            )


def _currents(ions: IonArrays, x: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Currents (..., ions) at v = x RT/F in any unit, and their slopes by x."""
    u = ions.valence * x[..., None]
    each = ions.permeability * ions.valence
    out, into = _weights(u)
    out_slope, into_slope = _weight_slopes(u)
    currents = each * (ions.inside_mM * out - ions.outside_mM * into)
    slopes = each * ions.valence * (ions.inside_mM * out_slope + ions.outside_mM * into_slope)
    return currents, slopes


def ghk_mV(ions: Sequence[PermeantIon], *, temperature_degC: ArrayLike) -> Real:
    """The membrane potential at which the constant-field currents of all ions cancel.

    Where all valences are of one magnitude it is the equation of Goldman, Hodgkin and Katz,

        v = RT/(|z|F) ln((sum of P co of cations + sum of P ci of anions) / (the same, ci and co
        exchanged)),

    and otherwise, as with calcium, the root of the net current, which rises with v and so has one:
    found by Newton's steps inside a bracket, to rounding. Fluxes of pumps are not in it; see
    `mullins_noda_mV`. The ions must not be at equilibrium for it to hold: only the current is 0.

    Shape: the ions' fields and the temperature broadcast. Raises TypeError for anything but a
    sequence of PermeantIon, ValueError for no ions or two of one name, for ions that carry current
    one way only, for a temperature at or below absolute zero and for shapes that do not broadcast.
    """
    thermal_mV = np.asarray(thermal_voltage_mV(temperature_degC=temperature_degC))
    all_ions = stacked(ions, temperature_degC=thermal_mV)
    _require_both_ways(all_ions)
    magnitudes = np.unique(np.abs(all_ions.valence))
    if magnitudes.size == 1:
        is_cation = all_ions.valence > 0
        out, into = all_ions.outside_mM, all_ions.inside_mM
        above = np.sum(all_ions.permeability * np.where(is_cation, out, into), axis=-1)
        below = np.sum(all_ions.permeability * np.where(is_cation, into, out), axis=-1)
        return plain(thermal_mV / magnitudes[0] * (np.log(above) - np.log(below)))

    def net(x: FloatArray) -> tuple[FloatArray, FloatArray]:
        currents, slopes = _currents(all_ions, x)
        return currents.sum(axis=-1), slopes.sum(axis=-1)

    return plain(thermal_mV * rising_root(net, all_ions.shape))


def relative_permeability(
    unknown: PermeantIon,
    known: Sequence[PermeantIon],
    *,
    reversal_mV: ArrayLike,
    temperature_degC: ArrayLike,
) -> Real:
    """The permeability of `unknown` that makes currents cancel at a measured reversal potential.

    In the unit of the permeabilities of `known`; that of `unknown` itself plays no part. This is
    `ghk_mV` read the other way, and exact for any valences.

    Shape: the ions' fields, the reversal potential and the temperature broadcast. Raises as
    `ghk_mV` does, and ValueError for a potential that no permeability of `unknown` gives: it lies
    between the one without it and its own Nernst potential.
    """
    thermal_mV = np.asarray(thermal_voltage_mV(temperature_degC=temperature_degC))
    v = finite("reversal_mV:", reversal_mV)
    if not isinstance(unknown, PermeantIon):
        raise TypeError(f"unknown: is {unknown!r}, expected a PermeantIon")
    stacked(known)
    one = PermeantIon(
        unknown.name,
        unknown.valence,
        inside_mM=unknown.inside_mM,
        outside_mM=unknown.outside_mM,
    )
    ions = stacked([one, *known], reversal_mV=v, temperature_degC=thermal_mV)
    currents, _ = _currents(ions, np.broadcast_to(v / thermal_mV, ions.shape))
    of_known = currents[..., 1:].sum(axis=-1)
    # What rounding leaves where the known ions alone have this potential is no current.
    is_noise = np.abs(of_known) <= NOISE * np.abs(currents[..., 1:]).sum(axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        found = -np.where(is_noise, 0.0, of_known) / currents[..., 0]
    is_wrong = ~(np.isfinite(found) & (found >= 0))
    if np.any(is_wrong):
        wrong_mV = np.broadcast_to(v, ions.shape)[is_wrong][0]
        raise ValueError(
            f"reversal_mV: is {wrong_mV:g} mV, expected one between that of the known ions alone "
            f"and the Nernst potential of {unknown.name!r}"
        )
    return plain(found)
