"""Places as users write them, resolved to compartments."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import ranvier as rv
from ranvier.places import compartments_at, on_any_mesh


def three_branches() -> rv.Model:
    sections = [
        rv.Section("stem", region="axon", length_um=30.0, diameter_um=2.0),
        rv.Section("left", region="branch", parent="stem", length_um=30.0, diameter_um=1.0),
        rv.Section("right", region="branch", parent="stem", length_um=30.0, diameter_um=1.0),
    ]
    return rv.Model(sections=sections)


@pytest.fixture(scope="module")
def d() -> rv.Discretisation:
    """stem: 0 1 2, junction 3; left: 4 5 6; right: 7 8 9."""
    return rv.discretise(three_branches(), rv.FixedCount(3))


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        (None, [0, 1, 2, 4, 5, 6, 7, 8, 9]),
        ("all", [0, 1, 2, 4, 5, 6, 7, 8, 9]),
        ("stem", [0, 1, 2]),  # without its junction
        ("axon", [0, 1, 2]),
        ("branch", [4, 5, 6, 7, 8, 9]),
        (("left", 0.0), [4]),
        (("left", 0.33), [4]),
        (("left", 0.34), [5]),
        (("left", 0.5), [5]),
        (("left", 1.0), [6]),
        (("branch", 0.5), [5, 8]),  # one in each section
        (("stem", 1), [2]),
        (("stem", np.float64(1.0)), [2]),
        (7, [7]),
        (np.int32(7), [7]),
        (3, [3]),  # a junction, if asked for by number
        ([9, "stem", ("branch", 0.0)], [9, 0, 1, 2, 4, 7]),
        (["stem", 1, "axon"], [0, 1, 2]),  # each once
        ((2, 0), [2, 0]),
        (("left", "right"), [4, 5, 6, 7, 8, 9]),
        (np.array([5, 4]), [5, 4]),
        ([[5], [[4]]], [5, 4]),
        ([], []),
    ],
)
def test_place(d: rv.Discretisation, place: Any, expected: list[int]) -> None:
    found = compartments_at(d, place)
    assert found.dtype == np.int32
    assert found.tolist() == expected


@pytest.mark.parametrize(
    ("place", "sentence"),
    [
        (
            "lefft",
            "place 'lefft': is no section and no region, expected 'left' or one of axon, branch, "
            "stem, left, right",
        ),
        ("", "place '': is no section and no region, expected one of axon, branch, stem, "),
        (("nowhere", 0.5), "place 'nowhere': is no section and no region, expected one of "),
        (("left", 1.5), "place 'left': position is 1.5, expected 0 to 1"),
        (("left", -0.1), "place 'left': position is -0.1, expected 0 to 1"),
        (("left", float("nan")), "place 'left': position is nan, expected 0 to 1"),
        (10, "place: compartment 10, expected 0 to 9"),
        (-1, "place: compartment -1, expected 0 to 9"),
        ([0, "stem", 99], "place: compartment 99, expected 0 to 9"),
    ],
)
def test_place_that_does_not_exist(d: rv.Discretisation, place: Any, sentence: str) -> None:
    with pytest.raises(rv.ModelError) as caught:
        compartments_at(d, place)
    assert str(caught.value).startswith(sentence)


def test_place_of_a_wrong_type(d: rv.Discretisation) -> None:
    with pytest.raises(
        TypeError, match=r"place: is True, expected a name, \(name, position\) or a c"
    ):
        compartments_at(d, True)
    pattern = r"place: is 0.5, expected a name, \(name, position\), a compartment or a list of them"
    with pytest.raises(TypeError, match=pattern):
        compartments_at(d, 0.5)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="a compartment or a list of them"):
        compartments_at(d, {"left": 1.0})  # type: ignore[arg-type]


def test_a_name_means_one_thing() -> None:
    sections = [
        rv.Section("a", region="b", length_um=1.0, diameter_um=1.0),
        rv.Section("b", region="a", parent="a", length_um=1.0, diameter_um=1.0),
    ]
    with pytest.raises(
        rv.ModelError, match="section 'a': has the name of a region that has other sections"
    ):
        rv.discretise(rv.Model(sections=sections), rv.FixedCount(1))


@pytest.mark.parametrize(
    "place",
    [None, "all", "branch", 5, [9, 0], ("left", 0.4), ("branch", 0.9), ["stem", ("left", 1.0)], []],
)
def test_a_place_on_any_mesh_is_where_it_was(d: rv.Discretisation, place: Any) -> None:
    finer = rv.discretise(three_branches(), rv.FixedCount(9))
    there = on_any_mesh(d, place)
    np.testing.assert_array_equal(compartments_at(d, there), compartments_at(d, place))
    found = compartments_at(finer, there)
    before = compartments_at(d, place)
    np.testing.assert_allclose(finer.distance_um[found], d.distance_um[before])
    np.testing.assert_array_equal(finer.section[found], d.section[before])


def test_ends_and_junctions_on_any_mesh(d: rv.Discretisation) -> None:
    assert on_any_mesh(d, ("left", 0.0)) == ("left", 0.0)
    assert on_any_mesh(d, ("branch", 1)) == ("branch", 1)
    assert on_any_mesh(d, 3) == [("stem", 1.0)]
    with pytest.raises(rv.ModelError, match="place: compartment 10, expected 0 to 9"):
        on_any_mesh(d, 10)
