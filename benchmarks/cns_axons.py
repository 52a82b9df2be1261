"""The two central axons of Arancibia-Carcamo et al. 2017, extrapolated to zero time step.

    python benchmarks/cns_axons.py

Published: 2.95 m/s (optic nerve) and 2.61 m/s (cortex), on the same grid.
"""

from __future__ import annotations

import sys

import wave_velocity

import ranvier as rv

PUBLISHED_m_per_s = {"optic_nerve": 2.95, "cortex": 2.61}
DT_ms = (4e-3, 2e-3, 1e-3, 5e-4)
#: Of 51 nodes: far from the stimulus at node 0 and from the end.
NODES = (20, 35)


def limit(axon: str, refine: int) -> wave_velocity.Limit:
    fibre = rv.fibers.arancibia_carcamo(axon=axon, refine=refine)
    discretisation = rv.discretise(fibre.model, fibre.mesh)
    return wave_velocity.limit_in_dt(
        lambda dt_ms: wave_velocity.velocity_m_per_s(
            discretisation,
            fibre.stimulus,
            between=(f"node[{NODES[0]}]", f"node[{NODES[1]}]"),
            dt_ms=dt_ms,
            t_stop_ms=fibre.t_stop_ms,
        ),
        DT_ms,
    )


def main() -> None:
    is_right = True
    print(
        f"velocity in m/s, nodes {NODES[0]} to {NODES[1]}, backward Euler, limit in dt from",
        end=" ",
    )
    print(", ".join(f"{1e3 * dt_ms:g}" for dt_ms in DT_ms), "us")
    print("| axon | published | published grid | internodes cut 3 times finer |")
    print("|---|---|---|---|")
    for axon, published in PUBLISHED_m_per_s.items():
        found = limit(axon, 1)
        print(f"| {axon} | {published} | {found} | {limit(axon, 3)} |", flush=True)
        is_right = is_right and round(found.value, 2) == published
    sys.exit(0 if is_right else 1)


if __name__ == "__main__":
    main()
