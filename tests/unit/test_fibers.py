"""The published fibres: their tables, options and refusals."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import ranvier as rv
from ranvier import fibers
from ranvier.fibers.arancibia_carcamo import AXONS
from ranvier.places import compartments_at


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
