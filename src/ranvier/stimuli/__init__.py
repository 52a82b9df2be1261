"""Stimuli: dimensionless waveforms, one file each, what applies them, and synapses.

A new waveform is one new file here that defines one subclass of Waveform; `waveforms()` finds it.
"""

from __future__ import annotations

from ranvier._registry import classes_by_file
from ranvier.stimuli._stimulus import Stimulus
from ranvier.stimuli._waveform import PiecewiseLinear, Waveform
from ranvier.stimuli.biphasic import Biphasic
from ranvier.stimuli.burst import Burst
from ranvier.stimuli.current_clamp import CurrentClamp
from ranvier.stimuli.extracellular import Extracellular
from ranvier.stimuli.noise import Noise
from ranvier.stimuli.pulse import Pulse
from ranvier.stimuli.pulse_train import PulseTrain
from ranvier.stimuli.ramp import Ramp
from ranvier.stimuli.samples import Samples
from ranvier.stimuli.sine import Sine
from ranvier.stimuli.square import Square
from ranvier.stimuli.synapse import Synapse
from ranvier.stimuli.voltage_clamp import VoltageClamp

__all__ = [
    "Biphasic",
    "Burst",
    "CurrentClamp",
    "Extracellular",
    "Noise",
    "PiecewiseLinear",
    "Pulse",
    "PulseTrain",
    "Ramp",
    "Samples",
    "Sine",
    "Square",
    "Stimulus",
    "Synapse",
    "VoltageClamp",
    "Waveform",
    "waveforms",
]


def waveforms() -> dict[str, type[Waveform]]:
    """Every waveform by the name of its file, as experiment files call it."""
    # The base may be abstract: nothing is made of it.
    return classes_by_file(__name__, __path__, Waveform)  # type: ignore[type-abstract]
