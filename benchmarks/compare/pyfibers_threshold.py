"""W4, a threshold, with PyFibers' own `find_threshold`, as it comes."""

from __future__ import annotations

import importlib.metadata

import workload
from workload import W2, W4


def main() -> None:
    arguments = workload.arguments_w4(__doc__).parse_args()
    pyfibers = workload.require("pyfibers", "PyFibers", "pip install pyfibers")
    fibre = pyfibers.build_fiber(
        pyfibers.FiberModel.MRG_DISCRETE, diameter=W2.diameter_um, n_nodes=arguments.nodes
    )
    fibre.potentials = fibre.point_source_potentials(
        0, W4.distance_um, fibre.length / 2, 1, W4.conductivity_S_m
    )
    end_ms = W4.duration_ms - 1e-9
    stimulation = pyfibers.ScaledStim(
        waveform=lambda t_ms: float(t_ms < end_ms), dt=arguments.dt, tstop=arguments.t_stop
    )
    runs = 0
    run_sim = stimulation.run_sim

    def counted(*given, **named):
        nonlocal runs
        runs += 1
        return run_sim(*given, **named)

    stimulation.run_sim = counted
    found = []

    def search() -> None:
        nonlocal runs
        runs = 0
        found.append(stimulation.find_threshold(fibre, termination_tolerance=100 * W4.precision)[0])

    timing = workload.measure(lambda: None, search, arguments.repeats, arguments.budget)
    workload.report_w4(
        arguments,
        peer="PyFibers",
        version=importlib.metadata.version("pyfibers"),
        settings="find_threshold, backward Euler",
        timing=timing,
        threshold_mA=float(found[-1]),
        runs=runs,
    )


if __name__ == "__main__":
    main()
