"""Myelin and the space under it, lowered: areas in series, annuli, and what opens."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import ranvier as rv
import tolerances

WIDTH_um, LAMELLAE, MYELIN_um = 0.01, 10, 3.0
CLOSE = {"rel": tolerances.ROUNDING_RELATIVE}


def sheath(**changes: Any) -> rv.Sheath:
    sound = {
        "periaxonal_width_um": WIDTH_um,
        "lamellae": LAMELLAE,
        "myelin_diameter_um": MYELIN_um,
    }
    return rv.Sheath(**{**sound, **changes})


OPEN = rv.Sheath(periaxonal_width_um=WIDTH_um, is_open=True)


def internode(name: str = "internode", parent: str | None = None, **changes: Any) -> rv.Section:
    return rv.Section(
        name,
        **{"length_um": 100.0, "diameter_um": 2.0, "parent": parent, "sheath": sheath(), **changes},
    )


def node(name: str = "node", parent: str | None = None, **changes: Any) -> rv.Section:
    return rv.Section(name, length_um=1.0, diameter_um=1.0, parent=parent, **changes)


def layer_of(*sections: rv.Section, count: int = 1) -> tuple[rv.Discretisation, dict[str, Any]]:
    d = rv.discretise(rv.Model(sections=sections), rv.FixedCount(count))
    (layer,) = d.to_dict()["layers"]
    return d, layer


def annulus_Mohm(length_um: float, diameter_um: Any) -> Any:
    area_um2 = np.pi * WIDTH_um * (diameter_um + WIDTH_um)
    return 0.01 * 70.0 * length_um / area_um2


def test_membranes_at_one_diameter_are_in_series() -> None:
    """2 lamellae membranes, each of area pi D L."""
    _, layer = layer_of(internode(sheath=sheath(c_membrane_uF_cm2=0.3, g_membrane_S_cm2=2e-3)))
    area_um2 = np.pi * MYELIN_um * 100.0
    assert layer["capacitance_nF"][0] == pytest.approx(0.3e-5 / 20 * area_um2, **CLOSE)
    assert layer["conductance_uS"][0] == pytest.approx(2e-5 / 20 * area_um2, **CLOSE)
    assert layer["is_unknown"].tolist() == [True]


def test_membranes_at_their_own_radii_are_in_series() -> None:
    """One every half period outward of the space: Arancibia-Carcamo et al. 2017."""
    turns = sheath(myelin_diameter_um=None, lamella_period_um=0.016, lamellae=3)
    _, layer = layer_of(internode(sheath=turns))
    radii_um = 1.0 + WIDTH_um + 0.008 * np.arange(6)
    in_series_um2 = 1 / np.sum(1 / (2 * np.pi * radii_um * 100.0))
    assert layer["capacitance_nF"][0] == pytest.approx(0.1e-5 * in_series_um2, **CLOSE)


def test_space_of_a_cylinder_is_an_annulus() -> None:
    _, layer = layer_of(internode(), count=4)
    expected = [np.inf, *[annulus_Mohm(25.0, 2.0)] * 3]
    with np.errstate(divide="ignore"):
        np.testing.assert_allclose(1 / layer["axial_conductance_uS"], expected, rtol=1e-12)


def test_space_of_a_taper_is_integrated() -> None:
    tapered = internode(distal_diameter_um=0.5)
    _, layer = layer_of(tapered, count=2)
    x = (np.arange(100_000) + 0.5) / 100_000
    diameter_um = 2.0 - 1.5 * (0.25 + 0.5 * x)  # between the two centres
    expected = annulus_Mohm(50.0, diameter_um).mean()
    assert 1 / layer["axial_conductance_uS"][1] == pytest.approx(expected, rel=1e-9)


def test_resistance_that_is_given_counts_before_the_width() -> None:
    tight = sheath(periaxonal_resistance_Mohm_per_cm=5e3)
    _, layer = layer_of(internode(sheath=tight), count=2)
    assert 1 / layer["axial_conductance_uS"][1] == pytest.approx(5e3 * 50e-4, **CLOSE)


def test_open_node_is_known_and_keeps_half_its_annulus() -> None:
    _, layer = layer_of(node(sheath=OPEN), internode(parent="node"))
    assert layer["is_unknown"].tolist() == [False, True]
    assert layer["capacitance_nF"][0] == layer["conductance_uS"][0] == 0.0
    expected = annulus_Mohm(0.5, 1.0) + annulus_Mohm(50.0, 2.0)
    assert 1 / layer["axial_conductance_uS"][1] == pytest.approx(expected, **CLOSE)


@pytest.mark.parametrize("count", [1, 2, 5])
def test_open_node_meets_the_outside_in_its_middle_on_any_mesh(count: int) -> None:
    sections = [
        internode("one", region="myelin"),
        node("node", "one", sheath=OPEN),
        internode("two", "node", region="myelin"),
    ]
    d = rv.discretise(rv.Model(sections=sections), rv.FixedCount(count, by_region={"myelin": 1}))
    (layer,) = d.to_dict()["layers"]
    assert layer["is_unknown"].tolist() == [True, *[False] * count, True]
    expected = annulus_Mohm(50.0, 2.0) + annulus_Mohm(0.5, 1.0)
    for row in (1, count + 1):
        assert 1 / layer["axial_conductance_uS"][row] == pytest.approx(expected, **CLOSE)


@pytest.mark.parametrize("bare", [{}, {"sheath": rv.Sheath(is_open=True)}])
def test_space_opens_at_the_edge_of_a_bare_neighbour(bare: dict[str, Any]) -> None:
    _, layer = layer_of(node(**bare), internode(parent="node"), node("next", "internode", **bare))
    assert layer["is_unknown"].tolist() == [False, True, False]
    half_uS = 1 / annulus_Mohm(50.0, 2.0)
    np.testing.assert_allclose(layer["axial_conductance_uS"], [0.0, half_uS, half_uS], rtol=1e-12)


def test_there_is_no_path_between_bare_neighbours() -> None:
    _, layer = layer_of(internode(), node(parent="internode"), node("next", "node"))
    assert layer["axial_conductance_uS"][2] == 0.0


def test_bare_models_have_no_layer() -> None:
    d = rv.discretise(rv.Model(sections=[node()]), rv.FixedCount())
    assert d.to_dict()["layers"] == []


def test_axon_that_branches_at_an_open_node_keeps_the_nodes_half_annulus() -> None:
    d, layer = layer_of(node(sheath=OPEN), internode("left", "node"), internode("right", "node"))
    assert d.is_junction.tolist() == [False, True, False, False]
    assert layer["is_unknown"].tolist() == [False, True, True, True]
    half_node, half = annulus_Mohm(0.5, 1.0), annulus_Mohm(50.0, 2.0)
    expected = [1 / half_node, 1 / half, 1 / half]
    np.testing.assert_allclose(layer["axial_conductance_uS"][1:], expected, rtol=1e-12)
    assert layer["capacitance_nF"][1] == layer["conductance_uS"][1] == 0.0


def test_axon_that_branches_at_a_bare_node_opens_at_the_branch() -> None:
    d, layer = layer_of(node(), internode("left", "node"), internode("right", "node"))
    assert d.is_junction.tolist() == [False, True, False, False]
    assert layer["is_unknown"].tolist() == [False, False, True, True]
    half_uS = 1 / annulus_Mohm(50.0, 2.0)
    np.testing.assert_allclose(layer["axial_conductance_uS"][2:], half_uS, rtol=1e-12)


def test_a_bare_branch_opens_the_space_where_it_leaves() -> None:
    d, layer = layer_of(internode(), node("collateral", "internode", parent_position=0.3))
    assert d.is_junction.tolist() == [True, False, False]
    assert layer["is_unknown"].tolist() == [False, True, False]


def test_a_branched_myelinated_axon_is_two_halves_of_a_straight_one() -> None:
    """Two equal daughters carry what one of twice their cross-section would: by symmetry both move
    alike, and the sum of currents into them equals the stem's."""
    sections = [
        node(sheath=OPEN),
        internode("stem", "node"),
        node("fork", "stem", sheath=OPEN),
        internode("left", "fork"),
        internode("right", "fork"),
        node("left end", "left", sheath=OPEN),
        node("right end", "right", sheath=OPEN),
    ]
    leak = rv.Placement("leak", g_bar_S_cm2=1e-3, e_leak_mV=-80.0)
    d = rv.discretise(rv.Model(sections=sections, placements=[leak]), rv.FixedCount(3))
    pulse = rv.stimuli.Pulse(duration_ms=1.0)
    clamp = rv.stimuli.CurrentClamp(waveform=pulse, at=("node", 0.0), amplitude_nA=0.5)
    result = rv.simulate(
        d, clamp, [rv.Probe("v_mV"), rv.Probe("v_periaxonal_mV")], t_stop_ms=2.0, v_init_mV=-80.0
    )
    name = result.geometry.section_name[result["v_mV"].compartments]
    for quantity in ("v_mV", "v_periaxonal_mV"):
        values = result[quantity].values
        np.testing.assert_allclose(
            values[:, name == "left"], values[:, name == "right"], rtol=0, atol=1e-9
        )
    assert np.ptp(result["v_periaxonal_mV"].values[:, name == "left"]) > 0.1
