"""Question: what does single precision cost in accuracy, and what does it gain in time?

    python benchmarks/single_precision.py [--quick]

Velocities of squid axons on coarse and fine grids and of MRG, at two steps, and the threshold of
MRG for a pulse of 0.1 ms: in single precision against double. Times are CPU times of the steps, in
turn, on one thread.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass

import numpy as np
import threshold
from compare import in_turn, peers

import ranvier as rv

PRECISIONS = ("double", "single")
PULSE_us = 100.0
STEPS_ms = (0.025, 0.005, 0.00125)


@dataclass(frozen=True, kw_only=True)
class Case:
    name: str
    fibre: rv.fibers.Fiber
    mesh: rv.Mesh


def cases() -> list[Case]:
    squid = rv.fibers.hodgkin_huxley(length_um=5e4)
    mrg, fine = rv.fibers.mrg(nodes=41), rv.fibers.mrg(nodes=21, refine=9)
    return [
        *(
            Case(name=f"squid, {dx_um:g} um", fibre=squid, mesh=rv.MaxLength(dx_um))
            for dx_um in (500.0, 100.0, 50.0, 10.0)
        ),
        Case(name="MRG, 41 nodes", fibre=mrg, mesh=mrg.mesh),
        Case(name="MRG, 21 nodes, cut 9", fibre=fine, mesh=fine.mesh),
    ]


def velocity_m_per_s(case: Case, method: rv.Method, precision: str) -> float:
    result = rv.simulate(
        case.fibre,
        case.fibre.stimulus,
        t_stop_ms=case.fibre.t_stop_ms,
        method=method,
        mesh=case.mesh,
        detect=rv.SpikeDetector(at=case.fibre.velocity_sites),
        precision=precision,
    )
    return rv.analysis.conduction_velocity(result).velocity_m_per_s


def time_ratio(case: Case, method: rv.Method, repeats: int) -> tuple[list[float], float]:
    """Double over single, of each round; and ns per compartment-step in single precision."""
    grid = rv.discretise(case.fibre.model, case.mesh)
    pair = [
        rv.Simulation(grid, method=method, stimuli=[case.fibre.stimulus], precision=precision)
        for precision in PRECISIONS
    ]
    times_s = in_turn.cpu_times_s(pair, min(case.fibre.t_stop_ms, 4.0), repeats, None)
    single_ns = 1e9 * np.median(times_s[:, 1]) / (len(grid) * pair[1].step)
    return (times_s[:, 0] / times_s[:, 1]).tolist(), single_ns


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    in_turn.add_arguments(parser, repeats=5)
    parser.add_argument("--method", choices=rv.methods.names(), default=rv.methods.DEFAULT)
    arguments = in_turn.parse(parser)
    peers.print_machine()
    if not in_turn.has_option("precision"):
        sys.exit("this ranvier has no precision=")
    print("| fibre | step, us | velocity, m/s | in single | error, % | double / single | ns |")
    print("|---|---|---|---|---|---|---|")
    largest_percent = 0.0
    for case in cases():
        for dt_ms in STEPS_ms[:-1] if arguments.quick else STEPS_ms:
            method = rv.Method(arguments.method, dt_ms=dt_ms)
            double, single = (velocity_m_per_s(case, method, each) for each in PRECISIONS)
            error_percent = 100.0 * (single / double - 1.0)
            largest_percent = max(largest_percent, abs(error_percent))
            ratios, single_ns = time_ratio(case, method, arguments.repeats)
            print(
                f"| {case.name} | {1e3 * dt_ms:g} | {double:.5f} | {single:.5f} "
                f"| {error_percent:+.2g} | {peers.spread(ratios)} | {single_ns:.3g} |",
                flush=True,
            )
    fibre = rv.fibers.mrg(nodes=11)
    grid = rv.discretise(fibre.model, fibre.mesh)
    method = rv.Method(arguments.method, dt_ms=0.005)
    found_nA = [
        threshold.threshold_nA(grid, PULSE_us, method, precision=each) for each in PRECISIONS
    ]
    error_percent = 100.0 * (found_nA[1] / found_nA[0] - 1.0)
    print(
        f"\nthreshold of MRG, 11 nodes, 0.1 ms, by halving to {threshold.PRECISION:g}: "
        f"{found_nA[0]:.5f} nA, in single {found_nA[1]:.5f} nA, {error_percent:+.2g} %"
    )
    print(f"largest error of a velocity: {largest_percent:.2g} %")


if __name__ == "__main__":
    main()
