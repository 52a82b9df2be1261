"""The rows of a study on disk as they are found, so that an interrupted study goes on."""

from __future__ import annotations

import dataclasses
import enum
import hashlib
import json
import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ranvier.discretisation import Discretisation
from ranvier.errors import FormatError
from ranvier.fibers._fiber import Fiber
from ranvier.methods import Method
from ranvier.run import discretised

#: Of the form of the file.
_VERSION = 1


class Journal:
    """A file of one JSON object a line: first what was asked, then each row that is done.

    A file that is there is read, and gone on with; of a last line that was cut short, as a killed
    process leaves it, nothing is kept. Raises FormatError for a file that is no journal, or that of
    another study or of other arguments.
    """

    def __init__(self, path: str | os.PathLike[str], study: str, asked: str, rows: int) -> None:
        self.path = Path(path)
        self.done: dict[int, dict[str, Any]] = {}
        heading = {"ranvier_journal": _VERSION, "study": study, "asked": asked, "rows": rows}
        text = self.path.read_text(encoding="utf-8") if self.path.exists() else ""
        whole = text[: text.rfind("\n") + 1]
        if whole:
            self._read(whole.splitlines(), heading)
        self._file = open(self.path, "w", encoding="utf-8")  # noqa: SIM115  (until close())
        self._file.write(whole or json.dumps(heading) + "\n")
        self._file.flush()

    def _read(self, lines: list[str], heading: Mapping[str, Any]) -> None:
        for number, line in enumerate(lines, start=1):
            try:
                entry = json.loads(line)
            except ValueError as error:
                raise FormatError(
                    f"{self.path}:{number}: is no JSON, expected the journal of a study"
                ) from error
            if number > 1:
                self.done[int(entry.pop("row"))] = entry
            elif entry != heading:
                raise FormatError(
                    f"{self.path}:1: is of another study or of other arguments, expected the "
                    f"journal of this {heading['study']!r} (or a new file)"
                )

    def write(self, row: int, values: Mapping[str, Any]) -> None:
        plain = {
            name: None if isinstance(value, float) and not math.isfinite(value) else value
            for name, value in values.items()
        }
        self._file.write(json.dumps({"row": row, **plain}) + "\n")
        self._file.flush()

    def close(self) -> None:
        self._file.close()


def fingerprint(asked: Any) -> str:
    """Of arguments: the same for the same fibres, stimuli, numbers and words."""
    digest = hashlib.sha256()
    for part in _parts(asked):
        digest.update(part)
        digest.update(b"\0")
    return digest.hexdigest()[:16]


def _parts(asked: Any) -> list[bytes]:
    if isinstance(asked, Fiber):
        return [asked.name.encode(), *_parts(discretised(asked, None))]
    if isinstance(asked, Discretisation):
        return _parts(asked.to_dict())
    if isinstance(asked, Method):
        return [asked.name.encode(), *_parts(asked.parameters)]
    if isinstance(asked, np.ndarray):
        return [str((asked.dtype, asked.shape)).encode(), np.ascontiguousarray(asked).tobytes()]
    if isinstance(asked, Mapping):
        return [each for key in asked for part in (key, asked[key]) for each in _parts(part)]
    if dataclasses.is_dataclass(asked):
        fields = {each.name: getattr(asked, each.name) for each in dataclasses.fields(asked)}
        return [type(asked).__name__.encode(), *_parts(fields)]
    if isinstance(asked, enum.Enum) or not isinstance(asked, Sequence) or isinstance(asked, str):
        return [repr(asked).encode()]
    return [b"[", *(each for item in asked for each in _parts(item)), b"]"]
