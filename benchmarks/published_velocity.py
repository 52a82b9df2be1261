"""Velocities, g-ratios, damaged myelin and extracellular amplitudes beside published numbers.

    python benchmarks/published_velocity.py

Nothing is asserted. What the sources are is in the tables; "simulated" are numbers of independent
solvers for the same model.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

import ranvier as rv
from ranvier.fibers.variants import damaged, g_ratio_of, internodes
from ranvier.studies import (
    StudyTable,
    collision,
    demyelination,
    velocity_against_diameter,
    velocity_against_g_ratio,
    velocity_against_temperature,
)

FT_m = 0.3048
G_RATIOS = np.arange(0.40, 0.91, 0.05)
FAST = rv.Method(dt_ms=0.001)


def row(*cells: object) -> None:
    print("| " + " | ".join(map(str, cells)) + " |", flush=True)


def head(*cells: str) -> None:
    print()
    row(*cells)
    row(*["---"] * len(cells))


def diameters() -> None:
    head("myelinated, m/s per um of diameter", "published", "here (dt 1 us)")
    mrg = velocity_against_diameter("mrg", method=FAST)
    ratio = mrg["velocity_m_per_s"] / mrg["diameter_um"]
    large = mrg["diameter_um"] >= 5.7
    row("Hursh 1939, cat", "6", "")
    row("Boyd & Kalu 1979, cat, group I; II and III", "5.7; 4.6", "")
    ends = f"{ratio[large][0]:.2f}, {ratio[-1]:.2f}"
    row("MRG at 5.7 and 16 um", "4.43, 5.76 (NEURON, backward Euler, 1 us)", ends)
    slope, start = np.polyfit(mrg["diameter_um"][large], mrg["velocity_m_per_s"][large], 1)
    row("MRG 5.7 to 16 um, slope of the line", "linear", f"{slope:.2f} ({start:+.1f} m/s at 0)")
    row("MRG 1 to 16 um, exponent of a power", "1", f"{mrg.summary['exponent']:.3f}")
    for name in ("frankenhaeuser_huxley", "crrss"):
        found = velocity_against_diameter(name, [5.0, 10.0, 20.0])
        row(
            f"{name}, exponent; R^2 of line and of root",
            "1",
            f"{found.summary['exponent']:.4f}; {found.summary['r_squared_of_line']:.5f}, "
            f"{found.summary['r_squared_of_root']:.3f}",
        )

    head("unmyelinated, m/s", "simulated (backward Euler, 5 us)", "here", "exponent", "R^2 of root")
    for name, asked, known in (
        ("sundt", [0.25, 0.5, 1.0, 2.0], "0.2454, 0.3478, 0.4924, 0.6967"),
        ("tigerholm", [0.5, 1.0, 2.0], "0.4953, 0.701, 0.9918"),
    ):
        found = velocity_against_diameter(
            name, asked, method=rv.Method("backward_euler", dt_ms=0.005)
        )
        speeds = ", ".join(f"{v:.4f}" for v in found["velocity_m_per_s"])
        root = found.summary
        row(
            f"{name}, {', '.join(map(str, asked))} um",
            known,
            speeds,
            f"{root['exponent']:.4f}",
            f"{root['r_squared_of_root']:.6f}",
        )


def textbook() -> None:
    head("diameter that conducts at", "simulated", "here")
    mrg = velocity_against_diameter("mrg", method=FAST)
    fast = np.interp(200 * FT_m, mrg["velocity_m_per_s"], mrg["diameter_um"])
    row("200 ft/s (61.0 m/s), MRG", "10.8 to 11 um", f"{fast:.2f} um")
    row("200 ft/s, by Hursh's 6 m/s per um", "10.2 um", "")
    for degC, known in ((6.3, "29 um"), (18.5, "12.6 um")):
        squid = velocity_against_diameter(
            lambda diameter_um, degC=degC: rv.fibers.hodgkin_huxley(
                diameter_um=diameter_um, temperature_degC=degC, length_um=2e4 * diameter_um**0.5 / 4
            ),
            [10.0, 20.0, 40.0],
        )
        found = (10 * FT_m / squid.summary["root_m_per_s"]) ** 2
        row(f"10 ft/s (3.05 m/s), squid membrane, {degC} degC", known, f"{found:.1f} um")
    sundt = velocity_against_diameter("sundt", [0.5, 1.0, 2.0])
    found = (10 * FT_m / sundt.summary["root_m_per_s"]) ** 2
    row("10 ft/s, Sundt's C fibre, 37 degC", "38 um", f"{found:.1f} um")
    row("a C fibre of 1 um (Sundt)", "0.4955 m/s", f"{sundt['velocity_m_per_s'][1]:.4f} m/s")


def temperatures() -> None:
    head("squid, m/s at", "simulated", "here")
    found = velocity_against_temperature(
        "hodgkin_huxley", [6.3, 12.0, 18.5, 25.0, 30.0, 33.0, 36.0], length_um=6e4
    )
    known = ["12.314", "15.194", "18.732", "22.049", "about 23.4", "", "no stable wave"]
    for degC, word, v, status in zip(
        found["temperature_degC"], known, found["velocity_m_per_s"], found.status, strict=True
    ):
        row(f"{degC:g} degC", word, f"{v:.3f}" if np.isfinite(v) else status)


def changed(
    fibre: rv.fibers.Fiber, *, gap: float = 1.0, node_capacitance: float = 1.0
) -> rv.fibers.Fiber:
    """With a periaxonal space so many times as wide, its resistance the same where that is what is
    known, and nodes of so many times the capacitance."""
    sections = []
    for section in fibre.model.sections:
        sheath = section.sheath
        if sheath is not None and not sheath.is_open and sheath.lamella_period_um is not None:
            sheath = rv.Sheath(
                periaxonal_width_um=gap * (sheath.periaxonal_width_um or 0.0),
                periaxonal_resistance_Mohm_per_cm=sheath.periaxonal_resistance_Mohm_per_cm,
                periaxonal_resistivity_ohm_cm=sheath.periaxonal_resistivity_ohm_cm,
                lamellae=sheath.lamellae,
                lamella_period_um=sheath.lamella_period_um,
                c_membrane_uF_cm2=sheath.c_membrane_uF_cm2,
                g_membrane_S_cm2=sheath.g_membrane_S_cm2,
            )
        is_node = section.region == "node"
        sections.append(
            rv.Section(
                section.name,
                region=section.region,
                parent=section.parent,
                length_um=section.length_um,
                diameter_um=section.points_um[0, 3],
                r_a_ohm_cm=section.r_a_ohm_cm,
                c_m_uF_cm2=section.c_m_uF_cm2 * (node_capacitance if is_node else 1.0),
                sheath=sheath,
            )
        )
    model = fibre.model
    return replace(
        fibre,
        model=rv.Model(
            sections=sections,
            placements=model.placements,
            ions=model.ions,
            temperature_degC=model.temperature_degC,
            name=model.name,
        ),
    )


def capacitances_pF(fibre: rv.fibers.Fiber) -> str:
    """Of a node, and of the myelin between two."""
    d = rv.discretise(fibre.model, fibre.mesh)
    nodes = np.flatnonzero(np.asarray(d.section_regions)[d.section] == "node")
    (layer,) = d.to_dict()["layers"]
    myelin_nF = layer["capacitance_nF"][nodes[1] + 1 : nodes[2]].sum()
    return f"{1e3 * d.capacitance_nF[nodes[1]]:.3f}, {1e3 * myelin_nF:.3f}"


def g_ratios() -> None:
    head("g-ratio of", "node, myelin, pF", "own", "fastest at", "m/s there", "m/s at its own")
    row("Rushton 1951: v ~ g sqrt(-ln g)", "", "", "0.607", "", "")
    row("peripheral and central axons as measured", "", "0.6 to 0.77", "", "", "")
    mrg, cns = rv.fibers.mrg(), rv.fibers.arancibia_carcamo(nodes=31)
    for what, fibre, myelin in (
        ("MRG 10 um, its myelin: each turn alike, wherever it lies", mrg, "own"),
        ("MRG 10 um, turns where they lie: 1 / ln(1 / g)", mrg, "radial"),
        (
            "the same, nodes of a tenth the capacitance",
            changed(mrg, node_capacitance=0.1),
            "radial",
        ),
        ("the same, nodes of twice the capacitance", changed(mrg, node_capacitance=2), "radial"),
        ("MRG 5.7 um, turns where they lie", rv.fibers.mrg(diameter_um=5.7), "radial"),
        ("optic nerve: a space of 15 nm beside an axon of 0.82 um", cns, "own"),
        ("the same, a space of 1.5 nm of the same resistance", changed(cns, gap=0.1), "own"),
        ("cortex", rv.fibers.arancibia_carcamo(axon="cortex", nodes=31), "own"),
    ):
        found = velocity_against_g_ratio(fibre, G_RATIOS, myelin=myelin)
        own = g_ratio_of(fibre)
        there = np.interp(own, found["g_ratio"], found["velocity_m_per_s"])
        row(
            what,
            capacitances_pF(fibre),
            f"{own:.3f}",
            f"{found.summary['best_g_ratio']:.3f}",
            f"{found.summary['best_m_per_s']:.2f}",
            f"{there:.2f}",
        )


def told(table: StudyTable) -> None:
    for k in range(1, len(table)):
        delay_us = 1e3 * table["delay_ms"][k]
        row(
            table["lesion"][k],
            table["internodes"][k],
            f"{delay_us:.1f}" if np.isfinite(delay_us) else "-",
            table.status[k],
        )


def passes(fibre: rv.fibers.Fiber) -> bool:
    """Whether a spike arrives at the node that is the fourth from the end."""
    last = f"node[{len(internodes(fibre)) - 3}]"
    detect = rv.SpikeDetector(at=(last, 0.5))
    result = rv.simulate(fibre, fibre.stimulus, t_stop_ms=8 * fibre.t_stop_ms, detect=detect)
    return len(result.crossings[0]) > 0


def least_share(fibre: rv.fibers.Fiber, which: list[int]) -> tuple[float, float]:
    """The share of turns at which a spike is stopped, and one at which it passes, 2 % apart."""
    low, high = 1e-3, 1.0
    if passes(damaged(fibre, which, "thinned", amount=low)):
        return 0.0, low
    while high / low > 1.02:
        middle = (low * high) ** 0.5
        if passes(damaged(fibre, which, "thinned", amount=middle)):
            high = middle
        else:
            low = middle
    return low, high


def damage() -> None:
    for name, fibre in (
        ("MRG 10 um", rv.fibers.mrg(nodes=31, refine=3)),
        ("optic nerve", rv.fibers.arancibia_carcamo(nodes=31)),
    ):
        head(f"{name}: lesion", "internodes", "delay, us", "outcome")
        told(demyelination(fibre))
    head("share of the turns at which conduction stops", "published", "here")
    fibre = rv.fibers.mrg(nodes=21, refine=3)
    for what, known, which in (
        ("all internodes", "0.02 (Reutskiy, Rossoni & Tirozzi 2003, frog, whole fibre)", range(20)),
        ("one internode", "", [10]),
    ):
        low, high = least_share(fibre, list(which))
        row(f"MRG 10 um, {what}", known, f"{low:.4f} to {high:.4f}")


def meetings() -> None:
    head("two spikes, one from each end", "expected", "here")
    for name, fibre in (
        ("MRG 10 um, 41 nodes", rv.fibers.mrg(nodes=41)),
        ("squid, 10 cm", rv.fibers.hodgkin_huxley()),
    ):
        found = collision(fibre, [0.0, 0.3])
        for k in range(2):
            row(
                f"{name}, {found['delay_ms'][k]:g} ms apart",
                f"annihilated at {1e-3 * found['expected_um'][k]:.2f} mm",
                f"{found.status[k]} at {1e-3 * found['met_um'][k]:.2f} mm",
            )


def amplitudes() -> None:
    head(
        "peak to peak, uV, 0.3 S/m, at um",
        "simulated (backward Euler, 5 us)",
        "likewise",
        "dt 1 us",
    )
    for name, fibre, known in (
        ("MRG 10 um, over a node", rv.fibers.mrg(nodes=61), {50: 13.68, 250: 2.459, 1000: 0.480}),
        (
            "Rattay-Aberham 1 um",
            rv.fibers.rattay_aberham(length_um=5e3),
            {50: 3.38, 250: 0.147},
        ),
    ):
        found = []
        for method in (rv.Method("backward_euler", dt_ms=0.005), FAST):
            result = rv.simulate(
                fibre,
                fibre.stimulus,
                rv.analysis.layer_probes(fibre, every_ms=0.005),
                t_stop_ms=min(fibre.t_stop_ms, 6.0 if not fibre.is_myelinated else 2.5),
                method=method,
            )
            electrodes = {str(h): rv.fields.PointSource(position_um=(0, 0, h)) for h in known}
            seen = rv.responses.single_fibre_action_potential(result, electrodes, sources="points")
            found.append(seen.peak_to_peak_uV)
        for k, (height_um, value) in enumerate(known.items()):
            row(f"{name}, {height_um}", value, f"{found[0][k]:.4g}", f"{found[1][k]:.4g}")


def main() -> None:
    for part in (diameters, textbook, temperatures, g_ratios, damage, meetings, amplitudes):
        part()


if __name__ == "__main__":
    main()
