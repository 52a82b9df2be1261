"""What the core has room for: the numbers of its header, mechanisms/expression/program.hpp."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ranvier.mechanisms._program import Programs

MOST_STATES = 24
MOST_PARAMETERS = 64
#: With the columns derived from them.
MOST_INPUTS = 96
#: Of one program.
MOST_REGISTERS = 48
MOST_OPERANDS = 768
PROGRAMS = ("setup", "settle", "relax", "conduct", "change", "linearise", "split", "receive")


def report_counts(states: int, parameters: int, inputs: int, report: Callable[[str], None]) -> None:
    """Of what is known as soon as the formulas are read."""
    counts = (
        ("states", states, MOST_STATES),
        ("parameters", parameters, MOST_PARAMETERS),
        ("inputs", inputs, MOST_INPUTS),
    )
    for what, count, most in counts:
        if count > most:
            report(f"has {count} {what}, expected {most} at most")


def problem_of(programs: Programs) -> str | None:
    """What of compiled programs is too large, as a sentence; None if nothing is."""
    others = programs.derived + len(programs.arguments)
    if len(programs.inputs) + others > MOST_INPUTS:
        return (
            f"has {len(programs.inputs)} inputs and {others} values that follow from "
            f"them, expected {MOST_INPUTS} together at most"
        )
    for name in PROGRAMS:
        program = getattr(programs, name)
        if program is None:  # no events
            continue
        if program.registers > MOST_REGISTERS:
            return (
                f"keeps {program.registers} values at once in its program {name!r}, "
                f"expected {MOST_REGISTERS} at most"
            )
        operands = program.leading + len(program.constants) + program.registers
        if operands > MOST_OPERANDS:
            return (
                f"has {operands} operands in its program {name!r}, expected {MOST_OPERANDS} at most"
            )
    return None
