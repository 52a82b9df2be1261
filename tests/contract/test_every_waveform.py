"""What holds for every waveform: its pieces ascend, and steps carry its exact charge."""

from __future__ import annotations

import dataclasses
import pickle
from typing import Any

import numpy as np
import pytest

import ranvier as rv
import tolerances
from ranvier.stimuli import Waveform, waveforms


def example(cls: type[Waveform]) -> Waveform:
    """With something in every field that has no default: times from 0.13 ms, values near 1, and
    frequencies of which each is a tenth of the one before."""
    given: dict[str, Any] = {}
    frequency_Hz = 900.0
    for field in dataclasses.fields(cls):
        if field.default is not dataclasses.MISSING:
            continue
        is_time = field.name.endswith("_ms")
        if "Sequence" in str(field.type):
            given[field.name] = [0.13, 0.3, 0.3, 0.77] if is_time else [0.0, 1.0, -0.4, 0.6]
        elif field.name.endswith("_Hz"):
            given[field.name], frequency_Hz = frequency_Hz, frequency_Hz / 10
        elif field.type == "int":
            given[field.name] = 2
        else:
            given[field.name] = 0.377 if is_time else 0.9
    return cls(**given)


@pytest.fixture(params=waveforms().items(), ids=lambda item: item[0])
def waveform(request: pytest.FixtureRequest) -> Waveform:
    return example(request.param[1])


def test_registry_finds_them() -> None:
    assert {"biphasic", "burst", "noise", "pulse", "pulse_train"} <= set(waveforms())
    assert {"ramp", "samples", "sine", "square"} <= set(waveforms())


def test_lowers_to_ascending_pieces(waveform: Waveform) -> None:
    pieces = waveform.lower()
    assert pieces.t_ms.shape == pieces.value.shape
    assert pieces.t_ms.size >= 2
    assert (np.diff(pieces.t_ms) >= 0).all()
    assert np.isfinite([pieces.t_ms, pieces.value]).all()
    assert pieces.value.any()
    assert waveform.end_ms == pieces.t_ms[-1]


def test_is_a_value(waveform: Waveform) -> None:
    assert pickle.loads(pickle.dumps(waveform)) == waveform
    field = dataclasses.fields(waveform)[0].name
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(waveform, field, 1.0)


def integral(pieces: rv.stimuli.PiecewiseLinear, to_ms: float) -> float:
    """Of the straight pieces, from 0, by trapezia."""
    total = 0.0
    for k in range(pieces.t_ms.size - 1):
        t0, t1 = pieces.t_ms[k : k + 2]
        v0, v1 = pieces.value[k : k + 2]
        if t0 < min(t1, to_ms):
            end = min(t1, to_ms)
            at_end = v0 + (v1 - v0) * (end - t0) / (t1 - t0)
            total += 0.5 * (v0 + at_end) * (end - t0)
    return total


@pytest.mark.parametrize("dt_ms", [0.01, 0.07, 0.33, 1.5])
def test_every_step_carries_the_exact_charge(waveform: Waveform, dt_ms: float) -> None:
    """A cell without channels is an integrator; edges fall inside steps."""
    cell = rv.Section("cell", length_um=10.0, diameter_um=10.0)
    d = rv.discretise(rv.Model(sections=[cell]), rv.FixedCount())
    result = rv.simulate(
        d,
        rv.stimuli.CurrentClamp(waveform=waveform, at="cell", amplitude_nA=0.25),
        rv.Probe("v_mV"),
        t_stop_ms=1.5,
        method=rv.Method("backward_euler", dt_ms=dt_ms),
        v_init_mV=0.0,
        detect=(),
    )
    charge_pC = d.capacitance_nF[0] * result["v_mV"].values[:, 0]
    pieces = waveform.lower()
    expected_pC = [0.25 * integral(pieces, t_ms) for t_ms in result["v_mV"].t_ms]
    np.testing.assert_allclose(charge_pC, expected_pC, rtol=0, atol=tolerances.CHARGE_pC)
