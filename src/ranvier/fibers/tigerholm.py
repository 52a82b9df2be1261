"""The human cutaneous C fibre of Tigerholm et al. 2014, doi:10.1152/jn.00777.2012.

Read in the re-implementation of ModelDB 266498 as corrected on 2024-01-24 and in its successors: no
copy of the authors' own deposit was found. The correction took inner potassium from 144.9 to
121.7 mM and the axoplasm from 35.5 to 35.4 ohm cm; both are followed here.
"""

from __future__ import annotations

from typing import Any

from ranvier.discretisation import Mesh
from ranvier.fibers._balance import balanced
from ranvier.fibers._cylinder import cylinder
from ranvier.fibers._fiber import Fiber, Reference, fiber
from ranvier.model import Ion, Placement

CITATION = "Tigerholm et al. 2014, doi:10.1152/jn.00777.2012"

#: By channel.
G_S_cm2 = {
    "nav17_tigerholm": 0.10664,
    "nav18_tigerholm": 0.24271,
    "nav19_tigerholm": 9.4779e-5,
    "kdr_tigerholm": 0.018002,
    "ka_tigerholm": 0.012756,
    "km_tigerholm": 0.0069733,
    "ih_tigerholm": 0.0025377,
    "kna_tigerholm": 4.2e-4,
}
I_PUMP_mA_cm2 = 4.7891e-3
V_REST_mV = -55.0
R_A_ohm_cm = 35.4
C_M_uF_cm2 = 1.0


#: Of the shell that ions gather in, and how fast it gives them to what is beyond: the published
#: permeability of 1e-7 m/s for 29 nm.
SHELL_um = 0.029
EXCHANGE_ms = 290.0


def ions(*, accumulate: bool = False) -> list[Ion]:
    """At the concentrations that the model starts from, which stay or, as in the model, move."""
    how: dict[str, Any] = {}
    if accumulate:
        how = {"accumulates": "both", "shell_um": SHELL_um, "exchange_ms": EXCHANGE_ms}
    return [
        Ion("na", inside_mM=11.4, outside_mM=154.0, **how),
        Ion("k", inside_mM=121.7, outside_mM=5.6, **how),
    ]


@fiber(
    summary="human cutaneous C fibre, with eight kinds of channel and a pump",
    citation=CITATION,
    diameters_um=None,
    validated_um=(0.5, 2.0),
    is_myelinated=False,
    v_rest_mV=-55.0,
    reference=Reference(diameter_um=1.0, temperature_degC=37.0, velocity_m_per_s=0.7045),
)
def tigerholm(
    *,
    diameter_um: float = 1.0,
    length_um: float = 5000.0,
    temperature_degC: float = 37.0,
    ions_accumulate: bool = False,
    mesh: Mesh | None = None,
) -> Fiber:
    """The axon with C 1 uF/cm2 and R_a 35.4 ohm cm; rest exactly -55 mV, 0.70 m/s at 1 um.

    The paper gives 0.69 m/s. Leaks of sodium and potassium, or constant currents where a leak would
    be negative, make up the balance of each ion at rest. Concentrations are fixed, unless
    `ions_accumulate`, as in the published model: then outer potassium doubles for a while after a
    spike, which makes it wider and slows trains, and a run takes longer. The shell of 29 nm has the
    volume of an annulus, 2.9 % more at 1 um than the published product of area and thickness.
    Raises ModelError for a size that is not positive.
    """
    placements = [Placement(name, g_bar_S_cm2=g_S_cm2) for name, g_S_cm2 in G_S_cm2.items()]
    placements.append(Placement("nak_tigerholm", i_max_mA_cm2=I_PUMP_mA_cm2))
    return cylinder(
        name="tigerholm",
        title="Tigerholm",
        citation=CITATION,
        diameter_um=diameter_um,
        length_um=length_um,
        temperature_degC=temperature_degC,
        mesh=mesh,
        r_a_ohm_cm=R_A_ohm_cm,
        c_m_uF_cm2=C_M_uF_cm2,
        placements=balanced(placements, ions(), v_mV=V_REST_mV, temperature_degC=temperature_degC),
        ions=ions(accumulate=ions_accumulate),
        v_rest_mV=V_REST_mV,
        stimulus_nA=0.42,
        slowest_m_per_s=0.4,
    )
