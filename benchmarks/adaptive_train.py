"""Question: what does a long run cost with steps that follow the action, at equal error?

    python benchmarks/adaptive_train.py [--nodes 21] [--seconds 1]

An MRG fibre fires once each 100 ms for a second. The truth is SciPy's Radau on the same equations
(tests/oracle.py) at tolerances near rounding. Prints, for the adaptive method over a ladder of
tolerances and for the default fixed-step method over a ladder of steps, the steps taken, the wall
time, the largest error of v(t) at the middle node (also as a part of what is tolerated, atol +
rtol |v|) and that of the times at which nodes fire; and, for equal error of either, the ratio of
the times.
"""

from __future__ import annotations

import argparse
import itertools
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.integrate import Radau

import ranvier as rv

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
from oracle import Oracle

PERIOD_ms = 100.0
ONSET_ms = 10.0
#: Samples of the trace that errors are measured on; a multiple of every step of the ladder.
GRID_ms = 0.02
THRESHOLD_mV = -20.0
#: At and below this the integrator itself is limited by rounding.
ORACLE_RTOL = 1e-8
TOLERANCES = (1e-2, 1e-3, 1e-4, 1e-5, 1e-6)
STEPS_ms = (0.01, 0.005, 0.0025, 0.00125)

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Answer:
    v_mV: Array  # (samples,) at the middle node
    t_ms: Array  # (events,) of all nodes, in order of compartment and time


@dataclass(frozen=True)
class Measured:
    label: str
    wall_s: float
    steps: int
    v_error_mV: float
    v_error_tolerated: float  # as a part of atol + rtol |v|; NaN for a fixed step
    timing_error_us: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--nodes", type=int, default=21)
    parser.add_argument("--seconds", type=float, default=1.0)
    options = parser.parse_args()
    fibre = rv.fibers.mrg(nodes=options.nodes)
    t_stop_ms = 1e3 * options.seconds
    onsets_ms = np.arange(ONSET_ms, t_stop_ms, PERIOD_ms)
    pulse = fibre.stimulus.waveform
    stimuli = [
        rv.stimuli.CurrentClamp(
            waveform=rv.stimuli.Pulse(onset_ms=float(onset), duration_ms=pulse.duration_ms),
            at=fibre.stimulus.at,
            amplitude_nA=fibre.stimulus.amplitude_nA,
        )
        for onset in onsets_ms
    ]
    started_s = time.perf_counter()
    truth = oracle_answer(fibre, stimuli, onsets_ms, t_stop_ms)
    print(
        f"MRG 10 um, {options.nodes} nodes, {t_stop_ms:g} ms, {truth.t_ms.size} spikes at nodes; "
        f"oracle: SciPy Radau, rtol {ORACLE_RTOL:g}, {time.perf_counter() - started_s:.0f} s"
    )
    print(
        f"{'method':38s} {'steps':>8s} {'wall, s':>8s} {'v(t), mV':>10s} {'tolerated':>10s} "
        f"{'spikes, us':>10s}"
    )
    adaptive = [
        measured(fibre, stimuli, t_stop_ms, truth, rv.Method("adaptive", rtol=r, atol_mV=10 * r))
        for r in TOLERANCES
    ]
    fixed = [
        measured(fibre, stimuli, t_stop_ms, truth, rv.Method(dt_ms=dt_ms)) for dt_ms in STEPS_ms
    ]
    for each in fixed:
        for kind in ("v_error_mV", "timing_error_us"):
            wall_s = at_error(adaptive, kind, getattr(each, kind))
            print(
                f"at the {kind.partition('_')[0]} error of {each.label}: adaptive takes "
                f"{wall_s:.3f} s, {wall_s / each.wall_s:.3f} of its time"
            )


