"""A field that is known at points, as finite-element tools export it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ranvier.errors import FormatError, ModelError
from ranvier.fields._field import Field, as_points

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from ranvier.fields.paths import Positions


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SampledField(Field):
    """`samples_mV_per_mA` (m,) at `positions_um`: distances along the fibre (m,) or points (m, 3).

    Distances are from the proximal end, ascending, with straight lines between them. Points may lie
    anywhere; between them the potential is linear over tetrahedra, which needs SciPy. Nothing is
    known outside: there a fibre is refused. Raises ModelError for samples that do not fit together.
    """

    positions_um: Sequence[float] | Sequence[Sequence[float]] | NDArray[np.float64]
    samples_mV_per_mA: Sequence[float] | NDArray[np.float64]

    def __post_init__(self) -> None:
        at_um, samples = self._arrays()
        is_along = at_um.ndim == 1
        if not (is_along or (at_um.ndim == 2 and at_um.shape[1] == 3)):
            raise ModelError(
                f"sampled field: positions_um has shape {at_um.shape}, expected (m,) or (m, 3)"
            )
        if samples.shape != at_um.shape[:1] or samples.size < 2:
            raise ModelError(
                f"sampled field: has {len(at_um)} positions and samples of shape {samples.shape}, "
                "expected as many of both, 2 or more"
            )
        if not (np.isfinite(at_um).all() and np.isfinite(samples).all()):
            raise ModelError("sampled field: a sample is NaN or infinite, expected finite numbers")
        if is_along and (np.diff(at_um) <= 0).any():
            raise ModelError("sampled field: positions_um do not ascend, expected ascending ones")

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> SampledField:
        """From a text file whose rows are x, y, z in um and mV per mA, or distance and mV per mA,
        parted by commas or spaces; lines that begin with #, % or a letter are left out. Raises
        FormatError for any other."""
        rows: list[list[float]] = []
        with open(path, encoding="utf-8") as file:
            for number, line in enumerate(file, start=1):
                text = line.replace(",", " ").replace(";", " ").strip()
                if not text or text[0] in '#%"' or text[0].isalpha():
                    continue
                try:
                    row = [float(word) for word in text.split()]
                except ValueError:
                    row = []
                if len(row) not in (2, 4) or (rows and len(row) != len(rows[0])):
                    raise FormatError(
                        f"{os.fspath(path)}:{number}: is {line.strip()[:40]!r}, expected 4 numbers "
                        "(x, y, z in um, mV per mA) or 2 (distance, mV per mA)"
                    )
                rows.append(row)
        table = np.array(rows) if rows else np.empty((0, 2))
        positions = table[:, 0] if table.shape[1] == 2 else table[:, :3]
        return cls(positions_um=positions, samples_mV_per_mA=table[:, -1])

    def _arrays(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        return (
            np.asarray(self.positions_um, dtype=np.float64),
            np.asarray(self.samples_mV_per_mA, dtype=np.float64),
        )

    def potential_mV_per_mA(self, xyz_um: ArrayLike) -> NDArray[np.float64]:
        """At points (n, 3). Raises ModelError outside, and where only distances are known."""
        at_um, samples = self._arrays()
        points_um = as_points(xyz_um)
        if at_um.ndim == 1:
            raise ModelError(
                "sampled field: is known by distances along a fibre, expected points (m, 3) to "
                "tell the potential in space"
            )
        from scipy.interpolate import LinearNDInterpolator

        found = LinearNDInterpolator(at_um, samples)(points_um)
        return self._known(np.asarray(found, dtype=np.float64))

    def along(self, positions: Positions) -> NDArray[np.float64]:
        at_um, samples = self._arrays()
        if at_um.ndim == 2:
            return self.potential_mV_per_mA(positions.xyz_um)
        found = np.interp(positions.distance_um, at_um, samples, left=np.nan, right=np.nan)
        return self._known(found)

    @staticmethod
    def _known(found: NDArray[np.float64]) -> NDArray[np.float64]:
        unknown = int(np.isnan(found).sum())
        if unknown:
            raise ModelError(
                f"sampled field: {unknown} of {found.size} places are outside the samples, "
                "expected samples all around the fibre"
            )
        return found
