"""W3, many thin squid fibres, with NEURON or CoreNEURON on one thread."""

from __future__ import annotations

import argparse
from types import ModuleType

import batch
import neuron_method
import neuron_squid
import numpy as np
import workload
from batch import W3


def main() -> None:
    parser = batch.arguments_w3(__doc__)
    neuron_squid.add_arguments(parser)
    neuron_squid.start(parser.parse_args(), run)


def run(arguments: argparse.Namespace, neuron: ModuleType, channels: str) -> None:
    h = neuron.h
    clamps, sections = [], []
    for fibre in range(arguments.fibres):
        (section,) = neuron_squid.build(
            h, W3.cable, arguments.compartments, channels, name=f"fibre_{fibre}"
        )
        clamp = h.IClamp(section(0.5 / arguments.compartments))
        clamp.delay = W3.onset_ms(fibre, arguments.fibres)
        clamp.dur = W3.cable.stimulus.duration_ms
        clamp.amp = W3.cable.stimulus.amplitude_nA
        clamps.append(clamp)
        sections.append(section)
    t = h.Vector().record(h._ref_t)
    places = [(k + 0.5) / arguments.compartments for k in W3.probed(arguments.compartments)]
    v = [
        [h.Vector().record(sections[fibre](place)._ref_v) for place in places]
        for fibre in W3.watched(arguments.fibres)
    ]
    neuron_method.choose(h, arguments)
    context = h.ParallelContext()
    context.set_maxstep(10)

    def prepare() -> None:
        h.finitialize(W3.cable.v_init_mV)
        h.dt = arguments.dt

    timing = workload.measure(
        prepare, lambda: context.psolve(arguments.t_stop), arguments.repeats, arguments.budget
    )
    v_mV = np.array([[np.array(trace) for trace in fibre] for fibre in v])
    batch.report(
        arguments,
        peer="CoreNEURON" if arguments.core else "NEURON",
        version=neuron.__version__,
        settings=f"{channels}, {neuron_method.describe(arguments)}",
        timing=timing,
        crossings_ms=batch.arrivals_ms(np.array(t), v_mV, W3.cable.threshold_mV),
    )


if __name__ == "__main__":
    main()
