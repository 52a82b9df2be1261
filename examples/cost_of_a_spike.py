"""ATP per spike of a squid's axon, of an axon of the cortex and of a motor fibre.

What sodium a spike lets in, the pump sends out again: one ATP for three. Its least amount is what
the capacitance takes for the height of the spike; how many times more flows, because potassium
goes out at the same time, is the excess.
"""

from math import pi

import matplotlib.pyplot as plt
import numpy as np

import ranvier as rv

ELEMENTARY_C = 1.602176634e-19


def sodium_mA_cm2(result: rv.Result, names: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray]:
    """(times in ms, inward density in mA/cm2 more than at rest) at the one site recorded."""
    total = sum(result["i_mA_cm2", name].values[:, 0] for name in names)
    return result["i_mA_cm2", names[0]].t_ms, total[0] - total


cases = {
    "squid, 18.5 degC": (rv.fibers.hodgkin_huxley(), ("axon", 0.5), ("na_hh",), 1.0),
    "cortex, 37 degC": (
        rv.fibers.arancibia_carcamo(axon="cortex", nodes=21),
        ("node[10]", 0.5),
        ("na_richardson", "nap_richardson"),
        2.0,
    ),
    "MRG 10 um, 37 degC": (
        rv.fibers.mrg(diameter_um=10),
        ("node[10]", 0.5),
        ("na_mrg", "nap_mrg"),
        2.0,
    ),
}
said = {
    "squid, 18.5 degC": "8.75e11 per cm2, 4.64 times the least, computed elsewhere",
    "cortex, 37 degC": "3.5e4 per um2 of node: Hallermann 2012, doi:10.1038/nn.3132",
    "MRG 10 um, 37 degC": "no figure was found",
}
figure, every = plt.subplots(1, 3, layout="constrained", figsize=(8, 2.8))
for axes, (name, (fibre, place, channels, c_m_uF_cm2)) in zip(every, cases.items(), strict=True):
    probes = [rv.Probe("v_mV", place, every_ms=0.005)]
    probes += [rv.Probe("i_mA_cm2", place, channel, every_ms=0.005) for channel in channels]
    t_stop_ms = 12.0 if fibre.name == "hodgkin_huxley" else 4.0
    result = rv.simulate(fibre, fibre.stimulus, probes, t_stop_ms=t_stop_ms)
    t_ms, inward = sodium_mA_cm2(result, channels)
    v_mV = result["v_mV"].values[:, 0]
    charge_uC_cm2 = float(np.sum(0.5 * (inward[1:] + inward[:-1]) * np.diff(t_ms)))
    least_uC_cm2 = 1e-3 * c_m_uF_cm2 * float(v_mV.max() - v_mV[0])
    atp_per_cm2 = 1e-6 * charge_uC_cm2 / ELEMENTARY_C / 3.0
    print(f"{name}: {atp_per_cm2:.3g} ATP per cm2 of it, {charge_uC_cm2 / least_uC_cm2:.2f} times")
    print(f"  the least; {1e-8 * atp_per_cm2:.3g} per um2 ({said[name]})")
    if fibre.is_myelinated:
        grid = rv.discretise(fibre.model, fibre.mesh)
        names = [grid.section_names[section] for section in grid.section]
        here, there = (names.index(f"node[{n}]") for n in (10, 11))
        step_mm = 1e-3 * float(grid.distance_um[there] - grid.distance_um[here])
        per_node = atp_per_cm2 * 1e-8 * float(grid.area_um2[here])
        print(f"  {per_node:.3g} ATP per node, {per_node / step_mm:.3g} per mm")
    else:
        per_mm = atp_per_cm2 * pi * fibre.diameter_um * 1e-4 * 0.1
        print(f"  {per_mm:.3g} ATP per mm")
    axes.plot(t_ms, -inward, color="#D55E00")
    axes.set(title=name, xlabel="Time (ms)")
    axes.spines[["top", "right"]].set_visible(False)
print("Attwell & Laughlin 2001, doi:10.1097/00004647-200110000-00001, take 4 times the least for")
print("every spike; Alle et al. 2009, doi:10.1126/science.1174331, measured 1.3 in mossy fibres.")
every[0].set_ylabel("Sodium current (mA/cm²)")
figure.savefig("cost_of_a_spike.png", dpi=110)
