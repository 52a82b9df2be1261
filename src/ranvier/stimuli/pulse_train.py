"""Rectangular pulses at a steady rate."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ranvier.stimuli._waveform import (
    PiecewiseLinear,
    Waveform,
    expect_above_zero,
    expect_count,
    expect_from_zero,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PulseTrain(Waveform):
    """`count` pulses of 1, each `duration_ms` long, `frequency_Hz` of them in a second.

    Raises ValueError for impossible times, and for pulses that would overlap.
    """

    onset_ms: float = 0.0
    duration_ms: float
    frequency_Hz: float
    count: int

    def __post_init__(self) -> None:
        expect_from_zero("pulse train", onset_ms=self.onset_ms)
        expect_above_zero(
            "pulse train", duration_ms=self.duration_ms, frequency_Hz=self.frequency_Hz
        )
        expect_count("pulse train", count=self.count)
        if self.count > 1 and self.duration_ms > 1e3 / self.frequency_Hz:
            raise ValueError(
                f"pulse train: duration_ms is {self.duration_ms}, expected at most the "
                f"{1e3 / self.frequency_Hz:g} ms from pulse to pulse"
            )

    def lower(self) -> PiecewiseLinear:
        starts_ms = self.onset_ms + np.arange(self.count) * 1e3 / self.frequency_Hz
        # The end of a pulse that fills its period is where the next begins, also in rounding.
        ends_ms = np.minimum(starts_ms + self.duration_ms, np.append(starts_ms[1:], np.inf))
        edges_ms = np.stack([starts_ms, starts_ms, ends_ms, ends_ms], axis=1)
        return PiecewiseLinear(
            t_ms=edges_ms.ravel(), value=np.tile([0.0, 1.0, 1.0, 0.0], int(self.count))
        )
