"""Pure functions of results: arrays in, numbers with a status out."""

from __future__ import annotations

from ranvier.analysis.crossings import upward_crossings
from ranvier.analysis.local_velocity import LocalVelocity, local_velocity
from ranvier.analysis.shape import SpikeShape, spike_shape
from ranvier.analysis.velocity import Velocity, VelocityStatus, conduction_velocity

__all__ = [
    "LocalVelocity",
    "SpikeShape",
    "Velocity",
    "VelocityStatus",
    "conduction_velocity",
    "local_velocity",
    "spike_shape",
    "upward_crossings",
]
