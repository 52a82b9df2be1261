"""Question: how fast is a spike along a squid axon, next to every peer that can run one?

    python benchmarks/speed_squid.py [--peer-python [NAME=]PATH]
        [--compartments 10000 100000] [--quick]

10 cm at 18.5 degC, dt 5 us, one thread, in turn. Then 2000 compartments, and the time that each
method of each simulator takes to come within 0.1 % of the velocity, by interpolation between steps.
"""

from __future__ import annotations

import argparse
import dataclasses
from collections import defaultdict
from pathlib import Path
from statistics import median

import work_precision
from compare import peers, precision_tables
from compare.ladders import SQUID, Series, own_series, peer_series
from compare.peers import Program, judge

OWN_METHODS = ("staggered_sdirk2", "rosenbrock2")
TARGETS = {"Arbor": 3.0, "NEURON, built-in hh": 7.0}
EQUAL_ERROR_TARGETS = {"the best peer": 4.0, "Arbor": 15.0}
#: m/s, by backward Euler at 5 us; the table of the built-in hh and Arbor's order of things differ.
EULER = (18.6636, 1e-4)
NEAR_EULER = (18.6636, 5e-4)
LIMIT = (18.7338, 1e-3)
T_STOP_ms = {100_000: 5.0}
#: Beyond these, compiling takes minutes.
MOST_OF_JAXLEY = 10_000
#: Rungs of the ladders that are run: those around the target, in ms or as a tolerance.
AROUND_TARGET = {
    "first": (0.0007, 0.002),
    "second": (0.006, 0.1),
    "tolerance": (0.003, 0.2),
}


def programs(compartments: int, *, is_quick: bool) -> list[Program]:
    t_stop_ms = T_STOP_ms.get(compartments, 10.0)
    size = ("--compartments", str(compartments), "--t-stop", str(t_stop_ms))
    found = [
        Program(f"ranvier {name}", "ranvier_squid.py", ("--method", name), expected=LIMIT)
        for name in OWN_METHODS
    ]
    found += [
        Program("Arbor", "arbor_squid.py", expected=NEAR_EULER),
        Program("NEURON, built-in hh", "neuron_squid.py", ("--built-in",), expected=NEAR_EULER),
        Program("NEURON, exact hh", "neuron_squid.py", needs_mechanisms=True, expected=EULER),
        Program(
            "CoreNEURON", "neuron_squid.py", ("--core",), needs_mechanisms=True, expected=EULER
        ),
    ]
    if compartments <= MOST_OF_JAXLEY:
        found.append(Program("Jaxley", "jaxley_squid.py", expected=EULER, most_rounds=1))
    if not is_quick or compartments <= MOST_OF_JAXLEY:
        found.append(Program("Brian2", "brian2_squid.py", expected=EULER, most_rounds=1))
    for each in found:
        each.options = (*each.options, *size)
    return found


def at_equal_step(arguments: argparse.Namespace) -> list[str]:
    verdicts = []
    for compartments in arguments.compartments:
        found = programs(compartments, is_quick=arguments.quick)
        peers.run_rounds(found, arguments)
        own = found[: len(OWN_METHODS)]
        peers.print_speed(f"Squid axon, {compartments} compartments, 5 us", found, own)
        for label, target in TARGETS.items():
            (peer,) = (each for each in found if each.label == label)
            for each in own:
                what = f"{compartments} compartments, {each.label}: times {label}"
                verdicts.append(judge(what, peers.ratio_of(peer, each), target))
    return verdicts


def near_target(series: Series, *, is_quick: bool) -> Series | None:
    """A copy with the rungs around the target, or None for what is not asked for."""
    if series.simulator == "ranvier" and series.order not in (2, 4):
        return None
    if is_quick and (series.simulator, series.order) in {("NEURON", 1), ("CoreNEURON", 1)}:
        return None
    if series.simulator == "Jaxley" and (is_quick or series.order == 1):
        return None
    kind = {0: "tolerance", 1: "first"}.get(series.order, "second")
    low, high = AROUND_TARGET[kind]
    settings = tuple(each for each in series.settings if low <= each.value <= high)
    return dataclasses.replace(series, settings=settings, measurements={})


def at_equal_error(arguments: argparse.Namespace, folder: Path) -> list[str]:
    print(f"\n{SQUID.title}, at a velocity error of {precision_tables.TARGET_percent:g} %")
    bench = work_precision.Bench(
        pythons=arguments.pythons, mechanisms=folder, budget_s=arguments.budget
    )
    reference = work_precision.find_reference(bench, SQUID)
    all_series = [*own_series(SQUID), *peer_series(SQUID)]
    near = [near_target(each, is_quick=arguments.quick) for each in all_series]
    chosen = [each for each in near if each is not None]
    times_s: dict[tuple[str, str], list[float]] = defaultdict(list)
    steps: dict[tuple[str, str], str] = {}
    missing = set()
    for _ in range(arguments.rounds):
        for each in chosen:
            each.measurements.clear()  # so that a ratio is of one round
        work_precision.measure_all(bench, SQUID, chosen, reference)
        for each in chosen:
            name = (each.simulator, each.method)
            reached = precision_tables.at_target(
                each, "velocity_error_percent", precision_tables.TARGET_percent
            )
            if reached is None:
                missing.add(name)
                continue
            times_s[name].append(reached.wall_s)
            unit = "us" if each.order else "atol"
            value = 1e3 * reached.setting if each.order else reached.setting
            steps[name] = f"{value:.3g} {unit} {reached.how}".strip()
    print("\n| simulator, method | setting | ms |")
    print("|---|---|---|")
    for name, found in sorted(times_s.items(), key=lambda item: median(item[1])):
        print(f"| {' '.join(name)} | {steps[name]} | {peers.spread([1e3 * s for s in found])} |")
    for name in sorted(missing):
        print(f"| {' '.join(name)} | not reached or not installed | |")
    own = [found for name, found in times_s.items() if name[0] == "ranvier"]
    others = {name: found for name, found in times_s.items() if name[0] != "ranvier"}
    if not own or not others:
        return [judge(f"times {label}", None, each) for label, each in EQUAL_ERROR_TARGETS.items()]
    rounds = range(min(map(len, times_s.values())))
    best = [min(found[k] for found in own) for k in rounds]
    best_peer = [min(found[k] for found in others.values()) for k in rounds]
    arbor = [found for name, found in others.items() if name[0] == "Arbor"]
    return [
        judge(
            f"2000 compartments, 0.1 % velocity error: times {label}",
            median(peer[k] / best[k] for k in rounds) if peer else None,
            EQUAL_ERROR_TARGETS[label],
        )
        for label, peer in (("the best peer", best_peer), ("Arbor", arbor[0] if arbor else []))
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    peers.add_arguments(parser)
    parser.add_argument("--compartments", type=int, nargs="*", default=[10_000, 100_000])
    parser.add_argument("--skip-equal-error", action="store_true")
    arguments = peers.parse(parser)
    peers.print_machine()
    verdicts = at_equal_step(arguments)
    if not arguments.skip_equal_error:
        folder, problem = peers.mechanisms(arguments.pythons, arguments.mechanisms)
        if problem:
            print(f"NEURON's mechanisms: {problem}")
        verdicts += at_equal_error(arguments, folder)
    print("", *verdicts, sep="\n")


if __name__ == "__main__":
    main()
