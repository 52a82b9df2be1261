"""Question: does a C fibre whose ions move conduct the more slowly the more it has fired?

    python benchmarks/slowing.py [--frequency-Hz 10] [--pulses 10] [--length-um 2000] [--dt-ms 0.01]

Tigerholm's fibre of 1 um under a train, at fixed concentrations and with those that move (29 nm of
shell, given back in 290 ms). Prints the velocity of each spike over the middle half of the fibre,
and in its middle the sodium inside and the potassium outside at the end.
"""

from __future__ import annotations

import argparse

import ranvier as rv


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frequency-Hz", type=float, default=10.0, dest="frequency_Hz")
    parser.add_argument("--pulses", type=int, default=10)
    parser.add_argument("--length-um", type=float, default=2000.0, dest="length_um")
    parser.add_argument("--dt-ms", type=float, default=0.01, dest="dt_ms")
    given = parser.parse_args()

    train = rv.stimuli.PulseTrain(
        onset_ms=5.0, duration_ms=1.0, frequency_Hz=given.frequency_Hz, count=given.pulses
    )
    for accumulate in (False, True):
        fibre = rv.fibers.tigerholm(length_um=given.length_um, ions_accumulate=accumulate)
        d = rv.discretise(fibre.model, fibre.mesh)
        near, middle, far = (k * len(d) // 4 for k in (1, 2, 3))
        result = rv.simulate(
            d,
            rv.stimuli.CurrentClamp(waveform=train, at=[0], amplitude_nA=0.45),
            [rv.Probe(name, [middle], every_ms=1.0) for name in ("na_in_mM", "k_out_mM")],
            t_stop_ms=60.0 + 1e3 * (given.pulses - 1) / given.frequency_Hz,
            method=rv.Method(dt_ms=given.dt_ms),
            detect=rv.SpikeDetector(at=[near, far]),
            v_init_mV=-55.0,
        )
        start_ms, end_ms = (
            result.crossings[0].t_ms[result.crossings[0].compartment == at] for at in (near, far)
        )
        conducted = min(start_ms.size, end_ms.size)
        apart_mm = 1e-3 * (d.distance_um[far] - d.distance_um[near])
        speeds = apart_mm / (end_ms[:conducted] - start_ms[:conducted])
        print("ions move" if accumulate else "fixed concentrations")
        print("  m/s:", " ".join(f"{speed:.4f}" for speed in speeds))
        print(f"  last beside first: {100 * (speeds[-1] / speeds[0] - 1):+.1f} %")
        ends = (result[name].values[-1, 0] for name in ("na_in_mM", "k_out_mM"))
        print("  sodium inside {:.1f} mM, potassium outside {:.1f} mM".format(*ends))


if __name__ == "__main__":
    main()
