"""Trains of pulses that come again and again."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ranvier.stimuli._waveform import (
    PiecewiseLinear,
    Waveform,
    expect_above_zero,
    expect_count,
)
from ranvier.stimuli.pulse_train import PulseTrain


@dataclass(frozen=True, slots=True, kw_only=True)
class Burst(Waveform):
    """`bursts` trains of `count` pulses of 1, `burst_frequency_Hz` of the trains in a second.

    Within a train the pulses are `duration_ms` long, `frequency_Hz` of them in a second. Raises
    ValueError for impossible times, and for pulses or trains that would overlap.
    """

    onset_ms: float = 0.0
    duration_ms: float
    frequency_Hz: float
    count: int
    burst_frequency_Hz: float
    bursts: int

    def __post_init__(self) -> None:
        expect_above_zero("burst", burst_frequency_Hz=self.burst_frequency_Hz)
        expect_count("burst", bursts=self.bursts)
        length_ms = self._train.end_ms - self.onset_ms
        if self.bursts > 1 and length_ms > 1e3 / self.burst_frequency_Hz:
            raise ValueError(
                f"burst: a train lasts {length_ms:g} ms, expected at most the "
                f"{1e3 / self.burst_frequency_Hz:g} ms from train to train"
            )

    @property
    def _train(self) -> PulseTrain:
        return PulseTrain(
            onset_ms=self.onset_ms,
            duration_ms=self.duration_ms,
            frequency_Hz=self.frequency_Hz,
            count=self.count,
        )

    def lower(self) -> PiecewiseLinear:
        train = self._train.lower()
        starts_ms = np.arange(self.bursts) * 1e3 / self.burst_frequency_Hz
        t_ms = (starts_ms[:, None] + train.t_ms).ravel()
        return PiecewiseLinear(
            # A train that fills its period ends where the next begins, also in rounding.
            t_ms=np.maximum.accumulate(t_ms),
            value=np.tile(train.value, int(self.bursts)),
        )
