"""An ion that crosses a membrane, as the functions of several ions take it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass

import numpy as np
from numpy.typing import ArrayLike

from ranvier.membrane._inputs import (
    FloatArray,
    charge_number,
    not_negative,
    same_shape,
    things,
)


@dataclass(frozen=True, slots=True, eq=False)
class PermeantIon:
    """An ion by its concentrations and how well it permeates, each a number or an array.

    `permeability` is relative, in any unit that all ions of a call share. A concentration of 0 is
    allowed, for an ion that one side lacks. Shapes: the three broadcast with each other and with
    those of the other ions, and give the shape of what is found. Raises ValueError for a negative
    concentration or permeability, a valence that is 0 or no whole number, NaN, and shapes that do
    not broadcast.
    """

    name: str
    valence: int
    _: KW_ONLY
    inside_mM: ArrayLike
    outside_mM: ArrayLike
    permeability: ArrayLike = 1.0

    def __post_init__(self) -> None:
        subject = f"ion {self.name!r}:"
        if charge_number(f"{subject} valence", self.valence).ndim:
            raise TypeError(f"{subject} valence is {self.valence!r}, expected one whole number")
        arrays = {
            field: not_negative(f"{subject} {field}", getattr(self, field))
            for field in ("inside_mM", "outside_mM", "permeability")
        }
        same_shape(**arrays)
        for field, array in arrays.items():
            # A copy that nobody can change, so that what was checked stays so.
            array.flags.writeable = False
            object.__setattr__(self, field, float(array) if array.ndim == 0 else array)


@dataclass(frozen=True, slots=True)
class IonArrays:
    """Several ions as arrays whose last axis is the ion: valence (ions,), the rest (..., ions)."""

    names: tuple[str, ...]
    valence: FloatArray
    inside_mM: FloatArray
    outside_mM: FloatArray
    permeability: FloatArray

    @property
    def shape(self) -> tuple[int, ...]:
        """Of what the ions have together, without their axis."""
        return self.inside_mM.shape[:-1]


def stacked(ions: Sequence[PermeantIon], **others: FloatArray) -> IonArrays:
    """One or more ions with names that differ, brought to one shape, which `others` widen."""
    checked = things("ions", ions, PermeantIon)
    fields = ("inside_mM", "outside_mM", "permeability")
    named = {
        f"{field} of {ion.name!r}": np.asarray(getattr(ion, field))
        for ion in checked
        for field in fields
    }
    same_shape(**named, **others)
    shape = np.broadcast_shapes(*(array.shape for array in (*named.values(), *others.values())))

    def together(field: str) -> FloatArray:
        arrays = [np.broadcast_to(np.asarray(getattr(ion, field)), shape) for ion in checked]
        return np.stack(arrays, axis=-1).astype(np.float64)

    return IonArrays(
        names=tuple(ion.name for ion in checked),
        valence=np.array([ion.valence for ion in checked], dtype=np.float64),
        inside_mM=together("inside_mM"),
        outside_mM=together("outside_mM"),
        permeability=together("permeability"),
    )
