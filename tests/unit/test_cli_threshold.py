"""`ranvier threshold`: its answers and what it refuses."""

from __future__ import annotations

import json

import pytest

from unit.cli_run import Run, rows_of

SMALL = ["threshold", "mrg", "--nodes", "7", "--rtol", "0.01"]


def test_prints_the_threshold_and_its_bracket(run: Run) -> None:
    code, out, err = run(*SMALL, "--distance", "500")
    assert (code, err) == (0, "")
    assert out.startswith("mrg, 10 um: threshold -0.06")
    rows = rows_of(out)
    assert rows["stimulus"] == "cathodic pulse of 0.1 ms, point electrode at 500 um"
    assert rows["bracket"].endswith("mA fires")


def test_json_has_the_same(run: Run) -> None:
    code, out, _ = run(*SMALL, "--inside", "node[1],0.5", "--json", "--dt", "0.01")
    answer = json.loads(out)
    assert code == 0
    assert answer["status"] == "found"
    below_nA, above_nA = answer["bracket_nA"]
    assert 0 < below_nA < above_nA == answer["threshold_nA"]
    assert answer["silent_above_nA"] is None


def test_no_threshold_is_exit_code_1(run: Run) -> None:
    code, out, _ = run(*SMALL, "--inside", "node[1],0.5", "--anodic", "--t-stop", "0.11")
    assert code == 1
    assert out.startswith("mrg, 10 um: no threshold: ")


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--inside", "node[1],0.5", "--distance", "1"], "--distance: goes with an electrode outs"),
        (["--method", "euler"], "--method: 'euler' is unknown, expected "),
        (["--distance", "1"], "field: an electrode is inside the fibre, "),
    ],
)
def test_what_cannot_be_is_one_sentence(run: Run, options: list[str], sentence: str) -> None:
    code, _, err = run(*SMALL, *options)
    assert code == 2
    assert sentence in err
    assert err.count("\n") == 1


def test_a_fibre_without_nodes_has_no_option_for_them(run: Run) -> None:
    code, _, err = run("threshold", "hodgkin_huxley", "--nodes", "7")
    assert code == 2
    assert "--nodes: hodgkin_huxley has no nodes, expected it left out" in err
