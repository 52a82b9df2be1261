"""Currents of NEURON's compiled mechanisms in a clamped patch of membrane: one JSON line.

    python neuron_clamp.py JOBS.json [--library libnrnmech.so]

A job names a mechanism, its parameters and currents. The patch's capacitance is so large that the
potential stays where it is put, and tables of rates are off.
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path
from typing import Any

#: A current of 1 A/cm2 moves the potential by 1e-6 mV in a second.
CAPACITANCE_uF_cm2 = 1e15
#: Of the equations that are not solved exactly in each step.
RELATIVE_TOLERANCE, ABSOLUTE_TOLERANCE = 1e-11, 1e-16
INPUTS = {"e{}": "e_{}_mV", "{}i": "{}_in_mM", "{}o": "{}_out_mM"}


def patch(h: Any, job: dict[str, Any], celsius: float) -> tuple[Any, Any]:
    section = h.Section(name="patch")
    section.L = section.diam = job["diameter_um"]
    section.nseg, section.cm = 1, CAPACITANCE_uF_cm2
    section.insert(job["suffix"])
    segment = section(0.5)
    h.celsius = celsius
    missing = []
    for name, value in job["parameters"].items():
        for owner in (segment, h):
            if hasattr(owner, f"{name}_{job['suffix']}"):
                setattr(owner, f"{name}_{job['suffix']}", value)
                break
        else:
            missing.append(name)
    if missing:
        print(f"{job['suffix']}: cannot set {', '.join(missing)}")
    if hasattr(h, f"usetable_{job['suffix']}"):
        setattr(h, f"usetable_{job['suffix']}", 0)
    return section, segment


def currents(h: Any, segment: Any, job: dict[str, Any]) -> dict[str, float]:
    h.fcurrent()
    found: dict[str, float] = {}
    for name, ion in job["currents"].items():
        value = getattr(segment, name if ion != "mixed" else f"{name}_{job['suffix']}")
        found[ion] = found.get(ion, 0.0) + value
    return found


def clamp(h: Any, job: dict[str, Any], celsius: float) -> dict[str, Any]:
    section, segment = patch(h, job, celsius)
    for name, value in job["ions"].items():
        if hasattr(segment, name):
            setattr(segment, name, value)
    solver = h.CVode()
    solver.active(job["is_general"])
    if job["is_general"]:
        solver.rtol(RELATIVE_TOLERANCE)
        solver.atol(ABSOLUTE_TOLERANCE)
    rows = []
    h.dt = job["dt_ms"]
    for held_mV in job["held_mV"]:
        for v_mV in job["v_mV"]:
            h.finitialize(held_mV)
            start = currents(h, segment, job)
            states = {
                name: getattr(segment, f"{name}_{job['suffix']}") for name in job["scheme_states"]
            }
            segment.v = v_mV
            if job["is_general"]:
                solver.re_init()
            found = [currents(h, segment, job)]
            for steps in job["steps"]:
                if job["is_general"]:
                    solver.solve(h.t + steps * job["dt_ms"])
                else:
                    for _ in range(steps):
                        h.fadvance()
                found.append(currents(h, segment, job))
            rows.append({"start": start, "states": states, "currents": found})
    inputs = {
        form.format(ion): getattr(segment, name.format(ion))
        for ion in job["ion_names"]
        for name, form in INPUTS.items()
        if hasattr(segment, name.format(ion))
    }
    solver.active(0)
    del section
    return {"rows": rows, "inputs": inputs}


def main() -> None:
    parser = argparse.ArgumentParser(description="Clamp NEURON's compiled mechanisms.")
    parser.add_argument("jobs", type=Path)
    parser.add_argument("--library", help="compiled mechanisms")
    arguments = parser.parse_args()
    os.environ.setdefault("NEURON_MODULE_OPTIONS", "-nogui")
    from neuron import h

    if arguments.library:
        h.nrn_load_dll(arguments.library)
    plan = json.loads(arguments.jobs.read_text())
    results = []
    for job in plan["jobs"]:
        try:
            results.append(clamp(h, plan["protocol"] | job, plan["protocol"]["celsius"]))
        except (RuntimeError, LookupError, AttributeError, TypeError, ValueError) as error:
            results.append({"problem": f"{type(error).__name__}: {error}"})
    print(json.dumps(results))


if __name__ == "__main__":
    main()
