"""Question: how does the error of the window follow its tolerance, and what does it cost?

    python benchmarks/window_tolerance.py [--quick]

A squid axon at 18.5 degC, 1 m in compartments of 100 um, dt 5 us, with two spikes 20 ms apart from
end to end, against the same scheme in all compartments: the largest difference of any crossing, and
of v at any compartment at samples 0.5 ms apart.
"""

from __future__ import annotations

import argparse
import itertools

import numpy as np
from compare import peers, windowed
from compare.peers import judge
from compare.windowed import Case

import ranvier as rv

COMPARTMENT_um, DT_ms, EVERY_ms = 100.0, 0.005, 0.5
ONSETS_ms = (0.5, 20.5)
EXTRA_ms, VELOCITY_m_per_s = 22.0, 18.7
TOLERANCES_mV = (1.0, 0.1, 0.01, 0.001)
FALL_PER_DECADE = 5.0


def make_case(length_m: float) -> Case:
    fibre = rv.fibers.hodgkin_huxley(length_um=1e6 * length_m)
    count = round(1e6 * length_m / COMPARTMENT_um)
    return Case(
        grid=rv.discretise(fibre.model, rv.FixedCount(count)),
        stimuli=windowed.train(fibre.stimulus.at, ONSETS_ms, like=fibre.stimulus),
        dt_ms=DT_ms,
        v_rest_guess_mV=fibre.v_rest_guess_mV,
        detect=[rv.SpikeDetector()],
        probes=[rv.Probe("v_mV", every_ms=EVERY_ms)],
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cpu", type=int, help="the processor that has it all (default: the last)")
    parser.add_argument("--quick", action="store_true", help="an axon of 0.3 m")
    arguments = parser.parse_args()
    windowed.keep_to_one_thread(arguments.cpu)
    length_m = 0.3 if arguments.quick else 1.0
    t_stop_ms = 1e3 * length_m / VELOCITY_m_per_s + EXTRA_ms
    peers.print_machine()
    case = make_case(length_m)
    print(f"Squid axon of {length_m:g} m, {len(case.grid)} compartments, {t_stop_ms:.1f} ms")
    full = windowed.solve(case, t_stop_ms, tolerance_mV=None)
    print(f"in full: {full.cpu_s:.3g} s, {1e6 * full.step_s:.0f} us per step\n")
    print(
        "| tolerance, mV | estimate, mV | crossings, us | v, mV | solved | times the full solve |"
    )
    print("|---|---|---|---|---|---|")
    errors = []
    for tolerance_mV in TOLERANCES_mV:
        ours = windowed.solve(case, t_stop_ms, tolerance_mV=tolerance_mV)
        crossings_us = windowed.crossing_difference_us(
            ours.crossings, full.crossings, spikes=len(ONSETS_ms), t_stop_ms=t_stop_ms
        )
        v_mV = float(np.abs(ours.traces[0].values - full.traces[0].values).max())
        errors.append((crossings_us, v_mV))
        cells = [f"{each:.3g}" for each in (tolerance_mV, ours.error_mV, crossings_us, v_mV)]
        cells += [f"{100.0 * ours.share_solved:.3g} %", f"{full.cpu_s / ours.cpu_s:.3g}"]
        print(f"| {' | '.join(cells)} |", flush=True)
    verdicts = []
    for k, what in enumerate(("crossings", "v")):
        falls = [before[k] / after[k] for before, after in itertools.pairwise(errors)]
        listed = ", ".join(f"{each:.3g}" for each in falls)
        verdicts.append(
            judge(
                f"least fall of the error of {what} per decade, of {listed},",
                min(falls),
                FALL_PER_DECADE,
            )
        )
    print("", *verdicts, sep="\n")


if __name__ == "__main__":
    main()
