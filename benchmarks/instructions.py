"""Question: how many instructions does a compartment's step take, and how far is that from the
least that it could cost?

    python benchmarks/instructions.py [--methods NAME ...] [--isa base v3 ...] [--quick]

Counted by valgrind, or by perf where valgrind is missing: a run of many steps less one of few, so
that all but the steps cancels; by function too. Beside it, an estimate of the limit: the arithmetic
and the bytes that a step needs at least, over what one core was measured to do of them in loops of
nothing else (`cpp/peak.cpp`). Valgrind has no AVX-512: it counts the instructions of v3.
"""

from __future__ import annotations

import argparse
import collections
import dataclasses
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from compare import peers

import ranvier as rv

PEAK = Path(__file__).resolve().parent / "cpp" / "peak.cpp"
LINE = re.compile(r"^\s*([\d,]+) \(\s*[\d.]+%\)\s+[^:]*:(.*) \[(.*)\]$")
#: Functions below this share of the instructions are counted together.
SMALLEST_SHARE = 0.03
#: Of an own exp: 4 to reduce the argument, 11 for the polynomial, 2 to put it together.
EXP_MULTIPLY_ADDS = 17


@dataclass(frozen=True, kw_only=True)
class Work:
    """What a compartment needs at least: for each evaluation of its rates, and for each step.

    Bytes: state once in and once out, what the backward sweep needs of the forward one, and
    constants that are not shared.
    """

    exps: float
    rate_divisions: float
    rate_multiply_adds: float
    step_divisions: float
    step_multiply_adds: float
    bytes: float

    def per_step(self, evaluations: int) -> tuple[float, float]:
        """Multiply-adds and divisions."""
        each = EXP_MULTIPLY_ADDS * self.exps + self.rate_multiply_adds
        multiply_adds = evaluations * each + self.step_multiply_adds
        return multiply_adds, evaluations * self.rate_divisions + self.step_divisions


#: Squid: exp(-v/10) serves three rates, exp(-v/20) is its root, so three exps and a root; two
#: exprelr and a sigmoid divide; so does each of three gates and the pivot. MRG: the node has ten
#: rates (a tenth of the rows, and more), the others constant factors and two potentials.
WORK = {
    # One exponential for each channel, whose powers give the others; divisions shared by gates.
    "squid": Work(
        exps=2,
        rate_divisions=2,
        rate_multiply_adds=36,
        step_divisions=1,
        step_multiply_adds=40,
        bytes=64 + 16 + 32,
    ),
    "mrg": Work(
        exps=8 / 11,
        rate_divisions=7 / 11,
        rate_multiply_adds=40 / 11,
        step_divisions=8 / 11,
        step_multiply_adds=24,
        bytes=32 + 32 + 8,
    ),
}
EVALUATIONS = {"rosenbrock2": 2, "staggered_sdirk2": 1}
V_INIT_mV = {"squid": -65.0, "mrg": -80.0}
#: Few and many; the edges of the stimulus, after which steps are shortened, come before both.
STEPS = (250, 350)
TIMED_STEPS = 400


def make(name: str, method: str) -> rv.Simulation:
    squid, mrg = rv.fibers.hodgkin_huxley(), rv.fibers.mrg(nodes=101)
    fibre, mesh = (squid, rv.FixedCount(2000)) if name == "squid" else (mrg, mrg.mesh)
    return rv.Simulation(
        rv.discretise(fibre.model, mesh),
        method=rv.Method(method, dt_ms=0.005),
        stimuli=[fibre.stimulus],
        v_init_mV=V_INIT_mV[name],
    )


