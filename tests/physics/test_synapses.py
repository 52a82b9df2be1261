"""Synapses and the events that reach them, against integration by SciPy between the events."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy.integrate import solve_ivp

import ranvier as rv
import tolerances
from ranvier import mechanisms
from ranvier.stimuli import CurrentClamp, Pulse, Synapse

FIXED = ("backward_euler", "rosenbrock2", "staggered_sdirk2", "rodas4", "windowed")
#: None at a step, whatever the step, and two in one step.
TIMES_ms = np.array([0.7123, 2.0391, 2.0402, 3.33333])
#: Between and after events; multiples of all steps.
STOPS_ms = (1.0, 2.4, 3.4, 5.0)
WEIGHTS_uS = np.array([0.004, 0.003, 0.002, 0.006])
TAU_ms, E_ms = 1.7, 5.0
LENGTH_um = DIAMETER_um = 20.0
G_S_cm2, E_LEAK_mV = 3e-4, -65.0


def cell() -> rv.Discretisation:
    model = rv.Model(
        sections=[rv.Section("cell", length_um=LENGTH_um, diameter_um=DIAMETER_um)],
        placements=[rv.Placement("leak", g_bar_S_cm2=G_S_cm2, e_leak_mV=E_LEAK_mV)],
    )
    return rv.discretise(model, rv.FixedCount())


def synapse(**changed: object) -> Synapse:
    given = {
        "mechanism": "exp_syn",
        "at": "cell",
        "times_ms": TIMES_ms,
        "event": {"weight_uS": WEIGHTS_uS},
        "parameters": {"tau_ms": TAU_ms},
    }
    return Synapse(**{**given, **changed})  # type: ignore[arg-type]


def between_events(
    change: Callable[[float, np.ndarray], np.ndarray],
    receive: Callable[[np.ndarray, int], np.ndarray],
    start: np.ndarray,
    t_stop_ms: float,
) -> np.ndarray:
    """The state at the end, integrated from event to event."""
    times_ms = TIMES_ms[t_stop_ms > TIMES_ms]
    state, t_ms = np.asarray(start, dtype=float), 0.0
    for k, to_ms in enumerate([*times_ms, t_stop_ms]):
        if to_ms > t_ms:
            found = solve_ivp(change, (t_ms, to_ms), state, method="LSODA", rtol=1e-12, atol=1e-14)
            state, t_ms = found.y[:, -1], to_ms
        if k < len(times_ms):
            state = receive(state, k)
    return state


def expected() -> np.ndarray:
    """Potential and conductance at each of STOPS_ms."""
    area_um2 = np.pi * LENGTH_um * DIAMETER_um
    c_nF, g_leak_uS = area_um2 * 1e-5, G_S_cm2 * area_um2 * 1e-2

    def change(_: float, y: np.ndarray) -> np.ndarray:
        v_mV, g_uS = y
        current_nA = g_leak_uS * (v_mV - E_LEAK_mV) + g_uS * v_mV
        return np.array([-current_nA / c_nF, -g_uS / TAU_ms])

    start = np.array([E_LEAK_mV, 0.0])
    return np.array(
        [
            between_events(
                change, lambda y, k: y + np.array([0.0, WEIGHTS_uS[k]]), start, t_stop_ms
            )
            for t_stop_ms in STOPS_ms
        ]
    )


def at_stops(method: rv.Method, stimulus: Synapse, solver: str = "auto") -> np.ndarray:
    result = rv.simulate(
        cell(),
        stimulus,
        [
            rv.Probe("v_mV", every_ms=0.2),
            rv.Probe("g_uS", mechanism="exp_syn", every_ms=0.2),
        ],
        t_stop_ms=E_ms,
        method=method,
        solver=solver,
        detect=(),
    )
    rows = np.round(np.array(STOPS_ms) / 0.2).astype(int)
    return np.column_stack([trace.values[rows, 0] for trace in result.traces])


@pytest.mark.parametrize("name", FIXED)
def test_events_between_steps_cost_no_order(name: str) -> None:
    """Also of the fourth: a step ends where an event is."""
    order = rv.Method(name).order
    exact = expected()
    # A window adds errors up to its tolerance, which no step makes smaller.
    given = {"window_tol_mV": 1e-6} if name == "windowed" else {}
    steps_ms = (0.025, 0.0125, 0.00625) if order < 4 else (0.2, 0.1, 0.05)
    errors = np.array(
        [
            np.abs(at_stops(rv.Method(name, dt_ms=dt_ms, **given), synapse()) - exact)[:, 0]
            for dt_ms in steps_ms
        ]
    )
    worst_mV = errors.max(axis=1)
    assert np.log2(worst_mV[:-1] / worst_mV[1:]).min() > order - tolerances.EVENT_ORDER
    assert worst_mV[-1] < tolerances.SYNAPSE_mV[order]


def test_steps_that_are_chosen_end_at_events() -> None:
    tight = rv.Method("adaptive", rtol=1e-8, atol_mV=1e-8)
    np.testing.assert_allclose(at_stops(tight, synapse()), expected(), rtol=0, atol=2e-6)


def test_sample_at_an_event_is_of_what_was_before() -> None:
    result = rv.simulate(
        cell(),
        synapse(times_ms=[1.0], event={"weight_uS": 0.01}),
        rv.Probe("g_uS", mechanism="exp_syn"),
        t_stop_ms=2.0,
        method=rv.Method(dt_ms=0.1),
    )
    g_uS = result["g_uS"].values[:, 0]
    assert (g_uS[:11] == 0.0).all()
    assert g_uS[11] == pytest.approx(0.01 * np.exp(-0.1 / TAU_ms), rel=1e-4)


def test_event_at_the_start_is_not_lost() -> None:
    result = rv.simulate(
        cell(),
        synapse(times_ms=[0.0], event={"weight_uS": 0.01}),
        rv.Probe("g_uS", mechanism="exp_syn"),
        t_stop_ms=1.0,
        method=rv.Method("adaptive", rtol=1e-9),
    )
    assert result["g_uS"].values[-1, 0] == pytest.approx(0.01 * np.exp(-1 / TAU_ms), rel=1e-6)


def test_current_is_in_nA_whatever_the_area() -> None:
    """Two cylinders of one cable, 20 and 2 um: the same conductance drives the same current."""
    model = rv.Model(
        sections=[
            rv.Section("wide", length_um=50.0, diameter_um=20.0),
            rv.Section("thin", length_um=50.0, diameter_um=2.0, parent="wide"),
        ],
        placements=[rv.Placement("leak", g_bar_S_cm2=1e-3, e_leak_mV=-70.0)],
    )
    result = rv.simulate(
        model,
        synapse(at=["wide", "thin"], times_ms=[0.0], event={"weight_uS": 1e-6}),
        [rv.Probe("i_nA", mechanism="exp_syn"), rv.Probe("v_mV")],
        mesh=rv.FixedCount(),
        t_stop_ms=0.1,
    )
    i_nA = result["i_nA"].values[-1]
    v_mV = result["v_mV"].values[-1]
    assert result["i_nA"].unit == "nA"
    g_uS = 1e-6 * np.exp(-0.1 / TAU_ms)
    np.testing.assert_allclose(i_nA, g_uS * v_mV, rtol=1e-5)


def test_two_at_one_place_add_up() -> None:
    """As one with the events of both does, since the synapse is linear."""
    each = [synapse(times_ms=TIMES_ms[k::2], event={"weight_uS": WEIGHTS_uS[k::2]}) for k in (0, 1)]
    probes = [
        rv.Probe("v_mV"),
        rv.Probe("g_uS", mechanism="exp_syn"),
        rv.Probe("g_uS", mechanism="exp_syn#2"),
    ]
    method = rv.Method(dt_ms=0.01)
    both = rv.simulate(cell(), each, probes, t_stop_ms=E_ms, method=method)
    one = rv.simulate(cell(), synapse(), probes[:2], t_stop_ms=E_ms, method=method)
    sums = both.traces[1].values + both.traces[2].values
    np.testing.assert_allclose(sums, one.traces[1].values, rtol=0, atol=1e-15)
    np.testing.assert_allclose(
        both.traces[0].values, one.traces[0].values, rtol=0, atol=tolerances.LANES_mV
    )


def test_peak_of_two_exponentials_is_the_weight() -> None:
    parameters = {"tau_rise_ms": 0.5, "tau_fall_ms": 2.0, "e_reversal_mV": E_LEAK_mV}
    result = rv.simulate(
        cell(),
        Synapse(
            mechanism="exp2_syn",
            at="cell",
            times_ms=[0.25],
            event={"weight_uS": 0.01},
            parameters=parameters,
        ),
        [rv.Probe(f"{x}_uS", mechanism="exp2_syn") for x in ("falling", "rising")],
        t_stop_ms=4.0,
        method=rv.Method("rodas4", dt_ms=0.001),
    )
    g_uS = result.traces[0].values[:, 0] - result.traces[1].values[:, 0]
    peak = int(g_uS.argmax())
    assert g_uS[peak] == pytest.approx(0.01, rel=1e-6)
    # Of tau_rise 0.5 and tau_fall 2 (science of exp2syn: 0.924196 ms).
    assert result.traces[0].t_ms[peak] - 0.25 == pytest.approx(0.924196, abs=0.001)


@pytest.mark.parametrize("name", ["ampa", "nmda", "gaba_a"])
def test_receptors_bind_what_is_released(name: str) -> None:
    """dr/dt = a T (1 - r) - b r and dT/dt = -T/tau, with a jump of T."""
    known = mechanisms.describe(name)["parameters"]
    a, b = known["binding_per_mM_per_ms"], known["unbinding_per_ms"]

    def change(_: float, y: np.ndarray) -> np.ndarray:
        transmitter, bound = y
        return np.array([-transmitter, a * transmitter * (1 - bound) - b * bound])

    exact = between_events(change, lambda y, _: y + np.array([1.0, 0.0]), np.zeros(2), E_ms)
    result = rv.simulate(
        cell(),
        Synapse(mechanism=name, at="cell", times_ms=TIMES_ms, parameters={"g_bar_uS": 1e-4}),
        rv.Probe("bound", mechanism=name),
        t_stop_ms=E_ms,
        method=rv.Method("adaptive", rtol=1e-8, atol_mV=1e-8),
    )
    assert result["bound"].values[-1, 0] == pytest.approx(exact[1], rel=1e-6)


def test_magnesium_blocks_as_published() -> None:
    """Jahr & Stevens 1990 at 1 mM."""
    v_mV = np.array([-80.0, -60.0, -40.0, -20.0, 40.0])
    nmda = mechanisms.point("nmda")
    current = nmda.currents_nA(v_mV, {"bound": 1.0, "transmitter_mM": 0.0}, g_bar_uS=1.0)
    share = current["mixed"] / v_mV
    np.testing.assert_allclose(share, [0.02442, 0.07963, 0.23016, 0.50814, 0.97708], atol=5e-6)


# The ways in which a run may be carried out.


def squid() -> tuple[rv.fibers.Fiber, list[Synapse], list[rv.Probe]]:
    fibre = rv.fibers.hodgkin_huxley(length_um=2e4)
    stimuli = [
        Synapse(
            mechanism="exp_syn",
            at=("axon", 0.1),
            times_ms=[0.3121, 6.0],
            event={"weight_uS": [300.0, 400.0]},
            parameters={"tau_ms": 0.5},
        ),
        Synapse(
            mechanism="gaba_a",
            at=("axon", 0.7),
            times_ms=[0.5, 1.5017],
            parameters={"g_bar_uS": 1.0},
        ),
    ]
    probes = [rv.Probe("v_mV"), rv.Probe("i_nA", mechanism="gaba_a")]
    return fibre, stimuli, probes


def run_squid(**given: object) -> rv.Result:
    fibre, stimuli, probes = squid()
    return rv.simulate(fibre, stimuli, probes, t_stop_ms=8.0, **given)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["rosenbrock2", "windowed"])
def test_lanes_do_what_the_plain_solver_does(name: str) -> None:
    plain = run_squid(method=rv.Method(name), solver="plain")
    lanes = run_squid(method=rv.Method(name), solver="lanes")
    assert lanes.provenance["solver"] == "lanes"
    assert plain["v_mV"].values.max() > 20.0
    limit_mV = (
        tolerances.LANES_mV if name == "rosenbrock2" else 0.01 * tolerances.WINDOW_PER_TOLERANCE
    )
    for one, other in zip(plain.traces, lanes.traces, strict=True):
        np.testing.assert_allclose(one.values, other.values, rtol=0, atol=limit_mV)


def test_gates_between_steps_take_events_in_the_plain_solver() -> None:
    found = run_squid(method=rv.Method("staggered_sdirk2"))
    assert found.provenance["solver"] == "plain"
    with pytest.raises(rv.ModelError, match="receives events, which staggered_sdirk2 takes in"):
        run_squid(method=rv.Method("staggered_sdirk2"), solver="lanes")


def test_batch_gives_each_run_its_own_events() -> None:
    fibre, stimuli, probes = squid()
    others = [[stimuli[0].scaled(factor), stimuli[1]] for factor in (0.5, 1.0, 2.0)]
    together = rv.simulate_batch(fibre, [*others, []], probes[0], t_stop_ms=8.0)
    assert together[0].provenance["solver"] == "lanes"
    for each, found in zip([*others, []], together, strict=True):
        alone = rv.simulate(fibre, each, probes[0], t_stop_ms=8.0)
        np.testing.assert_allclose(
            found["v_mV"].values,
            alone["v_mV"].values,
            rtol=0,
            atol=tolerances.LANES_mV,
        )


@pytest.mark.parametrize("method", [*FIXED, "adaptive"])
def test_snapshot_keeps_what_has_not_arrived(method: str) -> None:
    """Bit for bit, from a step before, at and after an event."""
    fibre, stimuli, probes = squid()
    given = {"method": rv.Method(method), "stimuli": stimuli, "probes": probes[:1]}
    d = rv.discretise(fibre.model, fibre.mesh)
    whole = rv.Simulation(d, **given)
    whole.advance_to(0.31)
    for t_ms in (0.31, 0.5, 2.0):
        whole.advance_to(t_ms)
        taken = whole.snapshot()
        again = rv.Simulation(d, **given)
        again.restore(taken)
        go_on = rv.Simulation(d, **given)
        go_on.restore(taken)
        for run in (again, go_on):
            run.advance_to(7.0)
        np.testing.assert_array_equal(again.v_mV, go_on.v_mV)
    whole.advance_to(7.0)
    np.testing.assert_array_equal(whole.v_mV, again.v_mV)


def test_diverged_run_stands_before_the_event_that_did_it() -> None:
    clamp = CurrentClamp(waveform=Pulse(duration_ms=1.0), at="cell", amplitude_nA=0.0)
    wild = synapse(times_ms=[1.0], event={"weight_uS": 1e6}, parameters={"e_reversal_mV": 1e6})
    with pytest.raises(rv.DivergedError) as caught:
        rv.simulate(cell(), [clamp, wild], rv.Probe("v_mV"), t_stop_ms=3.0)
    assert caught.value.result["v_mV"].t_ms[-1] == pytest.approx(1.0, abs=0.01)
