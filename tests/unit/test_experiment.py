"""Experiment files: what is made of them, and how a wrong key or value is told."""

from __future__ import annotations

import pickle
import re
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ranvier.discretisation import DLambda, FixedCount, MaxLength
from ranvier.errors import FormatError
from ranvier.experiment import Experiment, load_experiment
from ranvier.experiment.lines import key_lines
from ranvier.fibers import Fiber
from ranvier.methods import Method
from ranvier.model import Model
from ranvier.recording import Probe
from ranvier.stimuli import Pulse, Samples

EXAMPLES = Path(__file__).parents[2] / "examples"
AXON = "1 2 0 0 0 0.5 -1\n2 2 500 0 0 0.5 1\n3 2 900 90 0 0.4 2\n4 2 900 -90 0 0.4 2\n"
CELL = """\
[morphology]
swc = "axon.swc"
temperature_degC = 6.3
[[ion]]
name = "na"
e_mV = 50
[[ion]]
name = "k"
e_mV = -77
[[mechanism]]
name = "na_hh"
[[mechanism]]
name = "k_hh"
[[mechanism]]
name = "leak"
g_bar_S_cm2 = 0.0003
e_leak_mV = -54.387
[[stimulus]]
kind = "pulse"
onset_ms = 0.5
duration_ms = 0.5
at = ["axon[0]", 0.0]
amplitude_nA = 1.0
"""
RUN = "[run]\nt_stop_ms = 8\n[mesh]\nmax_length_um = 20\n"
FIBER = '[fiber]\nname = "mrg"\nnodes = 5\n'


def load(folder: Path, text: str) -> Experiment:
    (folder / "axon.swc").write_text(AXON)
    (folder / "spike.toml").write_text(text)
    return load_experiment(folder / "spike.toml")


def refusal(folder: Path, text: str) -> list[str]:
    """What is said of a file that is wrong, a line each, without the folder."""
    with pytest.raises(FormatError) as caught:
        load(folder, text)
    return str(caught.value).replace(f"{folder}/", "").splitlines()


# What a right file becomes


def test_fiber_brings_its_own_mesh_stimulus_and_time(tmp_path: Path) -> None:
    experiment = load(tmp_path, FIBER)
    assert isinstance(experiment.target, Fiber)
    assert experiment.mesh is experiment.target.mesh
    assert experiment.stimuli == (experiment.target.stimulus,)
    assert experiment.t_stop_ms == experiment.target.t_stop_ms
    assert experiment.method == Method()
    assert (experiment.probes, experiment.between, experiment.v_init_mV) == ((), None, None)


def test_every_table_reaches_the_run(tmp_path: Path) -> None:
    experiment = load(
        tmp_path,
        FIBER
        + """
        [mesh]
        compartments_per_section = 3
        by_region = { node = 1 }
        [[stimulus]]
        kind = "samples"
        t_ms = [0.1, 0.1, 0.2, 0.2]
        value = [0, 1, 1, 0]
        at = [["node[0]", 0.5], "node[1]", 2]
        amplitude_nA = 3
        [[probe]]
        quantity = "m"
        mechanism = "na_mrg"
        at = "node"
        every_ms = 0.02
        [run]
        t_stop_ms = 0.5
        dt_ms = 0.01
        v_init_mV = -80
        [velocity]
        between = [0.1, 0.9]
        threshold_mV = -10
        sites = "node"
        [output]
        result = "out.npz"
        figure = "out.png"
        """,
    )
    assert isinstance(experiment.mesh, FixedCount)
    assert (experiment.mesh.count, experiment.mesh.by_region) == (3, {"node": 1})
    (clamp,) = experiment.stimuli
    assert clamp.waveform == Samples(t_ms=[0.1, 0.1, 0.2, 0.2], value=[0, 1, 1, 0])
    assert clamp.at == [("node[0]", 0.5), "node[1]", 2]
    assert clamp.amplitude_nA == 3.0
    assert experiment.probes == (Probe("m", "node", "na_mrg", 0.02),)
    assert experiment.method == Method(dt_ms=0.01)
    assert (experiment.t_stop_ms, experiment.v_init_mV) == (0.5, -80.0)
    assert experiment.between == (0.1, 0.9)
    assert (experiment.detect.threshold_mV, experiment.sites) == (-10.0, "node")
    assert experiment.result_path == tmp_path / "out.npz"
    assert experiment.figure_path == tmp_path / "out.png"


