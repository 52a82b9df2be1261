"""The longest way from the root to a tip, where the velocity on a branched cell is read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class Tree(Protocol):
    """What is needed of a `Discretisation` or of a result's geometry."""

    @property
    def parent(self) -> NDArray[np.int32]: ...
    @property
    def section(self) -> NDArray[np.int32]: ...
    @property
    def is_junction(self) -> NDArray[np.bool_]: ...
    @property
    def distance_um(self) -> NDArray[np.floating]: ...
    @property
    def length_um(self) -> NDArray[np.floating]: ...
    @property
    def section_names(self) -> Sequence[str]: ...


@dataclass(frozen=True, slots=True, eq=False)
class CablePath:
    """Compartments from the root to a tip, without junctions, and the sections they lie in."""

    compartments: NDArray[np.int32]
    section_names: tuple[str, ...]
    length_um: float
    distance_um: NDArray[np.floating]  # of each compartment, from the root's proximal end

    def longer_side_of(self, compartment: int) -> NDArray[np.int32]:
        """The compartments from one of them on, towards the end of the path that is farther."""
        at = int(np.flatnonzero(self.compartments == compartment)[0])
        is_nearer_root = self.distance_um[at] < self.length_um / 2
        return self.compartments[at:] if is_nearer_root else self.compartments[: at + 1]


def longest_path(tree: Tree, *, through: int = 0) -> CablePath:
    """Find the way to the tip that is farthest from the root, of those past one compartment."""
    parent = np.asarray(tree.parent)
    end_um = np.asarray(tree.distance_um) + 0.5 * np.asarray(tree.length_um)
    is_beyond = np.full(parent.size, through == 0)
    is_beyond[through] = True
    if through > 0:
        for at in range(through + 1, parent.size):  # parents come first, so one pass reaches all
            is_beyond[at] = is_beyond[parent[at]]
    tip = int(np.argmax(np.where(is_beyond, end_um, -np.inf)))
    way = []
    at = tip
    while at >= 0:
        way.append(at)
        at = int(parent[at])
    compartments = np.array(way[::-1], dtype=np.int32)
    compartments = compartments[~np.asarray(tree.is_junction, dtype=bool)[compartments]]
    names = [tree.section_names[k] for k in np.asarray(tree.section)[compartments]]
    return CablePath(
        compartments,
        tuple(dict.fromkeys(names)),
        float(end_um[tip]),
        np.asarray(tree.distance_um)[compartments],
    )
