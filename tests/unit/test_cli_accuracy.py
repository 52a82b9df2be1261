"""What the command line says of the error of a velocity: methods, tolerances and error bars."""

from __future__ import annotations

import json
import re

import pytest

from unit.cli_run import SMALL, SWC, Run, rows_of


def test_error_bar_of_a_fibre(run: Run) -> None:
    options = [*SMALL, "--method", "staggered_sdirk2", "--no-picture"]
    code, out, err = run(*options, "--error")
    assert (code, err) == (0, "")
    _, plain, _ = run(*options)
    assert out.splitlines()[0] == plain.splitlines()[0]
    rows = rows_of(out)
    assert re.fullmatch(r"4\d\.\d \+- \d\.\d m/s, as dt and dx go to 0", rows["limit"])
    assert "not converged in time: order 1.5, expected 2; in space: order 1.3, expected 2" in out
    assert rows["time"].endswith(" m/s at dt 10, 5, 2.5 us; order 1.48, expected 2")
    assert rows["space"].endswith(" m/s at compartments cut in 1, 3, 5; order 1.27, expected 2")
    # Measured on this fibre, where the note has the number of another.
    assert "published grid" in plain
    assert "published grid" not in out


def test_error_bar_as_json(run: Run) -> None:
    options = ["--method", "backward_euler", "--no-picture", "--json", "--error"]
    code, out, _ = run(*SMALL, *options)
    answer = json.loads(out)
    assert code == 0
    found = answer["convergence"]
    assert (found["own_value"], found["value"], found["error"]) == (
        answer["velocity_m_per_s"],
        answer["limit_m_per_s"],
        answer["error_m_per_s"],
    )
    assert (found["status"], found["time"]["expected_order"]) == ("not_converged", 1)
    assert [(rung["dt_ms"], rung["cuts"]) for rung in found["rungs"]] == [
        (0.01, 1), (0.005, 1), (0.0025, 1), (0.01, 3), (0.01, 5), (0.0025, 5)
    ]  # fmt: skip


def test_error_bar_of_a_cell(run: Run) -> None:
    options = ["--dt", "0.05", "--max-length", "60", "--no-picture", "--error", "--json"]
    code, out, _ = run("velocity", "--swc", SWC, "--method", "staggered_sdirk2", *options)
    answer = json.loads(out)
    assert code == 0
    # A run of 20 us and 20 um gives 0.3213, its limit 0.3221.
    assert abs(answer["limit_m_per_s"] - 0.3221) < answer["error_m_per_s"] < 0.01


def test_error_bar_that_cannot_be_had_is_said(run: Run) -> None:
    """The wave is slower on finer meshes, and this run ends as it arrives."""
    options = ["--method", "staggered_sdirk2", "--no-picture", "--error"]
    code, out, _ = run(*SMALL, *options, "--t-stop", "0.32")
    assert code == 0
    assert rows_of(out)["limit"] == "none: the value is nan at dt/1 and dx/3"


def test_a_method_of_first_order_is_said_to_be_slow(run: Run) -> None:
    options = ["--nodes", "15", "--no-picture", "--method", "backward_euler"]
    _, out, _ = run("velocity", "mrg", *options)
    assert "backward Euler is of first order: at 0.005 ms about 9 % slow" in out
    _, out, _ = run("velocity", "mrg", *options, "--dt", "0.001")
    assert "first order" not in out


def test_the_adaptive_method_takes_its_tolerances(run: Run) -> None:
    options = ["velocity", "mrg", "--nodes", "15", "--method", "adaptive", "--json"]
    answers = []
    for more in ([], ["--rtol", "1e-6", "--atol-mv", "1e-5"]):
        code, out, err = run(*options, *more)
        assert (code, err) == (0, "")
        answers.append(json.loads(out))
    loose, tight = (answer["velocity_m_per_s"] for answer in answers)
    assert loose != tight
    assert loose == pytest.approx(tight, rel=1e-5)
    code, _, err = run("velocity", "mrg", "--rtol", "1e-6")
    assert code == 2
    assert "method 'rosenbrock2': has no parameter 'rtol', expected one of dt_ms" in err


# The resting state


def test_rest_is_told_with_its_stability(run: Run) -> None:
    code, out, err = run("rest", "squid", "--temperature", "18.5", "--max-length", "1000")
    assert (code, err) == (0, "")
    assert out.startswith("squid, 476 um: rests at -65 mV, stable: the slowest disturbance dies")
    rows = rows_of(out)
    assert rows["mesh"] == "100 compartments"
    assert rows["residual"].startswith("0 mV/ms beyond rounding")


def test_rest_of_a_cell_as_json(run: Run) -> None:
    code, out, _ = run("rest", "--swc", SWC, "--max-length", "50", "--json")
    answer = json.loads(out)
    assert (code, answer["stability"], answer["frequency_kHz"]) == (0, "stable", None)
    assert answer["v_lowest_mV"] == pytest.approx(-65.0, abs=0.01)
    assert answer["growth_rate_per_ms"] < -0.1


def test_rest_needs_a_subject(run: Run) -> None:
    code, _, err = run("rest")
    assert (code, err) == (
        2,
        "ranvier: error: rest: got no FIBRE and no --swc FILE, expected one of them\n",
    )