@pytest.mark.parametrize(
    ("mesh", "expected"),
    [
        ("compartments_per_section = 2", FixedCount(2)),
        ("max_length_um = 12.5", MaxLength(12.5)),
        ("d_lambda = 0.05\nfrequency_Hz = 50", DLambda(0.05, frequency_Hz=50)),
    ],
)
def test_three_ways_to_mesh(tmp_path: Path, mesh: str, expected: object) -> None:
    made = load(tmp_path, f"{FIBER}[mesh]\n{mesh}").mesh
    assert pickle.dumps(made) == pickle.dumps(expected)


def test_cell_runs_and_its_velocity_is_read_along_the_longest_way(tmp_path: Path) -> None:
    experiment = load(tmp_path, CELL + RUN + "[velocity]\nbetween = [0.2, 0.8]\n")
    assert isinstance(experiment.target, Model)
    assert isinstance(experiment.stimuli[0].waveform, Pulse)
    fractions: list[float] = []
    result = experiment.run(fractions.append)
    assert fractions[-1] == 1.0
    names = set(result.geometry.section_name[result.velocity_sites])
    assert names == {"axon[0]", "axon[1]"}
    velocity = experiment.velocity(result)
    assert velocity is not None
    assert 0.1 < velocity.velocity_m_per_s < 1.0


OWN_K = """\
reference_temperature_degC = 6.3
[parameters]
g_bar_S_cm2 = 0.036
[gates.n]
alpha_per_ms = "0.1 * exprelr(-(v_mV + 55) / 10)"
beta_per_ms = "0.125 * exp(-(v_mV + 65) / 80)"
q10 = 3
[currents_mA_cm2]
k = "g_bar_S_cm2 * n**4 * (v_mV - e_k_mV)"
"""


def test_a_mechanism_may_be_in_a_file_beside_the_experiment(tmp_path: Path) -> None:
    (tmp_path / "own_k.toml").write_text(OWN_K)
    run = RUN.replace("t_stop_ms = 8", "t_stop_ms = 1")
    probe = '[[probe]]\nquantity = "v_mV"\n'
    own = CELL.replace('"k_hh"', '"own_k.toml"') + run + probe
    gate = '[[probe]]\nquantity = "n"\nmechanism = "own_k"\n'
    found = load(tmp_path, own + gate).run()
    expected = load(tmp_path, CELL + run + probe).run()
    assert np.max(np.abs(found["v_mV"].values - expected["v_mV"].values)) < 1e-9
    assert 0.3 < found["n", "own_k"].values.max() < 1.0


def test_what_is_wrong_with_a_mechanism_file_is_told_with_its_own_line(tmp_path: Path) -> None:
    (tmp_path / "own_k.toml").write_text(OWN_K.replace("n**4", "q**4"))
    own = CELL.replace('"k_hh"', '"own_k.toml"') + RUN
    (told,) = refusal(tmp_path, own)
    where = r"spike.toml:\d+: mechanism.name: own_k.toml:9: currents_mA_cm2.k"
    assert re.match(f"{where}: reads q, which is unknown", told)
    (told,) = refusal(tmp_path, own.replace("own_k", "other"))
    sentence = "mechanism.name: other.toml: No such file or directory, expected a mechanism file"
    assert told.endswith(f": {sentence}")


def test_no_velocity_is_measured_unless_asked_for(tmp_path: Path) -> None:
    experiment = load(tmp_path, FIBER + "[run]\nt_stop_ms = 0.1")
    assert experiment.velocity(experiment.run()) is None


