"""NEURON's own synapses, read from their files, beside NEURON's compiled ones in the same test."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ranvier as rv
import tolerances
from ranvier import mechanisms
from ranvier.stimuli import Samples, Synapse, VoltageClamp

DT_ms, T_STOP_ms = 0.0125, 12.0
LENGTH_um, DIAMETER_um = 30.0, 20.0
#: Whole steps, where NEURON delivers as well; the second pair at once.
TIMES_ms = [1.0, 2.5, 2.5, 6.0]
WEIGHTS_uS = [0.02, 0.01, 0.03, 0.05]
PARAMETERS = {
    "expsyn": {"tau": 1.5, "e": -5.0},
    "exp2syn": {"tau1": 0.3, "tau2": 2.0, "e": -5.0},
}
COMPILED = {"expsyn": "ExpSyn", "exp2syn": "Exp2Syn"}


def file_of(name: str) -> Path:
    neuron = pytest.importorskip("neuron")
    found = sorted(Path(neuron.__file__).parent.rglob(f"{name}.mod"))
    if not found:
        pytest.skip(f"this NEURON comes without {name}.mod")
    return found[0]


def neuron_cell() -> tuple[Any, Any]:
    h = pytest.importorskip("neuron").h
    h.celsius, h.secondorder, h.dt = 6.3, 0, DT_ms
    section = h.Section(name="cell")
    section.L, section.diam, section.nseg = LENGTH_um, DIAMETER_um, 1
    section.insert("hh")
    section.ena, section.ek = 50.0, -77.0
    h.usetable_hh = 0
    return h, section


def neuron_run(h: Any, *recorded: Any) -> np.ndarray:
    vectors = [h.Vector().record(each) for each in recorded]
    h.finitialize(-65.0)
    for _ in range(round(T_STOP_ms / DT_ms)):
        h.fadvance()
    return np.array([np.array(vector) for vector in vectors]).T


def cell() -> rv.Discretisation:
    model = rv.Model(
        sections=[rv.Section("cell", length_um=LENGTH_um, diameter_um=DIAMETER_um)],
        placements=[
            rv.Placement("na_hh"),
            rv.Placement("k_hh"),
            rv.Placement("leak", g_bar_S_cm2=3e-4, e_leak_mV=-54.3),
        ],
        ions=[rv.Ion("na", e_mV=50.0), rv.Ion("k", e_mV=-77.0)],
        temperature_degC=6.3,
    )
    return rv.discretise(model, rv.FixedCount())


@pytest.mark.parametrize("name", PARAMETERS)
def test_synapse_that_is_read_is_the_compiled_one(name: str) -> None:
    """By the same scheme at the same step, with spikes: potential and current."""
    read = mechanisms.read_mod(file_of(name))
    h, section = neuron_cell()
    compiled = getattr(h, COMPILED[name])(section(0.5))
    for key, value in PARAMETERS[name].items():
        setattr(compiled, key, value)
    connections = []
    for weight_uS in WEIGHTS_uS:
        connections.append(h.NetCon(None, compiled))
        connections[-1].delay, connections[-1].weight[0] = 0.0, weight_uS

    def send_all() -> None:
        for t_ms, each in zip(TIMES_ms, connections, strict=True):
            each.event(t_ms)

    start = h.FInitializeHandler(send_all)
    expected = neuron_run(h, section(0.5)._ref_v, compiled._ref_i)
    del start
    found = rv.simulate(
        cell(),
        Synapse(
            mechanism=read,
            at="cell",
            times_ms=TIMES_ms,
            event={"weight": WEIGHTS_uS},
            parameters=PARAMETERS[name],
        ),
        [rv.Probe("v_mV"), rv.Probe("i_nA", mechanism=read.name)],
        t_stop_ms=T_STOP_ms,
        method=rv.Method("backward_euler", dt_ms=DT_ms),
        v_init_mV=-65.0,
        detect=(),
    )
    v_mV = found["v_mV"].values[:, 0]
    assert v_mV.max() > 10.0
    np.testing.assert_allclose(v_mV, expected[:, 0], rtol=0, atol=tolerances.NEURON_SYNAPSE_mV)
    # NEURON's current is of the start of the step, after the events that arrive then; our sample of
    # that time is from before them.
    ours, theirs = found["i_nA"].values[:-1, 0], expected[1:, 1]
    is_alike = np.ones(ours.size, bool)
    is_alike[np.round(np.array(TIMES_ms) / DT_ms).astype(int)] = False
    np.testing.assert_allclose(
        ours[is_alike], theirs[is_alike], rtol=0, atol=tolerances.NEURON_SYNAPSE_nA
    )


@pytest.mark.parametrize("name", ["exp_syn", "exp2_syn"])
def test_library_has_the_same_equations(name: str) -> None:
    read = mechanisms.read_mod(file_of(name.replace("_", "")))
    own = mechanisms.point(name)
    ours = dict(zip(own.parameters, PARAMETERS[read.name].values(), strict=True))
    traces = [
        rv.simulate(
            cell(),
            Synapse(
                mechanism=mechanism,
                at="cell",
                times_ms=TIMES_ms,
                event={next(iter(mechanism.event_arguments)): WEIGHTS_uS},
                parameters=parameters,
            ),
            rv.Probe("v_mV"),
            t_stop_ms=T_STOP_ms,
            v_init_mV=-65.0,
        )["v_mV"].values
        for mechanism, parameters in ((read, PARAMETERS[read.name]), (own, ours))
    ]
    np.testing.assert_allclose(*traces, rtol=0, atol=1e-9)


def test_voltage_clamp_is_neuron_s() -> None:
    """SEClamp at a command of -65, then -10, then -65 mV through 2 Mohm."""
    h, section = neuron_cell()
    clamp = h.SEClamp(section(0.5))
    clamp.rs, clamp.dur1, clamp.dur2, clamp.dur3 = 2.0, 2.0, 4.0, 100.0
    clamp.amp1, clamp.amp2, clamp.amp3 = -65.0, -10.0, -65.0
    expected = neuron_run(h, section(0.5)._ref_v)[:, 0]
    ours = VoltageClamp(
        waveform=Samples(t_ms=[2.0, 6.0], value=[1.0, 1.0]),
        at="cell",
        holding_mV=-65.0,
        amplitude_mV=55.0,
        series_resistance_Mohm=2.0,
    )
    found = rv.simulate(
        cell(),
        ours,
        rv.Probe("v_mV"),
        t_stop_ms=T_STOP_ms,
        method=rv.Method("backward_euler", dt_ms=DT_ms),
        v_init_mV=-65.0,
        detect=(),
    )["v_mV"].values[:, 0]
    np.testing.assert_allclose(found, expected, rtol=0, atol=tolerances.NEURON_SYNAPSE_mV)
