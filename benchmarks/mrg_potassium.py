"""Question: what do 10 s at 100 Hz do to the potassium under an MRG fibre's sheath, and what does
it cost to follow it?

    python benchmarks/mrg_potassium.py [--seconds 10] [--frequency-Hz 100] [--dt-ms 0.01]
                                       [--ions-every 20] [--quick]

MRG 10 um of 21 nodes whose sodium and potassium move (`rv.fibers.mrg(ions_accumulate=True)`: leaks
and pumps in balance at rest, periaxonal spaces of 2 and 4 nm, nodes in a bath). Prints, second by
second, potassium outside the axolemma and the pump's current in the middle internode, sodium inside
its node, and the velocity of the last spike, which is shown for fixed concentrations as well; the
same some seconds after the train; the books; the order in the step, and what moving concentrations
less often adds, from a short train; and the processor time of a step beside that of the published
fibre and of the same fibre with concentrations that stay, interleaved.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

import ranvier as rv

NODE_SPACING_mm = 1.15
#: Between these the velocity is measured; the internode of interest begins at the node between.
NEAR, MIDDLE, FAR = 5, 10, 15
SECTIONS_PER_INTERNODE = 11
PLACES = {"MYSA": 1, "FLUT": 2, "STIN": 5}
#: What a step may cost, of that of the same fibre without ions.
TARGET = 2.0


def compartment(node: int, place: int = 0) -> int:
    return SECTIONS_PER_INTERNODE * node + place


def with_fixed_concentrations(model: rv.Model) -> rv.Model:
    """The same membrane, whose ions stay where they are."""
    return rv.Model(
        sections=model.sections,
        placements=model.placements,
        temperature_degC=model.temperature_degC,
        ions=[
            rv.Ion(ion.name, inside_mM=ion.inside_mM, outside_mM=ion.outside_mM)
            for ion in model.ions
        ],
    )


@dataclass(frozen=True)
class Workload:
    dt_ms: float
    ions_every: int
    frequency_Hz: float

    def simulation(
        self,
        model: rv.Model,
        mesh: rv.Mesh,
        seconds: float,
        probes: tuple[rv.Probe, ...] = (),
        *,
        dt_ms: float | None = None,
        ions_every: int | None = None,
    ) -> rv.Simulation:
        train = rv.stimuli.PulseTrain(
            onset_ms=1.0,
            duration_ms=0.1,
            frequency_Hz=self.frequency_Hz,
            count=round(seconds * self.frequency_Hz),
        )
        return rv.Simulation(
            rv.discretise(model, mesh),
            method=rv.Method(dt_ms=dt_ms or self.dt_ms, ions_every=ions_every or self.ions_every),
            stimuli=[
                rv.stimuli.CurrentClamp(waveform=train, at=("node[1]", 0.5), amplitude_nA=3.0)
            ],
            probes=probes,
            detectors=[rv.SpikeDetector(at=[compartment(NEAR), compartment(FAR)])],
            v_init_mV=-80.0,
        )


def velocities_m_per_s(run: rv.Simulation) -> tuple[np.ndarray, np.ndarray]:
    """Of every spike, and when it began."""
    seen = run.crossings()[0]
    near_ms, far_ms = (seen.t_ms[seen.compartment == compartment(at)] for at in (NEAR, FAR))
    conducted = min(near_ms.size, far_ms.size)
    apart_mm = (FAR - NEAR) * NODE_SPACING_mm
    return near_ms[:conducted], apart_mm / (far_ms[:conducted] - near_ms[:conducted])


def what_happens(work: Workload, seconds: float, rest_s: float) -> None:
    fibre = rv.fibers.mrg(ions_accumulate=True)
    every_ms = 100.0
    under = [compartment(MIDDLE, place) for place in PLACES.values()]
    probes = (
        rv.Probe("k_out_mM", under, every_ms=every_ms),
        rv.Probe("i_mA_cm2", under, mechanism="nak_kager", every_ms=every_ms),
        rv.Probe("na_in_mM", [compartment(MIDDLE)], every_ms=every_ms),
    )
    fixed = work.simulation(with_fixed_concentrations(fibre.model), fibre.mesh, min(seconds, 1.0))
    fixed.advance_to(1e3 * min(seconds, 1.0))
    _, speed_fixed = velocities_m_per_s(fixed)
    run = work.simulation(fibre.model, fibre.mesh, seconds, probes)
    run.advance_to(1e3 * (seconds + rest_s))
    potassium, pump, sodium = run.traces()
    began_ms, speed = velocities_m_per_s(run)
    print("| t, s | k out MYSA, mM | FLUT | STIN | pump FLUT, uA/cm2 | na in node, mM | m/s |")
    print("|---|---|---|---|---|---|---|")
    ends_s = np.unique([0.0, *np.arange(1.0, seconds + rest_s + 0.5), seconds])
    for end_s in ends_s[ends_s <= seconds + rest_s]:
        k = np.searchsorted(potassium.t_ms, 1e3 * end_s - 1e-6)
        last = np.searchsorted(began_ms, 1e3 * end_s + 5.0) - 1
        velocity = f"{speed[max(last, 0)]:.2f}" if end_s <= seconds else "-"
        outside = " | ".join(f"{mM:.3f}" for mM in potassium.values[k])
        print(
            f"| {end_s:g} | {outside} | {1e3 * pump.values[k, 1]:.3f} "
            f"| {sodium.values[k, 0]:.2f} | {velocity} |"
        )
    print(
        f"{speed.size} spikes of {round(seconds * work.frequency_Hz)}; last velocity beside first: "
        f"{100 * (speed[-1] / speed[0] - 1):+.2f} %, after 1 s at fixed concentrations "
        f"{100 * (speed_fixed[-1] / speed_fixed[0] - 1):+.2f} %"
    )
    ledger = run.ledger()
    assert ledger is not None
    print(f"not accounted for: na {ledger.drift('na'):.1e}, k {ledger.drift('k'):.1e} of all")
    atp_fmol = ledger.atp_fmol("nak_kager").sum()
    print(f"ATP: {atp_fmol:.0f} fmol in {run.t_ms * 1e-3:g} s")


def order(work: Workload, seconds: float) -> None:
    """From three steps, so short that what is of third order is small."""
    fibre = rv.fibers.mrg(ions_accumulate=True)

    def end(dt_ms: float, ions_every: int) -> tuple[np.ndarray, np.ndarray, float]:
        run = work.simulation(fibre.model, fibre.mesh, seconds, dt_ms=dt_ms, ions_every=ions_every)
        run.advance_to(1e3 * seconds)
        ledger = run.ledger()
        assert ledger is not None
        outside = ledger.store("k", "outside")
        _, speed = velocities_m_per_s(run)
        return run.v_mV, outside.now_mM - outside.start_mM, float(speed[-1])

    finest_ms = 0.000009765625
    print(
        f"\nAfter {1e3 * seconds:g} ms of the train, steps of {1e6 * finest_ms:.3g} ns and twice "
        f"and four times that, concentrations every {work.ions_every} steps:"
    )
    coarse, middle, fine = (end(finest_ms * 2**k, work.ions_every) for k in (2, 1, 0))
    for name, a, b, c in zip(("v", "k outside", "velocity"), coarse, middle, fine, strict=True):
        found = np.log2(np.linalg.norm(a - b) / np.linalg.norm(b - c))
        print(f"  order in dt of {name}: {found:.2f}")
    print(f"At {1e3 * work.dt_ms:g} us, beside the limit of the above:")
    limit = [c + (c - b) / 3 for b, c in zip(middle, fine, strict=True)]
    for every in sorted({1, 10, work.ions_every}):
        found = end(work.dt_ms, every)
        k = np.abs(found[1] - limit[1]).max() / np.abs(limit[1]).max()
        print(
            f"  concentrations every {every} steps: velocity "
            f"{100 * (found[2] / limit[2] - 1):+.3f} %, k outside {100 * k:.3f} % of its gain"
        )


def cost(work: Workload, steps: int, rounds: int) -> None:
    living = rv.fibers.mrg(ions_accumulate=True)
    published = rv.fibers.mrg()
    seconds = 1e-3 * work.dt_ms * steps * rounds

    def started(model: rv.Model, **how: int) -> Callable[[], float]:
        run = work.simulation(model, living.mesh, seconds, **how)

        def some() -> float:
            began_s = time.process_time()
            run.advance(steps)
            return (time.process_time() - began_s) / steps * 1e6

        return some

    runs = {
        "published, no ions": started(published.model),
        "same membrane, fixed concentrations": started(with_fixed_concentrations(living.model)),
        f"ions that move, every {work.ions_every} steps": started(living.model),
        "ions that move, every 10 steps": started(living.model, ions_every=10),
        "ions that move, every step": started(living.model, ions_every=1),
    }
    took_us = {name: [] for name in runs}
    for _ in range(rounds):
        for name, some in runs.items():
            took_us[name].append(some())
    print(f"\nProcessor time of a step, us (best and median of {rounds} x {steps}):")
    base = np.array(took_us["published, no ions"])
    for name, us in took_us.items():
        ratio = np.median(np.array(us) / base)
        print(f"  {name:<38} {min(us):7.2f} {np.median(us):7.2f}   {ratio:.2f} times")
    living_us = np.array(took_us[f"ions that move, every {work.ions_every} steps"])
    for name in list(runs)[:2]:
        ratio = float(np.median(living_us / np.array(took_us[name])))
        verdict = "met" if ratio <= TARGET else "NOT met"
        print(f"beside '{name}': {ratio:.2f} times, asked at most {TARGET:g}: {verdict}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument(
        "--rest-s", type=float, default=5.0, help="without stimuli, after the train"
    )
    parser.add_argument("--frequency-Hz", type=float, default=100.0, dest="frequency_Hz")
    parser.add_argument("--dt-ms", type=float, default=0.01)
    parser.add_argument("--ions-every", type=int, default=20)
    parser.add_argument("--quick", action="store_true", help="0.5 s, and 0.5 s after it")
    given = parser.parse_args()
    work = Workload(given.dt_ms, given.ions_every, given.frequency_Hz)
    if given.quick:
        given.seconds, given.rest_s = 0.5, 0.5
    what_happens(work, given.seconds, given.rest_s)
    order(work, 0.025)
    cost(work, 2_000, 5 if given.quick else 11)


if __name__ == "__main__":
    main()
