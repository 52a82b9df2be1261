"""Current injected through an electrode inside the axon."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ranvier.drive import Drive
from ranvier.places import Place, compartments_at
from ranvier.stimuli._waveform import Waveform

if TYPE_CHECKING:
    from ranvier.discretisation import Discretisation


@dataclass(frozen=True, slots=True, kw_only=True)
class CurrentClamp:
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

    def lower(self, discretisation: Discretisation) -> Drive:
        """The form the core takes. Raises ModelError if the place does not exist."""
        pieces = self.waveform.lower()
        compartments = compartments_at(discretisation, self.at)
        return Drive(
            t_ms=pieces.t_ms,
            value=pieces.value,
            compartment=compartments,
            weight_nA=[self.amplitude_nA] * len(compartments),
        )
