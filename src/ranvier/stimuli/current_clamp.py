"""Current injected through an electrode inside the axon."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from ranvier.places import Place, compartments_at, on_any_mesh
from ranvier.stimuli._stimulus import Injection, Stimulus
from ranvier.stimuli._waveform import Waveform

if TYPE_CHECKING:
    from ranvier.discretisation import Discretisation


@dataclass(frozen=True, slots=True, kw_only=True)
class CurrentClamp(Stimulus):
    """`amplitude_nA` times `waveform` into the axoplasm of every compartment of the place `at`.

    Depolarising where positive. Raises ValueError for an amplitude that is not finite.
    """

    waveform: Waveform
    at: Place
    amplitude_nA: float

    def __post_init__(self) -> None:
        if not math.isfinite(self.amplitude_nA):
            raise ValueError(
                f"current clamp: amplitude_nA is {self.amplitude_nA}, expected a finite number"
            )

    def injections(self, discretisation: Discretisation) -> list[Injection]:
        """What it puts into the axoplasm. Raises ModelError if the place does not exist."""
        compartments = compartments_at(discretisation, self.at)
        weight_nA = np.full(compartments.size, float(self.amplitude_nA))
        return [Injection(self.waveform.lower(), compartments, weight_nA)]

    def scaled(self, factor: float) -> CurrentClamp:
        return replace(self, amplitude_nA=factor * self.amplitude_nA)

    def on_any_mesh(self, discretisation: Discretisation) -> CurrentClamp:
        return replace(self, at=on_any_mesh(discretisation, self.at))

    @property
    def amplitude(self) -> float:
        return self.amplitude_nA

    @property
    def unit(self) -> str:
        return "nA"

    @property
    def end_ms(self) -> float:
        return self.waveform.end_ms
