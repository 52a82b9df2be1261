"""The corners of every waveform, and what each refuses."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from ranvier.stimuli import Biphasic, Burst, Noise, PulseTrain, Ramp, Sine, Square, Waveform


def lowered(waveform: Waveform) -> list[list[float]]:
    pieces = waveform.lower()
    return [pieces.t_ms.tolist(), pieces.value.tolist()]


def charge_ms(waveform: Waveform) -> float:
    pieces = waveform.lower()
    return float(np.trapezoid(pieces.value, pieces.t_ms))


def test_biphasic_has_eight_corners() -> None:
    both = Biphasic(onset_ms=1.0, duration_ms=0.25, gap_ms=0.5, second_duration_ms=1.0)
    assert lowered(both) == [
        [1, 1, 1.25, 1.25, 1.75, 1.75, 2.75, 2.75],
        [0, 1, 1, 0, 0, -0.25, -0.25, 0],
    ]
    assert charge_ms(both) == 0.0
    assert charge_ms(Biphasic(duration_ms=0.25)) == 0.0
    assert charge_ms(Biphasic(duration_ms=0.25, second_value=-0.5)) == 0.125


def test_train_repeats_at_its_rate() -> None:
    train = PulseTrain(onset_ms=1.0, duration_ms=0.5, frequency_Hz=500.0, count=2)
    assert lowered(train) == [
        [1, 1, 1.5, 1.5, 3, 3, 3.5, 3.5],
        [0, 1, 1, 0, 0, 1, 1, 0],
    ]


def test_train_that_fills_its_period_still_ascends() -> None:
    full = PulseTrain(onset_ms=0.1, duration_ms=1e3 / 700.0, frequency_Hz=700.0, count=20)
    assert (np.diff(full.lower().t_ms) >= 0).all()
    assert charge_ms(full) == pytest.approx(20 * 1e3 / 700.0, rel=1e-12)


def test_burst_is_a_train_of_trains() -> None:
    burst = Burst(
        onset_ms=1.0,
        duration_ms=0.5,
        frequency_Hz=1000.0,
        count=2,
        burst_frequency_Hz=100.0,
        bursts=3,
    )
    t_ms, value = lowered(burst)
    assert t_ms[::4] == [1, 2, 11, 12, 21, 22]
    assert value == 6 * [0, 1, 1, 0]


def test_sine_is_as_close_as_it_says() -> None:
    sine = Sine(onset_ms=0.5, duration_ms=2.0, frequency_Hz=1000.0, phase_deg=90.0)
    pieces = sine.lower()
    t_ms = np.linspace(0.5, 2.5, 5003)
    error = np.interp(t_ms, pieces.t_ms, pieces.value) - np.cos(2 * np.pi * (t_ms - 0.5))
    assert np.abs(error).max() <= 0.5 * (math.pi / 100) ** 2
    assert charge_ms(Sine(duration_ms=2.0, frequency_Hz=1000.0)) == pytest.approx(0.0, abs=1e-15)


def test_square_alternates_and_is_cut_at_its_end() -> None:
    square = Square(onset_ms=1.0, duration_ms=1.25, frequency_Hz=1000.0)
    assert lowered(square) == [
        [1, 1, 1.5, 1.5, 2, 2, 2.25, 2.25],
        [0, 1, 1, -1, -1, 1, 1, 0],
    ]
    assert charge_ms(Square(duration_ms=2.0, frequency_Hz=10000.0)) == pytest.approx(0.0, abs=1e-14)


def test_ramp_rises_holds_and_drops() -> None:
    ramp = Ramp(onset_ms=1.0, duration_ms=2.0, hold_ms=0.5, start_value=0.25)
    assert lowered(ramp) == [[1, 1, 3, 3.5, 3.5], [0, 0.25, 1, 1, 0]]


def test_noise_is_the_same_for_the_same_seed() -> None:
    noise = Noise(duration_ms=100.0, rng=3)
    assert lowered(noise) == lowered(Noise(duration_ms=100.0, rng=3))
    assert lowered(noise) != lowered(Noise(duration_ms=100.0, rng=4))
    levels = noise.lower().value[1:-1:2]
    assert levels.size == 10000
    assert abs(levels.mean()) < 0.05
    assert levels.std() == pytest.approx(1.0, abs=0.05)


@pytest.mark.parametrize(
    ("make", "arguments", "pattern"),
    [
        (Biphasic, {"onset_ms": -1.0}, "biphasic: onset_ms is -1.0, expected 0 or later"),
        (Biphasic, {"gap_ms": -1.0}, "biphasic: gap_ms is -1.0, expected 0 or more"),
        (Biphasic, {"second_duration_ms": 0.0}, "second_duration_ms is 0.0, expected above 0"),
        (Biphasic, {"second_value": math.nan}, "second_value is nan, expected a finite number"),
        (PulseTrain, {"frequency_Hz": 0.0, "count": 2}, "frequency_Hz is 0.0, expected above 0"),
        (
            PulseTrain,
            {"frequency_Hz": 10.0, "count": 0},
            "pulse train: count is 0, expected a whole number, 1 or more",
        ),
        (
            PulseTrain,
            {"frequency_Hz": 2000.0, "count": 2},
            r"pulse train: duration_ms is 1.0, expected at most the 0.5 ms from pulse to pulse",
        ),
        (
            Burst,
            {"frequency_Hz": 500.0, "count": 2, "burst_frequency_Hz": 500.0, "bursts": 2},
            "burst: a train lasts 3 ms, expected at most the 2 ms from train to train",
        ),
        (
            Sine,
            {"frequency_Hz": 1.0, "points_per_cycle": 4},
            "sine: points_per_cycle is 4, expected 8 or more",
        ),
        (Square, {"frequency_Hz": math.inf}, "square: frequency_Hz is inf, expected above 0"),
        (Ramp, {"start_value": math.inf}, "ramp: start_value is inf, expected a finite number"),
        (Noise, {"rng": np.random.default_rng(0)}, r"noise: rng is Generator.*, expected a seed"),
        (Noise, {"rng": -1}, "noise: rng is -1, expected a seed, a whole number from 0 up"),
    ],
)
def test_impossible_waveforms_are_refused(
    make: Any, arguments: dict[str, Any], pattern: str
) -> None:
    with pytest.raises(ValueError, match=pattern):
        make(duration_ms=1.0, **arguments)
