"""The unmyelinated axon of Rattay & Aberham 1993, doi:10.1109/10.250575.

The squid axon's membrane, moved to a rest of -70 mV and sped up to 37 degC.
"""

from __future__ import annotations

from ranvier.discretisation import Mesh
from ranvier.fibers._cylinder import cylinder
from ranvier.fibers._fiber import Fiber, Reference, fiber
from ranvier.model import Ion, Placement

CITATION = "Rattay & Aberham 1993, doi:10.1109/10.250575"

G_NA_S_cm2 = 0.12
G_K_S_cm2 = 0.036
G_LEAK_S_cm2 = 3e-4
E_NA_mV = 45.0
E_K_mV = -82.0
E_LEAK_mV = -59.4
R_A_ohm_cm = 100.0
C_M_uF_cm2 = 1.0


@fiber(
    summary="unmyelinated axon with the squid's channels at 37 degC",
    citation=CITATION,
    diameters_um=None,
    validated_um=(1.0, 1.0),
    is_myelinated=False,
    v_rest_mV=-70.0,
    reference=Reference(diameter_um=1.0, temperature_degC=37.0, velocity_m_per_s=0.635),
)
def rattay_aberham(
    *,
    diameter_um: float = 1.0,
    length_um: float = 5000.0,
    temperature_degC: float = 37.0,
    mesh: Mesh | None = None,
) -> Fiber:
    """The axon with C 1 uF/cm2 and R_a 100 ohm cm; rest -70.00 mV, 0.64 m/s at 1 um.

    The paper gives one factor, 12, from the squid's 6.3 to 37 degC; at other temperatures it is
    12**((T - 6.3)/30.7), as in ModelDB 266498. Raises ModelError for a size that is not positive.
    """
    return cylinder(
        name="rattay_aberham",
        title="Rattay-Aberham",
        citation=CITATION,
        diameter_um=diameter_um,
        length_um=length_um,
        temperature_degC=temperature_degC,
        mesh=mesh,
        r_a_ohm_cm=R_A_ohm_cm,
        c_m_uF_cm2=C_M_uF_cm2,
        placements=[
            Placement("na_rattay", g_bar_S_cm2=G_NA_S_cm2),
            Placement("k_rattay", g_bar_S_cm2=G_K_S_cm2),
            Placement("leak", g_bar_S_cm2=G_LEAK_S_cm2, e_leak_mV=E_LEAK_mV),
        ],
        ions=[Ion("na", e_mV=E_NA_mV), Ion("k", e_mV=E_K_mV)],
        v_rest_mV=-70.0,
        stimulus_nA=0.19,
        slowest_m_per_s=0.4,
    )
