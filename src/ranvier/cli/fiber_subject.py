"""A published fibre as the subject of `ranvier velocity`."""

from __future__ import annotations

import argparse
import inspect
from typing import Any

import numpy as np

from ranvier import fibers
from ranvier.cli.arguments import UsageError
from ranvier.cli.lists import ALIASES
from ranvier.cli.subject import Subject, chosen_mesh
from ranvier.discretisation import discretise, refined

#: The options that a fibre may take: its argument, and what one of the option's is of that.
ARGUMENTS = {
    "diameter": ("diameter_um", 1),
    "nodes": ("nodes", 1),
    "temperature": ("temperature_degC", 1),
    "length_mm": ("length_um", 1000),
    "axon": ("axon", 1),
}


def fiber_subject(options: argparse.Namespace) -> Subject:
    name = ALIASES.get(options.fiber, options.fiber)
    make = fibers.describe(name).make
    takes = inspect.signature(make).parameters
    arguments: dict[str, Any] = {}
    for option, (argument, factor) in ARGUMENTS.items():
        if (value := getattr(options, option)) is None:
            continue
        if argument not in takes:
            flags = ", ".join(_flag(key) for key, (known, _) in ARGUMENTS.items() if known in takes)
            raise UsageError(f"{_flag(option)}: {name} has no {argument}, expected {flags}")
        arguments[argument] = value if factor == 1 else factor * value
    mesh = chosen_mesh(options.compartments, options.max_length)
    own_refinement = options.refine > 1 and mesh is None and "refine" in takes
    if own_refinement:
        arguments["refine"] = options.refine
    fibre = make(**arguments)
    mesh = mesh or fibre.mesh
    if options.refine > 1 and not own_refinement:
        mesh = refined(mesh, options.refine)
    grid = discretise(fibre.model, mesh)
    return Subject(
        title=f"{options.fiber}, {fibre.diameter_um:g} um",
        file_stem=f"velocity-{options.fiber}-{fibre.diameter_um:g}um",
        target=fibre,
        mesh=mesh,
        stimuli=[fibre.stimulus],
        t_stop_ms=fibre.t_stop_ms,
        shown=np.flatnonzero(~grid.is_junction),
        facts={"fibre": name, "diameter_um": fibre.diameter_um},
        rows=[("paper", fibre.citation)],
    )


def _flag(option: str) -> str:
    return "--" + option.replace("_", "-")
