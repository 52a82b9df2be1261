"""The C neuron of Schild & Kunze 1997, doi:10.1152/jn.1997.78.6.3198, as an unmyelinated axon."""

from __future__ import annotations

from ranvier.discretisation import Mesh
from ranvier.fibers._fiber import Fiber, Reference, fiber
from ranvier.fibers._schild import schild

CITATION = "Schild & Kunze 1997, doi:10.1152/jn.1997.78.6.3198"

#: By channel.
G_S_cm2 = {
    "naf_schild97": 0.022434928,
    "nas_schild97": 0.022434928,
    "kd_schild": 0.001956534,
    "ka_schild": 0.001304356,
    "kds_schild": 7.82614e-4,
    "kca_schild": 9.13049e-4,
    "can_schild": 5.21743e-4,
    "cat_schild": 1.8261e-4,
}
G_NA_LEAK_S_cm2 = 1.8261e-5
G_CA_LEAK_S_cm2 = 9.13049e-6
#: Where pumps, exchanger and channels leave calcium in balance at rest; the papers start from
#: 1.17e-4 mM and let it move.
INNER_CALCIUM_mM = 3.2748e-3


@fiber(
    summary="unmyelinated axon with the membrane of a rat nodose C neuron, 1997",
    citation=CITATION,
    diameters_um=None,
    validated_um=(1.0, 1.0),
    is_myelinated=False,
    v_rest_mV=-68.50,
    reference=Reference(diameter_um=1.0, temperature_degC=37.0, velocity_m_per_s=0.2875),
)
def schild_1997(
    *,
    diameter_um: float = 1.0,
    length_um: float = 5000.0,
    temperature_degC: float = 37.0,
    mesh: Mesh | None = None,
) -> Fiber:
    """The axon with C 1.326 uF/cm2 and R_a 100 ohm cm; rest -68.50 mV, 0.29 m/s at 1 um.

    Concentrations are fixed, calcium's at its value at rest: in the model it moves with the current
    through the membrane, a buffer and a shell outside (rest -68.39 mV in PyFibers). Pumps
    slow down when warm, as in the files that were read. Raises ModelError for a size that is not
    positive.
    """
    return schild(
        name="schild_1997",
        title="Schild 1997",
        citation=CITATION,
        diameter_um=diameter_um,
        length_um=length_um,
        temperature_degC=temperature_degC,
        mesh=mesh,
        g_S_cm2=G_S_cm2,
        g_na_leak_S_cm2=G_NA_LEAK_S_cm2,
        g_ca_leak_S_cm2=G_CA_LEAK_S_cm2,
        inner_calcium_mM=INNER_CALCIUM_mM,
        v_rest_mV=-68.50,
        stimulus_nA=0.46,
        slowest_m_per_s=0.17,
    )
