"""The workloads with ranvier and with every simulator that is installed, in turn.

    python run.py [W1] [W2] [--peer-python [NAME=]PATH] [--rounds 5]

One round runs each simulator once, as a program of its own, so that all meet the same machine; a
ratio is taken within a round, and the table holds the median over the rounds. `--peer-python` is
the interpreter that has the other simulators, or one of them, where it is not this one.
"""

from __future__ import annotations

import argparse
import math
import sys
from statistics import median

import peers
from peers import Program

#: The same scheme agrees to rounding of the crossing; other orderings and tables do not.
SAME_SCHEME, OTHER_SCHEME = 1e-5, 5e-4
WORKLOADS = {
    "W1": [
        Program("ranvier", "ranvier_squid.py"),
        Program("NEURON", "neuron_squid.py", needs_mechanisms=True),
        Program("NEURON, rate table", "neuron_squid.py", ("--built-in",)),
        Program("CoreNEURON", "neuron_squid.py", ("--core",), needs_mechanisms=True),
        Program("Arbor", "arbor_squid.py"),
    ],
    "W2": [
        Program("ranvier", "ranvier_mrg.py"),
        Program("NEURON, fastest form", "neuron_mrg.py", needs_mechanisms=True),
        Program(
            "NEURON, as published",
            "neuron_mrg.py",
            ("--layers", "2", "--separate-stins"),
            needs_mechanisms=True,
        ),
    ],
}
HAVE_ANOTHER_SCHEME = ("NEURON, rate table", "Arbor")


def print_table(name: str, programs: list[Program]) -> bool:
    """Prints one workload. Returns whether every velocity is as near ranvier's as it must be."""
    own = programs[0]
    if not own.results:
        print(f"{name}: ranvier did not run: {own.problem}")
        return False
    first = own.results[0]
    steps = round(first["t_stop_ms"] / first["dt_ms"])
    print(f"\n{name}: {first['compartments']} compartments, {steps} steps of {first['dt_ms']} ms")
    print("| simulator | version | ns per compartment-step | velocity, m/s | time / ranvier's |")
    print("|---|---|---|---|---|")
    all_agree = True
    for program in programs:
        if not program.results:
            print(f"| {program.label} | | did not run: {program.problem} | | |")
            continue
        costs = [result["ns_per_compartment_step"] for result in program.results]
        ratios = [
            peer["wall_s"] / ours["wall_s"]
            for peer, ours in zip(program.results, own.results, strict=True)
        ]
        velocity = program.results[0]["velocity_m_per_s"] or math.nan
        tolerance = OTHER_SCHEME if program.label in HAVE_ANOTHER_SCHEME else SAME_SCHEME
        agrees = abs(velocity / first["velocity_m_per_s"] - 1) <= tolerance
        all_agree = all_agree and agrees
        print(
            f"| {program.label} | {program.results[0]['version']} | {median(costs):.1f} "
            f"({min(costs):.1f} to {max(costs):.1f}) | {velocity:.4f}{'' if agrees else ' WRONG'} "
            f"| {median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f}) |"
        )
    clean = sum(result["clean_runs"] for each in programs for result in each.results)
    runs = sum(result["runs"] for each in programs for result in each.results)
    print(f"rounds: {len(own.results)}; {clean} of {runs} runs undisturbed; {first['settings']}")
    return all_agree


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("workloads", nargs="*", metavar="W1 W2", default=[])
    peers.add_arguments(parser, rounds=5)
    arguments = peers.parse(parser)
    chosen = arguments.workloads or list(WORKLOADS)
    if unknown := [name for name in chosen if name not in WORKLOADS]:
        parser.error(f"workload {unknown[0]}: is unknown, expected W1 or W2")
    peers.print_machine()
    peers.run_rounds([program for name in chosen for program in WORKLOADS[name]], arguments)
    results = [print_table(name, WORKLOADS[name]) for name in chosen]
    sys.exit(0 if all(results) else 1)


if __name__ == "__main__":
    main()
