"""A small electrode in a large medium: V = I / (4 pi sigma r).

Of an anisotropic medium, whose axes are x, y and z: V = I / (4 pi sqrt(sy sz x^2 + sx sz y^2 +
sx sy z^2)), Plonsey & Barr, Bioelectricity, 2007.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ranvier.fields._field import MV_PER_MA, Field, as_points, expect_positive, expect_vector

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True, slots=True, kw_only=True)
class PointSource(Field):
    """At `position_um`, in a medium of one conductivity, or of three along x, y and z.

    Raises ModelError for what is no point and no conductivity.
    """

    position_um: Sequence[float]
    conductivity_S_m: float | Sequence[float] = 0.3

    def __post_init__(self) -> None:
        expect_vector("point source", position_um=self.position_um)
        if isinstance(self.conductivity_S_m, Sequence | np.ndarray):
            expect_vector("point source", conductivity_S_m=self.conductivity_S_m)
        for value in self._conductivities:
            expect_positive("point source", conductivity_S_m=value)

    @property
    def _conductivities(self) -> tuple[float, float, float]:
        sx, sy, sz = np.broadcast_to(np.asarray(self.conductivity_S_m, dtype=np.float64), 3)
        return float(sx), float(sy), float(sz)

    def potential_mV_per_mA(self, xyz_um: ArrayLike) -> NDArray[np.float64]:
        x, y, z = (as_points(xyz_um) - np.asarray(self.position_um)).T
        sx, sy, sz = self._conductivities
        spread = np.sqrt(sy * sz * x**2 + sx * sz * y**2 + sx * sy * z**2)
        with np.errstate(divide="ignore"):
            potential: NDArray[np.float64] = MV_PER_MA / (4 * np.pi * spread)
        return potential

    def clearance_um(self, xyz_um: NDArray[np.float64]) -> NDArray[np.float64]:
        distance_um: NDArray[np.float64] = np.linalg.norm(
            xyz_um - np.asarray(self.position_um), axis=1
        )
        return distance_um
