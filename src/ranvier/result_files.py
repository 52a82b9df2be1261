"""Results as files: what `Result.save` writes and `load` reads."""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from ranvier import ledger
from ranvier.errors import FormatError
from ranvier.results import (
    GEOMETRY_FLOATS,
    GEOMETRY_INTEGERS,
    Crossings,
    Geometry,
    Peaks,
    Result,
    Status,
    Trace,
)
from ranvier.sample_files import read_mapped

FORMAT = "ranvier.Result"
#: Raised by one whenever an older ranvier could no longer read what is written.
FORMAT_VERSION = 2

#: Of what is copied from one file to another, as much is in memory.
_PIECE_BYTES = 64 * 10**6

_GEOMETRY_ARRAYS = (*GEOMETRY_FLOATS, *GEOMETRY_INTEGERS, "is_junction")
_PEAK_ARRAYS = ("compartments", "v_mV", "t_ms")


def write_result(file: IO[bytes], result: Result, target: Path) -> None:
    """Into a file that will be called `target`, which other files are named relative to."""
    header, arrays = described(result, [_own_file(each, target) for each in result.traces])
    _write_arrays(file, {"header": np.frombuffer(header.encode(), dtype=np.uint8), **arrays})


def described(
    result: Result, elsewhere: Sequence[str | None]
) -> tuple[str, dict[str, NDArray[Any]]]:
    """All but arrays as JSON, and the arrays by name. `elsewhere` has a name for each trace whose
    values are in a file of their own, and None for the others."""
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
            {"name": each.name, "unit": each.unit, "mechanism": each.mechanism, "path": path}
            for each, path in zip(result.traces, elsewhere, strict=True)
        ],
        "crossings": [
            {"threshold_mV": float(each.threshold_mV), "keep": each.keep}
            for each in result.crossings
        ],
        "peaks": len(result.peaks),
        "provenance": result.provenance,
    }
    arrays: dict[str, NDArray[Any]] = {"velocity_sites": result.velocity_sites}
    for name in _GEOMETRY_ARRAYS:
        arrays[f"geometry/{name}"] = getattr(geometry, name)
    for k, trace in enumerate(result.traces):
        for name in ("t_ms", *(["values"] if elsewhere[k] is None else []), "compartments"):
            arrays[f"trace/{k}/{name}"] = getattr(trace, name)
    for k, crossings in enumerate(result.crossings):
        for name in ("compartment", "t_ms", "watched"):
            arrays[f"crossings/{k}/{name}"] = getattr(crossings, name)
        if crossings.counted is not None:
            arrays[f"crossings/{k}/counted"] = crossings.counted
    for k, peaks in enumerate(result.peaks):
        for name in _PEAK_ARRAYS:
            arrays[f"peaks/{k}/{name}"] = getattr(peaks, name)
    if result.ledger is not None:
        header["ledger"], books = ledger.described(result.ledger)
        arrays.update(books)
    return json.dumps(header), arrays


def write_hdf5(path: Path, result: Result) -> None:
    """See `Result.to_hdf5`. Raises ImportError without h5py."""
    try:
        import h5py
    except ImportError as error:
        raise ImportError(
            "to_hdf5 needs h5py, expected it installed: pip install 'ranvier[hdf5]'"
        ) from error

    header, arrays = described(result, [None] * len(result.traces))
    with h5py.File(path, "w") as file:
        file.attrs["header"] = header
        for name, array in arrays.items():
            values = file.create_dataset(name, array.shape, array.dtype)
            # In pieces, since what is mapped may be larger than the memory.
            rows = max(1, _PIECE_BYTES // max(1, array[:1].nbytes))
            for first in range(0, len(array), rows):
                values[first : first + rows] = array[first : first + rows]
        for k, trace in enumerate(result.traces):
            about = file[f"trace/{k}"].attrs
            about["name"], about["mechanism"] = trace.name, trace.mechanism or ""
            about["units"] = trace.unit


def _own_file(trace: Trace, target: Path) -> str | None:
    """Where the values of a trace are, seen from the file; None if they have to go into it."""
    if trace.path is None or not trace.path.is_file():
        return None
    if read_mapped(trace.path).shape != trace.values.shape:  # a part of it
        return None
    return os.path.relpath(trace.path, target.absolute().parent)


def _write_arrays(file: IO[bytes], arrays: Mapping[str, NDArray[Any]]) -> None:
    """As numpy.savez does, which before NumPy 2.1 cannot be told never to pickle."""
    with zipfile.ZipFile(file, "w") as archive:
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, array, allow_pickle=False)


def read_result(path: Path) -> Result:
    """What `Result.save` wrote. Raises FormatError for any other file."""
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
            return _from_arrays(header, arrays, path.absolute().parent)
    except FormatError:
        raise
    except (KeyError, TypeError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise FormatError(
            f"{path}: is not a saved result or is damaged ({error}), "
            "expected a file that Result.save wrote"
        ) from error


def _values(
    k: int, path: Path | None, arrays: Mapping[str, NDArray[Any]], shape: tuple[int, int]
) -> NDArray[Any]:
    """Of a trace, from its own file where it has one."""
    if path is None:
        return arrays[f"trace/{k}/values"]
    try:
        values = read_mapped(path)
    except OSError as error:
        raise FormatError(
            f"{path}: {error.strerror or error}, expected the samples of trace {k} of a saved "
            "result: move both together"
        ) from error
    # Another run may have written there since.
    if values.shape != shape:
        raise FormatError(
            f"{path}: has shape {values.shape}, expected {shape}, the samples of trace {k} of a "
            "saved result"
        )
    return values


def _trace(
    k: int, about: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]], folder: Path
) -> Trace:
    path = about.get("path")  # which version 1 has not
    file = None if path is None else Path(os.path.normpath(folder / path))
    t_ms, compartments = arrays[f"trace/{k}/t_ms"], arrays[f"trace/{k}/compartments"]
    return Trace(
        **{**about, "path": file},
        t_ms=t_ms,
        values=_values(k, file, arrays, (t_ms.size, compartments.size)),
        compartments=compartments,
    )


def _from_arrays(
    header: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]], folder: Path
) -> Result:
    return Result(
        traces=tuple(_trace(k, each, arrays, folder) for k, each in enumerate(header["traces"])),
        crossings=tuple(
            Crossings(
                **each,
                compartment=arrays[f"crossings/{k}/compartment"],
                t_ms=arrays[f"crossings/{k}/t_ms"],
                watched=arrays[f"crossings/{k}/watched"],
                counted=None if each.get("keep") is None else arrays[f"crossings/{k}/counted"],
            )
            for k, each in enumerate(header["crossings"])
        ),
        peaks=tuple(
            Peaks(**{name: arrays[f"peaks/{k}/{name}"] for name in _PEAK_ARRAYS})
            for k in range(header.get("peaks", 0))
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
        ledger=ledger.from_arrays(header["ledger"], arrays) if "ledger" in header else None,
    )
