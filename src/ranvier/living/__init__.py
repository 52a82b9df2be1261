"""Living membranes: patches whose gradients channels spend and pumps build, from ms to days.

    import ranvier as rv

    axon = rv.living.squid_axon(diameter_um=476)
    poison = rv.living.Step("nak_kager.ouabain_fraction", 1.0, at_s=60)
    result = rv.living.simulate(axon, t_stop_s=36000, steps=[poison])
    print(result, result.ledger(), sep="\n")

Of your own parts and ions: `Patch`, and `balance` for the densities that let it rest.
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
from ranvier.living.squid import squid_axon
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
    "squid_axon",
    "steady_state",
    "without_gates",
]
