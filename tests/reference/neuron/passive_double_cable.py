"""MRG-like fibre of five nodes whose nodes carry a leak only: the linear double cable by itself.

The leak of the nodes pulls to another potential than that of the internodes, so that a radial and
an axial current flow before the stimulus too.
"""

from __future__ import annotations

import double_cable_run
import mrg_fibre
import simulator
from neuron import h

NODES = 5
NODE_LEAK = {"g_S_cm2": 0.01, "e_mV": -70.0}
RUN = {
    "v_init_mV": -80.0,
    "settling_ms": 0.0,
    "dt_ms": 0.005,
    "t_stop_ms": 3.0,
    "trace_stop_ms": 3.0,
    "threshold_mV": -20.0,
    "stimulus": {"node": 1, "onset_ms": 0.1, "duration_ms": 0.4, "amplitude_nA": 1.0},
}
#: The nodes, and a whole internode between node 1 and node 2.
NODE_PROBES = [0, 11, 22, 33, 44]
INTERNODAL_PROBES = list(range(12, 22))


def main() -> None:
    simulator.load_mechanisms(__doc__)
    row = mrg_fibre.geometry(10.0)
    for layers in (2, 1):
        h.nlayer_extracellular(layers)
        double_cable_run.run(
            f"passive_double_cable_{layers}_layer",
            __file__,
            description=mrg_fibre.description(
                row, nodes=NODES, passive_ends=0, node_leak=NODE_LEAK
            ),
            fibre=mrg_fibre.build(row, nodes=NODES, node_leak=NODE_LEAK),
            run_parameters={**RUN, "nlayer_extracellular": layers},
            probes=NODE_PROBES + INTERNODAL_PROBES,
            periaxonal_probes=INTERNODAL_PROBES,
            gates_at_node=None,
        )


if __name__ == "__main__":
    main()
