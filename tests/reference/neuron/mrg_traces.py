"""MRG fibre, 10 um, 21 nodes: traces of a spike started by a current into node 1.

Made four times: with active and with passive, isolated end nodes; with NEURON's default of two
extracellular layers and with one. The second layer is there for a stimulus outside the fibre, and
is tied to ground by 1e9 S/cm2, so the two differ by far less than a solver is expected to match;
with one layer there is nothing that the two-conductor equations do not have.
"""

from __future__ import annotations

import double_cable_run
import mrg_fibre
import numpy as np
import simulator
from neuron import h

NODES = 21
COMPARTMENTS_PER_PERIOD = len(mrg_fibre.PERIOD)
RUN = {
    "v_init_mV": -80.0,
    "settling_ms": 0.0,
    "dt_ms": 0.005,
    "t_stop_ms": 5.0,
    "trace_stop_ms": 3.0,
    "threshold_mV": -20.0,
    "stimulus": {"node": 1, "onset_ms": 0.1, "duration_ms": 0.1, "amplitude_nA": 5.0},
}
#: One MYSA, FLUT and STIN of the stimulated internode, and more of one in mid-fibre.
INTERNODAL_PROBES = [
    *(COMPARTMENTS_PER_PERIOD * 1 + offset for offset in (1, 2, 3)),
    *(COMPARTMENTS_PER_PERIOD * 10 + offset for offset in (1, 2, 3, 5, 9)),
]
NODE_PROBES = [COMPARTMENTS_PER_PERIOD * node for node in (0, 1, 2, 5, 10, 15, 20)]


def main() -> None:
    simulator.load_mechanisms(__doc__)
    row = mrg_fibre.geometry(10.0)
    for layers in (2, 1):
        for passive_ends in (0, 1):
            h.nlayer_extracellular(layers)
            ends = "passive" if passive_ends else "active"
            name = f"mrg_{ends}_ends_{layers}_layer"
            crossings_ms = double_cable_run.run(
                name,
                __file__,
                description=mrg_fibre.description(row, nodes=NODES, passive_ends=passive_ends),
                fibre=mrg_fibre.build(row, nodes=NODES, passive_ends=passive_ends),
                run_parameters={**RUN, "nlayer_extracellular": layers},
                probes=NODE_PROBES + INTERNODAL_PROBES,
                periaxonal_probes=INTERNODAL_PROBES,
                gates_at_node=10,
            )
            distance_mm = 1e-3 * 10 * row["node_spacing_um"]
            velocity_m_s = distance_mm / (crossings_ms[15] - crossings_ms[5])
            print(f"  nodes 5 to 15: {velocity_m_s:.6f} m/s")
            print(f"  crossings of nodes 0 to 3: {np.array2string(crossings_ms[:4])} ms")


if __name__ == "__main__":
    main()
