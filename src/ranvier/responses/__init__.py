"""What electrodes see of an active fibre."""

from __future__ import annotations

from ranvier.responses.response import Response
from ranvier.responses.single_fibre import Electrodes, named, single_fibre_action_potential
from ranvier.responses.transfer import SOURCES, transfer_mV_per_mA

__all__ = [
    "SOURCES",
    "Electrodes",
    "Response",
    "named",
    "single_fibre_action_potential",
    "transfer_mV_per_mA",
]
