"""The mechanisms that come as files with the package, read when they are first asked for."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from ranvier.mechanisms.mechanism import Mechanism, read

FOLDER = Path(__file__).parent / "library"


@cache
def library_names() -> tuple[str, ...]:
    return tuple(sorted(path.stem for path in FOLDER.glob("*.toml")))


@cache
def from_library(name: str) -> Mechanism:
    """Raises FileNotFoundError where there is none of that name."""
    return read(FOLDER / f"{name}.toml")
