"""Builds, runs and stores a branched cable from a description that is itself the stored JSON."""

from __future__ import annotations

import numpy as np
import simulator
import trace_file
from neuron import h


def cylinder(name: str, length_um: float, diameter_um: float, compartments: int, **others) -> dict:
    """Describes a section of constant diameter."""
    points = [[0.0, diameter_um], [length_um, diameter_um]]
    return _section(name, points, compartments, is_made_of_points=False, **others)


def from_points(name: str, points_um: list[list[float]], compartments: int, **others) -> dict:
    """Describes a section by (distance from its proximal end, diameter), linear in between.

    NEURON keeps points in single precision: use numbers that it can hold exactly (1.25, not 1.2).
    """
    for point in points_um:
        if any(value != np.float32(value) for value in point):
            raise ValueError(f"section '{name}': point {point} is rounded in single precision")
    return _section(name, points_um, compartments, is_made_of_points=True, **others)


def _section(
    name: str,
    points_um: list[list[float]],
    compartments: int,
    *,
    is_made_of_points: bool,
    r_a_ohm_cm: float,
    c_m_uF_cm2: float,
    mechanisms: dict[str, dict[str, float]],
    parent: str | None = None,
    parent_position: float = 1.0,
    e_na_mV: float | None = None,
    e_k_mV: float | None = None,
) -> dict:
    return {
        "name": name,
        "parent": parent,
        "parent_position": parent_position if parent else None,
        "points_um": points_um,
        "is_made_of_points": is_made_of_points,
        "compartments": compartments,
        "r_a_ohm_cm": r_a_ohm_cm,
        "c_m_uF_cm2": c_m_uF_cm2,
        "mechanisms": mechanisms,
        "e_na_mV": e_na_mV,
        "e_k_mV": e_k_mV,
    }


def build(sections: list[dict]) -> dict:
    """Returns NEURON sections by name. A child is connected by its proximal end."""
    built = {}
    for description in sections:
        section = h.Section(name=description["name"])
        points_um = description["points_um"]
        if description["is_made_of_points"]:
            section.pt3dclear()
            for x_um, diameter_um in points_um:
                section.pt3dadd(x_um, 0.0, 0.0, diameter_um)
        else:
            section.L = points_um[-1][0]
            section.diam = points_um[0][1]
        section.nseg = description["compartments"]
        section.Ra = description["r_a_ohm_cm"]
        section.cm = description["c_m_uF_cm2"]
        for mechanism, parameters in description["mechanisms"].items():
            section.insert(mechanism)
            for parameter, value in parameters.items():
                setattr(section, f"{parameter}_{mechanism}", value)
        if description["e_na_mV"] is not None:
            section.ena = description["e_na_mV"]
        if description["e_k_mV"] is not None:
            section.ek = description["e_k_mV"]
        if description["parent"]:
            section.connect(built[description["parent"]](description["parent_position"]), 0.0)
        built[description["name"]] = section
    return built


def _segment(built: dict, place: dict):
    section = built[place["section"]]
    return section((place["compartment"] + 0.5) / section.nseg)


def run(
    name: str,
    script: str,
    parameters: dict,
    *,
    gate_probes: list[dict] = (),
    threshold_mV: float | None = None,
) -> dict[str, np.ndarray]:
    """Simulates, writes data/NAME.npz and returns its arrays.

    Compartments are counted from 0 at the proximal end of their section. With `threshold_mV` the
    first crossing of every compartment is stored, from every step.
    """
    p = parameters
    h.celsius = p["temperature_degC"]
    built = build(p["sections"])
    segments = [segment for section in built.values() for segment in section]

    stimulus = p["stimulus"]
    clamp = h.IClamp(_segment(built, stimulus))
    clamp.delay = stimulus["onset_ms"]
    clamp.dur = stimulus["duration_ms"]
    clamp.amp = stimulus["amplitude_nA"]

    t = simulator.record(h._ref_t)
    v = [simulator.record(_segment(built, probe)._ref_v) for probe in p["probes"]]
    gates = []
    for probe in gate_probes:
        mechanism = _segment(built, probe).hhx
        gates += [
            simulator.record(r) for r in (mechanism._ref_m, mechanism._ref_h, mechanism._ref_n)
        ]
    everywhere = []
    if threshold_mV is not None:
        everywhere = [simulator.record(segment._ref_v) for segment in segments]

    simulator.initialise(p["v_init_mV"], p["dt_ms"])
    simulator.advance(p["t_stop_ms"])

    t_ms = np.array(t)
    kept = slice(None, None, p["stored_every_steps"])
    arrays = {
        "t_ms": t_ms[kept],
        "v_mV": np.array([np.array(trace)[kept] for trace in v]),
        # NEURON's geometry, sections in the order of the description: the membrane area of each
        # compartment, and the axial resistance from its centre towards the root, to the previous
        # centre or (first compartment) to the proximal end of the section.
        "compartment_section": np.array([segment.sec.name() for segment in segments]),
        "compartment_area_um2": np.array([segment.area() for segment in segments]),
        "compartment_axial_resistance_Mohm": np.array([segment.ri() for segment in segments]),
    }
    if gates:
        arrays["gates"] = np.array([np.array(gate)[kept] for gate in gates])
        arrays["gates"] = arrays["gates"].reshape(len(gate_probes), 3, -1)
        p = {**p, "gates": ["m", "h", "n"], "gate_probes": gate_probes}
    if everywhere:
        arrays["crossing_ms"] = np.array(
            [simulator.first_crossing_ms(t_ms, np.array(x), threshold_mV) for x in everywhere]
        )
        p = {**p, "threshold_mV": threshold_mV}
    trace_file.write(name, script, p, arrays)
    return arrays
