"""A fibre solved by the window and in full: what either takes, and how far apart they are."""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

import ranvier as rv
from ranvier.stimuli import CurrentClamp, Pulse

#: The same scheme in all compartments at every step, which the window is held against.
FULL = "rosenbrock2"
WINDOWED = "windowed"
#: Between two looks at Ctrl-C.
STEPS_AT_ONCE = 2000
#: Of the end of a run: what crosses there by one solve may be just too late by another.
MARGIN_ms = 0.5


@dataclass(frozen=True, kw_only=True)
class Case:
    """What is solved, by whichever method."""

    grid: rv.Discretisation
    stimuli: Sequence[CurrentClamp]
    dt_ms: float
    v_rest_guess_mV: float
    detect: Sequence[rv.SpikeDetector] = (rv.SpikeDetector(keep=1),)
    probes: Sequence[rv.Probe] = ()

    def method(self, tolerance_mV: float | None) -> rv.Method:
        """The full solve where there is no tolerance."""
        if tolerance_mV is None:
            return rv.Method(FULL, dt_ms=self.dt_ms)
        return rv.Method(WINDOWED, dt_ms=self.dt_ms, window_tol_mV=tolerance_mV)

    def simulation(self, tolerance_mV: float | None, *, records: bool = True) -> rv.Simulation:
        return rv.Simulation(
            self.grid,
            method=self.method(tolerance_mV),
            stimuli=self.stimuli,
            detectors=self.detect,
            probes=self.probes if records else (),
            v_rest_guess_mV=self.v_rest_guess_mV,
        )


@dataclass(frozen=True, kw_only=True)
class Solved:
    """A run and the CPU time of its steps; other work on the machine is not in it."""

    label: str
    compartments: int
    steps: int
    cpu_s: float
    share_solved: float
    error_mV: float
    crossings: rv.Crossings
    traces: tuple[rv.Trace, ...] = field(repr=False)

    @property
    def step_s(self) -> float:
        return self.cpu_s / self.steps

    def row(self) -> str:
        cells = [
            self.label,
            f"{self.steps}",
            f"{100.0 * self.share_solved:.3g} %",
            f"{self.error_mV:.3g}" if self.error_mV else "-",
            f"{self.cpu_s:.4g}",
            f"{1e6 * self.step_s:.4g}",
            f"{1e9 * self.step_s / self.compartments:.3g}",
        ]
        return f"| {' | '.join(cells)} |"


HEADER = (
    "| solve | steps | solved | error estimate, mV | CPU, s | us per step "
    "| ns per compartment-step |\n|---|---|---|---|---|---|---|"
)


def label_of(tolerance_mV: float | None) -> str:
    return f"{FULL}, in full" if tolerance_mV is None else f"{WINDOWED}, {tolerance_mV:g} mV"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of commands that run in one process and compare with themselves alone."""
    parser.add_argument("--tolerance", type=float, default=0.01, help="window_tol_mV")
    parser.add_argument("--cpu", type=int, help="the processor that has it all (default: the last)")
    parser.add_argument("--quick", action="store_true", help="smaller sizes")


def keep_to_one_thread(cpu: int | None) -> None:
    """Keeps this program on one processor and one thread."""
    os.environ["RANVIER_NUM_THREADS"] = "1"
    if hasattr(os, "sched_setaffinity"):
        last = max(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {last if cpu is None else cpu})


def advance(simulation: rv.Simulation, t_stop_ms: float) -> float:
    """Steps until then and returns the CPU time that it took."""
    started_s = time.process_time()
    taken = STEPS_AT_ONCE
    while taken == STEPS_AT_ONCE:
        before = simulation.step
        simulation.advance_to(t_stop_ms, most_steps=STEPS_AT_ONCE)
        taken = simulation.step - before
    return time.process_time() - started_s


def solve(case: Case, t_stop_ms: float, *, tolerance_mV: float | None) -> Solved:
    """From rest to `t_stop_ms`; in full where there is no tolerance."""
    simulation = case.simulation(tolerance_mV)
    cpu_s = advance(simulation, t_stop_ms)
    return Solved(
        label=label_of(tolerance_mV),
        compartments=len(case.grid),
        steps=simulation.step,
        cpu_s=cpu_s,
        share_solved=simulation.execution["share_solved"],
        error_mV=simulation.execution["window_error_mV"],
        crossings=simulation.crossings()[0],
        traces=simulation.traces(),
    )


class FullSteps:
    """Pieces of the full solve, timed in between other runs: every step of it costs the same."""

    def __init__(self, case: Case, *, steps: int) -> None:
        self._steps = steps
        self._simulation = case.simulation(None, records=False)
        self._simulation.advance(max(1, steps // 10))  # fills the caches
        self.step_s: list[float] = []

    def time_a_piece(self) -> None:
        started_s = time.process_time()
        self._simulation.advance(self._steps)
        self.step_s.append((time.process_time() - started_s) / self._steps)

    def describe(self) -> str:
        us = [1e6 * each for each in self.step_s]
        return (
            f"full solve, {len(us)} pieces of {self._steps} steps in between: {min(us):.0f} to "
            f"{max(us):.0f} us per step"
        )


def train(where: object, onsets_ms: Sequence[float], like: CurrentClamp) -> list[CurrentClamp]:
    """A pulse as that of `like` at each of these times, as separate clamps."""
    return [
        CurrentClamp(
            waveform=Pulse(onset_ms=float(onset), duration_ms=like.waveform.duration_ms),
            at=where,
            amplitude_nA=like.amplitude_nA,
        )
        for onset in onsets_ms
    ]


def arrivals_ms(
    ours: rv.Crossings,
    full: rv.Crossings,
    spike: int,
    t_stop_ms: float,
    places: Sequence[int] | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """When the `spike`-th reached each place, by either solve; NaN where it did not, or only in the
    last `MARGIN_ms`, when the run may have ended in between. Infinite where just one saw it."""
    found = [each.arrival_ms(places, spike=spike) for each in (ours, full)]
    is_there = [~np.isnan(each) for each in found]
    is_early = np.fmin(*found) < t_stop_ms - MARGIN_ms
    for each, own in zip(found, is_there, strict=True):
        each[~is_early] = np.nan
        each[is_early & ~own] = np.inf
    return found[0], found[1]


def crossing_difference_us(
    ours: rv.Crossings, full: rv.Crossings, *, spikes: int, t_stop_ms: float
) -> float:
    """The largest at any place, of the first so many spikes."""
    worst_ms = 0.0
    for spike in range(spikes):
        differences_ms = np.abs(np.subtract(*arrivals_ms(ours, full, spike, t_stop_ms)))
        if not np.isnan(differences_ms).all():
            worst_ms = max(worst_ms, float(np.nanmax(differences_ms)))
    return 1e3 * worst_ms


def velocity_m_per_s(case: Case, crossings: rv.Crossings) -> float:
    """Of the first spike, between 0.3 and 0.7 of the compartments."""
    first, last = (int(share * len(case.grid)) for share in (0.3, 0.7))
    t_ms = crossings.arrival_ms([first, last])
    distance_um = case.grid.distance_um[[first, last]]
    return float(1e-3 * np.diff(distance_um)[0] / np.diff(t_ms)[0])
