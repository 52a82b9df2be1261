"""How excitable a fibre is during and after currents that do not fire it."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np

from ranvier.errors import ModelError
from ranvier.studies.activation import Activation
from ranvier.studies.collect import Add, collect
from ranvier.studies.recovery_cycle import delayed
from ranvier.studies.strength_duration import with_duration
from ranvier.studies.table import Picture, StudyTable
from ranvier.studies.threshold import find_threshold
from ranvier.studies.threshold_result import Threshold, ThresholdStatus
from ranvier.studies.threshold_rows import (
    SearchOptions,
    asked_of,
    columns_of,
    find_rows,
    provenance_of_search,
    row_of,
    t_stop_ms,
)

if TYPE_CHECKING:
    from ranvier.batch import Target
    from ranvier.stimuli import CurrentClamp, Extracellular

#: From the beginning of a conditioning current of 100 ms to the end of what it leaves.
DELAYS_ms = (
    *(1.0, 2.0, 5.0, 10.0, 20.0, 40.0, 60.0, 80.0, 98.0),
    *(101.0, 105.0, 110.0, 120.0, 140.0, 160.0, 200.0),
)
#: Parts of the threshold of the test pulse: depolarising above 0.
FRACTIONS = (0.4, -0.4)
CONDITIONING_ms = 100.0
#: Side by side: runs are long, and rows that are done are kept.
_GROUP = 8


def threshold_electrotonus(
    target: Target,
    stimulus: CurrentClamp | Extracellular,
    delays_ms: Sequence[float] = DELAYS_ms,
    *,
    fractions: Sequence[float] = FRACTIONS,
    conditioning_ms: float = CONDITIONING_ms,
    journal: str | os.PathLike[str] | None = None,
    progress: Callable[[float], None] | None = None,
    **search: Unpack[SearchOptions],
) -> StudyTable:
    """The threshold of a test pulse by its delay from the onset of a subthreshold current.

    `stimulus` is the test pulse, in practice of 1 ms. The conditioning current has the same
    electrode, lasts `conditioning_ms` and is each of `fractions` of the threshold of the test pulse
    at rest. "reduction_percent" is by how much it lowers the threshold, as clinics draw it: above 0
    under depolarising currents. A row is a fraction with a delay; one in which the conditioning
    current fires the fibre by itself is "always". The summary has the threshold at rest. Raises
    ModelError for numbers that do not do and where the pulse alone has no threshold.
    """
    numbers = [*delays_ms, *fractions, conditioning_ms]
    if not len(delays_ms) or not len(fractions) or not np.isfinite(numbers).all():
        raise ModelError(
            "threshold electrotonus: delays_ms and fractions are empty or not finite, expected "
            "some numbers"
        )
    if min(*delays_ms, conditioning_ms) <= 0:
        raise ModelError(
            "threshold electrotonus: a delay or conditioning_ms is not above 0, expected times "
            "after the onset of the current"
        )
    unit = stimulus.unit
    options: dict[str, Any] = dict(search)
    wait_ms = options.pop("wait_ms", None)
    error = options.get("error", False)
    activation = options.pop("activation", None) or Activation()
    alone = find_threshold(
        target,
        stimulus,
        activation=activation,
        t_stop_ms=t_stop_ms(target, [stimulus], wait_ms, "threshold electrotonus"),
        **options | {"error": False},
    )
    if alone.status is not ThresholdStatus.FOUND:
        raise ModelError(
            f"threshold electrotonus: the pulse alone has {alone}, expected a threshold at rest"
        )
    at_rest = alone.amplitude
    test = stimulus.scaled(alone.factor)
    fraction = np.repeat(np.asarray(fractions, dtype=np.float64), len(delays_ms))
    delay_ms = np.tile(np.asarray(delays_ms, dtype=np.float64), len(fractions))
    tests = [[delayed(test, float(each))] for each in delay_ms]
    current = with_duration(test, conditioning_ms)
    background = [(current.scaled(float(each)),) for each in fraction]

    def make_row(_: int, found: Threshold) -> dict[str, Any]:
        return row_of(found, error=error) | {
            "reduction_percent": 100.0 * (1.0 - found.amplitude / at_rest)
        }

    def work(rows: Sequence[int], add: Add) -> None:
        find_rows(
            rows,
            add,
            [target] * len(tests),
            tests,
            background=background,
            t_stops_ms=[t_stop_ms(target, each, wait_ms) for each in tests],
            make_row=make_row,
            group=_GROUP,
            progress=progress,
            activation=activation,
            **options,
        )

    return collect(
        "threshold_electrotonus",
        given={"conditioning_percent": 100.0 * fraction, "delay_ms": delay_ms},
        found=columns_of(unit, error=error) | {"reduction_percent": math.nan},
        work=work,
        asked=asked_of([target], [tests, background, activation, wait_ms], options),
        journal=journal,
        finish=lambda table: replace(
            table,
            summary={f"threshold_at_rest_{unit}": at_rest},
            picture=Picture(
                x="delay_ms",
                y=("reduction_percent",),
                by="conditioning_percent",
                title=f"Threshold electrotonus of {table.provenance['fibre']}",
                x_label="Delay from the onset of the current (ms)",
                y_label="Threshold reduction (%)",
                levels={"": 0.0},
            ),
        ),
        provenance=provenance_of_search(target, options, conditioning_ms=conditioning_ms),
    )
