"""Waveforms and what applies them."""

from __future__ import annotations

import math
import pickle
from typing import Any

import numpy as np
import pytest

import ranvier as rv
from ranvier.stimuli import CurrentClamp, Pulse, Samples


def lowered(waveform: rv.stimuli.Waveform) -> list[list[float]]:
    pieces = waveform.lower()
    return [pieces.t_ms.tolist(), pieces.value.tolist()]


def test_pulse_is_two_jumps() -> None:
    assert lowered(Pulse(onset_ms=1.0, duration_ms=0.5)) == [[1, 1, 1.5, 1.5], [0, 1, 1, 0]]
    assert Pulse(duration_ms=0.5).onset_ms == 0.0
    assert Pulse(onset_ms=1.0, duration_ms=0.5).end_ms == 1.5


def test_samples_are_straight_lines_as_given() -> None:
    given = Samples(t_ms=[0.0, 1.0, 1.0, 3.0], value=[0.0, 2.0, -1.0, 0.5])
    assert lowered(given) == [[0, 1, 1, 3], [0, 2, -1, 0.5]]
    assert given.end_ms == 3.0


def test_samples_copy_on_lowering() -> None:
    t_ms, value = np.array([0.0, 1.0]), np.array([1.0, 1.0])
    Samples(t_ms=t_ms, value=value).lower().value[:] = 9.0
    assert value.tolist() == [1.0, 1.0]


@pytest.mark.parametrize("onset_ms", [-0.1, math.nan, math.inf])
def test_pulse_refuses_an_impossible_onset(onset_ms: float) -> None:
    with pytest.raises(ValueError, match=rf"pulse: onset_ms is {onset_ms}, expected 0 or later"):
        Pulse(onset_ms=onset_ms, duration_ms=1.0)


@pytest.mark.parametrize("duration_ms", [0.0, -0.1, math.nan, math.inf])
def test_pulse_refuses_an_impossible_duration(duration_ms: float) -> None:
    with pytest.raises(ValueError, match=rf"duration_ms is {duration_ms}, expected above 0"):
        Pulse(duration_ms=duration_ms)


@pytest.mark.parametrize(
    ("t_ms", "value", "pattern"),
    [
        (
            [0.0, 1.0],
            [1.0],
            r"t_ms has shape \(2,\) and value \(1,\), expected as many of both, 2 or",
        ),
        ([0.0], [1.0], r"shape \(1,\) and value \(1,\), expected as many of both, 2 or more"),
        (
            [[0.0, 1.0]],
            [[1.0, 1.0]],
            r"shape \(1, 2\) and value \(1, 2\), expected as many of both",
        ),
        (
            [0.0, math.nan],
            [1.0, 1.0],
            "samples: a point is NaN or infinite, expected finite numbers",
        ),
        (
            [0.0, 1.0],
            [1.0, math.inf],
            "samples: a point is NaN or infinite, expected finite numbers",
        ),
        ([1.0, 0.5], [1.0, 1.0], "t_ms falls or is negative, expected ascending from 0"),
        ([-1.0, 0.5], [1.0, 1.0], "t_ms falls or is negative, expected ascending from 0"),
    ],
)
def test_samples_refuse_what_is_no_time_course(t_ms: Any, value: Any, pattern: str) -> None:
    with pytest.raises(ValueError, match=pattern):
        Samples(t_ms=t_ms, value=value)


@pytest.mark.parametrize("amplitude_nA", [math.nan, math.inf])
def test_clamp_refuses_an_infinite_current(amplitude_nA: float) -> None:
    with pytest.raises(
        ValueError, match=r"current clamp: amplitude_nA is \w+, expected a finite num"
    ):
        CurrentClamp(waveform=Pulse(duration_ms=1.0), at=0, amplitude_nA=amplitude_nA)


def integrators(count: int = 3) -> rv.Discretisation:
    """Compartments that store charge, leak none and hardly share any."""
    axon = rv.Section("axon", length_um=30.0, diameter_um=10.0, r_a_ohm_cm=1e18)
    return rv.discretise(rv.Model(sections=[axon]), rv.FixedCount(count))


