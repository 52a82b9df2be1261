"""Pure functions of results: arrays in, numbers with a status out."""

from __future__ import annotations

from ranvier.analysis.crossings import upward_crossings
from ranvier.analysis.local_velocity import LocalVelocity, local_velocity
from ranvier.analysis.membrane_currents import (
    MembraneCurrents,
    layer_probes,
    membrane_currents,
)
from ranvier.analysis.shape import SpikeShape, spike_shape
from ranvier.analysis.velocity import Velocity, VelocityStatus, conduction_velocity

__all__ = [
    "LocalVelocity",
    "MembraneCurrents",
    "SpikeShape",
    "Velocity",
    "VelocityStatus",
    "conduction_velocity",
    "layer_probes",
    "local_velocity",
    "membrane_currents",
    "spike_shape",
    "upward_crossings",
]