def test_running_twice_gives_the_same(tmp_path: Path) -> None:
    text = FIBER + '[[probe]]\nquantity = "v_mV"\n[run]\nt_stop_ms = 0.2'
    experiment = pickle.loads(pickle.dumps(load(tmp_path, text)))
    first, second = experiment.run(), experiment.run()
    np.testing.assert_array_equal(first["v_mV"].values, second["v_mV"].values)


@pytest.mark.parametrize("path", sorted((EXAMPLES / "experiments").glob("*.toml")), ids=str)
def test_every_example_can_be_loaded(path: Path) -> None:
    experiment = load_experiment(path)
    assert experiment.between is not None or experiment.study is not None
    assert experiment.figure_path is not None


GUIDE = EXAMPLES.parent / "docs" / "how-to" / "experiment-file.md"
BLOCKS = re.findall(r"```toml\n(.*?)```", GUIDE.read_text(), re.DOTALL)


@pytest.mark.parametrize("block", BLOCKS, ids=range(len(BLOCKS)))
def test_every_block_of_the_guide_can_be_loaded(tmp_path: Path, block: str) -> None:
    squid = '[fiber]\nname = "hodgkin_huxley"\nlength_um = 5000\n'
    experiment = load(tmp_path, block if "[fiber]" in block else squid + block)
    assert experiment.stimuli


# What is said of a wrong one

