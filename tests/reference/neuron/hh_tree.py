"""A branched axon with Hodgkin-Huxley channels everywhere, stimulated on one daughter, 6.3 degC."""

from __future__ import annotations

import simulator
import tree_model
from tree_model import cylinder, from_points

SQUID = {"gnabar": 0.12, "gkbar": 0.036, "gl": 0.0003, "el": -54.387}
COMMON = {"r_a_ohm_cm": 35.4, "c_m_uF_cm2": 1.0, "e_na_mV": 50.0, "e_k_mV": -77.0}

SECTIONS = [
    cylinder("trunk", 500.0, 4.0, 9, mechanisms={"hhx": SQUID}, **COMMON),
    cylinder("stimulated", 400.0, 2.5, 6, parent="trunk", mechanisms={"hhx": SQUID}, **COMMON),
    from_points(
        "taper",
        [[0.0, 2.5], [250.0, 2.0], [600.0, 1.25]],
        11,
        parent="trunk",
        mechanisms={"hhx": {**SQUID, "gnabar": 0.18, "gkbar": 0.045}},
        **COMMON,
    ),
    cylinder(
        "side",
        300.0,
        1.0,
        5,
        parent="trunk",
        parent_position=0.5,
        mechanisms={"hhx": SQUID},
        **COMMON,
    ),
]

PARAMETERS = {
    "temperature_degC": 6.3,
    "v_init_mV": -65.0,
    "dt_ms": 0.01,
    "t_stop_ms": 12.0,
    "stored_every_steps": 4,
    "sections": SECTIONS,
    "stimulus": {
        "section": "stimulated",
        "compartment": 3,
        "onset_ms": 1.0,
        "duration_ms": 0.5,
        "amplitude_nA": 2.0,
    },
    "probes": [
        {"section": "trunk", "compartment": 0},
        {"section": "trunk", "compartment": 4},
        {"section": "stimulated", "compartment": 3},
        {"section": "stimulated", "compartment": 5},
        {"section": "taper", "compartment": 5},
        {"section": "taper", "compartment": 10},
        {"section": "side", "compartment": 4},
    ],
}


def main() -> None:
    simulator.load_mechanisms(__doc__)
    arrays = tree_model.run(
        "hh_tree",
        __file__,
        PARAMETERS,
        gate_probes=[{"section": "taper", "compartment": 5}],
        threshold_mV=0.0,
    )
    print(f"  peak of every probe: {arrays['v_mV'].max(axis=1)} mV")


if __name__ == "__main__":
    main()
