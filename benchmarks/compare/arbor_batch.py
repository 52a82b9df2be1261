"""W3, many thin squid fibres, with Arbor's own channels on one thread, in groups of 64."""

from __future__ import annotations

import arbor_squid
import batch
import numpy as np
import workload
from batch import W3


def main() -> None:
    parser = batch.arguments_w3(__doc__)
    parser.add_argument("--group", type=int, default=64, help="fibres that share vectors")
    arguments = parser.parse_args()
    arbor = workload.require("arbor", "Arbor", "pip install arbor")
    units = arbor.units
    fibres, probed = arguments.fibres, W3.probed(arguments.compartments)
    recipe = arbor_squid.make_recipe(
        arbor,
        W3.cable,
        arguments.compartments,
        [W3.onset_ms(fibre, fibres) for fibre in range(fibres)],
        watched=dict.fromkeys(W3.watched(fibres), probed),
    )
    context = arbor.context(threads=1)
    groups = arbor.partition_load_balance(
        recipe,
        context,
        {arbor.cell_kind.cable: arbor.partition_hint(cpu_group_size=arguments.group)},
    )
    simulation = arbor.simulation(recipe, context, groups)
    every_step = arbor.regular_schedule(arguments.dt * units.ms)
    handles = [
        [simulation.sample((fibre, f"probe_{k}"), every_step) for k in probed]
        for fibre in W3.watched(fibres)
    ]
    timing = arbor_squid.measure(simulation, arguments, units)
    samples = np.array(
        [[simulation.samples(handle)[0][0] for handle in row] for row in handles]
    )  # fibres x places x times x (t, v)
    batch.report(
        arguments,
        peer="Arbor",
        version=arbor.__version__,
        settings=f"groups of {arguments.group}, arch {arbor.config()['arch']}",
        timing=timing,
        crossings_ms=batch.arrivals_ms(samples[0, 0, :, 0], samples[..., 1], W3.cable.threshold_mV),
    )


if __name__ == "__main__":
    main()
