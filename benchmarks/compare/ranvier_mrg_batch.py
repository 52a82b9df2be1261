"""W4, many MRG fibres of different diameters and amplitudes, with ranvier in one call."""

from __future__ import annotations

import math

import batch
import ranvier_batch
import ranvier_run
import workload
from batch import W4
from workload import W2

import ranvier as rv


def main() -> None:
    parser = batch.arguments_w4(__doc__)
    ranvier_batch.add_arguments(parser)
    arguments = parser.parse_args()
    fibres = [
        rv.fibers.mrg(diameter_um=W4.diameter_um(k), nodes=arguments.nodes, passive_end_nodes=1)
        for k in range(arguments.fibres)
    ]
    stimulated = (f"node[{W2.stimulated_node}]", 0.5)
    seen = (f"node[{int(0.9 * (arguments.nodes - 1))}]", 0.5)
    job = ranvier_batch.Batch(
        targets=fibres,
        stimuli=[
            ranvier_batch.pulse(
                W2.stimulus, stimulated, W2.stimulus.onset_ms, factor * W4.amplitude_nA
            )
            for factor in W4.factors(arguments.fibres).tolist()
        ],
        method=rv.Method(arguments.method, dt_ms=arguments.dt),
        detect=rv.SpikeDetector(W2.threshold_mV, seen),
        threads=arguments.threads,
    )
    whole, stepping = job.measure(arguments)
    results = job.run(arguments.t_stop)
    fired = sum(len(result.crossings[0]) > 0 for result in results)
    workload.print_report(
        arguments,
        workload="W4",
        peer="ranvier",
        version=rv.__version__,
        settings=f"{ranvier_run.describe(job.method, results[0].provenance)}, {fired} fire",
        compartments=sum(result.provenance["compartments"] for result in results),
        dt_ms=arguments.dt,
        steps=round(arguments.t_stop / arguments.dt),
        timing=stepping,
        t_end_ms=arguments.t_stop,
        velocity_m_per_s=math.nan,
        whole_s=whole.best_s,
        difference_us=job.difference_us(results, arguments.t_stop),
    )


if __name__ == "__main__":
    main()
