"""What the C neurons of Schild et al. 1994 and of Schild & Kunze 1997 share as axons.

doi:10.1152/jn.1994.71.6.2338 and doi:10.1152/jn.1997.78.6.3198 describe cell bodies; Pelot et al.
2021 (doi:10.1152/jn.00315.2020, ModelDB 266498), whose files were read, made axons of them.
"""

from __future__ import annotations

from collections.abc import Mapping

from ranvier.discretisation import Mesh
from ranvier.fibers._cylinder import cylinder
from ranvier.fibers._fiber import Fiber
from ranvier.model import Ion, Placement

#: 37.5 pF on the membrane of the cell body, a sphere of 30 um.
C_M_uF_cm2 = 1.326291192
R_A_ohm_cm = 100.0
#: Schild's reversal potential of calcium is Nernst's and this.
E_CA_SHIFT_mV = -78.7
I_NAK_mA_cm2 = 0.009726135
K_NCX_mA_cm2 = 1.27324e-6  # per mM^4
I_PMCA_mA_cm2 = 8.59437e-4


def ions(*, inner_calcium_mM: float) -> list[Ion]:
    """At fixed concentrations, sodium's and potassium's as in the model."""
    return [
        Ion("na", inside_mM=8.9, outside_mM=154.0),
        Ion("k", inside_mM=145.0, outside_mM=5.4),
        Ion("ca", inside_mM=inner_calcium_mM, outside_mM=2.0),
    ]


def schild(
    *,
    name: str,
    title: str,
    citation: str,
    diameter_um: float,
    length_um: float,
    temperature_degC: float,
    mesh: Mesh | None,
    g_S_cm2: Mapping[str, float],
    g_na_leak_S_cm2: float,
    g_ca_leak_S_cm2: float,
    inner_calcium_mM: float,
    v_rest_mV: float,
    stimulus_nA: float,
    slowest_m_per_s: float,
) -> Fiber:
    """An axon with the channels of `g_S_cm2`, background leaks, two pumps and the exchanger."""
    return cylinder(
        name=name,
        title=title,
        citation=citation,
        diameter_um=diameter_um,
        length_um=length_um,
        temperature_degC=temperature_degC,
        mesh=mesh,
        r_a_ohm_cm=R_A_ohm_cm,
        c_m_uF_cm2=C_M_uF_cm2,
        placements=[
            *(Placement(channel, g_bar_S_cm2=g) for channel, g in g_S_cm2.items()),
            Placement("na_leak", g_bar_S_cm2=g_na_leak_S_cm2),
            Placement("ca_leak", g_bar_S_cm2=g_ca_leak_S_cm2, e_shift_mV=E_CA_SHIFT_mV),
            Placement("nak_schild", i_max_mA_cm2=I_NAK_mA_cm2),
            Placement("ncx_schild", k_mA_cm2=K_NCX_mA_cm2),
            Placement("pmca_schild", i_max_mA_cm2=I_PMCA_mA_cm2),
        ],
        ions=ions(inner_calcium_mM=inner_calcium_mM),
        v_rest_mV=v_rest_mV,
        stimulus_nA=stimulus_nA,
        slowest_m_per_s=slowest_m_per_s,
        tail_ms=12.0,
    )
