"""A wire that gives off current evenly along its length: the integral of point sources."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ranvier.errors import ModelError
from ranvier.fields._field import MV_PER_MA, Field, as_points, expect_positive, expect_vector

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True, slots=True, kw_only=True)
class LineElectrode(Field):
    """From `start_um` to `end_um` in a medium of one conductivity.

    Raises ModelError for what is no line and no conductivity.
    """

    start_um: Sequence[float]
    end_um: Sequence[float]
    conductivity_S_m: float = 0.3

    def __post_init__(self) -> None:
        expect_vector("line electrode", start_um=self.start_um, end_um=self.end_um)
        expect_positive("line electrode", conductivity_S_m=self.conductivity_S_m)
        if self._length_um == 0:
            raise ModelError("line electrode: start_um is end_um, expected two points")

    @property
    def _length_um(self) -> float:
        return float(np.linalg.norm(np.asarray(self.end_um) - np.asarray(self.start_um)))

    def _along_and_off(
        self, xyz_um: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Where a point is along the line, from its start, and how far from the line's axis."""
        from_start_um = xyz_um - np.asarray(self.start_um)
        axis = (np.asarray(self.end_um) - np.asarray(self.start_um)) / self._length_um
        along_um = from_start_um @ axis
        off_um: NDArray[np.float64] = np.linalg.norm(
            from_start_um - along_um[:, None] * axis, axis=1
        )
        return along_um, off_um

    def potential_mV_per_mA(self, xyz_um: ArrayLike) -> NDArray[np.float64]:
        points_um = as_points(xyz_um)
        length_um = self._length_um
        to_start_um = np.linalg.norm(points_um - np.asarray(self.start_um), axis=1)
        to_end_um = np.linalg.norm(points_um - np.asarray(self.end_um), axis=1)
        # The integral of 1/r, in the form that keeps its digits far away.
        with np.errstate(divide="ignore"):
            integral = 2 * np.arctanh(np.minimum(length_um / (to_start_um + to_end_um), 1.0))
        potential: NDArray[np.float64] = (
            MV_PER_MA * integral / (4 * np.pi * self.conductivity_S_m * length_um)
        )
        return potential

    def clearance_um(self, xyz_um: NDArray[np.float64]) -> NDArray[np.float64]:
        along_um, off_um = self._along_and_off(xyz_um)
        beyond_um = np.maximum(np.maximum(-along_um, along_um - self._length_um), 0.0)
        distance_um: NDArray[np.float64] = np.hypot(off_um, beyond_um)
        return distance_um
