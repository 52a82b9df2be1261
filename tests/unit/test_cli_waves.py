"""`ranvier velocity-sweep`, `demyelination`, `collision`, `anode-break` and `response`."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from unit.cli_run import Run, rows_of

QUIET = ["--no-picture"]


def test_velocity_sweep_prints_rows_and_fits(run: Run) -> None:
    code, out, err = run("velocity-sweep", "mrg", "--diameters", "5.7,10,16", *QUIET)
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0] == "mrg: velocity sweep"
    assert [line.split()[0] for line in lines[2:5]] == ["5.7", "10", "16"]
    assert any(line.startswith("  slope_m_per_s_per_um = ") for line in lines)


@pytest.mark.parametrize(
    ("options", "study", "column"),
    [
        (["--temperatures", "30,37"], "velocity_against_temperature", "temperature_degC"),
        (
            ["--node-lengths", "1,2", "--channels", "number"],
            "velocity_against_node_length",
            "node_length_um",
        ),
        (["--g-ratios", "0.6,0.7", "--myelin", "radial"], "velocity_against_g_ratio", "g_ratio"),
    ],
)
def test_a_sweep_is_of_what_was_asked_for(
    run: Run, options: list[str], study: str, column: str
) -> None:
    code, out, _ = run("velocity-sweep", "mrg", "--nodes", "15", *options, "--json", *QUIET)
    answer = json.loads(out)
    assert code == 0
    assert answer["study"] == study
    assert answer["columns"][column] == [float(each) for each in options[1].split(",")]
    assert None not in answer["columns"]["velocity_m_per_s"]


def test_a_sweep_is_drawn_and_written(run: Run, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    table = tmp_path / "rows.csv"
    code, _, _ = run("velocity-sweep", "mrg", "--diameters", "5.7,10", "--csv", table)
    assert code == 0
    assert Path("velocity-sweep-mrg.png").stat().st_size > 1000
    with table.open() as file:
        rows = list(csv.DictReader(file))
    assert [float(row["diameter_um"]) for row in rows] == [5.7, 10.0]


def test_demyelination_prints_outcomes(run: Run) -> None:
    code, out, _ = run(
        "demyelination", "mrg", "--nodes", "15", "--lesions", "lost:1,thinned:2:0.5", *QUIET
    )
    assert code == 0
    lines = [line.split() for line in out.splitlines()]
    assert lines[0] == ["mrg,", "10", "um:", "demyelination"]
    assert [line[-1] for line in lines[2:5]] == ["conducted", "blocked", "conducted"]


def test_demyelination_of_a_fibre_that_cannot_be_refined(run: Run) -> None:
    code, _, err = run("demyelination", "sundt", *QUIET)
    assert code == 2
    assert "has no sheath, expected a myelinated double cable" in err


def test_collision_and_anode_break(run: Run) -> None:
    code, out, _ = run("collision", "mrg", "--nodes", "15", "--json", *QUIET)
    assert code == 0
    assert json.loads(out)["columns"]["status"] == ["annihilated"]
    code, out, _ = run(
        *("anode-break", "squid", "--temperature", "6.3"),
        *("--durations", "20", "--rtol", "0.05", "--dt", "0.02", "--json", *QUIET),
    )
    columns = json.loads(out)["columns"]
    assert columns["status"] == ["found"]
    assert columns["threshold_nA"][0] < 0


def test_response_prints_the_swing_and_writes_the_trace(run: Run, tmp_path: Path) -> None:
    trace = tmp_path / "seen.csv"
    code, out, err = run(
        "response", "mrg", "--nodes", "15", "--distance", "500", "--csv", trace, *QUIET
    )
    assert (code, err) == (0, "")
    assert out.startswith("mrg, 10 um: 1.")
    assert rows_of(out)["electrode"] == "point at 500 um, 0 um along"
    assert len(trace.read_text().splitlines()) > 100


def test_response_as_json_is_the_difference_of_two_contacts(run: Run) -> None:
    asked = ["response", "mrg", "--nodes", "15", "--distance", "500", "--json", *QUIET]
    traces = []
    for more in ([], ["--along", "1000"], ["--against", "1000"]):
        code, out, _ = run(*asked, *more)
        assert code == 0
        traces.append(np.array(json.loads(out)["potential_uV"]))
    one, other, both = traces
    assert both == pytest.approx(one - other, abs=1e-9)


def test_response_without_a_spike_is_exit_code_1_and_a_picture_is_drawn(run: Run) -> None:
    pytest.importorskip("matplotlib")
    code, out, _ = run("response", "mrg", "--nodes", "5", "--t-stop", "0.05")
    assert code == 1
    assert Path("response-mrg-10um.png").stat().st_size > 1000
    assert rows_of(out)["picture"] == "response-mrg-10um.png"


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["velocity-sweep", "mrg", "--channels", "number"], "--channels: goes with --node-lengths"),
        (["velocity-sweep", "mrg", "--myelin", "own"], "--myelin: goes with --g-ratios"),
        (
            ["velocity-sweep", "mrg", "--diameter", "10"],
            "--diameter: is what --diameters goes over, expected one of the two",
        ),
        (
            ["velocity-sweep", "arancibia_carcamo", "--diameters", "1"],
            "--diameters: arancibia_carcamo has no diameter_um, expected another sweep",
        ),
        (
            ["velocity-sweep", "sundt", "--nodes", "5", "--diameters", "1"],
            "--nodes: sundt has no nodes, expected it left out",
        ),
        (["velocity-sweep", "sundt"], "diameters_um: are not given, expected some of a fibre"),
        (["demyelination", "mrg", "--lesions", "lost"], "is 'lost', expected KIND:N or KIND:N:X"),
        (["demyelination", "mrg", "--lesions", "lost:0"], "is '0', expected a whole number, 1 or"),
        (["response", "mrg", "--distance", "1"], "field: an electrode is inside the fibre"),
        (["response", "mrg", "--csv", "no/where.csv"], "there is no folder no"),
    ],
)
def test_what_cannot_be_is_one_sentence(run: Run, options: list[str], sentence: str) -> None:
    code, _, err = run(*options, *QUIET)
    assert code == 2
    assert sentence in err
    assert err.count("\n") == 1
