"""Several electrodes that share one current: bipoles, tripoles, arrays."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ranvier.errors import ModelError
from ranvier.fields._field import Field

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from ranvier.fields.paths import Positions


@dataclass(frozen=True, slots=True, kw_only=True)
class ElectrodeSet(Field):
    """`weights[i]` mA through `fields[i]` for each mA: (1, -1) is a bipole, (1, -0.5, -0.5) a
    tripole. Raises ModelError unless there is a finite weight for each field."""

    fields: Sequence[Field]
    weights: Sequence[float]

    def __post_init__(self) -> None:
        if len(self.fields) != len(self.weights) or not self.fields:
            raise ModelError(
                f"electrode set: has {len(self.fields)} fields and {len(self.weights)} weights, "
                "expected one weight for each, at least one"
            )
        for weight in self.weights:
            if not math.isfinite(weight):
                raise ModelError(f"electrode set: a weight is {weight}, expected a finite number")

    def potential_mV_per_mA(self, xyz_um: ArrayLike) -> NDArray[np.float64]:
        parts = [
            weight * field.potential_mV_per_mA(xyz_um)
            for weight, field in zip(self.weights, self.fields, strict=True)
        ]
        total: NDArray[np.float64] = np.sum(parts, axis=0)
        return total

    def clearance_um(self, xyz_um: NDArray[np.float64]) -> NDArray[np.float64]:
        nearest: NDArray[np.float64] = np.min(
            [field.clearance_um(xyz_um) for field in self.fields], axis=0
        )
        return nearest

    def along(self, positions: Positions) -> NDArray[np.float64]:
        parts = [
            weight * field.along(positions)
            for weight, field in zip(self.weights, self.fields, strict=True)
        ]
        total: NDArray[np.float64] = np.sum(parts, axis=0)
        return total
