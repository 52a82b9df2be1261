"""The balance of a membrane at rest: what its channels carry, and the leaks that make up for it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ranvier.membrane.constants import thermal_voltage_mV
from ranvier.model import Ion, Placement


def ion_currents_mA_cm2(
    placements: Sequence[Placement],
    ions: Sequence[Ion],
    *,
    v_mV: float,
    temperature_degC: float,
) -> dict[str, float]:
    """Outward current of every ion that `placements`, all of known mechanisms, carry at rest."""
    # Not above: the library reads its files with what experiments are read with, and those know
    # the fibres.
    from ranvier.mechanisms import describe
    from ranvier.mechanisms.curves import gate_curves, written_as_equations

    known = {"temperature_degC": temperature_degC}
    for ion in ions:
        known |= _potential(ion, temperature_degC)
    total: dict[str, float] = {}
    for placement in placements:
        mechanism = written_as_equations(placement.mechanism)
        if mechanism is None:
            assert isinstance(placement.mechanism, str)
            info = describe(placement.mechanism)
            opened = gate_curves(placement.mechanism, v_mV, temperature_degC).steady_state
            share = math.prod(float(opened[g["name"]]) ** g["power"] for g in info["gates"])
            g_S_cm2 = {**info["parameters"], **placement.parameters}["g_bar_S_cm2"]
            i_mA_cm2 = g_S_cm2 * share * (v_mV - known[f"e_{info['ion']}_mV"])
            total[info["ion"]] = total.get(info["ion"], 0.0) + i_mA_cm2
            continue
        values: dict[str, Any] = {name: known[name] for name in mechanism.inputs if name in known}
        values |= placement.parameters
        for ion_name, current in mechanism.currents_mA_cm2(v_mV, None, **values).items():
            total[ion_name] = total.get(ion_name, 0.0) + float(current)
    return total


def balanced(
    placements: Sequence[Placement],
    ions: Sequence[Ion],
    *,
    v_mV: float,
    temperature_degC: float,
) -> list[Placement]:
    """`placements` and what keeps every ion that they carry in balance at `v_mV`.

    A leak, or a constant current where the conductance of a leak would be negative.
    """
    currents = ion_currents_mA_cm2(placements, ions, v_mV=v_mV, temperature_degC=temperature_degC)
    potentials: dict[str, float] = {}
    for ion in ions:
        potentials |= _potential(ion, temperature_degC)
    made_up = []
    for name, i_mA_cm2 in currents.items():
        g_S_cm2 = -i_mA_cm2 / (v_mV - potentials[f"e_{name}_mV"])
        if g_S_cm2 >= 0:
            made_up.append(Placement(f"{name}_leak", g_bar_S_cm2=g_S_cm2))
        else:
            made_up.append(Placement(f"{name}_constant", i_mA_cm2=-i_mA_cm2))
    return [*placements, *made_up]


def _potential(ion: Ion, temperature_degC: float) -> dict[str, float]:
    """What formulas read of an ion, by its name there."""
    name = f"e_{ion.name}_mV"
    if ion.e_mV is not None:
        return {name: ion.e_mV}
    assert ion.inside_mM is not None
    assert ion.outside_mM is not None
    assert ion.valence is not None
    thermal_mV = float(thermal_voltage_mV(temperature_degC=temperature_degC))
    return {
        name: thermal_mV / ion.valence * math.log(ion.outside_mM / ion.inside_mM),
        f"{ion.name}_in_mM": ion.inside_mM,
        f"{ion.name}_out_mM": ion.outside_mM,
    }
