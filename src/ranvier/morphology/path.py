"""The longest way from the root to a tip, where the velocity on a branched cell is read."""

from __future__ import annotations

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
    def distance_um(self) -> NDArray[np.float64]: ...
    @property
    def length_um(self) -> NDArray[np.float64]: ...
    @property
    def section_names(self) -> list[str]: ...


@dataclass(frozen=True, slots=True)
class CablePath:
    """Compartments from the root to a tip, without junctions, and the sections they lie in."""

    compartments: NDArray[np.intp]
    section_names: tuple[str, ...]
    length_um: float


def longest_path(tree: Tree) -> CablePath:
    """Find the way to the tip that is farthest from the root, along the cable."""
    parent = np.asarray(tree.parent)
    end_um = np.asarray(tree.distance_um) + 0.5 * np.asarray(tree.length_um)
    tip = int(np.argmax(end_um))
    way = []
    at = tip
    while at >= 0:
        way.append(at)
        at = int(parent[at])
    compartments = np.array(way[::-1], dtype=np.intp)
    compartments = compartments[~np.asarray(tree.is_junction, dtype=bool)[compartments]]
    names = [tree.section_names[k] for k in np.asarray(tree.section)[compartments]]
    return CablePath(compartments, tuple(dict.fromkeys(names)), float(end_um[tip]))
