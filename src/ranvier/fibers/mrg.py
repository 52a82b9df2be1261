"""The MRG model of a mammalian motor fibre: McIntyre, Richardson & Grill 2002.

doi:10.1152/jn.00353.2001. The nine diameters of the paper's table, the 2 um fibre that its
authors added (McIntyre, Grill, Sherman & Thakor 2004, doi:10.1152/jn.00989.2003) and the 1 um fibre
of doi:10.1088/1741-2552/aa6a5f. Nothing is interpolated here.
"""

from __future__ import annotations

import math

from ranvier.discretisation import FixedCount, Mesh
from ranvier.errors import ModelError
from ranvier.fibers._balance import ion_currents_mA_cm2
from ranvier.fibers._double_cable import Geometry, Region, double_cable
from ranvier.fibers._fiber import Fiber, Reference, expect_whole, fiber
from ranvier.membrane.constants import thermal_voltage_mV
from ranvier.model import Ion, Model, Placement
from ranvier.stimuli import CurrentClamp, Pulse

CITATION = "McIntyre, Richardson & Grill 2002, doi:10.1152/jn.00353.2001"

#: Leak of the axolemma under the myelin, which has no other channels.
G_INTERNODE_S_cm2 = {Region.MYSA: 1e-3, Region.FLUT: 1e-4, Region.STIN: 1e-4}
E_INTERNODE_mV = -80.0

G_NA_S_cm2 = 3.0
G_NAP_S_cm2 = 0.01
G_KS_S_cm2 = 0.08
G_LEAK_NODE_S_cm2 = 0.007
E_NA_mV = 50.0
E_K_mV = -90.0

#: Of the fibre whose ions move, which the paper does not have: outer concentrations of mammalian
#: plasma, what the pump needs (Kager, Wadman & Somjen 2000, doi:10.1152/jn.2000.84.1.495), and
#: diffusion in water at 37 degC (Hille, Ion Channels of Excitable Membranes, 3rd ed., table 10.1 at
#: 25 degC, times 1.35 for the viscosity).
NA_OUTSIDE_mM = 145.0
K_OUTSIDE_mM = 4.0
PUMP = "nak_kager"
D_NA_um2_per_ms = 1.8
D_K_um2_per_ms = 2.6

#: By fibre diameter in um; 5.7 to 16 are table 1 of the paper.
GEOMETRY = {
    1.0: Geometry(100, 5, 0.8, 0.7, 15),
    2.0: Geometry(200, 10, 1.6, 1.4, 30),
    5.7: Geometry(500, 35, 3.4, 1.9, 80),
    7.3: Geometry(750, 38, 4.6, 2.4, 100),
    8.7: Geometry(1000, 40, 5.8, 2.8, 110),
    10.0: Geometry(1150, 46, 6.9, 3.3, 120),
    11.5: Geometry(1250, 50, 8.1, 3.7, 130),
    12.8: Geometry(1350, 54, 9.2, 4.2, 135),
    14.0: Geometry(1400, 56, 10.4, 4.7, 140),
    15.0: Geometry(1450, 58, 11.5, 5.0, 145),
    16.0: Geometry(1500, 60, 12.7, 5.5, 150),
}


@fiber(
    summary="mammalian motor fibre with nodes, paranodes and a periaxonal space",
    citation=CITATION,
    diameters_um=tuple(GEOMETRY),
    validated_um=(1.0, 16.0),
    is_myelinated=True,
    v_rest_mV=-79.96,
    reference=Reference(diameter_um=10.0, temperature_degC=37.0, velocity_m_per_s=56.2),
)
def mrg(
    *,
    diameter_um: float = 10.0,
    nodes: int = 21,
    temperature_degC: float = 37.0,
    refine: int = 1,
    passive_end_nodes: int = 0,
    ions_accumulate: bool = False,
    mesh: Mesh | None = None,
) -> Fiber:
    """The double-cable motor fibre, by default on the grid it was published with.

    That grid has one compartment per section, 11 from node to node, and is not converged in space:
    `refine=3` cuts every internodal section into 3, without changing the fibre, and so on.
    `passive_end_nodes` replaces so many nodes at each end by isolated leaky patches, as NEURON
    scripts often do.

    With `ions_accumulate` sodium moves in the axoplasm, and potassium there and in the periaxonal
    space; nodes face a bath. For that every leak becomes one of sodium and one of potassium, of the
    same conductance as before together, beside a sodium-potassium pump, such that at -80 mV either
    ion is in balance everywhere. That is 0.04 mV below the published rest, and thresholds are 0.5 %
    higher; else the axon does what it did until ions have moved. Raises ModelError for a diameter
    that was not published.
    """
    name = "mrg"
    expect_whole(name, least=2, nodes=nodes)
    expect_whole(name, least=1, refine=refine)
    expect_whole(name, least=0, passive_end_nodes=passive_end_nodes)
    if diameter_um not in GEOMETRY:
        published = ", ".join(f"{d:g}" for d in GEOMETRY)
        raise ModelError(
            f"fibre {name!r}: diameter_um is {diameter_um:g}, expected a published one: {published}"
        )
    if 2 * passive_end_nodes >= nodes:
        raise ModelError(
            f"fibre {name!r}: {passive_end_nodes} passive nodes at each end of {nodes}, "
            "expected some nodes in between"
        )
    if ions_accumulate and passive_end_nodes:
        raise ModelError(
            f"fibre {name!r}: passive_end_nodes is {passive_end_nodes} where ions accumulate, "
            "expected 0, since their leak is of no ion"
        )
    model = Model(
        name=f"MRG {diameter_um:g} um",
        sections=double_cable(
            GEOMETRY[diameter_um],
            fiber_diameter_um=diameter_um,
            nodes=nodes,
            passive_end_nodes=passive_end_nodes,
        ),
        placements=(
            _living(temperature_degC) if ions_accumulate else _placements(passive_end_nodes)
        ),
        ions=(
            _moving_ions(temperature_degC)
            if ions_accumulate
            else [Ion("na", e_mV=E_NA_mV), Ion("k", e_mV=E_K_mV)]
        ),
        temperature_degC=temperature_degC,
    )
    return Fiber(
        name=name,
        model=model,
        mesh=mesh or FixedCount(refine, by_region={Region.NODE: 1, "end_node": 1}),
        diameter_um=diameter_um,
        citation=CITATION,
        stimulus=CurrentClamp(
            # At the second node, as in the field's workloads; five times threshold at 10 um.
            waveform=Pulse(onset_ms=0.1, duration_ms=0.1),
            at=("node[1]", 0.5),
            amplitude_nA=5.0 * (diameter_um / 10.0) ** 1.5,
        ),
        velocity_sites=(Region.NODE.value, 0.5),
        # 3.5 m/s per um of diameter is slower than any of these fibres at 37 degC.
        t_stop_ms=2.0
        + math.ceil(nodes * GEOMETRY[diameter_um].node_spacing_um * 1e-3 / (3.5 * diameter_um)),
        is_myelinated=True,
        v_rest_guess_mV=-80.0,
    )


