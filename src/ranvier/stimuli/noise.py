"""Noise that is the same for the same seed."""

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
class Noise(Waveform):
    """Independent normal numbers, mean 0 and deviation 1, each held for `interval_ms`.

    Its power is spread evenly up to about 1 / (2 interval). `rng` is a seed, so that the waveform
    stays a value: the same seed is the same noise. Raises ValueError for impossible times and for
    a seed that is no whole number from 0 up.
    """

    onset_ms: float = 0.0
    duration_ms: float
    interval_ms: float = 0.01
    rng: int = 0

    def __post_init__(self) -> None:
        expect_from_zero("noise", onset_ms=self.onset_ms)
        expect_above_zero("noise", duration_ms=self.duration_ms, interval_ms=self.interval_ms)
        seed: object = self.rng
        if not isinstance(seed, int | np.integer) or seed < 0:
            raise ValueError(f"noise: rng is {seed!r}, expected a seed, a whole number from 0 up")

    def lower(self) -> PiecewiseLinear:
        count = max(1, int(np.ceil(self.duration_ms / self.interval_ms - 1e-9)))
        edges_ms = np.minimum(self.interval_ms * np.arange(count + 1), self.duration_ms)
        edges_ms[-1] = self.duration_ms
        levels = np.random.default_rng(self.rng).standard_normal(count)
        return PiecewiseLinear(
            t_ms=self.onset_ms + np.repeat(edges_ms, 2),
            value=np.concatenate([[0.0], np.repeat(levels, 2), [0.0]]),
        )
