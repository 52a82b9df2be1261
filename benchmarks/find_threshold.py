"""Question: how long does a stimulation threshold take, alone and in a population?

    python benchmarks/find_threshold.py [fibres]

MRG 10 um of 21 nodes, a point electrode 1 mm beside the middle node, a cathodic pulse of 0.1 ms:
the threshold to 1 %, as peers were timed, and to 0.1 %, by backward Euler and by the default
method. Then a population of MRG fibres of random diameters and places, to 0.5 %, with some of its
thresholds bracketed by single runs.
"""

from __future__ import annotations

import sys
import time

import numpy as np

import ranvier as rv
from ranvier.studies import Activation, find_thresholds

REPEATS = 5
#: What NEURON finds by backward Euler at 5 us, to 0.01 %.
NEURON_mA = -0.183042
CHECKED = 5


def cathode(distance_um: float, along_um: float = 0.0) -> rv.stimuli.Extracellular:
    return rv.stimuli.Extracellular(
        field=rv.fields.PointSource(position_um=(along_um, 0, distance_um)),
        waveform=rv.stimuli.Pulse(duration_ms=0.1),
        amplitude_mA=-0.2,
    )


def one_fibre() -> None:
    fibre = rv.fibers.mrg(nodes=21, passive_end_nodes=1)
    seen = Activation(at=("node[18]", 0.5), threshold_mV=-30.0)
    for method in (
        rv.Method("backward_euler", dt_ms=0.005),
        rv.Method("backward_euler", dt_ms=0.001),
        rv.Method("rosenbrock2", dt_ms=0.005),
        rv.Method("rosenbrock2", dt_ms=0.01),
    ):
        for rtol in (1e-2, 1e-3):
            found = [
                find_thresholds([fibre], cathode(1000.0), activation=seen, rtol=rtol, method=method)
                for _ in range(REPEATS)
            ]
            best = min(found, key=lambda each: each.wall_s)
            print(
                f"{method.name:<16} dt {method.dt_ms:g} ms  rtol {rtol:g}  "
                f"{best.amplitude[0]:.5f} mA  {1e3 * best.wall_s:6.1f} ms  {best.runs} runs"
            )
            is_neurons = method.name == "backward_euler" and method.dt_ms == 0.005
            assert not is_neurons or abs(best.amplitude[0] / NEURON_mA - 1) <= rtol


def population(count: int) -> None:
    rng = np.random.default_rng(0)
    diameters_um = rng.choice([5.7, 7.3, 8.7, 10.0, 11.5, 12.8, 14.0, 15.0, 16.0], count)
    fibres = [rv.fibers.mrg(diameter_um=float(each), nodes=21) for each in diameters_um]
    stimuli = [
        cathode(distance_um, along_um)
        for distance_um, along_um in zip(
            rng.uniform(200, 2000, count), rng.uniform(-600, 600, count), strict=True
        )
    ]
    started_s = time.perf_counter()
    found = find_thresholds(fibres, stimuli, rtol=5e-3)
    wall_s = time.perf_counter() - started_s
    print(f"{found!r}: {count / wall_s:.1f} fibres per second")
    assert (found.status == "found").all()
    for k in range(0, count, max(1, count // CHECKED)):
        for amplitude_mA, fires in zip(found[k].bracket, (False, True), strict=True):
            stimulus = stimuli[k].scaled(amplitude_mA / stimuli[k].amplitude_mA)
            watched = Activation().compartments(
                fibres[k], rv.discretise(fibres[k].model, fibres[k].mesh)
            )
            result = rv.simulate(
                fibres[k],
                stimulus,
                t_stop_ms=stimulus.end_ms + fibres[k].t_stop_ms,
                detect=rv.SpikeDetector(at=watched.tolist()),
            )
            assert bool(len(result.crossings[0])) is fires
    print("single runs at the ends of brackets agree")


if __name__ == "__main__":
    one_fibre()
    population(int(sys.argv[1]) if len(sys.argv) > 1 else 64)
