"""What the autonomic and the cutaneous C fibre of Thio et al. 2024 share.

doi:10.1371/journal.pcbi.1012475; read in PyFibers 0.13, a package of the authors' group.
"""

from __future__ import annotations

from collections.abc import Mapping

from ranvier.discretisation import Mesh
from ranvier.fibers._balance import balanced
from ranvier.fibers._cylinder import cylinder
from ranvier.fibers._fiber import Fiber
from ranvier.model import Ion, Placement

CITATION = "Thio et al. 2024, doi:10.1371/journal.pcbi.1012475"

C_M_uF_cm2 = 1.326291192
V_REST_mV = -58.5
#: Of the exchanger, by its density in the published list; per mM^4.
K_NCX_mA_cm2 = 36e-9


def ions() -> list[Ion]:
    """At fixed concentrations, those that the model starts from.

    PyFibers sets 8.9, 145 and 5.4 mM of sodium and potassium, which its mechanism of accumulation
    replaces by these when a run begins: the published velocities are for these.
    """
    return [
        Ion("na", inside_mM=11.4, outside_mM=154.0),
        Ion("k", inside_mM=144.9, outside_mM=5.6),
        Ion("ca", inside_mM=1.17e-4, outside_mM=2.0),
    ]


def thio(
    *,
    name: str,
    title: str,
    diameter_um: float,
    length_um: float,
    temperature_degC: float,
    mesh: Mesh | None,
    g_S_cm2: Mapping[str, float],
    ncx_density: float,
    i_nak_mA_cm2: float,
    r_a_ohm_cm: float,
    stimulus_nA: float,
) -> Fiber:
    """An axon with the channels of `g_S_cm2`, pump and exchanger, each ion in balance at rest."""
    placements = [
        *(Placement(channel, g_bar_S_cm2=g) for channel, g in g_S_cm2.items()),
        Placement("nak_schild", i_max_mA_cm2=i_nak_mA_cm2),
        Placement("ncx_thio", k_mA_cm2=K_NCX_mA_cm2 * ncx_density),
    ]
    return cylinder(
        name=name,
        title=title,
        citation=CITATION,
        diameter_um=diameter_um,
        length_um=length_um,
        temperature_degC=temperature_degC,
        mesh=mesh,
        r_a_ohm_cm=r_a_ohm_cm,
        c_m_uF_cm2=C_M_uF_cm2,
        placements=balanced(placements, ions(), v_mV=V_REST_mV, temperature_degC=temperature_degC),
        ions=ions(),
        v_rest_mV=V_REST_mV,
        stimulus_nA=stimulus_nA,
        slowest_m_per_s=0.6,
    )
