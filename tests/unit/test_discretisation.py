"""The flat form: small cables by hand, junctions, sheaths, mesh policies, and its own checks."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ranvier as rv
import tolerances
from ranvier.discretisation import SCHEMA_VERSION, load, save
from ranvier.errors import FormatError

CLOSE = {"rtol": tolerances.ROUNDING_RELATIVE}


def cable(name: str = "a", **changes: Any) -> rv.Section:
    return rv.Section(name, **{"length_um": 50.0, "diameter_um": 2.0, **changes})


def discretised(
    *sections: rv.Section, mesh: Any = None, placements: Any = (), **options: Any
) -> rv.Discretisation:
    model = rv.Model(sections=sections, placements=placements, **options)
    return rv.discretise(model, mesh or rv.FixedCount(5))


def axial_uS(length_um: float, diameter_um: float, r_a_ohm_cm: float = 100.0) -> float:
    """pi d^2 / 4 / (r_a l): 1 um2 / (1 ohm cm 1 um) is 1e-4 S = 100 uS."""
    return 100.0 * np.pi * diameter_um**2 / 4 / (r_a_ohm_cm * length_um)


def test_five_compartments_of_a_cylinder_by_hand() -> None:
    d = discretised(cable(c_m_uF_cm2=2.0, r_a_ohm_cm=70.0))
    assert len(d) == 5
    assert d.parent.tolist() == [-1, 0, 1, 2, 3]
    assert d.section.tolist() == [0] * 5
    assert not d.is_junction.any()
    np.testing.assert_allclose(d.centre_um, [5, 15, 25, 35, 45], **CLOSE)
    np.testing.assert_allclose(d.distance_um, d.centre_um, **CLOSE)
    np.testing.assert_allclose(d.length_um, 10.0, **CLOSE)
    np.testing.assert_allclose(d.diameter_um, 2.0, **CLOSE)
    np.testing.assert_allclose(d.area_um2, 20 * np.pi, **CLOSE)
    # 2 uF/cm2 over 20 pi um2: 1 uF/cm2 is 0.01 pF/um2.
    np.testing.assert_allclose(d.capacitance_nF, 2e-5 * 20 * np.pi, **CLOSE)
    expected_uS = [0.0, *[axial_uS(10.0, 2.0, 70.0)] * 4]
    np.testing.assert_allclose(d.axial_conductance_uS, expected_uS, **CLOSE)
    np.testing.assert_allclose(d.xyz_um, np.outer(d.centre_um, [1, 0, 0]), **CLOSE)


def test_taper_by_hand() -> None:
    d = discretised(cable(distal_diameter_um=1.0), mesh=rv.FixedCount(2))
    # 2 to 1.5 and 1.5 to 1 um, over 25 um each.
    slant_um = np.hypot(25.0, 0.25)
    np.testing.assert_allclose(d.area_um2, [np.pi * 1.75 * slant_um, np.pi * 1.25 * slant_um])
    np.testing.assert_allclose(d.diameter_um, [1.75, 1.25], **CLOSE)
    # From 12.5 um (1.75) to 37.5 um (1.25): 4 l / (pi d0 d1).
    resistance_Mohm = 0.01 * 100.0 * 4 * 25.0 / (np.pi * 1.75 * 1.25)
    assert d.axial_conductance_uS[1] == pytest.approx(1 / resistance_Mohm, rel=1e-12)


def test_points_by_hand() -> None:
    """Two frusta round a corner; the middle compartment holds the corner."""
    bent = rv.Section("a", points_um=[[0, 0, 0, 2], [30, 0, 0, 1], [30, 30, 0, 3]])
    d = discretised(bent, mesh=rv.FixedCount(3))
    np.testing.assert_allclose(d.length_um, 20.0, **CLOSE)
    np.testing.assert_allclose(d.xyz_um, [[10, 0, 0], [30, 0, 0], [30, 20, 0]], atol=1e-12)
    first = np.pi * 0.5 * (2 + 4 / 3) * np.hypot(20, 1 / 3)
    before = np.pi * 0.5 * (4 / 3 + 1) * np.hypot(10, 1 / 6)
    after = np.pi * 0.5 * (1 + 5 / 3) * np.hypot(10, 1 / 3)
    last = np.pi * 0.5 * (5 / 3 + 3) * np.hypot(20, 2 / 3)
    np.testing.assert_allclose(d.area_um2, [first, before + after, last], **CLOSE)
    # Centre 10 um (5/3) to the corner at 30 um (1), whose centre it is.
    resistance_Mohm = 0.01 * 100.0 * 4 * 20.0 / (np.pi * 5 / 3 * 1.0)
    assert d.axial_conductance_uS[1] == pytest.approx(1 / resistance_Mohm, rel=1e-12)


def test_repeated_points_are_a_jump_of_the_diameter() -> None:
    stepped = rv.Section("a", points_um=[[0, 0, 0, 2], [10, 0, 0, 2], [10, 0, 0, 1], [20, 0, 0, 1]])
    d = discretised(stepped, mesh=rv.FixedCount(2))
    np.testing.assert_allclose(d.area_um2, [20 * np.pi, 10 * np.pi], **CLOSE)
    half_Mohm = [0.5 / axial_uS(10.0, 2.0), 0.5 / axial_uS(10.0, 1.0)]
    assert 1 / d.axial_conductance_uS[1] == pytest.approx(sum(half_Mohm), rel=1e-12)


def test_a_lone_child_at_the_end_continues_the_cable() -> None:
    child = cable("b", parent="a", diameter_um=1.0)
    d = discretised(cable(), child)
    assert len(d) == 10
    assert not d.is_junction.any()
    assert d.parent[5] == 4
    resistance_Mohm = 0.5 / axial_uS(10.0, 2.0) + 0.5 / axial_uS(10.0, 1.0)
    assert 1 / d.axial_conductance_uS[5] == pytest.approx(resistance_Mohm, rel=1e-12)
    assert d.distance_um[5] == 55.0
    np.testing.assert_allclose(d.xyz_um[5], [55, 0, 0])


def test_a_child_in_the_middle_of_a_compartment_needs_no_junction() -> None:
    d = discretised(cable(), cable("b", parent="a", parent_position=0.5))
    assert not d.is_junction.any()
    assert d.parent[5] == 2
    assert d.axial_conductance_uS[5] == pytest.approx(2 * axial_uS(10.0, 2.0), rel=1e-12)
    assert d.distance_um[5] == 30.0


def junctions(d: rv.Discretisation) -> np.ndarray:
    return np.flatnonzero(d.is_junction)


def test_two_children_at_the_end_meet_at_a_junction() -> None:
    d = discretised(cable(), cable("b", parent="a"), cable("c", parent="a"))
    assert junctions(d).tolist() == [5]
    assert (d.parent[5], d.parent[6], d.parent[11]) == (4, 5, 5)
    assert d.axial_conductance_uS[5] == pytest.approx(2 * axial_uS(10.0, 2.0), rel=1e-12)
    assert d.axial_conductance_uS[6] == pytest.approx(2 * axial_uS(10.0, 2.0), rel=1e-12)
    for column in (d.area_um2, d.length_um, d.capacitance_nF):
        assert column[5] == 0.0
    assert (d.centre_um[5], d.diameter_um[5]) == (50.0, pytest.approx(2.0))


def test_a_child_off_centre_meets_its_parent_at_a_junction() -> None:
    d = discretised(cable(), cable("b", parent="a", parent_position=0.36))
    # At 18 um, between the centres at 15 and at 25 um.
    assert junctions(d).tolist() == [2]
    assert d.centre_um.tolist()[:6] == [5, 15, 18, 25, 35, 45]
    assert (d.parent[2], d.parent[3], d.parent[6]) == (1, 2, 2)
    found_uS = d.axial_conductance_uS[[2, 3, 6]]
    expected_uS = [axial_uS(3.0, 2.0), axial_uS(7.0, 2.0), axial_uS(5.0, 2.0)]
    np.testing.assert_allclose(found_uS, expected_uS, rtol=1e-9)
    assert d.distance_um[6] == pytest.approx(23.0)


def test_children_at_one_place_share_a_junction() -> None:
    d = discretised(cable(), *(cable(n, parent="a", parent_position=0.36) for n in "bcd"))
    assert junctions(d).tolist() == [2]
    assert d.parent[[6, 11, 16]].tolist() == [2, 2, 2]


def test_a_lone_child_at_the_start_of_the_root_is_no_junction() -> None:
    d = discretised(cable(), cable("b", parent="a", parent_position=0.0))
    assert not d.is_junction.any()
    assert d.parent[5] == 0
    assert d.axial_conductance_uS[5] == pytest.approx(axial_uS(10.0, 2.0), rel=1e-12)
    assert d.distance_um[5] == 5.0


def test_a_child_at_the_start_of_another_child_meets_where_that_one_is_connected() -> None:
    d = discretised(cable(), cable("b", parent="a"), cable("c", parent="b", parent_position=0.0))
    alike = discretised(cable(), cable("b", parent="a"), cable("c", parent="a"))
    np.testing.assert_array_equal(d.parent, alike.parent)
    np.testing.assert_array_equal(d.axial_conductance_uS, alike.axial_conductance_uS)
    np.testing.assert_array_equal(d.distance_um, alike.distance_um)


def test_rows_are_in_tree_order_and_distances_follow_the_path() -> None:
    d = discretised(
        cable(),
        cable("b", parent="a", parent_position=0.3),
        cable("c", parent="b", parent_position=0.7),
        cable("d", parent="a"),
        cable("e", parent="a"),
    )
    assert (d.parent < np.arange(len(d))).all()
    assert (np.flatnonzero(d.parent < 0) == [0]).all()
    starts = {"a": 0.0, "b": 15.0, "c": 50.0, "d": 50.0, "e": 50.0}
    for s, name in enumerate(d.section_names):
        rows = d.section == s
        np.testing.assert_allclose(d.distance_um[rows] - d.centre_um[rows], starts[name])
        assert d.length_um[rows].sum() == pytest.approx(50.0)


def test_points_with_coordinates_stay_where_they_are() -> None:
    far = rv.Section("b", parent="a", points_um=[[0, 100, 0, 1], [0, 110, 0, 1]])
    d = discretised(cable(), far, mesh=rv.FixedCount(1))
    np.testing.assert_allclose(d.xyz_um, [[25, 0, 0], [0, 105, 0]])
    assert d.distance_um[1] == 55.0


def test_mechanisms_are_on_the_membrane_they_were_placed_on() -> None:
    d = discretised(
        cable(region="thick"),
        cable("b", parent="a", region="thin"),
        cable("c", parent="a", region="thin"),
        mesh=rv.FixedCount(2),
        placements=[
            # Out of order, one value for each of the two sections; the rest has the default.
            rv.Placement("leak", "thin", g_bar_S_cm2=[3e-4, 5e-4]),
            rv.Placement("leak", "a", e_leak_mV=-70.0),
        ],
    )
    table = d.to_dict()["mechanisms"]["leak"]
    assert table["compartment"].tolist() == [0, 1, 3, 4, 5, 6]  # row 2 is a junction
    g_S_cm2 = table["parameters"]["g_bar_S_cm2"]
    assert g_S_cm2.tolist() == [1e-4, 1e-4, 3e-4, 3e-4, 5e-4, 5e-4]
    assert table["parameters"]["e_leak_mV"].tolist() == [-70, -70, -65, -65, -65, -65]


def test_ions_have_no_potential_where_they_are_not() -> None:
    ions = [rv.Ion("na", e_mV=50.0, where="b"), rv.Ion("k", e_mV=-77.0)]
    d = discretised(cable(), cable("b", parent="a"), mesh=rv.FixedCount(1), ions=ions)
    found = d.to_dict()["ions"]
    np.testing.assert_array_equal(found["na"]["e_mV"], [np.nan, 50.0])
    np.testing.assert_array_equal(found["k"]["e_mV"], [-77.0, -77.0])
    assert (found["na"]["valence"], found["k"]["valence"]) == (1, 1)


def test_views_are_read_only_and_outlive_the_owner() -> None:
    area_um2 = discretised(cable()).area_um2
    with pytest.raises(ValueError, match="read-only"):
        area_um2[0] = 1.0
    assert area_um2.sum() == pytest.approx(100 * np.pi)


def test_labels_and_repr() -> None:
    d = discretised(cable("axon"), name="squid")
    assert repr(d) == "<Discretisation 'squid': 5 compartments in 1 sections>"
    assert d.label(3) == "axon (35 um)"
    for wrong in (-1, 5):
        with pytest.raises(IndexError, match=rf"compartment {wrong}: expected 0 to 4"):
            d.label(wrong)


# Mesh policies


@pytest.mark.parametrize(
    ("mesh", "counts"),
    [
        (rv.FixedCount(), [1, 1]),
        (rv.FixedCount(4, by_region={"fine": 7}), [4, 7]),
        (rv.MaxLength(60.0), [17, 2]),
        (rv.MaxLength(100.0), [10, 1]),  # a whole multiple needs no extra one
        (rv.MaxLength(1e9, by_region={"fine": 9.9}), [1, 11]),
    ],
)
def test_mesh_policies_count(mesh: Any, counts: list[int]) -> None:
    d = discretised(
        cable(length_um=1000.0), cable("b", parent="a", length_um=100.0, region="fine"), mesh=mesh
    )
    assert np.bincount(d.section).tolist() == counts


def test_whole_multiples_survive_rounding() -> None:
    for count in range(1, 200):
        d = discretised(cable(length_um=count * 0.1), mesh=rv.MaxLength(0.1))
        assert len(d) == count


@pytest.mark.parametrize("d_lambda", [0.02, 0.1, 0.3])
@pytest.mark.parametrize(("diameter_um", "r_a", "c_m"), [(1.0, 100.0, 1.0), (4.0, 35.4, 2.0)])
def test_d_lambda_is_neurons_rule(
    d_lambda: float, diameter_um: float, r_a: float, c_m: float
) -> None:
    """int((L / (d_lambda lambda_f(100)) + 0.9) / 2) * 2 + 1, from NEURON's fixnseg.hoc."""
    lambda_um = 1e5 * np.sqrt(diameter_um / (4 * np.pi * 100.0 * r_a * c_m))
    for length_um in (1.0, 30.0, 777.0, 5e3):
        section = cable(
            length_um=length_um, diameter_um=diameter_um, r_a_ohm_cm=r_a, c_m_uF_cm2=c_m
        )
        d = discretised(section, mesh=rv.DLambda(d_lambda))
        assert len(d) == int((length_um / (d_lambda * lambda_um) + 0.9) / 2) * 2 + 1


