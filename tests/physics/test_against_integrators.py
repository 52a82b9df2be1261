"""Every method against general stiff integrators on the same equations, to near rounding.

The oracle (tests/oracle.py) is the discretisation as a plain ODE. Radau of SciPy and CVODE of
SUNDIALS, which know nothing of cables, solve it with its own Jacobian at tolerances near rounding;
the methods must give the same potentials of every layer and the same gates, at several instants of
a spike.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from sksundae.cvode import CVODE

import ranvier as rv
import tolerances
from oracle import Oracle
from physics import axons
from ranvier.stimuli import CurrentClamp, Pulse


@dataclass(frozen=True)
class Problem:
    """A spike that a pulse of current into compartment 0 starts, from rest, seen at `t_ms`."""

    discretisation: rv.Discretisation
    amplitude_nA: float
    edges_ms: tuple[float, float]
    t_ms: np.ndarray
    v_rest_guess_mV: float
    dt_ms: float  # a step that divides all times, short beside all that happens

    @property
    def stimulus(self) -> CurrentClamp:
        start_ms, end_ms = self.edges_ms
        pulse = Pulse(onset_ms=start_ms, duration_ms=end_ms - start_ms)
        return CurrentClamp(waveform=pulse, at=0, amplitude_nA=self.amplitude_nA)


def squid() -> Problem:
    fibre = rv.fibers.hodgkin_huxley(length_um=6e3)
    d = rv.discretise(fibre.model, rv.FixedCount(30))
    return Problem(d, 1e4, (0.125, 0.375), np.arange(1, 7) * 0.25, -65.0, 0.0025)


def mrg() -> Problem:
    """Five nodes. Next to a node the periaxonal potential decays at 2e7 per ms."""
    fibre = rv.fibers.mrg(nodes=5)
    d = rv.discretise(fibre.model, fibre.mesh)
    return Problem(d, 3.0, (0.0625, 0.1875), np.arange(1, 5) * 0.125, -80.0, 0.00025)


def tree() -> Problem:
    """With two junctions, where there is no capacitance."""
    return Problem(axons.tree(), 100.0, (0.125, 0.375), np.arange(1, 7) * 0.25, -65.0, 0.00125)


PROBLEMS = {"squid": squid, "mrg": mrg, "tree": tree}


@dataclass(frozen=True)
class Course:
    """Potentials (time, layer by layer), and gates (time, row) by mechanism and name."""

    potential_mV: np.ndarray
    gates: dict[tuple[str, str], np.ndarray]


def integrated(name: str, solve: Callable[..., np.ndarray]) -> Course:
    """What `solve(oracle, from_ms, to_ms, y)` makes of a problem, from rest."""
    problem = PROBLEMS[name]()
    d = problem.discretisation
    into_nA = np.zeros(len(d.to_dict()["parent"]))
    oracle = Oracle(d, lambda _: into_nA)
    y = oracle.start(rv.Simulation(d, v_rest_guess_mV=problem.v_rest_guess_mV))
    states, t_ms = [], 0.0
    # An integrator does not step over the edges of the pulse: it starts anew there.
    for stop_ms in sorted({*problem.t_ms, *problem.edges_ms}):
        is_on = problem.edges_ms[0] <= t_ms < problem.edges_ms[1]
        into_nA[0] = problem.amplitude_nA if is_on else 0.0
        y, t_ms = solve(oracle, t_ms, stop_ms, y), stop_ms
        if stop_ms in problem.t_ms:
            states.append(y)
    gates = [oracle.gates(y) for y in states]
    return Course(
        np.array([oracle.potentials_mV(y).ravel() for y in states]),
        {key: np.array([at[key] for at in gates]) for key in gates[0]},
    )


def by_radau(oracle: Oracle, from_ms: float, to_ms: float, y: np.ndarray) -> np.ndarray:
    options = {"rtol": 1e-8, "atol": 1e-9, "jac": oracle.jacobian}
    solved = solve_ivp(oracle, (from_ms, to_ms), y, method="Radau", **options)
    assert solved.success, solved.message
    return solved.y[:, -1]


def by_cvode(oracle: Oracle, from_ms: float, to_ms: float, y: np.ndarray) -> np.ndarray:
    def slope(t_ms: float, y: np.ndarray, dy: np.ndarray) -> None:
        dy[:] = oracle(t_ms, y)

    def jacobian(t_ms: float, y: np.ndarray, _: np.ndarray, into: np.ndarray) -> None:
        into[:] = oracle.jacobian(t_ms, y).toarray()

    solver = CVODE(slope, jacfn=jacobian, rtol=1e-10, atol=1e-11, max_num_steps=100_000)
    solved = solver.solve(np.array([from_ms, to_ms]), y)
    assert solved.success, solved.message
    return solved.y[-1]


@functools.cache
def truth_of(name: str) -> Course:
    return integrated(name, by_radau)


def simulated(name: str, method: rv.Method) -> Course:
    """The same by a method of ranvier, read from its probes."""
    problem, gates = PROBLEMS[name](), truth_of(name).gates
    d = problem.discretisation
    rows = list(range(len(d.to_dict()["parent"])))
    layers = ["v_axoplasm_mV", "v_periaxonal_mV"][: 1 + len(d.to_dict()["layers"])]
    every_ms = float(problem.t_ms[0])
    simulation = rv.Simulation(
        d,
        method=method,
        stimuli=[problem.stimulus],
        probes=[
            *(rv.Probe(layer, rows, every_ms=every_ms) for layer in layers),
            *(rv.Probe(gate, None, mechanism, every_ms=every_ms) for mechanism, gate in gates),
        ],
        v_rest_guess_mV=problem.v_rest_guess_mV,
    )
    simulation.advance_to(float(problem.t_ms[-1]))
    traces = simulation.traces()
    np.testing.assert_allclose(traces[0].t_ms[1:], problem.t_ms, rtol=1e-12)
    values = [trace.values[1:] for trace in traces]
    by_gate = dict(zip(gates, values[len(layers) :], strict=True))
    return Course(np.hstack(values[: len(layers)]), by_gate)


def extrapolated(courses: list[Course], order: int) -> Course:
    """At vanishing step: Richardson on halvings of errors of this order and all above it."""

    def limit(values: list[np.ndarray]) -> np.ndarray:
        for power in range(order, order + len(values) - 1):
            gain = 2**power
            values = [(gain * fine - coarse) / (gain - 1) for coarse, fine in pairwise(values)]
        return values[0]

    return Course(
        limit([course.potential_mV for course in courses]),
        {key: limit([course.gates[key] for course in courses]) for key in courses[0].gates},
    )


def expect_same(found: Course, expected: Course, atol_mV: float) -> None:
    np.testing.assert_allclose(found.potential_mV, expected.potential_mV, rtol=0, atol=atol_mV)
    for key, gate in expected.gates.items():
        atol = tolerances.GATE_PER_mV * atol_mV
        np.testing.assert_allclose(found.gates[key], gate, rtol=0, atol=atol, err_msg=str(key))


@pytest.mark.parametrize("name", PROBLEMS)
def test_the_problem_is_a_spike(name: str) -> None:
    """Else agreement would prove little: all layers and gates move."""
    truth = truth_of(name)
    assert np.ptp(truth.potential_mV) > 90.0
    for gate in truth.gates.values():
        assert np.ptp(gate) > 0.1


@pytest.mark.parametrize("name", PROBLEMS)
def test_two_integrators_agree(name: str) -> None:
    """The one an implicit Runge-Kutta method of order 5, the other a multistep method."""
    expect_same(integrated(name, by_cvode), truth_of(name), tolerances.CVODE_mV)


def small_steps(name: str, method: str, dt_ms: float) -> Course:
    """At vanishing step, by what is known of the method's order."""
    levels = {"rodas4": 1, "rosenbrock2": 4, "backward_euler": 5}[method]
    methods = [rv.Method(method, dt_ms=dt_ms / 2**k) for k in range(levels)]
    return extrapolated([simulated(name, each) for each in methods], methods[0].order)


