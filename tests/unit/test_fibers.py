"""The published fibres: their tables, options and refusals."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ranvier as rv
from ranvier import fibers
from ranvier.fibers.arancibia_carcamo import AXONS
from ranvier.places import compartments_at

LIBRARY = Path(rv.__file__).parent / "mechanisms" / "library"


def regions(fibre: fibers.Fiber) -> list[str]:
    return [section.region for section in fibre.model.sections]


def test_names_are_listed_and_found() -> None:
    assert {"arancibia_carcamo", "hodgkin_huxley", "mrg"} <= set(fibers.names())
    assert fibers.names() == sorted(fibers.names())


def test_names_that_do_not_exist_are_told() -> None:
    with pytest.raises(
        rv.ModelError, match=r"fibre 'mgr': is unknown, expected 'mrg' or one of ar"
    ):
        fibers.describe("mgr")
    with pytest.raises(AttributeError, match=r"no attribute 'mgr'; fibres: \['arancibia_carcamo'"):
        fibers.mgr  # noqa: B018


# The squid axon


def test_squid_has_the_constants_of_1952() -> None:
    fibre = fibers.hodgkin_huxley()
    (axon,) = fibre.model.sections
    assert (axon.length_um, axon.points_um[0, 3]) == (1e5, 476.0)
    assert (axon.r_a_ohm_cm, axon.c_m_uF_cm2) == (35.4, 1.0)
    assert fibre.model.temperature_degC == 18.5
    placed = {p.mechanism: p.parameters for p in fibre.model.placements}
    assert placed == {
        "na_hh": {"g_bar_S_cm2": 0.12},
        "k_hh": {"g_bar_S_cm2": 0.036},
        "leak": {"g_bar_S_cm2": 0.0003, "e_leak_mV": -54.387},
    }
    assert {ion.name: ion.e_mV for ion in fibre.model.ions} == {"na": 50.0, "k": -77.0}


def test_squid_takes_sizes_temperature_and_mesh() -> None:
    fibre = fibers.hodgkin_huxley(
        diameter_um=119.0, length_um=5e3, temperature_degC=6.3, mesh=rv.FixedCount(3)
    )
    assert len(rv.discretise(fibre.model, fibre.mesh)) == 3
    assert (fibre.diameter_um, fibre.model.temperature_degC) == (119.0, 6.3)
    # Half the length constant, so half the compartments' length.
    assert fibers.hodgkin_huxley(diameter_um=119.0).mesh.length_um == pytest.approx(50.0)


@pytest.mark.parametrize("size", [0.0, -1.0, math.nan, math.inf])
@pytest.mark.parametrize("name", ["diameter_um", "length_um"])
def test_squid_refuses_impossible_sizes(name: str, size: float) -> None:
    with pytest.raises(rv.ModelError, match=rf"'hodgkin_huxley': {name} is \S+, expected above 0"):
        fibers.hodgkin_huxley(**{name: size})


# MRG


def test_mrg_has_the_published_sequence() -> None:
    fibre = fibers.mrg(nodes=3)
    period = ["node", "mysa", "flut", *6 * ["stin"], "flut", "mysa"]
    assert regions(fibre) == [*period, *period, "node"]
    assert len(rv.discretise(fibre.model, fibre.mesh)) == 23
    parents = [section.parent for section in fibre.model.sections]
    assert parents[1:] == [section.name for section in fibre.model.sections[:-1]]


#: Table 1 of the paper, by fibre diameter: node spacing, FLUT, axon and node diameter, lamellae.
PUBLISHED = {
    5.7: (500, 35, 3.4, 1.9, 80),
    7.3: (750, 38, 4.6, 2.4, 100),
    8.7: (1000, 40, 5.8, 2.8, 110),
    10.0: (1150, 46, 6.9, 3.3, 120),
    11.5: (1250, 50, 8.1, 3.7, 130),
    12.8: (1350, 54, 9.2, 4.2, 135),
    14.0: (1400, 56, 10.4, 4.7, 140),
    15.0: (1450, 58, 11.5, 5.0, 145),
    16.0: (1500, 60, 12.7, 5.5, 150),
}


@pytest.mark.parametrize(("diameter_um", "row"), PUBLISHED.items())
def test_mrg_has_the_published_geometry(diameter_um: float, row: tuple[float, ...]) -> None:
    spacing_um, flut_um, axon_um, node_um, lamellae = row
    sections = fibers.mrg(diameter_um=diameter_um, nodes=2).model.sections
    by_region = {section.region: section for section in sections}
    widths = {region: section.points_um[0, 3] for region, section in by_region.items()}
    assert widths == {"node": node_um, "mysa": node_um, "flut": axon_um, "stin": axon_um}
    assert sum(section.length_um for section in sections[:-1]) == pytest.approx(spacing_um)
    assert by_region["flut"].length_um == flut_um
    assert (by_region["node"].length_um, by_region["mysa"].length_um) == (1.0, 3.0)
    for region, width_um in {"mysa": 0.002, "flut": 0.004, "stin": 0.004}.items():
        sheath = by_region[region].sheath
        assert (sheath.lamellae, sheath.myelin_diameter_um) == (lamellae, diameter_um)
        assert (sheath.periaxonal_width_um, sheath.is_open) == (width_um, False)
    assert by_region["node"].sheath.is_open


def test_mrg_refines_the_internode_and_not_the_node() -> None:
    fibre = fibers.mrg(nodes=3, refine=5)
    d = rv.discretise(fibre.model, fibre.mesh)
    assert len(d) == 3 + 2 * 10 * 5
    assert compartments_at(d, "node").size == 3


def test_mrg_can_end_in_passive_nodes() -> None:
    fibre = fibers.mrg(nodes=7, passive_end_nodes=2)
    found = [region for region in regions(fibre) if region.endswith("node")]
    assert found == [*2 * ["end_node"], *3 * ["node"], *2 * ["end_node"]]
    d = rv.discretise(fibre.model, fibre.mesh)
    assert compartments_at(d, fibre.velocity_sites).size == 3
    carriers = d.to_dict()["mechanisms"]["na_mrg"]["compartment"]
    assert carriers.tolist() == compartments_at(d, "node").tolist()


@pytest.mark.parametrize(
    ("options", "pattern"),
    [
        (
            {"diameter_um": 9.0},
            "diameter_um is 9, expected a published one: 1, 2, 5.7, 7.3, 8.7, 10",
        ),
        ({"diameter_um": math.nan}, "diameter_um is nan, expected a published one"),
        ({"nodes": 1}, "nodes is 1, expected a whole number, 2 or more"),
        ({"nodes": 2.5}, r"nodes is 2\.5, expected a whole number, 2 or more"),
        ({"refine": 0}, "refine is 0, expected a whole number, 1 or more"),
        ({"passive_end_nodes": -1}, "passive_end_nodes is -1, expected a whole number, 0 or more"),
        (
            {"nodes": 4, "passive_end_nodes": 2},
            "'mrg': 2 passive nodes at each end of 4, expected some nodes in between",
        ),
        (
            {"passive_end_nodes": 1, "ions_accumulate": True},
            "passive_end_nodes is 1 where ions accumulate, expected 0, since their leak is of no",
        ),
    ],
)
def test_mrg_refuses_what_was_not_published(options: dict[str, Any], pattern: str) -> None:
    with pytest.raises(rv.ModelError, match=pattern):
        fibers.mrg(**options)


# Arancibia-Carcamo et al. 2017


@pytest.mark.parametrize(
    ("axon", "compartments", "lamellae"), [("optic_nerve", 66, 7), ("cortex", 86, 5)]
)
def test_cns_axons_have_the_published_grid(axon: str, compartments: int, lamellae: int) -> None:
    fibre = fibers.arancibia_carcamo(axon=axon, nodes=3)
    d = rv.discretise(fibre.model, fibre.mesh)
    assert len(d) == 3 + 2 * compartments
    under_myelin = np.isin(d.section, np.flatnonzero([r != "node" for r in d.section_regions]))
    lengths_um = d.length_um[under_myelin]
    np.testing.assert_allclose(lengths_um, AXONS[axon].internode_length_um / compartments)
    # ceil((r/g - r - w) / period), by hand: 94.3 and 76.4 nm over 15.6 nm.
    assert AXONS[axon].lamellae == lamellae


def test_cns_axons_refuse_what_was_not_published() -> None:
    with pytest.raises(
        rv.ModelError, match=r"axon 'cortx' is unknown, expected 'cortex' or one of"
    ):
        fibers.arancibia_carcamo(axon="cortx")
    with pytest.raises(
        rv.ModelError, match="'arancibia_carcamo': nodes is 0, expected a whole number"
    ):
        fibers.arancibia_carcamo(nodes=0)


# Single cables


@pytest.mark.parametrize("name", ["frankenhaeuser_huxley", "crrss", "schwarz_eikhof"])
def test_insulated_fibres_have_nodes_100_diameters_apart(name: str) -> None:
    fibre = fibers.describe(name).make(diameter_um=12.0, nodes=5)
    assert regions(fibre) == [*4 * ["node", "internode"], "node"]
    node, internode = fibre.model.sections[:2]
    assert node.length_um + internode.length_um == pytest.approx(1200.0)
    assert (
        node.points_um[0, 3]
        == internode.points_um[0, 3]
        == pytest.approx(12.0 * (0.6 if name == "crrss" else 0.7))
    )
    # Perfect myelin: all of an internode's capacitance is nothing next to a node's.
    held = [s.length_um * s.c_m_uF_cm2 for s in (internode, node)]
    assert held[0] < 1e-4 * held[1]
    assert {place for p in fibre.model.placements for place in p.where} == {"node"}


def test_insulated_fibres_take_other_nodes() -> None:
    fibre = fibers.schwarz_reid_bostock(node_length_um=1.0, r_a_ohm_cm=70.0)
    node, internode = fibre.model.sections[:2]
    assert (node.length_um, internode.length_um, node.r_a_ohm_cm) == (1.0, 999.0, 70.0)
    with pytest.raises(rv.ModelError, match=r"'schwarz_eikhof': node_length_um is -1, expected ab"):
        fibers.schwarz_eikhof(node_length_um=-1.0)
    with pytest.raises(rv.ModelError, match=r"'crrss': nodes is 1, expected a whole number, 2 or"):
        fibers.crrss(nodes=1)


# C fibres

CYLINDERS = ["rattay_aberham", "sundt", "tigerholm", "schild_1997", "thio_autonomic"]


@pytest.mark.parametrize("name", CYLINDERS)
def test_cylinders_scale_mesh_and_stimulus_with_the_diameter(name: str) -> None:
    one, four = (fibers.describe(name).make(diameter_um=d) for d in (1.0, 4.0))
    assert four.mesh.length_um == pytest.approx(2.0 * one.mesh.length_um)
    assert four.stimulus.amplitude_nA == pytest.approx(8.0 * one.stimulus.amplitude_nA)
    with pytest.raises(rv.ModelError, match=rf"'{name}': length_um is nan, expected above 0"):
        fibers.describe(name).make(length_um=math.nan)


def test_cold_axons_are_given_more_time() -> None:
    assert fibers.sundt(temperature_degC=27.0).t_stop_ms == 2 * fibers.sundt().t_stop_ms
    assert fibers.sundt(temperature_degC=40.0).t_stop_ms == fibers.sundt().t_stop_ms


def placed(fibre: fibers.Fiber) -> dict[str, dict[str, Any]]:
    return {p.mechanism: p.parameters for p in fibre.model.placements}


@pytest.mark.parametrize("temperature_degC", [30.0, 37.0])
def test_sundt_leak_makes_the_rest(temperature_degC: float) -> None:
    fibre = fibers.sundt(temperature_degC=temperature_degC)
    total = 0.0
    for name, parameters in placed(fibre).items():
        if name == "leak":
            total += parameters["g_bar_S_cm2"] * (-60.0 - parameters["e_leak_mV"])
        else:
            total += sum(currents_at_rest(fibre, name, parameters, -60.0).values())
    assert total == pytest.approx(0.0, abs=1e-15)


@pytest.mark.parametrize("name", ["tigerholm", "thio_autonomic", "thio_cutaneous"])
def test_every_ion_is_in_balance(name: str) -> None:
    info = fibers.describe(name)
    fibre = info.make()
    sums: dict[str, float] = {}
    largest = 0.0
    for mechanism, parameters in placed(fibre).items():
        found = currents_at_rest(fibre, mechanism, parameters, info.v_rest_mV)
        for ion, current in found.items():
            sums[ion] = sums.get(ion, 0.0) + current
            largest = max(largest, abs(current))
    assert set(sums) == {ion.name for ion in fibre.model.ions}
    assert list(sums.values()) == pytest.approx([0.0] * len(sums), abs=1e-15 * (1 + largest))
    leaks = [p for mechanism, p in placed(fibre).items() if mechanism.endswith("_leak")]
    assert all(p["g_bar_S_cm2"] >= 0 for p in leaks)


def currents_at_rest(
    fibre: fibers.Fiber, mechanism: str, parameters: dict[str, Any], v_mV: float
) -> dict[str, float]:
    """As one channel of the library carries them, from concentrations of the model."""
    described = rv.mechanisms.read(LIBRARY / f"{mechanism}.toml")
    temperature_degC = fibre.model.temperature_degC
    known = {"temperature_degC": temperature_degC}
    for ion in fibre.model.ions:
        known[f"e_{ion.name}_mV"] = ion.e_mV
        if ion.e_mV is None:
            ratio = math.log(ion.outside_mM / ion.inside_mM)
            thermal_mV = 8314.46261815324 * (temperature_degC + 273.15) / 96485.33212331001
            known[f"e_{ion.name}_mV"] = thermal_mV / ion.valence * ratio
            known[f"{ion.name}_in_mM"] = ion.inside_mM
            known[f"{ion.name}_out_mM"] = ion.outside_mM
    values = {name: value for name, value in known.items() if name in described.inputs}
    found = described.currents_mA_cm2(v_mV, None, **values, **parameters)
    return {ion: float(current) for ion, current in found.items()}


def test_schild_differs_by_year_in_sodium() -> None:
    old, new = (set(placed(fibre)) for fibre in (fibers.schild_1994(), fibers.schild_1997()))
    assert old - new == {"naf_schild94", "nas_schild94"}
    assert new - old == {"naf_schild97", "nas_schild97"}


# Gaines


def test_gaines_follows_the_fits() -> None:
    sections = fibers.gaines_motor(diameter_um=10.0, nodes=2).model.sections
    by_region = {section.region: section for section in sections}
    widths = {region: section.points_um[0, 3] for region, section in by_region.items()}
    assert widths == pytest.approx({"node": 3.3006, "mysa": 3.3466, "flut": 6.9796, "stin": 6.9796})
    spacing_um = sum(section.length_um for section in sections[:-1])
    assert spacing_um == pytest.approx(969.3 * math.log(10.0) - 1144.6)
    sheath = by_region["stin"].sheath
    # 119.07 turns, as 119 whose membranes are that much thinner.
    turns = 65.897 * math.log(10.0) - 32.666
    assert sheath.lamellae == 119
    assert sheath.c_membrane_uF_cm2 / (2 * sheath.lamellae) == pytest.approx(0.1 / (2 * turns))
    assert sheath.g_membrane_S_cm2 / (2 * sheath.lamellae) == pytest.approx(1e-3 / (2 * turns))


def test_gaines_counts_channels_under_the_myelin_by_the_fibres_surface() -> None:
    fibre = fibers.gaines_sensory(diameter_um=10.0)
    found = {(p.mechanism, *p.where): p.parameters["g_bar_S_cm2"] for p in fibre.model.placements}
    assert found["kf_gaines", "node"] == 0.02737
    assert found["kf_gaines", "stin"] == pytest.approx(0.02737 * 10.0 / 6.9796)
    assert found["kf_gaines", "mysa"] == pytest.approx(0.1642 * 10.0 / 3.3466)


def test_gaines_ends_where_its_fits_do() -> None:
    with pytest.raises(rv.ModelError, match=r"is 5, expected 5\.7 to 16, for which it was fitted"):
        fibers.gaines_motor(diameter_um=5.0)
