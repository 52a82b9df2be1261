"""The workloads with ranvier and with every simulator that is installed, in turn.

    python run.py [W1] [W2] [--peer-python PATH] [--rounds 5]

One round runs each simulator once, as a program of its own, so that all meet the same machine; a
ratio is taken within a round, and the table holds the median over the rounds. `--peer-python` is
the interpreter that has the other simulators, where it is not this one.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

HERE = Path(__file__).resolve().parent


@dataclass
class Entry:
    """A program to run, how far its velocity may be from ranvier's, and what came out."""

    label: str
    script: str
    options: tuple[str, ...] = ()
    needs_mechanisms: bool = False
    #: The same scheme agrees to rounding of the crossing; other orderings and tables do not.
    velocity_tolerance: float = 1e-5
    results: list[dict] = field(default_factory=list)
    problem: str = ""


WORKLOADS = {
    "W1": [
        Entry("ranvier", "ranvier_squid.py"),
        Entry("NEURON", "neuron_squid.py", needs_mechanisms=True),
        Entry("NEURON, rate table", "neuron_squid.py", ("--built-in",), velocity_tolerance=5e-4),
        Entry("CoreNEURON", "neuron_squid.py", ("--core",), needs_mechanisms=True),
        Entry("Arbor", "arbor_squid.py", velocity_tolerance=5e-4),
    ],
    "W2": [
        Entry("ranvier", "ranvier_mrg.py"),
        Entry("NEURON, fastest form", "neuron_mrg.py", needs_mechanisms=True),
        Entry(
            "NEURON, as published",
            "neuron_mrg.py",
            ("--layers", "2", "--separate-stins"),
            needs_mechanisms=True,
        ),
    ],
}


def processor() -> str:
    """The model name of the processor, which `platform` does not know on Linux."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def build_mechanisms(python: str, folder: Path) -> str:
    """Compiles what NEURON needs. Returns why it could not, or nothing."""
    command = [python, str(HERE / "build_neuron_mechanisms.py"), "--native", "--core"]
    done = subprocess.run([*command, "--to", str(folder)], capture_output=True, text=True)
    return "" if done.returncode == 0 else (done.stderr.strip().splitlines() or ["failed"])[0]


def run(entry: Entry, arguments: argparse.Namespace, mechanisms: Path) -> None:
    """Runs the entry once and keeps its result, or the reason why there is none."""
    is_ranvier = entry.label == "ranvier"
    python = sys.executable if is_ranvier else arguments.peer_python
    command = [python, str(HERE / entry.script), "--repeats", str(arguments.repeats)]
    if entry.needs_mechanisms:
        command += ["--mechanisms", str(mechanisms)]
    done = subprocess.run([*command, *entry.options], capture_output=True, text=True)
    if done.returncode == 0:
        # NEURON may print before it.
        entry.results.append(json.loads(done.stdout.strip().splitlines()[-1]))
    else:
        entry.results.clear()  # rounds must pair up
        entry.problem = (done.stderr.strip().splitlines() or ["ended without a result"])[-1]


def print_table(name: str, entries: list[Entry]) -> bool:
    """Prints one workload. Returns whether every velocity is as near ranvier's as it must be."""
    own = entries[0]
    if not own.results:
        print(f"{name}: ranvier did not run: {own.problem}")
        return False
    first = own.results[0]
    steps = round(first["t_stop_ms"] / first["dt_ms"])
    print(f"\n{name}: {first['compartments']} compartments, {steps} steps of {first['dt_ms']} ms")
    print("| simulator | version | ns per compartment-step | velocity, m/s | time / ranvier's |")
    print("|---|---|---|---|---|")
    all_agree = True
    for entry in entries:
        if not entry.results:
            print(f"| {entry.label} | | did not run: {entry.problem} | | |")
            continue
        costs = [result["ns_per_compartment_step"] for result in entry.results]
        ratios = [
            peer["wall_s"] / ours["wall_s"]
            for peer, ours in zip(entry.results, own.results, strict=True)
        ]
        velocity = entry.results[0]["velocity_m_per_s"] or math.nan
        agrees = abs(velocity / first["velocity_m_per_s"] - 1) <= entry.velocity_tolerance
        all_agree = all_agree and agrees
        print(
            f"| {entry.label} | {entry.results[0]['version']} | {median(costs):.1f} "
            f"({min(costs):.1f} to {max(costs):.1f}) | {velocity:.4f}{'' if agrees else ' WRONG'} "
            f"| {median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f}) |"
        )
    clean = sum(result["clean_runs"] for entry in entries for result in entry.results)
    runs = sum(result["runs"] for entry in entries for result in entry.results)
    print(f"rounds: {len(own.results)}; {clean} of {runs} runs undisturbed; {first['settings']}")
    return all_agree


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("workloads", nargs="*", metavar="W1 W2", default=[])
    parser.add_argument("--peer-python", default=sys.executable, help="has the other simulators")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--repeats", type=int, default=3, help="clean runs in each round")
    parser.add_argument("--cpu", type=int, help="keep everything on this processor")
    arguments = parser.parse_args()
    chosen = arguments.workloads or list(WORKLOADS)
    if unknown := [name for name in chosen if name not in WORKLOADS]:
        parser.error(f"workload {unknown[0]}: is unknown, expected W1 or W2")
    if arguments.cpu is not None:
        os.sched_setaffinity(0, {arguments.cpu})
    print(f"{processor()}, {os.cpu_count()} processors, load {os.getloadavg()[0]:.2f}")
    with tempfile.TemporaryDirectory(prefix="neuron_mechanisms_") as folder:
        problem = build_mechanisms(arguments.peer_python, Path(folder))
        entries = [entry for name in chosen for entry in WORKLOADS[name]]
        for entry in entries:
            entry.problem = problem if entry.needs_mechanisms else ""
        for _ in range(arguments.rounds):
            for entry in entries:
                if not entry.problem:
                    run(entry, arguments, Path(folder))
    results = [print_table(name, WORKLOADS[name]) for name in chosen]
    sys.exit(0 if all(results) else 1)


if __name__ == "__main__":
    main()
