"""Two spikes that run towards each other."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import numpy as np

from ranvier.batch import Batch
from ranvier.errors import ModelError
from ranvier.methods import Method
from ranvier.places import compartments_at
from ranvier.recording import SpikeDetector
from ranvier.results import Result, Status
from ranvier.run import discretised
from ranvier.stimuli import CurrentClamp, Pulse
from ranvier.studies.collect import Add, collect, with_summary
from ranvier.studies.table import Picture, StudyTable

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from ranvier.fibers import Fiber

    FloatArray = NDArray[np.float64]

#: Spikes are counted this far along, and from the other end.
_NEAR_AN_END = 0.1


class Outcome(StrEnum):
    ANNIHILATED = "annihilated"  # both met, and neither went on
    PASSED = "passed"  # both met, and each end saw both
    MISSED = "missed"  # the first was through before the second began
    ONE_WAVE = "one_wave"  # the other end's stimulus raised none that met it
    OTHER = "other"


def collision(
    fibre: Fiber,
    delays_ms: ArrayLike = (0.0,),
    *,
    method: Method | None = None,
    threads: int | None = None,
    journal: str | os.PathLike[str] | None = None,
    progress: Callable[[float], None] | None = None,
) -> StudyTable:
    """A spike from each end, the distal one so much later than the proximal one.

    The fibre's own stimulus is given at its site and, later, at the same site seen from the other
    end. `met_um`, along the fibre, is where the spikes meet: where the straight lines through the
    arrivals on both sides cross. `expected_um` is where the arrivals of either spike alone do.
    `spikes_proximal` and `spikes_distal` count what passed a tenth of the way from either end. The
    status is an `Outcome`, or that of a run that did not complete. Raises ModelError for a delay
    that is negative or not finite, and for a fibre that is not stimulated by a pulse at a position
    of a section.
    """
    delays = np.asarray(delays_ms, dtype=np.float64)
    if delays.ndim != 1 or not delays.size or not (np.isfinite(delays) & (delays >= 0)).all():
        raise ModelError("delays_ms: one is negative or not finite, expected 0 or more")
    method = method or Method()
    proximal = _checked(fibre)
    from_behind = [_from_other_end(fibre, proximal, delay) for delay in delays]
    d = discretised(fibre, None)
    sites = compartments_at(d, fibre.velocity_sites)
    distance_um = d.distance_um[sites]
    batch = Batch(
        probes=(),
        t_stop_ms=1.0,  # each has its own
        method=method,
        mesh=None,
        detect=(SpikeDetector(at=sites.tolist()),),
        velocity_sites=None,
        stop_when=None,
        solver="auto",
        precision="double",
        threads=threads,
    )

    def runs(stimuli: Sequence[tuple[CurrentClamp, ...]]) -> list[Result]:
        return batch.simulate(
            [(fibre, each, None) for each in stimuli],
            # Long enough for a spike that is not stopped to arrive at the other end.
            t_stops_ms=[fibre.t_stop_ms + max(s.end_ms for s in each) for each in stimuli],
        )

    def work(rows: Sequence[int], add: Add) -> None:
        alone, *others = runs([(proximal,), *((from_behind[k],) for k in rows)])
        both = runs([(proximal, from_behind[k]) for k in rows])
        forward_ms = alone.crossings[0].arrival_ms(sites)
        for k, other, result in zip(rows, others, both, strict=True):
            expected_um = _crossing_um(
                distance_um, forward_ms, other.crossings[0].arrival_ms(sites)
            )
            add(k, _row(result, sites, distance_um, expected_um))
        if progress is not None:
            progress(1.0)

    def finish(table: StudyTable) -> StudyTable:
        return with_summary(
            table,
            picture=Picture(
                x="delay_ms",
                y=("met_um", "expected_um"),
                y_label="where they meet (µm)",
                title=fibre.model.name,
            ),
        )

    return collect(
        "collision",
        given={"delay_ms": delays},
        found={
            "met_um": math.nan,
            "expected_um": math.nan,
            "spikes_proximal": 0,
            "spikes_distal": 0,
        },
        work=work,
        finish=finish,
        journal=journal,
        asked=[fibre, method],
        provenance={
            "fibre": fibre.name,
            "citation": fibre.citation,
            "method": method.name,
            "method_parameters": dict(method.parameters),
        },
    )


def _checked(fibre: Fiber) -> CurrentClamp:
    stimulus = fibre.stimulus
    is_place = isinstance(stimulus.at, tuple) and len(stimulus.at) == 2
    if not (is_place and isinstance(stimulus.waveform, Pulse)):
        raise ModelError(
            f"fibre {fibre.name!r}: is stimulated at {stimulus.at!r} by a "
            f"{type(stimulus.waveform).__name__}, expected a Pulse at (section, position)"
        )
    return stimulus


def _from_other_end(fibre: Fiber, stimulus: CurrentClamp, delay_ms: float) -> CurrentClamp:
    name, position = stimulus.at  # type: ignore[misc,str-unpack]
    names = [section.name for section in fibre.model.sections]
    pulse = stimulus.waveform
    assert isinstance(pulse, Pulse)
    return replace(
        stimulus,
        at=(names[-1 - names.index(name)], 1.0 - position),  # type: ignore[arg-type,operator]
        waveform=replace(pulse, onset_ms=pulse.onset_ms + float(delay_ms)),
    )


def _row(
    result: Result, sites: NDArray[np.int32], distance_um: FloatArray, expected_um: float
) -> dict[str, Any]:
    if result.status is not Status.COMPLETED:
        return {
            "expected_um": expected_um,
            "status": str(result.status),
            "message": result.message,
        }
    crossings = result.crossings[0]
    ends_um = distance_um[0] + np.ptp(distance_um) * np.array([_NEAR_AN_END, 1 - _NEAR_AN_END])
    near = [int(np.abs(distance_um - end_um).argmin()) for end_um in ends_um]
    spikes = crossings.count[near]
    t_ms = crossings.arrival_ms(sites)
    middle = t_ms[near[0] : near[1] + 1]
    met_um = math.nan
    latest = int(np.nanargmax(middle)) if np.isfinite(middle).any() else 0
    if np.isfinite(middle).all() and 0 < latest < middle.size - 1:
        met_um = _peak_um(distance_um[near[0] : near[1] + 1], middle)
    if (spikes == 2).all():
        outcome = Outcome.PASSED if math.isfinite(expected_um) else Outcome.MISSED
    elif math.isfinite(met_um) and (spikes == 1).all():
        outcome = Outcome.ANNIHILATED
    else:
        outcome = Outcome.ONE_WAVE if (spikes == 1).all() else Outcome.OTHER
    return {
        "met_um": met_um,
        "expected_um": expected_um,
        "spikes_proximal": int(spikes[0]),
        "spikes_distal": int(spikes[1]),
        "status": str(outcome),
    }


@dataclass(frozen=True, slots=True)
class _Line:
    slope: float
    intercept: float


def _line(x: FloatArray, y: FloatArray) -> _Line:
    slope, intercept = np.polyfit(x, y, 1)
    return _Line(float(slope), float(intercept))


def _peak_um(x_um: FloatArray, t_ms: FloatArray) -> float:
    """Where the lines through the rising and the falling arrivals cross: the sites beside the
    latest are left out, since spikes that meet are faster."""
    k = int(t_ms.argmax())
    left, right = slice(0, max(2, k - 1)), slice(min(k + 2, t_ms.size - 2), None)
    up, down = _line(x_um[left], t_ms[left]), _line(x_um[right], t_ms[right])
    return (down.intercept - up.intercept) / (up.slope - down.slope)


def _crossing_um(x_um: FloatArray, forward_ms: FloatArray, backward_ms: FloatArray) -> float:
    """Where both arrive at the same time; NaN where one is always first."""
    earlier = forward_ms - backward_ms
    if not np.isfinite(earlier).all():
        return math.nan
    change = np.flatnonzero((earlier[:-1] < 0) & (earlier[1:] >= 0))
    if change.size != 1:
        return math.nan
    k = int(change[0])
    share = earlier[k] / (earlier[k] - earlier[k + 1])
    return float(x_um[k] + share * (x_um[k + 1] - x_um[k]))