def test_ac_length_constant_is_the_published_one() -> None:
    """282.09 um at 100 Hz for 1 um, 100 ohm cm, 1 uF/cm2: 2.1 of a tenth of it makes three."""
    tenth_um = 28.209
    for length_um, count in ((1.09 * tenth_um, 1), (1.11 * tenth_um, 3), (3.11 * tenth_um, 5)):
        assert len(discretised(cable(length_um=length_um, diameter_um=1.0), mesh=rv.DLambda())) == (
            count
        )


def test_d_lambda_of_a_taper_adds_up_its_frusta() -> None:
    """As NEURON's lambda_f does for 3-D points: each with its mean diameter."""
    tapered = rv.Section("a", points_um=[[0, 0, 0, 4], [500, 0, 0, 2], [1500, 0, 0, 1]])
    per_um = 1e-5 * np.sqrt(4 * np.pi * 100.0 * 100.0)
    lambdas = per_um * (500 / np.sqrt(3.0) + 1000 / np.sqrt(1.5))
    d = discretised(tapered, mesh=rv.DLambda())
    assert len(d) == int((lambdas / 0.1 + 0.9) / 2) * 2 + 1


def test_d_lambda_knows_frequency_and_regions() -> None:
    long = cable(length_um=2e3, region="axon")
    default = len(discretised(long, mesh=rv.DLambda()))
    assert len(discretised(long, mesh=rv.DLambda(frequency_Hz=400.0))) == pytest.approx(
        2 * default, abs=2
    )
    assert len(discretised(long, mesh=rv.DLambda(by_region={"axon": 10.0}))) == 1


