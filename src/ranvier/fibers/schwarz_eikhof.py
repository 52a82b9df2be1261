"""The rat node of Schwarz & Eikhof 1987 (doi:10.1007/BF00584655) as a fibre.

Rates, densities and the capacitance of 2 uF/cm2 in the form of Rattay & Aberham 1993
(doi:10.1109/10.250575) and Frijns, Mooij & ten Kate 1994, in the fibre of McNeal 1976 and of the
SENN model: nodes of 2.5 um, 100 diameters apart, perfect myelin.
"""

from __future__ import annotations

from ranvier.discretisation import Mesh
from ranvier.fibers._fiber import Fiber, Reference, fiber
from ranvier.fibers._insulated import insulated
from ranvier.model import Ion, Placement

CITATION = "Schwarz & Eikhof 1987, doi:10.1007/BF00584655"

P_NA_cm_s = 3.28e-3
P_K_cm_s = 1.34e-4
G_LEAK_S_cm2 = 0.086
E_LEAK_mV = -78.0
SODIUM_mM = (8.71, 154.0)
POTASSIUM_mM = (155.0, 5.9)
C_NODE_uF_cm2 = 2.0
R_A_ohm_cm = 110.0
AXON_RATIO = 0.7


@fiber(
    summary="rat node of Ranvier in the fibre of the SENN model",
    citation=CITATION,
    diameters_um=None,
    validated_um=(10.0, 10.0),
    is_myelinated=True,
    v_rest_mV=-78.0,
    reference=Reference(diameter_um=10.0, temperature_degC=37.0, velocity_m_per_s=11.36),
)
def schwarz_eikhof(
    *,
    diameter_um: float = 10.0,
    nodes: int = 31,
    node_length_um: float = 2.5,
    r_a_ohm_cm: float = R_A_ohm_cm,
    temperature_degC: float = 37.0,
    mesh: Mesh | None = None,
) -> Fiber:
    """The rat node with its Goldman-Hodgkin-Katz currents; rest -78.00 mV.

    The paper is of a single node; this fibre, of the SENN geometry, conducts at 11.4 m/s, far
    slower than a rat's of 10 um. It does at 19.6 m/s with the 70 ohm cm of Frijns's fibre.
    Raises ModelError for a size that is not positive and fewer than two nodes.
    """
    return insulated(
        name="schwarz_eikhof",
        title="Schwarz-Eikhof",
        citation=CITATION,
        diameter_um=diameter_um,
        nodes=nodes,
        temperature_degC=temperature_degC,
        mesh=mesh,
        axon_ratio=AXON_RATIO,
        node_length_um=node_length_um,
        internode_length_um=100.0 * diameter_um - node_length_um,
        r_a_ohm_cm=r_a_ohm_cm,
        c_node_uF_cm2=C_NODE_uF_cm2,
        placements=[
            Placement("na_se", "node", p_bar_cm_s=P_NA_cm_s),
            Placement("k_se", "node", p_bar_cm_s=P_K_cm_s),
            Placement("leak", "node", g_bar_S_cm2=G_LEAK_S_cm2, e_leak_mV=E_LEAK_mV),
        ],
        ions=[
            Ion("na", inside_mM=SODIUM_mM[0], outside_mM=SODIUM_mM[1]),
            Ion("k", inside_mM=POTASSIUM_mM[0], outside_mM=POTASSIUM_mM[1]),
        ],
        v_rest_mV=E_LEAK_mV,
        stimulus_nA=10.0,
        slowest_m_per_s=6.0,
    )
