"""What a run leaves behind: labelled arrays with units, a status, and where they came from.

Knows nothing of how the numbers were computed, so a result loaded from a file next year is as good
as one made a second ago.
"""

from __future__ import annotations

import html
import json
import os
import secrets
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ranvier.errors import FormatError

if TYPE_CHECKING:
    import xarray

    from ranvier.run import Recipe

IntArray = NDArray[np.int32]
FloatArray = NDArray[np.floating[Any]]

FORMAT = "ranvier.Result"
#: Raised by one whenever an older ranvier could no longer read what is written.
FORMAT_VERSION = 1


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
    array = np.asarray(values)
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

    Shapes: t_ms (m,), values (m, c), compartments (c,). Raises ValueError if they disagree.
    """

    name: str
    unit: str
    mechanism: str | None
    t_ms: FloatArray
    values: FloatArray
    compartments: IntArray

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
    looked at, so that silence can be told from not having listened.
    """

    threshold_mV: float
    compartment: IntArray
    t_ms: FloatArray
    watched: IntArray

    def __post_init__(self) -> None:
        object.__setattr__(self, "compartment", _integers(self.compartment))
        object.__setattr__(self, "t_ms", _floats(self.t_ms))
        object.__setattr__(self, "watched", _integers(self.watched))
        _require_shape("crossings: compartment", self.compartment, self.t_ms.shape)

    def __len__(self) -> int:
        return int(self.t_ms.size)


_GEOMETRY_FLOATS = ("distance_um", "xyz_um", "length_um", "diameter_um")
_GEOMETRY_INTEGERS = ("section", "parent")


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
        for name in _GEOMETRY_FLOATS:
            object.__setattr__(self, name, _floats(getattr(self, name)))
        for name in _GEOMETRY_INTEGERS:
            object.__setattr__(self, name, _integers(getattr(self, name)))
        object.__setattr__(
            self, "is_junction", _read_only(np.asarray(self.is_junction, dtype=np.bool_))
        )
        object.__setattr__(self, "section_names", tuple(self.section_names))
        object.__setattr__(self, "section_regions", tuple(self.section_regions))
        n = self.distance_um.size
        for name in (*_GEOMETRY_FLOATS, *_GEOMETRY_INTEGERS, "is_junction"):
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
    from another process has None.
    """

    traces: tuple[Trace, ...]
    crossings: tuple[Crossings, ...]
    status: Status
    t_stop_ms: float
    geometry: Geometry
    message: str = ""
    velocity_sites: IntArray = field(default_factory=lambda: np.empty(0, dtype=np.int32))
    provenance: dict[str, Any] = field(default_factory=dict)
    recipe: Recipe | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "traces", tuple(self.traces))
        object.__setattr__(self, "crossings", tuple(self.crossings))
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
        recorded += [f"{len(each)} crossings" for each in self.crossings]
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
            (f"crossings of {each.threshold_mV:g} mV", f"{len(each)} at {each.watched.size} places")
            for each in self.crossings
        ]
        rows += [(key, str(_attribute(value))) for key, value in self.provenance.items()]
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
        return _to_xarray(self)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes a .npz that `load` reads back without loss; needs no pickle.

        The file appears whole or not at all: an interrupted save leaves an older one as it was.
        """
        target = Path(path)
        temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}.tmp")
        try:
            with temporary.open("xb") as file:
                _write_arrays(file, _to_arrays(self))
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(target)
        finally:
            temporary.unlink(missing_ok=True)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Result:
        """Reads what `save` wrote. Raises FormatError for any other file."""
        return _load(Path(path))


def load(path: str | os.PathLike[str]) -> Result:
    """Reads what `Result.save` wrote. Raises FormatError for any other file."""
    return Result.load(path)


def _times(trace: Trace) -> str:
    return " x ".join(map(str, trace.values.shape))


def _attribute(value: Any) -> str | int | float:
    """As an attribute that netCDF can hold: it knows no booleans, nothing missing, no nesting."""
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        return value
    return json.dumps(value)


_GEOMETRY_ARRAYS = (*_GEOMETRY_FLOATS, *_GEOMETRY_INTEGERS, "is_junction")


def _to_arrays(result: Result) -> dict[str, NDArray[Any]]:
    geometry = result.geometry
    header: dict[str, Any] = {
        "format": FORMAT,
        "version": FORMAT_VERSION,
        "status": str(result.status),
        "message": result.message,
        "t_stop_ms": result.t_stop_ms,
        "fibre": geometry.fibre,
        "section_names": geometry.section_names,
        "section_regions": geometry.section_regions,
        "traces": [
            {"name": each.name, "unit": each.unit, "mechanism": each.mechanism}
            for each in result.traces
        ],
        "crossings": [{"threshold_mV": float(each.threshold_mV)} for each in result.crossings],
        "provenance": result.provenance,
    }
    arrays: dict[str, NDArray[Any]] = {
        "header": np.frombuffer(json.dumps(header).encode(), dtype=np.uint8),
        "velocity_sites": result.velocity_sites,
    }
    for name in _GEOMETRY_ARRAYS:
        arrays[f"geometry/{name}"] = getattr(geometry, name)
    for k, trace in enumerate(result.traces):
        for name in ("t_ms", "values", "compartments"):
            arrays[f"trace/{k}/{name}"] = getattr(trace, name)
    for k, crossings in enumerate(result.crossings):
        for name in ("compartment", "t_ms", "watched"):
            arrays[f"crossings/{k}/{name}"] = getattr(crossings, name)
    return arrays


