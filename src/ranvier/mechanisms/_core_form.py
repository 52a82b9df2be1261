"""Hands a mechanism written as equations to the core: the only place that knows both."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ranvier import _core
from ranvier.mechanisms._program import Program

if TYPE_CHECKING:
    from ranvier.mechanisms.mechanism import Mechanism


def to_core(mechanism: Mechanism) -> _core.CustomMechanism:
    """The mechanism as the core runs it."""
    form, programs = mechanism.form, mechanism.programs
    return _core.CustomMechanism(
        name=form.name,
        summary=form.summary,
        citation=form.citation,
        kind=form.kind,
        reference_temperature_degC=mechanism.reference_temperature_degC,
        parameters=mechanism.parameters,
        states=list(programs.states),
        inputs=list(programs.inputs),
        derived=programs.derived,
        currents=list(programs.currents),
        jacobian=list(programs.jacobian),
        conserved=[list(amount) for amount in programs.conserved],
        is_settled=programs.is_settled,
        is_given=list(programs.given),
        source=mechanism.source,
        programs={
            name: _program(getattr(programs, name))
            for name in ("setup", "settle", "relax", "conduct", "change", "linearise", "split")
        },
    )


def _program(program: Program) -> _core.Program:
    return _core.Program(
        code=program.code,
        constants=program.constants.tolist(),
        registers=program.registers,
        outputs=program.outputs.tolist(),
    )