WRONG_VALUES = {
    "misspelt key": (
        FIBER + "[mesh]\n# finer\nmax_len_um = 3\n",
        "spike.toml:6: mesh.max_len_um: unknown key, expected 'max_length_um' or one of "
        "by_region, compartments_per_section, d_lambda, frequency_Hz, max_length_um",
    ),
    "unknown table": (FIBER + "[probes]\n", "4: probes: unknown table, expected 'probe' or one of"),
    "not a table": ("mesh = 3\n" + FIBER, "1: mesh: expected one table, under [mesh]"),
    "one bracket": (
        FIBER + '[probe]\nquantity = "v_mV"\n',
        "4: probe: expected tables under [[probe]], in two brackets",
    ),
    "wrong type": (
        FIBER + "[mesh]\nmax_length_um = '3'\n",
        '5: mesh.max_length_um: is "3", expected a finite number above 0',
    ),
    "NaN": (FIBER + "[run]\nv_init_mV = nan\n", '5: run.v_init_mV: is nan, expected "rest" or'),
    "true is no number": (
        FIBER + "[run]\nt_stop_ms = true\n",
        "5: run.t_stop_ms: is true, expected a finite number above 0",
    ),
    "dt of zero": (FIBER + "[run]\ndt_ms = 0\n", "5: run.dt_ms: is 0, expected a finite number"),
    "table for a number": (FIBER + "[run]\ndt_ms = {}\n", "5: run.dt_ms: is a table, expected a"),
    "long value": (
        FIBER + f'[run]\nmethod = "{50 * "x"}"\n',
        f'5: run.method: is "{35 * "x"} ..., expected',
    ),
    "unknown method": (
        FIBER + '[run]\nmethod = "backwards_euler"\n',
        "5: run.method: is \"backwards_euler\", expected 'backward_euler' or one of",
    ),
    "unknown fibre": (
        '[fiber]\nname = "mgr"\n',
        "2: fiber.name: is \"mgr\", expected 'mrg' or one of",
    ),
    "unpublished diameter": (
        '[fiber]\nname = "mrg"\ndiameter_um = 9\n',
        "3: fiber.diameter_um: fibre 'mrg': diameter_um is 9, expected a published one: 1, 2, 5.7",
    ),
    "argument of another fibre": (
        '[fiber]\nname = "hodgkin_huxley"\nnodes = 21\n',
        "3: fiber.nodes: unknown key, expected one of diameter_um, length_um, temperature_degC",
    ),
    "argument of a wrong type": (
        '[fiber]\nname = "mrg"\nnodes = 21.5\n',
        "3: fiber.nodes: is 21.5, expected a whole number",
    ),
    "no fibre and no cell": (
        "[run]\nt_stop_ms = 1\n",
        "1: has neither of the tables [fiber] and [morphology], expected one of them",
    ),
    "both": (FIBER + CELL + RUN, "1: has both of the tables [fiber] and [morphology]"),
    "no name": ("[fiber]\nnodes = 5\n", "1: fiber: has no name, expected a text in quotes"),
    "channel on a published fibre": (
        FIBER + '[[mechanism]]\nname = "leak"\n',
        "4: mechanism: goes with [morphology]; a published fibre brings its own",
    ),
    "no mesh": (CELL + "[run]\nt_stop_ms = 8\n", "1: has no table [mesh], expected one with"),
    "no t_stop_ms": (
        CELL + "[run]\n[mesh]\nd_lambda = 0.1\n",
        "24: run: has no t_stop_ms, expected one with [morphology]",
    ),
    "two policies": (
        FIBER + "[mesh]\nd_lambda = 0.1\nmax_length_um = 5\n",
        "6: mesh.max_length_um: has d_lambda and max_length_um, expected exactly one of",
    ),
    "no policy": (
        FIBER + "[mesh]\n",
        "4: mesh: has none, expected exactly one of compartments_per",
    ),
    "frequency without d_lambda": (
        FIBER + "[mesh]\nmax_length_um = 5\nfrequency_Hz = 100\n",
        "6: mesh.frequency_Hz: goes with d_lambda and not with max_length_um",
    ),
    "unknown region": (
        FIBER + "[mesh]\nmax_length_um = 5\n[mesh.by_region]\nnodes = 1\n",
        "7: mesh.by_region.nodes: is no region, expected 'node' or one of flut, mysa, node, stin",
    ),
    "fraction of a compartment": (
        FIBER + "[mesh]\ncompartments_per_section = 2\nby_region = { node = 1.5 }\n",
        "6: mesh.by_region.node: is 1.5, expected a whole number, 1 or more",
    ),
    "far too fine a mesh": (
        FIBER + "[mesh]\nmax_length_um = 1e-9\n",
        "4: mesh: section 'node[0]'",
    ),
    "unknown waveform": (
        FIBER + '[[stimulus]]\nkind = "pulses"\nat = "node"\namplitude_nA = 1\n',
        "5: stimulus.kind: is \"pulses\", expected 'pulse' or one of biphasic, burst, noise, pulse",
    ),
    "missing argument": (
        FIBER + '[[stimulus]]\nkind = "pulse"\nat = "node"\namplitude_nA = 1\n',
        "4: stimulus: has no duration_ms, expected a finite number",
    ),
    "misspelt argument": (
        FIBER + '[[stimulus]]\nkind = "pulse"\nat = "node"\namplitude_nA = 1\nduraton_ms = 1\n',
        "8: stimulus.duraton_ms: unknown key, expected 'duration_ms' or one of duration_ms, onset",
    ),
    "argument out of range": (
        FIBER + '[[stimulus]]\nkind = "pulse"\nat = "node"\namplitude_nA = 1\nduration_ms = -1\n',
        "8: stimulus.duration_ms: pulse: duration_ms is -1, expected above 0",
    ),
    "list for a number": (
        FIBER + '[[stimulus]]\nkind = "pulse"\nat = "node"\namplitude_nA = 1\nduration_ms = [1]\n',
        "8: stimulus.duration_ms: is [1], expected a finite number",
    ),
    "place that is not there": (
        FIBER + '[[stimulus]]\nkind = "pulse"\nduration_ms = 1\namplitude_nA = 1\nat = "nodes"\n',
        "8: stimulus.at: place 'nodes': is no section and no region, expected 'node' or one of",
    ),
    "position out of range": (
        FIBER + '[[probe]]\nquantity = "v_mV"\nat = ["node", 2]\n',
        "6: probe.at: place 'node[0]': position is 2, expected 0 to 1",
    ),
    "place of a wrong kind": (
        FIBER + '[[probe]]\nquantity = "v_mV"\nat = 0.5\n',
        '6: probe.at: is 0.5, expected a section or region, ["name", position from 0 to 1]',
    ),
    "unknown quantity": (
        FIBER + '[[probe]]\nquantity = "v"\n',
        "5: probe.quantity: probe 'v': is unknown, expected one of v_mV, ",
    ),
    "unknown gate": (
        FIBER + '[[probe]]\nquantity = "n"\nmechanism = "na_mrg"\n',
        '5: probe.quantity: na_mrg has no "n", expected one of i_mA_cm2, m, h',
    ),
    "probe of an unknown channel": (
        FIBER + '[[probe]]\nquantity = "m"\nmechanism = "na_mgr"\n',
        "6: probe.mechanism: is \"na_mgr\", expected 'na_mrg' or one of",
    ),
    "interval between steps": (
        FIBER + '[[probe]]\nquantity = "v_mV"\nevery_ms = 0.007\n',
        "6: probe.every_ms: probe 'v_mV': every_ms is 0.007, expected a whole multiple of dt_ms",
    ),
    "velocity from everywhere to nowhere": (
        FIBER + "[velocity]\nbetween = [0.5, 0.2]\n",
        "5: velocity.between: is [0.5, 0.2], expected two rising fractions from 0 to 1",
    ),
    "velocity at no place": (
        FIBER + '[velocity]\nsites = "nude"\n',
        "5: velocity.sites: place 'nude': is no section and no region, expected 'node' or",
    ),
    "unknown channel": (
        CELL.replace("k_hh", "k_h") + RUN,
        "13: mechanism.name: is \"k_h\", expected 'k_hh' or one of",
    ),
    "unknown parameter": (
        CELL.replace("g_bar_S_cm2", "g_S_cm2") + RUN,
        "16: mechanism.g_S_cm2: channel 'leak': has no parameter 'g_S_cm2', expected",
    ),
    "channel at no place": (
        CELL.replace("e_leak_mV = -54.387", 'where = "dend"') + RUN,
        "17: mechanism.where: channel 'leak': is placed on 'dend', which is no section and no",
    ),
    "ion of no valence": (
        CELL.replace('"k"\ne_mV = -77', '"k"\ninside_mM = 400') + RUN,
        "9: ion.inside_mM: ion 'k': has no reversal potential, expected e_mV, or inside_mM and",
    ),
    "temperature out of range": (
        CELL.replace("6.3", "300") + RUN,
        "3: morphology.temperature_degC: model 'axon': temperature_degC is 300, expected -10 to 60",
    ),
    "no such cell": (
        CELL.replace("axon.swc", "other.swc") + RUN,
        "2: morphology.swc: other.swc: No such file or directory, expected an SWC file",
    ),
    "no such folder": (
        FIBER + '[output]\nfigure = "figures/a.png"\n',
        "5: output.figure: there is no folder figures, expected one that exists",
    ),
    "not TOML": (FIBER + "[run]\ndt_ms 3\n", "5: is not TOML: Expected '=' after a key"),
    "half a file": (FIBER + "[run]\ndt_ms = [1,\n\n", "5: is not TOML: "),
    "twice": (FIBER + FIBER, "4: is not TOML: Cannot declare ('fiber',) twice"),
}


