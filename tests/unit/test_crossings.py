"""upward_crossings against a plain oracle, known curves and its own rules."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from ranvier.analysis import upward_crossings

FloatArray = NDArray[np.float64]


def oracle(
    t_ms: FloatArray, values: FloatArray, threshold: float, rearm: float
) -> list[tuple[float, int]]:
    """One column at a time, in words as plain as they come."""
    found = []
    for column in range(values.shape[1]):
        v = values[:, column]
        is_armed = False
        for k in range(len(t_ms)):
            if not math.isfinite(v[k]):
                is_armed = False
            elif v[k] < threshold:
                is_armed = is_armed or k == 0 or v[k] <= rearm
            elif is_armed:
                is_armed = False
                fraction = (threshold - v[k - 1]) / (v[k] - v[k - 1])
                found.append((t_ms[k - 1] + (t_ms[k] - t_ms[k - 1]) * fraction, column))
    return sorted(found)


def numpy_oracle(t_ms: FloatArray, values: FloatArray, threshold: float) -> list[tuple[float, int]]:
    """Without hysteresis a crossing needs no memory, so NumPy can say it."""
    before, after = values[:-1], values[1:]
    row, column = np.nonzero((before < threshold) & (after >= threshold))
    low, high = before[row, column], after[row, column]
    time = t_ms[row] + (t_ms[row + 1] - t_ms[row]) * ((threshold - low) / (high - low))
    return sorted(zip(time.tolist(), column.tolist(), strict=True))


tables = hnp.arrays(
    np.float64,
    hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=30),
    elements=st.integers(-8, 8).map(lambda n: n / 2),
)
#: The same with what a run that diverged leaves behind.
broken_tables = hnp.arrays(
    np.float64,
    hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=30),
    elements=st.sampled_from([-3.0, -1.0, -0.5, 0.0, 0.5, 2.0, math.nan, math.inf, -math.inf]),
)


@given(values=tables)
def test_agrees_with_numpy(values: FloatArray) -> None:
    t_ms = np.cumsum(np.linspace(0.5, 1.5, len(values)))
    column, time = upward_crossings(t_ms, values, threshold_mV=0.0)
    expected = numpy_oracle(t_ms, values, 0.0)
    assert sorted(zip(time.tolist(), column.tolist(), strict=True)) == expected


@given(values=broken_tables, threshold=st.sampled_from([0.0, 0.25]), depth=st.integers(0, 3))
def test_agrees_with_the_oracle(values: FloatArray, threshold: float, depth: int) -> None:
    t_ms = np.cumsum(np.linspace(0.5, 1.5, len(values)))
    column, time = upward_crossings(t_ms, values, threshold, threshold - depth)
    assert list(zip(time.tolist(), column.tolist(), strict=True)) == oracle(
        t_ms, values, threshold, threshold - depth
    )
    assert np.isfinite(time).all()


def test_more_crossings_than_room_at_first() -> None:
    """The kernel starts with room for a few and has to grow, several times."""
    v = np.tile([-1.0, 1.0], 2000)[:, np.newaxis] * [1.0, 2.0, -1.0]
    t_ms = np.arange(4000.0)
    column, time = upward_crossings(t_ms, v, 0.0)
    assert np.bincount(column).tolist() == [2000, 2000, 1999]
    assert (np.diff(time) >= 0).all()


def test_sine_is_crossed_where_it_should_be() -> None:
    t_ms = np.arange(0.0, 10.0, 0.001)
    _, time = upward_crossings(t_ms, np.sin(2 * np.pi * (t_ms - 0.3)), 0.5)
    # Linear interpolation errs by at most step^2 / 8 * v'' / v'.
    bound_ms = 0.001**2 / 8 * 2 * np.pi * math.tan(math.pi / 6)
    np.testing.assert_allclose(time, 0.3 + 1 / 12 + np.arange(10), rtol=0, atol=1.1 * bound_ms)


def test_noise_at_the_threshold_counts_once_with_hysteresis() -> None:
    rng = np.random.default_rng(1)
    t_ms = np.arange(0.0, 20.0, 0.005)
    v = 40 * np.sin(2 * np.pi * t_ms / 10 - 0.5) + rng.normal(0, 1.0, t_ms.size)
    assert upward_crossings(t_ms, v, 0.0)[0].size > 2
    assert upward_crossings(t_ms, v, 0.0, rearm_mV=-10.0)[0].size == 2


def test_touching_from_below_counts_and_staying_does_not() -> None:
    column, time = upward_crossings([0, 1, 2, 3, 4], [-1, 0, 0, -1, 1], 0.0)
    assert time.tolist() == [1.0, 3.5]
    assert column.tolist() == [0, 0]
    assert column.dtype == np.int32


def test_trace_that_starts_above_has_to_come_down_first() -> None:
    assert upward_crossings([0, 1, 2], [5, 6, 5], 0.0)[0].size == 0
    # One that starts below may rise, though it never was as low as rearm_mV.
    assert upward_crossings([0, 1, 2], [-1, 1, 1], 0.0, rearm_mV=-50.0)[1].tolist() == [0.5]


def test_results_are_by_time_then_by_column() -> None:
    v = np.array([[-3.0, -1.0, -3.0], [1.0, 3.0, 1.0]])
    column, time = upward_crossings([0.0, 1.0], v, 0.0)
    assert time.tolist() == [0.25, 0.75, 0.75]
    assert column.tolist() == [1, 0, 2]


@pytest.mark.parametrize("shape", [(0, 3), (5, 0), (1, 3)])
def test_nothing_to_cross(shape: tuple[int, int]) -> None:
    column, time = upward_crossings(np.arange(float(shape[0])), np.zeros(shape), 1.0)
    assert column.size == time.size == 0


def test_any_layout_and_type_is_read() -> None:
    values = np.array([[-1, 1], [1, -1], [-1, 1]])
    expected = upward_crossings([0, 1, 2], values.astype(float), 0.0)
    transposed = np.asfortranarray(values.astype(np.float32))
    transposed.flags.writeable = False
    for a, b in zip(expected, upward_crossings([0, 1, 2], transposed, 0.0), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("shape", [(3,), (3, 2), (2, 2, 2), ()])
def test_shapes_must_agree(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"values: has shape .* with t_ms of shape \(2,\), expect"):
        upward_crossings([0.0, 1.0], np.zeros(shape))


@pytest.mark.parametrize("t_ms", [[0.0, 0.0], [1.0, 0.0], [0.0, math.nan]])
def test_time_must_rise(t_ms: list[float]) -> None:
    with pytest.raises(ValueError, match="t_ms: does not rise at every sample, expected incr"):
        upward_crossings(t_ms, [0.0, 1.0])


def test_thresholds_must_make_sense() -> None:
    with pytest.raises(ValueError, match="threshold_mV: is nan, expected a finite number"):
        upward_crossings([0.0, 1.0], [0.0, 1.0], math.nan)
    with pytest.raises(ValueError, match=r"rearm_mV: is 1.0, expected at most threshold_mV 0.0"):
        upward_crossings([0.0, 1.0], [0.0, 1.0], 0.0, 1.0)
