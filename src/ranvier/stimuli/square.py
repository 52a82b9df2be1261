"""The alternating rectangles of kilohertz block."""

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
class Square(Waveform):
    """1 and -1 in turn, `frequency_Hz` pairs in a second, from `onset_ms` for `duration_ms`.

    Begins with 1; the last half cycle is cut where the duration ends. Raises ValueError for
    impossible times.
    """

    onset_ms: float = 0.0
    duration_ms: float
    frequency_Hz: float

    def __post_init__(self) -> None:
        expect_from_zero("square", onset_ms=self.onset_ms)
        expect_above_zero("square", duration_ms=self.duration_ms, frequency_Hz=self.frequency_Hz)

    def lower(self) -> PiecewiseLinear:
        half_ms = 500.0 / self.frequency_Hz
        halves = max(1, int(np.ceil(self.duration_ms / half_ms - 1e-9)))
        edges_ms = np.minimum(half_ms * np.arange(halves + 1), self.duration_ms)
        edges_ms[-1] = self.duration_ms
        levels = 1.0 - 2.0 * (np.arange(halves) % 2)
        return PiecewiseLinear(
            t_ms=self.onset_ms + np.repeat(edges_ms, 2),
            value=np.concatenate([[0.0], np.repeat(levels, 2), [0.0]]),
        )
