"""Reads folders of .mod files and clamps each density mechanism beside NEURON's compiled one.

    python benchmarks/nmodl_library.py FOLDER... [--peer-python PATH] [--library SO] [--built-in]

Prints a table with the largest relative difference of any current, and why files were refused.
Exits with 1 unless at least 40 files load and all that were compared agree to 1e-6. Every file of a
folder must compile, unless `--library` names what is compiled already. No .mod file is kept here:
those of pyfibers (pyfibers/MOD), nrv-py (nrv/_misc/mods) and NEURON's own are meant.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from scipy.integrate import solve_ivp

from ranvier.errors import RanvierError
from ranvier.mechanisms import Mechanism
from ranvier.mechanisms._evaluate import evaluate_nodes
from ranvier.mechanisms.nmodl import read_mod
from ranvier.mechanisms.nmodl._declarations import declarations
from ranvier.mechanisms.nmodl._source import parse

CLAMP = Path(__file__).resolve().parent / "compare" / "neuron_clamp.py"
LEAST_FILES = 40
LARGEST_DIFFERENCE = 1e-6
#: Currents are compared relative to themselves, down to this share of a mechanism's largest.
LEAST_SHARE = 1e-6
STEADY_STATE_OF_SCHEMES = 1e-5
#: For parameters that are 0: a conductance of 0 would compare nothing.
NOT_ZERO = 0.013
PROTOCOL: dict[str, Any] = {
    "held_mV": [-117.0, -81.0, -58.0, -11.0],
    "v_mV": [-131.0, -93.0, -69.0, -50.0, -39.0, -20.0, 3.0, 48.0],
    "dt_ms": 0.1,
    "steps": [1, 9, 40, 150],
    "celsius": 31.0,
    "diameter_um": 10.0,
    "ions": {
        "ena": 51.0, "ek": -83.0, "eca": 121.0,
        "nai": 11.0, "nao": 143.0, "ki": 131.0, "ko": 4.5, "cai": 1.3e-4, "cao": 2.1,
    },
    "ion_names": ["na", "k", "ca"],
}  # fmt: skip


@dataclass
class Read:
    """A file, what was read from it or why nothing was, and how it compares."""

    path: Path
    mechanism: Mechanism | None = None
    job: dict[str, Any] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)
    difference: float | None = None
    problem: str = ""

    @property
    def is_point(self) -> bool:
        return self.mechanism is not None and self.mechanism.is_point


def read(path: Path) -> Read:
    try:
        mechanism = read_mod(path)
    except RanvierError as error:
        return Read(path, refused=[line.removeprefix(str(path)) for line in str(error).split("\n")])
    declared = declarations(parse(path))
    parameters = dict(mechanism.parameters)
    for name, value in parameters.items():
        if value == 0.0 and name.lower().startswith("celsius"):
            parameters[name] = PROTOCOL["celsius"]
        elif value == 0.0:
            parameters[name] = NOT_ZERO
    job = {
        "suffix": declared.name,
        "parameters": parameters,
        "currents": declared.currents,
        "scheme_states": [name for each in mechanism.form.schemes for name in each.states],
        "is_general": len(mechanism.form.states) + len(mechanism.form.schemes) > 0,
    }
    return Read(path, mechanism, job)


def compiled(folder: Path, python: str, to: Path) -> Path:
    """The library of all files of a folder."""
    to.mkdir(parents=True)
    for source in sorted(folder.glob("*.mod")):
        shutil.copy(source, to / source.name)
    nrnivmodl = Path(python).parent / "nrnivmodl"
    done = subprocess.run([nrnivmodl, "."], cwd=to, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"nrnivmodl failed for {folder}:\n{done.stderr[-2000:]}")
    return next(to.glob("*/libnrnmech.*"))


def clamped(jobs: list[dict[str, Any]], python: str, library: Path | None) -> list[dict[str, Any]]:
    """What NEURON's mechanisms say."""
    with tempfile.TemporaryDirectory() as folder:
        plan = Path(folder) / "jobs.json"
        plan.write_text(json.dumps({"protocol": PROTOCOL, "jobs": jobs}))
        command = [python, str(CLAMP), str(plan)]
        command += ["--library", str(library)] if library else []
        done = subprocess.run(
            command,
            cwd=folder,
            capture_output=True,
            text=True,
            env=os.environ | {"NEURON_MODULE_OPTIONS": "-nogui"},
        )
    if done.returncode != 0:
        sys.exit(f"NEURON failed:\n{done.stderr[-2000:]}")
    for line in done.stdout.strip().splitlines()[:-1]:
        if "cannot set" in line:
            print(line)
    return list(json.loads(done.stdout.strip().splitlines()[-1]))


