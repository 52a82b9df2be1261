"""W1, a spike along a squid axon, with Brian2 on one thread, as a C++ program that it writes.

Compiled with Brian2's own flags, which are -O3 -ffast-math -march=native. Gates by exponential
Euler, potentials implicitly.
"""

from __future__ import annotations

import brian2_membrane
import numpy as np
import workload
from workload import W1


def main() -> None:
    arguments = workload.arguments_w1(__doc__).parse_args()
    with brian2_membrane.standalone() as (brian2, folder):
        brian2.defaultclock.dt = arguments.dt * brian2.ms
        morphology = brian2.Cylinder(
            length=W1.length_um * brian2.um,
            diameter=W1.diameter_um * brian2.um,
            n=arguments.compartments,
        )
        axon = brian2_membrane.make_neuron(brian2, morphology, W1, "I : amp (point current)")
        monitor = brian2.StateMonitor(axon, "v", record=list(W1.probed(arguments.compartments)))
        network = brian2.Network(axon, monitor)
        stimulus = W1.stimulus
        rest_ms = arguments.t_stop - stimulus.onset_ms - stimulus.duration_ms
        for current_nA, duration_ms in (
            (0.0, stimulus.onset_ms),
            (stimulus.amplitude_nA, stimulus.duration_ms),
            (0.0, rest_ms),
        ):
            axon.I[0] = current_nA * brian2.nA
            network.run(duration_ms * brian2.ms)
        timing = brian2_membrane.compile_and_time(
            brian2, folder, arguments.repeats, arguments.budget
        )
        workload.report(
            arguments,
            workload="W1",
            peer="Brian2",
            version=brian2.__version__,
            settings="C++ standalone, exponential Euler gates",
            compartments=arguments.compartments,
            dt_ms=arguments.dt,
            timing=timing,
            t_ms=np.array(monitor.t / brian2.ms),
            v_mV=np.array(monitor.v / brian2.mV),
            threshold_mV=W1.threshold_mV,
            distance_mm=W1.distance_mm(arguments.compartments),
        )


if __name__ == "__main__":
    main()
