"""What experiment files and the command line say of long runs: files for samples, maps, spikes."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import ranvier as rv
from ranvier.errors import FormatError
from ranvier.experiment import load_experiment
from unit.cli_run import Run, rows_of

FIBER = '[fiber]\nname = "mrg"\nnodes = 5\n[run]\nt_stop_ms = 0.5\n'
EVERYTHING = (
    FIBER
    + """\
keep_spikes = 1
[[probe]]
quantity = "v_mV"
every_ms = 0.05
to = "v.npy"
hold_MB = 0.001
[[peaks]]
at = "node"
every_ms = 0.01
[[peaks]]
"""
)


def test_a_file_may_ask_for_what_long_runs_need(tmp_path: Path) -> None:
    path = tmp_path / "long.toml"
    path.write_text(EVERYTHING)
    experiment = load_experiment(path)
    assert experiment.detect == rv.SpikeDetector(keep=1)
    assert experiment.probes == (
        rv.Probe("v_mV", every_ms=0.05, to=tmp_path / "v.npy", hold_MB=0.001),
    )
    assert experiment.peaks == (rv.PeakMap(at="node", every_ms=0.01), rv.PeakMap())
    assert [each.name for each in tmp_path.iterdir()] == ["long.toml"]  # nothing has run
    result = experiment.run()
    assert np.load(tmp_path / "v.npy").shape == (11, 45)
    assert [each.v_mV.size for each in result.peaks] == [5, 45]
    assert result.crossings[0].keep == 1


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ("keep_spikes = 0", "6: run.keep_spikes: is 0, expected a whole number, 1 or more"),
        (
            '[[probe]]\nquantity = "v_mV"\nto = "v.txt"',
            "8: probe.to: probe 'v_mV': to is 'v.txt', expected the name of a .npy file",
        ),
        ('[[peaks]]\nat = "nodes"', "7: peaks.at: place 'nodes': is no section and no region, ex"),
        (
            "[[peaks]]\nevery_ms = 0.0051",
            "7: peaks.every_ms: peak map: every_ms is 0.0051, expected a whole multiple of dt_ms",
        ),
        (
            '[[peaks]]\nevery_ms = "often"',
            '7: peaks.every_ms: is "often", expected a finite number above 0',
        ),
    ],
)
def test_what_does_not_fit_is_told_with_its_line(tmp_path: Path, table: str, told: str) -> None:
    path = tmp_path / "long.toml"
    path.write_text(FIBER + table)
    with pytest.raises(FormatError) as caught:
        load_experiment(path)
    (sentence,) = str(caught.value).replace(f"{tmp_path}/", "").splitlines()
    assert sentence.removeprefix("long.toml:").startswith(told)


def test_the_command_line_names_the_file(run: Run) -> None:
    Path("long.toml").write_text(EVERYTHING)
    code, out, err = run("run", "long.toml")
    assert (code, err) == (0, "")
    assert rows_of(out)["samples"] == str(Path("v.npy").absolute())
    code, out, err = run("run", "long.toml", "--json")
    assert (code, err) == (0, "")
    assert json.loads(out)["run_status"] == "completed"


def test_ctrl_c_saves_what_was_recorded(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    class Impatient:
        def __init__(self, **_: bool) -> None:
            pass

        def __call__(self, share: float) -> None:
            raise KeyboardInterrupt

        def clear(self) -> None:
            pass

    monkeypatch.setattr("ranvier.cli.run.ProgressBar", Impatient)
    Path("long.toml").write_text(EVERYTHING + '[output]\nresult = "run.npz"\n')
    code, out, err = run("run", "long.toml")
    assert (code, out) == (130, "")
    assert "interrupted at t = 0.005 ms of 0.5" in err
    result = rv.load("run.npz")
    assert result.status == "interrupted"
    assert result["v_mV"].path == Path("v.npy").absolute()
    assert result["v_mV"].values.shape == (1, 45)
