"""The double cable of MRG and its descendants: nodes, paranodes and internodes of one axon.

Axoplasm, periaxonal space and myelin after McIntyre, Richardson & Grill 2002,
doi:10.1152/jn.00353.2001; what differs from one fibre to the next is a `Geometry` and the channels.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ranvier.model import Section, Sheath


class Region(StrEnum):
    NODE = "node"  # node of Ranvier
    MYSA = "mysa"  # myelin attachment segment: the paranode proper
    FLUT = "flut"  # paranode main segment; many papers call it the juxtaparanode
    STIN = "stin"  # internode


#: Proximal to distal, one node up to but not including the next.
PERIOD = (Region.NODE, Region.MYSA, Region.FLUT, *6 * (Region.STIN,), Region.FLUT, Region.MYSA)

NODE_LENGTH_um = 1.0
MYSA_LENGTH_um = 3.0
PERIAXONAL_WIDTH_um = {
    Region.NODE: 0.002,
    Region.MYSA: 0.002,
    Region.FLUT: 0.004,
    Region.STIN: 0.004,
}
#: Of the axoplasm and of the fluid in the periaxonal space alike.
RESISTIVITY_ohm_cm = 70.0
C_AXOLEMMA_uF_cm2 = 2.0
#: Of each of the two membranes of a lamella.
C_MYELIN_MEMBRANE_uF_cm2 = 0.1
G_MYELIN_MEMBRANE_S_cm2 = 1e-3


@dataclass(frozen=True, slots=True)
class Geometry:
    node_spacing_um: float
    flut_length_um: float
    axon_diameter_um: float
    node_diameter_um: float
    lamellae: float  # a formula's need not be whole
    mysa_diameter_um: float | None = None  # None: that of the node

    @property
    def stin_length_um(self) -> float:
        occupied_um = NODE_LENGTH_um + 2 * (MYSA_LENGTH_um + self.flut_length_um)
        return (self.node_spacing_um - occupied_um) / PERIOD.count(Region.STIN)


def double_cable(
    geometry: Geometry, *, fiber_diameter_um: float, nodes: int, passive_end_nodes: int = 0
) -> list[Section]:
    """Sections from node to node, proximal to distal, their regions those of `Region`.

    Passive end nodes are of a region "end_node" and cut off from the axoplasm. Turns of myelin are
    whole numbers; where a formula gives a fraction, each membrane has that much more or less, so
    that the myelin as a whole is the formula's.
    """
    lengths_um = {
        Region.NODE: NODE_LENGTH_um,
        Region.MYSA: MYSA_LENGTH_um,
        Region.FLUT: geometry.flut_length_um,
        Region.STIN: geometry.stin_length_um,
    }
    diameters_um = {
        Region.NODE: geometry.node_diameter_um,
        Region.MYSA: geometry.mysa_diameter_um or geometry.node_diameter_um,
        Region.FLUT: geometry.axon_diameter_um,
        Region.STIN: geometry.axon_diameter_um,
    }
    turns = round(geometry.lamellae)
    whole = turns / geometry.lamellae
    sheaths = {
        region: Sheath(
            periaxonal_width_um=PERIAXONAL_WIDTH_um[region],
            periaxonal_resistivity_ohm_cm=RESISTIVITY_ohm_cm,
            lamellae=turns,
            myelin_diameter_um=fiber_diameter_um,
            c_membrane_uF_cm2=C_MYELIN_MEMBRANE_uF_cm2 * whole,
            g_membrane_S_cm2=G_MYELIN_MEMBRANE_S_cm2 * whole,
        )
        for region in (Region.MYSA, Region.FLUT, Region.STIN)
    }
    sheaths[Region.NODE] = Sheath(
        periaxonal_width_um=PERIAXONAL_WIDTH_um[Region.NODE],
        periaxonal_resistivity_ohm_cm=RESISTIVITY_ohm_cm,
        is_open=True,
    )
    sections: list[Section] = []
    counts = dict.fromkeys(Region, 0)
    while counts[Region.NODE] < nodes:
        region = PERIOD[len(sections) % len(PERIOD)]
        index = counts[region]
        counts[region] += 1
        is_end = region is Region.NODE and not (
            passive_end_nodes <= index < nodes - passive_end_nodes
        )
        sections.append(
            Section(
                f"{region}[{index}]",
                region="end_node" if is_end else region.value,
                parent=sections[-1].name if sections else None,
                length_um=lengths_um[region],
                diameter_um=diameters_um[region],
                # An end node is cut off from the axoplasm and only closes the internode.
                r_a_ohm_cm=1e10 if is_end else RESISTIVITY_ohm_cm,
                c_m_uF_cm2=1.0 if is_end else C_AXOLEMMA_uF_cm2,
                sheath=sheaths[region],
            )
        )
    return sections
