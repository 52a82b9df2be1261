"""Question: how fast is a spike along an MRG fibre, next to NEURON, PyFibers and jaxon-nerve?

    python benchmarks/speed_mrg.py [--peer-python [NAME=]PATH] [--nodes 21 101 1001] [--quick]

MRG 10 um, 11 compartments to each internode, dt 5 us, one thread, in turn. Then the same work at an
equal error of the velocity, where a first-order peer would take minutes: its step follows from its
own errors at longer ones, and its time from a shortened run at that step.
"""

from __future__ import annotations

import argparse
import dataclasses
import itertools
import math
from pathlib import Path
from statistics import median

import numpy as np
import work_precision
from compare import peers, precision
from compare.ladders import MRG, own_series, steps
from compare.peers import Program, judge

#: Of the times of NEURON hand-tuned, as usually written, PyFibers and jaxon-nerve at its best.
TARGETS = {
    "NEURON, hand-tuned": {21: 60, 101: 90, 1001: 150},
    "NEURON, as usually written": {21: 110, 101: 200, 1001: 280},
    "PyFibers": {21: 180, 101: 300, 1001: 380},
    "jaxon-nerve, best flags": {21: 20, 101: 20},
}
EQUAL_ERROR_percent, EQUAL_ERROR_TARGET = 0.2, 1000
CROSSINGS_us = 1.0
T_STOP_ms = {1001: 4.0}
#: m/s, by backward Euler at 5 us; with passive ends that have settled.
VELOCITY = {21: 51.2778}
LONG_VELOCITY = 51.3373
#: The limit in dt, from which the second order is about 0.2 % at 5 us.
LIMIT = (56.25, 1e-2)
BEST_FLAGS = {"XLA_FLAGS": "--xla_cpu_use_thunk_runtime=false"}
SHORTENED_STEPS = 2000


def programs(nodes: int) -> list[Program]:
    velocity = VELOCITY.get(nodes, LONG_VELOCITY)
    size = ("--nodes", str(nodes), "--t-stop", str(T_STOP_ms.get(nodes, 5.0)))
    usual = ("--layers", "2", "--separate-stins")
    euler = ("--method", "backward_euler")
    found = [
        Program("ranvier", "ranvier_mrg.py", ("--method", "rosenbrock2"), expected=LIMIT),
        Program("ranvier, backward Euler", "ranvier_mrg.py", euler, expected=(velocity, 1e-5)),
        Program(
            "ranvier, backward Euler, plain solver",
            "ranvier_mrg.py",
            (*euler, "--solver", "plain"),
            expected=(velocity, 1e-5),
        ),
        Program(
            "NEURON, hand-tuned",
            "neuron_mrg.py",
            needs_mechanisms=True,
            expected=(velocity, 1e-5),
        ),
        Program(
            "NEURON, as usually written",
            "neuron_mrg.py",
            usual,
            needs_mechanisms=True,
            expected=(velocity, 1e-5),
        ),
        Program("PyFibers", "pyfibers_mrg.py", expected=(velocity, 1e-5)),
    ]
    if nodes <= 101:
        found += [
            Program("jaxon-nerve, as installed", "jaxon_mrg.py", expected=(velocity, 1e-3)),
            Program(
                "jaxon-nerve, best flags",
                "jaxon_mrg.py",
                expected=(velocity, 1e-3),
                environment=BEST_FLAGS,
            ),
        ]
    for each in found:
        each.options = (*each.options, *size)
    return found


def crossing_difference_us(one: Program, other: Program) -> float | None:
    """The largest between the times at which the spike passes three nodes."""
    if not one.results or not other.results:
        return None
    times_ms = [each.results[0]["crossings_ms"] for each in (one, other)]
    return 1e3 * float(np.abs(np.subtract(*np.array(times_ms, dtype=float))).max())


def at_equal_step(arguments: argparse.Namespace) -> list[str]:
    verdicts = []
    for nodes in arguments.nodes:
        found = programs(nodes)
        peers.run_rounds(found, arguments)
        by_label = {each.label: each for each in found}
        first = found[0].results
        compartments = first[0]["compartments"] if first else "?"
        peers.print_speed(
            f"MRG 10 um, {nodes} nodes, {compartments} compartments, 5 us", found, found[:1]
        )
        for label, targets in TARGETS.items():
            if nodes in targets and label in by_label:
                ratio = peers.ratio_of(by_label[label], found[0])
                verdicts.append(judge(f"{nodes} nodes, times {label}", ratio, targets[nodes]))
        for own in found[1:3]:
            difference = crossing_difference_us(own, by_label["NEURON, hand-tuned"])
            what = f"{nodes} nodes, {own.label}: us between its crossings and NEURON's"
            verdicts.append(judge(what, difference, CROSSINGS_us, at_most=True))
    return verdicts


def step_for_error(dt_ms: np.ndarray, error: np.ndarray, target: float) -> float:
    """Where a dt + b dt^2 through the two finest errors is the target."""
    b, a = np.polyfit(dt_ms[-2:], error[-2:] / dt_ms[-2:], 1)
    if abs(b) < 1e-12:
        return float(target / a)
    return float((-a + math.sqrt(a * a + 4.0 * b * target)) / (2.0 * b))


