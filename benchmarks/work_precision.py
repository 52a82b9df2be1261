"""Question: what accuracy does each method of each simulator buy for its time?

    python benchmarks/work_precision.py [--peer-python [NAME=]PATH] [--only squid|mrg]
        [--plot FILE] [--json FILE]

Velocity and v(t) of one spike along a squid axon and along an MRG fibre, against the limit in dt on
the same mesh. Every measurement is a program of its own from `compare/`, on one thread, and records
the membrane potential at three places: at every step, or where a method of ranvier's chooses its
steps at 2000 times of its dense output. Its time is the best of three runs of the stepping loop;
where other work disturbed every one, the CPU time of the process, and marked. A peer that is not
installed is left out, with a line that says so.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from compare import peers, precision, precision_tables
from compare.ladders import MRG, SQUID, Series, Setting, Workload, own_series, peer_series, steps

SCRIPTS = Path(__file__).resolve().parent / "compare"
TIMEOUT_s = 900.0


@dataclass(frozen=True, kw_only=True)
class Bench:
    """What it takes to run a program of `compare/`."""

    pythons: peers.Pythons
    mechanisms: Path
    budget_s: float

    def command(self, script: str) -> list[str]:
        command = [self.pythons.of(script), str(SCRIPTS / script)]
        if script.startswith("neuron"):
            command += ["--mechanisms", str(self.mechanisms)]
        return command

    def run(
        self, script: str, options: tuple[str, ...], repeats: int
    ) -> tuple[dict, precision.Traces | None]:
        """Returns what the program printed, or its "problem", and what it recorded."""
        with tempfile.TemporaryDirectory(prefix="work_precision_") as folder:
            traces = Path(folder) / "traces.npz"
            command = [*self.command(script), *options, "--repeats", str(repeats)]
            command += ["--budget", repr(self.budget_s), "--traces", str(traces)]
            try:
                done = subprocess.run(
                    command,
                    capture_output=True,
                    text=True,
                    timeout=TIMEOUT_s,
                    env=os.environ | peers.ONE_THREAD,
                )
            except FileNotFoundError:
                return {"problem": f"{command[0]} is not installed"}, None
            except subprocess.TimeoutExpired:
                return {"problem": f"took longer than {TIMEOUT_s:g} s"}, None
            said = [*done.stderr.strip().splitlines(), *done.stdout.strip().splitlines()]
            if done.returncode != 0 or not traces.exists():
                last = (done.stderr.strip().splitlines() or ["without a word"])[-1]
                return {"problem": last.rpartition("errors.")[2].partition(", expected")[0]}, None
            report = json.loads(said.pop())
            found = precision.load(traces)
            problem = ""
            if report["t_end_ms"] < 0.99 * report["t_stop_ms"]:
                problem = f"stopped at t = {report['t_end_ms']:.4g} ms"
            elif report["velocity_m_per_s"] is None:
                problem = f"no spike arrived by {report['t_stop_ms']:g} ms"
            if problem and said:
                problem += f": {said[-1]}"
            return report | {"problem": problem}, found


def measure(
    bench: Bench,
    workload: Workload,
    series: Series,
    setting: Setting,
    reference: precision.Traces,
) -> None:
    """Runs one rung and keeps it; of the same rung in an earlier round, the faster time."""
    if series.is_missing:
        return
    report, traces = bench.run(
        series.script, (*workload.options, *series.options, *setting.options), 3
    )
    if "is not installed" in report["problem"]:
        print(f"{series.simulator} {series.method}: skipped: {report['problem']}")
        series.is_missing = True
        return
    measurement = {
        "workload": workload.name,
        "simulator": series.simulator,
        "version": report.get("version"),
        "method": series.method,
        "settings": report.get("settings"),
        "dt_ms": setting.value if setting.is_step else None,
        "tolerance": None if setting.is_step else setting.value,
        "steps": report.get("steps"),
        "wall_s": None,
        "is_cpu_time": False,
        "problem": report["problem"],
    }
    if "best_s" in report:
        measurement["wall_s"], measurement["is_cpu_time"] = peers.time_s(report)
    if traces is not None and not report["problem"]:
        measurement |= precision.errors(traces, reference, workload.track)
    earlier = series.measurements.get(setting)
    if not earlier or (measurement["wall_s"] or np.inf) < (earlier["wall_s"] or np.inf):
        series.measurements[setting] = measurement


def measure_all(
    bench: Bench, workload: Workload, all_series: list[Series], reference: precision.Traces
) -> None:
    """One round: rung by rung, and all simulators in turn, so that all meet the same machine."""
    for rung in range(max(len(series.settings) for series in all_series)):
        for series in all_series:
            if rung < len(series.settings):
                measure(bench, workload, series, series.settings[rung], reference)
        print(f"{workload.name}: rung {rung + 1} done", file=sys.stderr, flush=True)


def find_reference(bench: Bench, workload: Workload) -> precision.Traces:
    """The limit in dt, by the fixed-step method of highest order, and what it is worth."""
    fixed = [series for series in own_series(workload) if series.order > 0]
    best = max(fixed, key=lambda series: series.order)
    runs = []
    halvings = workload.reference_halvings - max(0, best.order - 2)
    for setting in steps((halvings, halvings + 1)):
        options = (*workload.options, *best.options, *setting.options)
        report, traces = bench.run(best.script, options, 0)
        if traces is None or report["problem"]:
            sys.exit(f"{workload.name}: no reference: {report['problem']}")
        runs.append(traces)
    coarse, fine = runs
    limit = precision.extrapolated(coarse, fine, best.order, workload.track.threshold_mV)
    gain = precision.errors(fine, limit, workload.track)
    print(
        f"reference: ranvier {best.method}, dt {1e3 * fine.t_ms[1]:.4g} us and twice that, "
        f"extrapolated: {precision.velocity_m_per_s(limit, workload.track):.6f} m/s; the finer "
        f"run is {gain['velocity_error_percent']:+.1e} % and {gain['v_error_mV']:.1e} mV from it"
    )
    return limit


def check_reference(bench: Bench, workload: Workload, reference: precision.Traces) -> None:
    """Prints how far limits that another simulator found are from the reference."""
    atol = "1e-7" if workload is SQUID else "1e-4"  # where the MRG fibre still starts
    ladders = {f"CVODE, atol {atol}": [("--method", "cvode", "--atol", atol)]}
    if workload is MRG:
        finest = workload.peer_first_order_halvings[1]
        ladders["backward Euler, three steps extrapolated twice"] = [
            setting.options for setting in steps((finest - 2, finest))
        ]
    for label, ladder in ladders.items():
        runs = []
        for options in ladder:
            report, traces = bench.run(
                f"neuron_{workload.name}.py", (*workload.options, *options), 0
            )
            if traces is None or report["problem"]:
                print(f"cross-check: NEURON {label}: none: {report['problem']}")
                break
            runs.append(traces)
        else:
            print_check(f"NEURON {label}", workload, runs, reference)


def print_check(
    label: str, workload: Workload, runs: list[precision.Traces], reference: precision.Traces
) -> None:
    """Extrapolates first-order runs, each at half the step of the one before, until one is left."""
    order = 1
    while len(runs) > 1:
        runs = [
            precision.extrapolated(coarse, fine, order, workload.track.threshold_mV)
            for coarse, fine in itertools.pairwise(runs)
        ]
        order += 1
    found = precision.errors(runs[0], reference, workload.track)
    print(
        f"cross-check: {label}: {found['velocity_m_per_s']:.6f} m/s, "
        f"{found['velocity_error_percent']:+.1e} % and {found['v_error_mV']:.1e} mV from the "
        f"reference ({found['v_error_shifted_mV']:.1e} mV with the best shift)"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    peers.add_peer_arguments(parser)
    parser.add_argument("--only", choices=("squid", "mrg"))
    parser.add_argument("--rounds", type=int, default=1, help="the fastest of all rounds counts")
    parser.add_argument(
        "--budget", type=float, default=4.0, help="s after which no run is repeated"
    )
    parser.add_argument("--plot", type=Path, help="picture of error against time")
    parser.add_argument("--json", type=Path, help="one line per measurement")
    arguments = parser.parse_args()
    lines = arguments.json.open("w") if arguments.json else None

    peers.print_machine()
    all_measurements = []
    pythons = peers.Pythons.parse(arguments.peer_python)
    folder, problem = peers.mechanisms(pythons, arguments.mechanisms)
    if problem:
        print(f"NEURON's mechanisms: {problem}")
    bench = Bench(pythons=pythons, mechanisms=folder, budget_s=arguments.budget)
    for workload in (SQUID, MRG):
        if arguments.only not in (None, workload.name):
            continue
        print(f"\n{workload.title}")
        reference = find_reference(bench, workload)
        check_reference(bench, workload, reference)
        all_series = [*own_series(workload), *peer_series(workload)]
        for _ in range(arguments.rounds):
            measure_all(bench, workload, all_series, reference)
        all_series = [series for series in all_series if series.measurements]
        precision_tables.print_all(workload, all_series)
        found = [each for series in all_series for each in series.measurements.values()]
        all_measurements += found
        if lines:
            print(*map(json.dumps, found), sep="\n", file=lines, flush=True)
    if arguments.plot:
        from compare import precision_plot

        precision_plot.draw(all_measurements, arguments.plot)


if __name__ == "__main__":
    main()
