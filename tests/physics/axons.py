"""Excitable axons that the physics tests share: a branched one, and one held at its end."""

from __future__ import annotations

import ranvier as rv

HH = [
    rv.Placement("na_hh", g_bar_S_cm2=0.12),
    rv.Placement("k_hh", g_bar_S_cm2=0.036),
    rv.Placement("leak", g_bar_S_cm2=3e-4, e_leak_mV=-54.387),
]
IONS = [rv.Ion("na", e_mV=50.0), rv.Ion("k", e_mV=-77.0)]
SQUID_um = {"diameter_um": 476.0, "r_a_ohm_cm": 35.4}


def tree() -> rv.Discretisation:
    """A stem that forks at its end and has a twig at 0.37 of its length: two junctions, and three
    diameters for a spike to pass."""
    shapes = {"stem": (3000.0, 20.0), "left": (2000.0, 10.0), "right": (1500.0, 14.0)}
    sections = [
        rv.Section(
            name,
            parent=None if name == "stem" else "stem",
            length_um=length_um,
            diameter_um=diameter_um,
            r_a_ohm_cm=35.4,
        )
        for name, (length_um, diameter_um) in shapes.items()
    ]
    sections.append(
        rv.Section(
            "twig",
            parent="stem",
            parent_position=0.37,
            length_um=1000.0,
            diameter_um=5.0,
            r_a_ohm_cm=35.4,
        )
    )
    model = rv.Model(sections=sections, placements=HH, ions=IONS, temperature_degC=18.5)
    return rv.discretise(model, rv.MaxLength(200.0))


#: Of the compartment that holds the end of a clamped axon, far above the axial 5e4 uS: it follows
#: its reversal potential within 1e-8 ms.
CLAMP_S_cm2 = 1e6


def clamped(
    command_mV: float, placements: list[rv.Placement] | None = None, length_um: float = 2000.0
) -> rv.Discretisation:
    """A squid axon of 10 um compartments, of which the first is held at `command_mV`."""
    sections = [
        rv.Section("electrode", length_um=10.0, **SQUID_um),
        rv.Section("axon", parent="electrode", length_um=length_um, **SQUID_um),
    ]
    hold = rv.Placement("leak", "electrode", g_bar_S_cm2=CLAMP_S_cm2, e_leak_mV=command_mV)
    model = rv.Model(
        sections=sections,
        placements=[
            hold,
            *(
                rv.Placement(placed.mechanism, "axon", **placed.parameters)
                for placed in (HH if placements is None else placements)
            ),
        ],
        ions=IONS,
        temperature_degC=6.3,
    )
    return rv.discretise(model, rv.MaxLength(10.0))
