"""What a study leaves behind: one table of named columns, a status in every row."""

from __future__ import annotations

import csv
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ranvier.results import as_attribute

if TYPE_CHECKING:
    import xarray
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

#: What a column is in, by how its name ends; the longest that fits counts.
_UNITS = {
    "_um": "um",
    "_mm": "mm",
    "_ms": "ms",
    "_s": "s",
    "_mA": "mA",
    "_nA": "nA",
    "_uA": "uA",
    "_mV": "mV",
    "_uV": "uV",
    "_Hz": "Hz",
    "_kHz": "kHz",
    "_degC": "degC",
    "_percent": "%",
    "_V_m": "V/m",
    "_m_per_s": "m/s",
    "_uA_per_mm2": "uA/mm2",
    "_mA_ms": "mA ms",
    "_nA_ms": "nA ms",
}

#: Of a row that was not made, because the study was interrupted before.
NOT_RUN = "not_run"


def unit_of(name: str) -> str:
    """What a column or a number of a summary is in: "" for one without a unit."""
    fitting = [end for end in _UNITS if name.endswith(end)]
    return _UNITS[max(fitting, key=len)] if fitting else ""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Curve:
    """A line in a picture of a study, as of a fitted law. Shapes: x and y (m,)."""

    label: str
    x: NDArray[np.float64]
    y: NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Picture:
    """How a table is drawn: columns `y` against the column `x`, one series for each value of `by`.

    `levels` are horizontal lines with their labels. Labels of axes are the names of columns unless
    something else is said.
    """

    x: str
    y: tuple[str, ...]
    by: str | None = None
    title: str = ""
    x_label: str = ""
    y_label: str = ""
    log_x: bool = False
    log_y: bool = False
    joined: bool = True
    curves: tuple[Curve, ...] = ()
    levels: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False, repr=False, kw_only=True)
class StudyTable:
    """The rows of a study as columns (n,), in order; `table["threshold_mA"]` is one of them.

    Names carry units. The last columns are "status", one word of why a row has its numbers or has
    none, and "message", a sentence where something is to be said. `summary` has numbers found from
    all rows together, such as a rheobase; NaN is a number that is not known. Raises ValueError for
    columns of unequal lengths or without a status.
    """

    study: str
    columns: Mapping[str, NDArray[Any]]
    summary: Mapping[str, float | str] = field(default_factory=dict)
    provenance: Mapping[str, Any] = field(default_factory=dict)
    picture: Picture | None = None

    def __post_init__(self) -> None:
        arrays = {name: np.asarray(column) for name, column in self.columns.items()}
        if "status" not in arrays:
            raise ValueError(f"study {self.study!r}: has no column 'status', expected one")
        for name, column in arrays.items():
            if column.shape != arrays["status"].shape or column.ndim != 1:
                raise ValueError(
                    f"study {self.study!r}: column {name!r} has shape {column.shape}, expected "
                    f"{arrays['status'].shape}, that of the column of statuses"
                )
        object.__setattr__(self, "columns", arrays)

    def __len__(self) -> int:
        return int(self.columns["status"].size)

    def __getitem__(self, name: str) -> NDArray[Any]:
        """A column. KeyError for a name that is none."""
        if name not in self.columns:
            names = ", ".join(self.columns)
            raise KeyError(f"study {self.study!r}: has no column {name!r}, expected one of {names}")
        return self.columns[name]

    @property
    def status(self) -> NDArray[np.str_]:
        return self.columns["status"]

    def row(self, k: int) -> dict[str, Any]:
        """Row `k` as names and plain values."""
        return {name: column[k].item() for name, column in self.columns.items()}

    def __repr__(self) -> str:
        names, counts = np.unique(self.status, return_counts=True)
        rows = ", ".join(f"{count} {name}" for name, count in zip(names, counts, strict=True))
        return f"<StudyTable {self.study!r}: {len(self)} rows ({rows})>"

    def __str__(self) -> str:
        return "\n".join([*_aligned(self.columns), *summary_lines(self.summary)])

    def to_dict(self) -> dict[str, Any]:
        """For a JSON file: lists, and None for what is not known."""
        return {
            "study": self.study,
            "summary": {name: _known(value) for name, value in self.summary.items()},
            "columns": {
                name: [_known(value) for value in column.tolist()]
                for name, column in self.columns.items()
            },
            "provenance": dict(self.provenance),
        }

    def to_csv(self, path: str | os.PathLike[str]) -> None:
        """One line of names, then one line for each row; what is not known is left empty."""
        with open(path, "w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(self.columns)
            for k in range(len(self)):
                writer.writerow(["" if _known(v) is None else v for v in self.row(k).values()])

    def to_xarray(self) -> xarray.Dataset:
        """Every column along "row", with its unit. Raises ImportError without xarray."""
        try:
            import xarray
        except ImportError as error:
            raise ImportError(
                "to_xarray needs xarray, expected it installed: pip install 'ranvier[xarray]'"
            ) from error
        variables = {
            name: ("row", column, {"units": unit_of(name)} if unit_of(name) else {})
            for name, column in self.columns.items()
        }
        about = {
            "study": self.study,
            **self.summary,
            **{name: as_attribute(value) for name, value in self.provenance.items()},
        }
        return xarray.Dataset(variables, attrs=about)

    def plot(self) -> Figure:
        """The figure of this study. Raises ImportError without matplotlib, ValueError where the
        study has none."""
        from ranvier.plot import study

        return study(self)


class StudyInterrupted(KeyboardInterrupt):
    """Ctrl-C during a study: `table` has the rows that were finished, the others are "not_run"."""

    def __init__(self, table: StudyTable, message: str) -> None:
        super().__init__(message)
        self.table = table

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.table, str(self))


def summary_lines(summary: Mapping[str, float | str]) -> list[str]:
    """Numbers of a summary, one a line."""
    return [f"{name} = {_text(value)}" for name, value in summary.items()]


def _aligned(columns: Mapping[str, NDArray[Any]]) -> list[str]:
    shown = {
        name: [_text(value) for value in column.tolist()]
        for name, column in columns.items()
        if name != "message" or any(column.tolist())
    }
    widths = [max(map(len, [name, *cells])) for name, cells in shown.items()]
    is_left = [column.dtype.kind == "U" for name, column in columns.items() if name in shown]
    rows = [list(shown), *map(list, zip(*shown.values(), strict=True))]
    return [
        "  ".join(
            cell.ljust(width) if left else cell.rjust(width)
            for cell, width, left in zip(row, widths, is_left, strict=True)
        ).rstrip()
        for row in rows
    ]


def _text(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.5g}" if math.isfinite(value) else "-"
    return str(value)


def _known(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value
