"""A passive tree of eight sections that has every kind of junction and of geometry once.

Two children at one distal end, one child alone at a distal end, one child in the middle of its
parent (an odd number of compartments puts a centre there), a taper given by two points, a section
of four points, sections of one compartment, and other constants in every section.
"""

from __future__ import annotations

import simulator
import tree_model
from tree_model import cylinder, from_points


def electrical(r_a_ohm_cm: float, c_m_uF_cm2: float, g_S_cm2: float, e_mV: float) -> dict:
    return {
        "r_a_ohm_cm": r_a_ohm_cm,
        "c_m_uF_cm2": c_m_uF_cm2,
        "mechanisms": {"pas": {"g": g_S_cm2, "e": e_mV}},
    }


SECTIONS = [
    cylinder("trunk", 200.0, 4.0, 5, **electrical(100.0, 1.0, 1e-4, -65.0)),
    cylinder(
        "middle",
        150.0,
        1.5,
        4,
        parent="trunk",
        parent_position=0.5,
        **electrical(150.0, 0.9, 2e-4, -70.0),
    ),
    cylinder("left", 300.0, 2.0, 7, parent="trunk", **electrical(120.0, 1.2, 5e-5, -60.0)),
    from_points(
        "right",
        [[0.0, 2.5], [250.0, 0.75]],
        6,
        parent="trunk",
        **electrical(80.0, 1.0, 3e-4, -68.0),
    ),
    from_points(
        "left_a",
        [[0.0, 1.75], [40.0, 1.125], [130.0, 1.625], [220.0, 0.5]],
        5,
        parent="left",
        **electrical(110.0, 0.8, 1.5e-4, -66.0),
    ),
    cylinder("left_b", 180.0, 1.2, 3, parent="left", **electrical(90.0, 1.1, 2.5e-4, -62.0)),
    cylinder("right_a", 320.0, 0.9, 8, parent="right", **electrical(200.0, 1.0, 1e-4, -65.0)),
    cylinder("tip", 60.0, 0.7, 1, parent="right_a", **electrical(100.0, 1.5, 4e-4, -72.0)),
]

PARAMETERS = {
    "temperature_degC": 6.3,
    "v_init_mV": -65.0,
    "dt_ms": 0.025,
    "t_stop_ms": 10.0,
    "stored_every_steps": 1,
    "sections": SECTIONS,
    "stimulus": {
        "section": "left",
        "compartment": 3,
        "onset_ms": 1.0,
        "duration_ms": 2.0,
        "amplitude_nA": 0.3,
    },
    "probes": [
        {"section": "trunk", "compartment": 0},
        {"section": "trunk", "compartment": 2},
        {"section": "middle", "compartment": 3},
        {"section": "left", "compartment": 3},
        {"section": "left_a", "compartment": 4},
        {"section": "left_b", "compartment": 1},
        {"section": "right", "compartment": 2},
        {"section": "tip", "compartment": 0},
    ],
}


def main() -> None:
    simulator.load_mechanisms(__doc__)
    arrays = tree_model.run("passive_tree", __file__, PARAMETERS)
    print(f"  peak of every probe: {arrays['v_mV'].max(axis=1)} mV")


if __name__ == "__main__":
    main()
