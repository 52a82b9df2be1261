"""Figures of results, of fibres and of gates. Each function returns a matplotlib Figure.

Figures are made without pyplot, so nothing global changes and no display is needed: use
`figure.savefig(path)`, or leave a figure on the last line of a notebook cell after
`%matplotlib inline`. Matplotlib is imported when a figure is asked for, not before.
"""

from __future__ import annotations

from ranvier.plot._fiber import fiber
from ranvier.plot._gates import gates
from ranvier.plot._ledger import ledger
from ranvier.plot._living import living
from ranvier.plot._overview import overview
from ranvier.plot._response import response
from ranvier.plot._space_time import space_time
from ranvier.plot._study import study
from ranvier.plot._traces import traces

__all__ = [
    "fiber",
    "gates",
    "ledger",
    "living",
    "overview",
    "response",
    "space_time",
    "study",
    "traces",
]
