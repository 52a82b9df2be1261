"""The description: what it holds, and the sentence for everything that can be wrong with it."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest

import ranvier as rv

NAN, INF = float("nan"), float("inf")


def section(name: str = "a", **changes: Any) -> rv.Section:
    return rv.Section(name, **{"length_um": 10.0, "diameter_um": 2.0, **changes})


def points(*rows: list[float]) -> rv.Section:
    return rv.Section("a", points_um=np.array(rows, dtype=float).reshape(-1, 4))


def model(*sections: rv.Section, **changes: Any) -> rv.Model:
    return rv.Model(sections=sections or [section()], **changes)


def sheathed(**changes: Any) -> rv.Model:
    sound = {"periaxonal_width_um": 0.01, "lamellae": 10, "myelin_diameter_um": 3.0}
    return model(section(sheath=rv.Sheath(**{**sound, **changes})))


def placed(mechanism: str, where: Any = None, **parameters: Any) -> rv.Model:
    placement = rv.Placement(mechanism, where, **parameters)
    return model(section("a", region="axon"), section("b", parent="a"), placements=[placement])


def with_ion(name: str = "na", **changes: Any) -> rv.Model:
    return model(ions=[rv.Ion(name, **changes)])


def child(**changes: Any) -> rv.Model:
    return model(section(), section("b", **{"parent": "a", **changes}))


FINITE = "expected a finite number above 0"
NOT_NEGATIVE = "expected a finite number, 0 or more"
PROBLEMS = [
    # the model
    (
        model(temperature_degC=61.0, name="m"),
        "model 'm': temperature_degC is 61, expected -10 to 60 degrees Celsius",
    ),
    (
        model(temperature_degC=NAN),
        "model '': temperature_degC is nan, expected -10 to 60 degrees Celsius",
    ),
    (rv.Model(sections=[]), "model '': has no sections, expected at least one"),
    # names and connections
    (model(section("")), "section 0: has no name, expected one"),
    (
        model(section(), section(parent="a")),
        "section 'a': is the name of two sections, expected a name of its own",
    ),
    (
        child(parent_position=1.5),
        "section 'b': parent_position is 1.5, expected 0 (proximal) to 1 (distal)",
    ),
    (
        child(parent_position=NAN),
        "section 'b': parent_position is nan, expected 0 (proximal) to 1 (distal)",
    ),
    (
        child(parent=None),
        "section 'b': is not connected, expected a parent, since 'a' is the root",
    ),
    (
        model(section(parent="b"), section("b", parent="a")),
        "section 'a': is the first and has parent 'b', expected the root, which has none",
    ),
    (
        model(section(), section("b", parent="c"), section("c", parent="a")),
        "section 'b': parent 'c' does not come before it, expected parents first",
    ),
    (
        child(parent="b"),
        "section 'b': parent 'b' does not come before it, expected parents first",
    ),
    (
        child(parent="nobody"),
        "section 'b': parent 'nobody' is not a section, expected the name of an earlier one",
    ),
    # shapes
    (model(section(diameter_um=-1.0)), f"section 'a': diameter_um is -1 at point 0, {FINITE}"),
    (
        model(section(distal_diameter_um=0.0)),
        f"section 'a': diameter_um is 0 at point 1, {FINITE}",
    ),
    (model(section(diameter_um=NAN)), f"section 'a': diameter_um is nan at point 0, {FINITE}"),
    (model(section(length_um=-5.0)), f"section 'a': length_um is -5, {FINITE}"),
    (model(section(length_um=0.0)), f"section 'a': length_um is 0, {FINITE}"),
    (
        model(section(length_um=NAN)),
        "section 'a': length_um is NaN or infinite, expected above 0",
    ),
    (
        model(section(length_um=INF)),
        "section 'a': length_um is NaN or infinite, expected above 0",
    ),
    (model(points([0, 0, 0, 1])), "section 'a': has 1 points, expected at least 2"),
    (model(points()), "section 'a': has 0 points, expected at least 2"),
    (
        model(points([0, 0, 0, 1], [0, NAN, 0, 1])),
        "section 'a': has a point that is NaN or infinite, expected finite",
    ),
    (
        model(points([1, 2, 3, 1], [1, 2, 3, 1])),
        "section 'a': length_um is 0, expected points that are apart",
    ),
    # electrical constants
    (model(section(r_a_ohm_cm=0.0)), f"section 'a': r_a_ohm_cm is 0, {FINITE}"),
    (model(section(c_m_uF_cm2=INF)), f"section 'a': c_m_uF_cm2 is inf, {FINITE}"),
    # sheaths
    (
        sheathed(periaxonal_width_um=None),
        "section 'a' sheath: has no periaxonal space, expected periaxonal_width_um or "
        "periaxonal_resistance_Mohm_per_cm",
    ),
    (
        sheathed(periaxonal_width_um=-0.1),
        f"section 'a' sheath: periaxonal_width_um is -0.1, {FINITE}",
    ),
    (
        sheathed(periaxonal_resistivity_ohm_cm=0.0),
        f"section 'a' sheath: periaxonal_resistivity_ohm_cm is 0, {FINITE}",
    ),
    (
        sheathed(periaxonal_resistance_Mohm_per_cm=NAN),
        f"section 'a' sheath: periaxonal_resistance_Mohm_per_cm is nan, {FINITE}",
    ),
    (
        sheathed(is_open=True),
        "section 'a' sheath: is open and has 10 lamellae, expected 0 where the space meets the "
        "outside",
    ),
    (
        sheathed(lamellae=0),
        "section 'a' sheath: lamellae is 0, expected 1 or more, or is_open at a node",
    ),
    (
        sheathed(c_membrane_uF_cm2=-1.0),
        f"section 'a' sheath: c_membrane_uF_cm2 is -1, {NOT_NEGATIVE}",
    ),
    (
        sheathed(g_membrane_S_cm2=NAN),
        f"section 'a' sheath: g_membrane_S_cm2 is nan, {NOT_NEGATIVE}",
    ),
    (
        sheathed(lamella_period_um=0.01),
        "section 'a' sheath: expected either myelin_diameter_um or lamella_period_um",
    ),
    (
        sheathed(myelin_diameter_um=None),
        "section 'a' sheath: expected either myelin_diameter_um or lamella_period_um",
    ),
    (
        sheathed(myelin_diameter_um=None, lamella_period_um=0.0),
        f"section 'a' sheath: lamella_period_um is 0, {FINITE}",
    ),
    (
        sheathed(
            myelin_diameter_um=None,
            lamella_period_um=0.01,
            periaxonal_width_um=None,
            periaxonal_resistance_Mohm_per_cm=1e3,
        ),
        "section 'a' sheath: lamella_period_um needs the radius where myelin begins, expected "
        "periaxonal_width_um with it",
    ),
    (
        sheathed(myelin_diameter_um=1.9),
        "section 'a' sheath: myelin_diameter_um is 1.9, expected at least the axon's 2",
    ),
    # ions
    (
        with_ion(e_mV=1.0, inside_mM=2.0, outside_mM=3.0),
        "ion 'na': has e_mV and concentrations, expected one of the two",
    ),
    (with_ion(e_mV=NAN), "ion 'na': e_mV is nan, expected a finite number"),
    (
        with_ion(inside_mM=2.0),
        "ion 'na': has no reversal potential, expected e_mV, or inside_mM and outside_mM",
    ),
    (with_ion(inside_mM=0.0, outside_mM=3.0), f"ion 'na': inside_mM is 0, {FINITE}"),
    (with_ion(inside_mM=1.0, outside_mM=-3.0), f"ion 'na': outside_mM is -3, {FINITE}"),
    (
        with_ion("li", inside_mM=1.0, outside_mM=3.0),
        "ion 'li': valence is not given, expected a whole number other than 0",
    ),
    (
        with_ion("li", valence=0, inside_mM=1.0, outside_mM=3.0),
        "ion 'li': valence is 0, expected a whole number other than 0",
    ),
    (
        with_ion(e_mV=50.0, where="b"),
        "ion 'na': is placed on 'b', which is no section and no region, expected 'a' or one of a",
    ),
    # placements
    (
        placed("leek"),
        "mechanism 'leek': is unknown, expected 'leak' or one of "
        + ", ".join(rv.mechanisms.names()[:40])
        + ", ...",
    ),
    (
        placed("leak", "axn"),
        "channel 'leak': is placed on 'axn', which is no section and no region, expected 'axon' or "
        "one of axon, a, b",
    ),
    (
        placed("leak", g_bar=1.0),
        "channel 'leak': has no parameter 'g_bar', expected 'g_bar_S_cm2' or one of "
        "g_bar_S_cm2, e_leak_mV",
    ),
    (
        placed("leak", g_bar_S_cm2=[1.0, 2.0, 3.0]),
        "channel 'leak': g_bar_S_cm2 has 3 values, expected 1 or one for each of its 2 sections",
    ),
    (
        placed("leak", g_bar_S_cm2=NAN),
        f"channel 'leak': g_bar_S_cm2 is nan, {NOT_NEGATIVE}",
    ),
    (
        placed("leak", g_bar_S_cm2=-1e-4),
        f"channel 'leak': g_bar_S_cm2 is -0.0001, {NOT_NEGATIVE}",
    ),
    (placed("leak", e_leak_mV=INF), "channel 'leak': e_leak_mV is inf, expected a finite number"),
    (
        model(placements=[rv.Placement("leak"), rv.Placement("leak", "a")]),
        "channel 'leak': is placed twice on section 'a', expected once",
    ),
    (
        placed("k_hh"),
        "channel 'k_hh': needs ion 'k' on section 'a', expected it among the model's ions",
    ),
]


@pytest.mark.parametrize(("wrong", "sentence"), PROBLEMS, ids=[text for _, text in PROBLEMS])
def test_problem_is_named(wrong: rv.Model, sentence: str) -> None:
    assert wrong.validate() == [sentence]
    with pytest.raises(rv.ModelError) as caught:
        rv.discretise(wrong, rv.FixedCount())
    assert str(caught.value) == sentence


def test_an_ion_that_is_only_elsewhere_is_missed() -> None:
    only_there = model(
        section(),
        section("b", parent="a"),
        placements=[rv.Placement("na_hh")],
        ions=[rv.Ion("na", e_mV=50.0, where="a")],
    )
    assert only_there.validate() == [
        "channel 'na_hh': needs ion 'na' on section 'b', expected it among the model's ions"
    ]


def test_all_problems_are_told_at_once() -> None:
    wrong = rv.Model(
        sections=[section(diameter_um=-1.0, r_a_ohm_cm=0.0), section("b", parent="c")],
        placements=[rv.Placement("nothing"), rv.Placement("leak", e_leak_mV=NAN)],
        ions=[rv.Ion("na")],
        temperature_degC=1000.0,
    )
    assert len(wrong.validate()) == 7
    with pytest.raises(rv.ModelError) as caught:
        rv.discretise(wrong, rv.FixedCount())
    assert str(caught.value).splitlines() == wrong.validate()
    assert [f"{subject}: {problem}" for subject, problem in caught.value.problems] == (
        wrong.validate()
    )


def test_sound_models_have_no_problems() -> None:
    assert model().validate() == []
    assert sheathed().validate() == []
    assert sheathed(lamellae=0, is_open=True).validate() == []
    # At an open node nothing is asked of the periaxonal space or of myelin.
    is_open = rv.Sheath(is_open=True)
    assert model(section(sheath=is_open)).validate() == []
    assert placed("leak", ["a", "axon"], g_bar_S_cm2=[2.0]).validate() == []


def test_constructors_refuse_what_has_no_meaning() -> None:
    with pytest.raises(
        TypeError, match="'a': has no shape, expected length_um and diameter_um, or"
    ):
        rv.Section("a", length_um=1.0)
    with pytest.raises(TypeError, match="has points_um and a length or diameter, expected one of"):
        rv.Section("a", length_um=1.0, points_um=[[0, 0, 0, 1], [1, 0, 0, 1]])
    with pytest.raises(
        ValueError, match=r"points_um has another shape, expected \(n, 4\): x, y, z"
    ):
        rv.Section("a", points_um=[[0, 0, 1], [1, 0, 1]])
    with pytest.raises(TypeError, match="'leak': e_leak_mV is not a number, expected one, or one"):
        rv.Placement("leak", e_leak_mV="low")
    with pytest.raises(TypeError):
        rv.Section("a", 1.0, 2.0)  # by name only


def test_a_section_keeps_what_it_was_given() -> None:
    made = section(
        parent="root", parent_position=0.25, region="axon", r_a_ohm_cm=70.0, c_m_uF_cm2=2.0
    )
    assert (made.name, made.parent, made.parent_position) == ("a", "root", 0.25)
    assert (made.region, made.r_a_ohm_cm, made.c_m_uF_cm2) == ("axon", 70.0, 2.0)
    assert (made.length_um, made.sheath, section().parent) == (10.0, None, None)
    np.testing.assert_array_equal(made.points_um, [[0, 0, 0, 2], [10, 0, 0, 2]])
    bent = points([0, 0, 0, 1], [3, 4, 0, 1], [3, 4, 12, 2])
    assert bent.length_um == 17.0


def test_descriptions_are_frozen_and_copies() -> None:
    rows = np.array([[0.0, 0, 0, 1], [1, 0, 0, 1]])
    made = rv.Section("a", points_um=rows)
    rows[1, 0] = 99.0
    made.points_um[0, 0] = 5.0
    assert made.length_um == 1.0
    for thing, name in ((made, "name"), (model(), "sections"), (rv.Ion("k"), "e_mV")):
        with pytest.raises(AttributeError):
            setattr(thing, name, "other")
    whole = model()
    whole.sections.append(section("b"))
    assert len(whole.sections) == 1


@pytest.mark.parametrize(
    ("name", "valence", "e_mV"),
    # RT/F at 37 degC is 26.7267 mV; ln 10 is 2.302585.
    [("na", 1, 61.5404), ("k", 1, 61.5404), ("ca", 2, 30.7702), ("cl", -1, -61.5404)],
)
def test_concentrations_give_the_nernst_potential(name: str, valence: int, e_mV: float) -> None:
    ion = rv.Ion(name, inside_mM=10.0, outside_mM=100.0)
    assert ion.valence == valence
    d = rv.discretise(model(ions=[ion]), rv.FixedCount())
    assert d.to_dict()["ions"][name]["e_mV"][0] == pytest.approx(e_mV, abs=1e-4)


def test_nernst_follows_valence_and_temperature() -> None:
    ion = rv.Ion("mg", valence=2, inside_mM=1.0, outside_mM=2.0)
    cold = rv.discretise(model(ions=[ion], temperature_degC=6.3), rv.FixedCount())
    # 8.314463 * 279.45 / (2 * 96485.33) V * ln 2
    assert cold.to_dict()["ions"]["mg"]["e_mV"][0] == pytest.approx(8.345886, abs=1e-4)


def test_prints_itself_briefly() -> None:
    assert repr(section("x", distal_diameter_um=1.0, parent="a", parent_position=0.5)) == (
        "<Section 'x': 10 um, diameter 2 to 1 um, on 'a' at 0.5>"
    )
    assert repr(section()) == "<Section 'a': 10 um, diameter 2 um>"
    assert repr(rv.Ion("k", e_mV=-77.0)) == "<Ion 'k': -77 mV>"
    assert repr(rv.Placement("leak", e_leak_mV=-70.0)) == "<Placement 'leak' {'e_leak_mV': -70.0}>"
    assert repr(model(name="m")) == "<Model 'm': 1 sections, 0 placements, 37 degC>"


SHEATH = rv.Sheath(
    periaxonal_width_um=0.01,
    periaxonal_resistance_Mohm_per_cm=1e3,
    periaxonal_resistivity_ohm_cm=60.0,
    lamellae=7,
    lamella_period_um=0.016,
    c_membrane_uF_cm2=0.2,
    g_membrane_S_cm2=0.002,
)
FIELDS = {
    rv.Sheath: [
        "periaxonal_width_um",
        "periaxonal_resistance_Mohm_per_cm",
        "periaxonal_resistivity_ohm_cm",
        "lamellae",
        "myelin_diameter_um",
        "lamella_period_um",
        "c_membrane_uF_cm2",
        "g_membrane_S_cm2",
        "is_open",
    ],
    rv.Section: [
        "name",
        "region",
        "parent",
        "parent_position",
        "r_a_ohm_cm",
        "c_m_uF_cm2",
        "length_um",
        "has_coordinates",
    ],
    rv.Ion: ["name", "valence", "e_mV", "inside_mM", "outside_mM", "where"],
    rv.Placement: ["mechanism", "where", "parameters"],
    rv.Model: ["name", "temperature_degC"],
}
VALUES = [
    SHEATH,
    section(parent="r", parent_position=0.5, region="axon", r_a_ohm_cm=3.0, sheath=SHEATH),
    points([0, 0, 0, 1], [1, 2, 3, 4]),
    rv.Ion("mg", valence=2, inside_mM=1.0, outside_mM=2.0, where=["a"]),
    rv.Placement("leak", ["a", "b"], g_bar_S_cm2=[1.0, 2.0], e_leak_mV=-70.0),
    model(section(sheath=SHEATH), placements=[rv.Placement("leak")], name="m"),
]


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
@pytest.mark.parametrize("duplicate", [lambda v: pickle.loads(pickle.dumps(v)), copy.deepcopy])
def test_pickles_and_copies_keep_everything(value: Any, duplicate: Any) -> None:
    again = duplicate(value)
    for field in FIELDS[type(value)]:
        assert getattr(again, field) == getattr(value, field), field
    if isinstance(value, rv.Section):
        np.testing.assert_array_equal(again.points_um, value.points_um)
    if isinstance(value, rv.Model):
        assert again.sections[0].sheath.lamellae == SHEATH.lamellae
        assert again.placements[0].mechanism == "leak"
