"""Question: does the cost of a spike depend on how long the axon is, and what memory does it take?

    python benchmarks/window_length.py [--lengths-m 0.1 1 10 100] [--quick]

Squid axons at 18.5 degC in compartments of 100 um, dt 5 us. The spike starts at one end; what is
timed is its way through the middle, at most `LONGEST_ms` of it: CPU time per simulated ms, while
nothing else happens on the fibre. Memory is that of a process of its own, from before the model was
made to the end of a run of some ms, and the most that it had in between. Linux only.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import memory
from compare import peers, windowed
from compare.peers import judge
from compare.windowed import Case

import ranvier as rv

COMPARTMENT_um, DT_ms = 100.0, 0.005
LENGTHS_m, QUICK_LENGTHS_m = (0.1, 1.0, 10.0, 100.0), (0.1, 1.0, 10.0)
VELOCITY_m_per_s = 18.73
#: The middle, as shares of the length.
FROM, TO = 0.3, 0.7
#: Two of the longest steps that a block takes: what rests costs as much in any such time.
LONGEST_ms = 2 * 2**18 * DT_ms
FLAT_percent, MEMORY_MB = 20.0, 300.0
MEMORY_RUN_ms = 5.0
#: What a spike and the time until all of it has come to rest again take of an axon.
WAVE_m = 0.5


@dataclass(frozen=True, kw_only=True)
class Cost:
    """Of one way through the middle."""

    compartments: int
    from_ms: float
    timed_ms: float
    cpu_s: float
    solved: float  # compartments per step

    @property
    def ms_per_ms(self) -> float:
        """CPU time by simulated time."""
        return 1e3 * self.cpu_s / self.timed_ms


def make_case(length_m: float) -> Case:
    fibre = rv.fibers.hodgkin_huxley(length_um=1e6 * length_m)
    return Case(
        grid=rv.discretise(fibre.model, rv.FixedCount(round(1e6 * length_m / COMPARTMENT_um))),
        stimuli=[fibre.stimulus],
        dt_ms=DT_ms,
        v_rest_guess_mV=fibre.v_rest_guess_mV,
    )


def measure(length_m: float, tolerance_mV: float) -> Cost:
    case = make_case(length_m)
    simulation = case.simulation(tolerance_mV)

    def solved() -> float:
        """Compartments times steps so far."""
        return simulation.execution["share_solved"] * simulation.step * len(case.grid)

    whole_ms = 1e3 * length_m / VELOCITY_m_per_s
    # Blocks of a long axon have found their longest steps by then.
    from_ms = min(FROM * whole_ms, 2.0 * LONGEST_ms)
    windowed.advance(simulation, from_ms)
    before, before_ms, before_steps = solved(), simulation.t_ms, simulation.step
    cpu_s = windowed.advance(simulation, min(TO * whole_ms, from_ms + LONGEST_ms))
    return Cost(
        compartments=len(case.grid),
        from_ms=before_ms,
        timed_ms=simulation.t_ms - before_ms,
        cpu_s=cpu_s,
        solved=(solved() - before) / (simulation.step - before_steps),
    )


def grown_bytes(length_m: float, tolerance_mV: float) -> dict[str, float]:
    """In a process of its own: what is resident at the end, and was at most, beyond the start."""
    make_case(0.01).simulation(tolerance_mV).advance(20)  # brings in the code
    before, _ = memory.memory_bytes()
    Path("/proc/self/clear_refs").write_text("5")  # the most starts anew from here
    case = make_case(length_m)
    simulation = case.simulation(tolerance_mV)
    made, _ = memory.memory_bytes()
    windowed.advance(simulation, MEMORY_RUN_ms)
    after, most = memory.memory_bytes()
    return {"made": made - before, "kept": after - before, "most": most - before}


def run_child(length_m: float, tolerance_mV: float) -> dict[str, float]:
    command = [sys.executable, __file__, "--child", repr(length_m)]
    command += ["--tolerance", repr(tolerance_mV)]
    # Every array of some size is mapped by itself, so that none hides in what was freed before.
    fixed = {"MALLOC_MMAP_THRESHOLD_": "65536", "MALLOC_TRIM_THRESHOLD_": "65536"}
    done = subprocess.run(
        command, capture_output=True, text=True, env=os.environ | peers.ONE_THREAD | fixed
    )
    if done.returncode != 0:
        sys.exit(f"memory: {peers.reason(done)}")
    return json.loads(done.stdout)


def print_costs(costs: dict[float, list[Cost]]) -> None:
    print(
        "| length, m | compartments | timed, ms | solved per step | CPU ms per ms | us per step |"
    )
    print("|---|---|---|---|---|---|")
    for length_m, found in costs.items():
        first = found[0]
        cells = [
            f"{length_m:g}",
            f"{first.compartments}",
            f"{first.from_ms:.1f} to {first.from_ms + first.timed_ms:.1f}",
            f"{first.solved:.0f}",
            peers.spread([each.ms_per_ms for each in found]),
            peers.spread([1e3 * DT_ms * each.ms_per_ms for each in found]),
        ]
        print(f"| {' | '.join(cells)} |")


def judge_flatness(costs: dict[float, list[Cost]]) -> str:
    """Of those in which a whole wave has room: a shorter axon has less to solve."""
    medians = {
        length_m: median(each.ms_per_ms for each in found)
        for length_m, found in costs.items()
        if length_m >= WAVE_m
    }
    if len(medians) < 2:
        return judge("% between the costs", None, FLAT_percent, at_most=True)
    spread_percent = 100.0 * (max(medians.values()) / min(medians.values()) - 1.0)
    what = f"% between the costs of {min(medians):g} to {max(medians):g} m"
    return judge(what, spread_percent, FLAT_percent, at_most=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    windowed.add_arguments(parser)
    parser.add_argument("--lengths-m", type=float, nargs="*", help="default: 0.1 to 100")
    parser.add_argument("--rounds", type=int, default=3, help="of all lengths in turn")
    parser.add_argument("--child", type=float, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        print(json.dumps(grown_bytes(arguments.child, arguments.tolerance)))
        return
    windowed.keep_to_one_thread(arguments.cpu)
    lengths_m = arguments.lengths_m or (QUICK_LENGTHS_m if arguments.quick else LENGTHS_m)
    peers.print_machine()
    costs: dict[float, list[Cost]] = {each: [] for each in lengths_m}
    for _ in range(1 if arguments.quick else arguments.rounds):
        for length_m, found in costs.items():
            found.append(measure(length_m, arguments.tolerance))
    print_costs(costs)
    verdicts = [judge_flatness(costs)]
    longest_m = max(lengths_m)
    what = f"{longest_m:g} m: MB of memory with the model"
    if Path("/proc/self/clear_refs").exists():
        grown = run_child(longest_m, arguments.tolerance)
        print(
            f"\nmemory at {longest_m:g} m, MB: {1e-6 * grown['made']:.0f} when made, "
            f"{1e-6 * grown['kept']:.0f} after {MEMORY_RUN_ms:g} ms, {1e-6 * grown['most']:.0f} at "
            "most on the way"
        )
        verdicts.append(judge(what, 1e-6 * grown["kept"], MEMORY_MB, at_most=True))
    else:
        verdicts.append(judge(what, None, MEMORY_MB, at_most=True))
    print("", *verdicts, sep="\n")


if __name__ == "__main__":
    main()
