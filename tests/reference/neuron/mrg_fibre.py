"""The MRG motor fibre of McIntyre, Richardson & Grill 2002, doi:10.1152/jn.00353.2001, in NEURON.

Axoplasm and periaxonal space are two cables. As in the authors' model file, an internodal section
carries the fibre's outer diameter D, with axial resistivity, capacitance and conductance rescaled
so that the axolemma has the area of the axon (pi d L) and the myelin that of the fibre (pi D L).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from neuron import h

#: Proximal to distal, one node up to but not including the next.
PERIOD = ("node", "mysa", "flut", *6 * ("stin",), "flut", "mysa")

#: By fibre diameter in um: node spacing, FLUT length, axon diameter, node diameter (um), lamellae.
#: 5.7 to 16 um: the authors' file (ModelDB 3810); 2 um: McIntyre et al. 2004,
#: doi:10.1152/jn.00989.2003; 1 um: doi:10.1088/1741-2552/aa6a5f.
GEOMETRY = {
    1.0: (100.0, 5.0, 0.8, 0.7, 15),
    2.0: (200.0, 10.0, 1.6, 1.4, 30),
    5.7: (500.0, 35.0, 3.4, 1.9, 80),
    7.3: (750.0, 38.0, 4.6, 2.4, 100),
    8.7: (1000.0, 40.0, 5.8, 2.8, 110),
    10.0: (1150.0, 46.0, 6.9, 3.3, 120),
    11.5: (1250.0, 50.0, 8.1, 3.7, 130),
    12.8: (1350.0, 54.0, 9.2, 4.2, 135),
    14.0: (1400.0, 56.0, 10.4, 4.7, 140),
    15.0: (1450.0, 58.0, 11.5, 5.0, 145),
    16.0: (1500.0, 60.0, 12.7, 5.5, 150),
}

#: Everything that does not depend on the diameter.
COMMON = {
    "node_length_um": 1.0,
    "mysa_length_um": 3.0,
    "periaxonal_width_um": {"node": 0.002, "mysa": 0.002, "flut": 0.004, "stin": 0.004},
    "axoplasm_resistivity_ohm_cm": 70.0,
    "periaxonal_resistivity_ohm_cm": 70.0,
    "axolemma_capacitance_uF_cm2": 2.0,
    "axolemma_leak_S_cm2": {"mysa": 0.001, "flut": 0.0001, "stin": 0.0001},
    "axolemma_e_leak_mV": -80.0,
    "lamella_membrane_capacitance_uF_cm2": 0.1,
    "lamella_membrane_conductance_S_cm2": 0.001,
    "node_sheath_conductance_S_cm2": 1e10,
    "temperature_degC": 37.0,
}

NODE_CHANNELS = {
    "gnaf": 3.0,
    "gnap": 0.01,
    "gks": 0.08,
    "gl": 0.007,
    "ena": 50.0,
    "ek": -90.0,
    "el": -90.0,
}

#: What replaces the channels of a passive end node, which is also cut off from the axoplasm.
PASSIVE_END = {
    "leak_S_cm2": 1e-4,
    "e_leak_mV": -80.0,
    "capacitance_uF_cm2": 1.0,
    "axoplasm_resistivity_ohm_cm": 1e10,
}


def geometry(diameter_um: float) -> dict[str, float]:
    """Returns the row of one published diameter, and the STIN length that follows from it."""
    spacing_um, flut_um, axon_um, node_um, lamellae = GEOMETRY[diameter_um]
    ends_um = COMMON["node_length_um"] + 2 * (COMMON["mysa_length_um"] + flut_um)
    return {
        "diameter_um": diameter_um,
        "node_spacing_um": spacing_um,
        "flut_length_um": flut_um,
        "stin_length_um": (spacing_um - ends_um) / PERIOD.count("stin"),
        "axon_diameter_um": axon_um,
        "node_diameter_um": node_um,
        "lamellae": lamellae,
    }


def periaxonal_resistance_Mohm_cm(axon_diameter_um: float, width_um: float) -> float:
    """Returns the axial resistance per length of the annulus outside the axon."""
    radius_um = axon_diameter_um / 2
    area_um2 = math.pi * ((radius_um + width_um) ** 2 - radius_um**2)
    resistivity_ohm_um = 1e4 * COMMON["periaxonal_resistivity_ohm_cm"]
    return 0.01 * resistivity_ohm_um / area_um2  # ohm / um = 0.01 Mohm / cm


@dataclass
class Fibre:
    """The sections, proximal to distal, and which of them are nodes."""

    sections: list = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)
    nodes: list = field(default_factory=list)

    def compartments(self):
        """Yields (kind, NEURON segment), proximal to distal."""
        for kind, section in zip(self.kinds, self.sections, strict=True):
            for segment in section:
                yield kind, segment


def _insert_sheath(section, xraxial_Mohm_cm: float, xc_uF_cm2: float, xg_S_cm2: float) -> None:
    section.insert("extracellular")
    for segment in section:
        segment.xraxial[0] = xraxial_Mohm_cm
        segment.xc[0] = xc_uF_cm2
        segment.xg[0] = xg_S_cm2


def _insert_leak(section, g_S_cm2: float, e_mV: float) -> None:
    section.insert("pas")
    section.g_pas = g_S_cm2
    section.e_pas = e_mV


def _make_node(name: str, row: dict, *, is_passive_end: bool, leak: dict | None):
    section = h.Section(name=name)
    section.nseg = 1
    section.L = COMMON["node_length_um"]
    section.diam = row["node_diameter_um"]
    width_um = COMMON["periaxonal_width_um"]["node"]
    _insert_sheath(
        section,
        periaxonal_resistance_Mohm_cm(row["node_diameter_um"], width_um),
        0.0,
        COMMON["node_sheath_conductance_S_cm2"],
    )
    section.Ra = COMMON["axoplasm_resistivity_ohm_cm"]
    section.cm = COMMON["axolemma_capacitance_uF_cm2"]
    if is_passive_end:
        section.Ra = PASSIVE_END["axoplasm_resistivity_ohm_cm"]
        section.cm = PASSIVE_END["capacitance_uF_cm2"]
        _insert_leak(section, PASSIVE_END["leak_S_cm2"], PASSIVE_END["e_leak_mV"])
    elif leak is not None:
        _insert_leak(section, leak["g_S_cm2"], leak["e_mV"])
    else:
        section.insert("mrg_node")
        for parameter, value in NODE_CHANNELS.items():
            setattr(section, f"{parameter}_mrg_node", value)
    return section


def _make_internodal(name: str, kind: str, row: dict, compartments: int):
    fibre_um = row["diameter_um"]
    axon_um = row["node_diameter_um"] if kind == "mysa" else row["axon_diameter_um"]
    ratio = axon_um / fibre_um
    section = h.Section(name=name)
    section.nseg = compartments
    section.L = COMMON["mysa_length_um"] if kind == "mysa" else row[f"{kind}_length_um"]
    section.diam = fibre_um
    section.Ra = COMMON["axoplasm_resistivity_ohm_cm"] / ratio**2
    section.cm = COMMON["axolemma_capacitance_uF_cm2"] * ratio
    _insert_leak(section, COMMON["axolemma_leak_S_cm2"][kind] * ratio, COMMON["axolemma_e_leak_mV"])
    membranes = 2 * row["lamellae"]
    _insert_sheath(
        section,
        periaxonal_resistance_Mohm_cm(axon_um, COMMON["periaxonal_width_um"][kind]),
        COMMON["lamella_membrane_capacitance_uF_cm2"] / membranes,
        COMMON["lamella_membrane_conductance_S_cm2"] / membranes,
    )
    return section


def build(
    row: dict,
    *,
    nodes: int,
    passive_ends: int = 0,
    compartments_per_internodal_section: int = 1,
    node_leak: dict | None = None,
) -> Fibre:
    """Builds a fibre of `nodes` nodes; set nlayer_extracellular before the first one.

    `passive_ends` nodes at each end are passive and isolated. `node_leak` (g_S_cm2, e_mV) replaces
    the channels of the others.
    """
    h.celsius = COMMON["temperature_degC"]
    fibre = Fibre()
    for index in range(nodes):
        is_last = index == nodes - 1
        for kind in PERIOD[:1] if is_last else PERIOD:
            name = f"{kind}_{len(fibre.sections)}"
            if kind == "node":
                is_passive_end = index < passive_ends or index >= nodes - passive_ends
                section = _make_node(name, row, is_passive_end=is_passive_end, leak=node_leak)
                fibre.nodes.append(section)
            else:
                section = _make_internodal(name, kind, row, compartments_per_internodal_section)
            if fibre.sections:
                section.connect(fibre.sections[-1](1.0), 0.0)
            fibre.sections.append(section)
            fibre.kinds.append(kind)
    return fibre


def description(row: dict, *, nodes: int, passive_ends: int, node_leak: dict | None = None) -> dict:
    """Returns what `build` was given, in words and units, for the reference file."""
    return {
        "fibre": row,
        "common": COMMON,
        "period": PERIOD,
        "nodes": nodes,
        "passive_ends": passive_ends,
        "passive_end": PASSIVE_END if passive_ends else None,
        "node_channels_S_cm2_mV": None if node_leak else NODE_CHANNELS,
        "node_leak": node_leak,
    }


def compartment_table(fibre: Fibre) -> dict[str, np.ndarray]:
    """Returns NEURON's own numbers, one row per compartment, proximal to distal.

    Internodal rows carry the rescaled values of the module's docstring. A leak of 0 means that the
    compartment has channels instead.
    """
    rows = []
    for kind, segment in fibre.compartments():
        section = segment.sec
        has_leak = section.has_membrane("pas")
        rows.append(
            (
                kind,
                section.L / section.nseg,
                segment.diam,
                section.Ra,
                segment.cm,
                segment.g_pas if has_leak else 0.0,
                segment.e_pas if has_leak else 0.0,
                segment.xraxial[0],
                segment.xc[0],
                segment.xg[0],
            )
        )
    names = (
        "kind",
        "length_um",
        "diameter_um",
        "r_a_ohm_cm",
        "c_m_uF_cm2",
        "g_leak_S_cm2",
        "e_leak_mV",
        "periaxonal_Mohm_cm",
        "sheath_c_uF_cm2",
        "sheath_g_S_cm2",
    )
    columns = zip(*rows, strict=True)
    return {
        f"compartment_{name}": np.array(column) for name, column in zip(names, columns, strict=True)
    }
