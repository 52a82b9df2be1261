"""W3, many thin squid fibres, with Jaxley in double precision on one thread, by jit and vmap.

In chunks that stay in the cache, which is faster than all at once.
"""

from __future__ import annotations

import batch
import jaxley_squid
import numpy as np
import workload
from batch import W3


def main() -> None:
    parser = batch.arguments_w3(__doc__)
    parser.add_argument("--chunk", type=int, default=50, help="fibres in one vmap")
    arguments = parser.parse_args()
    jaxley, jax = jaxley_squid.start()
    fibres, probed = arguments.fibres, W3.probed(arguments.compartments)
    axon = jaxley_squid.build(jaxley, W3.cable, arguments.compartments, arguments.dt, probed)
    first = axon.branch(0).comp(0)
    currents_nA = jax.numpy.asarray(
        [
            jaxley_squid.pulse_nA(
                W3.cable, W3.onset_ms(fibre, fibres), arguments.dt, arguments.t_stop
            )
            for fibre in range(fibres)
        ]
    )

    def one(current_nA):
        return jaxley.integrate(
            axon,
            data_stimuli=first.data_stimulate(current_nA),
            delta_t=arguments.dt,
            voltage_solver=jaxley_squid.VOLTAGE_SOLVER,
        )

    integrate = (
        jax.jit(lambda currents: jax.lax.map(one, currents, batch_size=arguments.chunk))
        .lower(currents_nA)
        .compile()
    )
    timing = workload.measure(
        lambda: None,
        lambda: integrate(currents_nA).block_until_ready(),
        arguments.repeats,
        arguments.budget,
    )
    v_mV = np.asarray(integrate(currents_nA)[:: W3.watched_every])
    t_ms = arguments.dt * np.arange(v_mV.shape[2])
    batch.report(
        arguments,
        peer="Jaxley",
        version=jaxley.__version__,
        settings=f"bwd_euler, float64, vmap in chunks of {arguments.chunk}, jax {jax.__version__}",
        timing=timing,
        crossings_ms=batch.arrivals_ms(t_ms, v_mV, W3.cable.threshold_mV),
    )


if __name__ == "__main__":
    main()