@pytest.mark.parametrize("name", PROBLEMS)
def test_methods_agree_with_an_integrator(name: str) -> None:
    """A method of order 4 as it stands, the others extrapolated; by four routes one answer."""
    dt_ms = PROBLEMS[name]().dt_ms
    for found in (
        simulated(name, rv.Method("adaptive", atol_mV=1e-8, rtol=1e-10)),
        small_steps(name, "rodas4", dt_ms / 4),
        small_steps(name, "backward_euler", dt_ms),
    ):
        expect_same(found, truth_of(name), tolerances.INTEGRATOR_mV)
    default = small_steps(name, rv.methods.DEFAULT, dt_ms)
    expect_same(default, truth_of(name), tolerances.INTEGRATOR_OVER_PIECES_mV)


@pytest.mark.parametrize("name", PROBLEMS)
def test_the_jacobian_of_the_oracle_is_its_derivative(name: str) -> None:
    """By differences of fourth order about a state away from any steady one. Each row is compared
    to its largest entry: near a node they span nine decades."""
    problem = PROBLEMS[name]()
    d = problem.discretisation
    oracle = Oracle(d)
    y = oracle.start(rv.Simulation(d, v_rest_guess_mV=problem.v_rest_guess_mV))
    y = y + np.random.default_rng(1).uniform(0.01, 0.2, y.size)
    is_potential = np.arange(y.size) < oracle.kept.size
    columns = []
    for k in range(y.size):
        step = np.zeros(y.size)
        step[k] = 1e-3 if is_potential[k] else 1e-5
        one = oracle(0.0, y + step) - oracle(0.0, y - step)
        two = oracle(0.0, y + 2 * step) - oracle(0.0, y - 2 * step)
        columns.append((8.0 * one - two) / (12.0 * step[k]))
    found = oracle.jacobian(0.0, y).toarray()
    largest = np.abs(found).max(axis=1, keepdims=True)
    error = (found - np.array(columns).T) / largest
    assert np.abs(error).max() < tolerances.JACOBIAN_RELATIVE
    # And M f is what linearised() is the derivative of.
    linearised = oracle.linearised(0.0, y).toarray()
    np.testing.assert_allclose(oracle.mass @ found, linearised, rtol=1e-9, atol=1e-9)
