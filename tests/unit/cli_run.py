"""What the tests of the command line share: how to call it, and how to read what it prints."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

SWC = Path(__file__).parents[2] / "examples" / "data" / "branched_axon.swc"
SMALL = ["velocity", "mrg", "--nodes", "15", "--dt", "0.01"]
Run = Callable[..., tuple[int, str, str]]


def rows_of(out: str) -> dict[str, str]:
    """The aligned lines under the first."""
    rows = {}
    for line in out.splitlines()[1:]:
        name, _, value = line.strip().partition("  ")
        rows[name] = value.strip()
    return rows