@pytest.mark.parametrize(
    ("mesh", "sentence"),
    [
        (rv.FixedCount(0), "mesh: count is 0, expected a finite number above 0"),
        (
            rv.FixedCount(1, by_region={"node": -2}),
            "mesh: count of region 'node' is -2, expected a finite number above 0",
        ),
        (rv.MaxLength(float("nan")), "mesh: length_um is nan, expected a finite number above 0"),
        (rv.DLambda(0.0), "mesh: d_lambda is 0, expected a finite number above 0"),
        (
            rv.DLambda(0.1, frequency_Hz=-5.0),
            "mesh: frequency_Hz is -5, expected a finite number above 0",
        ),
        (
            rv.MaxLength(1e-9),
            "section 'a': would have 5e+10 compartments, expected at most 1e+08; choose a coarser "
            "mesh",
        ),
    ],
)
def test_meshes_that_make_no_sense_are_named(mesh: Any, sentence: str) -> None:
    with pytest.raises(rv.ModelError) as caught:
        discretised(cable(), mesh=mesh)
    assert str(caught.value) == sentence


@pytest.mark.parametrize(
    "mesh",
    [
        rv.FixedCount(3, by_region={"a": 5}),
        rv.MaxLength(2.0, by_region={"a": 1.0}),
        rv.DLambda(0.2, frequency_Hz=50.0, by_region={"a": 0.1}),
    ],
    ids=lambda mesh: type(mesh).__name__,
)
def test_meshes_pickle(mesh: Any) -> None:
    again = pickle.loads(pickle.dumps(mesh))
    for field in ("count", "length_um", "d_lambda", "frequency_Hz", "by_region"):
        assert getattr(again, field, None) == getattr(mesh, field, None)