@pytest.mark.parametrize(("text", "sentence"), WRONG_VALUES.values(), ids=WRONG_VALUES)
def test_wrong_key_or_value_is_named_with_its_line(
    tmp_path: Path, text: str, sentence: str
) -> None:
    lines = refusal(tmp_path, text)
    assert len(lines) == 1, lines
    assert lines[0].startswith("spike.toml:")
    assert sentence in lines[0]


def test_all_problems_are_told_at_once_in_the_order_of_lines(tmp_path: Path) -> None:
    text = (
        CELL.replace("onset_ms", "onset") + "[mesh]\nd_lambdas = 0.1\n[run]\ndt_ms = inf\n[runs]\n"
    )
    assert [line.split(" ")[:2] for line in refusal(tmp_path, text)] == [
        ["spike.toml:20:", "stimulus.onset:"],
        ["spike.toml:25:", "mesh.d_lambdas:"],
        ["spike.toml:27:", "run.dt_ms:"],
        ["spike.toml:28:", "runs:"],
    ]


def test_problems_of_the_cell_file_come_along(tmp_path: Path) -> None:
    (tmp_path / "bad.swc").write_text("1 2 0 0 0 1 -1\n2 2 9 0 0 0 1\n")
    (line,) = refusal(tmp_path, CELL.replace("axon.swc", "bad.swc") + RUN)
    assert line == "spike.toml:2: morphology.swc: bad.swc:2: radius is 0, expected more than 0 um"


