"""What a run leaves behind: labelled arrays with units, a status, and where they came from.

Knows nothing of how the numbers were computed, so a result loaded from a file next year is as good
as one made a second ago.
"""

from __future__ import annotations

import html
import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

if TYPE_CHECKING:
    import xarray

    from ranvier.ledger import Ledger
    from ranvier.run import Recipe

IntArray = NDArray[np.int32]
FloatArray = NDArray[np.floating[Any]]


class Status(StrEnum):
    """How a run ended. STOPPED is an end that was asked for; FAILED a run of a batch that could not
    begin, because no resting state was found."""

    COMPLETED = "completed"
    STOPPED = "stopped"
    DIVERGED = "diverged"
    FAILED = "failed"
    INTERRUPTED = "interrupted"


def _read_only(array: NDArray[Any]) -> NDArray[Any]:
    """A view, so that whoever made the array may still write to their own."""
    view = array.view()
    view.flags.writeable = False
    return view


def _floats(values: ArrayLike) -> FloatArray:
    """float32 stays float32: a result must survive saving bit for bit."""
    # Of the subclasses of arrays only a memory map stays what it is.
    array = values if isinstance(values, np.memmap) else np.asarray(values)
    if array.dtype not in (np.dtype(np.float32), np.dtype(np.float64)):
        array = array.astype(np.float64)
    return _read_only(array)


def _integers(values: ArrayLike) -> IntArray:
    return _read_only(np.asarray(values, dtype=np.int32))


def _require_shape(subject: str, array: NDArray[Any], shape: tuple[int, ...]) -> None:
    if array.shape != shape:
        raise ValueError(f"{subject}: has shape {array.shape}, expected {shape}")


@dataclass(frozen=True, slots=True, eq=False)
class Trace:
    """One recorded quantity: `values[k, j]` at `t_ms[k]` in compartment `compartments[j]`.

    Shapes: t_ms (m,), values (m, c), compartments (c,). Raises ValueError if they disagree. With a
    `path`, that .npy file is where the values are, and `values` a memory map of it.
    """

    name: str
    unit: str
    mechanism: str | None
    t_ms: FloatArray
    values: FloatArray
    compartments: IntArray
    path: Path | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "t_ms", _floats(self.t_ms))
        object.__setattr__(self, "values", _floats(self.values))
        object.__setattr__(self, "compartments", _integers(self.compartments))
        shape = (self.t_ms.size, self.compartments.size)
        _require_shape(f"trace {self.label!r}: values", self.values, shape)

    @property
    def label(self) -> str:
        return self.name if self.mechanism is None else f"{self.name} of {self.mechanism}"

    def column(self, compartment: int) -> int:
        """The column of `values` that holds a compartment; KeyError if it was not recorded."""
        (found,) = np.nonzero(self.compartments == compartment)
        if found.size == 0:
            raise KeyError(
                f"compartment {compartment}: was not recorded, expected one of the "
                f"{self.compartments.size} in the compartments of trace {self.label!r}"
            )
        return int(found[0])


@dataclass(frozen=True, slots=True, eq=False)
class Crossings:
    """Upward crossings of a threshold, in time order.

    Shapes: compartment (s,), t_ms (s,), watched (w,). `watched` holds the compartments that were
    looked at, so that silence can be told from not having listened. Where only the first `keep`
    crossings of each compartment were kept, `counted` (w,) has how many there were.
    """

    threshold_mV: float
    compartment: IntArray
    t_ms: FloatArray
    watched: IntArray
    keep: int | None = None
    counted: IntArray | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "compartment", _integers(self.compartment))
        object.__setattr__(self, "t_ms", _floats(self.t_ms))
        object.__setattr__(self, "watched", _integers(self.watched))
        _require_shape("crossings: compartment", self.compartment, self.t_ms.shape)
        if self.counted is not None:
            object.__setattr__(self, "counted", _integers(self.counted))
            _require_shape("crossings: counted", self.counted, self.watched.shape)

    def __len__(self) -> int:
        """How many are here; `count` has those as well that were only counted."""
        return int(self.t_ms.size)

    @property
    def count(self) -> IntArray:
        """How often each watched compartment crossed, (w,)."""
        if self.counted is not None:
            return self.counted
        rows = int(self.watched.max()) + 1 if self.watched.size else 0
        return _integers(np.bincount(self.compartment, minlength=rows)[self.watched])

    def arrival_ms(
        self, compartments: ArrayLike | None = None, *, spike: int = 0
    ) -> NDArray[np.float64]:
        """When each of these compartments (None: each watched one) crossed for the `spike`-th time.

        Shape (k,), NaN where it did not. Raises ValueError for a crossing that was not kept.
        """
        if spike < 0:
            raise ValueError(f"spike: is {spike}, expected 0 for the first crossing or more")
        if self.keep is not None and spike >= self.keep:
            raise ValueError(
                f"spike: is {spike}, expected one of the crossings that the detector kept, the "
                f"first {self.keep} of each compartment"
            )
        asked = self.watched if compartments is None else np.asarray(compartments, np.int32)
        # Sorted by compartment and still by time within one, because the sort is stable.
        order = np.argsort(self.compartment, kind="stable")
        compartment = self.compartment[order]
        first = np.searchsorted(compartment, asked, side="left") + spike
        is_there = first < np.searchsorted(compartment, asked, side="right")
        t_ms = np.full(asked.size, np.nan)
        t_ms[is_there] = self.t_ms[order][first[is_there]]
        return t_ms


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Peaks:
    """The highest membrane potential of compartments, and when it was first there, as seen at the
    ends of steps. Shapes: compartments, v_mV and t_ms (c,)."""

    compartments: IntArray
    v_mV: FloatArray
    t_ms: FloatArray

    def __post_init__(self) -> None:
        object.__setattr__(self, "compartments", _integers(self.compartments))
        for name in ("v_mV", "t_ms"):
            object.__setattr__(self, name, _floats(getattr(self, name)))
            _require_shape(f"peaks: {name}", getattr(self, name), self.compartments.shape)


