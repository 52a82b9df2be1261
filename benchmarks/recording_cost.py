"""Question: what does it cost to record every compartment's spikes and 100 traces at every step?

    python benchmarks/recording_cost.py [--quick]

The same run without any record, and with those, in turn; CPU time of the steps, one thread.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass

import numpy as np
from compare import in_turn, peers
from compare.peers import judge

import ranvier as rv

TARGET_percent = 5.0
TRACES = 100


@dataclass(frozen=True, kw_only=True)
class Case:
    name: str
    fibre: rv.fibers.Fiber
    mesh: rv.Mesh
    t_stop_ms: float

    def simulations(self, method: rv.Method) -> list[rv.Simulation]:
        grid = rv.discretise(self.fibre.model, self.mesh)
        places = np.linspace(0, len(grid) - 1, TRACES).astype(int).tolist()
        records = {"detectors": [rv.SpikeDetector()], "probes": [rv.Probe("v_mV", at=places)]}
        return [
            rv.Simulation(grid, method=method, stimuli=[self.fibre.stimulus], **more)
            for more in ({}, records)
        ]


def cases() -> list[Case]:
    squid, mrg = rv.fibers.hodgkin_huxley(), rv.fibers.mrg(nodes=101)
    return [
        Case(name="squid, 10 000", fibre=squid, mesh=rv.FixedCount(10_000), t_stop_ms=5.0),
        Case(name="MRG, 101 nodes", fibre=mrg, mesh=mrg.mesh, t_stop_ms=5.0),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    in_turn.add_arguments(parser)
    parser.add_argument("--method", choices=rv.methods.names(), default=rv.methods.DEFAULT)
    arguments = in_turn.parse(parser)
    method = rv.Method(arguments.method, dt_ms=0.005)
    peers.print_machine()
    print("| fibre | ns per compartment-step | with records | spikes | more, % |")
    print("|---|---|---|---|---|")
    verdicts = []
    for case in cases():
        pair = case.simulations(method)
        times_s = in_turn.cpu_times_s(pair, case.t_stop_ms, arguments.repeats, None)
        spikes = sum(len(crossings) for crossings in pair[1].crossings())
        more_percent = 100.0 * (times_s[:, 1] / times_s[:, 0] - 1.0)
        work = len(pair[0].discretisation) * pair[0].step
        without_ns, with_ns = 1e9 * np.median(times_s, axis=0) / work
        print(
            f"| {case.name} | {without_ns:.3g} | {with_ns:.3g} | {spikes} "
            f"| {peers.spread(more_percent.tolist(), 2)} |",
            flush=True,
        )
        what = f"{case.name}: % more with every spike and {TRACES} traces"
        verdicts.append(judge(what, float(np.median(more_percent)), TARGET_percent, at_most=True))
    print("", *verdicts, sep="\n")


if __name__ == "__main__":
    main()
