"""The autonomic C fibre of Thio et al. 2024, doi:10.1371/journal.pcbi.1012475."""

from __future__ import annotations

from ranvier.discretisation import Mesh
from ranvier.fibers._fiber import Fiber, Reference, fiber
from ranvier.fibers._thio import CITATION, V_REST_mV, thio

#: By channel.
G_S_cm2 = {
    "nav17_thio": 0.036813,
    "nav18_thio": 0.075747,
    "nav19_thio": 3.76e-4,
    "bk_thio": 1.56e-4,
    "cav12_thio": 4e-6,
    "cav22_thio": 0.009546,
    "km_thio": 0.002864,
    "hcn_thio": 0.002789,
    "kv21_thio": 0.005337,
    "ka34_thio": 2.89e-4,
    "ka14_thio": 2.4e-5,
    "sk_thio": 6e-6,
}
NCX_DENSITY = 2.1e-4
I_NAK_mA_cm2 = 0.056316
R_A_ohm_cm = 23.117539


@fiber(
    summary="autonomic C fibre, fitted to recordings of its velocity and recovery",
    citation=CITATION,
    diameters_um=None,
    validated_um=(1.0, 1.0),
    is_myelinated=False,
    v_rest_mV=V_REST_mV,
    reference=Reference(diameter_um=1.0, temperature_degC=37.0, velocity_m_per_s=1.047),
)
def thio_autonomic(
    *,
    diameter_um: float = 1.0,
    length_um: float = 5000.0,
    temperature_degC: float = 37.0,
    mesh: Mesh | None = None,
) -> Fiber:
    """The axon with C 1.326 uF/cm2 and R_a 23.1 ohm cm; rest -58.5 mV, 1.05 m/s at 1 um.

    Concentrations are fixed; in the model they move, calcium's with a buffer. Leaks, or constant
    currents where a leak would be negative, balance each ion at rest. Raises ModelError for
    a size that is not positive.
    """
    return thio(
        name="thio_autonomic",
        title="Thio autonomic",
        diameter_um=diameter_um,
        length_um=length_um,
        temperature_degC=temperature_degC,
        mesh=mesh,
        g_S_cm2=G_S_cm2,
        ncx_density=NCX_DENSITY,
        i_nak_mA_cm2=I_NAK_mA_cm2,
        r_a_ohm_cm=R_A_ohm_cm,
        stimulus_nA=0.32,
    )