GEOMETRY_FLOATS = ("distance_um", "xyz_um", "length_um", "diameter_um")
GEOMETRY_INTEGERS = ("section", "parent")


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Geometry:
    """Where each compartment is. One row per compartment, in tree order: parent[i] < i.

    `distance_um` is the path distance of the centre from the proximal end of the root; `section`
    indexes `section_names` and `section_regions`; a junction is a branch point without area.
    Shapes: (n,) each, xyz_um (n, 3). Raises ValueError if they disagree.
    """

    distance_um: FloatArray
    xyz_um: FloatArray
    length_um: FloatArray
    diameter_um: FloatArray
    section: IntArray
    is_junction: NDArray[np.bool_]
    parent: IntArray
    section_names: tuple[str, ...]
    section_regions: tuple[str, ...]
    fibre: str = ""

    def __post_init__(self) -> None:
        for name in GEOMETRY_FLOATS:
            object.__setattr__(self, name, _floats(getattr(self, name)))
        for name in GEOMETRY_INTEGERS:
            object.__setattr__(self, name, _integers(getattr(self, name)))
        object.__setattr__(
            self, "is_junction", _read_only(np.asarray(self.is_junction, dtype=np.bool_))
        )
        object.__setattr__(self, "section_names", tuple(self.section_names))
        object.__setattr__(self, "section_regions", tuple(self.section_regions))
        n = self.distance_um.size
        for name in (*GEOMETRY_FLOATS, *GEOMETRY_INTEGERS, "is_junction"):
            shape = (n, 3) if name == "xyz_um" else (n,)
            _require_shape(f"geometry: {name}", getattr(self, name), shape)

    def __len__(self) -> int:
        return int(self.distance_um.size)

    @property
    def section_name(self) -> NDArray[np.str_]:
        """The name of the section of each compartment, (n,)."""
        return np.asarray(self.section_names, dtype=np.str_)[self.section]

    @property
    def region(self) -> NDArray[np.str_]:
        """The region of each compartment, (n,)."""
        return np.asarray(self.section_regions, dtype=np.str_)[self.section]

    def path_to(self, compartment: int) -> IntArray:
        """The compartments from the root to this one, both included."""
        path = []
        at = compartment
        while at >= 0:
            path.append(at)
            at = int(self.parent[at])
        return np.asarray(path[::-1], dtype=np.int32)


def _plain(value: Any, subject: str) -> Any:
    """As JSON would give it back, so that a result equals its own copy from a file."""
    if type(value) in (str, int, float):  # nearly all, and a batch has many
        return value
    if isinstance(value, np.generic | np.ndarray):
        value = value.tolist()
    if isinstance(value, str):
        return str(value)  # of a StrEnum too, which would not come back as one
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, Mapping):
        return {str(key): _plain(each, f"{subject}.{key}") for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each, subject) for each in value]
    raise TypeError(
        f"{subject}: is a {type(value).__name__}, expected numbers, strings, lists or mappings"
    )


