"""W1, a spike along a squid axon, with NEURON on one thread: backward Euler or another --method.

The channels are hhx, whose rates are exact, compiled for this machine; `--built-in` takes NEURON's
own hh instead, whose rate table is faster and 0.016 % off in velocity. `--core` runs CoreNEURON.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import build_neuron_mechanisms
import neuron_method
import numpy as np
import workload
from workload import SquidCable

#: A NEURON section holds at most 32767 compartments.
COMPARTMENTS_PER_SECTION = 25_000


def build(h, cable: SquidCable, compartments: int, channels: str, name: str = "axon") -> list:
    """Returns the sections, proximal to distal, and sets the temperature."""
    h.celsius = cable.temperature_degC
    sections = []
    pieces = -(-compartments // COMPARTMENTS_PER_SECTION)
    if compartments % pieces:
        raise SystemExit(f"--compartments {compartments}: expected a multiple of {pieces}")
    for index in range(pieces):
        section = h.Section(name=f"{name}_{index}")
        section.L = cable.length_um / pieces
        section.diam = cable.diameter_um
        section.Ra = cable.r_a_ohm_cm
        section.cm = cable.c_m_uF_cm2
        section.nseg = compartments // pieces
        section.insert(channels)
        for name, value in (
            ("gnabar", cable.g_na_S_cm2),
            ("gkbar", cable.g_k_S_cm2),
            ("gl", cable.g_leak_S_cm2),
            ("el", cable.e_leak_mV),
        ):
            setattr(section, f"{name}_{channels}", value)
        section.ena = cable.e_na_mV
        section.ek = cable.e_k_mV
        if sections:
            section.connect(sections[-1](1.0), 0.0)
        sections.append(section)
    return sections


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--mechanisms", type=Path, help="folder with compiled mechanisms")
    parser.add_argument("--built-in", action="store_true", help="NEURON's hh, with its rate table")
    parser.add_argument("--core", action="store_true", help="run CoreNEURON")
    neuron_method.add_arguments(parser)


def main() -> None:
    parser = workload.arguments_w1(__doc__)
    workload.add_length_argument(parser)
    add_arguments(parser)
    start(parser.parse_args(), run)


def start(arguments: argparse.Namespace, run: Callable[..., None]) -> None:
    """Calls `run` with the arguments, NEURON and the name of the channels, which it loads."""
    if arguments.built_in:
        run(arguments, load(arguments, mechanisms=None), "hh")
    elif arguments.mechanisms:
        run(arguments, load(arguments, arguments.mechanisms), "hhx")
    else:
        workload.require("neuron", "NEURON", "pip install neuron")
        with tempfile.TemporaryDirectory(prefix="neuron_mechanisms_") as folder:
            mechanisms = build_neuron_mechanisms.build(
                Path(folder), is_native=True, has_core=arguments.core
            )
            run(arguments, load(arguments, mechanisms), "hhx")


def load(arguments: argparse.Namespace, mechanisms: Path | None) -> ModuleType:
    """Returns NEURON with its mechanisms, switched to CoreNEURON if that is asked for."""
    if arguments.core and mechanisms:
        libraries = sorted(mechanisms.glob("*/libcorenrnmech.so"))
        if not libraries:
            raise SystemExit(f"{mechanisms} was built without --core, so CoreNEURON cannot run it.")
        os.environ["CORENEURONLIB"] = str(libraries[0])
    neuron = workload.require("neuron", "NEURON", "pip install neuron")
    if mechanisms:
        neuron.load_mechanisms(str(mechanisms))
    if arguments.core:
        core = workload.require("neuron.coreneuron", "NEURON", "pip install neuron")
        core.enable, core.file_mode, core.verbose = True, False, 0
    return neuron


def run(arguments: argparse.Namespace, neuron: ModuleType, channels: str) -> None:
    h = neuron.h
    cable = workload.cable_w1(arguments)
    sections = build(h, cable, arguments.compartments, channels)
    segments = [segment for section in sections for segment in section]
    clamp = h.IClamp(segments[0])
    clamp.delay = cable.stimulus.onset_ms
    clamp.dur = cable.stimulus.duration_ms
    clamp.amp = cable.stimulus.amplitude_nA
    t = h.Vector().record(h._ref_t)
    v = [h.Vector().record(segments[k]._ref_v) for k in cable.probed(arguments.compartments)]

    neuron_method.choose(h, arguments)
    context = h.ParallelContext()
    context.set_maxstep(10)

    def prepare() -> None:
        h.finitialize(cable.v_init_mV)
        h.dt = arguments.dt

    timing = workload.measure(
        prepare,
        lambda: context.psolve(arguments.t_stop),
        arguments.repeats,
        arguments.budget,
    )
    workload.report(
        arguments,
        workload="W1",
        peer="CoreNEURON" if arguments.core else "NEURON",
        version=neuron.__version__,
        settings=f"{channels}, {neuron_method.describe(arguments)}",
        compartments=arguments.compartments,
        dt_ms=neuron_method.dt_ms(arguments),
        timing=timing,
        t_ms=np.array(t),
        v_mV=np.array([np.array(trace) for trace in v]),
        threshold_mV=cable.threshold_mV,
        distance_mm=cable.distance_mm(arguments.compartments),
    )


if __name__ == "__main__":
    main()
