"""How a workload runs with ranvier; what ranvier_squid.py and ranvier_mrg.py share."""

from __future__ import annotations

import argparse
import inspect
import sys

import numpy as np
import workload

import ranvier as rv
from ranvier.build import build_info

#: Of a trace, where the method chooses its steps.
SAMPLES = 2000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--method", choices=rv.methods.names(), default="backward_euler")
    parser.add_argument(
        "--parameters", nargs="*", default=[], metavar="NAME=VALUE", help="of the method but dt_ms"
    )
    add_solver_arguments(parser)


def add_solver_arguments(parser: argparse.ArgumentParser) -> None:
    """What says how the equations are solved, and not which."""
    parser.add_argument("--threads", type=int)
    parser.add_argument("--precision", choices=("single", "double"))
    parser.add_argument("--solver", choices=("auto", "lanes", "plain"))


def solver_options(arguments: argparse.Namespace, function) -> dict:
    """Those that were given, as keywords; ends the program where `function` has no such one."""
    known = inspect.signature(function).parameters
    given = {
        name: value
        for name in ("threads", "precision", "solver")
        if (value := getattr(arguments, name)) is not None
    }
    if missing := [name for name in given if name not in known]:
        sys.exit(f"this ranvier's {function.__name__} has no {missing[0]}=")
    return given


def describe(method: rv.Method, provenance: dict) -> str:
    """The method and what the run said of itself, for the settings of a report."""
    names = ("isa", "solver", "precision", "threads")
    found = [f"{name} {provenance[name]}" for name in names if name in provenance]
    return ", ".join([method.name, *found, build_info()["compiler"]])


def method_from(arguments: argparse.Namespace) -> rv.Method:
    pairs = (pair.split("=") for pair in arguments.parameters)
    return rv.Method(
        arguments.method, dt_ms=arguments.dt, **{name: float(value) for name, value in pairs}
    )


def measure_and_report(
    name: str,
    arguments: argparse.Namespace,
    discretisation: rv.Discretisation,
    *,
    stimulus: workload.Stimulus,
    stimulated: int,
    probed: list[int],
    threshold_mV: float,
    distance_mm: float,
    v_init_mV: float | None,
) -> None:
    """Times the run with its traces, as the other simulators record them, and prints it.

    `v_init_mV` None starts from the resting state, which is found outside the timed part.
    """
    method = method_from(arguments)
    # Long steps are filled in by the method's own curve, so that a rise is seen where it was.
    every_ms = arguments.t_stop / SAMPLES if method.is_adaptive else None
    simulation = rv.Simulation(
        discretisation,
        method=method,
        stimuli=[
            rv.stimuli.CurrentClamp(
                waveform=rv.stimuli.Pulse(
                    onset_ms=stimulus.onset_ms, duration_ms=stimulus.duration_ms
                ),
                at=stimulated,
                amplitude_nA=stimulus.amplitude_nA,
            )
        ],
        probes=[rv.Probe("v_mV", at=probed, every_ms=every_ms)],
        v_init_mV=v_init_mV,
        **solver_options(arguments, rv.Simulation),
    )
    timing = workload.measure(
        lambda: simulation.initialise(v_init_mV),
        lambda: simulation.advance_to(arguments.t_stop),
        arguments.repeats,
        arguments.budget,
    )
    (trace,) = simulation.traces()
    one_step = rv.simulate(
        discretisation,
        t_stop_ms=arguments.dt,
        method=method,
        v_init_mV=v_init_mV,
        detect=(),
        **solver_options(arguments, rv.simulate),
    )
    workload.report(
        arguments,
        workload=name,
        peer="ranvier",
        version=rv.__version__,
        settings=describe(method, one_step.provenance),
        compartments=len(discretisation),
        dt_ms=None if method.is_adaptive else arguments.dt,
        steps=simulation.step,
        timing=timing,
        t_ms=np.asarray(trace.t_ms),
        v_mV=trace.values.T,
        threshold_mV=threshold_mV,
        distance_mm=distance_mm,
    )
