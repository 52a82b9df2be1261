"""What the time step leaves of a threshold: the same search at finer steps, and where it goes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ranvier.convergence import (
    FINER,
    FINER_ADAPTIVE,
    ORDER_IN_TOLERANCE,
    ORDER_TOLERANCE_ADAPTIVE,
)
from ranvier.methods import Method
from ranvier.richardson import ORDER_TOLERANCE, extrapolate
from ranvier.studies.threshold import find_thresholds
from ranvier.studies.threshold_result import Threshold, ThresholdStatus

if TYPE_CHECKING:
    from ranvier.batch import Target
    from ranvier.stimuli import Stimulus

#: How closely thresholds are found that are compared with each other, and the noise of those.
_RTOL = 1e-5


def with_errors(
    found: Sequence[Threshold],
    targets: Sequence[Target],
    stimuli: Sequence[tuple[Stimulus, ...]],
    *,
    background: Sequence[tuple[Stimulus, ...]],
    t_stop_ms: Sequence[float],
    method: Method | None,
    **search: Any,
) -> list[Threshold]:
    """The same rows with `limit` and `error`, from steps 1, 2 and 4 times finer, or of a method
    that chooses its steps from tolerances 1, 4 and 16 times finer.

    The bar is that of `richardson.extrapolate` and the width of a bracket. Where the thresholds do
    not behave as the order of the method demands, the message says so and the bar is a wide one.
    The rest is as in `find_thresholds`.
    """
    rows = [k for k, row in enumerate(found) if row.status is ThresholdStatus.FOUND]
    if not rows:
        return list(found)
    first = method or Method()
    finer = FINER_ADAPTIVE if first.is_adaptive else FINER
    ladder = [
        find_thresholds(
            [targets[k] for k in rows],
            [[each.scaled(found[k].factor) for each in stimuli[k]] for k in rows],
            background=[background[k] for k in rows],
            t_stop_ms=[t_stop_ms[k] for k in rows],
            rtol=_RTOL,
            method=first.finer(factor),
            **search,
        )
        for factor in finer
    ]
    results = list(found)
    for place, k in enumerate(rows):
        rungs = [rung[place] for rung in ladder]
        runs = found[k].runs + sum(each.runs for each in rungs)
        lost = [each for each in rungs if each.status is not ThresholdStatus.FOUND]
        if lost:
            message = f"no error bar: {lost[0].status} at a finer step"
            results[k] = replace(found[k], runs=runs, message=message)
            continue
        noise = _RTOL * abs(rungs[-1].amplitude)
        limit = extrapolate(
            [each.amplitude for each in rungs],
            finer,
            expected_order=ORDER_IN_TOLERANCE if first.is_adaptive else first.order,
            noise=noise,
            order_tolerance=ORDER_TOLERANCE_ADAPTIVE if first.is_adaptive else ORDER_TOLERANCE,
        )
        message = limit.problem and f"not converged in time: {limit.problem}"
        results[k] = replace(
            found[k], runs=runs, limit=limit.limit, error=limit.error + noise, message=message
        )
    return results
