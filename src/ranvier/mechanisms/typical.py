"""What stands for an input that a caller does not give: a mammalian cell at 37 degC.

Concentrations are the round numbers of Hille 2001, Ion Channels of Excitable Membranes, table 1.3,
ISBN 978-0-87893-321-1; reversal potentials follow from them.
"""

from __future__ import annotations

import math

from ranvier.membrane.constants import thermal_voltage_mV

TEMPERATURE_degC = 37.0
DIAMETER_um = 1.0
#: Valence, inside and outside in mM.
IONS = {
    "na": (1, 12.0, 145.0),
    "k": (1, 155.0, 4.0),
    "ca": (2, 1e-4, 1.5),
    "cl": (-1, 4.2, 123.0),
    "mg": (2, 0.5, 1.0),
    "h": (1, 6.3e-5, 4e-5),
    "hco3": (-1, 12.0, 24.0),
}
UNKNOWN_ION = (1, 10.0, 10.0)


def value_of_input(name: str) -> float:
    """Of an input of the membrane by its name, "e_na_mV" or "ca_in_mM"."""
    if name == "temperature_degC":
        return TEMPERATURE_degC
    if name == "diameter_um":
        return DIAMETER_um
    if name.startswith("e_"):
        valence, inside, outside = IONS.get(name[2:-3], UNKNOWN_ION)
        thermal_mV = float(thermal_voltage_mV(temperature_degC=TEMPERATURE_degC))
        return thermal_mV / valence * math.log(outside / inside)
    ion, side, _ = name.rsplit("_", 2)
    _, inside, outside = IONS.get(ion, UNKNOWN_ION)
    return inside if side == "in" else outside
