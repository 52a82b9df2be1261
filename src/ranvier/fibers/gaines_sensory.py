"""The sensory fibre of Gaines et al. 2018, doi:10.1007/s10827-018-0689-5."""

from __future__ import annotations

from ranvier.discretisation import Mesh
from ranvier.fibers._double_cable import Region
from ranvier.fibers._fiber import Fiber, Reference, fiber
from ranvier.fibers._gaines import CITATION, E_K_mV, FITTED_um, gaines
from ranvier.model import Placement

G_NA_S_cm2 = 3.0
G_NAP_S_cm2 = 0.01
G_KS_S_cm2 = 0.04106
G_KF_S_cm2 = 0.02737
G_LEAK_S_cm2 = 0.006005
#: By region and channel, per area of the fibre's surface.
G_INTERNODE_S_cm2 = {
    Region.MYSA: {
        "ks_mrg": 1.324e-3,
        "leak": 1.716e-3,
        "hcn_gaines": 3.102e-3,
        "kf_gaines": 0.1642,
    },
    Region.FLUT: {
        "ks_mrg": 1.324e-3,
        "leak": 1.716e-4,
        "hcn_gaines": 3.102e-3,
        "kf_gaines": 0.02737,
    },
    Region.STIN: {
        "ks_mrg": 1.324e-3,
        "leak": 1.716e-4,
        "hcn_gaines": 3.102e-3,
        "kf_gaines": 0.02737,
    },
}
HCN_HALF_mV = -94.2


@fiber(
    summary="mammalian sensory fibre, MRG with potassium and HCN channels under the myelin",
    citation=CITATION,
    diameters_um=None,
    limits_um=FITTED_um,
    validated_um=(7.3, 16.0),
    is_myelinated=True,
    v_rest_mV=-79.35,
    reference=Reference(diameter_um=10.0, temperature_degC=37.0, velocity_m_per_s=54.05),
)
def gaines_sensory(
    *,
    diameter_um: float = 10.0,
    nodes: int = 21,
    temperature_degC: float = 37.0,
    refine: int = 1,
    mesh: Mesh | None = None,
) -> Fiber:
    """The double cable, by default on the grid it was published with; rest -79.35 mV.

    As MRG, it is not converged on that grid: `refine=3` cuts every internodal section into 3. The
    published program starts at -79.36 mV. Raises ModelError outside 5.7 to 16 um, where the
    fits of its geometry end.
    """
    return gaines(
        name="gaines_sensory",
        title="Gaines sensory",
        diameter_um=diameter_um,
        nodes=nodes,
        temperature_degC=temperature_degC,
        refine=refine,
        mesh=mesh,
        node=[
            Placement("na_gaines_sensory", "node", g_bar_S_cm2=G_NA_S_cm2),
            Placement("nap_gaines_sensory", "node", g_bar_S_cm2=G_NAP_S_cm2),
            Placement("ks_mrg", "node", g_bar_S_cm2=G_KS_S_cm2),
            Placement("kf_gaines", "node", g_bar_S_cm2=G_KF_S_cm2),
            Placement("leak", "node", g_bar_S_cm2=G_LEAK_S_cm2, e_leak_mV=E_K_mV),
        ],
        internode_S_cm2=G_INTERNODE_S_cm2,
        hcn_half_mV=HCN_HALF_mV,
        v_rest_mV=-79.35,
    )
