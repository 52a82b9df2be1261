"""W2, a spike along an MRG fibre, with jaxon-nerve in double precision on one thread.

Compiling is outside the timed part. It records the potentials of the whole fibre.
"""

from __future__ import annotations

import jaxon_fibre
import numpy as np
import workload
from workload import W2


def main() -> None:
    arguments = workload.arguments_w2(__doc__).parse_args()
    jaxon = jaxon_fibre.Jaxon.load()
    fibre = jaxon_fibre.Fibre(jaxon, W2.diameter_um, arguments.nodes, arguments.dt)
    clamp_nA = fibre.clamp_nA(arguments.t_stop)
    numpy = jaxon.jax.numpy
    nothing = (numpy.zeros(fibre.compartments), numpy.zeros(len(clamp_nA)))
    integrate = (
        jaxon.jax.jit(lambda clamp: fibre.integrate(*nothing, record="all", clamp_nA=clamp))
        .lower(clamp_nA)
        .compile()
    )
    timing = workload.measure(
        lambda: None,
        lambda: jaxon.jax.block_until_ready(integrate(clamp_nA)),
        arguments.repeats,
        arguments.budget,
    )
    inside_mV, periaxonal_mV = (np.asarray(each) for each in integrate(clamp_nA))
    probed = fibre.nodes[list(W2.probed(arguments.nodes))]
    v_mV = (inside_mV - periaxonal_mV).T[probed]
    workload.report(
        arguments,
        workload="W2",
        peer="jaxon-nerve",
        version=jaxon.version,
        settings=jaxon.settings("backward Euler, integrate()"),
        compartments=fibre.compartments,
        dt_ms=arguments.dt,
        timing=timing,
        t_ms=arguments.dt * (1 + np.arange(v_mV.shape[1])),
        v_mV=v_mV,
        threshold_mV=W2.threshold_mV,
        distance_mm=W2.distance_mm(arguments.nodes),
    )


if __name__ == "__main__":
    main()
