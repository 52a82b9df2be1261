"""Question: what does a mechanism cost that is written as equations, beside the compiled one?

    python benchmarks/expression_cost.py [--quick] [--mod PATH/hh.mod]

The squid axon with its channels as compiled into the core, and with the same written as equations;
with --mod also as NEURON's own hh.mod, read directly (that needs the extra `nmodl`). The same work
in turn, one thread, CPU time of the steps; and the largest difference of the membrane potential.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from compare import in_turn, peers
from compare.peers import judge

import ranvier as rv

TARGET_RATIO = 1.6
TARGET_mV = 1e-9
LENGTH_um = 1e5
T_STOP_ms = 4.0
EXAMPLES = Path(__file__).parents[1] / "examples" / "mechanisms"
NA = rv.mechanisms.read(EXAMPLES / "squid_na.toml")
K = rv.mechanisms.read(EXAMPLES / "squid_k.toml")
LEAK = rv.Placement("leak", g_bar_S_cm2=3e-4, e_leak_mV=-54.3)  # as hh.mod has it


def axon(placements: list[rv.Placement], compartments: int) -> rv.Discretisation:
    section = rv.Section("axon", length_um=LENGTH_um, diameter_um=476.0, r_a_ohm_cm=35.4)
    ions = [rv.Ion("na", e_mV=50.0), rv.Ion("k", e_mV=-77.0)]
    model = rv.Model(sections=[section], placements=placements, ions=ions, temperature_degC=18.5)
    return rv.discretise(model, rv.FixedCount(compartments))


def simulation(grid: rv.Discretisation, method: rv.Method, *, records: bool) -> rv.Simulation:
    stimulus = rv.stimuli.CurrentClamp(
        waveform=rv.stimuli.Pulse(onset_ms=0.1, duration_ms=0.5), at=("axon", 0.0), amplitude_nA=1e4
    )
    probes = [rv.Probe("v_mV")] if records else []
    return rv.Simulation(grid, method=method, stimuli=[stimulus], probes=probes, v_init_mV=-65.0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    in_turn.add_arguments(parser)
    parser.add_argument("--mod", type=Path, help="NEURON's hh.mod")
    parser.add_argument("--compartments", type=int, default=10_000)
    arguments = in_turn.parse(parser)
    written: dict[str, list[rv.Placement]] = {
        "compiled into the core": [rv.Placement("na_hh"), rv.Placement("k_hh"), LEAK],
        "written as equations": [rv.Placement(NA), rv.Placement(K), LEAK],
    }
    if arguments.mod is not None:
        # Its parameters are those of the others; the leak is its own.
        hh: Any = rv.mechanisms.read_mod(arguments.mod)
        written["hh.mod, read directly"] = [rv.Placement(hh)]
    peers.print_machine()
    print("| method | channels | ns per compartment-step | ratio | largest difference, mV |")
    print("|---|---|---|---|---|")
    verdicts = []
    for name in ("rosenbrock2", "staggered_sdirk2"):
        method = rv.Method(name, dt_ms=0.005)
        grids = [axon(placements, arguments.compartments) for placements in written.values()]
        runs = [simulation(grid, method, records=False) for grid in grids]
        times_s = in_turn.cpu_times_s(runs, T_STOP_ms, arguments.repeats, None)
        traces = []
        for placements in written.values():
            run = simulation(axon(placements, 1000), method, records=True)
            run.advance_to(T_STOP_ms)
            traces.append(run.traces()[0].values)
        for k, channels in enumerate(written):
            ratio = float(np.median(times_s[:, k] / times_s[:, 0]))
            off_mV = float(np.max(np.abs(traces[k] - traces[0])))
            step_ns = 1e9 * np.median(times_s[:, k]) / (len(grids[k]) * runs[k].step)
            print(
                f"| {name} | {channels} | {step_ns:.3g} | {ratio:.2f} | {off_mV:.2g} |", flush=True
            )
            if k:
                verdicts.append(
                    judge(f"{name}, {channels}: ratio", ratio, TARGET_RATIO, at_most=True)
                )
                verdicts.append(judge(f"{name}, {channels}: mV", off_mV, TARGET_mV, at_most=True))
    print("", *verdicts, sep="\n")


if __name__ == "__main__":
    main()
