"""What damaged myelin does to a spike: how much later it arrives, or whether at all."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from ranvier.batch import Batch
from ranvier.errors import ModelError
from ranvier.fibers.variants import damaged, internodes
from ranvier.methods import Method
from ranvier.places import Place, compartments_at
from ranvier.recording import SpikeDetector
from ranvier.results import Result, Status
from ranvier.run import discretised
from ranvier.studies.collect import Add, collect, with_summary
from ranvier.studies.table import Picture, StudyTable

if TYPE_CHECKING:
    from ranvier.discretisation import Mesh
    from ranvier.fibers import Fiber

#: What is done to how many neighbouring internodes, and how strongly.
Lesion = tuple[str, int, float | None]

#: From whole to gone, in the order in which a fibre is worse off.
COMMON: tuple[Lesion, ...] = (
    ("thinned", 1, 0.5),
    ("thinned", 1, 0.1),
    ("loosened", 1, 10.0),
    ("retracted", 1, None),
    ("lost", 1, None),
    ("lost", 2, None),
    ("lost", 3, None),
)
#: A damaged fibre is given so many times the time of a healthy one.
_PATIENCE = 3.0
#: Rows that go through the core together; between groups a journal is written.
_GROUP = 32
#: So many sites from the lesion the spike is watched: there it has its shape again, more or less.
_SITES_AWAY = 2


class Outcome(StrEnum):
    CONDUCTED = "conducted"  # as many spikes arrive as were sent
    BLOCKED = "blocked"  # none arrives
    REFLECTED = "reflected"  # one comes back, whether or not one arrives
    REPEATED = "repeated"  # more arrive than were sent, and none comes back
    SILENT = "silent"  # none was sent


def demyelination(
    fibre: Fiber,
    lesions: Sequence[Lesion] = COMMON,
    *,
    first: int | None = None,
    mesh: Mesh | None = None,
    method: Method | None = None,
    threads: int | None = None,
    journal: str | os.PathLike[str] | None = None,
    progress: Callable[[float], None] | None = None,
) -> StudyTable:
    """One spike through a fibre with each of the lesions, (damage, internodes, amount).

    Kinds and amounts are those of `ranvier.fibers.variants.damaged`; the damaged internodes follow
    one another from number `first`, by default so that they are in the middle. The fibre is excited
    by its own stimulus and watched two sites before the lesion and two sites behind it.

    The first row is the healthy fibre. `delay_ms` is how much later the spike arrives behind the
    lesion than there, NaN where it does not; the status is an `Outcome`, or that of a run that did
    not complete. The summary says how many rows are blocked. A bare internode wants more
    compartments than one under myelin: give a `mesh` or a refined fibre. Raises ModelError for what
    cannot be damaged, and where there are not two sites on either side.
    """
    count_all = len(internodes(fibre))
    asked: list[Lesion] = [("none", 0, None), *lesions]
    made = [fibre]
    places = [_around(fibre, mesh, range(count_all // 2, count_all // 2 + 1))]
    for kind, count, amount in lesions:
        start = (count_all - count) // 2 if first is None else first
        which = range(start, start + count)
        if count < 1:
            raise ModelError(f"lesion {kind!r}: has {count} internodes, expected 1 or more")
        places.append(_around(fibre, mesh, which))
        made.append(damaged(fibre, which, kind, amount=amount))
    method = method or Method()

    def work(rows: Sequence[int], add: Add) -> None:
        (healthy,) = _runs([fibre], mesh, method, threads)
        for start in range(0, len(rows), _GROUP):
            group = rows[start : start + _GROUP]
            results = _runs([made[k] for k in group], mesh, method, threads)
            for k, result in zip(group, results, strict=True):
                expected = _seen(healthy, fibre, mesh, places[k])
                add(k, _row(result, _seen(result, made[k], mesh, places[k]), expected))
            if progress is not None:
                progress((start + len(group)) / len(rows))

    def finish(table: StudyTable) -> StudyTable:
        return with_summary(
            table,
            summary={"blocked": int((table.status == Outcome.BLOCKED).sum())},
            picture=Picture(
                x="internodes",
                y=("delay_ms",),
                by="lesion",
                x_label="internodes damaged",
                title=fibre.model.name,
                joined=False,
            ),
        )

    return collect(
        "demyelination",
        given={
            "lesion": [
                kind if amount is None else f"{kind} {amount:g}" for kind, _, amount in asked
            ],
            "internodes": [count for _, count, _ in asked],
        },
        found={"delay_ms": math.nan, "spikes_before": 0, "spikes_behind": 0},
        work=work,
        finish=finish,
        journal=journal,
        asked=[fibre, first, mesh, method],
        provenance={
            "fibre": fibre.name,
            "citation": fibre.citation,
            "method": method.name,
            "method_parameters": dict(method.parameters),
        },
    )


def _around(fibre: Fiber, mesh: Mesh | None, which: range) -> tuple[Place, Place]:
    """Two sites before these internodes and two behind them. ModelError where they are not."""
    runs = internodes(fibre)
    sections = fibre.model.sections
    d = discretised(fibre, mesh)
    if which[0] < 0 or which[-1] >= len(runs):
        raise ModelError(
            f"fibre {fibre.name!r}: has no internodes {which[0]} to {which[-1]}, expected some of "
            f"0 to {len(runs) - 1}"
        )
    sites = d.section[compartments_at(d, fibre.velocity_sites)]
    before = sites[sites < runs[which[0]][0]]
    behind = sites[sites > runs[which[-1]][-1]]
    if min(before.size, behind.size) < _SITES_AWAY:
        raise ModelError(
            f"fibre {fibre.name!r}: has {before.size} nodes before the lesion and {behind.size} "
            f"behind it, expected {_SITES_AWAY} on either side"
        )
    return (
        (sections[before[-_SITES_AWAY]].name, 0.5),
        (sections[behind[_SITES_AWAY - 1]].name, 0.5),
    )


@dataclass(frozen=True, slots=True)
class Seen:
    """What a run has of spikes before and behind a lesion."""

    before: int
    behind: int
    arrival_ms: float  # behind it; NaN where none was


def _seen(result: Result, fibre: Fiber, mesh: Mesh | None, places: tuple[Place, Place]) -> Seen:
    d = discretised(fibre, mesh)
    before, behind = (compartments_at(d, place) for place in places)
    crossings = result.crossings[0]
    return Seen(
        before=int((crossings.compartment == before[0]).sum()),
        behind=int((crossings.compartment == behind[0]).sum()),
        arrival_ms=float(crossings.arrival_ms(behind)[0]),
    )


def _runs(
    made: Sequence[Fiber], mesh: Mesh | None, method: Method, threads: int | None
) -> list[Result]:
    batch = Batch(
        probes=(),
        t_stop_ms=_PATIENCE * made[0].t_stop_ms,
        method=method,
        mesh=mesh,
        detect=(SpikeDetector(),),
        velocity_sites=None,
        stop_when=None,
        solver="auto",
        precision="double",
        threads=threads,
    )
    return batch.simulate([(fibre, (fibre.stimulus,), None) for fibre in made])


def _row(result: Result, seen: Seen, healthy: Seen) -> dict[str, Any]:
    if result.status is not Status.COMPLETED:
        return {"status": str(result.status), "message": result.message}
    return {
        "delay_ms": seen.arrival_ms - healthy.arrival_ms,
        "spikes_before": seen.before,
        "spikes_behind": seen.behind,
        "status": str(outcome(seen, healthy)),
    }


def outcome(seen: Seen, healthy: Seen) -> Outcome:
    """Of a damaged fibre beside a healthy one. A spike that comes back is told before one that does
    not arrive: it may do both."""
    if seen.before == 0:
        return Outcome.SILENT
    if seen.before > healthy.before:
        return Outcome.REFLECTED
    if seen.behind == 0:
        return Outcome.BLOCKED
    return Outcome.REPEATED if seen.behind > healthy.behind else Outcome.CONDUCTED
