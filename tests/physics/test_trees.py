"""Branched passive cables: Rall's equivalent cylinder, and reciprocity."""

from __future__ import annotations

import numpy as np
import pytest

import ranvier as rv
import tolerances
from physics.cables import Cylinder, E_LEAK_mV, clamp, steady_mV

TRUNK = Cylinder(length_um=400.0)
LENGTH_RATIO = 2 ** (-1 / 3)  # of a daughter's length constant
DIAMETER_RATIO = 2 ** (-2 / 3)  # Rall 1959: d^(3/2) adds up to the parent's
MESH = rv.FixedCount(11, by_region={"trunk": 9})


def daughter(name: str, parent: str, generation: int) -> rv.Section:
    return rv.Section(
        name,
        parent=parent,
        region=f"generation {generation}",
        length_um=300.0 * LENGTH_RATIO**generation,
        diameter_um=TRUNK.diameter_um * DIAMETER_RATIO**generation,
    )


def branched() -> rv.Model:
    sections = [TRUNK.section("trunk", region="trunk")]
    sections += [daughter(name, "trunk", 1) for name in "ab"]
    sections += [daughter(parent + name, parent, 2) for parent in "ab" for name in "cd"]
    return rv.Model(sections=sections, placements=[TRUNK.leak()])


def unbranched() -> rv.Model:
    sections = [TRUNK.section("trunk", region="trunk")]
    for generation, parent in enumerate(("trunk", "generation 1"), start=1):
        name = f"generation {generation}"
        sections.append(
            rv.Section(name, region=name, parent=parent, length_um=300.0, diameter_um=2.0)
        )
    return rv.Model(sections=sections, placements=[TRUNK.leak()])


def trace_mV(model: rv.Model) -> dict[str, np.ndarray]:
    """One column per compartment of every region, the same for each branch of a generation."""
    result = rv.simulate(
        model,
        clamp(("trunk", 0.0), 0.5, duration_ms=5.0),
        rv.Probe("v_mV"),
        mesh=MESH,
        t_stop_ms=20.0,
        method=rv.Method("backward_euler", dt_ms=0.05),
        v_init_mV=E_LEAK_mV,
        detect=(),
    )
    region = result.geometry.region[result["v_mV"].compartments]
    return {name: result["v_mV"].values[:, region == name] for name in dict.fromkeys(region)}


def test_tree_of_the_three_halves_rule_is_an_unbranched_cylinder() -> None:
    tree, cylinder = trace_mV(branched()), trace_mV(unbranched())
    for generation, region in enumerate(("trunk", "generation 1", "generation 2")):
        branches = np.split(tree[region], 2**generation, axis=1)
        for branch_mV in branches:
            np.testing.assert_allclose(
                branch_mV, cylinder[region], rtol=0, atol=tolerances.EQUIVALENT_CYLINDER_mV
            )


def test_tree_of_another_rule_is_not() -> None:
    """The comparison above could tell."""
    thick = [
        rv.Section(s.name, region=s.region, parent=s.parent, length_um=s.length_um, diameter_um=2.0)
        for s in branched().sections
    ]
    other = trace_mV(rv.Model(sections=thick, placements=[TRUNK.leak()]))
    assert np.abs(other["trunk"] - trace_mV(unbranched())["trunk"]).max() > 0.1


@pytest.mark.parametrize("seed", range(5))
def test_transfer_resistance_is_the_same_both_ways(seed: int) -> None:
    rng = np.random.default_rng(seed)
    sections = [rv.Section("0", length_um=100.0, diameter_um=3.0)]
    sections += [
        rv.Section(
            str(k),
            parent=str(rng.integers(k)),
            parent_position=float(rng.choice([0.0, 0.5, 1.0, rng.random()])),
            length_um=float(rng.uniform(20.0, 200.0)),
            diameter_um=float(rng.uniform(0.3, 3.0)),
            distal_diameter_um=float(rng.uniform(0.3, 3.0)),
            r_a_ohm_cm=float(rng.uniform(50.0, 200.0)),
        )
        for k in range(1, 25)
    ]
    leak = rv.Placement("leak", g_bar_S_cm2=rng.uniform(1e-5, 1e-3, 25), e_leak_mV=E_LEAK_mV)
    d = rv.discretise(rv.Model(sections=sections, placements=[leak]), rv.FixedCount(4))
    here, there = (int(row) for row in rng.choice(np.flatnonzero(~d.is_junction), 2, False))
    forth_mV = steady_mV(d, here)[there] - E_LEAK_mV
    back_mV = steady_mV(d, there)[here] - E_LEAK_mV
    assert forth_mV == pytest.approx(back_mV, rel=tolerances.RECIPROCITY_RELATIVE)
