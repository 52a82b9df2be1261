"""NMODL files that the tests of their reading share; what stands in braces is put in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ranvier.errors import FormatError

Reader = Callable[[str], dict[str, Any]]

#: One gate, whose rates a procedure makes; what stands for $ is put in.
GATE = """
NEURON {{ SUFFIX Own USEION na READ ena WRITE ina RANGE g {neuron} }}
PARAMETER {{ g = 0.02 (S/cm2) half = -40 (mV) {parameters} }}
ASSIGNED {{ v (mV) ena (mV) ina (mA/cm2) celsius (degC) minf mtau (ms) {assigned} }}
STATE {{ m {states} }}
INITIAL {{ rates(v) m = minf {initial} }}
BREAKPOINT {{ SOLVE change METHOD cnexp {before} ina = g * m^3 * (v - ena) {after} }}
DERIVATIVE change {{ rates(v) m' = (minf - m) / mtau {derivative} }}
PROCEDURE rates(u (mV)) {{
  LOCAL q
  TABLE minf, mtau DEPEND celsius FROM -100 TO 100 WITH 200
  q = 3^((celsius - 20) / 10)
  {rates}
}}
{blocks}
"""
RATES = "minf = 1 / (1 + exp(-(u - half) / 7)) mtau = 2 / q"


def gate(**parts: str) -> str:
    names = "neuron parameters assigned states initial before after derivative rates blocks"
    return GATE.format(**{**dict.fromkeys(names.split(), ""), "rates": RATES, **parts})


#: Reactions between two states.
KINETIC = """
NEURON {{ SUFFIX chain NONSPECIFIC_CURRENT i }}
PARAMETER {{ up = 2 down = 3 }}
ASSIGNED {{ v i }}
STATE {{ c o p }}
INITIAL {{ {initial} }}
BREAKPOINT {{ SOLVE moves METHOD sparse i = 1e-3 * o * v }}
KINETIC moves {{ {reactions} }}
"""


def problems(form: Reader, text: str) -> list[tuple[int, str]]:
    """Line and reason of everything that is refused."""
    with pytest.raises(FormatError) as caught:
        form(text)
    found = []
    for line in str(caught.value).splitlines():
        where, _, reason = line.partition(".mod:")
        assert where.endswith("own")
        number, _, reason = reason.partition(": ")
        found.append((int(number), reason))
    return found
