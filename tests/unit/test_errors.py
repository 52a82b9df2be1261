"""The family of errors: what each carries, and that it survives a process boundary."""

from __future__ import annotations

import pickle

import pytest

import ranvier as rv
from ranvier import errors


def test_family() -> None:
    assert issubclass(errors.ModelError, errors.RanvierError)
    assert issubclass(errors.ModelError, ValueError)
    assert issubclass(errors.FormatError, errors.RanvierError)
    assert issubclass(errors.DivergedError, errors.RanvierError)
    assert issubclass(errors.InternalError, errors.RanvierError)
    # So that `except Exception` does not swallow Ctrl-C.
    assert issubclass(errors.Interrupted, KeyboardInterrupt)
    assert not issubclass(errors.Interrupted, Exception)
    assert (rv.ModelError, rv.DivergedError) == (errors.ModelError, errors.DivergedError)


def model_error() -> errors.ModelError:
    bad = rv.Model(sections=[rv.Section("a", length_um=-1.0, diameter_um=0.0)])
    with pytest.raises(errors.ModelError) as caught:
        rv.discretise(bad, rv.FixedCount())
    return caught.value


def test_model_error_holds_each_problem() -> None:
    error = model_error()
    assert error.problems == (
        ("section 'a'", "diameter_um is 0 at point 0, expected a finite number above 0"),
        ("section 'a'", "length_um is -1, expected a finite number above 0"),
    )


def test_model_error_survives_pickling() -> None:
    error = model_error()
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is errors.ModelError
    assert str(again) == str(error)
    assert again.problems == error.problems


def test_diverged_error_survives_pickling() -> None:
    error = errors.DivergedError("the run diverged", 1.5, 3, "axoplasm potential is nan mV")
    again = pickle.loads(pickle.dumps(error))
    assert (again.t_ms, again.compartment, again.variable) == (1.5, 3, error.variable)
    assert (str(again), again.result) == ("the run diverged", None)


def test_interrupted_survives_pickling() -> None:
    fibre = rv.fibers.hodgkin_huxley(length_um=1e3)
    result = rv.simulate(fibre, (), rv.Probe("v_mV", 0), t_stop_ms=0.1)
    again = pickle.loads(pickle.dumps(errors.Interrupted(result)))
    assert str(again) == "interrupted"
    assert again.result.t_stop_ms == result.t_stop_ms


def test_core_asserts_are_stated() -> None:
    from ranvier import _core

    assert isinstance(_core.asserts_enabled, bool)
