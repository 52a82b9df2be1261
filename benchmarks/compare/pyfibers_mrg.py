"""W2, a spike along an MRG fibre, with PyFibers, which runs NEURON step by step from Python.

It settles the fibre itself, in as many steps as the workload says, inside the timed part, so those
count as steps. It records the membrane potential of every node.
"""

from __future__ import annotations

import importlib.metadata

import numpy as np
import workload
from workload import W2


def main() -> None:
    parser = workload.arguments_w2(__doc__)
    arguments = parser.parse_args()
    pyfibers = workload.require("pyfibers", "PyFibers", "pip install pyfibers")
    fibre = pyfibers.build_fiber(
        pyfibers.FiberModel.MRG_DISCRETE, diameter=W2.diameter_um, n_nodes=arguments.nodes
    )
    fibre.record_vm()
    clamp = {
        "delay": W2.stimulus.onset_ms,
        "pw": W2.stimulus.duration_ms,
        "dur": W2.stimulus.duration_ms,
        "freq": 1,
        "amp": 1,
    }
    stimulation = pyfibers.IntraStim(
        dt=arguments.dt, tstop=arguments.t_stop, istim_ind=W2.stimulated_node, clamp_kws=clamp
    )
    timing = workload.measure(
        lambda: None,
        lambda: stimulation.run_sim(W2.stimulus.amplitude_nA, fibre, fail_on_end_excitation=None),
        arguments.repeats,
        arguments.budget,
    )
    t_ms = np.array(stimulation.time)
    v_mV = np.array([np.array(fibre.vm[k])[: len(t_ms)] for k in W2.probed(arguments.nodes)])
    steps = round(arguments.t_stop / arguments.dt) + round(W2.settling_ms / W2.settling_dt_ms)
    workload.report(
        arguments,
        workload="W2",
        peer="PyFibers",
        version=importlib.metadata.version("pyfibers"),
        settings="backward Euler, as it comes",
        compartments=len(fibre.sections),
        dt_ms=arguments.dt,
        timing=timing,
        t_ms=t_ms[: v_mV.shape[1]],
        v_mV=v_mV,
        threshold_mV=W2.threshold_mV,
        distance_mm=W2.distance_mm(arguments.nodes),
        steps=steps,
    )


if __name__ == "__main__":
    main()
