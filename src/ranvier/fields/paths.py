"""Where a fibre runs through space."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ranvier.errors import ModelError
from ranvier.fields._field import expect_vector, unit_vector

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ranvier.discretisation import Discretisation
    from ranvier.fields._field import Field


@dataclass(frozen=True, slots=True, eq=False)
class Positions:
    """Compartments in space: centres (n, 3), both ends (n, 2, 3), and the distance along the fibre
    from its proximal end (n,)."""

    discretisation: Discretisation
    xyz_um: NDArray[np.float64]
    ends_um: NDArray[np.float64]
    distance_um: NDArray[np.float64]

    def check_clearance(self, field: Field) -> None:
        """Raises ModelError where metal of the field is inside the axon."""
        d = self.discretisation
        radius_um = 0.5 * d.diameter_um
        near = field.clearance_um(self.xyz_um) < radius_um + 0.5 * d.length_um
        for row in np.flatnonzero(near & ~d.is_junction):
            start_um, end_um = self.ends_um[row]
            count = 2 + math.ceil(10 * d.length_um[row] / radius_um[row])
            points_um = start_um + np.linspace(0.0, 1.0, count)[:, None] * (end_um - start_um)
            nearest_um = float(field.clearance_um(points_um).min())
            if nearest_um <= radius_um[row]:
                raise ModelError(
                    f"field: an electrode is inside the fibre, {nearest_um:.3g} um from the axis "
                    f"of {d.label(int(row))}, expected more than its radius of "
                    f"{radius_um[row]:.3g} um"
                )


class Path(ABC):
    """How a fibre, known by distances along itself, lies in space."""

    __slots__ = ()

    @abstractmethod
    def positions(self, discretisation: Discretisation) -> Positions:
        """Every compartment in space. Raises ModelError for a fibre that does not fit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StraightPath(Path):
    """A straight fibre with its middle at `centre_um`, proximal to distal along `direction`.

    Raises ModelError for what is no point or direction, and for a tree when it is placed.
    """

    centre_um: Sequence[float] = (0.0, 0.0, 0.0)
    direction: Sequence[float] = (1.0, 0.0, 0.0)

    def __post_init__(self) -> None:
        expect_vector("straight path", centre_um=self.centre_um)
        expect_vector("straight path", is_direction=True, direction=self.direction)

    def positions(self, discretisation: Discretisation) -> Positions:
        along, length_um = _unbranched(discretisation, "straight path")
        centre_um = np.asarray(self.centre_um, dtype=np.float64)
        xyz_um = centre_um + (along - 0.5 * length_um)[..., None] * unit_vector(self.direction)
        return Positions(discretisation, xyz_um[:, 1], xyz_um[:, ::2], along[:, 1])


@dataclass(frozen=True, slots=True, kw_only=True)
class CurvedPath(Path):
    """A fibre along straight lines between `points_um` (m, 3), from `start_um` along them.

    Raises ModelError for fewer than 2 points or equal neighbours, and, when a fibre is placed, for
    a tree and for a path that is too short.
    """

    points_um: Sequence[Sequence[float]]
    start_um: float = 0.0

    def __post_init__(self) -> None:
        points_um = np.asarray(self.points_um, dtype=np.float64)
        if points_um.ndim != 2 or points_um.shape[0] < 2 or points_um.shape[1] != 3:
            raise ModelError(
                f"curved path: points_um has shape {points_um.shape}, expected (m, 3), m 2 or more"
            )
        if not np.isfinite(points_um).all() or not np.diff(points_um, axis=0).any(axis=1).all():
            raise ModelError(
                "curved path: points_um has equal neighbours or is not finite, expected a line"
            )
        if not (math.isfinite(self.start_um) and self.start_um >= 0):
            raise ModelError(f"curved path: start_um is {self.start_um:g}, expected 0 or more")

    def positions(self, discretisation: Discretisation) -> Positions:
        along, length_um = _unbranched(discretisation, "curved path")
        points_um = np.asarray(self.points_um, dtype=np.float64)
        steps_um = np.linalg.norm(np.diff(points_um, axis=0), axis=1)
        reached_um = np.concatenate([[0.0], np.cumsum(steps_um)])
        end_um = self.start_um + length_um
        if end_um > reached_um[-1] * (1 + 1e-9):
            raise ModelError(
                f"curved path: is {reached_um[-1]:g} um long, expected at least the {end_um:g} um "
                "at which the fibre ends"
            )
        xyz_um = np.stack(
            [np.interp(self.start_um + along, reached_um, axis) for axis in points_um.T], axis=-1
        )
        return Positions(discretisation, xyz_um[:, 1], xyz_um[:, ::2], along[:, 1])


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelPath(Path):
    """The coordinates of the model itself, as of a reconstructed cell, moved by `offset_um`."""

    offset_um: Sequence[float] = (0.0, 0.0, 0.0)

    def __post_init__(self) -> None:
        expect_vector("model path", offset_um=self.offset_um)

    def positions(self, discretisation: Discretisation) -> Positions:
        xyz_um = discretisation.xyz_um + np.asarray(self.offset_um, dtype=np.float64)
        # The format has no ends in space, so an electrode is looked for at centres.
        ends_um = np.stack([xyz_um, xyz_um], axis=1)
        return Positions(discretisation, xyz_um, ends_um, discretisation.distance_um)


def _unbranched(d: Discretisation, name: str) -> tuple[NDArray[np.float64], float]:
    """Distances of start, centre and end of every compartment, (n, 3), and the whole length."""
    if (d.parent != np.arange(len(d)) - 1).any():
        raise ModelError(f"{name}: the model is a tree, expected one fibre (or ModelPath)")
    centre_um = d.distance_um
    half_um = 0.5 * d.length_um
    along_um = np.stack([centre_um - half_um, centre_um, centre_um + half_um], axis=1)
    return along_um, float(along_um[-1, 2])
