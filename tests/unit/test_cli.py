"""The command line: what it prints, its exit codes, and a sentence for whatever is wrong."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import ranvier
from ranvier.cli import output
from ranvier.cli.progress import ProgressBar
from ranvier.errors import InternalError
from ranvier.results import Result
from unit.cli_run import SMALL, SWC, Run, rows_of

#: With a soma at the root and one long axon on it.
CELL = "1 1 0 0 0 5 -1\n2 3 -9 0 0 1 1\n3 3 -90 0 0 1 2\n4 2 9 0 0 0.5 1\n5 2 2500 0 0 0.5 4\n"


# Velocities


def test_velocity_of_a_fibre_is_printed_with_what_bears_on_it(run: Run, tmp_path: Path) -> None:
    code, out, err = run("velocity", "mrg", "--diameter", "10")
    assert (code, err) == (0, "")
    first = out.splitlines()[0]
    assert first.startswith("mrg, 10 um: 56.09 ")
    assert first.endswith(" m/s (nodes 5 to 15, 11 sites)")
    rows = rows_of(out)
    assert rows["rest"] == "-79.96 mV at 37 degC"
    assert rows["mesh"] == "221 compartments"
    assert rows["method"] == "rosenbrock2, dt 0.005 ms: 600 steps, 3 ms"
    assert rows["picture"] == "velocity-mrg-10um.png"
    assert "the published grid, 11 compartments from node to node, is not converged" in out
    assert (tmp_path / "velocity-mrg-10um.png").stat().st_size > 20_000


def test_json_is_one_object_with_units_in_its_keys(run: Run, tmp_path: Path) -> None:
    """And nothing else is written, not asked for."""
    code, out, err = run(*SMALL, "--json")
    assert (code, err) == (0, "")
    assert not list(tmp_path.iterdir())
    answer = json.loads(out)
    assert answer["velocity_m_per_s"] == pytest.approx(55.05, abs=0.1)
    assert 0 < answer["standard_error_m_per_s"] < 1
    assert answer["v_rest_mV"] == pytest.approx(-79.96, abs=0.01)
    assert answer["version"] == ranvier.__version__
    expected = {
        "fibre": "mrg",
        "diameter_um": 10.0,
        "temperature_degC": 37.0,
        "status": "propagated",
        "method": "rosenbrock2",
        "dt_ms": 0.01,
        "compartments": 155,
        "picture": None,
    }
    assert {key: answer[key] for key in expected} == expected


def test_squid_is_another_name_for_hodgkin_huxley(run: Run) -> None:
    options = ["--length-mm", "30", "--max-length", "500", "--no-picture", "--json"]
    _, by_alias, _ = run("velocity", "squid", *options)
    _, by_name, _ = run("velocity", "hodgkin_huxley", *options)
    assert by_alias == by_name
    assert json.loads(by_name)["compartments"] == 60


def test_temperature_changes_the_velocity(run: Run) -> None:
    options = ["--length-mm", "30", "--max-length", "500", "--no-picture", "--json"]
    _, out, _ = run("velocity", "squid", "--temperature", "6.3", *options)
    assert 11 < json.loads(out)["velocity_m_per_s"] < 13


def test_cell_tells_its_path_and_that_the_velocity_varies(run: Run) -> None:
    code, out, err = run("velocity", "--swc", SWC, "--dt", "0.02", "--max-length", "20")
    assert (code, err) == (0, "")
    assert out.startswith("branched_axon.swc: 0.321")
    rows = rows_of(out)
    assert rows["path"] == "axon[0] > axon[1] > axon[3], 6.719 mm from the root to the tip"
    assert rows["uniform"].startswith("no, from 0.2")
    assert " to 0.33" in rows["uniform"]
    assert rows["picture"] == "velocity-branched_axon.png"


def test_cell_with_a_soma_is_stimulated_hard_enough(run: Run, tmp_path: Path) -> None:
    (tmp_path / "cell.swc").write_text(CELL)
    options = ["--dt", "0.02", "--max-length", "25", "--mechanisms", "hh", "--no-picture", "--json"]
    code, out, _ = run("velocity", "--swc", "cell.swc", *options)
    answer = json.loads(out)
    assert code == 0
    assert answer["path"] == "soma[0] > axon[0]"
    assert answer["path_length_um"] == pytest.approx(2496, abs=10)
    assert answer["velocity_m_per_s"] == pytest.approx(0.335, abs=0.02)


@pytest.mark.parametrize(
    ("place", "section"),
    [("axon[3],1", "axon[3]"), ("axon[5]", "axon[5]"), ("axon[0],0.7", "axon[0]")],
)
def test_cell_can_be_stimulated_anywhere(run: Run, place: str, section: str) -> None:
    options = ["--dt", "0.02", "--max-length", "50", "--no-picture", "--json"]
    code, out, _ = run("velocity", "--swc", SWC, "--stimulate-at", place, *options)
    answer = json.loads(out)
    assert code == 0
    assert section in answer["path"]
    assert 0.2 < answer["velocity_m_per_s"] < 0.4


@pytest.mark.parametrize(
    ("options", "compartments"),
    [
        (["--refine", "2"], 15 + 2 * 140),  # a node of 1 um stays whole
        (["--compartments", "2"], 2 * 155),
        (["--compartments", "2", "--refine", "2"], 4 * 155),
        (["--max-length", "100"], 15 + 14 * 16),
    ],
)
def test_mesh_options(run: Run, options: list[str], compartments: int) -> None:
    _, out, _ = run(*SMALL, *options, "--no-picture", "--json")
    assert json.loads(out)["compartments"] == compartments


def test_no_propagating_spike_is_exit_code_1_and_said(run: Run) -> None:
    code, out, _ = run(*SMALL, "--t-stop", "0.2", "--no-picture")
    assert code == 1
    assert out.startswith("mrg, 10 um: no velocity (did_not_propagate): crossed -20 mV at ")
    assert rows_of(out)["hint"] == "a spike that only needs more time gets it with --t-stop"
    code, out, _ = run(*SMALL, "--t-stop", "0.1", "--no-picture", "--json")
    answer = json.loads(out)
    assert (code, answer["status"], answer["velocity_m_per_s"]) == (1, "no_spike", None)


def test_picture_goes_where_it_is_asked_to(run: Run, tmp_path: Path) -> None:
    code, out, _ = run(*SMALL, "--out", "spike.svg", "--json")
    assert (code, json.loads(out)["picture"]) == (0, "spike.svg")
    assert [path.name for path in tmp_path.iterdir()] == ["spike.svg"]
    assert "<svg" in (tmp_path / "spike.svg").read_text()[:500]


def test_without_matplotlib_the_velocity_is_still_printed(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ranvier.cli.output.has_matplotlib", lambda: False)
    code, out, _ = run(*SMALL)
    assert code == 0
    assert rows_of(out)["picture"] == "none: it needs matplotlib: pip install 'ranvier[plot]'"
    code, _, err = run(*SMALL, "--out", "a.png")
    assert code == 2
    assert "a.png: a picture needs matplotlib: pip install 'ranvier[plot]'" in err


def test_picture_ends_soon_after_the_spike(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[Result] = []
    overview = ranvier.plot.overview

    def keep(result: Result, *others: object) -> object:
        drawn.append(result)
        return overview(result, *others)

    monkeypatch.setattr("ranvier.plot.overview", keep)
    run(*SMALL, "--t-stop", "6")
    (result,) = drawn
    assert result.t_stop_ms == 6
    assert 0.5 < result["v_mV"].t_ms[-1] < 2.0


# What is wrong

WRONG = {
    "unknown fibre": (
        ["velocity", "mgr"],
        "fibre 'mgr': is unknown, expected 'mrg' or one of arancibia_carcamo, crrss",
    ),
    "unpublished diameter": (
        ["velocity", "mrg", "--diameter", "9"],
        "fibre 'mrg': diameter_um is 9, expected a published one: 1, 2, 5.7, 7.3, 8.7, 10, ",
    ),
    "negative diameter": (
        ["velocity", "mrg", "--diameter", "-10"],
        "--diameter: is -10, expected more than 0 (see ranvier velocity --help)",
    ),
    "dt of zero": (["velocity", "mrg", "--dt", "0"], "--dt: is 0, expected more than 0"),
    "NaN": (["velocity", "mrg", "--dt", "nan"], "--dt: is 'nan', expected a finite number"),
    "no number": (
        ["velocity", "squid", "--temperature", "warm"],
        "--temperature: is 'warm', expected a finite number",
    ),
    "too hot": (
        ["velocity", "mrg", "--temperature", "300"],
        "temperature_degC is 300, expected -10 to 60",
    ),
    "half a node": (
        ["velocity", "mrg", "--nodes", "2.5"],
        "--nodes: is '2.5', expected a whole number, 1 or more",
    ),
    "no nodes": (
        ["velocity", "squid", "--nodes", "21"],
        "--nodes: hodgkin_huxley has no nodes, expected --diameter, --temperature, --length-mm",
    ),
    "unknown method": (
        ["velocity", "mrg", "--method", "backward_eule"],
        "--method: 'backward_eule' is unknown, expected 'backward_euler' or one of",
    ),
    "two meshes": (
        ["velocity", "mrg", "--compartments", "2", "--max-length", "3"],
        "--max-length: not allowed with argument --compartments",
    ),
    "nothing to run": (["velocity"], "velocity: got no FIBRE and no --swc FILE, expected one of"),
    "two to run": (
        ["velocity", "mrg", "--swc", "a.swc"],
        "velocity: got FIBRE and --swc FILE, expected one of them",
    ),
    "fibre option for a cell": (
        ["velocity", "--swc", "a.swc", "--nodes", "3"],
        "--nodes: goes with a fibre",
    ),
    "cell option for a fibre": (
        ["velocity", "mrg", "--r-a", "70"],
        "--r-a: goes with --swc FILE",
    ),
    "no such cell": (["velocity", "--swc", "a.swc"], "a.swc: No such file or directory"),
    "a folder": (["velocity", "--swc", "."], ".: Is a directory"),
    "place that is not there": (
        ["velocity", "--swc", str(SWC), "--stimulate-at", "axon[9]"],
        "place 'axon[9]': is no section and no region, expected 'axon[6]' or one of axon, axon[0]",
    ),
    "position out of range": (
        ["velocity", "--swc", str(SWC), "--stimulate-at", "axon[0],2"],
        "--stimulate-at: position is 2, expected 0 to 1",
    ),
    "unknown channels": (
        ["velocity", "--swc", str(SWC), "--mechanisms", "fh"],
        "--mechanisms: invalid choice: 'fh' (choose from 'hh')",
    ),
    "unknown kind of picture": (
        [*SMALL, "--out", "spike.xyz"],
        "spike.xyz: no picture ends in '.xyz', expected .",
    ),
    "no such folder": (
        [*SMALL, "--out", "figures/spike.png"],
        "figures/spike.png: there is no folder figures, expected one that exists",
    ),
    "misspelt option": ([*SMALL, "--diametre", "10"], " arguments: --diametre 10"),
    "unknown command": (["velocty", "mrg"], "COMMAND: invalid choice: 'velocty'"),
    "no such experiment": (["run", "spike.toml"], "spike.toml: No such file or directory"),
    "no experiment": (["run"], "the following arguments are required: EXPERIMENT.toml"),
}


@pytest.mark.parametrize(("arguments", "sentence"), WRONG.values(), ids=WRONG)
def test_bad_input_is_one_sentence_and_exit_code_2(
    run: Run, tmp_path: Path, arguments: list[str], sentence: str
) -> None:
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert err.startswith("ranvier: error: ")
    assert err.count("\n") == 1
    assert sentence in err
    assert list(tmp_path.iterdir()) == []


def test_bad_cell_file_is_told_line_by_line(run: Run, tmp_path: Path) -> None:
    (tmp_path / "cell.swc").write_text("1 2 0 0 0 1 -1\n2 2 9 0 0 1 7\n3 2 9 0 0 1 8\n")
    code, out, err = run("velocity", "--swc", "cell.swc")
    assert (code, out) == (2, "")
    assert err == (
        "ranvier: error: cell.swc:2: parent 7 is not in the file, "
        "expected -1 or the id of a point\n"
        "  cell.swc:3: parent 8 is not in the file, expected -1 or the id of a point\n"
    )


def test_a_bug_is_not_hidden(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise InternalError("row 3: has no diagonal")

    monkeypatch.setattr("ranvier.cli.velocity.simulate", broken)
    with pytest.raises(InternalError, match="row 3: has no diagonal"):
        run(*SMALL)


# Experiments

EXPERIMENT = """\
[fiber]
name = "mrg"
nodes = 7
[[stimulus]]
kind = "pulse"
duration_ms = 0.1
at = "node[0]"
amplitude_nA = 3
[[probe]]
quantity = "v_mV"
[run]
t_stop_ms = 1
[velocity]
[output]
result = "spike.npz"
figure = "spike.png"
"""


def test_experiment_writes_what_it_asks_for(run: Run, tmp_path: Path) -> None:
    (tmp_path / "spike.toml").write_text(EXPERIMENT)
    code, out, err = run("run", "spike.toml")
    assert (code, err) == (0, "")
    assert out.startswith("MRG 10 um: 5")
    rows = rows_of(out)
    assert rows["recorded"] == "v_mV: 201 samples at 67 places"
    assert (rows["result"], rows["picture"]) == ("spike.npz", "spike.png")
    assert ranvier.load("spike.npz")["v_mV"].values.shape == (201, 67)
    code, out, _ = run("run", "spike.toml", "--json")
    answer = json.loads(out)
    assert (code, answer["run_status"], answer["picture"]) == (0, "completed", "spike.png")
    assert answer["velocity_m_per_s"] > 50


def test_experiment_without_a_velocity(run: Run, tmp_path: Path) -> None:
    (tmp_path / "spike.toml").write_text(EXPERIMENT[: EXPERIMENT.index("[velocity]")])
    code, out, _ = run("run", "spike.toml")
    assert (code, out.splitlines()[0]) == (0, "MRG 10 um: completed at 1 ms")


def test_experiment_without_a_spike_is_exit_code_1(run: Run, tmp_path: Path) -> None:
    (tmp_path / "spike.toml").write_text(EXPERIMENT.replace("= 3", "= 0.01"))
    code, out, _ = run("run", "spike.toml")
    assert code == 1
    assert "no velocity (no_spike)" in out


def test_run_that_blows_up_is_exit_code_1_and_keeps_its_record(run: Run, tmp_path: Path) -> None:
    (tmp_path / "spike.toml").write_text(EXPERIMENT.replace("= 3", "= 1e300"))
    code, out, _ = run("run", "spike.toml")
    assert code == 1
    assert out.startswith("MRG 10 um: diverged at ")
    assert ranvier.load("spike.npz").status == "diverged"
    code, out, _ = run("run", "spike.toml", "--json")
    assert (code, json.loads(out)["run_status"]) == (1, "diverged")


def test_wrong_experiment_is_told_with_its_line(run: Run, tmp_path: Path) -> None:
    (tmp_path / "spike.toml").write_text("[fiber]\nname = 'mrg'\n[mesh]\nmax_len_um = 3\n")
    code, out, err = run("run", "spike.toml")
    assert (code, out) == (2, "")
    assert err.startswith(
        "ranvier: error: spike.toml:4: mesh.max_len_um: unknown key, expected 'max_length_um'"
    )


# Lists


def test_fibers_are_listed_with_their_papers(run: Run) -> None:
    code, out, _ = run("fibers")
    assert code == 0
    assert "hodgkin_huxley (also: squid)\n" in out
    assert "1, 2, 5.7, 7.3, 8.7, 10, 11.5, 12.8, 14, 15, 16 um" in out
    assert "doi:10.1152/jn.00353.2001" in out
    rows = rows_of(out[out.index("gaines_motor\n") : out.index("gaines_sensory\n")])
    assert (rows["diameters"], rows["validated"]) == ("5.7 to 16 um", "7.3 to 16 um")
    assert rows["rest"] == "-85.92 mV"
    assert rows["velocity"].endswith(" m/s at 10 um, 37 degC")
    rows = rows_of(out[out.index("crrss\n") : out.index("frankenhaeuser_huxley\n")])
    assert (rows["diameters"], rows["validated"]) == ("any", "10 um")
    _, out, _ = run("fibers", "--json")
    listed = json.loads(out)
    assert set(listed) == set(ranvier.fibers.names())
    assert listed["sundt"]["v_rest_mV"] == -60.0
    assert listed["sundt"]["reference"]["diameter_um"] == 1.0


def test_channels_are_listed_with_their_papers(run: Run) -> None:
    code, out, _ = run("channels")
    assert code == 0
    assert "na_hh\n" in out
    assert "m, h; rates at 6.3 degC" in out
    assert "g_bar_S_cm2 = 0.12" in out
    _, out, _ = run("channels", "--json")
    listed = json.loads(out)
    assert set(listed) == set(ranvier.mechanisms.names())
    assert listed["na_hh"]["ion"] == "na"


def test_info_names_versions_compiler_and_instruction_set(run: Run) -> None:
    code, out, _ = run("info")
    assert code == 0
    assert out.startswith(f"ranvier {ranvier.__version__}\n")
    rows = rows_of(out)
    assert rows["numpy"] == np.__version__
    assert {"compiler", "isa", "python", "matplotlib"} <= set(rows)
    _, out, _ = run("info", "--json")
    assert json.loads(out)["version"] == ranvier.__version__


def test_version_and_help(run: Run) -> None:
    assert run("--version") == (0, f"ranvier {ranvier.__version__}\n", "")
    code, out, _ = run()
    assert code == 0
    for name in ("velocity", "run", "fibers", "channels", "info"):
        assert f"    {name} " in out


# As a process


def process(*arguments: str, **options: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "ranvier", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,  # type: ignore[call-overload]
    )


def test_module_can_be_run(tmp_path: Path) -> None:
    with process(*SMALL, "--json", "--no-picture", cwd=tmp_path) as command:
        out, err = command.communicate()
    assert (command.returncode, err) == (0, "")
    assert json.loads(out)["status"] == "propagated"


def test_exit_code_reaches_the_shell(tmp_path: Path) -> None:
    with process("velocity", "mrg", "--dt", "0", cwd=tmp_path) as command:
        out, err = command.communicate()
    assert (command.returncode, out) == (2, "")
    assert err.startswith("ranvier: error: --dt: is 0")


def test_ctrl_c_ends_a_run_with_a_sentence(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def press(_: ProgressBar, __: float) -> None:
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(ProgressBar, "__call__", press)
    # What was begun in the background of a shell ignores Ctrl-C.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        code, out, err = run(*SMALL, "--no-picture")
    finally:
        signal.signal(signal.SIGINT, before)
    assert (code, out) == (130, "")
    assert err.startswith("ranvier: error: interrupted at t = ")
    assert err.count("\n") == 1


def test_ctrl_c_before_a_run_is_told_too(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def press(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("ranvier.cli.run.load_experiment", press)
    assert run("run", "spike.toml") == (130, "", "ranvier: error: interrupted\n")


def test_reader_that_leaves_early_is_no_error(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "ranvier", "channels"]
    run = subprocess.run(
        command, stdout=writing, stderr=subprocess.PIPE, text=True, cwd=tmp_path, check=False
    )
    os.close(writing)
    assert (run.returncode, run.stderr) == (0, "")


# The progress bar


class Terminal:
    def __init__(self, is_terminal: bool) -> None:
        self.text = ""
        self._is_terminal = is_terminal

    def isatty(self) -> bool:
        return self._is_terminal

    def write(self, text: str) -> None:
        self.text += text

    def flush(self) -> None:
        pass


def watch(monkeypatch: pytest.MonkeyPatch, *, is_terminal: bool) -> tuple[Terminal, list[float]]:
    terminal, clock = Terminal(is_terminal), [0.0]
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setattr("ranvier.cli.progress.time.monotonic", lambda: clock[0])
    return terminal, clock


def test_progress_is_shown_after_a_second_and_wiped(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal, clock = watch(monkeypatch, is_terminal=True)
    bar = ProgressBar()
    clock[0] = 0.9
    bar(0.1)
    assert terminal.text == ""
    clock[0] = 5.0
    bar(0.5)
    line = f"[{15 * '#'}{15 * '.'}]  50%, 5 s left"
    assert terminal.text == f"\r{line}"
    bar(0.51)  # too soon to draw again
    assert terminal.text.count("\r") == 1
    bar.clear()
    assert terminal.text.endswith(f"\r{len(line) * ' '}\r")


def test_progress_is_silent_off_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal, clock = watch(monkeypatch, is_terminal=False)
    bar = ProgressBar()
    clock[0] = 100.0
    bar(0.5)
    bar.clear()
    assert terminal.text == ""


def test_value_of_several_lines_stays_in_its_column(capsys: pytest.CaptureFixture[str]) -> None:
    output.print_rows([("a", "1\n2"), ("long", "3")])
    assert capsys.readouterr().out == "  a     1\n        2\n  long  3\n"
