"""Synapses and voltage clamps in experiment files: that they are the Python calls."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

import ranvier as rv
from ranvier import fibers
from ranvier.errors import FormatError
from ranvier.experiment import Experiment, load_experiment
from ranvier.stimuli import CurrentClamp, Pulse, Synapse, VoltageClamp
from unit.cli_run import Run, rows_of

SQUID = '[fiber]\nname = "hodgkin_huxley"\nlength_um = 5000\n'
RUN = "[run]\nt_stop_ms = 3\ndt_ms = 0.01\n"
SYNAPSE = '[[synapse]]\nmechanism = "exp_syn"\nat = ["axon", 0.1]\n'
CLAMP = """\
[[clamp]]
kind = "pulse"
at = ["axon", 0.5]
holding_mV = -65.0
duration_ms = 1.0
"""
PROBES = '[[probe]]\nquantity = "v_mV"\n'


def load(folder: Path, text: str) -> Experiment:
    (folder / "run.toml").write_text(text)
    return load_experiment(folder / "run.toml")


def squid() -> fibers.Fiber:
    return fibers.hodgkin_huxley(length_um=5000.0)


def same(result: rv.Result, other: rv.Result) -> None:
    assert [each.label for each in result.traces] == [each.label for each in other.traces]
    for ours, theirs in zip(result.traces, other.traces, strict=True):
        np.testing.assert_array_equal(ours.values, theirs.values)


def test_synapses_are_the_calls_they_stand_for(tmp_path: Path) -> None:
    experiment = load(
        tmp_path,
        SQUID
        + SYNAPSE
        + "times_ms = [1.003, 2.5]\nweight_uS = [300.0, 100]\ntau_ms = 0.5\n"
        + '[[synapse]]\nmechanism = "gaba_a"\nat = "axon"\ntimes_ms = [1]\nname = "slow"\n'
        + SYNAPSE
        + "times_ms = [0.5]\n"
        + PROBES
        + '[[probe]]\nquantity = "i_nA"\nmechanism = "exp_syn"\n'
        + '[[probe]]\nquantity = "g_uS"\nmechanism = "exp_syn#2"\n'
        + '[[probe]]\nquantity = "i_nA"\nmechanism = "slow"\nat = ["axon", 0.5]\n'
        + RUN,
    )
    result = experiment.run()
    call = rv.simulate(
        squid(),
        [
            Synapse(
                mechanism="exp_syn",
                at=("axon", 0.1),
                times_ms=[1.003, 2.5],
                event={"weight_uS": [300.0, 100.0]},
                parameters={"tau_ms": 0.5},
            ),
            Synapse(mechanism="gaba_a", at="axon", times_ms=[1.0], name="slow"),
            Synapse(mechanism="exp_syn", at=("axon", 0.1), times_ms=[0.5]),
        ],
        [
            rv.Probe("v_mV"),
            rv.Probe("i_nA", mechanism="exp_syn"),
            rv.Probe("g_uS", mechanism="exp_syn#2"),
            rv.Probe("i_nA", mechanism="slow", at=("axon", 0.5)),
        ],
        t_stop_ms=3.0,
        method=rv.Method(dt_ms=0.01),
    )
    same(result, call)
    assert result["i_nA", "exp_syn"].values.min() < -1000.0  # it did act
    assert result["g_uS", "exp_syn#2"].values.max() > 0.0


def test_a_clamp_is_the_call_it_stands_for(tmp_path: Path) -> None:
    settings = "amplitude_mV = 65\nonset_ms = 0.5\nseries_resistance_Mohm = 1e-5\n"
    settings += 'from_ms = 0.1\nto_ms = 2.0\nname = "electrode"\n'
    probe = '[[probe]]\nquantity = "i_nA"\nmechanism = "electrode"\n'
    pulse = '[[stimulus]]\nkind = "pulse"\nat = 0\namplitude_nA = 10\nduration_ms = 0.1\n'
    result = load(tmp_path, SQUID + CLAMP + settings + pulse + PROBES + probe + RUN).run()
    clamp = VoltageClamp(
        waveform=Pulse(onset_ms=0.5, duration_ms=1.0),
        at=("axon", 0.5),
        holding_mV=-65.0,
        amplitude_mV=65.0,
        series_resistance_Mohm=1e-5,
        from_ms=0.1,
        to_ms=2.0,
        name="electrode",
    )
    stimulus = CurrentClamp(waveform=Pulse(duration_ms=0.1), at=0, amplitude_nA=10.0)
    call = rv.simulate(
        squid(),
        [stimulus, clamp],
        [rv.Probe("v_mV"), rv.Probe("i_nA", mechanism="electrode")],
        t_stop_ms=3.0,
        method=rv.Method(dt_ms=0.01),
    )
    same(result, call)
    assert abs(result["v_mV"].values[120:150]).min() < 2.0  # mV: it holds 0, but for its resistance


def test_either_stands_instead_of_the_fibre_s_own_stimulus(tmp_path: Path) -> None:
    for table in (SYNAPSE, CLAMP):
        experiment = load(tmp_path, SQUID + table + RUN)
        assert len(experiment.stimuli) == 1
        assert isinstance(experiment.stimuli[0], Synapse | VoltageClamp)


OWN = """\
kind = "synapse"
[parameters]
e_reversal_mV = 0.0
[states.g_uS]
rate_per_ms = "-g_uS / 2"
initial = 0.0
[on_event.arguments]
weight_uS = 1.0
[on_event.states]
g_uS = "g_uS + weight_uS"
[currents_nA]
mixed = "g_uS * (v_mV - e_reversal_mV)"
"""


def test_a_synapse_of_your_own_on_a_cell(tmp_path: Path) -> None:
    (tmp_path / "own_syn.toml").write_text(OWN)
    (tmp_path / "axon.swc").write_text("1 2 0 0 0 0.5 -1\n2 2 500 0 0 0.5 1\n")
    cell = '[morphology]\nswc = "axon.swc"\n[[mechanism]]\nname = "leak"\n[mesh]\nd_lambda = 0.1\n'
    synapse = SYNAPSE.replace("exp_syn", "own_syn.toml").replace('"axon"', '"axon[0]"')
    probe = '[[probe]]\nquantity = "i_nA"\nmechanism = "own_syn"\n'
    result = load(tmp_path, cell + synapse + "times_ms = [1]\n" + probe + RUN).run()
    current_nA = result["i_nA", "own_syn"].values[:, 0]
    assert current_nA[:100].max() == current_nA[:100].min() == 0.0
    assert current_nA.min() < -1.0


def test_ions_that_move_are_recorded(tmp_path: Path) -> None:
    fiber = '[fiber]\nname = "mrg"\nnodes = 5\nions_accumulate = true\n'
    names = ("na_in_mM", "e_na_mV")
    probes = "".join(f'[[probe]]\nquantity = "{each}"\nat = "node"\n' for each in names)
    result = load(tmp_path, fiber + probes + "[run]\nt_stop_ms = 0.5\n").run()
    for name in names:
        values = result[name].values
        assert np.ptp(values) > 0.0
    assert result["na_in_mM"].values[-1].max() > result["na_in_mM"].values[0].max()


def test_the_command_says_what_was_recorded(run: Run) -> None:
    probe = '[[probe]]\nquantity = "i_nA"\nmechanism = "voltage_clamp"\n'
    Path("run.toml").write_text(SQUID + CLAMP + probe + RUN)
    code, out, err = run("run", "run.toml")
    assert (code, err) == (0, "")
    assert rows_of(out)["recorded"] == "i_nA of voltage_clamp: 301 samples at 1 places"


WRONG = {
    "misspelt event": (
        SYNAPSE + "weight_us = 3",
        ":7: synapse.weight_us: unknown key, expected 'weight_uS' or one of e_reversal_mV, tau_ms",
    ),
    "one parameter": (
        SYNAPSE + "tau_ms = [1, 2]",
        ":7: synapse.tau_ms: is [1, 2], expected a finite number",
    ),
    "not one for each": (
        SYNAPSE + "times_ms = [1, 2]\nweight_uS = [1, 2, 3]",
        ":8: synapse.weight_uS: synapse 'exp_syn': weight_uS has 3 values, expected 1 or one for",
    ),
    "before the run": (
        SYNAPSE + "times_ms = [-1]",
        ":7: synapse.times_ms: synapse 'exp_syn': times_ms has -1 ms, expected finite times from",
    ),
    "unknown synapse": (
        SYNAPSE.replace("exp_syn", "exp_sin"),
        ":5: synapse.mechanism: is \"exp_sin\", expected 'exp_syn' or one of ampa, exp2_syn, exp_s",
    ),
    "a channel": (
        SYNAPSE.replace("exp_syn", "na_hh"),
        ":5: synapse.mechanism: mechanism 'na_hh': has a density, expected one at a point",
    ),
    "no such file": (
        SYNAPSE.replace("exp_syn", "other.toml"),
        "other.toml: No such file or directory, expected a mechanism file",
    ),
    "synapse at no place": (
        SYNAPSE.replace("axon", "dendrite"),
        ":6: synapse.at: place 'dendrite': is no section and no region, expected one of axon",
    ),
    "name of a channel": (
        SYNAPSE + 'name = "na_hh"',
        ":7: synapse.name: stimulus 'na_hh': has the name of a mechanism of the model, expected an",
    ),
    "no resistance": (
        CLAMP + "series_resistance_Mohm = 0",
        ":9: clamp.series_resistance_Mohm: is 0, expected a finite number above 0",
    ),
    "off before on": (
        CLAMP + "to_ms = 0",
        ":9: clamp.to_ms: voltage clamp: is on from 0.0 to 0 ms, expected from 0 or later",
    ),
    "a current": (
        CLAMP + "amplitude_nA = 1",
        ":9: clamp.amplitude_nA: unknown key, expected 'amplitude_mV' or one of amplitude_mV, dur",
    ),
    "no command": (
        CLAMP.replace("holding_mV = -65.0\n", ""),
        ":4: clamp: has no holding_mV, expected a finite number",
    ),
    "beside an electrode": (
        '[[stimulus]]\nkind = "pulse"\nelectrode_um = [0, 0, 900]\namplitude_mA = 1\n'
        "duration_ms = 1\n" + CLAMP,
        ":9: clamp: stimulus 'voltage_clamp': is an electrode against ground beside a potential im",
    ),
    "a density at a point": (
        CLAMP + '[[probe]]\nquantity = "i_mA_cm2"\nmechanism = "voltage_clamp"',
        ':10: probe.quantity: voltage_clamp has no "i_mA_cm2", expected one of i_nA, g_uS',
    ),
    "a synapse that is not there": (
        CLAMP + '[[probe]]\nquantity = "i_nA"\nmechanism = "exp_syn"',
        ":11: probe.mechanism: probe 0: channel 'exp_syn' is not in this model, expected one of",
    ),
    "a second that is not there": (
        CLAMP + '[[probe]]\nquantity = "i_nA"\nmechanism = "voltage_clamp#2"',
        ":11: probe.mechanism: probe 0: channel 'voltage_clamp#2' is not in this model, expected",
    ),
    "an ion that is not there": (
        CLAMP + '[[probe]]\nquantity = "cl_in_mM"',
        ":10: probe.quantity: probe 0: ion 'cl' is not in this model, expected",
    ),
}


@pytest.mark.parametrize(("text", "sentence"), WRONG.values(), ids=WRONG)
def test_what_cannot_be_is_told_with_its_line(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(FormatError) as caught:
        load(tmp_path, SQUID + text + "\n" + RUN)
    (told,) = str(caught.value).splitlines()
    assert told.startswith(str(tmp_path / "run.toml"))
    assert sentence in told


def test_a_clamp_cannot_be_under_a_sheath(tmp_path: Path) -> None:
    with pytest.raises(FormatError) as caught:
        load(tmp_path, '[fiber]\nname = "mrg"\nnodes = 5\n' + CLAMP.replace("axon", "stin[1]"))
    assert ":6: clamp.at: stimulus 'voltage_clamp': is under a sheath at stin[1]" in str(
        caught.value
    )


def test_nmodl_without_its_parser_is_told_with_the_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "neuron", None)
    (tmp_path / "own.mod").write_text("NEURON { POINT_PROCESS own }\n")
    with pytest.raises(FormatError) as caught:
        load(tmp_path, SQUID + SYNAPSE.replace("exp_syn", "own.mod") + RUN)
    told = ":5: synapse.mechanism: reading .mod files needs NEURON's parser: pip install"
    assert str(caught.value).startswith(f"{tmp_path / 'run.toml'}{told}")
