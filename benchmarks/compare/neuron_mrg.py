"""W2, a spike along an MRG fibre, with NEURON on one thread: backward Euler or another --method.

The defaults are NEURON's fastest valid form: one extracellular layer (two are needed only for a
stimulus outside the fibre) and the six equal STIN as one section of six compartments.
`--layers 2 --separate-stins` is how models are published.
"""

from __future__ import annotations

import itertools
import math
import tempfile
from pathlib import Path

import build_neuron_mechanisms
import neuron_method
import numpy as np
import workload
from workload import W2

NODE_CHANNELS = {
    "gnaf": W2.g_naf_S_cm2,
    "gnap": W2.g_nap_S_cm2,
    "gks": W2.g_ks_S_cm2,
    "gl": W2.g_node_leak_S_cm2,
    "ena": W2.e_na_mV,
    "ek": W2.e_k_mV,
    "el": W2.e_node_leak_mV,
}


def insert_sheath(
    section, axon_um: float, width_um: float, c_uF_cm2: float, g_S_cm2: float
) -> None:
    """Adds the periaxonal space and what separates it from the outside."""
    annulus_um2 = math.pi * ((axon_um / 2 + width_um) ** 2 - (axon_um / 2) ** 2)
    section.insert("extracellular")
    for segment in section:
        segment.xraxial[0] = 100 * W2.r_a_ohm_cm / annulus_um2  # Mohm / cm
        segment.xc[0] = c_uF_cm2
        segment.xg[0] = g_S_cm2


def make_node(h, index: int, nodes: int):
    section = h.Section(name=f"node_{index}")
    section.L = W2.node_length_um
    section.diam = W2.node_diameter_um
    insert_sheath(section, W2.node_diameter_um, W2.periaxonal_width_narrow_um, 0.0, 1e10)
    if index in (0, nodes - 1):
        section.Ra = W2.end_r_a_ohm_cm
        section.cm = W2.end_c_m_uF_cm2
        section.insert("pas")
        section.g_pas = W2.end_g_S_cm2
        section.e_pas = W2.e_leak_mV
        return section
    section.Ra = W2.r_a_ohm_cm
    section.cm = W2.c_m_uF_cm2
    section.insert("mrg_node")
    for name, value in NODE_CHANNELS.items():
        setattr(section, f"{name}_mrg_node", value)
    return section


def make_internodal(h, name: str, kind: str, length_um: float, compartments: int):
    """The section has the fibre's diameter: myelin on that area, axolemma scaled to the axon's."""
    axon_um = W2.node_diameter_um if kind == "mysa" else W2.axon_diameter_um
    is_narrow = kind == "mysa"
    ratio = axon_um / W2.diameter_um
    section = h.Section(name=name)
    section.nseg = compartments
    section.L = length_um
    section.diam = W2.diameter_um
    section.Ra = W2.r_a_ohm_cm / ratio**2
    section.cm = W2.c_m_uF_cm2 * ratio
    section.insert("pas")
    section.g_pas = ratio * (W2.g_mysa_S_cm2 if is_narrow else W2.g_flut_stin_S_cm2)
    section.e_pas = W2.e_leak_mV
    insert_sheath(
        section,
        axon_um,
        W2.periaxonal_width_narrow_um if is_narrow else W2.periaxonal_width_wide_um,
        W2.lamella_c_uF_cm2 / (2 * W2.lamellae),
        W2.lamella_g_S_cm2 / (2 * W2.lamellae),
    )
    return section


def build(h, nodes: int, *, has_separate_stins: bool) -> tuple[list, list]:
    """Returns (nodes, all sections), proximal to distal, and sets the temperature."""
    h.celsius = W2.temperature_degC
    stins = [("stin", W2.stin_length_um, 1)] * W2.stins
    if not has_separate_stins:
        stins = [("stin", W2.stin_length_um * W2.stins, W2.stins)]
    ends = [("mysa", W2.mysa_length_um, 1), ("flut", W2.flut_length_um, 1)]
    internode = [*ends, *stins, *reversed(ends)]
    node_sections, sections = [], []
    for index in range(nodes):
        node_sections.append(make_node(h, index, nodes))
        sections.append(node_sections[-1])
        if index < nodes - 1:
            for kind, length_um, compartments in internode:
                name = f"{kind}_{len(sections)}"
                sections.append(make_internodal(h, name, kind, length_um, compartments))
    for proximal, distal in itertools.pairwise(sections):
        distal.connect(proximal(1.0), 0.0)
    return node_sections, sections


