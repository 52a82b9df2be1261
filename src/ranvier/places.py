"""Turns a place as a user writes it into compartments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ranvier._text import expected_one_of
from ranvier.errors import ModelError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ranvier.discretisation import Discretisation

#: "all" or None; a section or region name; (name, position 0..1); a compartment; a list of those.
Place = str | int | tuple[str, float] | None | Sequence["Place"]


def compartments_at(discretisation: Discretisation, place: Place) -> NDArray[np.int32]:
    """The compartments at `place`, in the order written, each once; junctions are left out.

    A name alone means all compartments of the section or region; (name, position) means the one
    compartment of that section which holds the position, or one in each section of the region.
    Raises ModelError if the place does not exist.
    """
    chosen = _resolve(discretisation, place)
    if (chosen[1:] <= chosen[:-1]).any():  # otherwise each is there once
        _, first = np.unique(chosen, return_index=True)
        chosen = chosen[np.sort(first)]
    return chosen.astype(np.int32)


def on_any_mesh(discretisation: Discretisation, place: Place) -> Place:
    """Where the compartments at `place` have their centres, as [(section, position), ...].

    Numbers of compartments, and how many of them a name stands for, change with the mesh; this does
    not, and on a mesh that is cut into an odd number these are centres again. The end of a section,
    (name, 0) or (name, 1), stays what it is. Raises ModelError if the place does not exist.
    """
    if _is_name_and_position(place) and place[1] in (0, 1):  # type: ignore[index,operator]
        return place
    return _centres(discretisation, compartments_at(discretisation, place))


def _centres(d: Discretisation, compartments: NDArray[np.int32]) -> list[Place]:
    """(section, position) of compartments; of a junction, where it stands."""
    rows = np.flatnonzero(~d.is_junction)
    names = d.section_names
    # In tree order the first row of a section is its proximal one.
    sections, first = np.unique(d.section[rows], return_index=True)
    start_um = np.zeros(len(names))
    start_um[sections] = d.distance_um[rows[first]] - 0.5 * d.length_um[rows[first]]
    length_um = np.bincount(d.section[rows], d.length_um[rows], len(names))
    of = d.section[compartments]
    position = (d.distance_um[compartments] - start_um[of]) / length_um[of]
    return [
        (names[section], float(at))
        for section, at in zip(of, np.clip(position, 0.0, 1.0), strict=True)
    ]


def _resolve(d: Discretisation, place: Place) -> NDArray[np.intp]:
    if place is None or (isinstance(place, str) and place == "all"):
        return np.flatnonzero(~d.is_junction)
    if isinstance(place, str):
        return np.flatnonzero(np.isin(d.section, _sections(d, place)) & ~d.is_junction)
    if isinstance(place, bool):
        raise TypeError(f"place: is {place}, expected a name, (name, position) or a compartment")
    if isinstance(place, int | np.integer):
        if not 0 <= place < len(d):
            raise ModelError(f"place: compartment {place}, expected 0 to {len(d) - 1}")
        return np.array([int(place)], dtype=np.intp)
    if _is_name_and_position(place):
        name, position = place[0], float(place[1])  # type: ignore[arg-type]
        return _holding(d, _sections(d, str(name)), position)
    if isinstance(place, Sequence | np.ndarray):
        if len(place) == 0:
            return np.array([], dtype=np.intp)
        return np.concatenate([_resolve(d, part) for part in place])  # type: ignore[arg-type]
    raise TypeError(
        f"place: is {place!r}, expected a name, (name, position), a compartment or a list of them"
    )


def _is_name_and_position(place: Place) -> bool:
    return (
        isinstance(place, tuple)
        and len(place) == 2
        and isinstance(place[0], str)
        and isinstance(place[1], int | float | np.floating)
    )


def _sections(d: Discretisation, name: str) -> NDArray[np.intp]:
    names = d.section_names
    if name in names:
        return np.array([names.index(name)], dtype=np.intp)
    regions = d.section_regions
    found = np.array([k for k, region in enumerate(regions) if region == name], dtype=np.intp)
    if not name or found.size == 0:
        known = [*dict.fromkeys(region for region in regions if region), *names[:20]]
        raise ModelError(
            f"place {name!r}: is no section and no region, {expected_one_of(name, known)}"
        )
    return found


def _holding(d: Discretisation, sections: NDArray[np.intp], position: float) -> NDArray[np.intp]:
    """The compartment of each section, in rising order, that holds the position."""
    if not 0.0 <= position <= 1.0:
        raise ModelError(
            f"place {d.section_names[sections[0]]!r}: position is {position:g}, expected 0 to 1"
        )
    section = d.section
    is_near = (section >= sections[0]) & (section <= sections[-1])
    rows = np.flatnonzero(is_near & ~d.is_junction)
    if sections.size > 1:
        rows = rows[np.argsort(section[rows], kind="stable")]
    first = np.searchsorted(section[rows], sections, side="left")
    count = np.searchsorted(section[rows], sections, side="right") - first
    # Compartments of a section are of equal length; position 1 is in the last.
    held: NDArray[np.intp] = rows[first + np.minimum((position * count).astype(np.intp), count - 1)]
    return held
