"""A flat round contact at one potential, alone or in an insulating plane.

Wiley & Webster 1982, doi:10.1109/TBME.1982.324910: in a half space V = (2 V0 / pi) asin(2 a /
(sqrt((r - a)^2 + z^2) + sqrt((r + a)^2 + z^2))) with V0 = I / (4 sigma a).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ranvier.errors import ModelError
from ranvier.fields._field import (
    MV_PER_MA,
    Field,
    as_points,
    expect_positive,
    expect_vector,
    unit_vector,
)

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscElectrode(Field):
    """Of `radius_um` around `centre_um`, facing along `normal`.

    With `is_backed`, the disc sits in an insulating plane and all current goes forward, as from a
    contact on a cuff or a paddle; else it goes both ways. Raises ModelError for what is no disc, no
    conductivity, and points behind the plane.
    """

    centre_um: Sequence[float]
    normal: Sequence[float]
    radius_um: float
    conductivity_S_m: float = 0.3
    is_backed: bool = True

    def __post_init__(self) -> None:
        expect_vector("disc electrode", centre_um=self.centre_um)
        expect_vector("disc electrode", is_direction=True, normal=self.normal)
        expect_positive(
            "disc electrode", radius_um=self.radius_um, conductivity_S_m=self.conductivity_S_m
        )

    def _off_and_ahead(
        self, xyz_um: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """How far a point is from the axis of the disc, and from its plane."""
        from_centre_um = xyz_um - np.asarray(self.centre_um)
        normal = unit_vector(self.normal)
        ahead_um = from_centre_um @ normal
        off_um: NDArray[np.float64] = np.linalg.norm(
            from_centre_um - ahead_um[:, None] * normal, axis=1
        )
        return off_um, ahead_um

    def potential_mV_per_mA(self, xyz_um: ArrayLike) -> NDArray[np.float64]:
        off_um, ahead_um = self._off_and_ahead(as_points(xyz_um))
        if self.is_backed and (ahead_um < -1e-9 * self.radius_um).any():
            raise ModelError(
                "disc electrode: a point is behind the insulating plane, expected all in front "
                "(along normal), or is_backed=False"
            )
        a = self.radius_um
        share = 2 * a / (np.hypot(off_um - a, ahead_um) + np.hypot(off_um + a, ahead_um))
        faces = 1 if self.is_backed else 2
        potential: NDArray[np.float64] = (
            MV_PER_MA
            * np.arcsin(np.minimum(share, 1.0))
            / (2 * np.pi * faces * self.conductivity_S_m * a)
        )
        return potential

    def clearance_um(self, xyz_um: NDArray[np.float64]) -> NDArray[np.float64]:
        off_um, ahead_um = self._off_and_ahead(xyz_um)
        distance_um: NDArray[np.float64] = np.hypot(
            np.maximum(off_um - self.radius_um, 0.0), ahead_um
        )
        return distance_um
