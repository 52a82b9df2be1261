"""The commands of studies: their answers, pictures and journals, and what they refuse."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ranvier.studies.journal import Journal
from unit.cli_run import Run

pytest.importorskip("scipy")
pytest.importorskip("matplotlib")

QUICK = ["mrg", "--nodes", "7", "--rtol", "0.05"]
COMMANDS = {
    "strength-duration": ["--pulses", "0.05,0.2", "--distance", "500"],
    "current-distance": ["--distances", "200,500"],
    "recruitment": ["--count", "3", "--diameters", "5.7,10", "--radius", "200"],
    "recovery-cycle": ["--inside", "node[3],0.5", "--intervals", "2,4"],
    "threshold-electrotonus": ["--inside", "node[3],0.5", "--delays", "2", "--pulse", "0.5"],
    "frequency-following": ["--inside", "node[1],0.5", "--frequencies", "200", "--count", "3"],
    "block-map": ["--distance", "250", "--frequencies", "5000", "--test-at", "2", "--wait", "1"],
}


@pytest.mark.parametrize("command", COMMANDS)
def test_every_study_prints_a_table_and_draws_it(run: Run, command: str) -> None:
    code, out, err = run(command, *QUICK, *COMMANDS[command], "--csv", "rows.csv")
    assert (code, err) == (0, "")
    first, names, *_ = out.splitlines()
    assert command.replace("-", " ") in first
    assert names.split()[-1] == "status"
    assert Path(f"{command}-mrg.png").stat().st_size > 10000
    assert Path("rows.csv").read_text().startswith(names.split()[0] + ",")


def test_json_has_the_same(run: Run) -> None:
    code, out, _ = run("strength-duration", *QUICK, "--pulses", "0.1,0.2", "--json", "--no-picture")
    answer = json.loads(out)
    assert code == 0
    assert answer["study"] == "strength_duration"
    assert answer["columns"]["pulse_ms"] == [0.1, 0.2]
    assert answer["columns"]["status"] == ["found", "found"]
    assert answer["columns"]["threshold_mA"][0] < answer["columns"]["threshold_mA"][1] < 0
    assert answer["summary"]["weiss_chronaxie_ms"] > 0
    assert answer["summary"]["weiss_chronaxie_low_ms"] is None  # of two points there is no interval
    assert answer["provenance"]["rtol"] == 0.05
    assert answer["picture"] is None


def test_after_ctrl_c_the_same_command_goes_on(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    command = ["strength-duration", *QUICK, "--pulses", "0.02,0.2", "--journal", "rows.jsonl"]
    real = Journal.write

    def once(self: Journal, row: int, values: Any) -> None:
        real(self, row, values)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Journal, "write", once)
        code, out, err = run(*command)
    assert code == 130
    assert "not_run" in out
    assert "found" in out
    assert err == (
        "ranvier: error: interrupted with 1 of 2 rows done; the same call goes on from rows.jsonl\n"
    )
    code, out, err = run(*command, "--json")
    assert (code, err) == (0, "")
    assert json.loads(out)["provenance"]["rows_from_journal"] == 1


def test_no_number_at_all_is_exit_code_1(run: Run) -> None:
    options = ["--inside", "node[3],0.5", "--anodic", "--wait", "0.001", "--no-picture"]
    code, out, _ = run("strength-duration", *QUICK, "--pulses", "0.001", *options)
    assert code == 1
    assert "no_response" in out or "diverged" in out


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["strength-duration", "mgr"], "fibre 'mgr': is unknown, expected "),
        (
            ["current-distance", *QUICK, "--distances", "1"],
            "field: an electrode is inside the fibre, ",
        ),
        (["strength-duration", *QUICK, "--pulses", "0.1,x"], "is 'x', expected a finite number"),
        (
            ["recruitment", *QUICK, "--distance", "400"],
            "--distance: is 400 um, expected it outside the nerve, whose radius is 500 um",
        ),
        (
            ["recruitment", "hodgkin_huxley"],
            "--diameters: hodgkin_huxley has no published ones, expected some to draw from",
        ),
        (["recovery-cycle", *QUICK, "--wait", "-1"], "--wait: is -1, expected more than 0"),
        (
            ["strength-duration", *QUICK, "--journal", "nowhere/rows.jsonl"],
            "nowhere/rows.jsonl: there is no folder nowhere, expected one that exists",
        ),
        (
            ["block-map", *QUICK, "--distance", "1"],
            "field: an electrode is inside the fibre, ",
        ),
    ],
)
def test_what_cannot_be_is_one_sentence(run: Run, arguments: list[str], sentence: str) -> None:
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert sentence in err
    assert err.count("\n") == 1


def test_threshold_tells_the_upper_end_and_an_error_bar(run: Run) -> None:
    command = ["threshold", *QUICK, "--distance", "200", "--upper", "--error"]
    code, out, _ = run(*command)
    assert code == 0
    assert "as dt goes to 0" in out
    assert "falls silent again: threshold -0." in out
    code, out, _ = run(*command, "--json")
    answer = json.loads(out)
    assert answer["upper_status"] == "found"
    assert answer["upper_mA"] < answer["threshold_mA"] < 0
    assert 0 < answer["error_mA"] < 0.01 * abs(answer["limit_mA"])
