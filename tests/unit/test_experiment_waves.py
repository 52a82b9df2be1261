"""Studies of waves and of nerves in experiment files: that they are the Python calls."""

from __future__ import annotations

import functools
import pickle
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ranvier import fibers, studies
from ranvier.discretisation import FixedCount
from ranvier.errors import FormatError
from ranvier.experiment import load_experiment
from ranvier.experiment.study_kinds import STUDIES
from ranvier.fields import PointSource
from ranvier.methods import Method
from ranvier.stimuli import Extracellular, Pulse, Square
from unit.cli_run import Run

FIBER = '[fiber]\nname = "mrg"\nnodes = 15\n'
RUN = "[run]\ndt_ms = 0.01\n"
COARSE = Method(dt_ms=0.01)
ELECTRODE = """\
[[stimulus]]
kind = "pulse"
electrode_um = [0, 0, 700]
amplitude_mA = -0.2
duration_ms = 0.1
"""
NERVE = FIBER + ELECTRODE + '[study]\nname = "nerve_recruitment"\ncount = 4\nrtol = 0.01\n'


def study(name: str, keys: str = "", fiber: str = FIBER) -> str:
    return f'{fiber}{RUN}[study]\nname = "{name}"\n{keys}'


def load(folder: Path, text: str) -> studies.StudyTable:
    (folder / "study.toml").write_text(text)
    return load_experiment(folder / "study.toml").run_study()


def mrg(**given: float) -> fibers.Fiber:
    return fibers.mrg(nodes=15, **given)  # type: ignore[arg-type]


def optic() -> fibers.Fiber:
    return fibers.arancibia_carcamo(nodes=21)


OPTIC = '[fiber]\nname = "arancibia_carcamo"\nnodes = 21\n'
SQUID = '[fiber]\nname = "hodgkin_huxley"\nlength_um = 20000\ntemperature_degC = 6.3\n'

SAME: dict[str, tuple[str, Callable[[], studies.StudyTable]]] = {
    "diameters": (
        study("velocity_against_diameter", "diameters_um = [5.7, 10]"),
        lambda: studies.velocity_against_diameter(mrg, [5.7, 10], method=COARSE),
    ),
    "published diameters": (
        study("velocity_against_diameter"),
        lambda: studies.velocity_against_diameter("mrg", nodes=15, method=COARSE),
    ),
    "temperatures": (
        study("velocity_against_temperature", "temperatures_degC = [30, 37]"),
        lambda: studies.velocity_against_temperature(mrg, [30, 37], method=COARSE),
    ),
    "node lengths": (
        study(
            "velocity_against_node_length", 'node_lengths_um = [1, 2]\nchannels = "number"', OPTIC
        ),
        lambda: studies.velocity_against_node_length(
            optic(), [1, 2], channels="number", method=COARSE
        ),
    ),
    "g-ratios": (
        study("velocity_against_g_ratio", 'g_ratios = [0.6, 0.7]\nmyelin = "radial"', OPTIC),
        lambda: studies.velocity_against_g_ratio(
            optic(), [0.6, 0.7], myelin="radial", method=COARSE
        ),
    ),
    "lesions": (
        study("demyelination", 'lesions = [["thinned", 1, 0.1], ["lost", 2]]\nfirst = 6'),
        lambda: studies.demyelination(
            mrg(), [("thinned", 1, 0.1), ("lost", 2, None)], first=6, method=COARSE
        ),
    ),
    "collision": (
        study("collision", "delays_ms = [0, 0.1]"),
        lambda: studies.collision(mrg(), [0, 0.1], method=COARSE),
    ),
    "anode break": (
        study(
            "anode_break",
            'durations_ms = [20]\nrtol = 0.05\nmost = 200\nwait_ms = 40\nat = ["axon", 0.0]',
            SQUID,
        ),
        lambda: studies.anode_break(
            fibers.hodgkin_huxley(length_um=20000, temperature_degC=6.3),
            [20],
            at=("axon", 0.0),
            rtol=0.05,
            most=200.0,
            wait_ms=40.0,
            method=COARSE,
        ),
    ),
    "nerve": (
        NERVE + "radius_um = 300\nseed = 2\ndiameters_um = [5.7, 10]\n" + RUN,
        lambda: studies.nerve_recruitment(
            mrg,
            Extracellular(
                field=PointSource(position_um=(0, 0, 700)),
                waveform=Pulse(duration_ms=0.1),
                amplitude_mA=-0.2,
            ),
            count=4,
            radius_um=300,
            seed=2,
            diameters_um=[5.7, 10],
            rtol=0.01,
            method=COARSE,
        ),
    ),
}


