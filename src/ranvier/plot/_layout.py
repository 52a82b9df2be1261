"""Where the sections of a model lie on paper. Geometry only: draws nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

#: The close view of a node shows its neighbours whole if they are shorter.
LONG_PIECE_um = 60.0


class SectionLike(Protocol):
    """What is read of a section: ranvier's own, or anything alike."""

    @property
    def name(self) -> str: ...
    @property
    def region(self) -> str: ...
    @property
    def parent(self) -> str | None: ...
    @property
    def parent_position(self) -> float: ...
    @property
    def points_um(self) -> FloatArray: ...
    @property
    def has_coordinates(self) -> bool: ...
    @property
    def sheath(self) -> Any: ...


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """A section laid out along a straight line. along_um, radius_um (k,)."""

    region: str
    along_um: FloatArray
    radius_um: FloatArray
    myelin_radius_um: float | None

    @property
    def ends_um(self) -> tuple[float, float]:
        return float(self.along_um[0]), float(self.along_um[-1])


def chain(sections: Sequence[SectionLike]) -> list[SectionLike] | None:
    """Root to tip, or None if the sections branch anywhere."""
    child = {each.parent: each for each in sections}
    is_chain = len(child) == len(sections) and all(
        each.parent is None or each.parent_position == 1.0 for each in sections
    )
    if not is_chain or None not in child:
        return None
    order = [child[None]]
    while order[-1].name in child:
        order.append(child[order[-1].name])
    return order


def lay_out(order: Sequence[SectionLike], fibre_diameter_um: float | None) -> list[Piece]:
    """One after the other, straightened."""
    pieces = []
    start_um = 0.0
    for section in order:
        points_um = np.asarray(section.points_um, dtype=np.float64)
        along_um = start_um + _along(points_um)
        radius_um = 0.5 * points_um[:, 3]
        myelin_um = _myelin_radius_um(section, float(radius_um.max()), fibre_diameter_um)
        pieces.append(Piece(section.region, along_um, radius_um, myelin_um))
        start_um = float(along_um[-1])
    return pieces


def _along(points_um: FloatArray) -> FloatArray:
    """Path distance of each point from the first, (k,)."""
    steps_um = np.linalg.norm(np.diff(points_um[:, :3], axis=0), axis=1)
    return np.concatenate([[0.0], np.cumsum(steps_um)])


def _myelin_radius_um(
    section: SectionLike, radius_um: float, fibre_diameter_um: float | None
) -> float | None:
    """Its outside, from the most direct thing that is known of it; None without myelin."""
    sheath = section.sheath
    if sheath is None or sheath.is_open or not sheath.lamellae:
        return None
    if sheath.myelin_diameter_um is not None:
        return 0.5 * float(sheath.myelin_diameter_um)
    if sheath.lamella_period_um is not None:
        gap_um = sheath.periaxonal_width_um or 0.0
        return float(radius_um + gap_um + sheath.lamellae * sheath.lamella_period_um)
    if fibre_diameter_um is not None and fibre_diameter_um > 2 * radius_um:
        return 0.5 * float(fibre_diameter_um)
    return None


def nodes(pieces: Sequence[Piece]) -> list[int]:
    """The pieces called node, or those without myelin. Empty if nothing is myelinated."""
    bare = [k for k, each in enumerate(pieces) if each.myelin_radius_um is None]
    named = [k for k, each in enumerate(pieces) if each.region == "node"]
    return named or (bare if len(bare) < len(pieces) else [])


def close_window_um(pieces: Sequence[Piece], node: int) -> tuple[float, float]:
    """A node, the short ones of the two pieces to either side, and where the next begin."""
    low_um, high_um = pieces[node].ends_um
    reach_um = 10 * (high_um - low_um)
    for side in (pieces[max(node - 2, 0) : node], pieces[node + 1 : node + 3]):
        lengths_um = [each.ends_um[1] - each.ends_um[0] for each in side]
        short_um = sum(each for each in lengths_um if each < LONG_PIECE_um)
        reach_um = max(reach_um, 1.3 * short_um)
    return low_um - reach_um, high_um + reach_um


def band(x: FloatArray, low: FloatArray, high: FloatArray) -> FloatArray:
    """The outline between two curves, (2k, 2)."""
    return np.column_stack([np.concatenate([x, x[::-1]]), np.concatenate([low, high[::-1]])])


def placed(sections: Sequence[SectionLike]) -> list[FloatArray]:
    """The points of each section, (k, 4), those without a place of their own moved to their parent.

    A section that was given by its length runs along x from the origin, wherever its parent ends;
    one with coordinates stays, and may well start at a distance from the centre of its soma.
    """
    by_name = {each.name: each for each in sections}
    points = {each.name: np.array(each.points_um, dtype=np.float64) for each in sections}
    done: set[str] = set()
    for section in sections:
        # A parent may be listed after its children, and has to be placed before them.
        waiting: list[SectionLike] = []
        at: SectionLike | None = section
        while at is not None and at.name not in done:
            waiting.append(at)
            at = None if at.parent is None else by_name[at.parent]
        for each in reversed(waiting):
            done.add(each.name)
            own = points[each.name]
            if each.parent is not None and not each.has_coordinates:
                own[:, :3] += _point_at(points[each.parent], each.parent_position)
    return [points[each.name] for each in sections]


def _point_at(points_um: FloatArray, position: float) -> FloatArray:
    along_um = _along(points_um)
    at_um = position * along_um[-1]
    return np.array([np.interp(at_um, along_um, points_um[:, k]) for k in range(3)])


def frusta(points: FloatArray, diameter: FloatArray) -> list[FloatArray]:
    """One quadrilateral (4, 2) per piece between two points (k, 2), seen from the front."""
    shapes: list[FloatArray] = []
    for k in range(len(points) - 1):
        along = points[k + 1] - points[k]
        length = float(np.hypot(*along))
        if length == 0:  # seen end on
            continue
        normal = np.array([-along[1], along[0]]) / length
        a, b = 0.5 * diameter[k] * normal, 0.5 * diameter[k + 1] * normal
        shapes.append(
            np.array([points[k] + a, points[k + 1] + b, points[k + 1] - b, points[k] - a])
        )
    return shapes
