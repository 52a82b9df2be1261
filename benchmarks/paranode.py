"""What the periaxonal space takes from the upstroke, without a spike and without a time step.

In the foot of a travelling spike everything grows as exp(rate t), so each compartment's membrane is
an admittance g + rate c, and the space under the sheath a ladder of them, open at the node.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import ranvier as rv

CM_PER_UM = 1e-4
MS_PER_S = 1e3
#: MYSA, FLUT and three of the six STIN.
COUNT_IN_HALF = 5


@dataclass(frozen=True)
class Stretch:
    """One internodal section at a rate of growth; all per length of fibre, in S, ohm and cm."""

    region: str
    length_cm: float
    resistance_ohm_per_cm: float  # of the periaxonal space
    axolemma_S_per_cm: float
    myelin_S_per_cm: float

    @property
    def decay_um(self) -> float:
        """The length over which the periaxonal potential recovers from the open node."""
        admittance_S_per_cm = self.axolemma_S_per_cm + self.myelin_S_per_cm
        return 1 / math.sqrt(self.resistance_ohm_per_cm * admittance_S_per_cm) / CM_PER_UM


def annulus_ohm_per_cm(section: rv.Section) -> float:
    """The resistance of the periaxonal space of a section."""
    sheath, diameter_um = section.sheath, section.points_um[0, 3]
    area_um2 = math.pi * sheath.periaxonal_width_um * (diameter_um + sheath.periaxonal_width_um)
    return sheath.periaxonal_resistivity_ohm_cm / (area_um2 * CM_PER_UM**2)


def half_internode(model: rv.Model, rate_per_ms: float) -> list[Stretch]:
    """From the first node to the middle of its internode, across which nothing flows."""
    leak_S_cm2 = {
        region: placement.parameters["g_bar_S_cm2"]
        for placement in model.placements
        if placement.mechanism == "leak"
        for region in placement.where
    }
    half = model.sections[1 : 1 + COUNT_IN_HALF]
    return [_stretch(section, leak_S_cm2[section.region], rate_per_ms) for section in half]


def _stretch(section: rv.Section, leak_S_cm2: float, rate_per_ms: float) -> Stretch:
    sheath, rate_per_s = section.sheath, MS_PER_S * rate_per_ms
    perimeter_cm = math.pi * section.points_um[0, 3] * CM_PER_UM
    myelin_cm = math.pi * sheath.myelin_diameter_um * CM_PER_UM
    membrane_S_cm2 = sheath.g_membrane_S_cm2 + 1e-6 * rate_per_s * sheath.c_membrane_uF_cm2
    return Stretch(
        region=section.region,
        length_cm=section.length_um * CM_PER_UM,
        resistance_ohm_per_cm=annulus_ohm_per_cm(section),
        axolemma_S_per_cm=perimeter_cm * (leak_S_cm2 + 1e-6 * rate_per_s * section.c_m_uF_cm2),
        myelin_S_per_cm=myelin_cm * membrane_S_cm2 / (2 * sheath.lamellae),
    )


def load_nS(stretches: Sequence[Stretch], node_access_ohm: float, cuts: Mapping[str, int]) -> float:
    """The current per volt of axoplasm that leaves the space through the node.

    Walks from the middle of the internode to the node with the Norton equivalent (current,
    admittance) of all that lies behind.
    """
    current, admittance_S, half_ohm = 0.0, 0.0, 0.0
    for each in reversed(stretches):
        for _ in range(cuts[each.region]):
            cell_cm = each.length_cm / cuts[each.region]
            next_half_ohm = 0.5 * cell_cm * each.resistance_ohm_per_cm
            if admittance_S > 0:
                current, admittance_S = _behind(half_ohm + next_half_ohm, current, admittance_S)
            current += cell_cm * each.axolemma_S_per_cm
            admittance_S += cell_cm * (each.axolemma_S_per_cm + each.myelin_S_per_cm)
            half_ohm = next_half_ohm
    return 1e9 * _behind(half_ohm + node_access_ohm, current, admittance_S)[0]


def _behind(resistance_ohm: float, current: float, admittance_S: float) -> tuple[float, float]:
    share = 1 / (1 + resistance_ohm * admittance_S)
    return current * share, admittance_S * share
