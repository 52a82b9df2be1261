"""How long hours of a living patch take, and how well its books balance.

    python benchmarks/slow_time.py            about ten seconds

A squid axon of 476 um: at rest, poisoned, building its gradients, and spiking; in full, with each
integrator, and quasi-steady. "kept" is what is not accounted for of an ion, relative to it.
"""

from __future__ import annotations

import time

from ranvier import living

HOURS_10_s = 36e3
POISON = [living.Step("nak_kager.ouabain_fraction", 1.0)]
#: Name, patch, seconds, steps, start in mV, quasi-steady, integrator.
axon = living.squid_axon()
passive = living.equal_sides(living.without_gates(axon, -65.0))
train = living.pulses(20.0, duration_ms=0.5, at_s=[0.005 + 0.02 * n for n in range(10)])
CASES = [
    ("10 h at rest", axon, HOURS_10_s, [], -65.0, False, "LSODA"),
    ("10 h of ouabain", axon, HOURS_10_s, POISON, -65.0, False, "LSODA"),
    ("10 h of ouabain", axon, HOURS_10_s, POISON, -65.0, False, "BDF"),
    ("10 h of ouabain", axon, HOURS_10_s, POISON, -65.0, False, "Radau"),
    ("10 h of ouabain", axon, HOURS_10_s, POISON, -65.0, True, "LSODA"),
    ("80 h from equal sides", passive, 8 * HOURS_10_s, [], 0.0, False, "LSODA"),
    ("10 spikes in 200 ms", axon, 0.2, train, -65.0, False, "LSODA"),
]


def main() -> None:
    print(f"{'case':<24}{'gates':<14}{'by':<8}{'s':>7}{'steps':>8}{'end mV':>10}{'kept':>10}")
    for name, patch, t_stop_s, steps, v_mV, quasi_steady, method in CASES:
        seconds = []
        for _ in range(3):
            begin = time.perf_counter()
            result = living.simulate(
                patch,
                t_stop_s=t_stop_s,
                steps=steps,
                v_init_mV=v_mV,
                quasi_steady=quasi_steady,
                method=method,
            )
            seconds.append(time.perf_counter() - begin)
        kept = max(balance.relative_residual for balance in result.ledger().ions)
        gates = "quasi-steady" if quasi_steady else "live"
        print(
            f"{name:<24}{gates:<14}{method:<8}{min(seconds):>7.2f}{result.t_s.size:>8}"
            f"{result.v_mV[-1]:>10.3f}{kept:>10.1e}"
        )


if __name__ == "__main__":
    main()
