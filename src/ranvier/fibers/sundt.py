"""The unmyelinated sensory axon of Sundt, Gamper & Jaffe 2015, doi:10.1152/jn.00226.2015."""

from __future__ import annotations

from ranvier.discretisation import Mesh
from ranvier.fibers._balance import ion_currents_mA_cm2
from ranvier.fibers._cylinder import cylinder
from ranvier.fibers._fiber import Fiber, Reference, fiber
from ranvier.model import Ion, Placement

CITATION = "Sundt, Gamper & Jaffe 2015, doi:10.1152/jn.00226.2015"

G_NA_S_cm2 = 0.04
G_K_S_cm2 = 0.04
G_LEAK_S_cm2 = 1e-4
#: NEURON's default, which the published files leave; PySONIC has 55 mV.
E_NA_mV = 50.0
E_K_mV = -90.0
V_REST_mV = -60.0
R_A_ohm_cm = 100.0
C_M_uF_cm2 = 1.0


@fiber(
    summary="unmyelinated axon of a dorsal root ganglion cell",
    citation=CITATION,
    diameters_um=None,
    validated_um=(0.25, 2.0),
    is_myelinated=False,
    v_rest_mV=-60.0,
    reference=Reference(diameter_um=1.0, temperature_degC=37.0, velocity_m_per_s=0.495),
)
def sundt(
    *,
    diameter_um: float = 1.0,
    length_um: float = 5000.0,
    temperature_degC: float = 37.0,
    mesh: Mesh | None = None,
) -> Fiber:
    """The peripheral axon, C 1 uF/cm2 and R_a 100 ohm cm; rest -60.00 mV, 0.496 m/s at 1 um.

    The leak reverses where it must for that rest, at any temperature. PyFibers computes it before
    its gates have settled, gets -60.0 mV, and rests at -59.93 mV. The paper's axon has 0.8 um and
    35 degC (0.43 m/s). Raises ModelError for a size that is not positive.
    """
    placements = [
        Placement("na_sundt", g_bar_S_cm2=G_NA_S_cm2),
        Placement("kdr_sundt", g_bar_S_cm2=G_K_S_cm2),
    ]
    ions = [Ion("na", e_mV=E_NA_mV), Ion("k", e_mV=E_K_mV)]
    at_rest = ion_currents_mA_cm2(
        placements, ions, v_mV=V_REST_mV, temperature_degC=temperature_degC
    )
    e_leak_mV = V_REST_mV + sum(at_rest.values()) / G_LEAK_S_cm2
    return cylinder(
        name="sundt",
        title="Sundt",
        citation=CITATION,
        diameter_um=diameter_um,
        length_um=length_um,
        temperature_degC=temperature_degC,
        mesh=mesh,
        r_a_ohm_cm=R_A_ohm_cm,
        c_m_uF_cm2=C_M_uF_cm2,
        placements=[
            *placements,
            Placement("leak", g_bar_S_cm2=G_LEAK_S_cm2, e_leak_mV=e_leak_mV),
        ],
        ions=ions,
        v_rest_mV=V_REST_mV,
        stimulus_nA=0.17,
        slowest_m_per_s=0.3,
    )
