"""Sinusoidal currents: input and transfer impedance of a finite cylinder."""

from __future__ import annotations

import numpy as np
import pytest

import ranvier as rv
import tolerances
from physics.cables import Cylinder, E_LEAK_mV, extrapolated

CYLINDER = Cylinder(length_um=300.0, r_m_ohm_cm2=2e3)  # 2 ms, 0.95 length constants
COMPARTMENTS = 401


def transfer_Mohm(frequency_Hz: float, dt_ms: float) -> np.ndarray:
    """Complex, from a sine into the first compartment to the first and to the last."""
    period_ms = 1e3 / frequency_Hz
    steps = round(period_ms / dt_ms)
    # Whole periods, until what the start left is below rounding of the answer.
    periods = 1 + int(np.ceil(25 * CYLINDER.tau_ms / period_ms))
    t_ms = dt_ms * np.arange(periods * steps + 1)
    phase = 2j * np.pi * frequency_Hz * 1e-3 * t_ms
    sine = rv.stimuli.Samples(t_ms=t_ms, value=np.exp(phase).imag)
    result = rv.simulate(
        CYLINDER.discretised(COMPARTMENTS),
        rv.stimuli.CurrentClamp(waveform=sine, at=0, amplitude_nA=1.0),
        rv.Probe("v_mV", [0, COMPARTMENTS - 1]),
        t_stop_ms=float(t_ms[-1]),
        method=rv.Method("backward_euler", dt_ms=dt_ms),
        v_init_mV=E_LEAK_mV,
        detect=(),
    )
    last_period = slice(-steps, None)
    v_mV = result["v_mV"].values[last_period] - E_LEAK_mV
    # v = Im(Z exp(i w t)): its product with exp(-i w t) averages to Z / 2i.
    return 2j * np.mean(v_mV * np.exp(-phase[last_period, None]), axis=0)


@pytest.mark.parametrize("frequency_Hz", [10.0, 100.0, 1000.0])
def test_impedance_of_a_sealed_cylinder(frequency_Hz: float) -> None:
    omega_tau = 2e-3 * np.pi * frequency_Hz * CYLINDER.tau_ms
    q = np.sqrt(1 + 1j * omega_tau)
    length = CYLINDER.electrotonic_length
    x = np.array([0.5, COMPARTMENTS - 0.5]) / COMPARTMENTS * length
    exact_Mohm = CYLINDER.r_infinite_Mohm / q * np.cosh(q * (length - x)) / np.sinh(q * length)

    dt_ms = 1e3 / frequency_Hz / 400
    found_Mohm = extrapolated(lambda dt: transfer_Mohm(frequency_Hz, dt), dt_ms, levels=3)
    error = np.abs(found_Mohm / exact_Mohm - 1)
    assert (error <= tolerances.IMPEDANCE_RELATIVE).all(), error
