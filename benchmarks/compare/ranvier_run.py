"""How a workload runs with ranvier; what ranvier_squid.py and ranvier_mrg.py share."""

from __future__ import annotations

import argparse

import numpy as np
import workload

import ranvier as rv
from ranvier.build import build_info


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
    """Times the run with its two traces, as the other simulators record them, and prints it.

    `v_init_mV` None starts from the resting state, which is found outside the timed part.
    """
    simulation = rv.Simulation(
        discretisation,
        method=rv.methods.backward_euler(dt_ms=arguments.dt),
        stimuli=[
            rv.stimuli.CurrentClamp(
                waveform=rv.stimuli.Pulse(
                    onset_ms=stimulus.onset_ms, duration_ms=stimulus.duration_ms
                ),
                at=stimulated,
                amplitude_nA=stimulus.amplitude_nA,
            )
        ],
        probes=[rv.Probe("v_mV", at=probed)],
        v_init_mV=v_init_mV,
    )
    steps = simulation.steps_until(arguments.t_stop)
    timing = workload.measure(
        lambda: simulation.initialise(v_init_mV),
        lambda: simulation.advance(steps),
        arguments.repeats,
    )
    (trace,) = simulation.traces()
    build = build_info()
    workload.report(
        workload=name,
        peer="ranvier",
        version=rv.__version__,
        settings=f"backward Euler, {build['isa']}, {build['compiler']}",
        compartments=len(discretisation),
        dt_ms=arguments.dt,
        t_stop_ms=arguments.t_stop,
        timing=timing,
        velocity_m_per_s=workload.velocity_m_per_s(
            np.asarray(trace.t_ms), trace.values.T, threshold_mV, distance_mm
        ),
    )