def main() -> None:
    parser = workload.arguments_w2(__doc__)
    parser.add_argument("--mechanisms", type=Path, help="folder with compiled mechanisms")
    parser.add_argument("--layers", type=int, choices=(1, 2), default=1)
    parser.add_argument("--separate-stins", action="store_true")
    neuron_method.add_arguments(parser)
    arguments = parser.parse_args()
    workload.require("neuron", "NEURON", "pip install neuron")
    if arguments.mechanisms:
        run(arguments, arguments.mechanisms)
    else:
        with tempfile.TemporaryDirectory(prefix="neuron_mechanisms_") as folder:
            run(arguments, build_neuron_mechanisms.build(Path(folder), is_native=True))


def run(arguments, mechanisms: Path) -> None:
    neuron = workload.require("neuron", "NEURON", "pip install neuron")
    h = neuron.h
    neuron.load_mechanisms(str(mechanisms))
    h.nlayer_extracellular(arguments.layers)
    nodes, sections = build(h, arguments.nodes, has_separate_stins=arguments.separate_stins)
    compartments = sum(section.nseg for section in sections)

    is_cvode = arguments.method == "cvode"
    # CVODE keeps its own history, so it settles by itself and its clock is not set back.
    start_ms = W2.settling_ms if is_cvode else 0.0
    clamp = h.IClamp(nodes[W2.stimulated_node](0.5))
    clamp.delay = start_ms + W2.stimulus.onset_ms
    clamp.dur = W2.stimulus.duration_ms
    t = h.Vector().record(h._ref_t)
    v = [h.Vector().record(nodes[k](0.5)._ref_v) for k in W2.probed(arguments.nodes)]
    context = h.ParallelContext()
    context.set_maxstep(10)

    def prepare_cvode() -> None:
        clamp.amp = W2.stimulus.amplitude_nA
        neuron_method.choose(h, arguments)
        h.finitialize(W2.v_init_mV)
        context.psolve(start_ms)

    def prepare_fixed_step() -> None:
        clamp.amp = 0.0
        h.CVode().active(0)
        h.secondorder = 0
        h.finitialize(W2.v_init_mV)
        h.t = -W2.settling_ms
        h.dt = W2.settling_dt_ms
        while h.t < 0.0:
            h.fadvance()
        h.t = 0.0
        h.dt = arguments.dt
        neuron_method.choose(h, arguments)
        h.fcurrent()
        h.frecord_init()
        clamp.amp = W2.stimulus.amplitude_nA

    timing = workload.measure(
        prepare_cvode if is_cvode else prepare_fixed_step,
        lambda: context.psolve(start_ms + arguments.t_stop),
        arguments.repeats,
        arguments.budget,
    )
    t_ms = np.array(t) - start_ms
    is_after_settling = t_ms >= 0.0
    stins = "six STIN sections" if arguments.separate_stins else "one STIN section"
    layers = f"nlayer_extracellular {arguments.layers}, {stins}"
    workload.report(
        arguments,
        workload="W2",
        peer="NEURON",
        version=neuron.__version__,
        settings=f"{neuron_method.describe(arguments)}, {layers}",
        compartments=compartments,
        dt_ms=neuron_method.dt_ms(arguments),
        timing=timing,
        t_ms=t_ms[is_after_settling],
        v_mV=np.array([np.array(trace)[is_after_settling] for trace in v]),
        threshold_mV=W2.threshold_mV,
        distance_mm=W2.distance_mm(arguments.nodes),
    )


if __name__ == "__main__":
    main()
