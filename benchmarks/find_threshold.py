"""Question: how long does a stimulation threshold take, beside the peers?

    python benchmarks/find_threshold.py --peer-python PATH [--mechanisms FOLDER]

One threshold: MRG 10 um of 21 nodes, a point electrode 1 mm beside the middle node, a cathodic
pulse of 0.1 ms, to 1 %, by every program in turn (benchmarks/compare/*_threshold.py). All peers
step by backward Euler, whose threshold is too high; what each is off is against ours at 0.5 us.
A ratio is to our longest step that is off by no more than that peer at its own. `population.py` has
many fibres.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent / "compare"))
import peers
from jaxon_fibre import BEST_FLAGS
from peers import Program

#: What NEURON finds at 5 us, to 0.01 %, and how near to it ours by the same scheme must be.
NEURON_mA = -0.183042
SAME_SCHEME = 1e-3
PYFIBERS, NEURON, JAXON = "PyFibers", "NEURON by hand", "jaxon-nerve"
#: What was asked for, by peer and step in ms.
TARGETS = {(PYFIBERS, 0.001): 1000.0, (NEURON, 0.005): 100.0, (JAXON, 0.005): 40.0}


def programs(*, is_quick: bool) -> tuple[list[Program], list[Program]]:
    own = [
        Program("ranvier", "ranvier_threshold.py", ("--dt", dt))
        for dt in ("0.005", "0.008", "0.01", "0.02")
    ]
    theirs = [
        Program(NEURON, "neuron_threshold.py", ("--dt", dt), needs_mechanisms=True)
        for dt in ("0.005", "0.001")
    ]
    jaxon = {"XLA_FLAGS": BEST_FLAGS}
    theirs.append(Program(JAXON, "jaxon_threshold.py", environment=jaxon))
    theirs.append(Program(PYFIBERS, "pyfibers_threshold.py"))
    if not is_quick:
        theirs.append(Program(PYFIBERS, "pyfibers_threshold.py", ("--dt", "0.001"), most_rounds=1))
    return own, theirs


def exact_thresholds_mA(own: list[Program], arguments: argparse.Namespace) -> dict[str, float]:
    """Of each scheme and step: what it converges to as the bracket closes, and the limit in dt."""
    found = {}
    for label, method, dt in (
        *((each.options[1], "rosenbrock2", each.options[1]) for each in own),
        ("limit", "rosenbrock2", "0.0005"),
        ("euler 0.005", "backward_euler", "0.005"),
        ("euler 0.001", "backward_euler", "0.001"),
    ):
        program = Program(
            label, "ranvier_threshold.py", ("--dt", dt, "--method", method, "--rtol", "1e-5")
        )
        report = peers.run_once(program, arguments, Path())
        if report is None:
            sys.exit(f"ranvier_threshold.py: {program.problem}")
        found[label] = report["threshold_mA"]
    return found


def one_fibre(arguments: argparse.Namespace) -> None:
    own, theirs = programs(is_quick=arguments.quick)
    exact_mA = exact_thresholds_mA(own, arguments)
    limit_mA = exact_mA["limit"]
    off = {label: abs(found / limit_mA - 1.0) for label, found in exact_mA.items()}
    print(f"limit in dt: {limit_mA:.5f} mA; NEURON's scheme at 5 us: {exact_mA['euler 0.005']:.5f}")
    assert abs(exact_mA["euler 0.005"] / NEURON_mA - 1.0) <= SAME_SCHEME
    peers.run_rounds([*own, *theirs], arguments)
    print("| program | settings | dt, us | found, mA | off the limit | runs | ms | times ours |")
    print("|---|---|---|---|---|---|---|---|")
    verdicts = []
    for program in [*own, *theirs]:
        if not program.results:
            print(f"| {program.label} | did not run: {program.problem} | | | | | | |")
            continue
        first = program.results[0]
        dt_ms = first["dt_ms"]
        error = off[str(dt_ms)] if program.is_own else off[f"euler {dt_ms}"]
        ratio = ""
        if not program.is_own:
            equal = [each for each in own if each.results and off[each.options[1]] <= error]
            best = equal[-1]
            ratios = [
                peers.time_s(a)[0] / peers.time_s(b)[0]
                for a, b in zip(program.results, best.results, strict=False)
            ]
            ratio = f"{peers.spread(ratios)} at {1e3 * best.results[0]['dt_ms']:g} us"
            if target := TARGETS.get((program.label, dt_ms)):
                what = f"threshold beside {program.label} at {1e3 * dt_ms:g} us"
                verdicts.append(peers.judge(what, float(np.median(ratios)), target))
        times_ms = [1e3 * peers.time_s(each)[0] for each in program.results]
        mark = "†" if any(peers.time_s(each)[1] for each in program.results) else ""
        print(
            f"| {program.label} | {first['version']}, {first['settings']} | {1e3 * dt_ms:g} "
            f"| {first['threshold_mA']:.5f} | {100 * error:.2f} % | {first['runs']} "
            f"| {peers.spread(times_ms)}{mark} | {ratio} |"
        )
    print("† CPU time of the process, where other work had the processor in every run")
    print(*verdicts, sep="\n")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    peers.add_arguments(parser)
    arguments = peers.parse(parser)
    peers.print_machine()
    one_fibre(arguments)


if __name__ == "__main__":
    main()