# To and from dict, and files


def sheathed_tree() -> rv.Discretisation:
    sheath = rv.Sheath(periaxonal_width_um=0.01, lamellae=10, myelin_diameter_um=3.0)
    return discretised(
        cable(region="node"),
        cable("b", parent="a", sheath=sheath),
        cable("c", parent="a", parent_position=0.36),
        placements=[
            rv.Placement("leak"),
            rv.Placement("na_hh", "node", g_bar_S_cm2=0.1),
            rv.Placement("k_hh", ["node", "c"]),
        ],
        ions=[rv.Ion("na", e_mV=50.0), rv.Ion("k", inside_mM=140.0, outside_mM=4.0)],
        temperature_degC=20.0,
        name="a tree",
    )


def flat(value: Any, prefix: str = "") -> dict[str, Any]:
    if isinstance(value, list) and value and isinstance(value[0], dict):
        value = dict(enumerate(value))
    if isinstance(value, dict):
        parts = [flat(item, f"{prefix}/{key}") for key, item in value.items()]
        return {key: item for part in parts for key, item in part.items()}
    return {prefix: value}


def assert_same(one: rv.Discretisation, other: rv.Discretisation) -> None:
    first, second = flat(one.to_dict()), flat(other.to_dict())
    assert list(first) == list(second)
    for key, value in first.items():
        if isinstance(value, np.ndarray):
            assert value.dtype == second[key].dtype, key
            assert value.tobytes() == second[key].tobytes(), key
        else:
            assert value == second[key], key


