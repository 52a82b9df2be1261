"""MRG fibre, 10 um, 21 active nodes, started by a point electrode 1 mm above the middle node.

The potential of the electrode is imposed outside the sheath during the pulse, in NEURON with two
extracellular layers: with one, the capacitance of the myelin would go to ground instead of to the
imposed potential.
"""

from __future__ import annotations

import double_cable_run
import mrg_fibre
import mrg_traces
import numpy as np
import simulator
from neuron import h

MIDDLE_NODE = 10
RUN = {
    "v_init_mV": -80.0,
    "settling_ms": 0.0,
    "dt_ms": 0.005,
    "t_stop_ms": 3.0,
    "trace_stop_ms": 3.0,
    "threshold_mV": -20.0,
    "nlayer_extracellular": 2,
    "stimulus": {
        "electrode_above_node": MIDDLE_NODE,
        "electrode_distance_um": 1000.0,
        "conductivity_S_m": 0.3,
        "onset_ms": 0.1,
        "duration_ms": 0.1,
        "current_mA": -0.4,
    },
}


def point_source_mV(centre_um: np.ndarray, source_um: float, stimulus: dict) -> np.ndarray:
    """Returns I / (4 pi sigma r) at the centre of every compartment."""
    distance_um = np.hypot(centre_um - source_um, stimulus["electrode_distance_um"])
    resistance_ohm = 1e6 / (4 * np.pi * stimulus["conductivity_S_m"] * distance_um)
    return stimulus["current_mA"] * resistance_ohm


def main() -> None:
    simulator.load_mechanisms(__doc__)
    h.nlayer_extracellular(RUN["nlayer_extracellular"])
    row = mrg_fibre.geometry(10.0)
    fibre = mrg_fibre.build(row, nodes=mrg_traces.NODES)
    length_um = np.array([section.L for section in fibre.sections])
    centre_um = np.cumsum(length_um) - length_um / 2
    source_um = centre_um[MIDDLE_NODE * mrg_traces.COMPARTMENTS_PER_PERIOD]
    crossings_ms = double_cable_run.run(
        "mrg_field",
        __file__,
        description=mrg_fibre.description(row, nodes=mrg_traces.NODES, passive_ends=0),
        fibre=fibre,
        run_parameters=RUN,
        probes=mrg_traces.NODE_PROBES + mrg_traces.INTERNODAL_PROBES,
        periaxonal_probes=mrg_traces.INTERNODAL_PROBES,
        gates_at_node=MIDDLE_NODE,
        field_mV=point_source_mV(centre_um, source_um, RUN["stimulus"]),
    )
    print(f"  crossings: {np.round(crossings_ms, 4)} ms")


if __name__ == "__main__":
    main()
