"""Potentials at electrodes over time."""

from __future__ import annotations

import csv
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Response:
    """What each electrode sees against a distant ground, as it was simulated: no amplifier and no
    filter. Shapes: t_ms (m,), potential_uV (m, e) with e names in `electrodes`."""

    t_ms: NDArray[np.float64]
    potential_uV: NDArray[np.float64]
    electrodes: tuple[str, ...]
    title: str = ""

    def __post_init__(self) -> None:
        shape = (self.t_ms.size, len(self.electrodes))
        if self.potential_uV.shape != shape:
            raise ValueError(
                f"response: potential_uV has shape {self.potential_uV.shape}, expected {shape}"
            )

    def __getitem__(self, electrode: str) -> NDArray[np.float64]:
        """The trace of an electrode in uV, (m,). KeyError for one that was not there."""
        if electrode not in self.electrodes:
            names = ", ".join(self.electrodes)
            raise KeyError(f"electrode {electrode!r}: was not there, expected one of {names}")
        return self.potential_uV[:, self.electrodes.index(electrode)]

    @property
    def peak_to_peak_uV(self) -> NDArray[np.float64]:
        """(e,); 0 without a sample."""
        if not self.t_ms.size:
            return np.zeros(len(self.electrodes))
        swing_uV: NDArray[np.float64] = np.ptp(self.potential_uV, axis=0)
        return swing_uV

    def to_csv(self, path: str | os.PathLike[str]) -> None:
        """A line of names, `t_ms` and each electrode with `_uV`, then one for each sample."""
        with open(path, "w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["t_ms", *(f"{name}_uV" for name in self.electrodes)])
            writer.writerows(np.column_stack([self.t_ms, self.potential_uV]).tolist())

    def plot(self) -> Figure:
        """Every electrode over time. Raises ImportError without matplotlib."""
        from ranvier.plot import response

        return response(self)
