"""W3, many thin squid fibres, with Brian2 on one thread, as a C++ program that it writes.

Brian2 holds one tree, so the fibres lie end to end in one section that is pinched to 1 nm between
them. The first compartment of each tapers, so the current goes into the second.
"""

from __future__ import annotations

import batch
import brian2_membrane
import numpy as np
from batch import W3

PINCH_um = 1e-3
STIMULUS = """
I = amplitude*int(t >= onset - 1*usecond)*int(t < onset + duration - 1*usecond)
    : amp (point current)
amplitude : amp (constant)
onset : second (constant)
"""


def main() -> None:
    arguments = batch.arguments_w3(__doc__).parse_args()
    fibres, compartments = arguments.fibres, arguments.compartments
    cable, total = W3.cable, arguments.fibres * arguments.compartments
    with brian2_membrane.standalone() as (brian2, folder):
        brian2.defaultclock.dt = arguments.dt * brian2.ms
        diameter_um = np.full(total + 1, cable.diameter_um)
        diameter_um[compartments:-1:compartments] = PINCH_um
        morphology = brian2.Section(
            diameter=diameter_um * brian2.um,
            length=np.full(total, cable.length_um / compartments) * brian2.um,
            n=total,
        )
        axons = brian2_membrane.make_neuron(
            brian2,
            morphology,
            cable,
            STIMULUS.replace("\n    :", " :"),
            duration=cable.stimulus.duration_ms * brian2.ms,
        )
        amplitude_nA, onset_ms = np.zeros(total), np.zeros(total)
        amplitude_nA[1::compartments] = cable.stimulus.amplitude_nA
        onset_ms[1::compartments] = [W3.onset_ms(fibre, fibres) for fibre in range(fibres)]
        axons.amplitude = amplitude_nA * brian2.nA
        axons.onset = onset_ms * brian2.ms
        watched = W3.watched(fibres)
        probed = W3.probed(compartments)
        monitor = brian2.StateMonitor(
            axons, "v", record=[fibre * compartments + k for fibre in watched for k in probed]
        )
        network = brian2.Network(axons, monitor)
        network.run(arguments.t_stop * brian2.ms)
        timing = brian2_membrane.compile_and_time(
            brian2, folder, arguments.repeats, arguments.budget
        )
        t_ms = np.array(monitor.t / brian2.ms)
        v_mV = np.array(monitor.v / brian2.mV).reshape(len(watched), len(probed), len(t_ms))
        batch.report(
            arguments,
            peer="Brian2",
            version=brian2.__version__,
            settings="C++ standalone, fibres end to end with a pinch of 1 nm",
            timing=timing,
            crossings_ms=batch.arrivals_ms(t_ms, v_mV, cable.threshold_mV),
        )


if __name__ == "__main__":
    main()