def test_dict_round_trip_keeps_every_bit() -> None:
    d = sheathed_tree()
    assert_same(d, rv.Discretisation.from_dict(d.to_dict()))


def test_pickle_round_trip_keeps_every_bit() -> None:
    d = sheathed_tree()
    assert_same(d, pickle.loads(pickle.dumps(d)))


def test_file_round_trip_keeps_every_bit(tmp_path: Path) -> None:
    for number, d in enumerate((sheathed_tree(), discretised(cable()))):
        save(d, tmp_path / f"{number}.npz")
        assert_same(d, load(tmp_path / f"{number}.npz"))


def test_a_loaded_one_runs_the_same(tmp_path: Path) -> None:
    fibre = rv.fibers.mrg(nodes=3)
    d = rv.discretise(fibre.model, fibre.mesh)
    save(d, tmp_path / "mrg.npz")
    runs = [
        rv.Simulation(built, stimuli=[fibre.stimulus], v_rest_guess_mV=-80.0)
        for built in (d, load(tmp_path / "mrg.npz"))
    ]
    for run in runs:
        run.advance(100)
    assert runs[0].snapshot() == runs[1].snapshot()


@pytest.mark.parametrize("content", [b"", b"nothing of ours", b"PK\x03\x04 broken"])
def test_other_files_are_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "other.npz"
    path.write_bytes(content)
    with pytest.raises(
        FormatError, match=r"is not a saved discretisation, expected a \.npz of ours"
    ):
        load(path)
    np.savez(path, something=np.arange(3))
    with pytest.raises(FormatError, match=r"other\.npz: is not a saved discretisation"):
        load(path)


