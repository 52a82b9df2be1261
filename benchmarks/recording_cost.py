"""Question: what does it cost to record, by spikes, traces, maps of peaks and samples on disk?

    python benchmarks/recording_cost.py [--quick]

The same run without any record, and with each kind, in turn; CPU time of the steps, one thread. The
one that is to be cheap is the customary: every compartment's spikes, and 100 traces at every step.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from compare import in_turn, peers
from compare.peers import judge

import ranvier as rv

TARGET_percent = 5.0
TRACES = 100
CUSTOMARY = f"every spike and {TRACES} traces"


@dataclass(frozen=True, kw_only=True)
class Case:
    name: str
    fibre: rv.fibers.Fiber
    mesh: rv.Mesh
    t_stop_ms: float

    def simulations(self, method: rv.Method, folder: Path) -> dict[str, rv.Simulation]:
        """By what they record; nothing comes first."""
        grid = rv.discretise(self.fibre.model, self.mesh)
        places = np.linspace(0, len(grid) - 1, TRACES).astype(int).tolist()
        everywhere = rv.Probe("v_mV", every_ms=20 * method.dt_ms, to=folder / "v.npy")
        records: dict[str, dict[str, Any]] = {
            "nothing": {},
            CUSTOMARY: {"detectors": [rv.SpikeDetector()], "probes": [rv.Probe("v_mV", places)]},
            "first spikes, others counted": {"detectors": [rv.SpikeDetector(keep=1)]},
            "peaks, every step": {"peaks": [rv.PeakMap()]},
            "peaks, every 4 steps": {"peaks": [rv.PeakMap(every_ms=4 * method.dt_ms)]},
            "v everywhere every 20 steps, to disk": {"probes": [everywhere]},
        }
        return {
            name: rv.Simulation(grid, method=method, stimuli=[self.fibre.stimulus], **more)
            for name, more in records.items()
        }


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
    print("| fibre | records | ns per compartment-step | more, % |")
    print("|---|---|---|---|")
    verdicts = []
    for case in cases():
        with TemporaryDirectory() as folder:
            runs = case.simulations(method, Path(folder))
            times_s = in_turn.cpu_times_s(
                list(runs.values()), case.t_stop_ms, arguments.repeats, None
            )
        for k, (name, run) in enumerate(runs.items()):
            more_percent = 100.0 * (times_s[:, k] / times_s[:, 0] - 1.0)
            step_ns = 1e9 * np.median(times_s[:, k]) / (len(run.discretisation) * run.step)
            more = peers.spread(more_percent.tolist(), 2) if k else "-"
            print(f"| {case.name} | {name} | {step_ns:.3g} | {more} |", flush=True)
            if name == CUSTOMARY:
                what = f"{case.name}: % more with {CUSTOMARY}"
                found = float(np.median(more_percent))
                verdicts.append(judge(what, found, TARGET_percent, at_most=True))
    print("", *verdicts, sep="\n")


if __name__ == "__main__":
    main()
