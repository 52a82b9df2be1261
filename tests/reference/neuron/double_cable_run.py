"""Runs one MRG-like fibre and collects what its reference file holds."""

from __future__ import annotations

import mrg_fibre
import numpy as np
import simulator
import trace_file
from neuron import h

#: Membrane potentials and periaxonal potentials of the whole fibre are kept at these times.
PROFILE_t_ms = (0.0, 0.1, 0.15, 0.2, 0.3, 0.5, 1.0, 2.0, 3.0)


def gate_references(segment) -> list:
    """Returns references to m, h, mp and s of a node with channels."""
    mechanism = segment.mrg_node
    return [mechanism._ref_m, mechanism._ref_h, mechanism._ref_mp, mechanism._ref_s]


def impose(segments: list, potential_mV: np.ndarray) -> None:
    """Sets the potential outside the sheath; needs two extracellular layers."""
    for segment, value_mV in zip(segments, potential_mV, strict=True):
        segment.e_extracellular = value_mV


def run(
    name: str,
    script: str,
    *,
    description: dict,
    fibre: mrg_fibre.Fibre,
    run_parameters: dict,
    probes: list[int],
    periaxonal_probes: list[int],
    gates_at_node: int | None,
    field_mV: np.ndarray | None = None,
) -> np.ndarray:
    """Simulates, writes data/NAME.npz and returns the crossing times of the nodes.

    Traces are kept to `trace_stop_ms` and crossings sought to `t_stop_ms`. The probes are
    compartment numbers, counted from the proximal end. The stimulus is a current into a node or,
    with `field_mV`, that potential outside every compartment, for as long as the stimulus lasts.
    """
    p = run_parameters
    segments = [segment for _, segment in fibre.compartments()]
    kinds = np.array([kind for kind, _ in fibre.compartments()])
    node_numbers = np.flatnonzero(kinds == "node")

    stimulus = p["stimulus"]
    if field_mV is None:
        clamp = h.IClamp(fibre.nodes[stimulus["node"]](0.5))
        clamp.delay = stimulus["onset_ms"]
        clamp.dur = stimulus["duration_ms"]
        clamp.amp = stimulus["amplitude_nA"]

    t = simulator.record(h._ref_t)
    v = [simulator.record(segment._ref_v) for segment in segments]
    v_p = [simulator.record(segment._ref_vext[0]) for segment in segments]
    gates = []
    if gates_at_node is not None:
        gates = [simulator.record(r) for r in gate_references(fibre.nodes[gates_at_node](0.5))]

    simulator.initialise(p["v_init_mV"], p["dt_ms"])
    if field_mV is not None:
        simulator.advance(stimulus["onset_ms"])
        impose(segments, field_mV)
        simulator.advance(stimulus["onset_ms"] + stimulus["duration_ms"])
        impose(segments, np.zeros_like(field_mV))
    simulator.advance(p["t_stop_ms"])

    t_ms = np.array(t)
    v_mV = np.array([np.array(trace) for trace in v])
    v_p_mV = np.array([np.array(trace) for trace in v_p])
    kept = slice(0, round(p["trace_stop_ms"] / p["dt_ms"]) + 1)
    profile_steps = np.array([round(time / p["dt_ms"]) for time in PROFILE_t_ms])
    crossings_ms = np.array(
        [simulator.first_crossing_ms(t_ms, v_mV[k], p["threshold_mV"]) for k in node_numbers]
    )
    arrays = {
        "t_ms": t_ms[kept],
        "probe_compartment": np.array(probes, dtype=np.int32),
        "probe_kind": kinds[probes],
        "v_mV": v_mV[probes, kept],
        "periaxonal_probe_compartment": np.array(periaxonal_probes, dtype=np.int32),
        "periaxonal_probe_kind": kinds[periaxonal_probes],
        "v_periaxonal_mV": v_p_mV[periaxonal_probes, kept],
        "profile_t_ms": np.array(PROFILE_t_ms),
        "profile_v_mV": v_mV[:, profile_steps].T,
        "profile_v_periaxonal_mV": v_p_mV[:, profile_steps].T,
        "node_compartment": node_numbers.astype(np.int32),
        "node_crossing_ms": crossings_ms,
        "node_peak_v_mV": v_mV[node_numbers].max(axis=1),
        **mrg_fibre.compartment_table(fibre),
    }
    if field_mV is not None:
        arrays["field_mV"] = field_mV
    if gates:
        arrays["gates"] = np.array([np.array(gate)[kept] for gate in gates])
        p = {**p, "gates": ["m", "h", "mp", "s"], "gates_at_node": gates_at_node}
    trace_file.write(name, script, {**description, "run": p}, arrays)
    return crossings_ms
