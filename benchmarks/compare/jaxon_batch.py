"""W4, many MRG fibres, with jaxon-nerve in double precision on one thread.

`--route chunks` is its fastest: `integrate` under vmap, in chunks that stay in the cache, of fibres
that share one geometry and differ in amplitude. `--route documented` is its own batch solver, with
a geometry for each fibre. Its amplitudes are those of a point source; that costs what a clamp does.
"""

from __future__ import annotations

import math

import batch
import jaxon_fibre
import numpy as np
import workload
from batch import W4
from workload import W2

CHUNK = 16


def chunks(arguments, jaxon: jaxon_fibre.Jaxon):
    """Returns a function that runs all, its arguments, and how many of its answers have fired."""
    fibre = jaxon_fibre.Fibre(jaxon, W2.diameter_um, arguments.nodes, arguments.dt)
    profile_mV = jaxon.profile_mV(W2.diameter_um, arguments.nodes)
    pulse = jaxon.pulse(arguments.t_stop, arguments.dt)
    seen = int(fibre.nodes[int(0.9 * (arguments.nodes - 1))])

    def one(amplitude_mA):
        return fibre.integrate(profile_mV * amplitude_mA, pulse, record="center", centre=seen)

    def run(amplitudes_mA):
        return jaxon.jax.lax.map(one, amplitudes_mA, batch_size=CHUNK)

    amplitudes_mA = jaxon.jax.numpy.asarray(W4.amplitude_mA * W4.factors(arguments.fibres))
    return run, (amplitudes_mA,), lambda v_mV: (v_mV.max(axis=1) > W2.threshold_mV).sum()


def documented(arguments, jaxon: jaxon_fibre.Jaxon):
    numpy = jaxon.jax.numpy
    geometries = [
        jaxon.geometry(W4.diameter_um(k), arguments.nodes) for k in range(arguments.fibres)
    ]
    static = jaxon.batch.stack_fiber_statics(geometries, arguments.dt)
    start = jaxon.batch.initial_states_batch(geometries)
    profiles_mV = np.array(
        [
            factor * W4.amplitude_mA * jaxon.profile_mV(W4.diameter_um(k), arguments.nodes)
            for k, factor in enumerate(W4.factors(arguments.fibres))
        ]
    )
    pulse = jaxon.pulse(arguments.t_stop, arguments.dt)
    before = numpy.concatenate([numpy.zeros(1), pulse[:-1]])

    def run(static, start, profiles_mV, pulse, before):
        return jaxon.batch.batch_integrate_m_max_fd(
            static, start, profiles_mV, pulse, before, arguments.dt
        )

    # The largest opening of the sodium gate anywhere; half open is a spike.
    everything = (static, start, numpy.asarray(profiles_mV), pulse, before)
    return run, everything, lambda opening: (opening.max(axis=1) > 0.5).sum()


def main() -> None:
    parser = batch.arguments_w4(__doc__)
    parser.add_argument("--route", choices=("chunks", "documented"), default="chunks")
    arguments = parser.parse_args()
    jaxon = jaxon_fibre.Jaxon.load()
    prepare = chunks if arguments.route == "chunks" else documented
    run, inputs, count_fired = prepare(arguments, jaxon)
    integrate = jaxon.jax.jit(run).lower(*inputs).compile()
    kept = []

    def run_once() -> None:
        kept[:] = [jaxon.jax.block_until_ready(integrate(*inputs))]

    timing = workload.measure(lambda: None, run_once, arguments.repeats, arguments.budget)
    fired = int(count_fired(np.asarray(kept[0])))
    what = f"chunks of {CHUNK}" if arguments.route == "chunks" else "batch_integrate_m_max_fd()"
    workload.print_report(
        arguments,
        workload="W4",
        peer="jaxon-nerve",
        version=jaxon.version,
        settings=jaxon.settings(f"{what}, {fired} fire"),
        compartments=arguments.fibres * (11 * (arguments.nodes - 1) + 1),
        dt_ms=arguments.dt,
        steps=round(arguments.t_stop / arguments.dt),
        timing=timing,
        t_end_ms=arguments.t_stop,
        velocity_m_per_s=math.nan,
    )


if __name__ == "__main__":
    main()