@dataclass(frozen=True, slots=True, eq=False, repr=False, kw_only=True)
class Result:
    """The outcome of one run.

    `t_stop_ms` is the time that was reached, which is earlier than asked for unless the run
    completed; `message` then says why. `velocity_sites` are the compartments between
    which a wave travels at one speed: the nodes of a myelinated fibre. `recipe` can make the run
    again, finer, for an error bar; it is neither saved nor pickled, so that a result from a file or
    from another process has None. `ledger` has what was moved where ions accumulate.
    """

    traces: tuple[Trace, ...]
    crossings: tuple[Crossings, ...]
    status: Status
    t_stop_ms: float
    geometry: Geometry
    message: str = ""
    velocity_sites: IntArray = field(default_factory=lambda: np.empty(0, dtype=np.int32))
    provenance: dict[str, Any] = field(default_factory=dict)
    peaks: tuple[Peaks, ...] = ()
    recipe: Recipe | None = None
    ledger: Ledger | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "traces", tuple(self.traces))
        object.__setattr__(self, "crossings", tuple(self.crossings))
        object.__setattr__(self, "peaks", tuple(self.peaks))
        object.__setattr__(self, "status", Status(self.status))
        object.__setattr__(self, "t_stop_ms", float(self.t_stop_ms))
        object.__setattr__(self, "velocity_sites", _integers(self.velocity_sites))
        object.__setattr__(self, "provenance", _plain(self.provenance, "provenance"))

    def __getitem__(self, key: str | tuple[str, str | None]) -> Trace:
        """The first trace of that name: `result["v_mV"]` or `result["m", "na_hh"]`.

        Raises KeyError, with what was recorded, if there is none.
        """
        trace = self._find(key)
        if trace is None:
            there = ", ".join(dict.fromkeys(each.label for each in self.traces))
            asked = key if isinstance(key, str) else " of ".join(map(str, key))
            raise KeyError(
                f"trace {asked!r}: was not recorded, expected "
                + (f"one of: {there}" if there else "a run with probes")
            )
        return trace

    def __contains__(self, key: str | tuple[str, str | None]) -> bool:
        return self._find(key) is not None

    def _find(self, key: str | tuple[str, str | None]) -> Trace | None:
        if isinstance(key, str):
            return next((each for each in self.traces if each.name == key), None)
        return next((each for each in self.traces if (each.name, each.mechanism) == key), None)

    def __repr__(self) -> str:
        recorded = [f"{each.label} ({_times(each)})" for each in self.traces]
        recorded += [f"{each.count.sum()} crossings" for each in self.crossings]
        recorded += [f"peaks ({each.v_mV.size})" for each in self.peaks]
        fibre = f" {self.geometry.fibre}" if self.geometry.fibre else ""
        return (
            f"<Result{fibre}: {len(self.geometry)} compartments, {self.t_stop_ms:g} ms, "
            f"{self.status}; {', '.join(recorded) or 'nothing recorded'}>"
        )

    def _repr_html_(self) -> str:
        rows = [
            ("fibre", self.geometry.fibre),
            ("status", f"{self.status}: {self.message}" if self.message else str(self.status)),
            ("reached", f"{self.t_stop_ms:g} ms"),
            ("compartments", str(len(self.geometry))),
        ]
        rows += [(each.label, f"{_times(each)}, {each.unit}") for each in self.traces]
        rows += [
            (
                f"crossings of {each.threshold_mV:g} mV",
                f"{each.count.sum()} at {each.watched.size} places",
            )
            for each in self.crossings
        ]
        rows += [("peaks", f"at {each.v_mV.size} places") for each in self.peaks]
        rows += [(key, str(as_attribute(value))) for key, value in self.provenance.items()]
        cells = "".join(
            f'<tr><th style="text-align:left">{html.escape(name)}</th>'
            f'<td style="text-align:left">{html.escape(str(value))}</td></tr>'
            for name, value in rows
        )
        return f"<table><caption>ranvier Result</caption>{cells}</table>"

    def to_xarray(self) -> xarray.Dataset:
        """A labelled copy. Needs xarray; raises ImportError without it.

        A trace is a variable named as its quantity (`v_mV`) or quantity and mechanism
        (`m_na_hh`), over `time` (ms) and `compartment`. Probes that recorded at other times or
        places have `time_2`, `compartment_2` and so on. The dataset can be written as netCDF.
        """
        from ranvier.result_dataset import to_xarray

        return to_xarray(self)

    def to_hdf5(self, path: str | os.PathLike[str]) -> None:
        """Writes a .h5 file for other programs, with the traces in it that are in files of their
        own. Needs h5py; raises ImportError without it.

        Names are those of `save`: `trace/0/values` (m, c), `trace/0/t_ms` (m,), `geometry/
        distance_um` (n,) and so on; everything else is JSON in the attribute `header` of the file.
        """
        from ranvier.result_files import write_hdf5

        write_hdf5(Path(path), self)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes a .npz that `load` reads back without loss; needs no pickle.

        The file appears whole or not at all: an interrupted save leaves an older one as it was.
        Traces that are in files of their own stay there, and this one says where.
        """
        from ranvier.result_files import write_result

        target = Path(path)
        temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}.tmp")
        try:
            with temporary.open("xb") as file:
                write_result(file, self, target)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(target)
        finally:
            temporary.unlink(missing_ok=True)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Result:
        """Reads what `save` wrote. Raises FormatError for any other file."""
        from ranvier.result_files import read_result

        return read_result(Path(path))


def load(path: str | os.PathLike[str]) -> Result:
    """Reads what `Result.save` wrote. Raises FormatError for any other file."""
    return Result.load(path)


def _times(trace: Trace) -> str:
    return " x ".join(map(str, trace.values.shape))


def as_attribute(value: Any) -> str | int | float:
    """As an attribute that netCDF can hold: it knows no booleans, nothing missing, no nesting."""
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        return value
    return json.dumps(value)
