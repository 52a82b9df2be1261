"""How a command answers: a few aligned lines for people, one JSON object for machines."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ranvier.cli.arguments import UsageError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NEEDS_MATPLOTLIB = "needs matplotlib: pip install 'ranvier[plot]'"


def print_rows(rows: Sequence[tuple[str, str]]) -> None:
    """Names and values in two columns; a value of several lines stays in its own."""
    width = max((len(name) for name, _ in rows), default=0)
    for name, value in rows:
        for number, line in enumerate(value.splitlines()):
            print(f"  {name if number == 0 else '':<{width}}  {line}")


def print_json(answer: Mapping[str, Any]) -> None:
    """One object. What is not a finite number becomes null, since JSON has no NaN."""
    json.dump({key: _plain(value) for key, value in answer.items()}, sys.stdout, indent=2)
    print()


def _plain(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return str(value) if isinstance(value, Path) else value


def has_matplotlib() -> bool:
    return find_spec("matplotlib") is not None


def check_picture(path: Path) -> None:
    """Refuse a picture that could not be written, before the work of a run and not after it."""
    if not has_matplotlib():
        raise UsageError(f"{path}: a picture {NEEDS_MATPLOTLIB}")
    from matplotlib.backend_bases import FigureCanvasBase

    kinds = sorted(FigureCanvasBase.get_supported_filetypes())
    if path.suffix.removeprefix(".").lower() not in kinds:
        endings = ", ".join(f".{kind}" for kind in kinds)
        raise UsageError(f"{path}: no picture ends in {path.suffix!r}, expected {endings}")
    check_folder(path)


def check_folder(path: Path) -> None:
    if not path.absolute().parent.is_dir():
        raise UsageError(f"{path}: there is no folder {path.parent}, expected one that exists")


def save_picture(figure: Figure, path: Path) -> None:
    figure.savefig(path, dpi=150)