def _channels() -> list[Placement]:
    node = Region.NODE.value
    return [
        Placement("na_mrg", node, g_bar_S_cm2=G_NA_S_cm2),
        Placement("nap_mrg", node, g_bar_S_cm2=G_NAP_S_cm2),
        Placement("ks_mrg", node, g_bar_S_cm2=G_KS_S_cm2),
    ]


def _placements(passive_end_nodes: int) -> list[Placement]:
    node = Region.NODE.value
    placements = [
        *_channels(),
        Placement("leak", node, g_bar_S_cm2=G_LEAK_NODE_S_cm2, e_leak_mV=E_K_mV),
    ]
    placements += [
        Placement("leak", region.value, g_bar_S_cm2=g_S_cm2, e_leak_mV=E_INTERNODE_mV)
        for region, g_S_cm2 in G_INTERNODE_S_cm2.items()
    ]
    if passive_end_nodes:
        placements.append(Placement("leak", "end_node", g_bar_S_cm2=1e-4, e_leak_mV=E_INTERNODE_mV))
    return placements


def _moving_ions(temperature_degC: float) -> list[Ion]:
    """Outside as in plasma, inside as the published reversal potentials have it."""
    thermal_mV = float(thermal_voltage_mV(temperature_degC=temperature_degC))
    return [
        Ion(
            "na",
            inside_mM=NA_OUTSIDE_mM * math.exp(-E_NA_mV / thermal_mV),
            outside_mM=NA_OUTSIDE_mM,
            accumulates="inside",
            diffusion_um2_per_ms=D_NA_um2_per_ms,
        ),
        Ion(
            "k",
            inside_mM=K_OUTSIDE_mM * math.exp(-E_K_mV / thermal_mV),
            outside_mM=K_OUTSIDE_mM,
            accumulates="both",
            diffusion_um2_per_ms=D_K_um2_per_ms,
        ),
    ]


def _living(temperature_degC: float) -> list[Placement]:
    """Channels, and leaks and pumps that hold each ion at `E_INTERNODE_mV`, region by region.

    With the leaks' conductance g = g_na + g_k and the pump's net current p, its sodium being 3 p,
    i_na + g_na (v - e_na) + 3 p = 0 and i_k + g_k (v - e_k) - 2 p = 0.
    """
    ions = _moving_ions(temperature_degC)
    node = Region.NODE.value
    g_S_cm2 = {node: G_LEAK_NODE_S_cm2, **{r.value: g for r, g in G_INTERNODE_S_cm2.items()}}
    channels = _channels()
    at_rest = {"v_mV": E_INTERNODE_mV, "temperature_degC": temperature_degC}
    carried = ion_currents_mA_cm2(channels, ions, **at_rest)
    per_i_max = ion_currents_mA_cm2([Placement(PUMP, i_max_mA_cm2=1.0)], ions, **at_rest)["na"] / 3
    drive_na_mV, drive_k_mV = E_INTERNODE_mV - E_NA_mV, E_INTERNODE_mV - E_K_mV
    placements = list(channels)
    for region, g in g_S_cm2.items():
        i_na, i_k = (carried[ion] if region == node else 0.0 for ion in ("na", "k"))
        # 2 times the first and 3 times the second, added up, have no pump in them.
        g_na = (2 * i_na + 3 * i_k + 3 * g * drive_k_mV) / (3 * drive_k_mV - 2 * drive_na_mV)
        pump = -(i_na + g_na * drive_na_mV) / 3
        placements += [
            Placement("na_leak", region, g_bar_S_cm2=g_na),
            Placement("k_leak", region, g_bar_S_cm2=g - g_na),
            Placement(PUMP, region, i_max_mA_cm2=pump / per_i_max),
        ]
    return placements
