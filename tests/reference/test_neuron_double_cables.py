"""The double cable of MRG: the same numbers as NEURON's at equal mesh, step and scheme.

NEURON's second extracellular layer, nearly grounded, is not in our equations: the files with one
layer are compared tightly, those with two loosely.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ranvier as rv
import tolerances

DATA = Path(__file__).parent / "data"
FILES = {
    "passive_double_cable_1_layer": tolerances.NEURON_DOUBLE_CABLE_PASSIVE_mV,
    "passive_double_cable_2_layer": tolerances.NEURON_DOUBLE_CABLE_2_LAYERS_mV,
    "mrg_active_ends_1_layer": tolerances.NEURON_DOUBLE_CABLE_mV,
    "mrg_active_ends_2_layer": tolerances.NEURON_DOUBLE_CABLE_2_LAYERS_mV,
    "mrg_passive_ends_1_layer": tolerances.NEURON_DOUBLE_CABLE_mV,
    "mrg_passive_ends_2_layer": tolerances.NEURON_DOUBLE_CABLE_2_LAYERS_mV,
}
#: Our gates by NEURON's names.
GATES = {
    "m": ("na_mrg", "m"),
    "h": ("na_mrg", "h"),
    "mp": ("nap_mrg", "m"),
    "s": ("ks_mrg", "s"),
}


def model_of(parameters: dict[str, Any]) -> rv.Model:
    """The library's own fibre; a stored node_leak replaces the channels of its nodes."""
    fibre = rv.fibers.mrg(
        diameter_um=parameters["fibre"]["diameter_um"],
        nodes=parameters["nodes"],
        passive_end_nodes=parameters["passive_ends"],
    )
    leak = parameters["node_leak"]
    if leak is None:
        return fibre.model
    under_myelin = [p for p in fibre.model.placements if p.where != ["node"]]
    at_nodes = rv.Placement("leak", "node", g_bar_S_cm2=leak["g_S_cm2"], e_leak_mV=leak["e_mV"])
    return rv.Model(
        sections=fibre.model.sections,
        placements=[*under_myelin, at_nodes],
        temperature_degC=fibre.model.temperature_degC,
    )


class Run:
    """One stored file beside our run of the same problem."""

    def __init__(self, name: str) -> None:
        with np.load(DATA / f"{name}.npz") as file:
            self.stored = {key: file[key] for key in file.files}
        self.parameters: dict[str, Any] = json.loads(str(self.stored["parameters"]))
        run = self.parameters["run"]
        stimulus = run["stimulus"]
        node = run.get("gates_at_node")
        names = run.get("gates", [])
        self.result = rv.simulate(
            model_of(self.parameters),
            rv.stimuli.CurrentClamp(
                waveform=rv.stimuli.Pulse(
                    onset_ms=stimulus["onset_ms"], duration_ms=stimulus["duration_ms"]
                ),
                at=f"node[{stimulus['node']}]",
                amplitude_nA=stimulus["amplitude_nA"],
            ),
            [
                rv.Probe("v_mV"),
                rv.Probe("v_periaxonal_mV"),
                *(rv.Probe(GATES[g][1], f"node[{node}]", mechanism=GATES[g][0]) for g in names),
            ],
            mesh=rv.FixedCount(),
            t_stop_ms=run["t_stop_ms"],
            method=rv.Method("backward_euler", dt_ms=run["dt_ms"]),
            v_init_mV=run["v_init_mV"],
            detect=rv.SpikeDetector(threshold_mV=run["threshold_mV"]),
        )
        self.samples = self.stored["t_ms"].size

    def difference(self, ours: str, theirs: str, rows: str) -> float:
        values = self.result[ours].values[: self.samples, self.stored[rows]].T
        return float(np.abs(values - self.stored[theirs]).max())


@pytest.fixture(scope="module", params=FILES)
def run(request: pytest.FixtureRequest) -> tuple[Run, float]:
    return Run(request.param), FILES[request.param]


def test_membrane_potentials_are_neurons(run: tuple[Run, float]) -> None:
    ran, tolerance_mV = run
    assert ran.difference("v_mV", "v_mV", "probe_compartment") <= tolerance_mV


def test_periaxonal_potentials_are_neurons(run: tuple[Run, float]) -> None:
    ran, tolerance_mV = run
    rows = "periaxonal_probe_compartment"
    assert ran.difference("v_periaxonal_mV", "v_periaxonal_mV", rows) <= tolerance_mV


def test_profiles_along_the_whole_fibre_are_neurons(run: tuple[Run, float]) -> None:
    ran, tolerance_mV = run
    dt_ms = ran.parameters["run"]["dt_ms"]
    steps = np.round(ran.stored["profile_t_ms"] / dt_ms).astype(int)
    for name in ("v_mV", "v_periaxonal_mV"):
        np.testing.assert_allclose(
            ran.result[name].values[steps],
            ran.stored[f"profile_{name}"],
            rtol=0,
            # At the nodes NEURON's periaxonal space is tied to ground by a large conductance only.
            atol=tolerance_mV,
        )


def test_gates_are_neurons(run: tuple[Run, float]) -> None:
    ran, tolerance_mV = run
    names = ran.parameters["run"].get("gates", [])
    traces = [ran.result[GATES[name][1], GATES[name][0]] for name in names]
    for k, trace in enumerate(traces):
        np.testing.assert_allclose(
            trace.values[: ran.samples, 0],
            ran.stored["gates"][k],
            rtol=0,
            atol=tolerance_mV * tolerances.GATE_PER_mV,
        )


def test_nodes_cross_when_neurons_do(run: tuple[Run, float]) -> None:
    ran, _ = run
    seen = ran.result.crossings[0]
    first_ms = {int(c): t for c, t in zip(seen.compartment[::-1], seen.t_ms[::-1], strict=True)}
    found_ms = [first_ms.get(int(c), np.nan) for c in ran.stored["node_compartment"]]
    layers = ran.parameters["run"]["nlayer_extracellular"]
    np.testing.assert_allclose(
        found_ms,
        ran.stored["node_crossing_ms"],
        rtol=0,
        atol=tolerances.NEURON_NODE_CROSSING_ms[layers],
    )
