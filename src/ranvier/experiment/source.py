"""An experiment file as read: its tables, the line of every key, and what is wrong so far."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ranvier.errors import FormatError
from ranvier.experiment.lines import KeyLines, KeyPath, key_lines
from ranvier.morphology.problems import Problems

#: What sentences say that are about a key without naming it.
MEANT = {
    "is placed on": ("where",),
    "place ": ("at", "sites"),
    "place:": ("at", "sites"),
    "is unknown": ("quantity",),
    "is not in this model": ("mechanism", "quantity"),
    "has the name of": ("name", "mechanism"),
    "is on from": ("to_ms", "from_ms"),
    "is under a sheath at": ("at",),
}
#: Keys that are also plain words, so that finding one in a sentence means nothing.
EVERYDAY = ("at", "kind", "name", "where")


@dataclass(slots=True)
class Source:
    """One file. What is reported against a key also marks the tables that the key is in."""

    path: Path
    tables: dict[str, Any]
    lines: KeyLines
    problems: Problems
    unsound: set[KeyPath] = field(default_factory=set)
    #: The user's own mechanisms, by the name of each.
    own: dict[str, Any] = field(default_factory=dict)

    def report(self, sentence: str, *key: str | int) -> None:
        subject = ".".join(str(name) for name in key if isinstance(name, str))
        self.problems.add(self.lines.of(*key), f"{subject}: {sentence}" if subject else sentence)
        self.unsound.update(key[:length] for length in range(1, len(key) + 1))

    def is_sound(self, *table: str | int) -> bool:
        """Whether nothing was reported in a table, so that something can be made from it."""
        return table not in self.unsound

    def content(self, *table: str | int) -> dict[str, Any]:
        """What is in a table."""
        held: Any = self.tables
        for name in table:
            held = held[name]
        return held  # type: ignore[no-any-return]  # tables are of dicts and lists of them

    def telling(self, *table: str | int) -> _Telling:
        """Report what the Python call made of a table refuses, at the key that it names."""
        return _Telling(self, table)

    def key_named(self, sentence: str, *table: str | int) -> KeyPath:
        """The key of the table that a sentence is about, as a path of one; () if none is known.

        Sentences of the Python layer use the names of arguments, and so do the keys here.
        """
        key = key_about(sentence, self.content(*table))
        return () if key is None else (key,)


@dataclass(frozen=True, slots=True)
class _Telling:
    """A context in which ValueError and TypeError are reported, and end there."""

    source: Source
    table: KeyPath

    def __enter__(self) -> None:
        pass

    def __exit__(self, _: object, error: BaseException | None, __: object) -> bool:
        if not isinstance(error, ValueError | TypeError):
            return False
        for sentence in str(error).splitlines():
            self.source.report(sentence, *self.table, *self.source.key_named(sentence, *self.table))
        return True


def key_about(
    sentence: str, held: Iterable[str], meant: Mapping[str, tuple[str, ...]] = MEANT
) -> str | None:
    """Which of the keys that a table has a sentence is about."""
    keys = list(held)
    for words, candidates in meant.items():
        if words in sentence:
            return next((key for key in candidates if key in keys), None)
    places = [
        (found.start(), key)
        for key in keys
        if key not in EVERYDAY and (found := re.search(rf"\b{re.escape(key)}\b", sentence))
    ]
    return min(places)[1] if places else None


def read_source(path: str | os.PathLike[str]) -> Source:
    """Read a file; raise FormatError where it is not TOML at all."""
    content = Path(path).read_bytes()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise FormatError(f"{path}:{line}: is not text in UTF-8, expected a TOML file") from error
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        problem, _, place = str(error).rpartition(" (at ")
        where = re.match(r"line (\d+)", place)
        line = int(where[1]) if where else text.rstrip().count("\n") + 1
        raise FormatError(f"{path}:{line}: is not TOML: {problem or error}") from error
    return Source(Path(path), tables, key_lines(text), Problems(os.fspath(path)))