def run_child(name: str, method: str, steps: int) -> None:
    """Takes the steps, and prints how long a compartment's step took after the first ones."""
    simulation = make(name, method)
    times_ns = []
    for _ in range(5 if steps == TIMED_STEPS else 1):
        simulation.initialise(V_INIT_mV[name])
        simulation.advance(STEPS[0])
        start_ns = time.process_time_ns()
        simulation.advance(steps - STEPS[0])
        times_ns.append(time.process_time_ns() - start_ns)
    compartments = len(simulation.discretisation)
    work = compartments * max(steps - STEPS[0], 1)
    found = {"compartments": compartments, "ns": min(times_ns) / work}
    print(json.dumps(found))


def child(
    name: str, method: str, steps: int, isa: str, *before: str
) -> subprocess.CompletedProcess:
    command = [*before, sys.executable, __file__, "--child", name, str(steps), "--methods", method]
    environment = os.environ | peers.ONE_THREAD | {"PYTHONHASHSEED": "0"}
    if isa:
        environment["RANVIER_ISA"] = isa
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    if done.returncode != 0:
        raise RuntimeError(peers.reason(done))
    return done


Counter = Callable[[str, str, int, str], Mapping[str, int]]


def count_by_valgrind(name: str, method: str, steps: int, isa: str) -> Mapping[str, int]:
    """Instructions by function; of another's library with its name."""
    counts: collections.Counter[str] = collections.Counter()
    with tempfile.TemporaryDirectory(prefix="callgrind_") as folder:
        out = Path(folder) / "out"
        child(
            name, method, steps, isa, "valgrind", "--tool=callgrind", f"--callgrind-out-file={out}"
        )
        listed = subprocess.run(
            ["callgrind_annotate", "--threshold=100", str(out)], capture_output=True, text=True
        )
    for line in listed.stdout.splitlines():
        if found := LINE.match(line):
            number, function, binary = found.groups()
            library = Path(binary).name
            if not library.startswith("_core."):
                function = f"{function} of {library}"
            counts[function] += int(number.replace(",", ""))
    return counts


def count_by_perf(name: str, method: str, steps: int, isa: str) -> Mapping[str, int]:
    said = child(name, method, steps, isa, "perf", "stat", "-x,", "-e", "instructions:u").stderr
    (line,) = (line for line in said.splitlines() if "instructions" in line)
    return {"all": int(line.split(",")[0])}


def find_counter() -> tuple[str, Counter | None]:
    if shutil.which("valgrind") and shutil.which("callgrind_annotate"):
        return "valgrind", count_by_valgrind
    perf = ["perf", "stat", "-x,", "-e", "instructions:u", "true"]
    if shutil.which("perf"):
        said = subprocess.run(perf, capture_output=True, text=True).stderr
        if said.split(",")[0].isdigit():
            return "perf", count_by_perf
    return "neither valgrind nor a perf that counts is here, so instructions are not counted", None


def short(function: str) -> str:
    """Without what every function of ranvier's says of itself."""
    name = re.sub(r"ranvier::|\(anonymous namespace\)::|^void |isa_\w+::", "", function)
    return name.split("(")[0]


@dataclass(frozen=True)
class Peak:
    """What one core does in a nanosecond."""

    multiply_adds: float
    divisions: float
    bytes: Mapping[str, float]


def measure_peak(working_sets_KiB: Mapping[str, int]) -> Peak | None:
    compiler = shutil.which(os.environ.get("CXX", "g++"))
    if compiler is None:
        return None
    with tempfile.TemporaryDirectory(prefix="peak_") as folder:
        program = str(Path(folder) / "peak")
        flags = ["-O3", "-march=native", "-std=c++20"]
        subprocess.run([compiler, *flags, str(PEAK), "-o", program], check=True)
        sizes = [str(each) for each in working_sets_KiB.values()]
        said = subprocess.run([program, *sizes], check=True, capture_output=True, text=True)
    multiply_adds, divisions, *moved = (float(each) for each in said.stdout.split())
    return Peak(multiply_adds, divisions, dict(zip(working_sets_KiB, moved, strict=True)))


