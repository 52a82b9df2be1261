"""The workloads of the comparison, and how every simulator is timed.

W1: a spike along a squid axon of 10 cm. W2: a spike along a 10 um MRG fibre. W4: that fibre's
threshold to an electrode outside. `batch.py` has those of many fibres. Each script builds one of
them with one simulator, runs it on one thread and prints one line of JSON. Those of W1 and W2
record the membrane potential at the same places, every step.
"""

from __future__ import annotations

import argparse
import dataclasses
import importlib
import json
import math
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import numpy as np

#: What all runs of one program take together, at least.
SHORTEST_s = 0.1


@dataclass(frozen=True, kw_only=True)
class Stimulus:
    """A rectangular current into one compartment (W1: the first; W2: that of a node)."""

    onset_ms: float
    duration_ms: float
    amplitude_nA: float


@dataclass(frozen=True, kw_only=True)
class SquidCable:
    """Hodgkin & Huxley 1952, with NEURON's customary leak potential."""

    length_um: float = 1e5
    diameter_um: float = 476.0
    r_a_ohm_cm: float = 35.4
    c_m_uF_cm2: float = 1.0
    temperature_degC: float = 18.5
    g_na_S_cm2: float = 0.12
    g_k_S_cm2: float = 0.036
    g_leak_S_cm2: float = 0.0003
    e_na_mV: float = 50.0
    e_k_mV: float = -77.0
    e_leak_mV: float = -54.3
    v_init_mV: float = -65.0
    stimulus: Stimulus = Stimulus(onset_ms=0.5, duration_ms=0.5, amplitude_nA=10e3)
    compartments: int = 1000
    dt_ms: float = 0.005
    t_stop_ms: float = 10.0
    threshold_mV: float = 0.0
    velocity_between: tuple[float, float] = (0.3, 0.7)  # of the length

    def probed(self, compartments: int) -> tuple[int, int, int]:
        """Returns the recorded compartments: the velocity is that from the first to the last."""
        first, last = (int(place * compartments) for place in self.velocity_between)
        return first, (first + last) // 2, last

    def distance_mm(self, compartments: int) -> float:
        """Returns the distance between the centres of the first and the last of those."""
        first, _, last = self.probed(compartments)
        return 1e-3 * (last - first) * self.length_um / compartments


