"""Branched cables and the squid axon: the same numbers as NEURON at equal mesh, step and scheme."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ranvier as rv
import tolerances

DATA = Path(__file__).parent / "data"
TREES = ("passive_tree", "hh_spike", "hh_tree")


class Problem:
    """A stored tree, built again from its own parameters."""

    def __init__(self, name: str) -> None:
        with np.load(DATA / f"{name}.npz") as file:
            self.stored = {key: file[key] for key in file.files}
        self.parameters: dict[str, Any] = json.loads(str(self.stored["parameters"]))
        sections = self.parameters["sections"]
        mesh = rv.FixedCount(by_region={s["name"]: s["compartments"] for s in sections})
        self.discretisation = rv.discretise(self.model(), mesh)

    def model(self) -> rv.Model:
        sections = self.parameters["sections"]
        ions = {
            (ion, s[f"e_{ion}_mV"], s["name"])
            for s in sections
            for ion in ("na", "k")
            if s[f"e_{ion}_mV"] is not None
        }
        return rv.Model(
            sections=[section_of(s) for s in sections],
            placements=[p for s in sections for p in placements_of(s)],
            ions=[rv.Ion(ion, e_mV=e_mV, where=where) for ion, e_mV, where in sorted(ions)],
            temperature_degC=self.parameters["temperature_degC"],
        )

    def row(self, place: dict[str, Any]) -> int:
        d = self.discretisation
        s = d.section_names.index(place["section"])
        return int(np.flatnonzero((d.section == s) & ~d.is_junction)[place["compartment"]])

    def run(self, probes: list[rv.Probe], threshold_mV: float = 0.0) -> rv.Result:
        p = self.parameters
        stimulus = p["stimulus"]
        clamp = rv.stimuli.CurrentClamp(
            waveform=rv.stimuli.Pulse(
                onset_ms=stimulus["onset_ms"], duration_ms=stimulus["duration_ms"]
            ),
            at=self.row(stimulus),
            amplitude_nA=stimulus["amplitude_nA"],
        )
        return rv.simulate(
            self.discretisation,
            clamp,
            probes,
            t_stop_ms=p["t_stop_ms"],
            method=rv.Method("backward_euler", dt_ms=p["dt_ms"]),
            v_init_mV=p["v_init_mV"],
            detect=rv.SpikeDetector(threshold_mV=threshold_mV),
        )


def section_of(stored: dict[str, Any]) -> rv.Section:
    points = stored["points_um"]
    shape: dict[str, Any] = (
        {"points_um": [[x_um, 0.0, 0.0, d_um] for x_um, d_um in points]}
        if stored["is_made_of_points"]
        else {"length_um": points[1][0], "diameter_um": points[0][1]}
    )
    return rv.Section(
        stored["name"],
        region=stored["name"],
        parent=stored["parent"],
        parent_position=1.0 if stored["parent"] is None else stored["parent_position"],
        r_a_ohm_cm=stored["r_a_ohm_cm"],
        c_m_uF_cm2=stored["c_m_uF_cm2"],
        **shape,
    )


def placements_of(stored: dict[str, Any]) -> list[rv.Placement]:
    where = stored["name"]
    placed = []
    for name, parameters in stored["mechanisms"].items():
        if name == "pas":
            g, e = parameters["g"], parameters["e"]
        else:
            g, e = parameters["gl"], parameters["el"]
            placed.append(rv.Placement("na_hh", where, g_bar_S_cm2=parameters["gnabar"]))
            placed.append(rv.Placement("k_hh", where, g_bar_S_cm2=parameters["gkbar"]))
        placed.append(rv.Placement("leak", where, g_bar_S_cm2=g, e_leak_mV=e))
    return placed


@pytest.fixture(scope="module", params=TREES)
def problem(request: pytest.FixtureRequest) -> Problem:
    return Problem(request.param)


def test_membrane_areas_are_neurons(problem: Problem) -> None:
    d = problem.discretisation
    np.testing.assert_allclose(
        d.area_um2[~d.is_junction],
        problem.stored["compartment_area_um2"],
        rtol=tolerances.NEURON_GEOMETRY_RELATIVE,
    )


def test_axial_resistances_are_neurons(problem: Problem) -> None:
    """NEURON's is to the proximal end of the section, ours to the parent row."""
    d = problem.discretisation
    rows = np.flatnonzero(~d.is_junction)
    neuron_Mohm = dict(zip(rows, problem.stored["compartment_axial_resistance_Mohm"], strict=True))
    for row in rows[1:]:
        parent = int(d.parent[row])
        expected_Mohm = neuron_Mohm[row]
        at_centre = problem.parameters["sections"][d.section[row]]["parent_position"] != 1.0
        if d.section[parent] != d.section[row] and not d.is_junction[parent] and not at_centre:
            expected_Mohm += distal_half_Mohm(problem.parameters["sections"][d.section[parent]])
        assert 1.0 / d.axial_conductance_uS[row] == pytest.approx(
            expected_Mohm, rel=tolerances.NEURON_GEOMETRY_RELATIVE
        )


