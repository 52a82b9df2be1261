"""The rabbit node of Chiu, Ritchie, Rogart & Stagg 1979 as a fibre at 37 degC.

Scaled to 37 degC and made a fibre by Sweeney, Mortimer & Durand 1987 (Proc IEEE EMBS 9:1577), hence
CRRSS: nodes of 1.5 um, 100 fibre diameters apart, perfect myelin.
"""

from __future__ import annotations

from ranvier.discretisation import Mesh
from ranvier.fibers._fiber import Fiber, Reference, fiber
from ranvier.fibers._insulated import insulated
from ranvier.model import Ion, Placement

CITATION = (
    "Chiu, Ritchie, Rogart & Stagg 1979, doi:10.1113/jphysiol.1979.sp012843; "
    "Sweeney, Mortimer & Durand 1987, Proc IEEE EMBS 9:1577"
)

G_NA_S_cm2 = 1.445
G_LEAK_S_cm2 = 0.128
E_NA_mV = 35.64
E_LEAK_mV = -80.01
C_NODE_uF_cm2 = 2.5
R_A_ohm_cm = 54.7
NODE_LENGTH_um = 1.5
AXON_RATIO = 0.6


@fiber(
    summary="rabbit node of Ranvier, sodium and leak alone, as a fibre",
    citation=CITATION,
    diameters_um=None,
    validated_um=(10.0, 10.0),
    is_myelinated=True,
    v_rest_mV=-80.0,
    reference=Reference(diameter_um=10.0, temperature_degC=37.0, velocity_m_per_s=56.91),
)
def crrss(
    *,
    diameter_um: float = 10.0,
    nodes: int = 31,
    temperature_degC: float = 37.0,
    mesh: Mesh | None = None,
) -> Fiber:
    """The rabbit node, which has no potassium channels; rest -80.00 mV.

    56.9 m/s at 10 um and 37 degC, and in proportion to the diameter. Raises ModelError for a size
    that is not positive and fewer than two nodes.
    """
    return insulated(
        name="crrss",
        title="CRRSS",
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
            Placement("na_crrss", "node", g_bar_S_cm2=G_NA_S_cm2),
            Placement("leak", "node", g_bar_S_cm2=G_LEAK_S_cm2, e_leak_mV=E_LEAK_mV),
        ],
        ions=[Ion("na", e_mV=E_NA_mV)],
        v_rest_mV=-80.0,
        stimulus_nA=5.0,
        slowest_m_per_s=30.0,
    )
