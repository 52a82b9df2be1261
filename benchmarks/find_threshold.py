"""Question: how long does a stimulation threshold take?

    python benchmarks/find_threshold.py

MRG 10 um of 21 nodes, a point electrode 1 mm beside the middle node, a cathodic pulse of 0.1 ms:
the threshold to 1 %, as peers were timed, and to 0.1 %, by backward Euler and by the default
method. `population.py` has many fibres.
"""

from __future__ import annotations

import ranvier as rv
from ranvier.studies import Activation, find_thresholds

REPEATS = 5
#: What NEURON finds by backward Euler at 5 us, to 0.01 %.
NEURON_mA = -0.183042


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


if __name__ == "__main__":
    one_fibre()
