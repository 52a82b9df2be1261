"""Question: what does a long run of living membrane lose of its ions and of its charge?

    python benchmarks/conservation.py [--steps 1000000] [--dt-ms 0.005] [--compartments 12]

A squid-like axon (tests/physics/ion_axon.py) under a constant current fires again and again, its
sodium and potassium diffuse in axoplasm and shell and pass between shell and bath, and a pump
works against it. Prints, after each tenth of the run, how many spikes there were, the largest share
of any ion that is unaccounted for (what there is less what there was, currents and bath), and how
far the charge that all currents, leak included, have carried is from what the membrane's
capacitance has given and the electrode brought, as a share of the charge that passed. Then the
books, and the time of a step beside that of the same axon with fixed concentrations.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import numpy as np

import ranvier as rv

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
from physics.ion_axon import IonAxon


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=1_000_000)
    parser.add_argument("--dt-ms", type=float, default=0.005)
    parser.add_argument("--compartments", type=int, default=12)
    given = parser.parse_args()

    # Thick, so that it lives for seconds at this rate of firing.
    axon = IonAxon(
        compartments=given.compartments,
        length_um=2400.0,
        diameter_um=20.0,
        shell_um=1.0,
        i_nA=18.0,
    )
    method = rv.Method(dt_ms=given.dt_ms)
    run = rv.Simulation(
        axon.discretised(),
        method=method,
        stimuli=[axon.stimulus()],
        detectors=[rv.SpikeDetector(at=[given.compartments - 1], keep=0)],
        v_init_mV=axon.v_init_mV,
    )
    capacitance_nF = run.discretisation.capacitance_nF
    print(
        f"{'steps':>9} {'t, ms':>8} {'spikes':>7} {'drift na':>10} {'drift k':>10} {'charge':>10}"
    )
    started_s = time.perf_counter()
    for _ in range(10):
        run.advance(given.steps // 10)
        ledger = run.ledger()
        assert ledger is not None
        stored_pC = float(capacitance_nF @ (run.v_mV - axon.v_init_mV))
        brought_pC = axon.i_nA * run.t_ms
        left_pC = stored_pC + ledger.charge_pC().sum() - brought_pC
        passed_pC = sum(np.abs(each.charge_pC).sum() for each in ledger.currents)
        spikes = int(run.crossings()[0].count.sum())
        print(
            f"{run.step:>9} {run.t_ms:>8.0f} {spikes:>7} {ledger.drift('na'):>10.1e} "
            f"{ledger.drift('k'):>10.1e} {abs(left_pC) / passed_pC:>10.1e}",
            flush=True,
        )
    wall_s = time.perf_counter() - started_s
    print(f"\n{ledger}\n")

    fixed = rv.Model(
        sections=axon.model().sections,
        placements=axon.model().placements,
        ions=[
            rv.Ion("na", inside_mM=axon.na_mM[0], outside_mM=axon.na_mM[1]),
            rv.Ion("k", inside_mM=axon.k_mM[0], outside_mM=axon.k_mM[1]),
        ],
        temperature_degC=axon.temperature_degC,
    )
    plain = rv.Simulation(
        rv.discretise(fixed, rv.FixedCount(given.compartments)),
        method=method,
        stimuli=[axon.stimulus()],
        v_init_mV=axon.v_init_mV,
        solver="plain",
    )
    some = max(1, given.steps // 20)
    started_s = time.perf_counter()
    plain.advance(some)
    plain_us = 1e6 * (time.perf_counter() - started_s) / some
    print(
        f"a step: {1e6 * wall_s / given.steps:.2f} us, with fixed concentrations {plain_us:.2f} us"
    )


if __name__ == "__main__":
    main()
