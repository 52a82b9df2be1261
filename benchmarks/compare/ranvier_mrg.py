"""W2, a spike along an MRG fibre, with ranvier on one thread.

Started from the resting state that Newton's method finds, where the other simulators settle.
"""

from __future__ import annotations

import ranvier_run
import workload
from workload import W2

import ranvier as rv
from ranvier.places import compartments_at


def main() -> None:
    parser = workload.arguments_w2(__doc__)
    ranvier_run.add_arguments(parser)
    arguments = parser.parse_args()
    fibre = rv.fibers.mrg(
        diameter_um=W2.diameter_um, nodes=arguments.nodes, passive_end_nodes=1, refine=1
    )
    discretisation = rv.discretise(fibre.model, fibre.mesh)
    numbers = (W2.stimulated_node, *W2.probed(arguments.nodes))
    nodes = compartments_at(discretisation, [f"node[{number}]" for number in numbers])
    ranvier_run.measure_and_report(
        "W2",
        arguments,
        discretisation,
        stimulus=W2.stimulus,
        stimulated=int(nodes[0]),
        probed=[int(node) for node in nodes[1:]],
        threshold_mV=W2.threshold_mV,
        distance_mm=W2.distance_mm(arguments.nodes),
        v_init_mV=None,
    )


if __name__ == "__main__":
    main()
