"""SWC files: what becomes of the points, and what is said of a file that is wrong."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ranvier.errors import FormatError
from ranvier.model import Model, Section
from ranvier.morphology import read_swc

#: Neurites around a soma at point 1: a fork, a change of type, and one of a single point.
NEURITES = """
10 2 0 9 0 0.5 1
11 2 0 30 0 0.4 10
12 2 5 50 0 0.3 11
13 2 9 90 0 0.2 12
14 2 -9 90 0 0.25 12
15 2 -9 120 0 0.2 14
20 3 9 0 0 1.0 1
21 3 40 0 0 0.9 20
22 4 60 5 0 0.6 21
30 3 0 0 -25 0.7 1
"""
SOMATA = {
    "one point": "1 1 0 0 0 8 -1\n",
    "three points": "1 1 0 0 0 8 -1\n2 1 0 -8 0 8 1\n3 1 0 8 0 8 1\n",
    "stack": "1 1 0 0 0 3 -1\n2 1 0 -5 0 6 1\n3 1 0 -9 0 5 2\n4 1 0 -12 0 2 3\n",
}
#: Total length and area that NEURON 9.0.2 gives the cells made of these (Import3d_SWC_read, then
#: frusta between the points of each section), which keeps single precision.
NEURON = {
    "one point": (246.80979894, 1479.89923581),
    "three points": (246.80979894, 1479.89923581),
    "stack": (260.80979894, 1161.12564235),
}


def read(tmp_path: Path, text: str, **arguments: object) -> Model:
    path = tmp_path / "cell.swc"
    path.write_text(text)
    return read_swc(path, **arguments)  # type: ignore[arg-type]


def area_um2(section: Section) -> float:
    points = np.asarray(section.points_um)
    steps_um = np.linalg.norm(np.diff(points[:, :3], axis=0), axis=1)
    radii_um = points[:, 3] / 2
    slants_um = np.hypot(steps_um, np.diff(radii_um))
    return float(np.sum(math.pi * (radii_um[1:] + radii_um[:-1]) * slants_um))


def by_name(model: Model) -> dict[str, Section]:
    return {section.name: section for section in model.sections}


@pytest.mark.parametrize("soma", SOMATA)
def test_length_and_area_are_those_of_neuron(tmp_path: Path, soma: str) -> None:
    sections = read(tmp_path, SOMATA[soma] + NEURITES).sections
    length_um, expected_area_um2 = NEURON[soma]
    assert sum(s.length_um for s in sections) == pytest.approx(length_um, rel=1e-6)
    assert sum(map(area_um2, sections)) == pytest.approx(expected_area_um2, rel=1e-6)


def test_sections_are_unbranched_runs_of_one_type(tmp_path: Path) -> None:
    sections = by_name(read(tmp_path, SOMATA["one point"] + NEURITES))
    joins = {name: (s.parent, s.parent_position) for name, s in sections.items()}
    assert joins == {
        "soma[0]": (None, joins["soma[0]"][1]),
        "axon[0]": ("soma[0]", 0.5),
        "axon[1]": ("axon[0]", 1.0),
        "axon[2]": ("axon[0]", 1.0),
        "basal[0]": ("soma[0]", 0.5),
        "apical[0]": ("basal[0]", 1.0),
        "basal[1]": ("soma[0]", 0.5),
    }
    assert {s.region for s in sections.values()} == {"soma", "axon", "basal", "apical"}


def test_one_point_soma_is_a_cylinder_with_the_area_of_its_sphere(tmp_path: Path) -> None:
    (soma,) = read(tmp_path, "1 1 3 4 5 8 -1").sections
    assert soma.length_um == pytest.approx(16.0)
    assert area_um2(soma) == pytest.approx(4 * math.pi * 8**2)


def test_three_point_soma_is_the_same_cylinder(tmp_path: Path) -> None:
    sections = by_name(read(tmp_path, SOMATA["three points"] + NEURITES))
    assert area_um2(sections["soma[0]"]) == pytest.approx(4 * math.pi * 8**2)
    assert sections["axon[0]"].parent_position == 0.5


@pytest.mark.parametrize("third", ["3 1 0 8 0 6 1", "3 1 0 12 0 8 1", "3 1 8 0 0 8 1"])
def test_three_soma_points_of_another_shape_are_frusta(tmp_path: Path, third: str) -> None:
    sections = read(tmp_path, f"1 1 0 0 0 8 -1\n2 1 0 -8 0 8 1\n{third}").sections
    assert [s.name for s in sections] == ["soma[0]", "soma[1]"]
    assert sections[1].parent_position == 0.0


def test_soma_of_many_points_is_the_stack_of_its_frusta(tmp_path: Path) -> None:
    soma = by_name(read(tmp_path, SOMATA["stack"] + NEURITES))["soma[0]"]
    expected = [[0, 0, 0, 6], [0, -5, 0, 12], [0, -9, 0, 10], [0, -12, 0, 4]]
    np.testing.assert_array_equal(soma.points_um, expected)


def test_neurite_on_a_ball_starts_at_its_own_first_point(tmp_path: Path) -> None:
    axon = by_name(read(tmp_path, SOMATA["one point"] + NEURITES))["axon[0]"]
    np.testing.assert_array_equal(axon.points_um[0], [0, 9, 0, 1])
    assert axon.length_um == pytest.approx(21 + math.hypot(5, 20))


def test_neurite_of_one_point_is_cable_from_the_middle_of_the_soma(tmp_path: Path) -> None:
    stub = by_name(read(tmp_path, SOMATA["one point"] + NEURITES))["basal[1]"]
    np.testing.assert_array_equal(stub.points_um, [[0, 0, 0, 1.4], [0, 0, -25, 1.4]])


@pytest.mark.parametrize(
    ("point", "position", "first"),
    [
        (1, 0.0, [0, 0, 0, 1]),  # the end of the stack: cable starts there, at its own width
        (2, 5 / 12, [20, 0, 0, 1]),  # inside: the way out of the soma is no membrane
        (4, 1.0, [0, -12, 0, 1]),
    ],
)
def test_neurite_is_joined_where_the_stack_has_its_parent(
    tmp_path: Path, point: int, position: float, first: list[float]
) -> None:
    text = SOMATA["stack"] + f"5 2 20 0 0 0.5 {point}\n6 2 40 0 0 0.5 5\n"
    soma, axon = read(tmp_path, text).sections
    assert (soma.name, axon.parent) == ("soma[0]", "soma[0]")
    assert axon.parent_position == pytest.approx(position)
    np.testing.assert_array_equal(axon.points_um[0], first)


def test_fork_next_to_the_soma_joins_both_ways_to_it(tmp_path: Path) -> None:
    text = SOMATA["one point"] + "2 2 0 9 0 1 1\n3 2 0 20 0 1 2\n4 2 9 20 0 1 2\n"
    _, first, second = read(tmp_path, text).sections
    assert (first.parent, second.parent) == ("soma[0]", "soma[0]")
    for axon in (first, second):
        np.testing.assert_array_equal(axon.points_um[0], [0, 9, 0, 2])


def test_branch_and_change_of_type_start_at_the_parents_diameter(tmp_path: Path) -> None:
    sections = by_name(read(tmp_path, SOMATA["one point"] + NEURITES))
    np.testing.assert_array_equal(sections["axon[1]"].points_um[0], [5, 50, 0, 0.6])
    np.testing.assert_array_equal(sections["apical[0]"].points_um[0], [40, 0, 0, 1.8])


def test_sections_are_numbered_in_the_order_of_the_file(tmp_path: Path) -> None:
    """As NEURON numbers them; here the tree is written breadth first."""
    text = "1 2 0 0 0 1 -1\n2 2 10 0 0 1 1\n3 2 20 0 0 1 2\n4 2 10 30 0 1 2\n"
    text += "5 2 60 9 0 1 3\n6 2 60 -9 0 1 3\n"
    sections = by_name(read(tmp_path, text))
    parents = {name: section.parent for name, section in sections.items()}
    assert parents == {
        "axon[0]": None,
        "axon[1]": "axon[0]",
        "axon[2]": "axon[0]",
        "axon[3]": "axon[1]",
        "axon[4]": "axon[1]",
    }
    assert sections["axon[2]"].length_um == 30.0


def test_axon_needs_no_soma(tmp_path: Path) -> None:
    (axon,) = read(tmp_path, "1 2 0 0 0 0.5 -1\n2 2 10 0 0 0.5 1\n3 2 30 0 0 0.5 2").sections
    assert (axon.name, axon.region, axon.length_um) == ("axon[0]", "axon", 30.0)


def test_root_that_forks_has_its_branches_joined_at_its_start(tmp_path: Path) -> None:
    first, second = read(tmp_path, "1 2 0 0 0 1 -1\n2 2 10 0 0 1 1\n3 2 0 20 0 1 1").sections
    assert (first.length_um, second.length_um) == (10.0, 20.0)
    assert (second.parent, second.parent_position) == ("axon[0]", 0.0)


def test_other_types_are_regions_of_their_number(tmp_path: Path) -> None:
    sections = read(tmp_path, "1 0 0 0 0 1 -1\n2 0 9 0 0 1 1\n3 7 19 0 0 1 2").sections
    assert [(s.name, s.region) for s in sections] == [
        ("undefined[0]", "undefined"),
        ("type7[0]", "type7"),
    ]


def test_point_that_repeats_its_parent_is_merged(tmp_path: Path) -> None:
    text = "1 2 0 0 0 1 -1\n2 2 10 0 0 1 1\n3 2 10 0 0 1 2\n4 2 20 0 0 1 3\n5 2 10 9 0 1 3"
    sections = read(tmp_path, text).sections
    assert [s.length_um for s in sections] == [10.0, 10.0, 9.0]
    assert [s.parent for s in sections] == [None, "axon[0]", "axon[0]"]


def test_point_at_its_parents_place_with_another_radius_is_a_step(tmp_path: Path) -> None:
    text = "1 2 0 0 0 1 -1\n2 2 10 0 0 1 1\n3 2 10 0 0 0.5 2\n4 2 20 0 0 0.5 3"
    thick, thin = read(tmp_path, text).sections
    np.testing.assert_array_equal(thick.points_um[:, 3], [2, 2])
    np.testing.assert_array_equal(thin.points_um[:, 3], [1, 1])
    assert (thin.parent, thin.parent_position) == ("axon[0]", 1.0)


@pytest.mark.parametrize(
    "text",
    [
        "\ufeff# head\n\n1 2 0 0 0 1 -1\n2 2 9 0 0 1 1\n",
        "1 2 0 0 0 1 -1\r\n2 2 9 0 0 1 1\r\n",
        "  1\t2 0 0 0 1 -1  # root\n\n2 2 9 0 0 1 1",
        "1.0 2.0 0 0 0 1 -1.0\n2.0 2.0 9e0 0 0 1 1.0",
        "40 2 9 0 0 1 7\n7 2 0 0 0 1 -1",
    ],
    ids=["byte order mark", "carriage returns", "trailing comment", "all floats", "any order"],
)
def test_ways_to_write_the_same_file(tmp_path: Path, text: str) -> None:
    path = tmp_path / "cell.swc"
    path.write_bytes(text.encode())
    (axon,) = read_swc(path).sections
    np.testing.assert_array_equal(axon.points_um, [[0, 0, 0, 2], [9, 0, 0, 2]])


def test_comments_need_not_be_utf8(tmp_path: Path) -> None:
    path = tmp_path / "cell.swc"
    path.write_bytes("# \u00b5m\n1 2 0 0 0 1 -1\n2 2 9 0 0 1 1".encode("latin-1"))
    assert len(read_swc(path).sections) == 1


def test_arguments_reach_the_model(tmp_path: Path) -> None:
    text = "1 2 0 0 0 1 -1\n2 2 9 0 0 1 1"
    model = read(tmp_path, text, r_a_ohm_cm=35.4, c_m_uF_cm2=0.9, temperature_degC=6.3)
    (axon,) = model.sections
    assert (axon.r_a_ohm_cm, axon.c_m_uF_cm2, model.temperature_degC) == (35.4, 0.9, 6.3)
    assert model.name == "cell"
    assert read(tmp_path, text, name="mine").name == "mine"


OK = "1 2 0 0 0 1 -1\n2 2 9 0 0 1 1\n"
WRONG = {
    "missing parent": (
        OK + "3 2 19 0 0 1 12",
        "cell.swc:3: parent 12 is not in the file, expected -1 or the id of a point",
    ),
    "duplicate id": (OK + "2 2 19 0 0 1 1", "3: id 2 is already on line 2, expected each id once"),
    "short row": (
        OK + "3 2 19 0 0 1",
        "3: has 6 columns, expected 7 (id type x y z radius parent)",
    ),
    "long row": (OK + "3 2 19 0 0 1 2 0", "3: has 8 columns, expected 7"),
    "word": (OK + "3 2 abc 0 0 1 2", "3: x is 'abc', expected a number of um"),
    "fraction": (OK + "3 2.5 19 0 0 1 2", "3: type is '2.5', expected a whole number"),
    "endless id": (OK + "inf 2 19 0 0 1 2", "3: id is 'inf', expected a whole number"),
    "zero radius": (OK + "3 2 19 0 0 0 2", "3: radius is 0, expected more than 0 um"),
    "negative radius": (OK + "3 2 19 0 0 -1.5 2", "3: radius is -1.5, expected more than 0 um"),
    "NaN radius": (OK + "3 2 19 0 0 nan 2", "3: radius is nan, expected a finite number of um"),
    "infinite place": (OK + "3 2 0 0 inf 1 2", "3: z is inf, expected a finite number of um"),
    "own parent": (
        OK + "3 2 19 0 0 1 3",
        "3: point 3 is its own parent, expected -1 or the id of another point",
    ),
    "cycle": (
        OK + "3 2 19 0 0 1 5\n4 2 29 0 0 1 3\n5 2 39 0 0 1 4",
        "3: point 3 is its own ancestor (3 -> 5 -> 4 -> 3), expected a tree",
    ),
    "only a cycle": (
        "1 2 0 0 0 1 2\n2 2 9 0 0 1 1",
        "1: point 1 is its own ancestor (1 -> 2 -> 1)",
    ),
    "two roots": (
        OK + "3 2 0 9 0 1 -1",
        "3: 2 roots (parent -1, on lines 1, 3), expected one: one tree",
    ),
    "no points": ("# nothing\n\n", "cell.swc: no points, expected rows of id type x y z radius"),
    "lone point": (
        "1 2 0 0 0 1 -1",
        "1: point 1: no other point is joined to it by cable, expected two points or a soma",
    ),
}


@pytest.mark.parametrize(("text", "message"), WRONG.values(), ids=WRONG)
def test_wrong_file_is_refused_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(FormatError) as refusal:
        read(tmp_path, text)
    assert message in str(refusal.value)
    assert str(refusal.value).startswith(str(tmp_path / "cell.swc"))


def test_several_problems_are_told_at_once_and_the_rest_counted(tmp_path: Path) -> None:
    rows = "".join(f"{k} 2 {k} 0 0 0 {k - 1}\n" for k in range(2, 10))
    with pytest.raises(FormatError) as refusal:
        read(tmp_path, "1 2 0 0 0 1 -1\n" + rows)
    lines = str(refusal.value).splitlines()
    assert len(lines) == 6
    assert [line.split(":")[-2] for line in lines[:5]] == list("23456")
    assert lines[5].endswith("cell.swc: and 3 more")


def test_long_cycle_is_shortened(tmp_path: Path) -> None:
    rows = "".join(f"{k} 2 {k} 0 0 1 {k + 1 if k < 30 else 2}\n" for k in range(2, 31))
    with pytest.raises(FormatError, match=r"\(2 -> 3 -> 4 -> 5 -> \.\.\. -> 29 -> 30 -> 2\)"):
        read(tmp_path, "1 2 0 0 0 1 -1\n" + rows)


@st.composite
def trees(draw: st.DrawFn) -> list[tuple[int, int, float, float, float, float, int]]:
    """Rows of an axon without a soma; no two points share a place."""
    count = draw(st.integers(2, 40))
    ids = draw(st.permutations(range(1, count + 1)))
    rows = []
    for k in range(count):
        parent = ids[draw(st.integers(max(0, k - 3), k - 1))] if k else -1
        y_um, z_um = (draw(st.floats(-50, 50)) for _ in range(2))
        rows.append((ids[k], 2, 3.0 * k, y_um, z_um, draw(st.floats(0.1, 5)), parent))
    return draw(st.permutations(rows))


@given(rows=trees())
def test_length_area_and_topology_of_any_tree_survive(
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[tuple[int, int, float, float, float, float, int]],
) -> None:
    path = tmp_path_factory.mktemp("swc") / "cell.swc"
    path.write_text("\n".join(" ".join(map(repr, row)) for row in rows))
    sections = by_name(read_swc(path))

    places = {row[0]: row[2:5] for row in rows}
    radius_um = {row[0]: row[5] for row in rows}
    pairs = [(row[0], row[6]) for row in rows if row[6] != -1]
    steps_um = {child: math.dist(places[child], places[parent]) for child, parent in pairs}
    expected_um2 = sum(
        math.pi
        * (radius_um[child] + radius_um[parent])
        * math.hypot(steps_um[child], radius_um[child] - radius_um[parent])
        for child, parent in pairs
    )
    lengths_um = {name: section.length_um for name, section in sections.items()}
    assert sum(lengths_um.values()) == pytest.approx(sum(steps_um.values()))
    assert sum(map(area_um2, sections.values())) == pytest.approx(expected_um2)

    # Every tip is as far from the root as it was, going down section by section.
    parents = dict(pairs)
    tips = set(places) - set(parents.values())
    expected_tips_um = []
    for tip in tips:
        way_um, at = 0.0, tip
        while at in parents:
            way_um += steps_um[at]
            at = parents[at]
        expected_tips_um.append(way_um)
    starts_um = {}
    for name, section in sections.items():  # parents come before their children
        if section.parent is None:
            starts_um[name] = 0.0
        else:
            up = section.parent
            starts_um[name] = starts_um[up] + section.parent_position * lengths_um[up]
    ends = set(sections) - {s.parent for s in sections.values() if s.parent_position == 1.0}
    tips_um = [starts_um[name] + lengths_um[name] for name in ends]
    assert sorted(tips_um) == pytest.approx(sorted(expected_tips_um))
