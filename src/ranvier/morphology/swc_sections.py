"""From the points of an SWC file to unbranched sections; the rules are told at `read_swc`."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from dataclasses import dataclass, field
from heapq import heappop, heappush

from ranvier.errors import FormatError
from ranvier.morphology.swc_points import NO_PARENT, Point

SOMA = 1
REGIONS = {0: "undefined", SOMA: "soma", 2: "axon", 3: "basal", 4: "apical"}

#: How far a three-point soma may be off: files are rounded. NEURON's Import3d allows as much.
ROUNDING = 0.01

Row = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Run:
    """What a section is made from; `points_um` holds x, y, z and diameter."""

    name: str
    region: str
    points_um: list[Row]
    parent: str | None
    parent_position: float


def to_sections(points: list[Point], *, source: str) -> list[Run]:
    """Cut a tree into sections, parents before children; `source` names the file in errors."""
    return _Cutter(points, source).cut()


def _distance_um(a: Point, b: Point) -> float:
    return math.dist((a.x_um, a.y_um, a.z_um), (b.x_um, b.y_um, b.z_um))


def _row(at: Point, like: Point | None = None) -> Row:
    return (at.x_um, at.y_um, at.z_um, 2.0 * (like or at).radius_um)


@dataclass(order=True, slots=True)
class _Join:
    """A point that still has to become cable, and the place where it is joined on."""

    line: int  # alone decides the order
    point: Point = field(compare=False)
    previous: Point = field(compare=False)
    parent: str = field(compare=False)
    position: float = field(compare=False)


@dataclass(slots=True)
class _Cutter:
    points: list[Point]
    source: str
    children: dict[int, list[Point]] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    runs: list[Run] = field(default_factory=list)
    waiting: list[_Join] = field(default_factory=list)

    def cut(self) -> list[Run]:
        root = self._link()
        if root.type == SOMA and (ends := self._ball(root)) is not None:
            name = self._add(SOMA, ends, None, 0.0)
            self._wait(root, self._neurites(root), name, 0.5)
        else:
            self._cut_root(root)
        while self.waiting:
            # In the order of the file, which numbers sections as NEURON does.
            self._cut_from(heappop(self.waiting))
        return self.runs

    def _link(self) -> Point:
        """Fill `children`, leaving out points that repeat their parent; return the root."""
        by_id = {point.id: point for point in self.points}
        merged: dict[int, int] = {}
        for point in self.points:
            parent = by_id.get(point.parent)
            if parent is not None and _repeats(point, parent):
                merged[point.id] = parent.id
        self.children = {point.id: [] for point in self.points}
        for point in self.points:
            if point.parent == NO_PARENT:
                root = point
            elif point.id not in merged:
                parent_id = point.parent
                while parent_id in merged:
                    parent_id = merged[parent_id]
                self.children[parent_id].append(point)
        return root

    def _neurites(self, point: Point) -> list[Point]:
        return [child for child in self.children[point.id] if child.type != SOMA]

    def _somata(self, point: Point) -> list[Point]:
        return [child for child in self.children[point.id] if child.type == SOMA]

    def _ball(self, root: Point) -> list[Row] | None:
        """The cylinder that stands for a point-like soma, or None for a stack."""
        sides = self._somata(root)
        if not sides:
            r, x, y, z = root.radius_um, root.x_um, root.y_um, root.z_um
            return [(x - r, y, z, 2 * r), (x, y, z, 2 * r), (x + r, y, z, 2 * r)]
        if len(sides) != 2 or any(self.children[side.id] for side in sides):
            return None
        near = ROUNDING * root.radius_um
        lengths_um = [_distance_um(side, root) for side in sides]
        apart_um = _distance_um(*sides)
        if (
            any(abs(side.radius_um - root.radius_um) > near for side in sides)
            or any(abs(length_um - root.radius_um) > near for length_um in lengths_um)
            or abs(apart_um - 2 * root.radius_um) > 2 * near
        ):
            return None
        return [_row(sides[0], root), _row(root), _row(sides[1], root)]

    def _cut_root(self, root: Point) -> None:
        while True:
            ways = [child for child in self.children[root.id] if self._is_cable(child, root)]
            if ways:
                break
            if len(self.children[root.id]) != 1:
                problem = "no other point is joined to it by cable, expected two points or a soma"
                raise FormatError(f"{self.source}:{root.line}: point {root.id}: {problem}")
            root = self.children[root.id][0]
        same = [child for child in ways if child.type == root.type]
        first = (same or ways)[0]
        run = self._extend(first)
        name = self._add(first.type, [_row(root), *map(_row, run)], None, 0.0)
        others = [child for child in self.children[root.id] if child is not first]
        self._wait(root, others, name, 0.0)
        self._wait_along(run, name)

    def _cut_from(self, join: _Join) -> None:
        run = self._extend(join.point)
        rows = list(map(_row, run))
        if self._is_cable(join.point, join.previous):
            leaves_soma = join.previous.type == SOMA and join.point.type != SOMA
            rows.insert(0, _row(join.previous, join.point if leaves_soma else None))
        if len(rows) == 1:  # no cable of its own: what follows is joined on in its stead
            children = self.children[join.point.id]
            self._wait(join.point, children, join.parent, join.position)
            return
        name = self._add(join.point.type, rows, join.parent, join.position)
        self._wait_along(run, name)

    def _is_cable(self, point: Point, previous: Point) -> bool:
        if _distance_um(point, previous) == 0:
            return False
        if previous.type != SOMA or point.type == SOMA or not self.children[point.id]:
            return True
        # Only at the end of a stack does the way to the first point lie outside the soma.
        sides = len(self._somata(previous)) + (previous.parent != NO_PARENT)
        return sides == 1

    def _extend(self, point: Point) -> list[Point]:
        run = [point]
        while True:
            last = run[-1]
            # Neurites on a soma do not cut it, as a branch would: they are joined along it.
            ways = self._somata(last) if last.type == SOMA else self.children[last.id]
            if len(ways) != 1 or ways[0].type != point.type or not self._is_cable(ways[0], last):
                return run
            run.append(ways[0])

    def _wait_along(self, run: list[Point], name: str) -> None:
        """Queue every child of the newest section's points, each at its own position along it."""
        self._wait(run[-1], self.children[run[-1].id], name, 1.0)
        if run[0].type != SOMA:
            return
        rows = self.runs[-1].points_um
        steps_um = [math.dist(a[:3], b[:3]) for a, b in itertools.pairwise(rows)]
        reached_um = list(itertools.accumulate(steps_um, initial=0.0))[-len(run) :]
        for point, at_um in list(zip(run, reached_um, strict=True))[:-1]:
            self._wait(point, self._neurites(point), name, at_um / sum(steps_um))

    def _wait(self, at: Point, branches: list[Point], parent: str, position: float) -> None:
        for point in branches:
            heappush(self.waiting, _Join(point.line, point, at, parent, position))

    def _add(self, type_: int, rows: list[Row], parent: str | None, position: float) -> str:
        region = REGIONS.get(type_, f"type{type_}")
        name = f"{region}[{self.counts[region]}]"
        self.counts[region] += 1
        self.runs.append(Run(name, region, rows, parent, position))
        return name


def _repeats(point: Point, parent: Point) -> bool:
    return (
        _distance_um(point, parent) == 0
        and point.radius_um == parent.radius_um
        and point.type == parent.type
    )
