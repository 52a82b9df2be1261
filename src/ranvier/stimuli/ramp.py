"""A rise at a steady rate, which measures accommodation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ranvier.stimuli._waveform import (
    PiecewiseLinear,
    Waveform,
    expect_above_zero,
    expect_finite,
    expect_from_zero,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ramp(Waveform):
    """A straight line from `start_value` to 1 within `duration_ms`, 1 for `hold_ms`, then 0.

    Raises ValueError for impossible times and for a start that is not finite.
    """

    onset_ms: float = 0.0
    duration_ms: float
    hold_ms: float = 0.0
    start_value: float = 0.0

    def __post_init__(self) -> None:
        expect_from_zero("ramp", onset_ms=self.onset_ms, hold_ms=self.hold_ms)
        expect_above_zero("ramp", duration_ms=self.duration_ms)
        expect_finite("ramp", start_value=self.start_value)

    def lower(self) -> PiecewiseLinear:
        top_ms = self.onset_ms + self.duration_ms
        end_ms = top_ms + self.hold_ms
        return PiecewiseLinear(
            t_ms=np.array([self.onset_ms, self.onset_ms, top_ms, end_ms, end_ms]),
            value=np.array([0.0, self.start_value, 1.0, 1.0, 0.0]),
        )
