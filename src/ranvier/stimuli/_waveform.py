"""What every waveform is: a description that lowers to straight pieces."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class PiecewiseLinear:
    """A time course as straight pieces; zero before the first point and after the last.

    `t_ms` ascends; a jump is two points at one time, the level before it and the level after.
    """

    t_ms: NDArray[np.float64]
    value: NDArray[np.float64]


class Waveform(ABC):
    """A dimensionless time course: amplitude and unit belong to where it is applied."""

    __slots__ = ()

    @abstractmethod
    def lower(self) -> PiecewiseLinear:
        """The same as straight pieces."""

    @property
    def end_ms(self) -> float:
        """When it has become zero for good."""
        return float(self.lower().t_ms[-1])
