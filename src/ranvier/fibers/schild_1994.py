"""The C neuron of Schild et al. 1994, doi:10.1152/jn.1994.71.6.2338, as an unmyelinated axon."""

from __future__ import annotations

from ranvier.discretisation import Mesh
from ranvier.fibers._fiber import Fiber, Reference, fiber
from ranvier.fibers._schild import schild

CITATION = "Schild et al. 1994, doi:10.1152/jn.1994.71.6.2338"

#: By channel.
G_S_cm2 = {
    "naf_schild94": 0.068967142,
    "nas_schild94": 0.001043349,
    "kd_schild": 1.80376e-4,
    "ka_schild": 1.41471e-4,
    "kds_schild": 1.06103e-4,
    "kca_schild": 1.41471e-4,
    "can_schild": 1.06103e-4,
    "cat_schild": 1.23787e-5,
}
G_NA_LEAK_S_cm2 = 1.85681e-5
G_CA_LEAK_S_cm2 = 3.00626e-6
#: Where pumps, exchanger and channels leave calcium in balance at rest; the papers start from
#: 1.17e-4 mM and let it move.
INNER_CALCIUM_mM = 3.57e-4


@fiber(
    summary="unmyelinated axon with the membrane of a rat nodose C neuron, 1994",
    citation=CITATION,
    diameters_um=None,
    validated_um=(1.0, 1.0),
    is_myelinated=False,
    v_rest_mV=-46.45,
    reference=Reference(diameter_um=1.0, temperature_degC=37.0, velocity_m_per_s=0.5116),
)
def schild_1994(
    *,
    diameter_um: float = 1.0,
    length_um: float = 5000.0,
    temperature_degC: float = 37.0,
    mesh: Mesh | None = None,
) -> Fiber:
    """The axon with C 1.326 uF/cm2 and R_a 100 ohm cm; rest -46.45 mV, 0.51 m/s at 1 um.

    Concentrations are fixed, calcium's at its value at rest: in the model it moves with the current
    through the membrane, a buffer and a shell outside (rest -46.46 mV in PyFibers). Pumps
    slow down when warm, as in the files that were read. Raises ModelError for a size that is not
    positive.
    """
    return schild(
        name="schild_1994",
        title="Schild 1994",
        citation=CITATION,
        diameter_um=diameter_um,
        length_um=length_um,
        temperature_degC=temperature_degC,
        mesh=mesh,
        g_S_cm2=G_S_cm2,
        g_na_leak_S_cm2=G_NA_LEAK_S_cm2,
        g_ca_leak_S_cm2=G_CA_LEAK_S_cm2,
        inner_calcium_mM=INNER_CALCIUM_mM,
        v_rest_mV=-46.45,
        stimulus_nA=0.22,
        slowest_m_per_s=0.3,
    )
