"""What every stimulus is: an amplitude and waveforms, and how they reach the core."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from ranvier.drive import Drive

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ranvier.discretisation import Discretisation
    from ranvier.stimuli._imposed_potential import ImposedPotential
    from ranvier.stimuli._points import PointProcess
    from ranvier.stimuli._waveform import PiecewiseLinear


@dataclass(frozen=True, slots=True, eq=False)
class Injection:
    """A time course and the weights it has in some compartments, which go up with the amplitude."""

    pieces: PiecewiseLinear
    compartment: NDArray[np.int32]
    weight_nA: NDArray[np.float64]

    def drive(self, factor: float = 1.0) -> Drive:
        """`factor` times it, in the form the core takes."""
        return Drive(
            t_ms=self.pieces.t_ms,
            value=self.pieces.value,
            compartment=self.compartment,
            weight_nA=factor * self.weight_nA,
        )


class Stimulus(ABC):
    """Something that acts on a fibre, in proportion to its amplitude."""

    __slots__ = ()

    @abstractmethod
    def injections(self, discretisation: Discretisation) -> list[Injection]:
        """What it puts into the axoplasm. Raises ModelError if it does not fit the
        discretisation."""

    def points(self, discretisation: Discretisation) -> list[PointProcess]:
        """What it places at points, with the events for it: nothing, unless it says otherwise."""
        return []

    def lower(self, discretisation: Discretisation) -> list[Drive]:
        """The form the core takes. Raises ModelError if it does not fit the discretisation."""
        return [each.drive() for each in self.injections(discretisation)]

    def imposed(self, discretisation: Discretisation) -> ImposedPotential | None:
        """What it imposes on the outside, if that is what its injections stand for. Where this is
        None they are currents that a pipette brings."""
        return None

    @abstractmethod
    def scaled(self, factor: float) -> Self:
        """The same with `factor` times the amplitude."""

    @abstractmethod
    def on_any_mesh(self, discretisation: Discretisation) -> Self:
        """The same on every mesh, with places where this discretisation has its compartments."""

    @property
    @abstractmethod
    def amplitude(self) -> float:
        """In `unit`."""

    @property
    @abstractmethod
    def unit(self) -> str:
        """Of the amplitude: "nA" or "mA"."""

    @property
    @abstractmethod
    def end_ms(self) -> float:
        """When it is over for good."""
