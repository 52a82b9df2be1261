"""Question: how far is a stimulation threshold from its limit in dt, for short and long pulses?

    python benchmarks/threshold.py

MRG 10 um of 11 nodes, a current clamp at node[1], the spike seen at node[8]: the smallest current
that fires it, by halving, for each method at a step of 5 us and for the adaptive one at its default
tolerance, which is the reference.
"""

from __future__ import annotations

import ranvier as rv

DURATIONS_us = (5, 10, 20, 50, 100, 500)
LARGEST_nA = 20.0
PRECISION = 1e-4


def fires(
    grid: rv.Discretisation,
    duration_us: float,
    amplitude_nA: float,
    method: rv.Method,
    **solver: str,
) -> bool:
    pulse = rv.stimuli.Pulse(onset_ms=0.1, duration_ms=1e-3 * duration_us)
    clamp = rv.stimuli.CurrentClamp(waveform=pulse, at=("node[1]", 0.5), amplitude_nA=amplitude_nA)
    far = rv.SpikeDetector(at=("node[8]", 0.5))
    result = rv.simulate(grid, clamp, t_stop_ms=1.7, method=method, detect=far, **solver)
    return len(result.crossings[0]) > 0


def threshold_nA(
    grid: rv.Discretisation, duration_us: float, method: rv.Method, **solver: str
) -> float:
    below, above = 0.0, LARGEST_nA
    while above - below > PRECISION * above:
        middle = 0.5 * (below + above)
        is_above = fires(grid, duration_us, middle, method, **solver)
        below, above = (below, middle) if is_above else (middle, above)
    return above


def main() -> None:
    fibre = rv.fibers.mrg(nodes=11)
    grid = rv.discretise(fibre.model, fibre.mesh)
    reference = [threshold_nA(grid, each, rv.Method("adaptive")) for each in DURATIONS_us]
    print("pulse, us".ljust(24), *(f"{each:>16g}" for each in DURATIONS_us))
    print("adaptive, nA".ljust(24), *(f"{each:16.4f}" for each in reference))
    for name in rv.methods.names():
        if rv.Method(name).is_adaptive:
            continue
        found = [threshold_nA(grid, each, rv.Method(name, dt_ms=0.005)) for each in DURATIONS_us]
        cells = [
            f"{each:.4f} ({100 * (each / truth - 1):+.2f} %)"
            for each, truth in zip(found, reference, strict=True)
        ]
        print(f"{name}, nA".ljust(24), *(f"{cell:>16}" for cell in cells))


if __name__ == "__main__":
    main()
