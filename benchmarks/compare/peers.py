"""Programs of one simulator each, run in turn so that all meet the same machine, and their ratios.

What every comparison shares. A program prints one line of JSON last, as `workload.report` does; a
peer that is not there is named in the output and fails nothing.
"""

from __future__ import annotations

import argparse
import functools
import json
import math
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

HERE = Path(__file__).resolve().parent
TIMEOUT_s = 900.0
#: One thread, whatever a library would take.
ONE_THREAD = {
    f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL", "RANVIER", "NUMEXPR")
} | {"NEURON_MODULE_OPTIONS": "-nogui"}


@dataclass(frozen=True)
class Pythons:
    """The interpreter that has each peer; `default` for those that are not named."""

    default: str = sys.executable
    by_peer: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def parse(cls, values: Sequence[str]) -> Pythons:
        """From PATH, which is for all that have no own, and from NAME=PATH."""
        named = dict(value.split("=", 1) for value in values if "=" in value)
        bare = [value for value in values if "=" not in value]
        return cls((bare or [sys.executable])[-1], named)

    def of(self, script: str) -> str:
        """By the first word of a script's name."""
        peer = script.partition("_")[0]
        return sys.executable if peer == "ranvier" else self.by_peer.get(peer, self.default)


@dataclass
class Program:
    """A program to run, the velocity it must show, and what came out."""

    label: str
    script: str
    options: tuple[str, ...] = ()
    needs_mechanisms: bool = False
    #: The velocity in m/s, and how far from it an answer may be, as a share.
    expected: tuple[float, float] | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    processors: int = 1
    #: Fewer where compiling takes longer than all else.
    most_rounds: int = sys.maxsize
    results: list[dict] = field(default_factory=list)
    problem: str = ""

    @property
    def is_own(self) -> bool:
        return self.script.startswith("ranvier")

    def costs_ns(self) -> list[float]:
        """Per compartment and step, of each round."""
        return [
            1e9 * time_s(each)[0] / (each["compartments"] * each["steps"]) for each in self.results
        ]

    def velocity(self) -> tuple[float, bool]:
        """The velocity, and whether it is as near the expected one as it must be."""
        found = self.results[0].get("velocity_m_per_s")
        if found is None:
            return math.nan, self.expected is None
        is_right = self.expected is None or (
            abs(found / self.expected[0] - 1.0) <= self.expected[1]
        )
        return found, is_right


def time_s(report: Mapping) -> tuple[float, bool]:
    """The best run's time, and whether it is CPU time, because other work disturbed every run."""
    wall_s, cpu_s = report["best_s"], report["best_cpu_s"]
    is_cpu_time = wall_s > 1.05 * cpu_s + 2e-4
    return (cpu_s if is_cpu_time else wall_s), is_cpu_time


def processor() -> str:
    """The model name of the processor, which `platform` does not know on Linux."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def print_machine() -> None:
    print(f"{processor()}, {os.cpu_count()} processors, load {os.getloadavg()[0]:.2f}", flush=True)


def add_arguments(parser: argparse.ArgumentParser, *, rounds: int = 3) -> None:
    """The options that every comparison has."""
    add_peer_arguments(parser)
    parser.add_argument("--rounds", type=int, default=rounds, help="of all programs in turn")
    parser.add_argument("--repeats", type=int, default=3, help="clean runs in each round")
    parser.add_argument("--budget", type=float, default=4.0, help="s after which none is repeated")
    parser.add_argument("--cpu", type=int, help="the processor that has it all (default: the last)")
    parser.add_argument("--quick", action="store_true", help="one round, few repeats")


def add_peer_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--peer-python",
        action="append",
        default=[],
        metavar="[NAME=]PATH",
        help="has the peer NAME (neuron, arbor, jaxley, brian2, pyfibers, jaxon), or all others",
    )
    parser.add_argument("--mechanisms", type=Path, help="NEURON's, compiled with --native --core")


def parse(parser: argparse.ArgumentParser) -> argparse.Namespace:
    """Reads the options and keeps this program and all it starts on one processor."""
    arguments = parser.parse_args()
    arguments.pythons = Pythons.parse(arguments.peer_python)
    if arguments.quick:
        arguments.rounds, arguments.repeats, arguments.budget = 1, 2, 0.5
    if hasattr(os, "sched_setaffinity"):
        arguments.allowed = sorted(os.sched_getaffinity(0))
        arguments.cpu = arguments.allowed[-1] if arguments.cpu is None else arguments.cpu
        os.sched_setaffinity(0, {arguments.cpu})
    return arguments


def mechanisms(pythons: Pythons, ready: Path | None) -> tuple[Path, str]:
    """NEURON's compiled mechanisms, and why there are none or nothing."""
    if ready:
        return ready.resolve(), ""
    folder, problem = _built_mechanisms(pythons.of("neuron"))
    return Path(folder.name), problem


