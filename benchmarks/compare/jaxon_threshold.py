"""W4, a threshold, with jaxon-nerve: halving around one compiled `integrate`, which is the fastest
way there is to ask it; its own `find_threshold` compiles anew for every run.

Compiling is outside the timed part.
"""

from __future__ import annotations

import jaxon_fibre
import workload
from workload import W2, W4


def main() -> None:
    arguments = workload.arguments_w4(__doc__).parse_args()
    jaxon = jaxon_fibre.Jaxon.load()
    numpy = jaxon.jax.numpy
    fibre = jaxon_fibre.Fibre(jaxon, W2.diameter_um, arguments.nodes, arguments.dt)
    per_mA = numpy.asarray(jaxon.profile_mV(W2.diameter_um, arguments.nodes))
    pulse = jaxon.pulse(arguments.t_stop, arguments.dt)
    watched = int(fibre.nodes[W4.watched(arguments.nodes)])

    def fires(amplitude_mA):
        trace_mV = fibre.integrate(amplitude_mA * per_mA, pulse, record="center", centre=watched)
        return numpy.max(trace_mV) > W4.threshold_mV

    compiled = jaxon.jax.jit(fires).lower(W4.strong_mA).compile()
    found = []
    timing = workload.measure(
        lambda: None,
        lambda: found.append(workload.bisect_w4(lambda mA: bool(compiled(mA)))),
        arguments.repeats,
        arguments.budget,
    )
    workload.report_w4(
        arguments,
        peer="jaxon-nerve",
        version=jaxon.version,
        settings=jaxon.settings("backward Euler, halving around a compiled integrate()"),
        timing=timing,
        threshold_mA=found[-1][0],
        runs=found[-1][1],
    )


if __name__ == "__main__":
    main()
