"""W4, a threshold, with NEURON written by hand: a potential played to every compartment, the
settled state restored before each run, and runs that end within 0.25 ms of the spike.

Two extracellular layers: with one, NEURON takes the myelin's capacitance to ground, and the
threshold is 9 % off.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import build_neuron_mechanisms
import neuron_mrg
import numpy as np
import workload
from workload import W2, W4

LOOKS_ms = 0.25
#: A played vector goes from one value to the next along a line.
EDGE_ms = 1e-9


def main() -> None:
    parser = workload.arguments_w4(__doc__)
    parser.add_argument("--mechanisms", type=Path, help="folder with compiled mechanisms")
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
    h.nlayer_extracellular(2)
    nodes, sections = neuron_mrg.build(h, arguments.nodes, has_separate_stins=False)
    segments = [segment for section in sections for segment in section]
    lengths_um = np.array([segment.sec.L / segment.sec.nseg for segment in segments])
    centres_um = np.cumsum(lengths_um) - 0.5 * lengths_um
    per_mA = W4.potential_mV(centres_um - 0.5 * lengths_um.sum())
    times = h.Vector([0.0, W4.duration_ms, W4.duration_ms + EDGE_ms, arguments.t_stop + 1.0])
    played = [h.Vector(4) for _ in segments]
    for segment, vector in zip(segments, played, strict=True):
        vector.play(segment._ref_e_extracellular, times, 1)
    counter = h.APCount(nodes[W4.watched(arguments.nodes)](0.5))
    counter.thresh = W4.threshold_mV
    context = h.ParallelContext()
    context.set_maxstep(10)

    h.finitialize(W2.v_init_mV)
    h.t, h.dt = -W2.settling_ms, W2.settling_dt_ms
    while h.t < 0.0:
        h.fadvance()
    h.t = 0.0
    settled = h.SaveState()
    settled.save()

    def is_active(amplitude_mA: float) -> bool:
        for vector, potential in zip(played, per_mA * amplitude_mA, strict=True):
            vector.x[0] = vector.x[1] = potential
        h.finitialize(W2.v_init_mV)
        settled.restore()
        h.t, h.dt = 0.0, arguments.dt
        h.frecord_init()
        counter.n = 0
        while h.t < arguments.t_stop - EDGE_ms and not counter.n:
            context.psolve(min(arguments.t_stop, h.t + LOOKS_ms))
        return counter.n > 0

    found = []
    timing = workload.measure(
        lambda: None,
        lambda: found.append(workload.bisect_w4(is_active)),
        arguments.repeats,
        arguments.budget,
    )
    workload.report_w4(
        arguments,
        peer="NEURON",
        version=neuron.__version__,
        settings="backward Euler, 2 extracellular layers, one STIN section, ends with the spike",
        timing=timing,
        threshold_mA=found[-1][0],
        runs=found[-1][1],
    )


if __name__ == "__main__":
    main()
