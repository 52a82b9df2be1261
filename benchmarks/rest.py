"""Every published fibre at rest: what is left, whether it is stable, and what a second moves.

    python benchmarks/rest.py            about ten seconds

Movements are the largest at any compartment and any of 20 times: of the potentials of both layers
over 100 mV, and of gates.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

import ranvier as rv

SCALE_mV = 100.0
T_STOP_ms = 1000.0
EVERY_ms = 50.0
METHODS = (rv.Method("rosenbrock2", dt_ms=0.5), rv.Method("adaptive"))


def published() -> Iterator[rv.fibers.Fiber]:
    for name in rv.fibers.names():
        info = rv.fibers.describe(name)
        if name == "arancibia_carcamo":
            yield info.make(axon="optic_nerve")
            yield info.make(axon="cortex")
        elif info.diameters_um is None:
            yield info.make()
        else:
            for diameter_um in info.diameters_um:
                yield info.make(diameter_um=diameter_um)


def movement(grid: rv.Discretisation, method: rv.Method, guess_mV: float) -> float:
    """The largest of any state, over its scale, in a run from rest."""
    layers = ["v_axoplasm_mV", "v_periaxonal_mV"][: 1 + len(grid.to_dict()["layers"])]
    probes = [rv.Probe(quantity, every_ms=EVERY_ms) for quantity in ("v_mV", *layers)]
    for mechanism in grid.to_dict()["mechanisms"]:
        gates = rv.mechanisms.describe(mechanism)["gates"]
        probes += [rv.Probe(gate["name"], mechanism=mechanism, every_ms=EVERY_ms) for gate in gates]
    simulation = rv.Simulation(grid, method=method, probes=probes, v_rest_guess_mV=guess_mV)
    simulation.advance_to(T_STOP_ms)
    return max(
        float(np.abs(trace.values - trace.values[0]).max())
        / (SCALE_mV if trace.name.endswith("_mV") else 1.0)
        for trace in simulation.traces()
    )


def main() -> None:
    print(
        "| fibre | compartments | residual, mV/ms | rounding, mV/ms | growth, 1/ms | "
        + " | ".join(f"moved, {method.name}" for method in METHODS)
        + " |\n|---|---|---|---|---|---|---|"
    )
    for fibre in published():
        grid = rv.discretise(fibre.model, fibre.mesh)
        found = rv.rest(fibre)
        moved = [movement(grid, method, fibre.v_rest_guess_mV) for method in METHODS]
        print(
            f"| {fibre.name} {fibre.diameter_um:g} um | {len(grid)} | "
            f"{found.residual_mV_per_ms:.1g} | {found.rounding_mV_per_ms:.1g} | "
            f"{found.growth_rate_per_ms:.4f}, {found.stability} | "
            + " | ".join(f"{each:.1e}" for each in moved)
            + " |",
            flush=True,
        )


if __name__ == "__main__":
    main()