@functools.cache
def _built_mechanisms(python: str) -> tuple[tempfile.TemporaryDirectory, str]:
    """Once for all that a program runs; removed with the program."""
    folder = tempfile.TemporaryDirectory(prefix="neuron_mechanisms_")
    command = [python, str(HERE / "build_neuron_mechanisms.py"), "--native", "--core"]
    try:
        done = subprocess.run([*command, "--to", folder.name], capture_output=True, text=True)
    except FileNotFoundError:
        return folder, f"{python} is not there"
    said = done.stderr.strip().splitlines() or ["failed"]
    return folder, "" if done.returncode == 0 else said[0]


def run_once(
    program: Program, arguments: argparse.Namespace, folder: Path, *more: str
) -> dict | None:
    """Runs it and returns its result, or None and the reason in `program.problem`."""
    command = [arguments.pythons.of(program.script), str(HERE / program.script)]
    command += ["--repeats", str(arguments.repeats), "--budget", repr(arguments.budget)]
    if program.script.startswith("neuron"):
        command += ["--mechanisms", str(folder)]

    def keep_to_processors() -> None:
        if program.processors > 1 and hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(0, arguments.allowed[-program.processors :])

    try:
        done = subprocess.run(
            [*command, *program.options, *more],
            capture_output=True,
            text=True,
            timeout=TIMEOUT_s,
            env=os.environ | ONE_THREAD | dict(program.environment),
            preexec_fn=keep_to_processors,
        )
    except FileNotFoundError:
        program.problem = f"{command[0]} is not there"
        return None
    except subprocess.TimeoutExpired:
        program.problem = f"took longer than {TIMEOUT_s:g} s"
        return None
    if done.returncode == 0:
        # NEURON may print before it.
        return json.loads(done.stdout.strip().splitlines()[-1])
    program.problem = reason(done)
    return None


def reason(done: subprocess.CompletedProcess) -> str:
    """Why a program ended without a result."""
    if done.returncode < 0:
        return f"was ended by signal {-done.returncode}"
    return (done.stderr.strip().splitlines() or ["ended without a result"])[-1]


def run_rounds(programs: Sequence[Program], arguments: argparse.Namespace) -> None:
    """Runs each once in every round. One that fails in a round is left out of all."""
    folder, problem = mechanisms(arguments.pythons, arguments.mechanisms)
    for program in programs:
        program.problem = problem if program.needs_mechanisms else ""
    for number in range(arguments.rounds):
        for program in programs:
            if program.problem or number >= program.most_rounds:
                continue
            result = run_once(program, arguments, folder)
            if result is None:
                program.results.clear()  # rounds must pair up
            else:
                program.results.append(result)
        print(f"round {number + 1} of {arguments.rounds} done", file=sys.stderr, flush=True)


def ratios(peer: Program, own: Program) -> list[float]:
    """The peer's cost over ours, of each round that has both."""
    return [theirs / ours for theirs, ours in zip(peer.costs_ns(), own.costs_ns(), strict=False)]


def spread(values: Sequence[float], digits: int = 3) -> str:
    """The median, with the range where there is one."""
    if not values:
        return "not measured"
    text = f"{median(values):.{digits}g}"
    if len(values) > 1:
        text += f" ({min(values):.{digits}g} to {max(values):.{digits}g})"
    return text


def judge(what: str, value: float | None, target: float, *, at_most: bool = False) -> str:
    """One line: what was wanted, what is, and whether that is enough."""
    sign = "at most" if at_most else "at least"
    if value is None or math.isnan(value):
        return f"not measured: {what}, target {sign} {target:g}"
    is_met = value <= target if at_most else value >= target
    return f"{'met' if is_met else 'NOT MET'}: {what} {value:.3g}, target {sign} {target:g}"


def print_speed(title: str, programs: Sequence[Program], own: Sequence[Program]) -> None:
    """The cost of each, and what it is of that of each of `own` in the same round."""
    print(f"\n{title}")
    print(
        "| simulator | settings | ns per compartment-step | velocity, m/s | "
        + " | ".join(f"time / {each.label}'s" for each in own)
        + " |"
    )
    print("|---|---|---|---|" + "---|" * len(own))
    for program in programs:
        if not program.results:
            print(f"| {program.label} | did not run: {program.problem} | | |" + " |" * len(own))
            continue
        first = program.results[0]
        velocity, is_right = program.velocity()
        mark = "†" if any(time_s(each)[1] for each in program.results) else ""
        cells = [
            program.label,
            f"{first['version']}, {first['settings']}",
            spread(program.costs_ns()) + mark,
            ("" if math.isnan(velocity) else f"{velocity:.4f}") + " WRONG" * (not is_right),
            *(spread(ratios(program, each)) for each in own),
        ]
        print("| " + " | ".join(cells) + " |", flush=True)
    if any(time_s(each)[1] for program in programs for each in program.results):
        print("† CPU time of the process: other work had the processor in every run")


def ratio_of(peer: Program, own: Program) -> float | None:
    found = ratios(peer, own)
    return median(found) if found else None
