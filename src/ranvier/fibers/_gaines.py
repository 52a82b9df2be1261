"""What the motor and the sensory fibre of Gaines et al. 2018 share, doi:10.1007/s10827-018-0689-5.

The double cable of MRG with lengths and widths fitted as functions of the fibre's diameter, fast
potassium channels at the node, and channels under the myelin. Numbers of ModelDB 243841.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from ranvier.discretisation import FixedCount, Mesh
from ranvier.errors import ModelError
from ranvier.fibers._double_cable import Geometry, Region, double_cable
from ranvier.fibers._fiber import Fiber, expect_whole
from ranvier.model import Ion, Model, Placement
from ranvier.stimuli import CurrentClamp, Pulse

CITATION = "Gaines et al. 2018, doi:10.1007/s10827-018-0689-5"

#: What the formulas were fitted to.
FITTED_um = (5.7, 16.0)
E_NA_mV = 50.0
#: Of every leak too.
E_K_mV = -90.0
E_HCN_mV = -54.9


def geometry(diameter_um: float) -> Geometry:
    """The fits, for a fibre's diameter in um."""
    return Geometry(
        node_spacing_um=969.3 * math.log(diameter_um) - 1144.6,
        flut_length_um=2.5811 * diameter_um + 19.59,
        axon_diameter_um=0.889 * diameter_um - 1.9104,
        node_diameter_um=0.3449 * diameter_um - 0.1484,
        mysa_diameter_um=0.3527 * diameter_um - 0.1804,
        lamellae=65.897 * math.log(diameter_um) - 32.666,
    )


def gaines(
    *,
    name: str,
    title: str,
    diameter_um: float,
    nodes: int,
    temperature_degC: float,
    refine: int,
    mesh: Mesh | None,
    node: list[Placement],
    internode_S_cm2: Mapping[Region, Mapping[str, float]],
    hcn_half_mV: float,
    v_rest_mV: float,
) -> Fiber:
    """The fibre with `node` at its nodes and `internode_S_cm2`, by region and channel, between.

    Conductances under the myelin count per area of the fibre's surface and not of the axon's: the
    published sections are as wide as the fibre, and unlike MRG's have them unscaled.
    """
    expect_whole(name, least=2, nodes=nodes)
    expect_whole(name, least=1, refine=refine)
    low_um, high_um = FITTED_um
    if not low_um <= diameter_um <= high_um:
        raise ModelError(
            f"fibre {name!r}: diameter_um is {diameter_um:g}, expected {low_um:g} to {high_um:g}, "
            "for which it was fitted"
        )
    shape = geometry(diameter_um)
    mysa_um = shape.mysa_diameter_um or shape.node_diameter_um
    widths_um = {
        Region.MYSA: mysa_um,
        Region.FLUT: shape.axon_diameter_um,
        Region.STIN: shape.axon_diameter_um,
    }
    placements = list(node)
    for region, by_channel in internode_S_cm2.items():
        wider = diameter_um / widths_um[region]
        extra = {
            "leak": {"e_leak_mV": E_K_mV},
            "hcn_gaines": {"v_half_mV": hcn_half_mV, "reversal_mV": E_HCN_mV},
        }
        placements += [
            Placement(channel, region.value, g_bar_S_cm2=wider * g_S_cm2, **extra.get(channel, {}))
            for channel, g_S_cm2 in by_channel.items()
        ]
    model = Model(
        name=f"{title} {diameter_um:g} um",
        sections=double_cable(shape, fiber_diameter_um=diameter_um, nodes=nodes),
        placements=placements,
        ions=[Ion("na", e_mV=E_NA_mV), Ion("k", e_mV=E_K_mV)],
        temperature_degC=temperature_degC,
    )
    return Fiber(
        name=name,
        model=model,
        mesh=mesh or FixedCount(refine, by_region={Region.NODE: 1}),
        diameter_um=diameter_um,
        citation=CITATION,
        stimulus=CurrentClamp(
            waveform=Pulse(onset_ms=0.1, duration_ms=0.1),
            at=("node[1]", 0.5),
            amplitude_nA=5.0 * (diameter_um / 10.0) ** 1.5,
        ),
        velocity_sites=(Region.NODE.value, 0.5),
        t_stop_ms=2.0 + math.ceil(nodes * shape.node_spacing_um * 1e-3 / (3.0 * diameter_um)),
        is_myelinated=True,
        v_rest_guess_mV=v_rest_mV,
    )
