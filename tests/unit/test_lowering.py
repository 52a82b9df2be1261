"""What Python keeps of models that it has lowered, and the tree that it has the core solve."""

from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest

import ranvier as rv
import tolerances
from ranvier.discretisation import lowered, solve_tree


def test_an_unchanged_model_is_lowered_once() -> None:
    model = rv.fibers.mrg(nodes=3).model
    first = lowered(model, rv.FixedCount(1))
    assert lowered(model, rv.FixedCount(1)) is first
    other = lowered(model, rv.FixedCount(1, by_region={"stin": 2}))
    assert len(other) > len(first)
    assert lowered(rv.fibers.mrg(nodes=3).model, rv.FixedCount(1)) is not first
    gone = weakref.ref(other)
    del model, other
    gc.collect()
    assert gone() is None


def test_a_tree_is_solved_as_its_matrix() -> None:
    rng = np.random.default_rng(4)
    n = 40
    parent = np.array([-1, *(rng.integers(0, k) for k in range(1, n))])
    parent[20] = -1
    coupling = np.where(parent >= 0, rng.uniform(0.1, 1.0, n), 0.0)
    diagonal, rhs = rng.uniform(8.0, 9.0, n), rng.normal(size=n)
    matrix = np.diag(diagonal)
    for k in np.flatnonzero(parent >= 0):
        matrix[k, parent[k]] = matrix[parent[k], k] = -coupling[k]
    found = solve_tree(parent, diagonal, coupling, rhs)
    np.testing.assert_allclose(
        found, np.linalg.solve(matrix, rhs), rtol=tolerances.ROUNDING_RELATIVE
    )


@pytest.mark.parametrize("parent", [[-1, 1], [-2, 0], [-1, 0, 1]])
def test_what_is_no_tree_is_refused(parent: list[int]) -> None:
    with pytest.raises(
        rv.ModelError,
        match="tree: has parents behind their children or columns that differ in length, "
        "expected one row per compartment in tree order",
    ):
        solve_tree(parent, [1.0, 1.0], [0.0, 0.1], [1.0, 1.0])
