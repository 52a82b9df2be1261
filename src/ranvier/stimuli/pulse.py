"""Rectangular pulse, the waveform of most experiments."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ranvier.stimuli._waveform import PiecewiseLinear, Waveform


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulse(Waveform):
    """1 from `onset_ms` for `duration_ms`, else 0. Raises ValueError for impossible times."""

    onset_ms: float = 0.0
    duration_ms: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.onset_ms) and self.onset_ms >= 0):
            raise ValueError(f"pulse: onset_ms is {self.onset_ms}, expected 0 or later")
        if not (math.isfinite(self.duration_ms) and self.duration_ms > 0):
            raise ValueError(f"pulse: duration_ms is {self.duration_ms}, expected above 0")

    def lower(self) -> PiecewiseLinear:
        end_ms = self.onset_ms + self.duration_ms
        return PiecewiseLinear(
            t_ms=np.array([self.onset_ms, self.onset_ms, end_ms, end_ms]),
            value=np.array([0.0, 1.0, 1.0, 0.0]),
        )
