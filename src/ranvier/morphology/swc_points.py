"""The points of an SWC file, checked: what each line holds, and that they are one tree."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from pathlib import Path

from ranvier.errors import FormatError
from ranvier.morphology.problems import Problems

COLUMNS = ("id", "type", "x", "y", "z", "radius", "parent")
NO_PARENT = -1

#: Problems named in one message; the rest are counted.
REPORTED = 5


@dataclass(frozen=True, slots=True)
class Point:
    """One row. `parent` is the id of a point, or NO_PARENT at the root."""

    line: int
    id: int
    type: int
    x_um: float
    y_um: float
    z_um: float
    radius_um: float
    parent: int


def read_points(path: str | os.PathLike[str]) -> list[Point]:
    """Read the rows in the file's own order; raise FormatError unless they make one tree.

    Ids may come in any order and with gaps, and a child may stand before its parent.
    """
    problems = Problems(os.fspath(path), most=REPORTED)
    points = []
    # Comments in old files are often Latin-1; nothing but ASCII matters in the rows themselves.
    with Path(path).open(encoding="utf-8-sig", errors="replace") as file:
        for line, text in enumerate(file, start=1):
            words = text.partition("#")[0].split()
            if words and (point := _parse(line, words, problems)) is not None:
                points.append(point)
    problems.raise_any()
    if not points:
        raise FormatError(f"{problems.path}: no points, expected rows of {' '.join(COLUMNS)}")
    _check_tree(points, problems)
    return points


def _parse(line: int, words: list[str], problems: Problems) -> Point | None:
    if len(words) != len(COLUMNS):
        expected = f"{len(COLUMNS)} ({' '.join(COLUMNS)})"
        problems.add(line, f"has {len(words)} columns, expected {expected}")
        return None
    try:
        id_, type_, parent = _whole(words[0]), _whole(words[1]), _whole(words[6])
        x_um, y_um, z_um, radius_um = map(float, words[2:6])
    except (ValueError, OverflowError):
        _explain(line, words, problems)
        return None
    if not (math.isfinite(x_um + y_um + z_um + radius_um) and radius_um > 0):
        _explain(line, words, problems)
        return None
    return Point(line, id_, type_, x_um, y_um, z_um, radius_um, parent)


def _whole(word: str) -> int:
    """Read a whole number, which some programs write as 2.000."""
    if word.isdecimal():
        return int(word)
    number = float(word)
    if not number.is_integer():
        raise ValueError(word)
    return int(number)


def _explain(line: int, words: list[str], problems: Problems) -> None:
    """Name every column of a row that is not what it should be."""
    for column, word in zip(COLUMNS, words, strict=True):
        try:
            if column in ("id", "type", "parent"):
                expected = "a whole number"
                _whole(word)
                continue
            expected = "a number of um"
            number = float(word)
        except (ValueError, OverflowError):
            problems.add(line, f"{column} is {word!r}, expected {expected}")
            continue
        if not math.isfinite(number):
            problems.add(line, f"{column} is {word}, expected a finite number of um")
        elif column == "radius" and number <= 0:
            problems.add(line, f"radius is {word}, expected more than 0 um")


def _check_tree(points: list[Point], problems: Problems) -> None:
    by_id: dict[int, Point] = {}
    for point in points:
        first = by_id.setdefault(point.id, point)
        if first is not point:
            problem = f"id {point.id} is already on line {first.line}, expected each id once"
            problems.add(point.line, problem)
    roots = []
    for point in points:
        if point.parent == NO_PARENT:
            roots.append(point)
        elif point.parent == point.id:
            problem = f"point {point.id} is its own parent, expected -1 or the id of another point"
            problems.add(point.line, problem)
        elif point.parent not in by_id:
            problem = f"parent {point.parent} is not in the file, expected -1 or the id of a point"
            problems.add(point.line, problem)
    if len(roots) > 1:
        lines = [str(root.line) for root in roots]
        listed = ", ".join(lines[:REPORTED]) + (", ..." if len(lines) > REPORTED else "")
        problem = f"{len(roots)} roots (parent -1, on lines {listed}), expected one: one tree"
        problems.add(roots[1].line, problem)
    problems.raise_any()
    _check_reached(points, by_id, problems)


def _check_reached(points: list[Point], by_id: dict[int, Point], problems: Problems) -> None:
    """Report one point of every cycle, which is what else can keep a point from the root."""
    known = {NO_PARENT}
    for point in points:
        trail: list[int] = []
        on_trail: set[int] = set()
        at = point.id
        while at not in known and at not in on_trail:
            trail.append(at)
            on_trail.add(at)
            at = by_id[at].parent
        if at in on_trail:
            cycle = [*trail[trail.index(at) :], at]
            shown = cycle if len(cycle) <= 8 else [*cycle[:4], "...", *cycle[-3:]]
            way = " -> ".join(map(str, shown))
            problem = f"point {at} is its own ancestor ({way}), expected a tree"
            problems.add(by_id[at].line, problem)
        known |= on_trail
    problems.raise_any()
