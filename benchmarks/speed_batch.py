"""Question: how fast are a thousand fibres at once, next to peers?

    python benchmarks/speed_batch.py [--peer-python [NAME=]PATH] [--quick]

1000 thin squid fibres of 200 compartments, each stimulated at its own time, 10 ms at 25 us. Then
1024 MRG fibres of 21 nodes, every published diameter from 5.7 to 16 um, each with its own
amplitude, 5 us. One thread, in turn; ranvier on two threads in the end. What is compared is the
time of the steps alone, as everywhere here: a call of ranvier's less one that takes a single step;
the whole call is printed beside it.
"""

from __future__ import annotations

import argparse
from statistics import median

from compare import peers
from compare.peers import Program, judge

SQUID_TARGET = 4.0
#: By the label of the peer.
MRG_TARGETS = {
    "NEURON, hand-tuned, one at a time": 60.0,
    "jaxon-nerve, chunks, best flags": 25.0,
    "jaxon-nerve, documented, as installed": 60.0,
}
THREADS_TARGET = 1.8
#: Spikes of a batch against those of single runs.
SAME_us = 1e-3
#: m/s: backward Euler's at 25 us, and the limit.
EULER, LIMIT = (0.8395, 1e-3), (0.8584, 5e-3)
NEAR_EULER = (0.8395, 4e-3)
BEST_FLAGS = {"XLA_FLAGS": "--xla_cpu_use_thunk_runtime=false"}
#: The time of a step does not depend on how many there are.
SHORTENED_ms = "1"


#: The faster of our two methods of second order, as peers have their best settings.
STAGGERED = ("--method", "staggered_sdirk2")


def squid_programs(arguments: argparse.Namespace) -> list[Program]:
    size = ("--fibres", str(arguments.fibres))
    core = ("--core", *size)
    found = [
        Program("ranvier, staggered_sdirk2", "ranvier_batch.py", STAGGERED + size, expected=LIMIT),
        Program("ranvier, rosenbrock2", "ranvier_batch.py", size, expected=LIMIT),
        Program("NEURON", "neuron_batch.py", size, needs_mechanisms=True, expected=EULER),
        Program(
            "NEURON, built-in hh", "neuron_batch.py", ("--built-in", *size), expected=NEAR_EULER
        ),
        Program("CoreNEURON", "neuron_batch.py", core, needs_mechanisms=True, expected=EULER),
        Program("Arbor", "arbor_batch.py", size, expected=NEAR_EULER),
        Program("Jaxley", "jaxley_batch.py", size, expected=EULER, most_rounds=2),
        Program("Brian2", "brian2_batch.py", size, expected=NEAR_EULER, most_rounds=1),
    ]
    if arguments.quick:
        found = [each for each in found if each.label not in ("NEURON", "Brian2")]
    return found


def mrg_programs(arguments: argparse.Namespace) -> list[Program]:
    size = ("--fibres", str(arguments.mrg_fibres))
    short = (*size, "--t-stop", SHORTENED_ms)
    documented = ("--route", "documented", *short)
    script = "jaxon_batch.py"
    own = [Program("ranvier", "ranvier_mrg_batch.py", size)]
    if len(arguments.allowed) > 1:
        two = ("--threads", "2", *size)
        own.append(Program("ranvier, two threads", "ranvier_mrg_batch.py", two, processors=2))
    return [
        *own,
        Program("NEURON, hand-tuned, one at a time", "neuron_mrg.py", needs_mechanisms=True),
        Program("jaxon-nerve, chunks, best flags", script, short, environment=BEST_FLAGS),
        Program("jaxon-nerve, documented, as installed", script, documented, most_rounds=1),
        Program(
            "jaxon-nerve, documented, best flags",
            script,
            documented,
            environment=BEST_FLAGS,
            most_rounds=1,
        ),
    ]


def print_whole_calls(programs: list[Program]) -> list[str]:
    """What a call costs with its preparation, and whether it agrees with single runs."""
    verdicts = []
    for each in programs:
        if not each.is_own or not each.results:
            continue
        whole_s = median(result["whole_s"] for result in each.results)
        steps_s = median(peers.time_s(result)[0] for result in each.results)
        print(f"{each.label}: a whole call takes {whole_s:.3g} s, of it {steps_s:.3g} s for steps")
        largest_us = max(result["difference_us"] for result in each.results)
        what = f"{each.label}: us between spikes of the batch and of single runs"
        verdicts.append(judge(what, largest_us, SAME_us, at_most=True))
    return verdicts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    peers.add_arguments(parser)
    parser.add_argument("--fibres", type=int, default=1000, help="squid fibres; 0 for none")
    parser.add_argument("--mrg-fibres", type=int, default=1024, help="0 for none")
    arguments = peers.parse(parser)
    peers.print_machine()
    verdicts = []
    if arguments.fibres:
        squid = squid_programs(arguments)
        peers.run_rounds(squid, arguments)
        title = f"{arguments.fibres} squid fibres of 200 compartments, 10 ms, 25 us"
        peers.print_speed(title, squid, squid[:1])
        verdicts += print_whole_calls(squid)
        others = [peers.ratio_of(each, squid[0]) for each in squid if not each.is_own]
        best = min((each for each in others if each is not None), default=None)
        verdicts.append(judge("squid fibres, times the best peer", best, SQUID_TARGET))
    if arguments.mrg_fibres:
        mrg = mrg_programs(arguments)
        peers.run_rounds(mrg, arguments)
        by_label = {each.label: each for each in mrg}
        title = f"{arguments.mrg_fibres} MRG fibres of 21 nodes, 5 us (jaxon-nerve: 1 ms of it)"
        peers.print_speed(title, mrg, mrg[:1])
        verdicts += print_whole_calls(mrg)
        verdicts += [
            judge(f"MRG fibres, times {label}", peers.ratio_of(by_label[label], mrg[0]), target)
            for label, target in MRG_TARGETS.items()
        ]
        two = by_label.get("ranvier, two threads")
        # A ratio of one thread to two, which must be idle otherwise.
        gain = peers.ratio_of(mrg[0], two) if two else None
        verdicts.append(judge("MRG fibres, two threads against one", gain, THREADS_TARGET))
    print("", *verdicts, sep="\n")


if __name__ == "__main__":
    main()
