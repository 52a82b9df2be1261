"""What every field is: a potential in space per current, and where its metal is."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

import numpy as np

from ranvier.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from ranvier.fields.paths import Positions

#: Ohm / (S/m x um) is 1e6 of mV/mA: a point source of 1 mA in 1 S/m makes 1e6 / (4 pi) mV at 1 um.
MV_PER_MA = 1e6


class Field(ABC):
    """The potential that electrodes impose, in mV per mA, far from what the axon itself does."""

    __slots__ = ()

    @abstractmethod
    def potential_mV_per_mA(self, xyz_um: ArrayLike) -> NDArray[np.float64]:
        """At points (n, 3), as (n,); infinite at a point of no extent."""

    def clearance_um(self, xyz_um: NDArray[np.float64]) -> NDArray[np.float64]:
        """From points (n, 3) to the nearest metal, (n,); infinite where there is none."""
        return np.full(len(xyz_um), math.inf)

    def along(self, positions: Positions) -> NDArray[np.float64]:
        """mV per mA at the centre of every compartment, (n,). Raises ModelError where an electrode
        is inside the fibre."""
        positions.check_clearance(self)
        return self.potential_mV_per_mA(positions.xyz_um)


def as_points(xyz_um: ArrayLike) -> NDArray[np.float64]:
    """(n, 3). Raises ValueError for another shape."""
    points_um = np.asarray(xyz_um, dtype=np.float64)
    if points_um.ndim != 2 or points_um.shape[1] != 3:
        raise ValueError(f"xyz_um: has shape {points_um.shape}, expected (n, 3)")
    return points_um


def expect_vector(name: str, *, is_direction: bool = False, **vectors: Sequence[float]) -> None:
    """Raises ModelError naming the first that is not three finite numbers; a direction is no 0."""
    for key, vector in vectors.items():
        values = np.asarray(vector, dtype=np.float64)
        if values.shape != (3,) or not np.isfinite(values).all():
            raise ModelError(f"{name}: {key} is {vector}, expected three finite numbers")
        if is_direction and not values.any():
            raise ModelError(f"{name}: {key} is {vector}, expected a direction that is not zero")


def expect_positive(name: str, **values: float) -> None:
    """Raises ModelError naming the first value that is not finite and above 0."""
    for key, value in values.items():
        if not (math.isfinite(value) and value > 0):
            raise ModelError(f"{name}: {key} is {value:g}, expected above 0")


def unit_vector(direction: Sequence[float]) -> NDArray[np.float64]:
    vector = np.asarray(direction, dtype=np.float64)
    unit: NDArray[np.float64] = vector / np.linalg.norm(vector)
    return unit


__all__ = ["MV_PER_MA", "Field", "as_points", "expect_positive", "expect_vector", "unit_vector"]
