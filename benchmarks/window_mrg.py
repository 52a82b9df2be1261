"""Question: what does a train of spikes along a long myelinated fibre cost by the window?

    python benchmarks/window_mrg.py [--quick]

MRG 10 um, 870 nodes, which are 1 m; a train of 100 Hz for 1 s at dt 5 us, by the window and in
full, both whole. Spikes are watched for at every node, and the node in the middle keeps a trace,
whose after-potentials are compared from 1 ms after each spike to just before the next.
"""

from __future__ import annotations

import argparse

import numpy as np
from compare import peers, windowed
from compare.peers import judge
from compare.windowed import Case, Solved

import ranvier as rv

NODES, QUICK_NODES = 870, 435
RATE_Hz, ONSET_ms, DT_ms = 100.0, 1.0, 0.005
TARGET, AFTER_POTENTIAL_mV, CROSSINGS_us = 3.0, 0.01, 1.0
#: After the crossing of one spike, and before that of the next.
AFTER_ms, BEFORE_ms = 1.0, 0.5


def make_case(nodes: int, t_stop_ms: float) -> Case:
    fibre = rv.fibers.mrg(nodes=nodes)
    onsets_ms = np.arange(ONSET_ms, t_stop_ms, 1e3 / RATE_Hz)
    return Case(
        grid=rv.discretise(fibre.model, fibre.mesh),
        stimuli=windowed.train(fibre.stimulus.at, onsets_ms, like=fibre.stimulus),
        dt_ms=DT_ms,
        v_rest_guess_mV=fibre.v_rest_guess_mV,
        detect=[rv.SpikeDetector(at=fibre.velocity_sites)],
        probes=[rv.Probe("v_mV", at=(f"node[{nodes // 2}]", 0.5))],
    )


def after_potentials(full: Solved, t_stop_ms: float) -> np.ndarray:
    """Which samples of the trace are in none of the spikes that pass there."""
    (trace,) = full.traces
    count = int(full.crossings.count.max())
    times_ms = [full.crossings.arrival_ms(trace.compartments, spike=k)[0] for k in range(count)]
    spikes_ms = [each for each in times_ms if not np.isnan(each)]
    is_after = np.zeros(trace.t_ms.size, dtype=bool)
    for spike_ms, next_ms in zip(spikes_ms, [*spikes_ms[1:], t_stop_ms + BEFORE_ms], strict=True):
        is_after |= (trace.t_ms > spike_ms + AFTER_ms) & (trace.t_ms < next_ms - BEFORE_ms)
    return is_after


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    windowed.add_arguments(parser)
    arguments = parser.parse_args()
    windowed.keep_to_one_thread(arguments.cpu)
    nodes, t_stop_ms = (QUICK_NODES, 200.0) if arguments.quick else (NODES, 1000.0)
    peers.print_machine()
    case = make_case(nodes, t_stop_ms)
    print(f"MRG 10 um, {nodes} nodes, {len(case.grid)} compartments, {t_stop_ms:g} ms, 100 Hz\n")
    print(windowed.HEADER)
    ours = windowed.solve(case, t_stop_ms, tolerance_mV=arguments.tolerance)
    print(ours.row(), flush=True)
    full = windowed.solve(case, t_stop_ms, tolerance_mV=None)
    print(full.row(), flush=True)
    if ours.share_solved == 1.0:
        print("the window has not opened: every compartment was solved at every step")

    count = int(full.crossings.count.max())
    difference_us = windowed.crossing_difference_us(
        ours.crossings, full.crossings, spikes=count, t_stop_ms=t_stop_ms
    )
    is_after = after_potentials(full, t_stop_ms)
    v_mV = [each.traces[0].values[:, 0] for each in (ours, full)]
    difference_mV = float(np.abs(v_mV[0] - v_mV[1])[is_after].max())
    height_mV = v_mV[1][is_after].max() - v_mV[1][0]
    print(
        f"after-potentials at node {nodes // 2}: up to {height_mV:.2f} mV above rest, in "
        f"{100.0 * is_after.mean():.0f} % of the samples; {count} spikes at most at a node"
    )
    verdicts = [
        judge("times the full solve", full.cpu_s / ours.cpu_s, TARGET),
        judge(
            "mV between after-potentials, at most", difference_mV, AFTER_POTENTIAL_mV, at_most=True
        ),
        judge("us between crossings of nodes, at most", difference_us, CROSSINGS_us, at_most=True),
    ]
    print("", *verdicts, sep="\n")


if __name__ == "__main__":
    main()
