"""Stimuli: dimensionless waveforms, one file each, and what applies them.

A new waveform is one new file here that defines one subclass of Waveform; `waveforms()` finds it.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil

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
    "Waveform",
    "waveforms",
]


def waveforms() -> dict[str, type[Waveform]]:
    """Every waveform by the name of its file, as experiment files call it."""
    found: dict[str, type[Waveform]] = {}
    for module_info in pkgutil.iter_modules(__path__):
        module = importlib.import_module(f"{__name__}.{module_info.name}")
        for _, item in inspect.getmembers(module, inspect.isclass):
            is_own = item.__module__ == module.__name__
            if is_own and issubclass(item, Waveform) and item is not Waveform:
                found[module_info.name] = item
    return dict(sorted(found.items()))
