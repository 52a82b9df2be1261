"""Current through electrodes outside the axon."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from ranvier.fields import Field, Path, StraightPath
from ranvier.stimuli._imposed_potential import (
    ImposedPotential,
    equivalent_currents,
    jumps_of,
    shifts_mV,
    slopes_of,
)
from ranvier.stimuli._stimulus import Injection, Stimulus
from ranvier.stimuli._waveform import Waveform

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ranvier.discretisation import Discretisation

#: Of a fibre of which nothing else is said.
_ALONG_X = StraightPath()


@dataclass(frozen=True, slots=True, kw_only=True)
class Extracellular(Stimulus):
    """`amplitude_mA` times `waveform` through the electrodes of `field`, near a fibre along `path`.

    A cathodic current is negative. If not said otherwise the fibre is straight along x with its
    middle at the origin. Electrodes with waveforms of their own are stimuli of their own, which add
    up. In a run, "v_mV" is the membrane potential as ever (`docs/numerics.md`: to some uV under
    a sheath), but "v_axoplasm_mV" and "v_periaxonal_mV" are without what the electrodes impose.
    Raises ValueError for an amplitude that is not finite.
    """

    field: Field
    waveform: Waveform
    amplitude_mA: float
    path: Path = _ALONG_X

    def __post_init__(self) -> None:
        if not math.isfinite(self.amplitude_mA):
            raise ValueError(
                f"extracellular: amplitude_mA is {self.amplitude_mA}, expected a finite number"
            )

    def outside_mV(self, discretisation: Discretisation) -> NDArray[np.float64]:
        """What it imposes at the centre of every compartment where the waveform is 1, (n,)."""
        per_mA = self.field.along(self.path.positions(discretisation))
        return self.amplitude_mA * per_mA

    def injections(self, discretisation: Discretisation) -> list[Injection]:
        """What stands for it inside the axoplasm. Raises ModelError where an electrode is inside
        the fibre, the fibre does not fit its path, or the field is not known all along it."""
        currents = equivalent_currents(discretisation, self.outside_mV(discretisation))
        pieces = self.waveform.lower()
        parts = [
            (pieces, currents.level_nA),
            (jumps_of(pieces), currents.slope_nA),
            (slopes_of(pieces), currents.slope_nA),
        ]
        return [
            Injection(part, np.flatnonzero(nA).astype(np.int32), nA[nA != 0])
            for part, nA in parts
            if part is not None and nA.any()
        ]

    def imposed(self, discretisation: Discretisation) -> ImposedPotential:
        """The shift of the potentials. Raises ModelError as `injections` does."""
        axoplasm_mV, periaxonal_mV = shifts_mV(discretisation, self.outside_mV(discretisation))
        return ImposedPotential(self.waveform.lower(), axoplasm_mV, periaxonal_mV)

    def scaled(self, factor: float) -> Extracellular:
        return replace(self, amplitude_mA=factor * self.amplitude_mA)

    def on_any_mesh(self, discretisation: Discretisation) -> Extracellular:
        """Itself: it is placed in space."""
        return self

    @property
    def amplitude(self) -> float:
        return self.amplitude_mA

    @property
    def unit(self) -> str:
        return "mA"

    @property
    def end_ms(self) -> float:
        return self.waveform.end_ms