def oracle_answer(
    fibre: rv.fibers.Fiber, stimuli: list[Any], onsets_ms: Array, t_stop_ms: float
) -> Answer:
    d = rv.discretise(fibre.model, fibre.mesh)
    nodes = rv.places.compartments_at(d, fibre.velocity_sites)
    ends_ms = onsets_ms + stimuli[0].waveform.duration_ms
    current_nA = np.zeros(len(d.parent))
    is_on = [False]
    oracle = Oracle(d, lambda t: current_nA if is_on[0] else 0.0 * current_nA)
    current_nA[rv.places.compartments_at(d, stimuli[0].at)] = stimuli[0].amplitude_nA
    y = oracle.start(rv.Simulation(d, v_rest_guess_mV=fibre.v_rest_guess_mV))
    grid_ms = GRID_ms * np.arange(round(t_stop_ms / GRID_ms) + 1)
    v_mV = np.empty(grid_ms.size)
    events: list[tuple[int, float]] = []
    middle = int(nodes[nodes.size // 2])
    v_mV[0] = oracle.v_mV(y)[middle]
    edges = np.unique(np.concatenate([[0.0], onsets_ms, ends_ms, [t_stop_ms]]))
    for start_ms, end_ms in itertools.pairwise(edges):
        is_on[0] = bool(np.isin(start_ms, onsets_ms))
        solver = Radau(
            oracle,
            start_ms,
            y,
            end_ms,
            rtol=ORACLE_RTOL,
            atol=1e-2 * ORACLE_RTOL,
            jac=oracle.jacobian,
            first_step=1e-6,
        )
        while solver.status == "running":
            before = oracle.v_mV(solver.y)[nodes]
            solver.step()
            dense = solver.dense_output()
            k = np.arange(np.searchsorted(grid_ms, solver.t_old, "right"), grid_ms.size)
            for sample in k[grid_ms[k] <= solver.t]:
                v_mV[sample] = oracle.v_mV(dense(grid_ms[sample]))[middle]
            after = oracle.v_mV(solver.y)[nodes]
            fired = nodes[(before < THRESHOLD_mV) & (after >= THRESHOLD_mV)]
            events += [(int(node), crossing(oracle, dense, int(node), solver)) for node in fired]
        y = solver.y
    return Answer(v_mV, np.array([t for _, t in sorted(events)]))


def crossing(oracle: Oracle, dense: Any, node: int, solver: Radau) -> float:
    below, above = solver.t_old, solver.t
    for _ in range(50):
        middle = 0.5 * (below + above)
        if oracle.v_mV(dense(middle))[node] < THRESHOLD_mV:
            below = middle
        else:
            above = middle
    return float(above)


def measured(
    fibre: rv.fibers.Fiber, stimuli: list[Any], t_stop_ms: float, truth: Answer, method: rv.Method
) -> Measured:
    d = rv.discretise(fibre.model, fibre.mesh)
    nodes = rv.places.compartments_at(d, fibre.velocity_sites)
    simulation = rv.Simulation(
        d,
        method=method,
        stimuli=stimuli,
        probes=[rv.Probe("v_mV", [int(nodes[nodes.size // 2])], every_ms=GRID_ms)],
        detectors=[rv.SpikeDetector(THRESHOLD_mV, fibre.velocity_sites)],
        v_rest_guess_mV=fibre.v_rest_guess_mV,
    )
    started_s = time.perf_counter()
    simulation.advance_to(t_stop_ms)
    wall_s = time.perf_counter() - started_s
    seen = simulation.crossings()[0]
    t_ms = seen.t_ms[np.lexsort((seen.t_ms, seen.compartment))]
    if t_ms.size != truth.t_ms.size:
        raise SystemExit(f"{method}: {t_ms.size} spikes, expected {truth.t_ms.size}")
    v_mV = simulation.traces()[0].values[:, 0]
    label = (
        f"adaptive, rtol {method.parameters['rtol']:g}, atol {method.parameters['atol_mV']:g} mV"
        if method.is_adaptive
        else f"{method.name}, dt {1e3 * method.dt_ms:g} us"
    )
    error_mV = np.abs(v_mV - truth.v_mV)
    tolerated_mV = np.full(error_mV.size, np.nan)
    if method.is_adaptive:
        given = method.parameters
        tolerated_mV = given["atol_mV"] + given["rtol"] * np.abs(truth.v_mV)
    found = Measured(
        label,
        wall_s,
        simulation.step,
        float(error_mV.max()),
        float((error_mV / tolerated_mV).max()),
        float(1e3 * np.abs(t_ms - truth.t_ms).max()),
    )
    tolerated = f"{found.v_error_tolerated:.2f}" if method.is_adaptive else "-"
    print(
        f"{label:38s} {found.steps:8d} {wall_s:8.3f} {found.v_error_mV:10.2e} "
        f"{tolerated:>10s} {found.timing_error_us:10.2e}",
        flush=True,
    )
    return found


def at_error(ladder: list[Measured], kind: str, error: float) -> float:
    """Wall time of the ladder at that error, by log-log interpolation."""
    errors = np.log([getattr(each, kind) for each in ladder])
    walls = np.log([each.wall_s for each in ladder])
    order = np.argsort(errors)
    return float(np.exp(np.interp(np.log(error), errors[order], walls[order])))


if __name__ == "__main__":
    main()
