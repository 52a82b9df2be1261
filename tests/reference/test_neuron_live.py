"""One branched cable run by NEURON and by ranvier in the same test, where NEURON is installed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import ranvier as rv
import tolerances

DT_ms = 0.01
T_STOP_ms = 5.0
#: name, parent, position on it, length, diameter, compartments, has channels.
SECTIONS = [
    ("trunk", None, 1.0, 300.0, 3.0, 5, True),
    ("left", "trunk", 1.0, 400.0, 2.0, 7, True),
    ("right", "trunk", 1.0, 250.0, 1.5, 3, False),
    ("side", "trunk", 0.5, 200.0, 1.0, 4, False),
]
R_A_ohm_cm, C_M_uF_cm2 = 110.0, 1.25
HH = {"gnabar": 0.12, "gkbar": 0.036, "gl": 3e-4, "el": -54.387}
PAS = {"g": 2e-4, "e": -65.0}
E_NA_mV, E_K_mV = 50.0, -77.0
ONSET_ms, DURATION_ms, AMPLITUDE_nA = 0.5, 1.0, 0.6


def neuron_traces() -> np.ndarray:
    h = pytest.importorskip("neuron").h
    h.celsius = 16.3
    h.secondorder = 0
    built: dict[str, Any] = {}
    for name, parent, position, length_um, diameter_um, count, has_channels in SECTIONS:
        section = built[name] = h.Section(name=name)
        section.L, section.diam, section.nseg = length_um, diameter_um, count
        section.Ra, section.cm = R_A_ohm_cm, C_M_uF_cm2
        section.insert("hh" if has_channels else "pas")
        for segment in section:
            for key, value in (HH if has_channels else PAS).items():
                setattr(segment.hh if has_channels else segment.pas, key, value)
        if has_channels:
            section.ena, section.ek = E_NA_mV, E_K_mV
        if parent:
            section.connect(built[parent](position), 0.0)
    h.usetable_hh = 0
    clamp = h.IClamp(built["trunk"](0.1))
    clamp.delay, clamp.dur, clamp.amp = ONSET_ms, DURATION_ms, AMPLITUDE_nA
    recorded = [
        h.Vector().record(segment._ref_v) for section in built.values() for segment in section
    ]
    h.dt = DT_ms
    h.finitialize(-65.0)
    for _ in range(round(T_STOP_ms / DT_ms)):
        h.fadvance()
    return np.array([np.array(trace) for trace in recorded]).T


def ranvier_traces() -> np.ndarray:
    sections, placements = [], []
    for name, parent, position, length_um, diameter_um, _, has_channels in SECTIONS:
        sections.append(
            rv.Section(
                name,
                region=name,
                parent=parent,
                parent_position=position,
                length_um=length_um,
                diameter_um=diameter_um,
                r_a_ohm_cm=R_A_ohm_cm,
                c_m_uF_cm2=C_M_uF_cm2,
            )
        )
        g, e = (HH["gl"], HH["el"]) if has_channels else (PAS["g"], PAS["e"])
        placements.append(rv.Placement("leak", name, g_bar_S_cm2=g, e_leak_mV=e))
        if has_channels:
            placements.append(rv.Placement("na_hh", name, g_bar_S_cm2=HH["gnabar"]))
            placements.append(rv.Placement("k_hh", name, g_bar_S_cm2=HH["gkbar"]))
    model = rv.Model(
        sections=sections,
        placements=placements,
        ions=[rv.Ion("na", e_mV=E_NA_mV), rv.Ion("k", e_mV=E_K_mV)],
        temperature_degC=16.3,
    )
    result = rv.simulate(
        model,
        rv.stimuli.CurrentClamp(
            waveform=rv.stimuli.Pulse(onset_ms=ONSET_ms, duration_ms=DURATION_ms),
            at=("trunk", 0.1),
            amplitude_nA=AMPLITUDE_nA,
        ),
        rv.Probe("v_mV"),
        mesh=rv.FixedCount(by_region={section[0]: section[5] for section in SECTIONS}),
        t_stop_ms=T_STOP_ms,
        method=rv.Method("backward_euler", dt_ms=DT_ms),
        v_init_mV=-65.0,
    )
    return result["v_mV"].values


@pytest.mark.neuron
def test_a_spike_in_a_branched_cable_is_neurons() -> None:
    found_mV, neuron_mV = ranvier_traces(), neuron_traces()
    assert neuron_mV.max() > 0.0
    # NEURON's own hh keeps 0/0 away by another series than ours.
    np.testing.assert_allclose(found_mV, neuron_mV, rtol=0, atol=tolerances.NEURON_LIVE_mV)
