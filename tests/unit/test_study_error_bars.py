"""Error bars of thresholds in studies: that they are those of a single search."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ranvier as rv
from ranvier import studies
from ranvier.errors import FormatError, ModelError
from ranvier.experiment import load_experiment
from ranvier.fields import PointSource
from ranvier.stimuli import CurrentClamp, Extracellular, Pulse, Square
from unit.cli_run import Run

pytest.importorskip("scipy")

FIBRE = rv.fibers.mrg(nodes=7)
CLAMP = CurrentClamp(waveform=Pulse(duration_ms=0.1), at=("node[1]", 0.5), amplitude_nA=1.0)
FILE = """\
[fiber]
name = "mrg"
nodes = 7
[[stimulus]]
kind = "pulse"
at = ["node[1]", 0.5]
amplitude_nA = 1.0
duration_ms = 0.1
[study]
name = "strength_duration"
durations_ms = [0.1, 0.5]
rtol = 0.01
error = true
"""


def electrode(distance_um: float = 500.0, **more: Any) -> Extracellular:
    given: dict[str, Any] = {"waveform": Pulse(duration_ms=0.1), "amplitude_mA": -0.05}
    return Extracellular(field=PointSource(position_um=(0, 0, distance_um)), **given | more)


def test_a_row_has_the_bar_of_the_search_and_none_if_not_asked_for(tmp_path: Path) -> None:
    journal = tmp_path / "rows.jsonl"
    asked: dict[str, Any] = {"rtol": 0.01, "error": True}
    table = studies.strength_duration(FIBRE, CLAMP, [0.1, 0.5], journal=journal, **asked)
    single = studies.find_thresholds(
        [FIBRE, FIBRE],
        [replace(CLAMP, waveform=Pulse(duration_ms=each)) for each in (0.1, 0.5)],
        **asked,
    )
    np.testing.assert_array_equal(table["threshold_limit_nA"], [each.limit for each in single])
    np.testing.assert_array_equal(table["threshold_error_nA"], [each.error for each in single])
    # The bar holds what much finer steps give.
    fine = studies.strength_duration(
        FIBRE, CLAMP, [0.1, 0.5], rtol=1e-5, method=rv.Method(dt_ms=0.0003)
    )
    off = np.abs(fine["threshold_nA"] - table["threshold_limit_nA"])
    assert (off < table["threshold_error_nA"] + 1e-5 * fine["threshold_nA"]).all()
    assert (table["threshold_error_nA"] < 1e-3 * table["threshold_nA"]).all()
    again = studies.strength_duration(FIBRE, CLAMP, [0.1, 0.5], journal=journal, **asked)
    assert again.provenance["rows_from_journal"] == 2
    np.testing.assert_array_equal(again["threshold_error_nA"], table["threshold_error_nA"])
    assert not [name for name in fine.columns if "error" in name or "limit" in name]
    with pytest.raises(FormatError, match="is of another study or of other arguments"):
        studies.strength_duration(FIBRE, CLAMP, [0.1, 0.5], journal=journal, rtol=0.01)


def test_every_study_of_thresholds_has_them() -> None:
    asked: dict[str, Any] = {"rtol": 0.05, "error": True}
    square = electrode(250.0, waveform=Square(duration_ms=1.0, frequency_Hz=1.0))
    tables = [
        studies.current_distance(FIBRE, electrode(), [300, 500], **asked),
        studies.recruitment([FIBRE], electrode(), **asked),
        studies.nerve_recruitment("mrg", electrode(700.0), count=1, **asked),
        studies.threshold_electrotonus(FIBRE, CLAMP, [2.0], fractions=[-0.3], **asked),
        studies.block_map(FIBRE, square, [5000], test_ms=2.0, wait_ms=1.0, **asked),
    ]
    for table in tables:
        assert (table.status == "found").all()
        assert (table["threshold_error_" + _unit(table)] > 0).all()
    table = studies.recovery_cycle(FIBRE, CLAMP, [0.3, 3.0], most=1.5, **asked)
    assert table.status.tolist() == ["no_response", "found"]
    assert np.isnan(table["threshold_error_nA"]).tolist() == [True, False]


def _unit(table: studies.StudyTable) -> str:
    return "nA" if "threshold_nA" in table.columns else "mA"


def test_counts_of_spikes_have_none() -> None:
    told = "frequency following: error is of thresholds, expected it left out where spikes count"
    with pytest.raises(ModelError) as caught:
        studies.frequency_following(FIBRE, CLAMP, [200], error=True)
    assert str(caught.value) == told


def test_a_file_may_ask_for_them(tmp_path: Path) -> None:
    path = tmp_path / "study.toml"
    path.write_text(FILE)
    table = load_experiment(path).run_study()
    same = studies.strength_duration(FIBRE, CLAMP, [0.1, 0.5], rtol=0.01, error=True)
    np.testing.assert_array_equal(table["threshold_error_nA"], same["threshold_error_nA"])
    path.write_text(FILE.replace("true", '"yes"'))
    with pytest.raises(FormatError) as caught:
        load_experiment(path)
    assert str(caught.value) == f'{path}:13: study.error: is "yes", expected true or false'
    counts = FILE.replace("strength_duration", "frequency_following")
    path.write_text(counts.replace("durations_ms = [0.1, 0.5]", "frequencies_Hz = [200]"))
    with pytest.raises(FormatError) as caught:
        load_experiment(path).run_study()
    assert str(caught.value).startswith(f"{path}:13: study.error: frequency following: error is")


def test_the_command_has_them(run: Run) -> None:
    options = ["--nodes", "7", "--rtol", "0.01", "--pulses", "0.1", "--inside", "node[1],0.5"]
    code, out, err = run("strength-duration", "mrg", *options, "--error", "--json", "--no-picture")
    assert (code, err) == (0, "")
    columns = json.loads(out)["columns"]
    assert 0 < columns["threshold_error_nA"][0] < 0.001 * columns["threshold_limit_nA"][0]
    code, _, err = run("frequency-following", "mrg", "--error", "--no-picture")
    assert code == 2
    assert "unrecognized arguments: --error" in err