def changed(d: rv.Discretisation, path: str, value: Any) -> dict[str, Any]:
    """The dict with one entry replaced (or, None, dropped)."""
    data = copy.deepcopy(d.to_dict())
    *folders, last = path.split("/")
    inner: Any = data
    for folder in folders:
        inner = inner[int(folder) if folder.isdigit() else folder]
    if value is None:
        del inner[last]
    else:
        inner[last] = value
    return data


SIZE = 16  # rows of sheathed_tree()
ROWS = np.arange(SIZE)
BAD_ARRAYS = [
    ("schema_version", 99, f"schema_version: is 99, expected {SCHEMA_VERSION}"),
    ("schema_version", None, "schema_version: is missing, expected it in a discretisation"),
    ("name", None, "name: is missing, expected it in a discretisation"),
    (
        "area_um2",
        None,
        "area_um2: is missing, expected it in a discretisation",
    ),
    ("length_um", "long", "length_um: is not an array of numbers, expected one"),
    ("diameter_um", ROWS[:3], f"diameter_um: has 3 values, expected {SIZE}"),
    ("xyz_um", ROWS, "xyz_um: has another shape, expected (n, 3)"),
    (
        "parent",
        np.where(ROWS == 4, 9, ROWS - 1),
        "compartment 4: has parent 9, expected -1 to 3",
    ),
    (
        "parent",
        np.where(ROWS == 1, -2, ROWS - 1),
        "compartment 1: has parent -2, expected -1 to 0",
    ),
    ("section", np.full(SIZE, 3), "section: has index 3, expected 0 to 3 - 1"),
    ("section", np.full(SIZE, -1), "section: has index -1, expected 0 to 3 - 1"),
    (
        "section_regions",
        ["node"],
        "section_regions: has 1 entries, expected one per section",
    ),
    (
        "area_um2",
        np.full(SIZE, np.nan),
        "area_um2: is nan in compartment 0, expected a finite number, 0 or more",
    ),
    (
        "capacitance_nF",
        5.0 - ROWS,
        "capacitance_nF: is -1 in compartment 6, expected a finite number, 0 or more",
    ),
    (
        "axial_conductance_uS",
        np.where(ROWS == 2, np.inf, 1.0),
        "axial_conductance_uS: is inf in compartment 2, expected a finite number, 0 or more",
    ),
    ("layers/0/is_unknown", ROWS[:5] > 0, f"is_unknown: has 5 values, expected {SIZE}"),
    (
        "layers/0/capacitance_nF",
        -1.0 - ROWS,
        "layer capacitance_nF: is -1 in compartment 0, expected a finite number, 0 or more",
    ),
    (
        "mechanisms/leak/compartment",
        np.arange(SIZE - 1)[::-1],
        f"mechanism 'leak': has compartment 13 after 14, expected ascending, below {SIZE}",
    ),
    (
        "mechanisms/leak/compartment",
        np.arange(15) + 2,
        f"mechanism 'leak': has compartment 16 after 15, expected ascending, below {SIZE}",
    ),
    (
        "mechanisms/leak/parameters",
        {"g_bar_S_cm2": np.ones(15)},
        "mechanism 'leak': expected its 2 parameters in order, one value per compartment",
    ),
    (
        "mechanisms/leak/parameters/e_leak_mV",
        np.ones(3),
        "mechanism 'leak': expected its 2 parameters in order, one value per compartment",
    ),
    (
        "mechanisms/leak/parameters/e_leak_mV",
        np.full(15, np.nan),
        "mechanism 'leak' parameter 1: is NaN or infinite somewhere, expected finite numbers",
    ),
    ("name", 3, "name: is of another kind, expected text"),
    ("schema_version", "1", "schema_version: is of another kind, expected a whole number"),
    ("layers", [3], "layers: is of another kind, expected a list of dict"),
    ("ions", {3: {}}, "ions: has a key that is no text, expected names"),
    ("parent", np.arange(SIZE) - 0.5, "parent: is not an array of whole numbers, expected one"),
    (
        "parent",
        np.full(SIZE, 2**40),
        "parent: holds 1099511627776, expected numbers of 32 bits, or flags",
    ),
    ("area_um2", np.ones((SIZE, 1)), "area_um2: has another shape, expected (n,)"),
    (
        "temperature_degC",
        np.nan,
        "temperature_degC: is NaN or infinite somewhere, expected finite numbers",
    ),
    ("ions/na", None, "mechanism 'na_hh': needs ion 'na', expected it among the ions"),
    ("ions/na/e_mV", np.ones(2), f"ion 'na' e_mV: has 2 values, expected {SIZE}"),
    (
        "ions/na/e_mV",
        np.where(ROWS == 4, np.nan, 50.0),
        "mechanism 'na_hh': has no reversal potential of ion 'na' in compartment 4, "
        "expected e_mV there",
    ),
]


