"""Question: how much memory does a simulation take beyond the model that it simulates?

    python benchmarks/memory.py [--quick]

Growth of the resident memory of a process of its own, per compartment, from the discretised model
to a simulation that has taken some steps; and the largest that it was on the way. Linux only.
"""

from __future__ import annotations

import argparse
import ctypes
import gc
import json
import os
import subprocess
import sys
from pathlib import Path

from compare import peers
from compare.peers import judge

import ranvier as rv

#: Bytes per compartment, by the name of a case.
LIMITS = {"squid": 160.0, "mrg": 120.0}
STEPS = 20
SMALL = 220
V_INIT_mV = {"squid": -65.0, "mrg": -80.0}


def discretisation(name: str, compartments: int) -> tuple[rv.Discretisation, rv.fibers.Fiber]:
    if name == "squid":
        fibre = rv.fibers.hodgkin_huxley(length_um=10.0 * compartments)
        return rv.discretise(fibre.model, rv.FixedCount(compartments)), fibre
    fibre = rv.fibers.mrg(nodes=compartments // 11)
    return rv.discretise(fibre.model, fibre.mesh), fibre


def memory_bytes() -> tuple[int, int]:
    """Resident now, with nothing that was freed, and at most since the last reset."""
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # of the C library of GNU
    if trim:
        trim(0)
    lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    now, most = (1024 * int(lines[name].split()[0]) for name in ("VmRSS", "VmHWM"))
    return now, most


def measure(name: str, compartments: int, method: str, precision: str | None) -> dict:
    """In a process of its own, which has allocated nothing like it before."""
    options = {} if precision is None else {"precision": precision}

    def stepped(grid: rv.Discretisation, fibre: rv.fibers.Fiber) -> rv.Simulation:
        simulation = rv.Simulation(
            grid,
            method=rv.Method(method, dt_ms=0.005),
            stimuli=[fibre.stimulus],
            detectors=[rv.SpikeDetector()],
            v_init_mV=V_INIT_mV[name],
            **options,
        )
        simulation.advance(STEPS)
        return simulation

    stepped(*discretisation(name, SMALL))  # brings in the code, which is not per compartment
    grid, fibre = discretisation(name, compartments)
    before, _ = memory_bytes()
    # Makes the most start anew from here.
    Path("/proc/self/clear_refs").write_text("5")
    simulation = stepped(grid, fibre)
    after, most = memory_bytes()
    count = len(simulation.discretisation)
    return {
        "compartments": count,
        "kept": (after - before) / count,
        "most": (most - before) / count,
    }


def run_child(name: str, arguments: argparse.Namespace, compartments: int) -> dict:
    command = [sys.executable, __file__, "--child", name, "--compartments", str(compartments)]
    command += ["--method", arguments.method]
    if arguments.precision:
        command += ["--precision", arguments.precision]
    # Every array of some size is mapped by itself, so that none hides in what was freed before.
    fixed = {"MALLOC_MMAP_THRESHOLD_": "65536", "MALLOC_TRIM_THRESHOLD_": "65536"}
    done = subprocess.run(
        command, capture_output=True, text=True, env=os.environ | peers.ONE_THREAD | fixed
    )
    if done.returncode != 0:
        sys.exit(f"{name}: {peers.reason(done)}")
    return json.loads(done.stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--compartments", type=int, default=1_000_000, help="of the squid axon")
    parser.add_argument("--method", choices=rv.methods.names(), default=rv.methods.DEFAULT)
    parser.add_argument("--precision", choices=("single", "double"))
    parser.add_argument("--quick", action="store_true", help="a tenth of the compartments")
    parser.add_argument("--child", choices=tuple(LIMITS), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        found = measure(
            arguments.child, arguments.compartments, arguments.method, arguments.precision
        )
        print(json.dumps(found))
        return
    if not Path("/proc/self/clear_refs").exists():
        sys.exit("this system does not say what memory a process has: it has no /proc/self")
    peers.print_machine()
    print("| fibre | compartments | bytes per compartment | at most on the way |")
    print("|---|---|---|---|")
    squid = arguments.compartments // (10 if arguments.quick else 1)
    verdicts = []
    # A myelinated fibre is described section by section, which takes longer.
    for name, compartments in (("squid", squid), ("mrg", squid // 5)):
        found = run_child(name, arguments, compartments)
        print(f"| {name} | {found['compartments']} | {found['kept']:.1f} | {found['most']:.1f} |")
        what = f"{name}: bytes per compartment beyond the model"
        verdicts.append(judge(what, found["kept"], LIMITS[name], at_most=True))
    print("", *verdicts, sep="\n")


if __name__ == "__main__":
    main()
