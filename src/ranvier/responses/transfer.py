"""How much of a compartment's current an electrode sees, by reciprocity.

Helmholtz 1853: the potential at an electrode from a current of 1 mA at a place is the potential at
that place from 1 mA through the electrode. So every field of `ranvier.fields`, of anisotropic media
and finite elements too, is a recording electrode, and its set of weights a differential one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ranvier.fields import Positions

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ranvier.fields import Field

    FloatArray = NDArray[np.float64]

#: A compartment's current leaves evenly along its axis, or at its centre.
SOURCES = ("lines", "points")
#: Of a piece no longer than its distance from the metal: exact to 1e-9.
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(8)


@dataclass(frozen=True, slots=True, eq=False)
class _PlacesBetween(Positions):
    """Places along compartments that have been looked at: no electrode is inside."""

    def check_clearance(self, field: Field) -> None:
        pass


def transfer_mV_per_mA(
    field: Field, positions: Positions, *, sources: str = "lines"
) -> NDArray[np.float64]:
    """What 1 mA from each compartment makes at the electrode, (n,).

    Lines are means of the field along compartments: for a point electrode in a uniform medium the
    line-source formula of Holt & Koch 1999, doi:10.1023/A:1008832702585. Of a `ModelPath`, which
    does not know where compartments end, all are points. Raises ModelError where an electrode is
    inside the fibre, ValueError for other sources.
    """
    if sources not in SOURCES:
        raise ValueError(f"sources: is {sources!r}, expected one of {', '.join(SOURCES)}")
    at_centres: FloatArray = field.along(positions)
    if sources == "points":
        return at_centres
    rows = np.flatnonzero((positions.ends_um[:, 0] != positions.ends_um[:, 1]).any(axis=1))
    # Pieces of compartments, from -1 (proximal end) to 1; a bend may be at the centre.
    row = np.repeat(rows, 2)
    start = np.tile([-1.0, 0.0], rows.size)
    length = np.ones(row.size)
    total = at_centres.copy()
    total[rows] = 0.0
    while row.size:
        middle = _places(positions, row, start + 0.5 * length)
        span_um = length * _half_length_um(positions, row, start)
        is_short = span_um <= field.clearance_um(middle.xyz_um)
        done, left = np.flatnonzero(is_short), np.flatnonzero(~is_short)
        at = start[done, None] + 0.5 * length[done, None] * (1.0 + _NODES)
        places = _places(positions, np.repeat(row[done], _NODES.size), at.ravel())
        values = field.along(places).reshape(at.shape)
        # Weights sum to 2, over a piece that is length / 2 of its compartment.
        np.add.at(total, row[done], 0.25 * length[done] * (values @ _WEIGHTS))
        row, half = np.repeat(row[left], 2), np.repeat(0.5 * length[left], 2)
        start = np.repeat(start[left], 2)
        start[1::2] += half[1::2]
        length = half
    return total


def _places(positions: Positions, row: NDArray[np.intp], at: FloatArray) -> _PlacesBetween:
    """At fractions from -1 to 1 of compartments."""
    centre_um = positions.xyz_um[row]
    end_um = positions.ends_um[row, (at > 0).astype(np.intp)]
    xyz_um = centre_um + np.abs(at)[:, None] * (end_um - centre_um)
    half_um = 0.5 * positions.discretisation.length_um[row]
    distance_um = positions.distance_um[row] + at * half_um
    ends_um = np.stack([xyz_um, xyz_um], axis=1)
    return _PlacesBetween(positions.discretisation, xyz_um, ends_um, distance_um)


def _half_length_um(
    positions: Positions, row: NDArray[np.intp], start: FloatArray
) -> NDArray[np.float64]:
    end_um = positions.ends_um[row, (start >= 0).astype(np.intp)]
    length_um: FloatArray = np.linalg.norm(end_um - positions.xyz_um[row], axis=1)
    return length_um
