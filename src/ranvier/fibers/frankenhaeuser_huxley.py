"""The frog node of Frankenhaeuser & Huxley 1964 (doi:10.1113/jphysiol.1964.sp007378) as a fibre.

The fibre around the node is that of McNeal 1976 and of the SENN model (Reilly, Freeman & Larkin
1985, doi:10.1109/TBME.1985.325509): nodes of 2.5 um, 100 diameters apart, perfect myelin.
"""

from __future__ import annotations

from ranvier.discretisation import Mesh
from ranvier.fibers._fiber import Fiber, Reference, fiber
from ranvier.fibers._insulated import insulated
from ranvier.model import Ion, Placement

CITATION = "Frankenhaeuser & Huxley 1964, doi:10.1113/jphysiol.1964.sp007378"

P_NA_cm_s = 8e-3
P_NAP_cm_s = 0.54e-3
P_K_cm_s = 1.2e-3
G_LEAK_S_cm2 = 0.0303
#: The paper's 0.026 mV above a rest of -70 mV. NEURON's fh.mod has lost a digit (-69.74 mV), which
#: moves the rest to -69.77 mV.
E_LEAK_mV = -69.974
SODIUM_mM = (13.74, 114.5)
POTASSIUM_mM = (120.0, 2.5)
C_NODE_uF_cm2 = 2.0
R_A_ohm_cm = 110.0
NODE_LENGTH_um = 2.5
AXON_RATIO = 0.7


@fiber(
    summary="frog node of Ranvier in the fibre of the SENN model",
    citation=CITATION,
    diameters_um=None,
    validated_um=(10.0, 20.0),
    is_myelinated=True,
    v_rest_mV=-70.0,
    reference=Reference(diameter_um=20.0, temperature_degC=20.0, velocity_m_per_s=42.82),
)
def frankenhaeuser_huxley(
    *,
    diameter_um: float = 20.0,
    nodes: int = 31,
    temperature_degC: float = 20.0,
    mesh: Mesh | None = None,
) -> Fiber:
    """The Xenopus node with its Goldman-Hodgkin-Katz currents; rest -70.00 mV.

    42.8 m/s at 20 um and 20 degC, and in proportion to the diameter. All rates have a q10 of 3, as
    in NEURON's fh.mod. Raises ModelError for a size that is not positive and fewer than two nodes.
    """
    return insulated(
        name="frankenhaeuser_huxley",
        title="Frankenhaeuser-Huxley",
        citation=CITATION,
        diameter_um=diameter_um,
        nodes=nodes,
        temperature_degC=temperature_degC,
        mesh=mesh,
        axon_ratio=AXON_RATIO,
        node_length_um=NODE_LENGTH_um,
        internode_length_um=100.0 * diameter_um - NODE_LENGTH_um,
        r_a_ohm_cm=R_A_ohm_cm,
        c_node_uF_cm2=C_NODE_uF_cm2,
        placements=[
            Placement("na_fh", "node", p_bar_cm_s=P_NA_cm_s),
            Placement("nap_fh", "node", p_bar_cm_s=P_NAP_cm_s),
            Placement("k_fh", "node", p_bar_cm_s=P_K_cm_s),
            Placement("leak", "node", g_bar_S_cm2=G_LEAK_S_cm2, e_leak_mV=E_LEAK_mV),
        ],
        ions=[
            Ion("na", inside_mM=SODIUM_mM[0], outside_mM=SODIUM_mM[1]),
            Ion("k", inside_mM=POTASSIUM_mM[0], outside_mM=POTASSIUM_mM[1]),
        ],
        v_rest_mV=-70.0,
        stimulus_nA=5.0,
        slowest_m_per_s=12.0,
    )
