"""Meshes so many times finer."""

from __future__ import annotations

import pytest

from ranvier.discretisation import DLambda, FixedCount, MaxLength, refined


@pytest.mark.parametrize(
    ("mesh", "expected"),
    [
        (FixedCount(2, by_region={"node": 1}), (6, {"node": 3})),
        (MaxLength(30, by_region={"node": 1.5}), (10, {"node": 0.5})),
    ],
)
def test_refined_mesh_keeps_its_policy(
    mesh: FixedCount | MaxLength, expected: tuple[float, dict[str, float]]
) -> None:
    made = refined(mesh, 3)
    assert isinstance(made, FixedCount | MaxLength)
    value = made.count if isinstance(made, FixedCount) else made.length_um
    assert (value, made.by_region) == expected


def test_refined_d_lambda_keeps_its_frequency() -> None:
    made = refined(DLambda(0.1, frequency_Hz=50, by_region={"node": 0.2}), 2)
    assert isinstance(made, DLambda)
    assert (made.d_lambda, made.frequency_Hz, made.by_region) == (0.05, 50, {"node": 0.1})


@pytest.mark.parametrize("times", [0, -1, 1.5])
def test_a_mesh_is_cut_into_a_whole_number(times: float) -> None:
    with pytest.raises(
        ValueError, match=rf"^times: is {times}, expected a whole number, 1 or more"
    ):
        refined(FixedCount(2), times)  # type: ignore[arg-type]
