"""Crossing times of every node of an MRG fibre, for all published diameters, steps and meshes.

A velocity is a distance between two nodes over the difference of their crossing times, so that any
pair can be taken afterwards. At 5 us the phase of the wave against the grid moves it by up to
0.07 % from pair to pair; the printed ones are from node 10 to node 30 of 41.
"""

from __future__ import annotations

import mrg_fibre
import numpy as np
import simulator
import trace_file
from neuron import h

NODES = 41
FIRST_NODE, LAST_NODE = 10, 30
THRESHOLD_mV = -20.0
SETTLING_ms = (0.0, 200.0)
DIAMETER_um = tuple(mrg_fibre.GEOMETRY)
DT_us = (5.0, 1.0)
#: At 10 um: velocities against the time step, and against the mesh of the internodal sections.
REFINED_DT_us = (10.0, 5.0, 2.5, 1.0, 0.5, 0.25)
REFINED_COMPARTMENTS = (1, 3, 5, 9)
RUN = {
    "v_init_mV": -80.0,
    "settling_dt_ms": 5.0,
    "t_stop_ms": 2.0,
    "nlayer_extracellular": 1,
    "stimulus": {"node": 1, "onset_ms": 0.1, "duration_ms": 0.1, "amplitude_nA": 5.0},
    "threshold_mV": THRESHOLD_mV,
}


def crossings(
    diameter_um: float,
    dt_us: float,
    settling_ms: float,
    *,
    nodes: int = NODES,
    passive_ends: int = 0,
    compartments: int = 1,
) -> tuple[np.ndarray, float]:
    """Returns the crossing time of every node, and the potential of the middle one at t = 0."""
    h.nlayer_extracellular(RUN["nlayer_extracellular"])
    fibre = mrg_fibre.build(
        mrg_fibre.geometry(diameter_um),
        nodes=nodes,
        passive_ends=passive_ends,
        compartments_per_internodal_section=compartments,
    )
    stimulus = RUN["stimulus"]
    clamp = h.IClamp(fibre.nodes[stimulus["node"]](0.5))
    clamp.delay = stimulus["onset_ms"]
    clamp.dur = stimulus["duration_ms"]
    clamp.amp = 0.0
    t = simulator.record(h._ref_t)
    v = [simulator.record(node(0.5)._ref_v) for node in fibre.nodes]
    simulator.initialise(RUN["v_init_mV"], 1e-3 * dt_us, settling_ms=settling_ms)
    clamp.amp = stimulus["amplitude_nA"]
    simulator.advance(RUN["t_stop_ms"])
    t_ms = np.array(t)
    times_ms = [simulator.first_crossing_ms(t_ms, np.array(x), THRESHOLD_mV) for x in v]
    return np.array(times_ms), float(v[nodes // 2][0])


def velocity_m_s(crossing_ms: np.ndarray, diameter_um: float, first: int, last: int) -> float:
    spacing_um = mrg_fibre.geometry(diameter_um)["node_spacing_um"]
    return float(1e-3 * (last - first) * spacing_um / (crossing_ms[last] - crossing_ms[first]))


def main() -> None:
    simulator.load_mechanisms(__doc__)

    # [diameter, step, settling, node]
    by_diameter_ms = np.empty((len(DIAMETER_um), len(DT_us), len(SETTLING_ms), NODES))
    rest_mV = np.empty(len(DIAMETER_um))
    for i, diameter_um in enumerate(DIAMETER_um):
        found = []
        for j, dt_us in enumerate(DT_us):
            for k, settling_ms in enumerate(SETTLING_ms):
                by_diameter_ms[i, j, k], rest_mV[i] = crossings(diameter_um, dt_us, settling_ms)
                found.append(
                    velocity_m_s(by_diameter_ms[i, j, k], diameter_um, FIRST_NODE, LAST_NODE)
                )
        print(f"  {diameter_um} um: {np.round(found, 4)} m/s, rest {rest_mV[i]:.5f} mV")

    by_dt_ms = np.array([crossings(10.0, dt_us, 0.0)[0] for dt_us in REFINED_DT_us])
    by_mesh_ms = np.array(
        [crossings(10.0, 1.0, 0.0, compartments=n)[0] for n in REFINED_COMPARTMENTS]
    )
    for label, table in (("steps", by_dt_ms), ("meshes", by_mesh_ms)):
        found = [velocity_m_s(row, 10.0, FIRST_NODE, LAST_NODE) for row in table]
        print(f"  {label}: {np.round(found, 4)} m/s")
    short_ms = crossings(10.0, 5.0, 200.0, nodes=21, passive_ends=1)[0]
    print(f"  21 nodes, passive ends, settled: {velocity_m_s(short_ms, 10.0, 5, 15):.4f} m/s")

    trace_file.write(
        "mrg_velocities",
        __file__,
        {
            "fibres": {str(d): mrg_fibre.geometry(d) for d in DIAMETER_um},
            "common": mrg_fibre.COMMON,
            "period": mrg_fibre.PERIOD,
            "node_channels_S_cm2_mV": mrg_fibre.NODE_CHANNELS,
            "passive_end": mrg_fibre.PASSIVE_END,
            "nodes": NODES,
            "passive_ends": 0,
            "run": RUN,
            "short_fibre": {"nodes": 21, "passive_ends": 1, "dt_us": 5.0, "settling_ms": 200.0},
        },
        {
            "diameter_um": np.array(DIAMETER_um),
            "dt_us": np.array(DT_us),
            "settling_ms": np.array(SETTLING_ms),
            "node_crossing_ms": by_diameter_ms,
            "settled_v_mV": rest_mV,
            "refined_dt_us": np.array(REFINED_DT_us),
            "refined_dt_node_crossing_ms": by_dt_ms,
            "refined_compartments": np.array(REFINED_COMPARTMENTS, dtype=np.int32),
            "refined_mesh_node_crossing_ms": by_mesh_ms,
            "short_fibre_node_crossing_ms": short_ms,
        },
    )


if __name__ == "__main__":
    main()