@pytest.mark.parametrize(("text", "call"), SAME.values(), ids=SAME)
def test_a_file_is_the_call_it_stands_for(
    tmp_path: Path, text: str, call: Callable[[], studies.StudyTable]
) -> None:
    table, same = load(tmp_path, text), call()
    assert table.study == same.study
    assert list(table.columns) == list(same.columns)
    for name in same.columns:
        np.testing.assert_array_equal(table[name], same[name])
    assert table.summary == pytest.approx(same.summary, rel=0, nan_ok=True)


def test_every_study_that_makes_a_table_is_there() -> None:
    made = {name for name in studies.__all__ if name.islower() and not name.startswith("find_")}
    # Of fibres that are given one by one; in a file a nerve has them.
    assert made - {"recruitment", "compound_action_potential"} == set(STUDIES)


def test_the_file_s_mesh_is_that_of_every_fibre(tmp_path: Path) -> None:
    mesh = "[mesh]\ncompartments_per_section = 2\nby_region = { node = 1 }\n"
    same = FixedCount(2, by_region={"node": 1})
    table = load(tmp_path, mesh + study("velocity_against_diameter", "diameters_um = [10]"))
    by_call = studies.velocity_against_diameter(
        functools.partial(mrg, mesh=same), [10], method=COARSE
    )
    assert table["velocity_m_per_s"][0] == by_call["velocity_m_per_s"][0]
    table = load(tmp_path, mesh + study("collision", "delays_ms = [0.1]"))
    by_call = studies.collision(replace(mrg(), mesh=same), [0.1], method=COARSE)
    assert table["met_um"][0] == by_call["met_um"][0]
    published = studies.collision(mrg(), [0.1], method=COARSE)
    assert table["met_um"][0] != published["met_um"][0]
    table = load(tmp_path, mesh + study("demyelination", 'lesions = [["lost", 1]]'))
    by_call = studies.demyelination(mrg(), [("lost", 1, None)], mesh=same, method=COARSE)
    np.testing.assert_array_equal(table["delay_ms"], by_call["delay_ms"])


def test_a_journal_goes_on(tmp_path: Path) -> None:
    for text in (study("velocity_against_temperature", "temperatures_degC = [30, 37]\n"), NERVE):
        text = text.replace("[study]\n", '[study]\njournal = "rows.jsonl"\n')
        first = load(tmp_path, text)
        rows = (tmp_path / "rows.jsonl").read_text().splitlines()
        (tmp_path / "rows.jsonl").write_text("\n".join(rows[:-1]) + "\n")
        again = load(tmp_path, text)
        assert again.provenance["rows_from_journal"] == len(first) - 1
        np.testing.assert_array_equal(first.status, again.status)
        assert first.summary == again.summary
        with pytest.raises(FormatError) as caught:
            load(tmp_path, text.replace("nodes = 15", "nodes = 13"))
        told = str(caught.value)
        assert f"study.journal: {tmp_path}" in told
        assert "rows.jsonl:1: is of another study or of other arguments" in told
        (tmp_path / "rows.jsonl").unlink()


def test_what_a_file_leaves_open_the_study_chooses(tmp_path: Path) -> None:
    """At 20 kHz a block map takes finer steps than a run does."""
    text = FIBER + ELECTRODE.replace('"pulse"', '"square"\nfrequency_Hz = 1000')
    text = text.replace("700", "250") + "conductivity_S_m = 10\n"
    text += '[study]\nname = "block_map"\nfrequencies_Hz = [20000]\nrtol = 0.1\ntest_ms = 5\n'
    electrode = Extracellular(
        field=PointSource(position_um=(0, 0, 250), conductivity_S_m=10),
        waveform=Square(duration_ms=0.1, frequency_Hz=1000),
        amplitude_mA=-0.2,
    )
    same = studies.block_map(mrg(), electrode, [20000], rtol=0.1, test_ms=5.0)
    table = load(tmp_path, text)
    assert table["dt_ms"][0] == same["dt_ms"][0] < Method().dt_ms
    assert table["threshold_mA"][0] == same["threshold_mA"][0]
    assert load(tmp_path, "[run]\ndt_ms = 0.004\n" + text)["dt_ms"][0] == 0.004


