"""Anode break: a spike at the end of a current that made the inside more negative."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ranvier.errors import ModelError
from ranvier.methods import Method
from ranvier.places import Place
from ranvier.run import discretised, simulate
from ranvier.stimuli import CurrentClamp, Pulse
from ranvier.studies.activation import Activation
from ranvier.studies.collect import Add, collect, with_summary
from ranvier.studies.table import Picture, StudyTable
from ranvier.studies.threshold import find_thresholds
from ranvier.studies.threshold_result import ThresholdStatus

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from ranvier.fibers import Fiber
    from ranvier.studies.threshold_result import Threshold

#: Where the latency is measured, above the threshold by so much.
_ABOVE = 1.02
#: A rebound is slow: so many times what a fibre says that its spike needs.
_PATIENCE = 4.0
#: Where searches begin, as a share of the stimulus that the fibre comes with.
_BEGIN = 0.01


def anode_break(
    fibre: Fiber,
    durations_ms: ArrayLike = (2.0, 5.0, 10.0, 20.0, 50.0),
    *,
    at: Place = None,
    activation: Activation | None = None,
    rtol: float = 1e-3,
    most: float = 300.0,
    wait_ms: float | None = None,
    method: Method | None = None,
    threads: int | None = None,
    journal: str | os.PathLike[str] | None = None,
    progress: Callable[[float], None] | None = None,
) -> StudyTable:
    """The weakest hyperpolarising pulse of each duration after which the fibre fires.

    Current is drawn out of the axoplasm at `at`, by default where the fibre's own stimulus acts,
    until the run has a spike (`activation`, by default one that has propagated) within `wait_ms` of
    the end of the pulse, by default four times as long as the fibre says that a spike needs, since
    it begins late. `threshold_nA` is negative; `latency_ms` is from the end of the pulse to the
    first crossing where the spike is watched, at 1.02 times the threshold. The status is that of
    the search: "no_response" where no current up to `most` times the one that it began with, 1 % of
    the fibre's own stimulus, is enough. Raises ModelError for a duration that is not above 0.
    """
    durations = np.asarray(durations_ms, dtype=np.float64)
    if (
        durations.ndim != 1
        or not durations.size
        or not (np.isfinite(durations) & (durations > 0)).all()
    ):
        raise ModelError("durations_ms: one is not finite or not above 0, expected durations")
    method = method or Method()
    criterion = activation or Activation()
    waits_ms = _PATIENCE * fibre.t_stop_ms if wait_ms is None else wait_ms
    stimuli = [
        CurrentClamp(
            waveform=Pulse(onset_ms=0.0, duration_ms=float(duration)),
            at=fibre.stimulus_site if at is None else at,
            amplitude_nA=-_BEGIN * abs(fibre.stimulus.amplitude_nA),
        )
        for duration in durations
    ]

    def work(rows: Sequence[int], add: Add) -> None:
        for number, k in enumerate(rows, start=1):
            stop_ms = float(durations[k]) + waits_ms
            (found,) = find_thresholds(
                [fibre],
                [stimuli[k]],
                activation=criterion,
                rtol=rtol,
                most=most,
                t_stop_ms=stop_ms,
                method=method,
                threads=threads,
            )
            latency_ms = math.nan
            if found.status is ThresholdStatus.FOUND:
                strong = stimuli[k].scaled(_ABOVE * found.amplitude / stimuli[k].amplitude_nA)
                latency_ms = _latency_ms(fibre, strong, criterion, stop_ms, method, threads)
            add(k, _row(found, latency_ms))
            if progress is not None:
                progress(number / len(rows))

    def finish(table: StudyTable) -> StudyTable:
        there = np.isfinite(table["threshold_nA"])
        weakest = float(table["threshold_nA"][there].max()) if there.any() else math.nan
        return with_summary(
            table,
            summary={"weakest_nA": weakest},
            picture=Picture(
                x="duration_ms",
                y=("threshold_nA",),
                title=f"anode break, {fibre.model.name}",
            ),
        )

    return collect(
        "anode_break",
        given={"duration_ms": durations},
        found={"threshold_nA": math.nan, "latency_ms": math.nan, "runs": 0},
        work=work,
        finish=finish,
        journal=journal,
        asked=[fibre, at, criterion, rtol, most, waits_ms, method],
        provenance={
            "fibre": fibre.name,
            "citation": fibre.citation,
            "method": method.name,
            "method_parameters": dict(method.parameters),
        },
    )


def _latency_ms(
    fibre: Fiber,
    stimulus: CurrentClamp,
    criterion: Activation,
    stop_ms: float,
    method: Method,
    threads: int | None,
) -> float:
    compartments = criterion.compartments(fibre, discretised(fibre, None))
    result = simulate(
        fibre,
        stimulus,
        t_stop_ms=stop_ms,
        method=method,
        detect=criterion.detector(compartments),
        threads=threads,
    )
    t_ms = result.crossings[0].t_ms
    return float(t_ms[0]) - stimulus.end_ms if t_ms.size else math.nan


def _row(found: Threshold, latency_ms: float) -> dict[str, Any]:
    return {
        "threshold_nA": found.amplitude,
        "latency_ms": latency_ms,
        "runs": found.runs,
        "status": str(found.status),
        "message": found.message,
    }