def known_names(each: Read, inputs: dict[str, float]) -> dict[str, Any]:
    outside = {
        **inputs,
        "temperature_degC": PROTOCOL["celsius"],
        "diameter_um": PROTOCOL["diameter_um"],
    }
    wanted = set(each.mechanism.inputs) if each.mechanism else set()
    return {
        name: value
        for name, value in {**outside, **each.job["parameters"]}.items()
        if name in wanted
    }


def own_currents(
    each: Read, names: dict[str, Any], start: dict[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """Held, after the step at once, and after each time: (moments, held potentials, potentials).

    `start` has the states of schemes as they are held.
    """
    mechanism = each.mechanism
    assert mechanism is not None
    equations = mechanism._equations
    graph, order = equations.graph, list(mechanism.states)
    held_mV, v_mV = (np.array(PROTOCOL[key]) for key in ("held_mV", "v_mV"))
    shape = (len(held_mV), len(v_mV))
    held = {**names, "v_mV": held_mV[:, None]}
    settled = dict(zip(order, evaluate_nodes(graph, equations.settle, held), strict=True))
    for name, started in start.items():
        # NEURON's own steady state of a scheme is one implicit step of 1e9 ms, and 1e-6 from it.
        exact = mechanism.steady_state(held_mV[:, None], **names)[name]
        if not np.allclose(started, exact, rtol=0.0, atol=STEADY_STATE_OF_SCHEMES):
            each.problem = f"steady state of {name}: {exact} is not {started}"
        settled[name] = started
    state = {name: np.broadcast_to(value, shape).copy() for name, value in settled.items()}
    there = {**names, "v_mV": np.broadcast_to(v_mV, shape)}
    found: dict[str, list[np.ndarray]] = {ion: [] for ion in equations.currents}

    def take(at: dict[str, Any]) -> None:
        values = evaluate_nodes(graph, equations.currents.values(), {**at, **state})
        for ion, value in zip(found, values, strict=True):
            found[ion].append(np.broadcast_to(value, shape).copy())

    take(held)
    take(there)
    gates = {
        name: evaluate_nodes(graph, (g.steady_state, g.tau_ms), there)
        for name, g in equations.gates.items()
    }
    general = [name for name in order if name not in gates]
    nodes = [equations.rates[order.index(name)] for name in general]
    for steps in PROTOCOL["steps"]:
        after_ms = steps * PROTOCOL["dt_ms"]
        if general:
            for place in np.ndindex(shape):
                advance(
                    graph, nodes, general, state, {**names, "v_mV": v_mV[place[1]]}, place, after_ms
                )
        for name, (steady, tau_ms) in gates.items():
            state[name] = steady + (state[name] - steady) * np.exp(-after_ms / tau_ms)
        take(there)
    return {ion: np.array(values) for ion, values in found.items()}


def advance(
    graph: Any,
    nodes: list[int],
    general: list[str],
    state: dict[str, np.ndarray],
    names: dict[str, Any],
    place: tuple[int, ...],
    after_ms: float,
) -> None:
    """States other than gates, by an integrator that is much more exact than what is compared."""

    def rates(_: float, values: np.ndarray) -> np.ndarray:
        here = {**names, **dict(zip(general, values, strict=True))}
        return np.array([float(rate) for rate in evaluate_nodes(graph, nodes, here)])

    start = [state[name][place] for name in general]
    done = solve_ivp(rates, (0.0, after_ms), start, "LSODA", rtol=1e-11, atol=1e-15)
    for name, value in zip(general, done.y[:, -1], strict=True):
        state[name][place] = value


def compare(each: Read, result: dict[str, Any]) -> None:
    """Sets the largest difference of any current."""
    if "problem" in result:
        each.problem = result["problem"]
        return
    names = known_names(each, result["inputs"])
    shape = (len(PROTOCOL["held_mV"]), len(PROTOCOL["v_mV"]))
    start = {
        name: np.array([row["states"][name] for row in result["rows"]]).reshape(shape)
        for name in each.job["scheme_states"]
    }
    own = own_currents(each, names, start)
    pairs = [(held, v) for held in PROTOCOL["held_mV"] for v in PROTOCOL["v_mV"]]
    theirs, ours = [], []
    for number, row in enumerate(result["rows"]):
        place = divmod(number, len(PROTOCOL["v_mV"]))
        for moment, values in enumerate([row["start"], *row["currents"]]):
            theirs.append([values[ion] for ion in own])
            ours.append([found[(moment, *place)] for found in own.values()])
    a, b = np.array(theirs), np.array(ours)
    largest = np.abs(a).max(axis=0)
    if not largest.any():
        each.problem = "NEURON's current is 0 throughout"
        return
    scale = np.maximum(np.abs(a), LEAST_SHARE * np.where(largest > 0.0, largest, 1.0))
    each.difference = float((np.abs(a - b) / scale).max())
    if not each.difference <= LARGEST_DIFFERENCE:
        row, ion = np.unravel_index(np.argmax(np.abs(a - b) / scale), a.shape)
        held_mV, v_mV = pairs[row // (len(PROTOCOL["steps"]) + 2)]
        moment = row % (len(PROTOCOL["steps"]) + 2)
        each.problem = (
            f"{each.job['suffix']}: held at {held_mV:g}, then {v_mV:g} mV, moment {moment}: "
            f"{b[row, ion]:.9g} is not {a[row, ion]:.9g}"
        )


def print_table(reads: list[Read]) -> None:
    print("\n| file | mechanism | states | largest relative difference |")
    print("|---|---|---|---|")
    for each in reads:
        if each.mechanism is not None:
            shown = "" if each.difference is None else f"{each.difference:.1e}"
            states = " ".join(each.mechanism.states) or "none"
            at_point = "at a point: driven in tests/reference/test_neuron_synapses.py"
            text = f"{shown} {each.problem}".strip() or (at_point if each.is_point else "")
            print(f"| {name_of(each.path)} | {each.mechanism.name} | {states} | {text} |")
    print("\n| refused | why |")
    print("|---|---|")
    for each in reads:
        if each.refused:
            print(f"| {name_of(each.path)} | {'; '.join(each.refused)} |")


def name_of(path: Path) -> str:
    package = next((part for part in path.parts if part in ("pyfibers", "nrv", "neuron")), "")
    return f"{package} {path.name}".strip()


def main() -> None:
    parser = argparse.ArgumentParser(description="Compare .mod files as read and as compiled.")
    parser.add_argument("folders", type=Path, nargs="+", help="with .mod files")
    parser.add_argument("--peer-python", default=sys.executable, help="has NEURON")
    parser.add_argument(
        "--library", action="append", default=[], help="compiled, for each folder: or built-in"
    )
    arguments = parser.parse_args()
    reads: list[Read] = []
    with tempfile.TemporaryDirectory(prefix="nmodl_library_") as folder:
        for number, source in enumerate(arguments.folders):
            here = [read(path) for path in sorted(source.glob("*.mod"))]
            reads += here
            loaded = [each for each in here if each.mechanism is not None]
            given = arguments.library[number] if number < len(arguments.library) else ""
            if given == "built-in":
                library = None
            elif given:
                library = Path(given)
            else:
                library = compiled(source, arguments.peer_python, Path(folder) / str(number))
            dense = [each for each in loaded if not each.is_point]
            results = clamped([each.job for each in dense], arguments.peer_python, library)
            for each, result in zip(dense, results, strict=True):
                compare(each, result)
    print_table(reads)
    loaded = [each for each in reads if each.mechanism is not None]
    bad = [each for each in loaded if each.problem]
    differences = [each.difference for each in loaded if each.difference is not None]
    print(
        f"\n{len(reads)} files: {len(loaded)} load, {len(reads) - len(loaded)} are refused; "
        f"{len(differences)} compared, largest difference {max(differences, default=0.0):.1e}; "
        f"{len(bad)} do not agree or could not be compared"
    )
    sys.exit(0 if len(loaded) >= LEAST_FILES and not bad else 1)


if __name__ == "__main__":
    main()
