"""How a workload runs with ranvier; what ranvier_squid.py and ranvier_mrg.py share."""

from __future__ import annotations

import argparse

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
    )
    timing = workload.measure(
        lambda: simulation.initialise(v_init_mV),
        lambda: simulation.advance_to(arguments.t_stop),
        arguments.repeats,
        arguments.budget,
    )
    (trace,) = simulation.traces()
    build = build_info()
    workload.report(
        arguments,
        workload=name,
        peer="ranvier",
        version=rv.__version__,
        settings=f"{method.name}, {build['isa']}, {build['compiler']}",
        compartments=len(discretisation),
        dt_ms=None if method.is_adaptive else arguments.dt,
        steps=simulation.step,
        timing=timing,
        t_ms=np.asarray(trace.t_ms),
        v_mV=trace.values.T,
        threshold_mV=threshold_mV,
        distance_mm=distance_mm,
    )