@dataclass
class Row:
    name: str
    method: str
    isa: str
    compartments: int
    ns: float
    functions: dict[str, float] = dataclasses.field(default_factory=dict)


def measure(name: str, method: str, isa: str, count: Counter | None) -> Row:
    found = json.loads(child(name, method, TIMED_STEPS, isa).stdout.strip().splitlines()[-1])
    row = Row(name, method, isa, found["compartments"], found["ns"])
    if count:
        few, many = (count(name, method, steps, isa) for steps in STEPS)
        work = row.compartments * (STEPS[1] - STEPS[0])
        row.functions = {
            each: (many.get(each, 0) - few.get(each, 0)) / work for each in {*few, *many}
        }
    return row


def print_rows(rows: list[Row], peak: Peak | None) -> None:
    print(
        "| fibre, method | instructions | ns | instructions per ns | limit by arithmetic, ns "
        "| by bytes, ns | ns / limit |"
    )
    print("|---|---|---|---|---|---|---|")
    for row in rows:
        total = sum(row.functions.values())
        cells = [f"{row.name}, {row.method} {row.isa}".strip()]
        cells += [f"{total:.0f}" if total else "", f"{row.ns:.3g}"]
        cells += [f"{total / row.ns:.2f}" if total else ""]
        if peak and row.method in EVALUATIONS:
            work = WORK[row.name]
            multiply_adds, divisions = work.per_step(EVALUATIONS[row.method])
            # The divider works beside the multipliers, so the slower of the two counts.
            arithmetic_ns = max(multiply_adds / peak.multiply_adds, divisions / peak.divisions)
            bytes_ns = work.bytes / peak.bytes[row.name]
            limit_ns = max(arithmetic_ns, bytes_ns)
            cells += [
                f"{arithmetic_ns:.2f} ({multiply_adds:.0f} multiply-adds, {divisions:.1f} /)",
                f"{bytes_ns:.2f} ({work.bytes:.0f} bytes)",
                f"{row.ns / limit_ns:.1f}",
            ]
        else:
            cells += ["", "", ""]
        print("| " + " | ".join(cells) + " |")
    for row in rows:
        total = sum(row.functions.values())
        if len(row.functions) < 2:
            continue
        print(f"\n{row.name}, {row.method} {row.isa}: instructions per compartment-step")
        listed = sorted(row.functions.items(), key=lambda item: -item[1])
        large = [each for each in listed if each[1] >= SMALLEST_SHARE * total]
        for function, value in large:
            print(f"  {value:8.1f}  {short(function)}")
        print(f"  {total - sum(value for _, value in large):8.1f}  all others")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--methods", nargs="*", default=list(EVALUATIONS))
    parser.add_argument("--isa", nargs="*", default=[""], help="levels to force, one after another")
    parser.add_argument("--quick", action="store_true", help="one method")
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        name, steps = arguments.child
        run_child(name, arguments.methods[0], int(steps))
        return
    peers.print_machine()
    how, count = find_counter()
    print(f"counted by {how}" if count else how)
    methods = arguments.methods[:1] if arguments.quick else arguments.methods
    rows = []
    for name in WORK:
        for method in methods:
            for isa in arguments.isa:
                try:
                    rows.append(measure(name, method, isa, count))
                except RuntimeError as problem:
                    print(f"{name}, {method} {isa}: did not run: {problem}")
    if not rows:
        return
    sets_KiB = {row.name: int(WORK[row.name].bytes * row.compartments / 1024) for row in rows}
    peak = measure_peak(sets_KiB)
    if peak:
        print(
            f"one core: {peak.multiply_adds:.3g} multiply-adds, {peak.divisions:.3g} divisions in "
            f"a ns; bytes: "
            + ", ".join(f"{each:.3g} ({name})" for name, each in peak.bytes.items())
        )
    else:
        print("no C++ compiler is here, so the limits are not estimated")
    print_rows(rows, peak)


if __name__ == "__main__":
    main()
