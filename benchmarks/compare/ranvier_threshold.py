"""W4, a threshold, with ranvier's `find_threshold`, which begins at the strong bound."""

from __future__ import annotations

import workload
from workload import W2, W4


def main() -> None:
    parser = workload.arguments_w4(__doc__)
    parser.add_argument("--method", default="rosenbrock2")
    parser.add_argument("--rtol", type=float, default=W4.precision)
    arguments = parser.parse_args()
    rv = workload.require("ranvier", "ranvier", "pip install ranvier")
    fibre = rv.fibers.mrg(diameter_um=W2.diameter_um, nodes=arguments.nodes, passive_end_nodes=1)
    stimulus = rv.stimuli.Extracellular(
        field=rv.fields.PointSource(
            position_um=(0, 0, W4.distance_um), conductivity_S_m=W4.conductivity_S_m
        ),
        waveform=rv.stimuli.Pulse(duration_ms=W4.duration_ms),
        amplitude_mA=W4.strong_mA,
    )
    seen = rv.studies.Activation(
        at=(f"node[{W4.watched(arguments.nodes)}]", 0.5), threshold_mV=W4.threshold_mV
    )
    method = rv.Method(arguments.method, dt_ms=arguments.dt)
    found = []

    def search() -> None:
        found.append(
            rv.studies.find_threshold(
                fibre,
                stimulus,
                activation=seen,
                rtol=arguments.rtol,
                t_stop_ms=arguments.t_stop,
                method=method,
                threads=1,
            )
        )

    timing = workload.measure(lambda: None, search, arguments.repeats, arguments.budget)
    workload.report_w4(
        arguments,
        peer="ranvier",
        version=rv.__version__,
        settings=f"find_threshold, {method.name}",
        timing=timing,
        threshold_mA=found[-1].amplitude,
        runs=found[-1].runs,
    )


if __name__ == "__main__":
    main()
