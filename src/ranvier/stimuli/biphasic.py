"""Two phases of opposite sign, the waveform of most implanted stimulators."""

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
class Biphasic(Waveform):
    """1 for `duration_ms`, 0 for `gap_ms`, then `second_value` for `second_duration_ms`.

    The second phase is as long as the first if not said otherwise, and as high as leaves no charge
    behind. Raises ValueError for impossible times and for a value that is not finite.
    """

    onset_ms: float = 0.0
    duration_ms: float
    gap_ms: float = 0.0
    second_duration_ms: float | None = None
    second_value: float | None = None

    def __post_init__(self) -> None:
        expect_from_zero("biphasic", onset_ms=self.onset_ms, gap_ms=self.gap_ms)
        expect_above_zero("biphasic", duration_ms=self.duration_ms)
        if self.second_duration_ms is not None:
            expect_above_zero("biphasic", second_duration_ms=self.second_duration_ms)
        if self.second_value is not None:
            expect_finite("biphasic", second_value=self.second_value)

    def lower(self) -> PiecewiseLinear:
        second_ms = self.second_duration_ms or self.duration_ms
        balanced = -self.duration_ms / second_ms
        value = balanced if self.second_value is None else self.second_value
        lengths_ms = [0.0, self.duration_ms, self.gap_ms, second_ms]
        return PiecewiseLinear(
            t_ms=np.repeat(self.onset_ms + np.cumsum(lengths_ms), 2),
            value=np.array([0.0, 1.0, 1.0, 0.0, 0.0, value, value, 0.0]),
        )
