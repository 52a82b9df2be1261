"""Backward Euler is of first order in the step; the contract tests hold every method to its own."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import ranvier as rv
import tolerances
from physics.cables import Cylinder, E_LEAK_mV, clamp


def order(answer: Callable[[float], np.ndarray | float], dt_ms: float) -> np.ndarray:
    """From three steps, each half of the one before."""
    coarse, middle, fine = (np.asarray(answer(dt_ms / 2**k)) for k in range(3))
    return np.log2(np.abs(coarse - middle) / np.abs(middle - fine))


def backward_euler(dt_ms: float) -> rv.Method:
    return rv.Method("backward_euler", dt_ms=dt_ms)


def passive_mV(dt_ms: float) -> np.ndarray:
    """At both ends, 5 ms after the onset of a step into one of them."""
    result = rv.simulate(
        Cylinder().discretised(51),
        clamp(0, 0.1),
        rv.Probe("v_mV", [0, 50], every_ms=5.0),
        t_stop_ms=5.0,
        method=backward_euler(dt_ms),
        v_init_mV=E_LEAK_mV,
    )
    return result["v_mV"].values[-1]


def arrival_ms(fibre: rv.fibers.Fiber, dt_ms: float, t_stop_ms: float) -> float:
    """At the middle of the velocity sites, which the end effects do not reach."""
    result = rv.simulate(fibre, fibre.stimulus, t_stop_ms=t_stop_ms, method=backward_euler(dt_ms))
    middle = result.velocity_sites[result.velocity_sites.size // 2]
    seen = result.crossings[0]
    return float(seen.t_ms[seen.compartment == middle][0])


def squid_arrival_ms(dt_ms: float) -> float:
    return arrival_ms(rv.fibers.hodgkin_huxley(length_um=3e4), dt_ms, 3.0)


def mrg_arrival_ms(dt_ms: float) -> float:
    return arrival_ms(rv.fibers.mrg(nodes=21), dt_ms, 1.0)


@pytest.mark.parametrize(
    ("answer", "dt_ms"), [(passive_mV, 0.05), (squid_arrival_ms, 0.002), (mrg_arrival_ms, 0.0005)]
)
def test_first_order(answer: Callable[[float], np.ndarray | float], dt_ms: float) -> None:
    np.testing.assert_allclose(order(answer, dt_ms), 1.0, rtol=0, atol=tolerances.ORDER)
