"""An unmyelinated axon: one cylinder with the same membrane everywhere."""

from __future__ import annotations

from collections.abc import Sequence

from ranvier.discretisation import MaxLength, Mesh
from ranvier.fibers._fiber import Fiber, expect_positive
from ranvier.model import Ion, Model, Placement, Section
from ranvier.stimuli import CurrentClamp, Pulse

#: Compartments of a 1 um axon, as the published C fibres have them.
MESH_um = 8.333


def cylinder(
    *,
    name: str,
    title: str,
    citation: str,
    diameter_um: float,
    length_um: float,
    temperature_degC: float,
    mesh: Mesh | None,
    r_a_ohm_cm: float,
    c_m_uF_cm2: float,
    placements: Sequence[Placement],
    ions: Sequence[Ion],
    v_rest_mV: float,
    stimulus_nA: float,
    slowest_m_per_s: float,
    tail_ms: float = 6.0,
) -> Fiber:
    """The axon, stimulated at its proximal end.

    `stimulus_nA` (for 1 ms) and `slowest_m_per_s` are those of 1 um at 37 degC. Length constants
    and velocities go with the square root of the diameter, input conductances with its power 1.5;
    cold slows less than by half for every 10 degC. Raises ModelError for a size that is not
    positive.
    """
    expect_positive(name, diameter_um=diameter_um, length_um=length_um)
    thickness = diameter_um**0.5
    slowing = 2.0 ** max(0.0, (37.0 - temperature_degC) / 10.0)
    axon = Section(
        "axon",
        region="axon",
        length_um=length_um,
        diameter_um=diameter_um,
        r_a_ohm_cm=r_a_ohm_cm,
        c_m_uF_cm2=c_m_uF_cm2,
    )
    model = Model(
        name=f"{title} {diameter_um:g} um",
        sections=[axon],
        placements=list(placements),
        ions=list(ions),
        temperature_degC=temperature_degC,
    )
    travel_ms = length_um * 1e-3 / (slowest_m_per_s * thickness)
    return Fiber(
        name=name,
        model=model,
        mesh=mesh or MaxLength(MESH_um * thickness),
        diameter_um=diameter_um,
        citation=citation,
        stimulus=CurrentClamp(
            waveform=Pulse(onset_ms=0.1, duration_ms=1.0),
            at=("axon", 0.0),
            amplitude_nA=stimulus_nA * thickness**3,
        ),
        velocity_sites="axon",
        t_stop_ms=slowing * (tail_ms + travel_ms),
        is_myelinated=False,
        v_rest_guess_mV=v_rest_mV,
    )
