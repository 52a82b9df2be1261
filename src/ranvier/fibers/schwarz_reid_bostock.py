"""The human node of Schwarz, Reid & Bostock 1995 (doi:10.1007/BF00374660) as a fibre.

The fibre around the node is that of McNeal 1976 and of the SENN model: nodes of 2.5 um, 100
diameters apart, perfect myelin.
"""

from __future__ import annotations

from ranvier.discretisation import Mesh
from ranvier.fibers._fiber import Fiber, Reference, fiber
from ranvier.fibers._insulated import insulated
from ranvier.model import Ion, Placement

CITATION = "Schwarz, Reid & Bostock 1995, doi:10.1007/BF00374660"

# Of the paper's node of 50 um2: 3.52e-9 cm3/s, 15 nS, 30 nS, 30 nS and 1.4 pF.
P_NA_cm_s = 7.04e-3
G_KF_S_cm2 = 0.03
G_KS_S_cm2 = 0.06
G_LEAK_S_cm2 = 0.06
C_NODE_uF_cm2 = 2.8
SODIUM_mM = (35.0, 154.0)
#: Given, and not that of its concentrations (155 and 5.6 mM).
E_K_mV = -84.0
E_LEAK_mV = -84.0
R_A_ohm_cm = 110.0
AXON_RATIO = 0.7


@fiber(
    summary="human node of Ranvier in the fibre of the SENN model",
    citation=CITATION,
    diameters_um=None,
    validated_um=(10.0, 10.0),
    is_myelinated=True,
    v_rest_mV=-83.81,
    reference=Reference(diameter_um=10.0, temperature_degC=37.0, velocity_m_per_s=18.45),
)
def schwarz_reid_bostock(
    *,
    diameter_um: float = 10.0,
    nodes: int = 31,
    node_length_um: float = 2.5,
    r_a_ohm_cm: float = R_A_ohm_cm,
    temperature_degC: float = 37.0,
    mesh: Mesh | None = None,
) -> Fiber:
    """The human node, whose sodium follows Goldman, Hodgkin and Katz; rest -83.81 mV.

    The paper is of a single node; this fibre, of the SENN geometry, conducts at 18.5 m/s, far
    slower than a human one of 10 um, and at 25.4 m/s with axoplasm of 70 ohm cm. Raises ModelError
    for a size that is not positive and fewer than two nodes.
    """
    return insulated(
        name="schwarz_reid_bostock",
        title="Schwarz-Reid-Bostock",
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
            Placement("na_srb", "node", p_bar_cm_s=P_NA_cm_s),
            Placement("kf_srb", "node", g_bar_S_cm2=G_KF_S_cm2),
            Placement("ks_srb", "node", g_bar_S_cm2=G_KS_S_cm2),
            Placement("leak", "node", g_bar_S_cm2=G_LEAK_S_cm2, e_leak_mV=E_LEAK_mV),
        ],
        ions=[Ion("na", inside_mM=SODIUM_mM[0], outside_mM=SODIUM_mM[1]), Ion("k", e_mV=E_K_mV)],
        v_rest_mV=-83.8,
        stimulus_nA=10.0,
        slowest_m_per_s=10.0,
    )
