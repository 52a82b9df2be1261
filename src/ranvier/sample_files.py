"""Samples on disk: a .npy file that grows while a run goes on and can be read at any time."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


class SampleFile:
    """Where a probe's samples go: values (m, columns) in a file, their times (m,) in ms beside it.

    Both are in NumPy's format. Data is written before the header that counts it, so that whatever
    ends the process leaves files that `numpy.load` reads, up to the last piece that was written.
    Nothing is touched before the first samples come, and what was there under these names is then
    replaced, not overwritten: an array that is still mapped to an earlier file stays as it is.
    """

    def __init__(self, path: Path, columns: int) -> None:
        self.path = path
        self.times_path = path.with_suffix(".t_ms.npy")
        self._columns = columns
        self.start_anew()

    def start_anew(self) -> None:
        """What comes next is the start of another run."""
        self._rows: int | None = None
        self._waiting: list[tuple[NDArray[np.float64], NDArray[np.float64]]] = []

    def append(self, t_ms: NDArray[np.float64], values: NDArray[np.float64]) -> None:
        """Writes samples, (k,) and (k, columns). OSError where that fails, on a full disk say."""
        # A Ctrl-C in the middle of what follows must cost no sample: the next call writes it again.
        self._waiting.append((t_ms, values))
        if self._rows is None:
            for path in (self.path, self.times_path):
                path.unlink(missing_ok=True)
                path.touch(exist_ok=False)
            self._rows = 0
        while self._waiting:
            t_ms, values = self._waiting[0]
            rows = self._rows + t_ms.size
            _write(self.times_path, self._rows, rows, t_ms)
            _write(self.path, self._rows, rows, values)
            self._rows = rows
            del self._waiting[0]

    def bytes_on_disk(self) -> int:
        """Of what is there now, be it from another run, and will be replaced."""
        paths = (self.path, self.times_path)
        return sum(path.stat().st_size for path in paths if path.is_file())

    def read(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Times, (m,), and values, (m, columns): a read-only memory map of what is there now."""
        if self._rows is None:
            return np.empty(0), np.empty((0, self._columns))
        return np.load(self.times_path), read_mapped(self.path)


def read_mapped(path: Path) -> NDArray[np.float64]:
    """The array in a .npy file, mapped; an empty one, which cannot be, as it is."""
    try:
        mapped: NDArray[np.float64] = np.load(path, mmap_mode="r")
    except ValueError:
        return np.asarray(np.load(path))
    return mapped


def _write(path: Path, from_row: int, rows: int, values: NDArray[np.float64]) -> None:
    """Rows from `from_row` on, after which there are `rows`."""
    header = _header((rows, *values.shape[1:]), values.dtype)
    row_bytes = values.itemsize * int(np.prod(values.shape[1:]))
    with path.open("r+b") as file:
        file.seek(len(header) + from_row * row_bytes)
        file.write(np.ascontiguousarray(values).data)
        file.flush()  # the data first: see SampleFile
        file.seek(0)
        file.write(header)


def _header(shape: tuple[int, ...], dtype: np.dtype[Any]) -> bytes:
    """Of the same length whatever the number of rows: NumPy leaves room for the first axis."""
    text = io.BytesIO()
    about = {"descr": dtype.str, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(text, about)
    return text.getvalue()
