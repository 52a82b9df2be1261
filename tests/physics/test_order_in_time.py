"""The order in the step of backward Euler and of the default, and that the default never rings.

The contract tests hold every method to its own order on three problems; here is the default on all
that it is the default for. Orders come from three steps, each half of the one before. Steps are so
small that the second-order part of the error is nearly all of it: from 8 to 2 us the default has
order 2.5 in the arrival on a squid axon, because there the parts of second and third order are of
opposite sign; and any order wherever the leading part passes through 0.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy import sparse
from scipy.sparse.linalg import spsolve

import ranvier as rv
import tolerances
from oracle import Oracle
from physics import axons
from physics.cables import Cylinder, E_LEAK_mV, clamp
from ranvier.places import Place
from ranvier.stimuli import CurrentClamp, Pulse, Samples

Answer = Callable[[str, float], np.ndarray]


def order(answer: Callable[[float], np.ndarray | float], dt_ms: float) -> np.ndarray:
    """From three steps, each half of the one before."""
    coarse, middle, fine = (np.asarray(answer(dt_ms / 2**k)) for k in range(3))
    return np.log2(np.abs(coarse - middle) / np.abs(middle - fine))


def end_mV(
    target: rv.fibers.Fiber | rv.Discretisation,
    stimulus: CurrentClamp,
    at: Place,
    t_stop_ms: float,
    method: rv.Method,
    v_init_mV: float | None = None,
) -> np.ndarray:
    """Membrane potentials at `t_stop_ms`."""
    probe = rv.Probe("v_mV", at, every_ms=t_stop_ms)
    result = rv.simulate(
        target, stimulus, probe, t_stop_ms=t_stop_ms, method=method, v_init_mV=v_init_mV
    )
    return result["v_mV"].values[-1]


def arrival_ms(
    target: rv.fibers.Fiber | rv.Discretisation,
    stimulus: CurrentClamp,
    at: Place,
    t_stop_ms: float,
    method: rv.Method,
) -> np.ndarray:
    """When the spike passes `at`."""
    watch = rv.SpikeDetector(at=at)
    result = rv.simulate(target, stimulus, t_stop_ms=t_stop_ms, method=method, detect=watch)
    assert len(result.crossings[0]) == 1
    return result.crossings[0].t_ms


def passive_mV(name: str, dt_ms: float, **times_ms: float) -> np.ndarray:
    """Along a passive cable, under a step into one end."""
    d = Cylinder().discretised(51)
    stimulus = clamp(0, 0.1, **times_ms)
    return end_mV(d, stimulus, [0, 25, 50], 5.0, rv.Method(name, dt_ms=dt_ms), E_LEAK_mV)


def edges_between_steps_mV(name: str, dt_ms: float) -> np.ndarray:
    """The same with both edges at a third or two thirds of a step, whichever of the steps it is:
    what an edge leaves behind goes with s (1 - s) at the share s of its step."""
    times_ms = {"onset_ms": 1.0 + STEP_ms / 3, "duration_ms": 2.0 + STEP_ms / 3}
    return passive_mV(name, dt_ms, **times_ms)


STEP_ms = 0.025


def squid_mV(name: str, dt_ms: float) -> np.ndarray:
    """In the upstroke and at the foot of a spike."""
    fibre = rv.fibers.hodgkin_huxley(length_um=2e4)
    return end_mV(fibre, fibre.stimulus, [70, 90], 0.5, rv.Method(name, dt_ms=dt_ms))


def squid_arrival_ms(name: str, dt_ms: float) -> np.ndarray:
    fibre = rv.fibers.hodgkin_huxley(length_um=2e4)
    return arrival_ms(fibre, fibre.stimulus, 100, 1.5, rv.Method(name, dt_ms=dt_ms))


def mrg_mV(name: str, dt_ms: float) -> np.ndarray:
    """Nodes behind the wave and in it."""
    fibre = rv.fibers.mrg(nodes=11)
    places = ["node[3]", "node[6]"]
    return end_mV(fibre, fibre.stimulus, places, 0.25, rv.Method(name, dt_ms=dt_ms))


def mrg_arrival_ms(name: str, dt_ms: float) -> np.ndarray:
    fibre = rv.fibers.mrg(nodes=11)
    return arrival_ms(fibre, fibre.stimulus, "node[6]", 0.5, rv.Method(name, dt_ms=dt_ms))


SHOCK = clamp(0, 100.0, onset_ms=0.1, duration_ms=0.3)


def tree_mV(name: str, dt_ms: float) -> np.ndarray:
    """In the branches of a tree, of which the spike is just entering one."""
    places = [("left", 0.1), ("right", 0.1), ("twig", 1.0)]
    return end_mV(axons.tree(), SHOCK, places, 0.8, rv.Method(name, dt_ms=dt_ms))


def tree_arrival_ms(name: str, dt_ms: float) -> np.ndarray:
    """At the end of the longest branch, past both junctions."""
    return arrival_ms(axons.tree(), SHOCK, ("left", 1.0), 1.8, rv.Method(name, dt_ms=dt_ms))


def mrg_under(waveform: rv.stimuli.Waveform, t_stop_ms: float) -> Answer:
    """At the stimulated node, its paranode and the next node, which fires: where the current enters
    the equations are stiffest."""

    def answer(name: str, dt_ms: float) -> np.ndarray:
        fibre = rv.fibers.mrg(nodes=5)
        stimulus = CurrentClamp(waveform=waveform, at="node[1]", amplitude_nA=2.0)
        places = ["node[1]", ("mysa[1]", 0.5), "node[2]"]
        return end_mV(fibre, stimulus, places, t_stop_ms, rv.Method(name, dt_ms=dt_ms))

    return answer


T_ms = np.linspace(0.0, 0.4, 4001)
SINE = Samples(t_ms=T_ms, value=np.sin(2 * np.pi * T_ms / 0.4) ** 2)
#: A kink that lies a third of a step after its beginning.
KINK = Samples(t_ms=[0.0, 0.1 + 2.5e-4 / 3, 0.3], value=[0.0, 1.0, 0.0])
EDGE = Pulse(onset_ms=0.1 + 2.5e-4 / 3, duration_ms=0.05)

FIRST_ORDER = {
    "passive": (passive_mV, 0.05),
    "squid arrival": (squid_arrival_ms, 0.002),
    "mrg arrival": (mrg_arrival_ms, 0.0005),
}
SECOND_ORDER = {
    "passive": (passive_mV, STEP_ms),
    "passive, edges between steps": (edges_between_steps_mV, STEP_ms),
    "squid": (squid_mV, 1e-3),
    "squid arrival": (squid_arrival_ms, 5e-4),
    "mrg": (mrg_mV, 1.25e-4),
    "mrg arrival": (mrg_arrival_ms, 1.25e-4),
    "tree": (tree_mV, 1e-3),
    "tree arrival": (tree_arrival_ms, 2.5e-4),
    "mrg, edge between steps": (mrg_under(EDGE, 0.128), 2.5e-4),
    "mrg, sine": (mrg_under(SINE, 0.096), 5e-4),
    "mrg, kink between steps": (mrg_under(KINK, 0.104), 2.5e-4),
}


@pytest.mark.parametrize("problem", FIRST_ORDER)
def test_backward_euler_is_of_first_order(problem: str) -> None:
    answer, dt_ms = FIRST_ORDER[problem]
    found = order(lambda dt: answer("backward_euler", dt), dt_ms)
    np.testing.assert_allclose(found, 1.0, rtol=0, atol=tolerances.ORDER)


@pytest.mark.parametrize("problem", SECOND_ORDER)
def test_the_default_is_of_second_order(problem: str) -> None:
    answer, dt_ms = SECOND_ORDER[problem]
    found = order(lambda dt: answer(rv.methods.DEFAULT, dt), dt_ms)
    np.testing.assert_allclose(found, 2.0, rtol=0, atol=tolerances.ORDER)


# A voltage step into a squid axon of 10 um compartments: the potential jumps at one end.

V_START_mV, V_COMMAND_mV = -65.0, -40.0
PASSIVE = [rv.Placement("leak", g_bar_S_cm2=1e-3, e_leak_mV=V_START_mV)]
ALONG = [1, 50, 100, 200]


def stepped_mV(dt_ms: float, placements: list[rv.Placement] | None = None) -> np.ndarray:
    """Half a millisecond after the step: next to the electrode, and down to the far end."""
    d = axons.clamped(V_COMMAND_mV, placements)
    simulation = rv.Simulation(d, method=rv.Method(dt_ms=dt_ms), v_init_mV=V_START_mV)
    simulation.advance_to(0.5)
    return simulation.v_mV[ALONG]


def risen_mV(dt_ms: float) -> np.ndarray:
    """The same on a command that takes 0.2 ms to rise, as a current into the held compartment."""
    d = axons.clamped(V_START_mV)
    clamp_uS = d.area_um2[0] * 1e-2 * axons.CLAMP_S_cm2
    rise = Samples(t_ms=[0.0, 0.2, 1.0], value=[0.0, 1.0, 1.0])
    current_nA = clamp_uS * (V_COMMAND_mV - V_START_mV)
    drive = CurrentClamp(waveform=rise, at=0, amplitude_nA=current_nA)
    method = rv.Method(dt_ms=dt_ms)
    simulation = rv.Simulation(d, method=method, stimuli=[drive], v_init_mV=V_START_mV)
    simulation.advance_to(0.5)
    return simulation.v_mV[ALONG]


def test_a_voltage_step_into_a_passive_axon_is_of_second_order() -> None:
    found = order(lambda dt: stepped_mV(dt, PASSIVE), 0.0125)
    np.testing.assert_allclose(found, 2.0, rtol=0, atol=tolerances.ORDER)


def test_a_voltage_step_that_takes_time_is_of_second_order() -> None:
    found = order(risen_mV, 0.00625)
    np.testing.assert_allclose(found, 2.0, rtol=0, atol=tolerances.ORDER)


def test_a_voltage_step_at_once_is_of_second_order() -> None:
    """Also next to the electrode, where the potential goes as the square root of time: equal steps
    from the start leave order 1.7 there, since gates start from the rates before the jump."""
    found = order(stepped_mV, 0.00625)
    np.testing.assert_allclose(found, 2.0, rtol=0, atol=tolerances.ORDER)


def sawtooth_mV(v_mV: np.ndarray) -> float:
    """The largest part that alternates from compartment to compartment.

    The eighth difference over 2^8 leaves a sawtooth of amplitude 1 as it is, and of a curve whose
    wavelength is w compartments (pi/w)^8: nothing of what a cable does over 10 um.
    """
    return float(np.abs(np.diff(v_mV, 8)).max() / 2**8)


def crank_nicolson(oracle: Oracle, y: np.ndarray, dt_ms: float, steps: int) -> np.ndarray:
    """Linearised once per step, as the default is; A-stable, but not L-stable."""
    for _ in range(steps):
        matrix = oracle.mass / dt_ms - 0.5 * oracle.linearised(0.0, y)
        y = y + spsolve(sparse.csc_array(matrix), oracle.mass @ oracle(0.0, y))
    return y


@pytest.mark.parametrize("dt_ms", [0.005, 0.025, 0.1])
@pytest.mark.parametrize("name", [rv.methods.DEFAULT, "rodas4"])
def test_a_voltage_step_leaves_no_sawtooth(name: str, dt_ms: float) -> None:
    """Under 1e-9 mV from 0.1 ms on, at steps up to 1e8 time constants of the mesh. At 0.1 ms this
    is a single step of the longest."""
    d = axons.clamped(V_COMMAND_mV)
    simulation = rv.Simulation(d, method=rv.Method(name, dt_ms=dt_ms), v_init_mV=V_START_mV)
    for t_ms in (0.1, 0.2, 0.5, 1.0):
        simulation.advance_to(t_ms)
        v_mV = simulation.v_mV
        assert v_mV[0] == pytest.approx(V_COMMAND_mV, abs=tolerances.HELD_mV)
        assert sawtooth_mV(v_mV) < tolerances.SAWTOOTH_mV


def test_the_measure_of_a_sawtooth_sees_one() -> None:
    """A small one that is added; and Crank-Nicolson's, whose electrode swings from 25 mV below the
    command to as much above it for the whole run, with a sawtooth next to it of 8e-8 mV."""
    d = axons.clamped(V_COMMAND_mV)
    simulation = rv.Simulation(d, v_init_mV=V_START_mV)
    oracle = Oracle(d)
    v_mV = oracle.v_mV(crank_nicolson(oracle, oracle.start(simulation), 0.025, steps=40))
    assert sawtooth_mV(v_mV) > 10.0 * tolerances.SAWTOOTH_mV
    assert abs(v_mV[0] - V_COMMAND_mV) > 20.0

    simulation.advance_to(1.0)
    v_mV = simulation.v_mV
    small_mV = 10.0 * tolerances.SAWTOOTH_mV
    alternating_mV = small_mV * (-1.0) ** np.arange(v_mV.size)
    assert sawtooth_mV(v_mV + alternating_mV) == pytest.approx(small_mV, rel=0.01)
