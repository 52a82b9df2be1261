"""Do the error bars of velocities cover? Every published MRG diameter, and squid at three
temperatures.

    python benchmarks/error_bars.py [--method NAME] [--dt MS]        about two minutes

For each: the run's own velocity, the limit with its bar as `conduction_velocity(..., error=True)`
gives it, a run at a quarter of dt and dx, and one that is finer still. Exit code 1 if a bar leaves
one of the two out. The finer run is at a sixteenth of dt and a fifteenth of dx, for squid at an
eighth and a seventh, whose errors are far below the bars.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass

import ranvier as rv
from ranvier.discretisation import refined

QUARTER = (4, 4)


@dataclass(frozen=True)
class Case:
    name: str
    fibre: rv.fibers.Fiber
    finest: tuple[int, int]  # times finer in dt and in dx


def cases() -> list[Case]:
    diameters_um = rv.fibers.describe("mrg").diameters_um or ()
    return [
        Case(f"mrg {diameter_um:g} um", rv.fibers.mrg(diameter_um=diameter_um), (16, 15))
        for diameter_um in diameters_um
    ] + [
        Case(
            f"squid {temperature_degC:g} degC",
            rv.fibers.hodgkin_huxley(temperature_degC=temperature_degC),
            (8, 7),
        )
        for temperature_degC in (6.3, 18.5, 30.0)
    ]


def run(fibre: rv.fibers.Fiber, method: rv.Method, finer: int = 1, cuts: int = 1) -> rv.Result:
    return rv.simulate(
        fibre,
        fibre.stimulus,
        t_stop_ms=fibre.t_stop_ms,
        method=method.finer(finer),
        mesh=refined(fibre.mesh, cuts),
        detect=rv.SpikeDetector(at=fibre.velocity_sites),
    )


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--method", default=rv.methods.DEFAULT, help="of fixed step")
    parser.add_argument("--dt", type=float, default=0.005, help="ms")
    options = parser.parse_args()
    method = rv.Method(options.method, dt_ms=options.dt)
    print(f"{method.name}, dt {1e3 * method.dt_ms:g} us; velocities in m/s")
    print(
        "| fibre | this run | limit | bar | time, space, cross | orders | quarter | finer "
        "| covered | status |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|")
    all_covered = True
    for case in cases():
        velocity = rv.analysis.conduction_velocity(run(case.fibre, method), error=True)
        others = [
            rv.analysis.conduction_velocity(run(case.fibre, method, *finer)).velocity_m_per_s
            for finer in (QUARTER, case.finest)
        ]
        found = velocity.convergence
        assert found is not None
        assert found.time is not None
        assert found.space is not None
        is_covered = all(abs(other - found.value) <= found.error for other in others)
        all_covered &= is_covered
        print(
            f"| {case.name} | {velocity.velocity_m_per_s:.4f} | {found.value:.4f} "
            f"| {found.error:.4f} "
            f"| {found.time.error:.4f}, {found.space.error:.4f}, {abs(found.cross):.4f} "
            f"| {found.order_in_time:.2f}, {found.order_in_space:.2f} "
            f"| {others[0]:.4f} | {others[1]:.4f} "
            f"| {'yes' if is_covered else 'NO'} | {found.status} |",
            flush=True,
        )
    return 0 if all_covered else 1


if __name__ == "__main__":
    sys.exit(main())
