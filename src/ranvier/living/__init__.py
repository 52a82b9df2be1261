"""Living membranes: patches whose gradients channels spend and pumps build, from ms to days.

    import ranvier as rv
    from ranvier.living import Part, Patch

    axon = Patch(
        diameter_um=476,
        parts=[Part("na_hh"), Part("k_hh"), Part("na_leak"), Part("k_leak"), Part("nak_kager")],
        ions=[
            rv.Ion("na", inside_mM=60.2, outside_mM=440),
            rv.Ion("k", inside_mM=400, outside_mM=18.7),
        ],
        temperature_degC=18.5,
    )
    unknowns = ["na_leak", "k_leak", "nak_kager"]
    found = rv.living.balance(axon, v_mV=-65, unknowns=unknowns)
    poison = rv.living.Step("nak_kager.ouabain_fraction", 1.0, at_s=60)
    result = rv.living.simulate(found.patch, t_stop_s=36000, steps=[poison])
    print(result, result.ledger(), sep="\\n")

A patch is one well-mixed compartment; fibres with living ions are for `rv.simulate`.
"""

from __future__ import annotations

from ranvier.living.balance import Balance, balance
from ranvier.living.part import Part
from ranvier.living.patch import Patch, Shell, Step, pulses
from ranvier.living.rests import (
    PatchRest,
    SteadyState,
    equal_sides,
    rests,
    steady_state,
    without_gates,
)
from ranvier.living.result import ChargeBalance, IonBalance, Ledger, LivingResult
from ranvier.living.simulate import simulate
from ranvier.living.status import Status

__all__ = [
    "Balance",
    "ChargeBalance",
    "IonBalance",
    "Ledger",
    "LivingResult",
    "Part",
    "Patch",
    "PatchRest",
    "Shell",
    "Status",
    "SteadyState",
    "Step",
    "balance",
    "equal_sides",
    "pulses",
    "rests",
    "simulate",
    "steady_state",
    "without_gates",
]
