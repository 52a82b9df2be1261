"""What holds for every registered method: its order or tolerance, its determinism, its metadata.

A method of fixed step has an order; one that chooses its steps has tolerances, and must keep them.
"""

from __future__ import annotations

import functools

import numpy as np
import pytest

import ranvier as rv
import tolerances
from physics.cables import Cylinder, E_LEAK_mV, clamp, extrapolated, steady_mV
from physics.test_order_in_time import order
from ranvier import methods

NAMES = methods.names()
ADAPTIVE = [name for name in NAMES if rv.Method(name).is_adaptive]
FIXED = [name for name in NAMES if name not in ADAPTIVE]


@pytest.mark.parametrize("name", NAMES)
def test_says_what_it_is(name: str) -> None:
    info = rv.Method(name).info
    assert info["name"] == name
    assert len(info["summary"]) > 10
    assert "doi:10." in info["citation"]
    assert info["order"] in {1, 2, 3, 4}
    assert rv.Method(name).order == info["order"]
    assert rv.Method(name).dt_ms == info["parameters"]["dt_ms"]
    assert rv.Method(name).is_adaptive == ({"atol_mV", "rtol"} <= set(info["parameters"]))
    assert getattr(methods, name)().name == name


def smooth_mV(method: rv.Method) -> np.ndarray:
    """A passive cable under a ramp, which has no edges for a higher order to stumble over."""
    ramp = rv.stimuli.Samples(t_ms=[0.0, 100.0], value=[0.0, 10.0])
    result = rv.simulate(
        Cylinder().discretised(21),
        rv.stimuli.CurrentClamp(waveform=ramp, at=0, amplitude_nA=0.1),
        rv.Probe("v_mV", [0, 20], every_ms=8.0),
        t_stop_ms=8.0,
        method=method,
        v_init_mV=E_LEAK_mV,
    )
    return result["v_mV"].values[-1]


def spike_mV(method: rv.Method) -> np.ndarray:
    """Behind the peak and in the upstroke of a spike on a squid axon. Not the time of crossing,
    which a straight line between steps makes second order at best; and not on the fibre's own mesh,
    which is stiff at these steps."""
    fibre = rv.fibers.hodgkin_huxley(length_um=2e4)
    result = rv.simulate(
        rv.discretise(fibre.model, rv.FixedCount(40)),
        fibre.stimulus,
        rv.Probe("v_mV", [16, 22], every_ms=0.8),
        t_stop_ms=0.8,
        method=method,
    )
    return result["v_mV"].values[-1]


def myelinated_mV(method: rv.Method) -> np.ndarray:
    """Nodes of an MRG fibre behind the wave and in it."""
    fibre = rv.fibers.mrg(nodes=11)
    result = rv.simulate(
        fibre,
        fibre.stimulus,
        rv.Probe("v_mV", ["node[3]", "node[6]"], every_ms=0.25),
        t_stop_ms=0.25,
        method=method,
    )
    return result["v_mV"].values[-1]


ANSWERS = {"passive": smooth_mV, "squid": spike_mV, "mrg": myelinated_mV}
#: The longest of three steps, short enough for the leading error of a method of this order to be
#: nearly all of it, and long enough for it to stand out of the rounding, 1e-12 mV and more.
STEP_ms = {
    "passive": {1: 0.04, 2: 0.04, 3: 0.4, 4: 0.8},
    "squid": {1: 0.001, 2: 0.001, 3: 0.001, 4: 0.001},
    "mrg": {1: 2.5e-4, 2: 2.5e-4, 3: 2.5e-4, 4: 2.5e-4},
}


def answer_of(name: str, answer: str, dt_ms: float) -> np.ndarray:
    """With a window that follows the step, where the method has one."""
    finer = rv.Method(name).finer(rv.Method(name).dt_ms / dt_ms)
    return ANSWERS[answer](rv.Method(name, **(finer.parameters | {"dt_ms": dt_ms})))


@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("name", FIXED)
def test_converges_at_its_order(name: str, answer: str) -> None:
    """On a myelinated fibre a method of higher order than two may lose up to one: its stages meet
    periaxonal potentials that decay at 1e7 per ms, and the order of stiff problems is lower."""
    expected = rv.Method(name).order
    found = order(lambda dt: answer_of(name, answer, dt), STEP_ms[answer][expected])
    lost = 1.0 if answer == "mrg" and expected > 2 else tolerances.ORDER
    assert (found > expected - lost).all(), found
    assert (found < expected + tolerances.ORDER).all(), found


@functools.cache
def limit_mV(answer: str) -> np.ndarray:
    """What backward Euler converges to."""
    dt_ms = STEP_ms[answer][1]
    return extrapolated(lambda dt: answer_of("backward_euler", answer, dt), dt_ms, levels=5)


