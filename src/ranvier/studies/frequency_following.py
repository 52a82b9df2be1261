"""How many of the pulses of a train become spikes that arrive."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np

from ranvier.batch import Batch
from ranvier.errors import ModelError
from ranvier.fibers._fiber import Fiber
from ranvier.methods import Method
from ranvier.places import compartments_at
from ranvier.recording import SpikeDetector
from ranvier.results import Result, Status
from ranvier.run import discretised
from ranvier.stimuli import Pulse, PulseTrain
from ranvier.studies.collect import Add, collect
from ranvier.studies.ends import far_end, strongest
from ranvier.studies.table import Picture, StudyTable
from ranvier.studies.threshold import find_threshold
from ranvier.studies.threshold_result import ThresholdStatus
from ranvier.studies.threshold_rows import (
    SearchOptions,
    asked_of,
    provenance_of_search,
    rows_at,
    t_stop_ms,
)

if TYPE_CHECKING:
    from ranvier.batch import Target
    from ranvier.stimuli import CurrentClamp, Extracellular

FREQUENCIES_Hz = (50.0, 100.0, 200.0, 300.0, 400.0, 500.0, 600.0, 800.0, 1000.0)
#: Side by side: one for each lane.
_GROUP = 8
#: How far on the way to the far end spikes are counted that have started.
_STARTED = 0.25


class FollowingStatus(StrEnum):
    """Of a frequency: every pulse became a spike that arrived; fewer spikes started than there were
    pulses; all that started arrived not; or the run went wrong."""

    FOLLOWS = "follows"
    FAILS_TO_FIRE = "fails_to_fire"
    FAILS_TO_CONDUCT = "fails_to_conduct"
    DIVERGED = "diverged"
    FAILED = "failed"


def frequency_following(
    target: Target,
    stimulus: CurrentClamp | Extracellular,
    frequencies_Hz: Sequence[float] = FREQUENCIES_Hz,
    *,
    pulses: int = 20,
    strength: float = 1.5,
    journal: str | os.PathLike[str] | None = None,
    progress: Callable[[float], None] | None = None,
    **search: Unpack[SearchOptions],
) -> StudyTable:
    """Spikes at the far end of a fibre for trains of `pulses` pulses, by their frequency.

    `stimulus` has a `Pulse`, each pulse of the train `strength` times its threshold at rest. Spikes
    are counted at the place of `Activation()` that is farther from the stimulus ("spikes_far") and
    a quarter of the way there ("spikes_started"), so that a pulse that does not fire is told from a
    spike that does not arrive. The summary has the threshold, the highest frequency below which all
    are followed, and the lowest that is not. Raises ModelError for numbers that do not do and where
    the pulse alone has no threshold.
    """
    rates_Hz = rows_at("frequency following", "frequencies_Hz", frequencies_Hz)
    if not isinstance(stimulus.waveform, Pulse):
        raise ModelError(
            f"frequency following: the waveform is a {type(stimulus.waveform).__name__}, expected "
            "a Pulse, of which trains are made"
        )
    if search.get("error"):
        raise ModelError(
            "frequency following: error is of thresholds, expected it left out where spikes count"
        )
    options: dict[str, Any] = dict(search)
    options.pop("activation", None)
    wait_ms = options.pop("wait_ms", None)
    mesh = options.get("mesh")
    arrives = far_end(target, stimulus, mesh)
    alone = find_threshold(
        target,
        stimulus,
        activation=arrives,
        t_stop_ms=t_stop_ms(target, [stimulus], wait_ms, "frequency following"),
        **options,
    )
    if alone.status is not ThresholdStatus.FOUND:
        raise ModelError(
            f"frequency following: the pulse alone has {alone}, expected a threshold at rest"
        )
    pulse = stimulus.waveform
    strong = stimulus.scaled(strength * alone.factor)
    trains: list[Any] = [
        replace(
            strong,
            waveform=PulseTrain(
                onset_ms=pulse.onset_ms,
                duration_ms=pulse.duration_ms,
                frequency_Hz=float(each),
                count=pulses,
            ),
        )
        for each in rates_Hz
    ]
    sites = [_started_at(target, stimulus, arrives.at, mesh), arrives.at]
    batch = Batch(
        probes=(),
        t_stop_ms=max(t_stop_ms(target, [each], wait_ms) for each in trains),
        method=options.get("method") or Method(),
        mesh=mesh,
        detect=(SpikeDetector(at=sites),),
        velocity_sites=None,
        stop_when=None,
        solver=options.get("solver", "auto"),
        precision=options.get("precision", "double"),
        threads=options.get("threads"),
    )

    def work(rows: Sequence[int], add: Add) -> None:
        for start in range(0, len(rows), _GROUP):
            chosen = rows[start : start + _GROUP]
            results = batch.simulate(
                [(target, (trains[k],), None) for k in chosen],
                t_stops_ms=[t_stop_ms(target, [trains[k]], wait_ms) for k in chosen],
            )
            for k, result in zip(chosen, results, strict=True):
                add(k, _row(result, pulses))
            if progress is not None:
                progress((start + len(chosen)) / len(rows))

    return collect(
        "frequency_following",
        given={"frequency_Hz": rates_Hz, "pulses": np.full(rates_Hz.size, pulses)},
        found={"spikes_started": 0, "spikes_far": 0},
        work=work,
        asked=asked_of([target], [trains, wait_ms], options),
        journal=journal,
        finish=lambda table: _finished(table, stimulus.unit, alone.amplitude),
        provenance=provenance_of_search(target, options, strength=strength),
    )


def _started_at(target: Target, stimulus: Any, far: Any, mesh: Any) -> int:
    grid = discretised(target, mesh)
    places = target.velocity_sites if isinstance(target, Fiber) else None
    sites = compartments_at(grid, places)
    ends_um = grid.distance_um[[strongest(stimulus, grid), int(far)]]
    wanted_um = ends_um[0] + _STARTED * (ends_um[1] - ends_um[0])
    return int(sites[np.argmin(np.abs(grid.distance_um[sites] - wanted_um))])


def _row(result: Result, pulses: int) -> dict[str, Any]:
    if result.status is not Status.COMPLETED:
        return {"status": str(result.status), "message": result.message}
    started, far = (int(each) for each in result.crossings[0].count)
    if far >= pulses:
        status = FollowingStatus.FOLLOWS
    elif far < started:
        status = FollowingStatus.FAILS_TO_CONDUCT
    else:
        status = FollowingStatus.FAILS_TO_FIRE
    return {"spikes_started": started, "spikes_far": far, "status": str(status)}


def _finished(table: StudyTable, unit: str, at_rest: float) -> StudyTable:
    order = np.argsort(table["frequency_Hz"])
    rates_Hz = table["frequency_Hz"][order]
    follows = table.status[order] == FollowingStatus.FOLLOWS
    lost = np.flatnonzero(np.isin(table.status[order], ["fails_to_fire", "fails_to_conduct"]))
    first_lost = int(lost[0]) if lost.size else follows.size
    kept = np.flatnonzero(follows[:first_lost])
    return replace(
        table,
        summary={
            f"threshold_at_rest_{unit}": at_rest,
            "follows_to_Hz": float(rates_Hz[kept[-1]]) if kept.size else float("nan"),
            "fails_from_Hz": float(rates_Hz[first_lost]) if lost.size else float("nan"),
        },
        picture=Picture(
            x="frequency_Hz",
            y=("spikes_far", "spikes_started"),
            title=f"Frequency following of {table.provenance['fibre']}",
            x_label="Frequency of the pulses (Hz)",
            y_label="Spikes",
            levels={"pulses": float(table["pulses"][0])},
        ),
    )