def test_file_must_be_text(tmp_path: Path) -> None:
    path = tmp_path / "spike.toml"
    path.write_bytes(b"[run]\n\xff = 1\n")
    with pytest.raises(FormatError, match=r"spike\.toml:2: is not text in UTF-8, expected a TOML"):
        load_experiment(path)


# Lines of keys

TRICKY = '''\
# comment
title = "a # not [comment]"   # [x]
[mesh] # y
a.b = 1
"quoted key" = """
multi = 3
[no]
"""
'lit.key' = \'\'\'
x = 1\'\'\'
arr = [
  1, # ]
  2,
]
inl = { p = 1, q = { r = 2 } }
after = -1.5e3

[[stim]]
at = ["a[0]", 0.5]
[stim.sub]
z = 1
[[stim]]
at = "]"
[[stim.deep]]
k = 1
[[stim.deep]]
k = 2
["a.b".c]
d = """x"""""
"\\u00e9" = 1979-05-27T07:32:00Z
'''


def test_lines_are_found_in_any_toml() -> None:
    lines = key_lines(TRICKY)
    found = {
        ("title",): 2,
        ("mesh",): 3,
        ("mesh", "a", "b"): 4,
        ("mesh", "quoted key"): 5,
        ("mesh", "lit.key"): 9,
        ("mesh", "arr"): 11,
        ("mesh", "inl"): 15,
        ("mesh", "inl", "q", "r"): 15,
        ("mesh", "after"): 16,
        ("stim", 0, "at"): 19,
        ("stim", 0, "sub", "z"): 21,
        ("stim", 1): 22,
        ("stim", 1, "at"): 23,
        ("stim", 1, "deep", 0, "k"): 25,
        ("stim", 1, "deep", 1, "k"): 27,
        ("a.b", "c"): 28,
        ("a.b", "c", "d"): 29,
        ("a.b", "c", "\u00e9"): 30,
        ("nowhere",): 1,
    }
    assert {path: lines.of(*path) for path in found} == found


def test_every_key_has_a_line_of_its_own() -> None:
    def paths(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
        inner = value.items() if isinstance(value, dict) else enumerate(value)
        return [
            each
            for key, item in inner
            for each in [
                (*path, key),
                *(paths(item, (*path, key)) if isinstance(item, dict | list) else []),
            ]
        ]

    known = key_lines(TRICKY).lines
    inside_values = {("mesh", "arr"), ("mesh", "inl"), ("stim", 0, "at")}
    for path in paths(tomllib.loads(TRICKY)):
        if not any(path[: len(outer)] == outer and path != outer for outer in inside_values):
            assert path in known


def test_the_adaptive_method_samples_on_any_grid(tmp_path: Path) -> None:
    text = FIBER + (
        '[[probe]]\nquantity = "v_mV"\nat = "node[3]"\nevery_ms = 0.0373\n'
        '[run]\nmethod = "adaptive"\nrtol = 1e-3\natol_mV = 0.01\nt_stop_ms = 0.5\n'
    )
    experiment = load(tmp_path, text)
    assert experiment.method == Method("adaptive", rtol=1e-3, atol_mV=0.01)
    t_ms = experiment.run()["v_mV"].t_ms
    assert t_ms == pytest.approx([0.0373 * k for k in range(14)])
    text = text.replace('"adaptive"', '"rosenbrock2"').replace("0.0373", "0.035")
    lines = refusal(tmp_path, text)
    assert "method 'rosenbrock2': has no parameter" in lines[0]