def test_an_experiment_can_be_sent_to_another_process(tmp_path: Path) -> None:
    (tmp_path / "study.toml").write_text(study("velocity_against_diameter", "diameters_um = [10]"))
    experiment = pickle.loads(pickle.dumps(load_experiment(tmp_path / "study.toml")))
    assert experiment.run_study().status.tolist() == ["propagated"]


def test_an_electrode_may_be_in_the_middle_of_a_nerve(tmp_path: Path) -> None:
    table = load(tmp_path, NERVE.replace("[0, 0, 700]", "[0, 0, 0]"))
    assert set(table.status) == {"found"}


def test_the_command_prints_and_draws(run: Run) -> None:
    pytest.importorskip("matplotlib")
    output = '[output]\ntable = "rows.csv"\nfigure = "rows.png"\n'
    Path("study.toml").write_text(study("collision", "delays_ms = [0]\n") + output)
    code, out, err = run("run", "study.toml")
    assert (code, err) == (0, "")
    assert out.startswith("study.toml: collision\n")
    assert "annihilated" in out
    assert Path("rows.csv").read_text().startswith("delay_ms,met_um,expected_um")
    assert Path("rows.png").stat().st_size > 10000
    code, out, err = run("run", "study.toml", "--precision", "single")
    assert (code, out) == (2, "")
    assert "--precision: collision takes none, expected it left out" in err
    Path("study.toml").write_text(study("collision", "delays_ms = [-1]\n"))
    code, out, err = run("run", "study.toml")
    told = "study.toml:8: study.delays_ms: one is negative or not finite, expected 0 or more"
    assert (code, out, err) == (2, "", f"ranvier: error: {told}\n")


