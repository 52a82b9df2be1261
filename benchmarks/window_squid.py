"""Question: what does one spike along a very long squid axon cost where only the wave is solved?

    python benchmarks/window_squid.py [--peer-python [NAME=]PATH] [--length-m 10] [--quick]

Squid axon at 18.5 degC, 10 m in compartments of 100 um, dt 5 us, one thread, a spike from end to
end: by the window, and the same scheme in all compartments, both in full, so that every crossing
time can be compared. NEURON and Arbor take the same axon and step through `--peer-ms` of it; the
time for the whole follows from that, since each of their steps costs the same. Times are CPU times.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from compare import peers, windowed
from compare.peers import Program, judge
from compare.windowed import Case

import ranvier as rv

COMPARTMENT_um = 100.0
DT_ms = 0.005
#: Of a spike at this step, m/s, rounded down.
VELOCITY_m_per_s = 18.7
#: The pulse, the rise of the spike and what it has to go around the end.
EXTRA_ms = 1.5
FULL, NEURON, ARBOR = "the full solve", "NEURON, built-in hh", "Arbor"
TARGETS = {FULL: 30.0, NEURON: 200.0, ARBOR: 80.0}
VELOCITY_DIFFERENCE, CROSSINGS_us = 1e-4, 2.0


def make_case(length_m: float) -> Case:
    fibre = rv.fibers.hodgkin_huxley(length_um=1e6 * length_m)
    count = round(1e6 * length_m / COMPARTMENT_um)
    return Case(
        grid=rv.discretise(fibre.model, rv.FixedCount(count)),
        stimuli=[fibre.stimulus],
        dt_ms=DT_ms,
        v_rest_guess_mV=fibre.v_rest_guess_mV,
    )


def run_peers(arguments: argparse.Namespace, length_m: float, compartments: int) -> list[Program]:
    size = ("--length-um", repr(1e6 * length_m), "--compartments", str(compartments))
    size += ("--dt", repr(DT_ms), "--t-stop", repr(arguments.peer_ms))
    found = [
        Program(NEURON, "neuron_squid.py", ("--built-in", *size)),
        Program(ARBOR, "arbor_squid.py", size),
    ]
    for each in found:
        result = peers.run_once(each, arguments, Path())
        each.results = [result] if result else []
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    peers.add_arguments(parser, rounds=1)
    parser.add_argument("--length-m", type=float, help="of the axon (default: 10; --quick: 2)")
    parser.add_argument("--tolerance", type=float, default=0.01, help="window_tol_mV")
    parser.add_argument("--peer-ms", type=float, default=2.0, help="what a peer steps through")
    arguments = peers.parse(parser)
    length_m = arguments.length_m or (2.0 if arguments.quick else 10.0)
    peers.print_machine()
    case = make_case(length_m)
    t_stop_ms = length_m * 1e3 / VELOCITY_m_per_s + EXTRA_ms
    print(f"Squid axon of {length_m:g} m, {len(case.grid)} compartments, {t_stop_ms:.1f} ms\n")
    print(windowed.HEADER)
    ours = windowed.solve(case, t_stop_ms, tolerance_mV=arguments.tolerance)
    print(ours.row(), flush=True)
    found = run_peers(arguments, length_m, len(case.grid))
    full = windowed.solve(case, t_stop_ms, tolerance_mV=None)
    print(full.row(), flush=True)

    cost_s = {FULL: full.cpu_s}
    for peer in found:
        if not peer.results:
            print(f"{peer.label} did not run: {peer.problem}")
            continue
        first = peer.results[0]
        time_s, is_cpu_time = peers.time_s(first)
        cost_s[peer.label] = time_s / first["steps"] * full.steps
        print(
            f"{peer.label} {first['version']}: {1e6 * time_s / first['steps']:.0f} us per step, "
            f"{1e9 * time_s / first['steps'] / first['compartments']:.3g} ns per compartment-step"
            f"{' (CPU time)' if is_cpu_time else ''}; {cost_s[peer.label]:.0f} s for the whole, "
            f"extrapolated from {first['steps']} steps"
        )
    ratios = {name: cost_s[name] / ours.cpu_s if name in cost_s else None for name in TARGETS}
    verdicts = [judge(f"times {name}", ratios[name], target) for name, target in TARGETS.items()]
    velocities = [windowed.velocity_m_per_s(case, each.crossings) for each in (ours, full)]
    print(f"velocity {velocities[0]:.6f} by the window, {velocities[1]:.6f} m/s in full")
    verdicts.append(
        judge(
            "relative difference of the velocities",
            abs(velocities[0] / velocities[1] - 1.0),
            VELOCITY_DIFFERENCE,
            at_most=True,
        )
    )
    difference_us = windowed.crossing_difference_us(
        ours.crossings, full.crossings, spikes=1, t_stop_ms=t_stop_ms
    )
    what = f"us between crossings, at most, of {ours.crossings.t_ms.size} compartments"
    verdicts.append(judge(what, difference_us, CROSSINGS_us, at_most=True))
    print("", *verdicts, sep="\n")


if __name__ == "__main__":
    main()
