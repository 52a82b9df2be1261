"""A myelinated axon whose myelin insulates perfectly: excitable nodes, joined by axoplasm alone.

McNeal 1976, doi:10.1109/TBME.1976.324593. The published models of single nodes were made into
fibres in this way.
"""

from __future__ import annotations

from collections.abc import Sequence

from ranvier.discretisation import FixedCount, Mesh
from ranvier.fibers._fiber import Fiber, expect_positive, expect_whole
from ranvier.model import Ion, Model, Placement, Section
from ranvier.stimuli import CurrentClamp, Pulse

#: Of the internode, in place of none at all: 1000 um of it have 1e-5 of a node's capacitance.
C_INTERNODE_uF_cm2 = 1e-8


def insulated(
    *,
    name: str,
    title: str,
    citation: str,
    diameter_um: float,
    nodes: int,
    temperature_degC: float,
    mesh: Mesh | None,
    axon_ratio: float,
    node_length_um: float,
    internode_length_um: float,
    r_a_ohm_cm: float,
    c_node_uF_cm2: float,
    placements: Sequence[Placement],
    ions: Sequence[Ion],
    v_rest_mV: float,
    stimulus_nA: float,
    slowest_m_per_s: float,
) -> Fiber:
    """The fibre, its axon `axon_ratio` times as thick as itself, at the nodes too.

    `placements` go to the region "node". `stimulus_nA` (for 0.1 ms at the second node) and
    `slowest_m_per_s` are those of 10 um. Raises ModelError for a size that is not positive and for
    fewer than two nodes.
    """
    expect_positive(
        name,
        diameter_um=diameter_um,
        node_length_um=node_length_um,
        internode_length_um=internode_length_um,
    )
    expect_whole(name, least=2, nodes=nodes)
    sections: list[Section] = []
    for index in range(nodes):
        sections.append(
            Section(
                f"node[{index}]",
                region="node",
                parent=sections[-1].name if sections else None,
                length_um=node_length_um,
                diameter_um=axon_ratio * diameter_um,
                r_a_ohm_cm=r_a_ohm_cm,
                c_m_uF_cm2=c_node_uF_cm2,
            )
        )
        if index < nodes - 1:
            sections.append(
                Section(
                    f"internode[{index}]",
                    region="internode",
                    parent=sections[-1].name,
                    length_um=internode_length_um,
                    diameter_um=axon_ratio * diameter_um,
                    r_a_ohm_cm=r_a_ohm_cm,
                    c_m_uF_cm2=C_INTERNODE_uF_cm2,
                )
            )
    model = Model(
        name=f"{title} {diameter_um:g} um",
        sections=sections,
        placements=list(placements),
        ions=list(ions),
        temperature_degC=temperature_degC,
    )
    length_mm = 1e-3 * (nodes - 1) * (node_length_um + internode_length_um)
    slowing = 2.0 ** max(0.0, (37.0 - temperature_degC) / 10.0)
    return Fiber(
        name=name,
        model=model,
        # An internode without a membrane is a resistance, exact in one compartment.
        mesh=mesh or FixedCount(1),
        diameter_um=diameter_um,
        citation=citation,
        stimulus=CurrentClamp(
            waveform=Pulse(onset_ms=0.1, duration_ms=0.1),
            at=("node[1]", 0.5),
            amplitude_nA=stimulus_nA * diameter_um / 10.0,
        ),
        velocity_sites=("node", 0.5),
        t_stop_ms=slowing * (1.5 + length_mm / (slowest_m_per_s * diameter_um / 10.0)),
        is_myelinated=True,
        v_rest_guess_mV=v_rest_mV,
    )
