"""Fibres with other nodes and other myelin, in the arrays that they lower to."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import ranvier as rv
from ranvier.fibers.variants import (
    damaged,
    g_ratio_of,
    internodes,
    with_g_ratio,
    with_node_length,
)

FIBRES = {
    "mrg": rv.fibers.mrg(nodes=4),
    "arancibia_carcamo": rv.fibers.arancibia_carcamo(nodes=4),
    "gaines_motor": rv.fibers.gaines_motor(nodes=4),
}


def arrays(fibre: rv.fibers.Fiber) -> dict[str, Any]:
    return rv.discretise(fibre.model, fibre.mesh).to_dict()


def same(one: dict[str, Any], other: dict[str, Any], rel: float = 1e-12) -> None:
    for name in ("length_um", "diameter_um", "capacitance_nF", "axial_conductance_uS"):
        assert one[name] == pytest.approx(other[name], rel=rel), name
    for name in ("axial_conductance_uS", "capacitance_nF", "conductance_uS"):
        expected = pytest.approx(other["layers"][0][name], rel=rel)
        assert one["layers"][0][name] == expected, name


@pytest.mark.parametrize("name", FIBRES)
def test_a_fibre_of_its_own_g_ratio_is_itself(name: str) -> None:
    fibre = FIBRES[name]
    same(arrays(with_g_ratio(fibre, g_ratio_of(fibre))), arrays(fibre), rel=1e-9)


def test_the_g_ratio_of_a_fibre_is_axon_over_myelin() -> None:
    assert g_ratio_of(FIBRES["mrg"]) == pytest.approx(0.69)
    turns_um = 2 * (0.015 + 7 * 0.0156)
    assert g_ratio_of(FIBRES["arancibia_carcamo"]) == pytest.approx(0.8201 / (0.8201 + turns_um))


def test_radial_myelin_has_the_capacitance_of_the_logarithm() -> None:
    """120 turns are close to a continuous cylinder: C per length = 2 pi eps / ln(outer / inner)."""
    fibre = FIBRES["mrg"]
    inside = slice(3, 9)  # the stin of the first internode

    def per_length(g: float) -> float:
        data = arrays(with_g_ratio(fibre, g, myelin="radial"))
        return float((data["layers"][0]["capacitance_nF"] / data["length_um"])[inside][2])

    for g in (0.4, 0.6, 0.8):
        inner_um = 10.0 * g + 2 * 0.004
        expected = np.log(10.0 / (10.0 * 0.5 + 0.008)) / np.log(10.0 / inner_um)
        assert per_length(g) / per_length(0.5) == pytest.approx(expected, rel=3e-4)


def test_own_myelin_of_mrg_counts_turns_alone() -> None:
    fibre = FIBRES["mrg"]

    def per_length(g: float) -> float:
        data = arrays(with_g_ratio(fibre, g))
        return float((data["layers"][0]["capacitance_nF"] / data["length_um"])[5])

    room_um = [0.5 * (10.0 - 10.0 * g) - 0.004 for g in (0.5, 0.8)]
    assert per_length(0.8) / per_length(0.5) == pytest.approx(room_um[0] / room_um[1], rel=1e-9)


def test_the_axon_scales_and_the_gap_keeps_its_width() -> None:
    fibre = FIBRES["arancibia_carcamo"]
    before, after = arrays(fibre), arrays(with_g_ratio(fibre, g_ratio_of(fibre) / 2))
    assert after["diameter_um"] == pytest.approx(0.5 * before["diameter_um"])
    assert after["axial_conductance_uS"][1:] == pytest.approx(
        0.25 * before["axial_conductance_uS"][1:]
    )
    # Of the internode: pi w (d + w).
    ratio = after["layers"][0]["axial_conductance_uS"][30]
    ratio /= before["layers"][0]["axial_conductance_uS"][30]
    d_um, w_um = 0.8201, 0.015
    assert ratio == pytest.approx((d_um / 2 + w_um) / (d_um + w_um), rel=1e-9)


@pytest.mark.parametrize("channels", ["density", "number"])
def test_longer_nodes_have_more_membrane_and_more_channels_or_as_many(channels: str) -> None:
    fibre = FIBRES["mrg"]
    long = with_node_length(fibre, 2.5, channels=channels)
    one, other = rv.discretise(fibre.model, fibre.mesh), rv.discretise(long.model, long.mesh)
    nodes = np.flatnonzero(one.length_um == 1.0)
    assert nodes.size == 4
    assert other.length_um[nodes] == pytest.approx(2.5)
    others = np.setdiff1d(np.arange(len(one)), nodes)
    assert np.array_equal(one.length_um[others], other.length_um[others])
    for name in ("na_mrg", "nap_mrg", "ks_mrg"):
        total = []
        for d in (one, other):
            table = d.to_dict()["mechanisms"][name]
            rows = table["compartment"]
            total.append(table["parameters"]["g_bar_S_cm2"] @ d.area_um2[rows])
        more = 2.5 if channels == "density" else 1.0
        assert total[1] / total[0] == pytest.approx(more)


def test_insulated_fibres_have_nodes_of_another_length_too() -> None:
    fibre = rv.fibers.frankenhaeuser_huxley(nodes=3)
    changed = with_node_length(fibre, 5.0, channels="number").model
    assert [s.length_um for s in changed.sections] == [5.0, 1997.5, 5.0, 1997.5, 5.0]
    assert changed.placements[0].parameters["p_bar_cm_s"] == pytest.approx(4e-3)


def test_internodes_are_what_is_between_nodes() -> None:
    assert internodes(FIBRES["mrg"]) == [list(range(k + 1, k + 11)) for k in (0, 11, 22)]


def test_damage_is_where_it_was_asked_for() -> None:
    fibre = FIBRES["mrg"]
    whole = arrays(fibre)["layers"][0]
    hit = set(range(12, 22))
    for kind, amount in (("lost", None), ("thinned", 0.5), ("retracted", None), ("loosened", 3.0)):
        layer = arrays(damaged(fibre, [1], kind, amount=amount))["layers"][0]
        changed = np.zeros(len(whole["capacitance_nF"]), bool)
        for name in ("capacitance_nF", "conductance_uS", "is_unknown"):
            changed |= layer[name] != whole[name]
        if kind == "loosened":
            assert not changed.any()
            # Between the paranode and the node beside it, over half the length of each.
            wider = layer["axial_conductance_uS"] / np.maximum(whole["axial_conductance_uS"], 1e-9)
            assert wider[12] == pytest.approx((0.5 + 1.5) / (0.5 + 1.5 / 3), rel=0.01)
            assert np.flatnonzero(np.abs(wider - 1.0) > 1e-6)[1:].tolist() == [12, 13, 21, 22]
        else:
            expected = hit if kind in ("lost", "thinned") else {12, 21}
            assert set(np.flatnonzero(changed)) == expected


def test_thinned_myelin_is_that_of_fewer_turns() -> None:
    fibre = FIBRES["arancibia_carcamo"]
    half = arrays(damaged(fibre, [0], "thinned", amount=3 / 7))["layers"][0]
    whole = arrays(fibre)["layers"][0]
    row = 20
    radii_um = 0.5 * 0.8201 + 0.015 + 0.5 * 0.0156 * np.arange(1, 15)
    per_turns = [1 / np.sum(1 / radii_um[: 2 * turns]) for turns in (3, 7)]
    found = half["capacitance_nF"][row] / whole["capacitance_nF"][row]
    assert found == pytest.approx(per_turns[0] / per_turns[1], rel=0.02)  # where in a turn it lies


def test_loosened_seals_known_by_resistance_widen_too() -> None:
    fibre = FIBRES["arancibia_carcamo"]
    loose = arrays(damaged(fibre, [0], "loosened", amount=10.0))["layers"][0]
    whole = arrays(fibre)["layers"][0]
    assert loose["axial_conductance_uS"][1] / whole["axial_conductance_uS"][1] == pytest.approx(
        10.0, rel=1e-3
    )


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda f: with_node_length(f, 0.0), "length_um is 0, expected above 0"),
        (lambda f: with_node_length(f, 1.0, channels="all"), "channels: 'all' is unknown"),
        (lambda f: with_g_ratio(f, 1.0), "g_ratio is 1, expected above 0 and below 0.999"),
        (lambda f: with_g_ratio(f, float("nan")), "g_ratio is nan, expected above 0"),
        (lambda f: with_g_ratio(f, 0.5, myelin="thick"), "myelin: 'thick' is unknown, expected"),
        (lambda f: damaged(f, [3], "lost"), "has no internode 3, expected 0 to 2"),
        (lambda f: damaged(f, [0], "burnt"), "damage: 'burnt' is unknown, expected"),
        (
            lambda f: damaged(f, [0], "lost", amount=0.5),
            "amount: is 0.5, expected none for myelin that is lost",
        ),
        (
            lambda f: damaged(f, [0], "thinned"),
            "amount: is None, expected above 0 for myelin that is thinned",
        ),
        (
            lambda f: damaged(f, [0], "thinned", amount=1.5),
            "amount: is 1.5, expected at most 1, the share that is left",
        ),
        (
            lambda f: damaged(f, [0], "loosened", amount=0.5),
            "amount: is 0.5, expected 1 or more, how many times as wide",
        ),
    ],
)
def test_what_cannot_be_is_one_sentence(change: Any, sentence: str) -> None:
    with pytest.raises(rv.ModelError, match=sentence):
        change(FIBRES["mrg"])


def test_a_fibre_without_nodes_or_sheath_is_refused() -> None:
    with pytest.raises(rv.ModelError, match="has no region 'node', expected a myelinated fibre"):
        with_node_length(rv.fibers.sundt(), 1.0)
    with pytest.raises(rv.ModelError, match="has no sheath, expected a myelinated double cable"):
        g_ratio_of(rv.fibers.crrss())