def _write_arrays(file: IO[bytes], arrays: Mapping[str, NDArray[Any]]) -> None:
    """As numpy.savez does, which before NumPy 2.1 cannot be told never to pickle."""
    with zipfile.ZipFile(file, "w") as archive:
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, array, allow_pickle=False)


def _load(path: Path) -> Result:
    if not zipfile.is_zipfile(path):
        path.stat()  # a file that is not there should say so itself
        raise FormatError(f"{path}: is not a saved result, expected a file that Result.save wrote")
    try:
        with np.load(path, allow_pickle=False) as arrays:
            header = json.loads(arrays["header"].tobytes())
            if header["format"] != FORMAT:
                raise FormatError(f"{path}: has format {header['format']!r}, expected {FORMAT!r}")
            if header["version"] > FORMAT_VERSION:
                raise FormatError(
                    f"{path}: has format version {header['version']}, expected at most "
                    f"{FORMAT_VERSION}: a newer ranvier wrote it"
                )
            return _from_arrays(header, arrays)
    except FormatError:
        raise
    except (KeyError, TypeError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise FormatError(
            f"{path}: is not a saved result or is damaged ({error}), "
            "expected a file that Result.save wrote"
        ) from error


def _from_arrays(header: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Result:
    return Result(
        traces=tuple(
            Trace(
                **each,
                t_ms=arrays[f"trace/{k}/t_ms"],
                values=arrays[f"trace/{k}/values"],
                compartments=arrays[f"trace/{k}/compartments"],
            )
            for k, each in enumerate(header["traces"])
        ),
        crossings=tuple(
            Crossings(
                **each,
                compartment=arrays[f"crossings/{k}/compartment"],
                t_ms=arrays[f"crossings/{k}/t_ms"],
                watched=arrays[f"crossings/{k}/watched"],
            )
            for k, each in enumerate(header["crossings"])
        ),
        status=Status(header["status"]),
        message=header["message"],
        t_stop_ms=header["t_stop_ms"],
        geometry=Geometry(
            **{name: arrays[f"geometry/{name}"] for name in _GEOMETRY_ARRAYS},
            section_names=header["section_names"],
            section_regions=header["section_regions"],
            fibre=header["fibre"],
        ),
        velocity_sites=arrays["velocity_sites"],
        provenance=header["provenance"],
    )


def _dimension(name: str, values: NDArray[Any], known: list[NDArray[Any]]) -> str:
    """The dimension that has these values already, or a new one: `time`, `time_2`, ..."""
    for k, each in enumerate(known):
        if np.array_equal(each, values):
            return name if k == 0 else f"{name}_{k + 1}"
    known.append(values)
    return name if len(known) == 1 else f"{name}_{len(known)}"


def _to_xarray(result: Result) -> xarray.Dataset:
    try:
        import xarray
    except ImportError as error:
        raise ImportError(
            "to_xarray needs xarray, expected it installed: pip install 'ranvier[xarray]'"
        ) from error

    geometry = result.geometry
    times: list[NDArray[Any]] = []
    places: list[NDArray[Any]] = []
    variables: dict[str, Any] = {}
    coordinates: dict[str, Any] = {}
    for k, trace in enumerate(result.traces):
        time = _dimension("time", trace.t_ms, times)
        place = _dimension("compartment", trace.compartments, places)
        suffix = place.removeprefix("compartment")
        at = trace.compartments
        coordinates[time] = (time, trace.t_ms, {"units": "ms"})
        coordinates[place] = (place, at)
        coordinates[f"distance_um{suffix}"] = (place, geometry.distance_um[at], {"units": "um"})
        coordinates[f"section{suffix}"] = (place, geometry.section_name[at])
        coordinates[f"region{suffix}"] = (place, geometry.region[at])
        stem = trace.name if trace.mechanism is None else f"{trace.name}_{trace.mechanism}"
        copies = sum(each.label == trace.label for each in result.traces[:k])
        name = stem if copies == 0 else f"{stem}_{copies + 1}"
        attributes = {"units": trace.unit, "long_name": trace.label}
        variables[name] = ((time, place), trace.values, attributes)
    for k, crossings in enumerate(result.crossings):
        suffix = "" if k == 0 else f"_{k + 1}"
        threshold = {"threshold_mV": crossings.threshold_mV}
        variables[f"crossing_t_ms{suffix}"] = (
            f"crossing{suffix}",
            crossings.t_ms,
            {"units": "ms", **threshold},
        )
        variables[f"crossing_compartment{suffix}"] = (
            f"crossing{suffix}",
            crossings.compartment,
            threshold,
        )
    about = {
        "fibre": geometry.fibre,
        "status": str(result.status),
        "message": result.message,
        "t_stop_ms": result.t_stop_ms,
        **{key: _attribute(value) for key, value in result.provenance.items()},
    }
    return xarray.Dataset(variables, coordinates, about)
