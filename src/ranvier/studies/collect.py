"""Rows of a study as they are found, made into its table whatever happens on the way."""

from __future__ import annotations

import math
import os
import platform
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from ranvier.build import __version__
from ranvier.studies.journal import Journal, fingerprint
from ranvier.studies.table import NOT_RUN, StudyInterrupted, StudyTable

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

#: Takes the number of a row and what was found in it, "status" among it.
Add: TypeAlias = Callable[[int, Mapping[str, Any]], None]


def collect(
    study: str,
    *,
    given: Mapping[str, ArrayLike],
    found: Mapping[str, float | int | str],
    work: Callable[[Sequence[int], Add], None],
    asked: Any = None,
    journal: str | os.PathLike[str] | None = None,
    finish: Callable[[StudyTable], StudyTable] | None = None,
    provenance: Mapping[str, Any] | None = None,
) -> StudyTable:
    """The table of a study: columns `given` (n,), columns `found`, "status" and "message".

    `found` names the columns that `work` fills, each with what stands there until then, which also
    says whether it holds floats (`math.nan`), integers or strings. `work` gets the rows that are
    missing and calls `add` for each as soon as it is done. `finish` makes the final table of the
    bare one: fits, summary, picture; it also gets tables with rows that were not run.

    With a `journal` rows that it already has are not run again; `asked` is all that the rows depend
    on besides `given`, or a function that gives that, so that a journal is not taken for another
    study's. On Ctrl-C raises StudyInterrupted, with the table so far.
    """
    started_s = time.perf_counter()
    columns_given = {name: np.asarray(column) for name, column in given.items()}
    n = len(next(iter(columns_given.values())))
    blank = {**found, "status": NOT_RUN, "message": ""}
    rows = [dict(blank) for _ in range(n)]
    book = None
    if journal is not None:
        everything = [asked() if callable(asked) else asked, columns_given]
        book = Journal(journal, study, fingerprint(everything), n)
        for k, values in book.done.items():
            rows[k] |= {name: _restored(value, blank[name]) for name, value in values.items()}
    missing = [k for k in range(n) if rows[k]["status"] == NOT_RUN]

    def add(k: int, values: Mapping[str, Any]) -> None:
        unknown = set(values) - set(blank)
        if unknown:
            raise KeyError(f"study {study!r}: {sorted(unknown)} were not announced in found")
        plain = {name: _plain(value) for name, value in values.items()}
        rows[k] |= plain
        if book is not None:
            book.write(k, plain)

    def table() -> StudyTable:
        bare = StudyTable(
            study=study,
            columns={
                **columns_given,
                **{
                    name: np.array([row[name] for row in rows], dtype=_dtype(value))
                    for name, value in blank.items()
                },
            },
            provenance={
                **(provenance or {}),
                "versions": {
                    "ranvier": __version__,
                    "numpy": np.__version__,
                    "python": platform.python_version(),
                },
                "rows_from_journal": n - len(missing),
                "wall_s": time.perf_counter() - started_s,
                "created": datetime.now(UTC).isoformat(timespec="seconds"),
            },
        )
        return bare if finish is None else finish(bare)

    try:
        if missing:
            work(missing, add)
    except KeyboardInterrupt as interrupt:
        done = sum(row["status"] != NOT_RUN for row in rows)
        goes_on = "" if journal is None else f"; the same call goes on from {os.fspath(journal)}"
        raise StudyInterrupted(
            table(), f"interrupted with {done} of {n} rows done{goes_on}"
        ) from interrupt
    finally:
        if book is not None:
            with closing(book):
                pass
    return table()


def with_summary(table: StudyTable, **changes: Any) -> StudyTable:
    """The same table with another summary, picture or provenance."""
    return replace(table, **changes)


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    return str(value) if isinstance(value, str) else value


def _restored(value: Any, blank: Any) -> Any:
    return math.nan if value is None and isinstance(blank, float) else value


def _dtype(blank: float | int | str) -> type:
    return {float: np.float64, int: np.int64, str: np.str_}[type(blank)]
