"""Two central myelinated axons: Arancibia-Carcamo et al. 2017, doi:10.7554/eLife.23329.

Average rat optic nerve and cortical grey-matter axons, measured by electron microscopy, with the
nodal channels of Richardson, McIntyre & Grill 2000. The periaxonal space is almost closed where the
paranodal loops attach, which is what lets these axons conduct at the published 2.95 and 2.61 m/s.
Numbers after the authors' published model code (AttwellLab/MyelinatedAxonModel, MIT licence).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from ranvier._text import expected_one_of
from ranvier.discretisation import FixedCount, Mesh
from ranvier.errors import ModelError
from ranvier.fibers._fiber import Fiber, Reference, expect_whole, fiber
from ranvier.model import Ion, Model, Placement, Section, Sheath
from ranvier.stimuli import CurrentClamp, Pulse

CITATION = "Arancibia-Carcamo et al. 2017, doi:10.7554/eLife.23329"

RESISTIVITY_ohm_cm = 70.0
#: Node, internodal axolemma and each membrane of the myelin alike.
C_MEMBRANE_uF_cm2 = 0.9
G_INTERNODE_S_cm2 = 1e-4
G_MYELIN_MEMBRANE_S_cm2 = 1e-3
V_REST_mV = -82.0
PERIAXONAL_WIDTH_um = 0.015
LAMELLA_PERIOD_um = 0.0156

G_NA_S_cm2 = 3.0
G_NAP_S_cm2 = 0.005
G_KS_S_cm2 = 0.08
G_LEAK_NODE_S_cm2 = 0.08
E_NA_mV = 50.0
E_K_mV = -84.0
#: Solved by the authors for a rest of -82 mV.
E_LEAK_NODE_mV = -83.381372


@dataclass(frozen=True, slots=True)
class Axon:
    node_diameter_um: float
    node_length_um: float
    internode_diameter_um: float
    internode_length_um: float
    compartments: int  # per internode, of equal length
    g_ratio: float
    paranode_compartments: int  # at each end of an internode
    paranode_width_um: float  # of the periaxonal space there
    published_velocity_m_per_s: float

    @property
    def fiber_diameter_um(self) -> float:
        return self.internode_diameter_um / self.g_ratio

    @property
    def lamellae(self) -> int:
        """Whole turns that reach the g-ratio."""
        inner_um = self.internode_diameter_um / 2 + PERIAXONAL_WIDTH_um
        outer_um = self.internode_diameter_um / 2 / self.g_ratio
        return math.ceil((outer_um - inner_um) / LAMELLA_PERIOD_um)


AXONS = {
    "optic_nerve": Axon(0.7274, 1.02, 0.8201, 139.26, 66, 0.79, 1, 7.719692e-6, 2.95),
    "cortex": Axon(0.6404, 1.5, 0.7308, 81.7, 86, 0.80, 2, 1.2255632e-5, 2.61),
}


@fiber(
    summary="central myelinated axon (optic nerve or cortex) with tight paranodes",
    citation=CITATION,
    diameters_um=tuple(axon.fiber_diameter_um for axon in AXONS.values()),
    validated_um=(AXONS["cortex"].fiber_diameter_um, AXONS["optic_nerve"].fiber_diameter_um),
    is_myelinated=True,
    v_rest_mV=-82.0,
    reference=Reference(
        diameter_um=AXONS["optic_nerve"].fiber_diameter_um,
        temperature_degC=37.0,
        velocity_m_per_s=2.948,
    ),
)
def arancibia_carcamo(
    *,
    axon: str = "optic_nerve",
    nodes: int = 51,
    temperature_degC: float = 37.0,
    refine: int = 1,
    mesh: Mesh | None = None,
) -> Fiber:
    """The "optic_nerve" or the "cortex" axon on its published grid; `refine` cuts internodes finer.

    Raises ModelError for another axon.
    """
    name = "arancibia_carcamo"
    if axon not in AXONS:
        raise ModelError(
            f"fibre {name!r}: axon {axon!r} is unknown, {expected_one_of(axon, AXONS)}"
        )
    expect_whole(name, least=2, nodes=nodes)
    expect_whole(name, least=1, refine=refine)
    chosen = AXONS[axon]
    inner = chosen.compartments - 2 * chosen.paranode_compartments
    model = Model(
        name=f"Arancibia-Carcamo {axon.replace('_', ' ')}",
        sections=list(_sections(chosen, nodes)),
        placements=[
            Placement("na_richardson", "node", g_bar_S_cm2=G_NA_S_cm2),
            Placement("nap_richardson", "node", g_bar_S_cm2=G_NAP_S_cm2),
            Placement("ks_richardson", "node", g_bar_S_cm2=G_KS_S_cm2),
            Placement("leak", "node", g_bar_S_cm2=G_LEAK_NODE_S_cm2, e_leak_mV=E_LEAK_NODE_mV),
            Placement(
                "leak",
                ["paranode", "internode"],
                g_bar_S_cm2=G_INTERNODE_S_cm2,
                e_leak_mV=V_REST_mV,
            ),
        ],
        ions=[Ion("na", e_mV=E_NA_mV), Ion("k", e_mV=E_K_mV)],
        temperature_degC=temperature_degC,
    )
    length_mm = nodes * chosen.internode_length_um * 1e-3
    return Fiber(
        name=name,
        model=model,
        mesh=mesh
        or FixedCount(
            1,
            by_region={
                "paranode": refine * chosen.paranode_compartments,
                "internode": refine * inner,
            },
        ),
        diameter_um=chosen.fiber_diameter_um,
        citation=CITATION,
        stimulus=CurrentClamp(
            waveform=Pulse(onset_ms=0.0, duration_ms=0.01), at=("node[0]", 0.5), amplitude_nA=3.0
        ),
        velocity_sites=("node", 0.5),
        t_stop_ms=1.0 + length_mm / (0.6 * chosen.published_velocity_m_per_s),
        is_myelinated=True,
        v_rest_guess_mV=V_REST_mV,
    )


def _sections(axon: Axon, nodes: int) -> Iterator[Section]:
    piece_um = axon.internode_length_um / axon.compartments
    paranode_um = piece_um * axon.paranode_compartments
    parent = None
    for node in range(nodes):
        yield Section(
            f"node[{node}]",
            region="node",
            parent=parent,
            length_um=axon.node_length_um,
            diameter_um=axon.node_diameter_um,
            r_a_ohm_cm=RESISTIVITY_ohm_cm,
            c_m_uF_cm2=C_MEMBRANE_uF_cm2,
        )
        if node == nodes - 1:
            return
        parent = f"node[{node}]"
        for name, region, length_um, width_um in (
            (f"paranode[{2 * node}]", "paranode", paranode_um, axon.paranode_width_um),
            (
                f"internode[{node}]",
                "internode",
                axon.internode_length_um - 2 * paranode_um,
                PERIAXONAL_WIDTH_um,
            ),
            (f"paranode[{2 * node + 1}]", "paranode", paranode_um, axon.paranode_width_um),
        ):
            yield Section(
                name,
                region=region,
                parent=parent,
                length_um=length_um,
                diameter_um=axon.internode_diameter_um,
                r_a_ohm_cm=RESISTIVITY_ohm_cm,
                c_m_uF_cm2=C_MEMBRANE_uF_cm2,
                sheath=Sheath(
                    # The loops narrow the space, not the myelin, which begins where it does
                    # elsewhere: hence a resistance rather than a width.
                    periaxonal_resistance_Mohm_per_cm=_annulus_Mohm_per_cm(
                        axon.internode_diameter_um, width_um
                    ),
                    periaxonal_width_um=PERIAXONAL_WIDTH_um,
                    lamellae=axon.lamellae,
                    lamella_period_um=LAMELLA_PERIOD_um,
                    c_membrane_uF_cm2=C_MEMBRANE_uF_cm2,
                    g_membrane_S_cm2=G_MYELIN_MEMBRANE_S_cm2,
                ),
            )
            parent = name


def _annulus_Mohm_per_cm(diameter_um: float, width_um: float) -> float:
    area_um2 = math.pi * width_um * (diameter_um + width_um)
    return RESISTIVITY_ohm_cm / area_um2 * 1e8 * 1e-6