@pytest.mark.parametrize(("path", "value", "sentence"), BAD_ARRAYS)
def test_wrong_arrays_are_named(path: str, value: Any, sentence: str) -> None:
    d = sheathed_tree()
    assert len(d) == SIZE
    with pytest.raises(rv.ModelError) as caught:
        rv.Discretisation.from_dict(changed(d, path, value))
    assert sentence in str(caught.value).splitlines()


def test_unknown_mechanisms_of_a_file_are_named() -> None:
    d = sheathed_tree()
    data = d.to_dict()
    data["mechanisms"] = {"na_future": data["mechanisms"]["na_hh"]}
    with pytest.raises(rv.ModelError) as caught:
        rv.Discretisation.from_dict(data)
    assert str(caught.value) == (
        "mechanism 'na_future': is unknown, expected one that is registered"
    )


def test_more_layers_than_the_solver_has_are_named() -> None:
    data = sheathed_tree().to_dict()
    data["layers"] = data["layers"] * 2
    with pytest.raises(rv.ModelError) as caught:
        rv.Discretisation.from_dict(data)
    assert str(caught.value) == "layers: there are 2, expected 0 or 1 (the periaxonal space)"


def test_nothing_is_no_discretisation() -> None:
    data = discretised(cable()).to_dict()
    empty = {key: v[:0] if isinstance(v, np.ndarray) else v for key, v in data.items()}
    with pytest.raises(rv.ModelError) as caught:
        rv.Discretisation.from_dict(empty)
    assert str(caught.value) == "discretisation: has no compartments, expected at least one"