WRONG = {
    "not a list": (
        study("velocity_against_diameter", "diameters_um = 9"),
        ":8: study.diameters_um: is 9, expected a list of finite numbers",
    ),
    "not published": (
        study("velocity_against_diameter", "diameters_um = [9]"),
        ":8: study.diameters_um: fibre 'mrg': diameter_um is 9, expected a published one: 1, 2",
    ),
    "said twice": (
        study("velocity_against_diameter", "", FIBER + "diameter_um = 10\n"),
        ":4: fiber.diameter_um: is what velocity_against_diameter goes over, expected diameters_um "
        "in [study]",
    ),
    "none published": (
        study("velocity_against_diameter", "", SQUID),
        ":7: study: has no diameters_um, and hodgkin_huxley has no published ones, expected a list",
    ),
    "of one size": (
        study("velocity_against_diameter", "", OPTIC),
        ":7: study.name: velocity_against_diameter needs a fibre that takes diameter_um, which "
        "arancibia_carcamo does not; expected another fibre or study",
    ),
    "what is from [run]": (
        study("velocity_against_diameter", "threads = 2"),
        ":8: study.threads: unknown key, expected one of diameters_um",
    ),
    "no temperatures": (
        study("velocity_against_temperature"),
        ":6: study: has no temperatures_degC, expected a list of finite numbers",
    ),
    "too hot": (
        study("velocity_against_temperature", "temperatures_degC = [300]"),
        ":8: study.temperatures_degC: run 0: model 'MRG 10 um': temperature_degC is 300, expected",
    ),
    "node of no length": (
        study("velocity_against_node_length", "node_lengths_um = [0]"),
        ":8: study.node_lengths_um: fibre 'mrg': length_um is 0, expected above 0",
    ),
    "other channels": (
        study("velocity_against_node_length", 'node_lengths_um = [1]\nchannels = "many"'),
        ':9: study.channels: is "many", expected one of "density", "number"',
    ),
    "no nodes": (
        study("velocity_against_node_length", "node_lengths_um = [1]", SQUID),
        ":8: study.name: fibre 'hodgkin_huxley': has no region 'node', expected a myelinated fibre",
    ),
    "no room for myelin": (
        study("velocity_against_g_ratio", "g_ratios = [1.2]"),
        ":8: study.g_ratios: fibre 'mrg': g_ratio is 1.2, expected above 0 and below",
    ),
    "half a lesion": (
        study("demyelination", 'lesions = [["lost"]]'),
        ":8: study.lesions: is [['lost']], expected a list of lists such as [\"lost\", 2] or "
        '["thinned", 1, 0.1]',
    ),
    "lesion of another kind": (
        study("demyelination", 'lesions = [["eaten", 1]]'),
        ":8: study.lesions: damage: 'eaten' is unknown, expected one of lost, thinned",
    ),
    "lesion of no amount": (
        study("demyelination", 'lesions = [["thinned", 1]]'),
        ":8: study.lesions: amount: is None, expected above 0 for myelin that is thinned",
    ),
    "lesion at the end": (
        study("demyelination", 'lesions = [["lost", 1]]\nfirst = 0'),
        ":9: study.first: fibre 'mrg': has 1 nodes before the lesion and 14 behind it, expected 2",
    ),
    "lesion before the beginning": (
        study("demyelination", "first = -1"),
        ":8: study.first: is -1, expected a whole number, 0 or more",
    ),
    "current at no place": (
        study("anode_break", 'at = "nodes"'),
        ":8: study.at: place 'nodes': is no section and no region, expected 'node' or",
    ),
    "no such precision": (
        study("anode_break", "rtol = 3"),
        ":8: study.rtol: is 3, expected 1e-9 to below 1",
    ),
    "a stimulus for a wave": (
        FIBER + ELECTRODE + '[study]\nname = "collision"',
        ":4: stimulus: collision starts spikes by the fibre's own, expected no [[stimulus]]",
    ),
    "what it does not take": (
        FIBER + 'precision = "single"\n'.join(["[run]\n", '[study]\nname = "collision"']),
        ":5: run.precision: collision takes none, expected it left out",
    ),
    "when a run ends": (
        FIBER + '[run]\nt_stop_ms = 3\n[study]\nname = "collision"',
        ":5: run.t_stop_ms: is of a single run, expected no [study] beside it",
    ),
    "how a run starts": (
        FIBER + '[run]\nv_init_mV = -80\n[study]\nname = "strength_duration"',
        ":5: run.v_init_mV: is of a single run, expected no [study] beside it",
    ),
    "a clamp": (
        FIBER
        + '[[clamp]]\nkind = "pulse"\nat = "node"\nholding_mV = -80\nduration_ms = 1\n'
        + '[study]\nname = "collision"',
        ":4: clamp: acts in a single run, expected no [study] beside it",
    ),
    "a nerve without an electrode": (
        study("nerve_recruitment"),
        ":7: study.name: expected a [[stimulus]] with electrode_um, outside the fibre",
    ),
    "a nerve of no fibres": (NERVE.replace("= 4", "= 0"), ":11: study.count: is 0, expected a"),
    "a nerve by no chance": (
        NERVE + "seed = -1",
        ":13: study.seed: is -1, expected a whole number, 0 or more",
    ),
    "a nerve of other fibres": (
        NERVE + "diameters_um = [9]",
        ":13: study.diameters_um: fibre 'mrg': diameter_um is 9, expected a published one",
    ),
    "times that are not": (
        FIBER + ELECTRODE + '[study]\nname = "strength_duration"\ndurations_ms = [-1]',
        ":11: study.durations_ms: strength-duration: durations_ms has -1, expected finite numbers",
    ),
}


@pytest.mark.parametrize(("text", "sentence"), WRONG.values(), ids=WRONG)
def test_what_cannot_be_is_told_with_its_line(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(FormatError) as caught:
        load(tmp_path, text)
    (told,) = str(caught.value).splitlines()
    assert told.startswith(f"{tmp_path / 'study.toml'}{sentence}")


CELL = """\
[morphology]
swc = "axon.swc"
[[mechanism]]
name = "leak"
[mesh]
max_length_um = 50
"""


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            '[study]\nname = "collision"\n',
            ":8: study.name: collision is of a published fibre, expected [fiber]",
        ),
        (
            ELECTRODE + '[study]\nname = "current_distance"\n',
            ":12: study: has no wait_ms, expected one with [morphology]",
        ),
    ],
)
def test_a_cell_is_not_for_every_study(tmp_path: Path, text: str, sentence: str) -> None:
    (tmp_path / "axon.swc").write_text("1 2 0 0 0 0.5 -1\n2 2 500 0 0 0.5 1\n")
    with pytest.raises(FormatError) as caught:
        load(tmp_path, CELL + text)
    assert str(caught.value) == f"{tmp_path / 'study.toml'}{sentence}"
