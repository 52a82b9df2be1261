"""Studies in experiment files: that they are the Python calls, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from ranvier import fibers, studies
from ranvier.errors import FormatError
from ranvier.experiment import load_experiment
from ranvier.fields import PointSource
from ranvier.stimuli import CurrentClamp, Extracellular, Pulse
from unit.cli_run import Run

pytest.importorskip("scipy")

FILE = """\
[fiber]
name = "mrg"
nodes = 7

[[stimulus]]
kind = "pulse"
at = ["node[1]", 0.5]
amplitude_nA = 1.0
duration_ms = 0.1

[run]
dt_ms = 0.01

[study]
name = "strength_duration"
durations_ms = [0.1, 0.5]
rtol = 0.01
journal = "rows.jsonl"
"""
OUTPUT = '[output]\ntable = "rows.csv"\n'


def load(folder: Path, text: str) -> studies.StudyTable:
    (folder / "study.toml").write_text(text)
    return load_experiment(folder / "study.toml").run_study()


def refusal(folder: Path, text: str) -> str:
    with pytest.raises(FormatError) as caught:
        load(folder, text)
    return str(caught.value)


def test_a_file_is_the_call_it_stands_for(tmp_path: Path) -> None:
    from ranvier.methods import Method

    table = load(tmp_path, FILE)
    clamp = CurrentClamp(waveform=Pulse(duration_ms=0.1), at=("node[1]", 0.5), amplitude_nA=1.0)
    same = studies.strength_duration(
        fibers.mrg(nodes=7), clamp, (0.1, 0.5), rtol=0.01, method=Method(dt_ms=0.01)
    )
    np.testing.assert_array_equal(table["threshold_nA"], same["threshold_nA"])
    assert len((tmp_path / "rows.jsonl").read_text().splitlines()) == 3
    assert load(tmp_path, FILE).provenance["rows_from_journal"] == 2


def test_the_command_writes_what_is_asked_for(run: Run, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    text = FILE.replace("strength_duration", "frequency_following")
    text = text.replace("durations_ms = [0.1, 0.5]", "frequencies_Hz = [200]\npulses = 3")
    figure = 'figure = "rows.png"\n'
    (tmp_path / "study.toml").write_text(text + OUTPUT + figure)
    code, out, err = run("run", "study.toml")
    assert (code, err) == (0, "")
    assert out.startswith("study.toml: frequency following\n")
    assert "follows" in out
    assert Path("rows.csv").read_text().startswith("frequency_Hz,pulses,spikes_started")
    assert Path("rows.png").stat().st_size > 10000
    code, out, _ = run("run", "study.toml", "--json")
    assert json.loads(out)["columns"]["spikes_far"] == [3]


def test_without_a_study_there_is_no_table(tmp_path: Path) -> None:
    path = tmp_path / "plain.toml"
    path.write_text(FILE[: FILE.index("[study]")])
    with pytest.raises(ValueError, match="has no study, expected a table \\[study\\]"):
        load_experiment(path).run_study()
    assert "output.table: expected result, without a [study]" in refusal(
        tmp_path, FILE[: FILE.index("[study]")] + OUTPUT
    )


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        (
            '"strength_duration"',
            '"strength"',
            ":15: study.name: is \"strength\", expected 'strength_duration' or one of",
        ),
        ("durations_ms =", "duration_ms =", ":16: study.duration_ms: unknown key, expected"),
        ("[0.1, 0.5]", "0.1", ":16: study.durations_ms: is 0.1, expected a list of finite numbers"),
        (
            "rtol = 0.01",
            "rtol = 0.01\n[[probe]]\nquantity = 'v_mV'",
            "probe: says what to keep of a single run, expected no [study] beside it",
        ),
        (
            "dt_ms = 0.01",
            "t_stop_ms = 3.0",
            ":12: run.t_stop_ms: is of a single run, expected wait_ms in [study]",
        ),
        (
            "[run]",
            '[[stimulus]]\nkind = "pulse"\nat = 0\namplitude_nA = 1.0\nduration_ms = 0.1\n[run]',
            "study: has 2 [[stimulus]], expected one (or a fibre's own)",
        ),
    ],
)
def test_what_cannot_be_is_told_with_its_line(
    tmp_path: Path, old: str, new: str, sentence: str
) -> None:
    assert old in FILE
    assert sentence in refusal(tmp_path, FILE.replace(old, new))


OUTSIDE = FILE.replace('at = ["node[1]", 0.5]', "electrode_um = [0, 0, 500]").replace(
    "amplitude_nA = 1.0", "amplitude_mA = -0.1"
)


def test_an_electrode_may_be_outside(tmp_path: Path) -> None:
    path = tmp_path / "study.toml"
    path.write_text(OUTSIDE + OUTPUT)
    (stimulus,) = load_experiment(path).stimuli
    same = Extracellular(
        field=PointSource(position_um=[0, 0, 500]),
        waveform=Pulse(duration_ms=0.1),
        amplitude_mA=-0.1,
    )
    assert stimulus == same
    path.write_text(OUTSIDE[: OUTSIDE.index("[study]")] + "t_stop_ms = 1.0\n")
    result = load_experiment(path).run()
    assert len(result.crossings[0]) > 7
    moved = OUTSIDE.replace("strength_duration", "current_distance").replace(
        "durations_ms = [0.1, 0.5]", "distances_um = [300, 500]"
    )
    table = load(tmp_path, moved)
    assert table["distance_um"].tolist() == [300, 500]
    assert (table.status == "found").all()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            OUTSIDE.replace("amplitude_mA = -0.1", "amplitude_nA = 1.0"),
            ":5: stimulus: has no amplitude_mA, expected the amplitude of an electrode outside the",
        ),
        (
            OUTSIDE.replace("[0, 0, 500]", "[0, 500]"),
            ":7: stimulus.electrode_um: is [0, 500], expected three finite numbers, x, y and z",
        ),
        (
            OUTSIDE.replace("[0, 0, 500]", "[0, 0, 500]\nat = 'node'"),
            ":8: stimulus.at: does not go with an electrode outside the fibre",
        ),
        (
            OUTSIDE.replace("[0, 0, 500]", "[0, 0, 1]"),
            "stimulus: field: an electrode is inside the fibre, ",
        ),
        (
            FILE.replace("strength_duration", "current_distance").replace("durations_ms", "most"),
            "study.most: is [0.1, 0.5], expected a finite number above 0",
        ),
        (
            FILE.replace("strength_duration", "block_map").replace(
                "durations_ms", "frequencies_Hz"
            ),
            "study.name: expected a [[stimulus]] with electrode_um, outside the fibre",
        ),
    ],
)
def test_where_an_electrode_cannot_be(tmp_path: Path, text: str, sentence: str) -> None:
    assert sentence in refusal(tmp_path, text)


def test_a_result_is_of_a_run(tmp_path: Path) -> None:
    told = refusal(tmp_path, FILE + '[output]\nresult = "rows.npz"\n')
    assert "output.result: expected table, since there is a [study]" in told
