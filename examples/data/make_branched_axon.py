"""Write branched_axon.swc: a made-up thin axon without myelin, for trying things out.

It is nobody's neuron. A trunk of 1 um runs for 4 mm and ends in a binary tree of gently wavy
branches; at each fork the diameters follow Rall's law, d^(3/2) = d1^(3/2) + d2^(3/2), so that a
spike meets no change of load there. Seeded: it writes the same file every time.
"""

from __future__ import annotations

import math
import random
from pathlib import Path

AXON = 2
STEP_um = 50.0

#: Every branch: its parent, its length in um, and its share of the parent's d^(3/2).
BRANCHES = {
    "trunk": (None, 4000.0, 1.0),
    "a": ("trunk", 1500.0, 0.6),
    "b": ("trunk", 900.0, 0.4),
    "aa": ("a", 1200.0, 0.5),
    "ab": ("a", 700.0, 0.5),
    "ba": ("b", 600.0, 0.7),
    "bb": ("b", 400.0, 0.3),
}
TRUNK_DIAMETER_um = 1.0


def rows() -> list[str]:
    rng = random.Random(1952)
    made = [f"1 {AXON} 0.00 0.00 0.00 {TRUNK_DIAMETER_um / 2:.4f} -1"]
    # Of the last point of each branch: id, x, y, heading and diameter.
    ends = {None: (1, 0.0, 0.0, 0.0, TRUNK_DIAMETER_um)}
    turns = {"a": 0.35, "b": -0.45, "aa": 0.4, "ab": -0.35, "ba": 0.35, "bb": -0.5}
    for name, (parent_name, length_um, share) in BRANCHES.items():
        parent, x_um, y_um, heading, parent_diameter_um = ends[parent_name]
        diameter_um = parent_diameter_um * share ** (2 / 3)
        heading += turns.get(name, 0.0)
        for _ in range(round(length_um / STEP_um)):
            way = heading + rng.gauss(0.0, 0.15)
            x_um += STEP_um * math.cos(way)
            y_um += STEP_um * math.sin(way)
            child = len(made) + 1
            place = f"{x_um:.2f} {y_um:.2f} {rng.gauss(0.0, 3.0):.2f}"
            made.append(f"{child} {AXON} {place} {diameter_um / 2:.4f} {parent}")
            parent = child
        ends[name] = (parent, x_um, y_um, heading, diameter_um)
    return made


HEADER = """\
# A synthetic branched axon without myelin; not a reconstruction of a real neuron.
# Written by make_branched_axon.py; public domain.
# id type x y z radius parent (um)
"""

if __name__ == "__main__":
    target = Path(__file__).with_name("branched_axon.swc")
    target.write_text(HEADER + "\n".join(rows()) + "\n")
