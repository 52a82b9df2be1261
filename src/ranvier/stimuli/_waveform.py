"""What every waveform is: a description that lowers to straight pieces."""

from __future__ import annotations

import math
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


def expect_from_zero(name: str, **values: float) -> None:
    """Raises ValueError naming the first value that is not finite or is below 0."""
    for key, value in values.items():
        if not (math.isfinite(value) and value >= 0):
            expected = "0 or later" if key == "onset_ms" else "0 or more"
            raise ValueError(f"{name}: {key} is {value}, expected {expected}")


def expect_above_zero(name: str, **values: float) -> None:
    """Raises ValueError naming the first value that is not finite and above 0."""
    for key, value in values.items():
        if not (math.isfinite(value) and value > 0):
            raise ValueError(f"{name}: {key} is {value}, expected above 0")


def expect_finite(name: str, **values: float) -> None:
    """Raises ValueError naming the first value that is not finite."""
    for key, value in values.items():
        if not math.isfinite(value):
            raise ValueError(f"{name}: {key} is {value}, expected a finite number")


def expect_count(name: str, **values: int) -> None:
    """Raises ValueError naming the first value that is no whole number from 1 up."""
    for key, value in values.items():
        if not math.isfinite(value) or value != int(value) or value < 1:
            raise ValueError(f"{name}: {key} is {value}, expected a whole number, 1 or more")
