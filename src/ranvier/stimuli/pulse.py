"""Rectangular pulse, the waveform of most experiments."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ranvier.stimuli._waveform import (
    PiecewiseLinear,
    Waveform,
    expect_above_zero,
    expect_from_zero,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulse(Waveform):
    """1 from `onset_ms` for `duration_ms`, else 0. Raises ValueError for impossible times."""

    onset_ms: float = 0.0
    duration_ms: float

    def __post_init__(self) -> None:
        expect_from_zero("pulse", onset_ms=self.onset_ms)
        expect_above_zero("pulse", duration_ms=self.duration_ms)

    def lower(self) -> PiecewiseLinear:
        end_ms = self.onset_ms + self.duration_ms
        return PiecewiseLinear(
            t_ms=np.array([self.onset_ms, self.onset_ms, end_ms, end_ms]),
            value=np.array([0.0, 1.0, 1.0, 0.0]),
        )
