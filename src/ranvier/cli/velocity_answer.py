"""What `ranvier velocity` answers: the velocity, how it was measured, and of what."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np

from ranvier import __version__
from ranvier.analysis import Velocity, VelocityStatus
from ranvier.cli.notes import notes_on
from ranvier.cli.output import NEEDS_MATPLOTLIB, print_rows, run_facts, run_rows
from ranvier.cli.subject import Subject
from ranvier.convergence import Convergence
from ranvier.results import Result, Status
from ranvier.richardson import Extrapolation, with_error

#: A local velocity is the mean over so many pieces of the way.
PIECES = 10


def facts_of(
    subject: Subject, result: Result, velocity: Velocity | None = None, picture: Path | None = None
) -> dict[str, Any]:
    """For machines: each quantity under a name with its unit."""
    facts: dict[str, Any] = dict(subject.facts)
    if velocity is not None:
        facts |= velocity.to_dict() | {"sites": velocity.sites.size, "message": velocity.message}
    if result.status is not Status.COMPLETED:
        facts["status"] = str(result.status)
    return facts | {
        **run_facts(result),
        "notes": notes_on(subject, result),
        "picture": None if picture is None else str(picture),
        "version": __version__,
    }


def print_answer(
    subject: Subject,
    result: Result,
    velocity: Velocity,
    picture: Path | None,
    *,
    wants_picture: bool,
) -> None:
    """For people: the velocity first, then a line for each thing that bears on it."""
    is_known = math.isfinite(velocity.velocity_m_per_s)
    heading = str(velocity).partition("; ")[0] if is_known else str(velocity)
    print(f"{subject.title}: {heading}")
    rows = [*subject.rows]
    if velocity.convergence is not None:
        rows = [*convergence_rows(velocity.convergence), *rows]
    if is_known and not velocity.is_linear:
        slowest, fastest = local_velocities(velocity)
        rows.append(("uniform", f"no, from {slowest:.3g} to {fastest:.3g} m/s: {velocity.message}"))
    rows += run_rows(result)
    if is_known and velocity.convergence is None:
        rows += [("note", note) for note in notes_on(subject, result)]
    if velocity.status is VelocityStatus.DID_NOT_PROPAGATE:
        rows.append(("hint", "a spike that only needs more time gets it with --t-stop"))
    if picture is not None:
        rows.append(("picture", str(picture)))
    elif wants_picture:
        rows.append(("picture", f"none: it {NEEDS_MATPLOTLIB}"))
    print_rows(rows)


def convergence_rows(found: Convergence) -> list[tuple[str, str]]:
    """The limit with its error bar, and a line on each ladder that led to it."""
    if not math.isfinite(found.value):
        return [("limit", f"none: {found.message}")]
    rows = [("limit", f"{with_error(found.value, found.error)} m/s, as dt and dx go to 0")]
    if not found.is_converged:
        rows.append(("", f"not converged {found.message}"))
    method = found.rungs[0].method
    if found.time is not None:
        name, unit, factor = ("rtol", "", 1.0) if method.is_adaptive else ("dt_ms", " us", 1e3)
        steps = [rung.method for rung in found.rungs if rung.cuts == 1]
        marks = ", ".join(f"{factor * step.parameters[name]:.3g}" for step in steps)
        rows.append(("time", _ladder(found.time, f"{name.removesuffix('_ms')} {marks}{unit}")))
    if found.space is not None:
        cuts = ", ".join(map(str, found.space.finer))
        rows.append(("space", _ladder(found.space, f"compartments cut in {cuts}")))
    return rows


def _ladder(found: Extrapolation, marks: str) -> str:
    values = ", ".join(f"{value:.6g}" for value in found.values)
    order = found.observed_order
    if math.isfinite(order):
        verdict = f"order {order:.3g}, expected {found.expected_order:g}"
    else:
        verdict = found.problem or "too close to each other to show an order"
    return f"{values} m/s at {marks}; {verdict}"


def local_velocities(velocity: Velocity) -> tuple[float, float]:
    """The slowest and the fastest piece of the way, each of at least two sites."""
    count = velocity.distance_um.size
    marks = np.unique(np.linspace(0, count - 1, min(PIECES + 1, count)).astype(int))
    steps_um = np.diff(velocity.distance_um[marks])
    steps_ms = np.diff(velocity.t_ms[marks])
    local_m_per_s = np.abs(steps_um / steps_ms) * 1e-3
    return float(local_m_per_s.min()), float(local_m_per_s.max())
