"""W3, many thin squid fibres, with ranvier in one call, on one thread or --threads."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass

import batch
import numpy as np
import ranvier_run
import ranvier_squid
import workload
from batch import W3
from workload import Timing

import ranvier as rv

#: Fibres that are run singly too.
CHECKED = 9


@dataclass(frozen=True, kw_only=True)
class Batch:
    """What one call of `simulate_batch` is given, but for how long."""

    targets: Sequence[rv.fibers.Fiber | rv.Discretisation]
    stimuli: Sequence[rv.stimuli.CurrentClamp]
    method: rv.Method
    detect: rv.SpikeDetector
    threads: int

    def run(self, t_stop_ms: float) -> list[rv.Result]:
        if not hasattr(rv, "simulate_batch"):
            sys.exit("this ranvier has no simulate_batch")
        return rv.simulate_batch(
            self.targets,
            self.stimuli,
            t_stop_ms=t_stop_ms,
            method=self.method,
            detect=self.detect,
            threads=self.threads,
        )

    def measure(self, arguments: argparse.Namespace) -> tuple[Timing, Timing]:
        """The whole call, and the part of it that steps: less a call for a single step."""

        def timed(t_ms: float) -> Timing:
            return workload.measure(
                lambda: None, lambda: self.run(t_ms), arguments.repeats, arguments.budget
            )

        whole, start = timed(arguments.t_stop), timed(arguments.dt)
        stepping = Timing(
            wall_s=whole.wall_s - start.wall_s,
            best_s=whole.best_s - start.best_s,
            best_cpu_s=whole.best_cpu_s - start.best_cpu_s,
            runs=whole.runs,
            clean_runs=whole.clean_runs,
        )
        return whole, stepping

    def difference_us(self, results: Sequence[rv.Result], t_stop_ms: float) -> float:
        """The largest between spikes of the batch and of single runs; infinite if one lacks."""
        largest = 0.0
        for index in np.linspace(0, len(results) - 1, CHECKED).astype(int):
            single = rv.simulate(
                self.targets[index],
                self.stimuli[index],
                t_stop_ms=t_stop_ms,
                method=self.method,
                detect=self.detect,
            )
            (one,), (other,) = single.crossings, results[index].crossings
            if not np.array_equal(one.compartment, other.compartment):
                return float("inf")
            largest = max(largest, *np.abs(one.t_ms - other.t_ms), 0.0)
        return 1e3 * float(largest)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--method", choices=rv.methods.names(), default=rv.methods.DEFAULT)
    parser.add_argument("--threads", type=int, default=1)


def pulse(
    stimulus: workload.Stimulus, at, onset_ms: float, amplitude_nA: float
) -> rv.stimuli.CurrentClamp:
    waveform = rv.stimuli.Pulse(onset_ms=onset_ms, duration_ms=stimulus.duration_ms)
    return rv.stimuli.CurrentClamp(waveform=waveform, at=at, amplitude_nA=amplitude_nA)


def main() -> None:
    parser = batch.arguments_w3(__doc__)
    add_arguments(parser)
    arguments = parser.parse_args()
    cable, fibres = W3.cable, arguments.fibres
    model, mesh = ranvier_squid.build(cable), rv.FixedCount(arguments.compartments)
    probed = W3.probed(arguments.compartments)
    job = Batch(
        targets=[rv.discretise(model, mesh) for _ in range(fibres)],
        stimuli=[
            pulse(cable.stimulus, 0, W3.onset_ms(k, fibres), cable.stimulus.amplitude_nA)
            for k in range(fibres)
        ],
        method=rv.Method(arguments.method, dt_ms=arguments.dt),
        detect=rv.SpikeDetector(cable.threshold_mV, list(probed)),
        threads=arguments.threads,
    )
    whole, stepping = job.measure(arguments)
    results = job.run(arguments.t_stop)
    batch.report(
        arguments,
        peer="ranvier",
        version=rv.__version__,
        settings=ranvier_run.describe(job.method, results[0].provenance),
        timing=stepping,
        crossings_ms=np.array([first_spikes(results[k], probed) for k in W3.watched(fibres)]),
        whole_s=whole.best_s,
        difference_us=job.difference_us(results, arguments.t_stop),
    )


def first_spikes(result: rv.Result, compartments: Sequence[int]) -> list[float]:
    (crossings,) = result.crossings
    found = [crossings.t_ms[crossings.compartment == k] for k in compartments]
    return [float(each[0]) if each.size else float("nan") for each in found]


if __name__ == "__main__":
    main()
