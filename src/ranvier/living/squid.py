"""The squid's giant axon as a living patch: Hodgkin and Huxley's channels, paid for by a pump."""

from __future__ import annotations

from ranvier.living.balance import balance
from ranvier.living.part import Part
from ranvier.living.patch import Patch
from ranvier.model import Ion

#: Of Hodgkin & Huxley 1952, doi:10.1113/jphysiol.1952.sp004764; all leaks together.
LEAK_S_cm2 = 3e-4
REST_mV, TEMPERATURE_degC = -65.0, 18.5


def squid_axon(*, diameter_um: float = 476.0) -> Patch:
    """A patch that rests at exactly -65 mV, with every ion in balance, at 18.5 degC.

    Concentrations give the reversal potentials of Hodgkin & Huxley, +50 and -77 mV. Their leak,
    which has no ion of its own, is made up of one to sodium and one to potassium, shared out so
    that the pump of Kager et al. can undo both. Only the diameter differs between a thick axon and
    a thin one. Needs SciPy. Raises ModelError for a diameter that is not above 0.
    """
    parts = ["na_hh", "k_hh", "na_leak", "k_leak", "nak_kager"]
    patch = Patch(
        diameter_um=diameter_um,
        parts=[Part(name) for name in parts],
        ions=[
            Ion("na", inside_mM=60.18, outside_mM=440.0),
            Ion("k", inside_mM=400.0, outside_mM=18.68),
        ],
        temperature_degC=TEMPERATURE_degC,
    )
    leaks = ("na_leak", "k_leak")
    found = balance(patch, v_mV=REST_mV, unknowns=[*leaks, "nak_kager"], sums={leaks: LEAK_S_cm2})
    return found.patch
