"""What holds for every registered method: its order, its determinism, and its metadata."""

from __future__ import annotations

import numpy as np
import pytest

import ranvier as rv
import tolerances
from physics.cables import Cylinder, E_LEAK_mV, clamp, extrapolated, steady_mV
from physics.test_order_in_time import order
from ranvier import methods

NAMES = methods.names()


@pytest.mark.parametrize("name", NAMES)
def test_says_what_it_is(name: str) -> None:
    info = rv.Method(name).info
    assert info["name"] == name
    assert len(info["summary"]) > 10
    assert "doi:10." in info["citation"]
    assert info["order"] in {1, 2, 3, 4}
    assert rv.Method(name).order == info["order"]
    assert rv.Method(name).dt_ms == info["parameters"]["dt_ms"]
    assert getattr(methods, name)().name == name


def smooth_mV(name: str, dt_ms: float) -> np.ndarray:
    """A passive cable under a ramp, which has no edges for a higher order to stumble over."""
    ramp = rv.stimuli.Samples(t_ms=[0.0, 100.0], value=[0.0, 10.0])
    result = rv.simulate(
        Cylinder().discretised(21),
        rv.stimuli.CurrentClamp(waveform=ramp, at=0, amplitude_nA=0.1),
        rv.Probe("v_mV", [0, 20], every_ms=8.0),
        t_stop_ms=8.0,
        method=rv.Method(name, dt_ms=dt_ms),
        v_init_mV=E_LEAK_mV,
    )
    return result["v_mV"].values[-1]


def spike_mV(name: str, dt_ms: float) -> np.ndarray:
    """A squid axon while the spike passes two places. Not the time of crossing, which a straight
    line between steps makes second order at best."""
    fibre = rv.fibers.hodgkin_huxley(length_um=2e4)
    result = rv.simulate(
        fibre,
        fibre.stimulus,
        rv.Probe("v_mV", [70, 90], every_ms=0.8),
        t_stop_ms=0.8,
        method=rv.Method(name, dt_ms=dt_ms),
    )
    return result["v_mV"].values[-1]


def myelinated_mV(name: str, dt_ms: float) -> np.ndarray:
    """Nodes of an MRG fibre behind the wave and in it."""
    fibre = rv.fibers.mrg(nodes=11)
    result = rv.simulate(
        fibre,
        fibre.stimulus,
        rv.Probe("v_mV", ["node[3]", "node[6]"], every_ms=0.25),
        t_stop_ms=0.25,
        method=rv.Method(name, dt_ms=dt_ms),
    )
    return result["v_mV"].values[-1]


ANSWERS = {"passive": (smooth_mV, 0.04), "squid": (spike_mV, 0.001), "mrg": (myelinated_mV, 2.5e-4)}


@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("name", NAMES)
def test_converges_at_its_order(name: str, answer: str) -> None:
    compute, dt_ms = ANSWERS[answer]
    found = order(lambda dt: compute(name, dt), dt_ms)
    np.testing.assert_allclose(found, rv.Method(name).order, rtol=0, atol=tolerances.ORDER)


@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("name", NAMES)
def test_converges_to_what_backward_euler_converges_to(name: str, answer: str) -> None:
    compute, dt_ms = ANSWERS[answer]
    coarse_mV, fine_mV = compute(name, dt_ms / 2), compute(name, dt_ms / 4)
    gain = 2 ** rv.Method(name).order
    limit_mV = (gain * fine_mV - coarse_mV) / (gain - 1)
    plain_mV = extrapolated(lambda dt: compute("backward_euler", dt), dt_ms, levels=4)
    np.testing.assert_allclose(limit_mV, plain_mV, rtol=0, atol=tolerances.METHODS_AGREE_mV)


@pytest.mark.parametrize("name", NAMES)
def test_is_the_same_in_one_go_and_step_by_step(name: str) -> None:
    fibre = rv.fibers.mrg(nodes=5)
    d = rv.discretise(fibre.model, fibre.mesh)
    whole, pieces = (
        rv.Simulation(d, method=rv.Method(name), stimuli=[fibre.stimulus], v_rest_guess_mV=-80.0)
        for _ in range(2)
    )
    whole.advance(300)
    for steps in (1, 2, 0, 127, 129, 41):
        pieces.advance(steps)
    assert whole.snapshot() == pieces.snapshot()


@pytest.mark.parametrize("name", NAMES)
def test_does_not_ring(name: str) -> None:
    """After an edge, on a mesh and at a step far beyond the time constants of the mesh: a method
    that is not L-stable leaves a sawtooth for hundreds of steps."""
    d = Cylinder().discretised(1001)
    steady = steady_mV(d, 0)
    simulation = rv.Simulation(
        d, method=rv.Method(name, dt_ms=1.0), stimuli=[clamp(0, 1.0)], v_init_mV=E_LEAK_mV
    )
    for _ in range(30):
        simulation.advance(10)
        assert (simulation.v_mV <= steady + tolerances.OVERSHOOT_mV).all()
    np.testing.assert_allclose(simulation.v_mV, steady, rtol=0, atol=tolerances.OVERSHOOT_mV)