@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("name", FIXED)
def test_converges_to_what_backward_euler_converges_to(name: str, answer: str) -> None:
    dt_ms = STEP_ms[answer][rv.Method(name).order]
    coarse_mV, fine_mV = (answer_of(name, answer, dt_ms / n) for n in (2, 4))
    gain = 2 ** rv.Method(name).order
    found_mV = (gain * fine_mV - coarse_mV) / (gain - 1)
    atol = tolerances.METHODS_AGREE_mV
    np.testing.assert_allclose(found_mV, limit_mV(answer), rtol=0, atol=atol)


@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("name", ADAPTIVE)
def test_keeps_its_tolerance(name: str, answer: str) -> None:
    """The error of the answer stays within a few tolerances and falls along with them, down to what
    is known of the truth."""
    for tolerance in (1e-2, 1e-3, 1e-4, 1e-5):
        found_mV = ANSWERS[answer](rv.Method(name, atol_mV=tolerance, rtol=0.01 * tolerance))
        error_mV = np.abs(found_mV - limit_mV(answer)).max()
        assert error_mV < tolerances.ERROR_PER_TOLERANCE * tolerance + tolerances.LIMIT_mV


SHORT_ms = 0.003


def fresh(name: str) -> rv.Simulation:
    """A short MRG fibre with everything recorded: the edges of its drive are inside steps."""
    fibre = rv.fibers.mrg(nodes=5)
    method = rv.Method(name, dt_ms=SHORT_ms)
    every_ms = None if not method.is_adaptive else 0.0137
    return rv.Simulation(
        rv.discretise(fibre.model, fibre.mesh),
        method=method,
        stimuli=[fibre.stimulus],
        probes=[rv.Probe(), rv.Probe("v_mV", "node", every_ms=every_ms)],
        detectors=[rv.SpikeDetector()],
        v_rest_guess_mV=-80.0,
    )


def record(simulation: rv.Simulation) -> list[bytes]:
    """State and recordings, bit for bit."""
    arrays = [array for trace in simulation.traces() for array in (trace.t_ms, trace.values)]
    arrays += [simulation.crossings()[0].t_ms]
    return [simulation.snapshot(), *(array.tobytes() for array in arrays)]


@pytest.mark.parametrize("name", NAMES)
def test_is_the_same_in_one_go_and_in_pieces(name: str) -> None:
    whole, pieces = fresh(name), fresh(name)
    whole.advance(300)
    for steps in (1, 2, 0, 127, 129, 41):
        pieces.advance(steps)
    assert record(whole) == record(pieces)


@pytest.mark.parametrize("name", NAMES)
def test_reaches_a_time_the_same_way_in_one_go_and_in_pieces(name: str) -> None:
    whole, pieces = fresh(name), fresh(name)
    whole.advance_to(0.777)
    for most_steps in (1, 7, 0, 50, 1_000_000):
        pieces.advance_to(0.777, most_steps=most_steps)
    assert 0.777 <= pieces.t_ms < 0.777 + SHORT_ms
    assert pieces.step > 58
    assert record(whole) == record(pieces)


@pytest.mark.parametrize("name", NAMES)
def test_goes_on_from_a_snapshot_bit_for_bit(name: str) -> None:
    """From within the stimulus, also into a simulation that was elsewhere."""
    straight, other = fresh(name), fresh(name)
    straight.advance_to(0.15)
    snapshot = straight.snapshot()
    other.advance(33)
    other.restore(snapshot)
    for simulation in (straight, other):
        simulation.advance_to(0.6)
    assert straight.snapshot() == other.snapshot()
    for one, two in zip(straight.traces(), other.traces(), strict=True):
        assert one.values[-two.t_ms.size :].tobytes() == two.values.tobytes()


@pytest.mark.parametrize("name", NAMES)
def test_does_not_ring(name: str) -> None:
    """After an edge, on a mesh and at a step far beyond the time constants of the mesh: a method
    that is not L-stable leaves a sawtooth for hundreds of steps."""
    d = Cylinder().discretised(1001)
    steady = steady_mV(d, 0)
    simulation = rv.Simulation(
        d, method=rv.Method(name, dt_ms=1.0), stimuli=[clamp(0, 1.0)], v_init_mV=E_LEAK_mV
    )
    for k in range(1, 31):
        simulation.advance_to(10.0 * k)
        assert (simulation.v_mV <= steady + tolerances.OVERSHOOT_mV).all()
    np.testing.assert_allclose(simulation.v_mV, steady, rtol=0, atol=tolerances.OVERSHOOT_mV)
