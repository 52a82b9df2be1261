"""The field between distant plates, or what a coil induces along a short stretch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ranvier.fields._field import Field, as_points, expect_positive, expect_vector, unit_vector

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

#: 1 V/m is so many mV/um.
_MV_PER_UM = 1e-3


@dataclass(frozen=True, slots=True, kw_only=True)
class UniformField(Field):
    """`strength_V_m_per_mA` along `direction`; the potential is 0 at the origin and falls along it.

    With the default strength, a stimulus of "1 mA" is a field of 1 V/m. Raises ModelError for what
    is no direction and no strength.
    """

    direction: Sequence[float] = (1.0, 0.0, 0.0)
    strength_V_m_per_mA: float = 1.0

    def __post_init__(self) -> None:
        expect_vector("uniform field", is_direction=True, direction=self.direction)
        expect_positive("uniform field", strength_V_m_per_mA=self.strength_V_m_per_mA)

    def potential_mV_per_mA(self, xyz_um: ArrayLike) -> NDArray[np.float64]:
        potential: NDArray[np.float64] = (
            -_MV_PER_UM
            * self.strength_V_m_per_mA
            * (as_points(xyz_um) @ unit_vector(self.direction))
        )
        return potential