def charge_pC(*stimuli: CurrentClamp, t_stop_ms: float = 2.0) -> np.ndarray:
    d = integrators()
    result = rv.simulate(
        d, stimuli, rv.Probe(every_ms=t_stop_ms), t_stop_ms=t_stop_ms, v_init_mV=0.0, detect=()
    )
    return d.capacitance_nF * result["v_mV"].values[-1]


def test_clamp_acts_where_it_is_placed_with_its_whole_amplitude() -> None:
    pulse = Pulse(onset_ms=0.3, duration_ms=0.5)
    at_one = CurrentClamp(waveform=pulse, at=("axon", 0.5), amplitude_nA=2.0)
    np.testing.assert_allclose(charge_pC(at_one), [0.0, 1.0, 0.0], atol=1e-9)
    at_two = CurrentClamp(waveform=pulse, at=[0, 2], amplitude_nA=-2.0)
    np.testing.assert_allclose(charge_pC(at_two), [-1.0, 0.0, -1.0], atol=1e-9)


def test_clamps_add_up() -> None:
    pulse, ramp = Pulse(duration_ms=1.0), Samples(t_ms=[0.0, 1.0], value=[0.0, 1.0])
    both = [
        CurrentClamp(waveform=pulse, at=0, amplitude_nA=1.0),
        CurrentClamp(waveform=ramp, at=[0, 1], amplitude_nA=4.0),
    ]
    np.testing.assert_allclose(charge_pC(*both), [3.0, 2.0, 0.0], atol=1e-9)


@pytest.mark.parametrize("onset_ms", [0.3, 0.3012, 0.30499999])
@pytest.mark.parametrize("duration_ms", [1e-5, 0.0031, 0.5003])
def test_edges_inside_a_step_carry_the_exact_charge(onset_ms: float, duration_ms: float) -> None:
    pulse = Pulse(onset_ms=onset_ms, duration_ms=duration_ms)
    clamp = CurrentClamp(waveform=pulse, at=0, amplitude_nA=3.0)
    assert charge_pC(clamp)[0] == pytest.approx(3.0 * duration_ms, rel=1e-9)


def test_a_waveform_ends_when_it_ends() -> None:
    """Zero after the last point, whatever the value there."""
    held = Samples(t_ms=[0.5, 1.0], value=[2.0, 2.0])
    clamp = CurrentClamp(waveform=held, at=0, amplitude_nA=1.0)
    assert charge_pC(clamp, t_stop_ms=10.0)[0] == pytest.approx(1.0, rel=1e-9)


def test_stimuli_are_values() -> None:
    clamp = CurrentClamp(waveform=Pulse(duration_ms=1.0), at=("axon", 0.5), amplitude_nA=2.0)
    assert pickle.loads(pickle.dumps(clamp)) == clamp
    assert clamp != CurrentClamp(waveform=Pulse(duration_ms=2.0), at=clamp.at, amplitude_nA=2.0)


def test_a_clamp_at_a_place_that_does_not_exist_is_told() -> None:
    clamp = CurrentClamp(waveform=Pulse(duration_ms=1.0), at="soma", amplitude_nA=2.0)
    with pytest.raises(rv.ModelError, match="place 'soma': is no section and no region"):
        rv.simulate(integrators(), clamp, t_stop_ms=1.0, v_init_mV=0.0)


def test_one_stimulus_needs_no_list() -> None:
    clamp = CurrentClamp(waveform=Pulse(duration_ms=1.0), at=0, amplitude_nA=1.0)
    probe = rv.Probe("v_mV", 0)
    one, listed = (
        rv.simulate(integrators(), given, probe, t_stop_ms=1.0, v_init_mV=0.0)
        for given in (clamp, [clamp])
    )
    np.testing.assert_array_equal(one["v_mV"].values, listed["v_mV"].values)
