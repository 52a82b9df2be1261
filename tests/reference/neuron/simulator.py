"""The few NEURON calls that every script shares: mechanisms, fixed-step runs, crossing times."""

from __future__ import annotations

import argparse

import neuron
import numpy as np
from neuron import h


def load_mechanisms(description: str) -> None:
    """Reads --mechanisms from the command line and loads the library that is there."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument(
        "--mechanisms",
        required=True,
        help="folder made by benchmarks/compare/build_neuron_mechanisms.py",
    )
    neuron.load_mechanisms(parser.parse_args().mechanisms)


def record(reference) -> h.Vector:
    """Records one variable at t = 0 and after every step."""
    return h.Vector().record(reference)


def initialise(v_mV: float, dt_ms: float, *, settling_ms: float = 0.0) -> None:
    """Sets every membrane potential to `v_mV` and every gate to its steady state there.

    `settling_ms` then runs that long in steps of 5 ms, ends at t = 0 and records from there.
    Switch stimuli off before, and on after.
    """
    h.CVode().active(0)
    h.secondorder = 0
    h.dt = dt_ms
    h.finitialize(v_mV)
    if settling_ms == 0.0:
        return
    h.t = -settling_ms
    h.dt = 5.0
    for _ in range(round(settling_ms / h.dt)):
        h.fadvance()
    h.t = 0.0
    h.dt = dt_ms
    h.fcurrent()
    h.frecord_init()


def advance(t_stop_ms: float) -> int:
    """Takes the whole steps up to `t_stop_ms` and returns their number."""
    steps = round((t_stop_ms - h.t) / h.dt)
    for _ in range(steps):
        h.fadvance()
    return steps


def first_crossing_ms(t_ms: np.ndarray, v_mV: np.ndarray, threshold_mV: float) -> float:
    """Returns when `v_mV` first rises through `threshold_mV`, by linear interpolation, or NaN."""
    below = v_mV < threshold_mV
    steps = np.flatnonzero(below[:-1] & ~below[1:])
    if steps.size == 0:
        return float("nan")
    k = steps[0]
    fraction = (threshold_mV - v_mV[k]) / (v_mV[k + 1] - v_mV[k])
    return float(t_ms[k] + fraction * (t_ms[k + 1] - t_ms[k]))
