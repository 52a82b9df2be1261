"""Choosing a time-stepping method."""

from __future__ import annotations

import copy
import math
import pickle
import re

import pytest

import ranvier as rv
from ranvier import methods


def test_the_default_is_of_second_order_and_of_fixed_step() -> None:
    chosen = rv.Method()
    assert chosen == rv.Method(methods.DEFAULT) == rv.Method("rosenbrock2", dt_ms=0.005)
    assert (chosen.order, chosen.is_adaptive) == (2, False)


def test_one_method_chooses_its_steps() -> None:
    assert [name for name in methods.names() if rv.Method(name).is_adaptive] == ["adaptive"]
    chosen = methods.adaptive(rtol=1e-6)
    parameters = {"atol_mV": 1e-3, "rtol": 1e-6, "dt_ms": 1e-3, "dt_max_ms": 10.0}
    assert chosen.parameters == parameters


def test_backward_euler_has_a_function() -> None:
    assert "backward_euler" in methods.names()
    chosen = methods.backward_euler(dt_ms=0.001)
    assert chosen == rv.Method("backward_euler", dt_ms=0.001)
    assert (chosen.name, chosen.dt_ms, chosen.order) == ("backward_euler", 0.001, 1)
    assert rv.Method("backward_euler").dt_ms == methods.backward_euler().dt_ms == 0.005
    assert repr(chosen) == "Method('backward_euler', dt_ms=0.001)"


@pytest.mark.parametrize("dt_ms", [0.0, -0.005, math.nan, math.inf])
def test_steps_must_be_above_zero(dt_ms: float) -> None:
    pattern = rf"^method 'backward_euler': dt_ms is {dt_ms:g}, expected a finite number above 0$"
    with pytest.raises(rv.ModelError, match=pattern):
        rv.Method("backward_euler", dt_ms=dt_ms)


@pytest.mark.parametrize("name", ["rosenbrock2", "windowed"])
def test_ions_move_every_whole_number_of_steps(name: str) -> None:
    for wrong in (2.5, 1e19):
        pattern = (
            rf"^method '{name}': ions_every is {re.escape(f'{wrong:g}')}, "
            r"expected a whole number of steps, 1 to 1e\+09$"
        )
        with pytest.raises(rv.ModelError, match=pattern):
            rv.Method(name, ions_every=wrong)
    assert rv.Method(name, ions_every=10).finer(2.0).parameters["ions_every"] == 10


def test_unknown_names_are_told_with_what_there_is() -> None:
    with pytest.raises(
        rv.ModelError,
        match=r"^method 'backward_eular': is unknown, expected 'backward_euler' or one of",
    ):
        rv.Method("backward_eular")
    with pytest.raises(
        rv.ModelError, match="has no parameter 'd_ms', expected 'dt_ms' or one of dt_"
    ):
        rv.Method("backward_euler", d_ms=0.01)


def test_methods_are_values() -> None:
    chosen = rv.Method("backward_euler", dt_ms=0.02)
    assert pickle.loads(pickle.dumps(chosen)) == chosen
    assert copy.deepcopy(chosen) == chosen
    with pytest.raises(AttributeError):
        chosen.name = "other"  # type: ignore[misc]


def test_step_of_the_run_is_the_one_chosen() -> None:
    fibre = rv.fibers.hodgkin_huxley(length_um=1e3)
    method = methods.backward_euler(dt_ms=0.02)
    result = rv.simulate(fibre, (), rv.Probe("v_mV", 0), t_stop_ms=0.1, method=method)
    assert result["v_mV"].t_ms.tolist() == pytest.approx([0.0, 0.02, 0.04, 0.06, 0.08, 0.1])
    assert result.provenance["method_parameters"] == {"dt_ms": 0.02}


def test_a_finer_method_has_shorter_steps() -> None:
    assert rv.Method("backward_euler", dt_ms=0.005).finer(4) == rv.Method(
        "backward_euler", dt_ms=0.00125
    )


def test_a_finer_adaptive_method_has_closer_tolerances() -> None:
    method = rv.Method("adaptive", rtol=1e-4, atol_mV=1e-3, dt_max_ms=1.0)
    expected = rv.Method("adaptive", rtol=0.25e-4, atol_mV=0.25e-3, dt_max_ms=1.0)
    assert method.finer(4).parameters == pytest.approx(expected.parameters)


def test_a_finer_window_has_shorter_steps_throughout() -> None:
    """Its long steps are as long as the square root of the tolerance allows."""
    method = rv.Method("windowed", dt_ms=0.008, window_tol_mV=0.16)
    expected = rv.Method("windowed", dt_ms=0.002, window_tol_mV=0.01)
    assert method.finer(4).parameters == pytest.approx(expected.parameters)


@pytest.mark.parametrize("factor", [0.0, -2.0, math.nan, math.inf])
def test_a_method_is_made_finer_by_a_positive_factor(factor: float) -> None:
    with pytest.raises(
        ValueError, match=rf"^factor: is {factor:g}, expected a finite number above 0$"
    ):
        rv.Method("backward_euler").finer(factor)
