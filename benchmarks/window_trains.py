"""Question: what does a train of spikes along a long C fibre cost where only waves are solved?

    python benchmarks/window_trains.py [--whole] [--quick]

Hodgkin & Huxley's membrane on a fibre of 1 um, 1 m in compartments of 8 um, at 18.5 degC, where it
conducts 50 Hz at 0.86 m/s; dt 10 us; 2 s of a train of 5 Hz, and of 50 Hz. The windowed run is
whole. The full solve of it takes twenty minutes: its time follows from pieces that are timed
before, between and after, since every step costs the same, and latencies are compared on a shorter
piece of fibre, by runs that are whole both ways. `--whole` compares and times all of it.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass

import numpy as np
from compare import peers, windowed
from compare.peers import judge
from compare.windowed import Case, FullSteps, Solved

import ranvier as rv

DIAMETER_um, COMPARTMENT_um, DT_ms = 1.0, 8.0, 0.01
ONSET_ms = 1.0
#: Of the time of the full solve, by the rate in Hz.
TARGETS = {5.0: 20.0, 50.0: 4.0}
LATENCY_DIFFERENCE = 1e-4
#: Latencies are those from here on, as a share of the length.
FROM_HERE = 0.1
PIECE_STEPS = 50


@dataclass(frozen=True, kw_only=True)
class Length:
    """Of a fibre, and of a run of it."""

    length_m: float
    t_stop_ms: float

    def describe(self, rate_Hz: float) -> str:
        return f"{rate_Hz:g} Hz, {self.length_m:g} m, {self.t_stop_ms:g} ms"


def make_case(
    rate_Hz: float, size: Length, arguments: argparse.Namespace, *, keeps_all: bool
) -> Case:
    fibre = rv.fibers.hodgkin_huxley(diameter_um=DIAMETER_um, length_um=1e6 * size.length_m)
    count = round(1e6 * size.length_m / COMPARTMENT_um)
    return Case(
        grid=rv.discretise(fibre.model, rv.FixedCount(count)),
        stimuli=windowed.train(
            fibre.stimulus.at, onsets(rate_Hz, size.t_stop_ms), like=fibre.stimulus
        ),
        dt_ms=arguments.dt,
        v_rest_guess_mV=fibre.v_rest_guess_mV,
        detect=[rv.SpikeDetector(keep=None if keeps_all else 1)],
    )


def onsets(rate_Hz: float, t_stop_ms: float) -> np.ndarray:
    return np.arange(ONSET_ms, t_stop_ms, 1e3 / rate_Hz)


def latency_difference(
    case: Case, onsets_ms: np.ndarray, ours: Solved, full: Solved, t_stop_ms: float
) -> tuple[float, list[float]]:
    """The largest, relative, of any spike at any place; and the latencies at the end, in full."""
    places = np.arange(int(FROM_HERE * len(case.grid)), len(case.grid))
    worst, at_end_ms = 0.0, []
    for k, onset_ms in enumerate(onsets_ms):
        by_window_ms, in_full_ms = (
            each - onset_ms
            for each in windowed.arrivals_ms(ours.crossings, full.crossings, k, t_stop_ms, places)
        )
        if np.isnan(in_full_ms).all():
            break
        if np.isinf(by_window_ms).any() or np.isinf(in_full_ms).any():
            return np.inf, at_end_ms
        worst = max(worst, float(np.nanmax(np.abs(by_window_ms / in_full_ms - 1.0))))
        at_end_ms.append(float(in_full_ms[-1]))
    return worst, [each for each in at_end_ms if not np.isnan(each)]


def compare_latencies(
    rate_Hz: float, size: Length, arguments: argparse.Namespace
) -> dict[float, tuple[float, float]]:
    """By tolerance: how many times longer the full solve took, and the difference of latencies."""
    case = make_case(rate_Hz, size, arguments, keeps_all=True)
    print(f"\n{size.describe(rate_Hz)}, {len(case.grid)} compartments, whole both ways")
    print(windowed.HEADER)
    full = windowed.solve(case, size.t_stop_ms, tolerance_mV=None)
    print(full.row(), flush=True)
    found = {}
    for tolerance_mV in arguments.tolerances:
        ours = windowed.solve(case, size.t_stop_ms, tolerance_mV=tolerance_mV)
        print(ours.row(), flush=True)
        worst, at_end_ms = latency_difference(
            case, onsets(rate_Hz, size.t_stop_ms), ours, full, size.t_stop_ms
        )
        found[tolerance_mV] = full.cpu_s / ours.cpu_s, worst
    shown = [f"{each:.4f}" for each in at_end_ms]
    shown = shown if len(shown) < 8 else [*shown[:4], "...", *shown[-3:]]
    print(f"latencies at the end, in full: {', '.join(shown)} ms")
    return found


def time_whole(
    rate_Hz: float, size: Length, arguments: argparse.Namespace, full: FullSteps
) -> dict[float, float]:
    """By tolerance: how many times longer the full solve would take, from pieces of it around."""
    case = make_case(rate_Hz, size, arguments, keeps_all=False)
    print(f"\n{size.describe(rate_Hz)}, {len(case.grid)} compartments, windowed")
    print(windowed.HEADER)
    ratios = {}
    full.time_a_piece()
    for tolerance_mV in arguments.tolerances:
        ours = windowed.solve(case, size.t_stop_ms, tolerance_mV=tolerance_mV)
        print(ours.row(), flush=True)
        full.time_a_piece()
        ratios[tolerance_mV] = float(np.mean(full.step_s[-2:])) / ours.step_s
    whole_s = float(np.mean(full.step_s)) * size.t_stop_ms / arguments.dt
    print(f"{full.describe()}; {whole_s:.0f} s for the whole, extrapolated")
    return ratios


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--whole", action="store_true", help="the full solve of all of it as well")
    parser.add_argument("--tolerances", type=float, nargs="*", default=[0.01, 0.1], help="mV")
    parser.add_argument("--dt", type=float, default=DT_ms, help="time step in ms")
    parser.add_argument("--cpu", type=int, help="the processor that has it all (default: the last)")
    parser.add_argument("--quick", action="store_true", help="smaller sizes")
    arguments = parser.parse_args()
    windowed.keep_to_one_thread(arguments.cpu)
    size, piece = Length(length_m=1.0, t_stop_ms=2000.0), Length(length_m=0.1, t_stop_ms=500.0)
    if arguments.quick:
        size, piece = Length(length_m=0.25, t_stop_ms=500.0), Length(length_m=0.05, t_stop_ms=300.0)
    piece = size if arguments.whole else piece
    peers.print_machine()
    print(f"HH-type C fibre, {DIAMETER_um:g} um, dt {1e3 * arguments.dt:g} us")
    steps = None
    if not arguments.whole:
        case = make_case(5.0, size, arguments, keeps_all=False)
        steps = FullSteps(case, steps=PIECE_STEPS)
    verdicts = []
    for rate_Hz, target in TARGETS.items():
        found = compare_latencies(rate_Hz, piece, arguments)
        ratios = {tolerance_mV: ratio for tolerance_mV, (ratio, _) in found.items()}
        if steps is not None:
            ratios = time_whole(rate_Hz, size, arguments, steps)
        for tolerance_mV, ratio in ratios.items():
            what = f"{rate_Hz:g} Hz, {tolerance_mV:g} mV"
            worst = found[tolerance_mV][1]
            verdicts += [
                judge(f"{what}: times the full solve", ratio, target),
                judge(
                    f"{what}: relative difference of any spike's latency",
                    worst,
                    LATENCY_DIFFERENCE,
                    at_most=True,
                ),
            ]
    print("", *verdicts, sep="\n")


if __name__ == "__main__":
    main()
