"""Finite volumes are of second order in the length of a compartment, on any shape of cable."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import ranvier as rv
import tolerances
from physics.cables import E_LEAK_mV, steady_mV

LEAK = rv.Placement("leak", g_bar_S_cm2=2e-4, e_leak_mV=E_LEAK_mV)
#: Stays one compartment on every mesh: a place for the current that refinement does not move.
SOMA = rv.Section("soma", region="soma", length_um=10.0, diameter_um=10.0)


def cylinder() -> list[rv.Section]:
    return [SOMA, rv.Section("cable", parent="soma", length_um=600.0, diameter_um=1.0)]


def taper() -> list[rv.Section]:
    thin_um = {"diameter_um": 3.0, "distal_diameter_um": 0.5}
    return [SOMA, rv.Section("cable", parent="soma", length_um=600.0, **thin_um)]


def kinked_taper() -> list[rv.Section]:
    points_um = [[0, 0, 0, 2.0], [246, 0, 0, 0.7], [432, 0, 0, 1.6], [600, 0, 0, 0.5]]
    return [SOMA, rv.Section("cable", parent="soma", points_um=points_um)]


def branch_at(position: float) -> list[rv.Section]:
    return [
        SOMA,
        rv.Section("stem", parent="soma", length_um=400.0, diameter_um=1.5),
        rv.Section(
            "cable", parent="stem", parent_position=position, length_um=300.0, diameter_um=1.0
        ),
    ]


def sheathed() -> list[rv.Section]:
    sheath = rv.Sheath(periaxonal_width_um=0.01, lamellae=10, myelin_diameter_um=3.0)
    sections = [SOMA]
    for name in ("one", "cable"):
        parent = sections[-1].name
        node = rv.Section(f"node {name}", parent=parent, length_um=2.0, diameter_um=1.0)
        myelin = rv.Section(name, parent=node.name, length_um=300.0, diameter_um=2.0, sheath=sheath)
        sections += [node, myelin]
    return sections


def mean_deflection_mV(sections: list[rv.Section], count: int) -> float:
    """Over the membrane of the section "cable": a number that any mesh can give."""
    model = rv.Model(sections=sections, placements=[LEAK])
    d = rv.discretise(model, rv.FixedCount(count, by_region={"soma": 1}))
    v_mV = steady_mV(d, "soma") - E_LEAK_mV
    rows = d.section == d.section_names.index("cable")
    return float(np.average(v_mV[rows], weights=d.area_um2[rows]))


SHAPES = {
    "cylinder": cylinder(),
    "taper": taper(),
    "kinked taper": kinked_taper(),
    **{f"branch at {position}": branch_at(position) for position in (0.0, 0.37, 0.5, 1.0)},
    "myelin": sheathed(),
}


@pytest.mark.parametrize("first", [11, 20])
@pytest.mark.parametrize("shape", SHAPES)
def test_passive_cable(shape: str, first: int) -> None:
    """Meshes that differ by 100, on which a branch or a kink at a whole percent of the length falls
    on the same part of a compartment: the error is C/n2 with another C for each such part."""
    counts = first + 100 * np.arange(4)
    limit = mean_deflection_mV(SHAPES[shape], 9000)
    errors = [abs(mean_deflection_mV(SHAPES[shape], int(n)) - limit) for n in counts]
    slope = -np.polyfit(np.log(counts), np.log(errors), 1)[0]
    assert slope == pytest.approx(2.0, abs=tolerances.ORDER)


def order(answer: Callable[[int], np.ndarray]) -> np.ndarray:
    """From meshes of n, 3 n and 9 n, on which the centres of the first remain centres."""
    coarse, middle, fine = (answer(3**k) for k in range(3))
    return np.log(np.abs(coarse - middle) / np.abs(middle - fine)) / np.log(3)


def test_hodgkin_huxley_cable() -> None:
    """Crossing times of a spike at three places."""

    def arrival_ms(refine: int) -> np.ndarray:
        fibre = rv.fibers.hodgkin_huxley(length_um=20e3)
        result = rv.simulate(
            fibre,
            # A current per length, the same on every mesh, into the first millimetre.
            rv.stimuli.CurrentClamp(
                waveform=rv.stimuli.Pulse(duration_ms=0.5),
                at=[("axon", (k + 0.5) / (40 * refine)) for k in range(2 * refine)],
                amplitude_nA=1e4 / refine,
            ),
            mesh=rv.FixedCount(40 * refine),
            t_stop_ms=2.0,
        )
        seen = result.crossings[0]
        rows = [refine * k + refine // 2 for k in (10, 20, 30)]
        return np.array([seen.t_ms[seen.compartment == row][0] for row in rows])

    np.testing.assert_allclose(order(arrival_ms), 2.0, rtol=0, atol=tolerances.ORDER)


def test_transient_in_a_passive_cable() -> None:
    def v_mV(refine: int) -> np.ndarray:
        cable = rv.Section("cable", parent="soma", length_um=600.0, diameter_um=1.0)
        d = rv.discretise(
            rv.Model(sections=[SOMA, cable], placements=[LEAK]),
            rv.FixedCount(27 * refine, by_region={"soma": 1}),
        )
        rows = [1 + refine * k + refine // 2 for k in (3, 13, 23)]
        pulse = rv.stimuli.Pulse(duration_ms=1.0)
        stimulus = rv.stimuli.CurrentClamp(waveform=pulse, at="soma", amplitude_nA=0.1)
        result = rv.simulate(
            d, stimulus, rv.Probe("v_mV", rows), t_stop_ms=3.0, v_init_mV=E_LEAK_mV
        )
        return result["v_mV"].values[-1]

    np.testing.assert_allclose(order(v_mV), 2.0, rtol=0, atol=tolerances.ORDER)