def distal_half_Mohm(stored: dict[str, Any]) -> float:
    """Of the last compartment of a frustum: r_a times the integral of 4/(pi d^2)."""
    (_, proximal_um), (length_um, distal_um) = stored["points_um"]
    half_um = 0.5 * length_um / stored["compartments"]
    centre_um = distal_um + (proximal_um - distal_um) * half_um / length_um
    return 0.01 * stored["r_a_ohm_cm"] * 4 * half_um / (np.pi * centre_um * distal_um)


def test_traces_are_neurons(problem: Problem) -> None:
    p = problem.parameters
    rows = [problem.row(place) for place in p["probes"]]
    every_ms = p["stored_every_steps"] * p["dt_ms"]
    trace = problem.run([rv.Probe("v_mV", rows, every_ms=every_ms)])["v_mV"]
    np.testing.assert_allclose(trace.t_ms, problem.stored["t_ms"], atol=1e-9)
    np.testing.assert_allclose(
        trace.values.T, problem.stored["v_mV"], rtol=0, atol=tolerances.NEURON_TREE_mV
    )


@pytest.mark.parametrize("name", ["hh_spike", "hh_tree"])
def test_gates_are_neurons(name: str) -> None:
    problem = Problem(name)
    p = problem.parameters
    every_ms = p["stored_every_steps"] * p["dt_ms"]
    (place,) = p["gate_probes"]
    row = problem.row(place)
    mechanism = {"m": "na_hh", "h": "na_hh", "n": "k_hh"}
    result = problem.run(
        [rv.Probe(g, row, mechanism=mechanism[g], every_ms=every_ms) for g in p["gates"]]
    )
    found = np.array([result[g].values[:, 0] for g in p["gates"]])
    np.testing.assert_allclose(
        found, problem.stored["gates"][0], rtol=0, atol=tolerances.NEURON_GATE
    )


@pytest.mark.parametrize("name", ["hh_spike", "hh_tree"])
def test_crossing_times_are_neurons(name: str) -> None:
    problem = Problem(name)
    result = problem.run([], threshold_mV=problem.parameters["threshold_mV"])
    d = problem.discretisation
    found_ms = np.full(len(d), np.nan)
    seen = result.crossings[0]
    for compartment, t_ms in zip(seen.compartment[::-1], seen.t_ms[::-1], strict=True):
        found_ms[compartment] = t_ms  # backwards, so that the first stays
    np.testing.assert_allclose(
        found_ms[~d.is_junction],
        problem.stored["crossing_ms"],
        rtol=0,
        atol=tolerances.NEURON_CROSSING_ms,
    )


def test_arbor_agrees_loosely() -> None:
    """Another order of the same step: equal to first order in the step only."""
    problem = Problem("hh_spike")
    p = problem.parameters
    rows = [problem.row(place) for place in p["probes"]]
    every_ms = p["stored_every_steps"] * p["dt_ms"]
    trace = problem.run([rv.Probe("v_mV", rows, every_ms=every_ms)])["v_mV"]
    with np.load(DATA / "hh_spike_arbor.npz") as arbor:
        np.testing.assert_allclose(trace.t_ms, arbor["t_ms"], atol=1e-6)
        np.testing.assert_allclose(trace.values.T, arbor["v_mV"], rtol=0, atol=tolerances.ARBOR_mV)