@dataclass(frozen=True, kw_only=True)
class MrgFibre:
    """McIntyre, Richardson & Grill 2002, 10 um, one compartment per section, 11 per internode.

    One passive, isolated node at each end. Before t = 0 the fibre settles at `v_init_mV` for
    `settling_ms` in steps of `settling_dt_ms`, outside the timed part.
    """

    diameter_um: float = 10.0
    axon_diameter_um: float = 6.9
    node_diameter_um: float = 3.3
    node_spacing_um: float = 1150.0
    node_length_um: float = 1.0
    mysa_length_um: float = 3.0
    flut_length_um: float = 46.0
    stins: int = 6
    lamellae: int = 120
    periaxonal_width_narrow_um: float = 0.002  # node and MYSA
    periaxonal_width_wide_um: float = 0.004  # FLUT and STIN
    r_a_ohm_cm: float = 70.0  # axoplasm and periaxonal space
    c_m_uF_cm2: float = 2.0
    g_mysa_S_cm2: float = 1e-3
    g_flut_stin_S_cm2: float = 1e-4
    lamella_c_uF_cm2: float = 0.1  # per membrane; a lamella has two
    lamella_g_S_cm2: float = 1e-3
    e_leak_mV: float = -80.0
    temperature_degC: float = 37.0
    g_naf_S_cm2: float = 3.0
    g_nap_S_cm2: float = 0.01
    g_ks_S_cm2: float = 0.08
    g_node_leak_S_cm2: float = 0.007
    e_na_mV: float = 50.0
    e_k_mV: float = -90.0
    e_node_leak_mV: float = -90.0
    end_g_S_cm2: float = 1e-4
    end_c_m_uF_cm2: float = 1.0
    end_r_a_ohm_cm: float = 1e10
    v_init_mV: float = -80.0
    settling_ms: float = 200.0
    settling_dt_ms: float = 5.0
    stimulus: Stimulus = Stimulus(onset_ms=0.1, duration_ms=0.1, amplitude_nA=5.0)
    stimulated_node: int = 1
    nodes: int = 21
    dt_ms: float = 0.005
    t_stop_ms: float = 5.0
    threshold_mV: float = -20.0

    @property
    def stin_length_um(self) -> float:
        others_um = self.node_length_um + 2 * (self.mysa_length_um + self.flut_length_um)
        return (self.node_spacing_um - others_um) / self.stins

    def probed(self, nodes: int) -> tuple[int, int, int]:
        """Returns the recorded nodes (5, 10 and 15 of 21): the velocity is first to last.

        Of a long fibre those that a spike reaches in the time that there is.
        """
        first = min(nodes // 4, 50)
        last = min(3 * nodes // 4, first + 100)
        return first, (first + last) // 2, last

    def distance_mm(self, nodes: int) -> float:
        first, _, last = self.probed(nodes)
        return 1e-3 * (last - first) * self.node_spacing_um


@dataclass(frozen=True, kw_only=True)
class FieldThreshold:
    """How strong a cathodic pulse of a point electrode beside the middle of W2's fibre must be.

    Searched in halves between the bounds, to `precision` of the amplitude; a run counts as active
    when a node nine tenths along the fibre comes up to `threshold_mV`.
    """

    distance_um: float = 1000.0
    conductivity_S_m: float = 0.3
    duration_ms: float = 0.1
    strong_mA: float = -1.0
    weak_mA: float = -0.01
    precision: float = 0.01
    threshold_mV: float = -30.0
    t_stop_ms: float = 5.0

    def watched(self, nodes: int) -> int:
        return int(0.9 * (nodes - 1))

    def potential_mV(self, along_um: np.ndarray) -> np.ndarray:
        """Per mA, at these distances from the middle of the fibre, (n,)."""
        r_m = 1e-6 * np.hypot(along_um, self.distance_um)
        return 1.0 / (4.0 * math.pi * self.conductivity_S_m * r_m)


W1 = SquidCable()
W2 = MrgFibre()
W4 = FieldThreshold()


def require(module: str, peer: str, install: str) -> ModuleType:
    """Imports a simulator, or ends the program with one sentence that says how to get it."""
    try:
        return importlib.import_module(module)
    except ImportError:
        sys.exit(f"{peer} is not installed: `{install}` adds it to this environment.")


def arguments_w1(description: str) -> argparse.ArgumentParser:
    """Returns a parser of the options that every script of W1 has."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--compartments", type=int, default=W1.compartments)
    add_common_arguments(parser, W1.dt_ms, W1.t_stop_ms)
    return parser


def add_length_argument(parser: argparse.ArgumentParser) -> None:
    """Adds the length of W1's axon, to scripts that take it from `cable_w1`."""
    parser.add_argument("--length-um", type=float, default=W1.length_um)


def cable_w1(arguments: argparse.Namespace) -> SquidCable:
    return dataclasses.replace(W1, length_um=arguments.length_um)


def arguments_w2(description: str) -> argparse.ArgumentParser:
    """Returns a parser of the options that every script of W2 has."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--nodes", type=int, default=W2.nodes)
    add_common_arguments(parser, W2.dt_ms, W2.t_stop_ms)
    return parser


def arguments_w4(description: str) -> argparse.ArgumentParser:
    """Returns a parser of the options that every script of W4 has."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--nodes", type=int, default=W2.nodes)
    add_common_arguments(parser, W2.dt_ms, W4.t_stop_ms)
    return parser


def bisect_w4(is_active: Callable[[float], bool]) -> tuple[float, int]:
    """The threshold in mA, and how many runs it took."""
    strong_mA, weak_mA = W4.strong_mA, W4.weak_mA
    runs = 2
    if not is_active(strong_mA) or is_active(weak_mA):
        raise ValueError(f"the threshold is not between {weak_mA:g} and {strong_mA:g} mA")
    while abs(1.0 - weak_mA / strong_mA) >= W4.precision:
        middle_mA = 0.5 * (strong_mA + weak_mA)
        runs += 1
        if is_active(middle_mA):
            strong_mA = middle_mA
        else:
            weak_mA = middle_mA
    return strong_mA, runs


def report_w4(arguments: argparse.Namespace, *, timing: Timing, runs: int, **more: object) -> None:
    """Prints a threshold as one line of JSON."""
    times = {"wall_s": timing.wall_s, "best_s": timing.best_s, "best_cpu_s": timing.best_cpu_s}
    print(
        json.dumps(
            {"workload": "W4", "dt_ms": arguments.dt, "searches": timing.runs, "runs": runs}
            | times
            | more
        )
    )


def add_common_arguments(parser: argparse.ArgumentParser, dt_ms: float, t_stop_ms: float) -> None:
    """Adds what every script has."""
    parser.add_argument("--dt", type=float, default=dt_ms, help="time step in ms")
    parser.add_argument("--t-stop", type=float, default=t_stop_ms, help="duration in ms")
    parser.add_argument("--repeats", type=int, default=5, help="clean runs to time")
    parser.add_argument("--budget", type=float, default=math.inf, help="s after which none starts")
    parser.add_argument("--traces", type=Path, help="keep what was recorded, as .npz")


@dataclass(frozen=True, kw_only=True)
class Timing:
    """The median wall time of the clean runs, or of all where fewer than three were clean."""

    wall_s: float
    best_s: float  # of all runs
    best_cpu_s: float  # of the process, likewise
    runs: int
    clean_runs: int


def measure(
    prepare: Callable[[], object],
    run: Callable[[], object],
    repeats: int,
    budget_s: float = math.inf,
) -> Timing:
    """Times `run`, each time after an untimed `prepare`; the first run warms up and is not counted.

    A run is clean when its wall time is within 2 % (and 0.2 ms) of the CPU time of the process:
    then nothing else was scheduled in its place. Gives up after twice as many runs as asked for, or
    when they have taken `budget_s`; if the first has, it is the only one and counts. Runs of
    milliseconds are repeated until they have taken `SHORTEST_s`.
    """

    def timed() -> tuple[float, float]:
        prepare()
        cpu_start_s, start_s = time.process_time(), time.perf_counter()
        run()
        elapsed_s, cpu_s = time.perf_counter() - start_s, time.process_time() - cpu_start_s
        return elapsed_s, cpu_s

    def clean() -> list[float]:
        return [wall for wall, cpu_s in runs if wall - cpu_s <= 0.02 * cpu_s + 2e-4]

    runs: list[tuple[float, float]] = []
    warm_up = timed()
    spent_s = warm_up[0]
    while spent_s < budget_s and (
        len(clean()) < repeats > len(runs) / 2 or (repeats and spent_s < SHORTEST_s)
    ):
        runs.append(timed())
        spent_s += runs[-1][0]
    runs = runs or [warm_up]
    wall_s = [elapsed_s for elapsed_s, _ in runs]
    return Timing(
        wall_s=statistics.median(clean() if len(clean()) >= 3 else wall_s),
        best_s=min(wall_s),
        best_cpu_s=min(cpu_s for _, cpu_s in runs),
        runs=len(runs),
        clean_runs=len(clean()),
    )


def first_crossing_ms(t_ms: np.ndarray, v_mV: np.ndarray, threshold_mV: float) -> float:
    below = v_mV < threshold_mV
    steps = np.flatnonzero(below[:-1] & ~below[1:])
    if steps.size == 0:
        return float("nan")
    k = steps[0]
    fraction = (threshold_mV - v_mV[k]) / (v_mV[k + 1] - v_mV[k])
    return float(t_ms[k] + fraction * (t_ms[k + 1] - t_ms[k]))


def report(
    arguments: argparse.Namespace,
    *,
    workload: str,
    peer: str,
    version: str,
    settings: str,
    compartments: int,
    dt_ms: float | None,
    timing: Timing,
    t_ms: np.ndarray,
    v_mV: np.ndarray,
    threshold_mV: float,
    distance_mm: float,
    steps: int | None = None,
) -> None:
    """Prints the result as one line of JSON, and keeps the traces (places x times) if asked to.

    `dt_ms` None is a method that chooses its steps; `steps` None counts the recorded times.
    """
    if steps is None:
        steps = len(t_ms) - 1 if dt_ms is None else round(arguments.t_stop / dt_ms)
    crossings_ms = [first_crossing_ms(t_ms, trace, threshold_mV) for trace in v_mV]
    if arguments.traces:
        np.savez(arguments.traces, t_ms=t_ms, v_mV=v_mV)
    print_report(
        arguments,
        workload=workload,
        peer=peer,
        version=version,
        settings=settings,
        compartments=compartments,
        dt_ms=dt_ms,
        steps=steps,
        timing=timing,
        t_end_ms=float(t_ms[-1]),
        velocity_m_per_s=distance_mm / (crossings_ms[-1] - crossings_ms[0]),
        crossings_ms=[None if math.isnan(each) else each for each in crossings_ms],
    )


def print_report(
    arguments: argparse.Namespace,
    *,
    compartments: int,
    dt_ms: float | None,
    steps: int,
    timing: Timing,
    t_end_ms: float,
    velocity_m_per_s: float,
    **more: object,
) -> None:
    """Prints a result as one line of JSON; what else is given stands in it as it is."""
    print(
        json.dumps(
            {
                **more,
                "compartments": compartments,
                "dt_ms": dt_ms,
                "t_stop_ms": arguments.t_stop,
                "t_end_ms": t_end_ms,  # before t_stop_ms where the simulator gave up
                "steps": steps,
                "wall_s": timing.wall_s,
                "best_s": timing.best_s,
                "best_cpu_s": timing.best_cpu_s,
                "ns_per_compartment_step": 1e9 * timing.wall_s / (compartments * steps),
                "velocity_m_per_s": None if math.isnan(velocity_m_per_s) else velocity_m_per_s,
                "runs": timing.runs,
                "clean_runs": timing.clean_runs,
            }
        )
    )
