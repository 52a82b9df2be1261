"""The squid axon at 18.5 degC in the limit of fine steps and meshes: 18.73 m/s, not 18.8.

    python benchmarks/squid_limit.py

Hodgkin and Huxley's 18.8 m/s (1952) was found by hand, from trial velocities.
"""

from __future__ import annotations

import math
import sys

import wave_velocity

import ranvier as rv

EXPECTED_m_per_s = 18.73
TOLERANCE = 1e-3
LENGTHS_um = (400.0, 200.0, 100.0, 50.0)
DT_ms = (1e-2, 5e-3, 2.5e-3, 1.25e-3)


def limit(length_um: float) -> wave_velocity.Limit:
    fibre = rv.fibers.hodgkin_huxley(mesh=rv.MaxLength(length_um))
    discretisation = rv.discretise(fibre.model, fibre.mesh)
    return wave_velocity.limit_in_dt(
        lambda dt_ms: wave_velocity.velocity_m_per_s(
            discretisation,
            fibre.stimulus,
            between=(("axon", 0.4), ("axon", 0.8)),
            dt_ms=dt_ms,
            t_stop_ms=6.0,
        ),
        DT_ms,
    )


def main() -> None:
    limits = [limit(length_um) for length_um in LENGTHS_um]
    orders = wave_velocity.observed_orders([each.value for each in limits], 2.0)
    print("| compartment, um | limit in dt, m/s | order |\n|---|---|---|")
    for length_um, each, order in zip(LENGTHS_um, limits, orders, strict=True):
        print(f"| {length_um:g} | {each} | {'' if math.isnan(order) else f'{order:.2f}'} |")
    coarse, fine = limits[-2:]
    best = wave_velocity.Limit(
        fine.value + (fine.value - coarse.value) / 3,
        fine.uncertainty + abs(fine.value - coarse.value) / 3,
    )
    print(f"limit in both: {best} m/s")
    sys.exit(0 if abs(best.value / EXPECTED_m_per_s - 1) < TOLERANCE else 1)


if __name__ == "__main__":
    main()
