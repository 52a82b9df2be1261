"""A cell from an SWC file as the subject of `ranvier velocity`: squid channels everywhere."""

from __future__ import annotations

import argparse
import math
from pathlib import Path

import numpy as np

from ranvier import fibers
from ranvier.cli.subject import Subject, chosen_mesh
from ranvier.discretisation import MaxLength, discretise, refined
from ranvier.model import Model, Section
from ranvier.morphology import longest_path, read_swc
from ranvier.places import compartments_at
from ranvier.stimuli import CurrentClamp, Pulse

#: At which the paper measured the rates, and far below where the wave ceases (about 30 degC).
TEMPERATURE_degC = 6.3
R_A_ohm_cm = 100.0
C_M_uF_cm2 = 1.0
#: Of the squid membrane at rest.
G_REST_S_cm2 = 6.8e-4
#: Of a spike at 1 um, 6.3 degC and R_A_ohm_cm, on the slow side; goes with the square root of d.
SLOW_m_per_s = 0.2
#: A depolarisation that is certainly above threshold if it is kept up.
STRONG_mV = 60.0
#: Dendrites and a soma draw current that the estimate for a bare cable leaves out.
STRONGER = (1.0, 4.0, 16.0)
#: The mesh, as a share of the resting length constant of the thinnest section.
SHARE = 0.1


def cell_subject(options: argparse.Namespace) -> Subject:
    path = Path(options.swc)
    squid = fibers.describe("hodgkin_huxley").make().model
    r_a_ohm_cm = R_A_ohm_cm if options.r_a is None else options.r_a
    c_m_uF_cm2 = C_M_uF_cm2 if options.c_m is None else options.c_m
    cell = read_swc(
        path,
        r_a_ohm_cm=r_a_ohm_cm,
        c_m_uF_cm2=c_m_uF_cm2,
        placements=squid.placements,
        ions=squid.ions,
        temperature_degC=TEMPERATURE_degC if options.temperature is None else options.temperature,
    )
    mesh = chosen_mesh(options.compartments, options.max_length) or MaxLength(
        default_length_um(cell)
    )
    mesh = refined(mesh, options.refine)
    grid = discretise(cell, mesh)
    at = options.stimulate_at or (cell.sections[0].name, 0.0)
    start = int(compartments_at(grid, at)[0])
    if options.stimulate_at is None:
        way = longest_path(grid)
        sites = way.compartments
    else:
        way = longest_path(grid, through=start)
        sites = way.longer_side_of(start)
    amplitude_nA = strong_current_nA(float(grid.diameter_um[start]), r_a_ohm_cm)
    pulse = Pulse(onset_ms=0.1, duration_ms=1.0)
    names = " > ".join(_shortened(way.section_names))
    return Subject(
        title=path.name,
        file_stem=f"velocity-{path.stem}",
        target=cell,
        mesh=mesh,
        stimuli=[
            CurrentClamp(waveform=pulse, at=at, amplitude_nA=strength * amplitude_nA)
            for strength in STRONGER
        ],
        t_stop_ms=waiting_ms(cell, way.length_um),
        shown=way.compartments,
        sites=sites.tolist(),
        facts={
            "swc": str(path),
            "path_length_um": way.length_um,
            "path": " > ".join(way.section_names),
        },
        rows=[
            ("path", f"{names}, {way.length_um * 1e-3:.4g} mm from the root to the tip"),
            (
                "membrane",
                f"squid channels everywhere; {r_a_ohm_cm:g} ohm cm, {c_m_uF_cm2:g} uF/cm2",
            ),
        ],
    )


def _thinnest_um(sections: list[Section]) -> float:
    return min(float(np.mean(np.asarray(section.points_um)[:, 3])) for section in sections)


def _length_constant_um(diameter_um: float, r_a_ohm_cm: float) -> float:
    return 1e4 * math.sqrt(diameter_um * 1e-4 / (4 * G_REST_S_cm2 * r_a_ohm_cm))


def default_length_um(cell: Model) -> float:
    r_a_ohm_cm = cell.sections[0].r_a_ohm_cm
    return float(f"{SHARE * _length_constant_um(_thinnest_um(cell.sections), r_a_ohm_cm):.2g}")


def strong_current_nA(diameter_um: float, r_a_ohm_cm: float) -> float:
    """What holds a long cable of that diameter, entered at its end, at STRONG_mV."""
    length_constant_cm = 1e-4 * _length_constant_um(diameter_um, r_a_ohm_cm)
    conductance_S = math.pi * diameter_um * 1e-4 * length_constant_cm * G_REST_S_cm2
    return float(f"{STRONG_mV * conductance_S * 1e6:.2g}")


def waiting_ms(cell: Model, length_um: float) -> float:
    """Long enough for a slow spike to get from end to end."""
    slow_m_per_s = SLOW_m_per_s * math.sqrt(_thinnest_um(cell.sections))
    slow_m_per_s *= math.sqrt(R_A_ohm_cm / cell.sections[0].r_a_ohm_cm)
    slow_m_per_s /= max(1.0, cell.sections[0].c_m_uF_cm2)
    # Rates triple in 10 degC, and the velocity goes with their square root.
    slow_m_per_s *= math.pow(3.0, min(0.0, (cell.temperature_degC - TEMPERATURE_degC) / 20.0))
    return math.ceil(5.0 + length_um * 1e-3 / slow_m_per_s)


def _shortened(names: tuple[str, ...]) -> tuple[str, ...]:
    return names if len(names) <= 6 else (*names[:3], "...", *names[-2:])