def own_times_s(bench, reference, rounds: int) -> dict[str, tuple[float, float]]:
    """By method of ranvier's: the step in ms, and the median time, at the error."""
    found = {}
    for series in own_series(MRG):
        if series.order < 2:
            continue
        reached = []
        for _ in range(rounds):
            rungs = dataclasses.replace(series, settings=steps((2, 6)), measurements={})
            work_precision.measure_all(bench, MRG, [rungs], reference)
            rows = rungs.found("velocity_error_percent")
            columns = [
                [row[k] for k in ("dt_ms", "wall_s", "velocity_error_percent")] for row in rows
            ]
            if len(columns) > 1:
                reached.append(precision.reached(*np.array(columns).T, EQUAL_ERROR_percent))
        if reached and all(reached):
            found[series.method] = tuple(
                median(getattr(each, key) for each in reached) for key in ("setting", "wall_s")
            )
    return found


def errors_percent(bench, reference, script: str, steps_ms: list[float], *more: str) -> np.ndarray:
    """The velocity's, signed as it is too slow; raises RuntimeError with the program's reason."""
    found = []
    for dt_ms in steps_ms:
        report, traces = bench.run(script, (*MRG.options, *more, "--dt", repr(dt_ms)), 0)
        if traces is None or report["problem"]:
            raise RuntimeError(report["problem"])
        errors = precision.errors(traces, reference, MRG.track)
        found.append(-errors["velocity_error_percent"])
    return np.array(found)


def at_equal_error(arguments: argparse.Namespace, folder: Path) -> list[str]:
    what = f"times PyFibers at {EQUAL_ERROR_percent:g} % velocity error"
    print(f"\n{MRG.title}, at a velocity error of {EQUAL_ERROR_percent:g} %")
    bench = work_precision.Bench(
        pythons=arguments.pythons, mechanisms=folder, budget_s=arguments.budget
    )
    reference = work_precision.find_reference(bench, MRG)
    own = own_times_s(bench, reference, 1 if arguments.quick else arguments.rounds)
    for method, (dt_ms, wall_s) in own.items():
        print(f"ranvier {method}: step {1e3 * dt_ms:.3g} us, {1e3 * wall_s:.3g} ms", flush=True)
    steps_ms = [0.005, 0.0025] if arguments.quick else [0.005, 0.0025, 0.00125]
    try:
        error = errors_percent(bench, reference, "pyfibers_mrg.py", steps_ms)
    except RuntimeError as problem:
        print(f"PyFibers did not run: {problem}")
        return [judge(what, None, EQUAL_ERROR_TARGET)]
    listed = zip(steps_ms, error, strict=True)
    print(
        "PyFibers' velocity is too slow by",
        ", ".join(f"{each:.3g} % at {1e3 * dt_ms:g} us" for dt_ms, each in listed),
    )
    orders = [math.log2(coarse / fine) for coarse, fine in itertools.pairwise(error)]
    dt_ms = step_for_error(np.array(steps_ms), error, EQUAL_ERROR_percent)
    print(
        f"order {orders[-1]:.2f}, so it needs a step of {1e3 * dt_ms:.3g} us (extrapolated; linear "
        f"in the step with a square term, from the last two)"
    )
    euler = ("--method", "backward_euler")
    (check,) = errors_percent(bench, reference, "ranvier_mrg.py", [dt_ms], *euler)
    print(f"ranvier's backward Euler, the same scheme, is {check:.3g} % too slow at that step")
    shortened = Program(
        "PyFibers",
        "pyfibers_mrg.py",
        ("--nodes", "101", "--dt", repr(dt_ms), "--t-stop", repr(SHORTENED_STEPS * dt_ms)),
    )
    report = peers.run_once(shortened, arguments, folder)
    if report is None:
        print(f"PyFibers did not run: {shortened.problem}")
        return [judge(what, None, EQUAL_ERROR_TARGET)]
    t_stop_ms = float(MRG.options[MRG.options.index("--t-stop") + 1])
    wall_s = peers.time_s(report)[0] / report["steps"] * t_stop_ms / dt_ms
    print(
        f"PyFibers: {report['best_s']:.3g} s for {report['steps']} steps of {1e3 * dt_ms:.3g} us, "
        f"so {wall_s:.3g} s for all {t_stop_ms / dt_ms:.0f} (extrapolated)"
    )
    best_s = min((each[1] for each in own.values()), default=math.nan)
    return [judge(what, wall_s / best_s, EQUAL_ERROR_TARGET)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    peers.add_arguments(parser)
    parser.add_argument("--nodes", type=int, nargs="*", default=[21, 101, 1001])
    parser.add_argument("--skip-equal-error", action="store_true")
    arguments = peers.parse(parser)
    peers.print_machine()
    verdicts = at_equal_step(arguments)
    if not arguments.skip_equal_error:
        folder, _ = peers.mechanisms(arguments.pythons, arguments.mechanisms)
        verdicts += at_equal_error(arguments, folder)
    print("\nNRV is not measured: it does not import without packages that only conda has.\n")
    print(*verdicts, sep="\n")


if __name__ == "__main__":
    main()
