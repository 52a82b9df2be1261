"""The commands that list what there is: `fibers`, `channels`, `info`."""

from __future__ import annotations

import argparse
import dataclasses
import os
import platform
from typing import Any

from ranvier import build, fibers, mechanisms
from ranvier.cli.arguments import Commands
from ranvier.cli.output import print_json, print_rows

ALIASES = {"squid": "hodgkin_huxley"}
OPTIONAL = ("matplotlib", "scipy", "xarray", "neuron")


def add_to(commands: Commands) -> None:
    for name, command, summary in (
        ("fibers", list_fibers, "list the published fibres"),
        ("channels", list_channels, "list the channels and the papers they are from"),
        ("info", info, "say what is installed: versions, instruction set, compiler"),
    ):
        parser = commands.add_parser(name, help=summary, description=summary, allow_abbrev=False)
        parser.add_argument("--json", action="store_true", help="print one JSON object instead")
        parser.set_defaults(command=command)


def version(_: argparse.Namespace) -> int:
    print(f"ranvier {build.__version__}")
    return 0


def list_fibers(arguments: argparse.Namespace) -> int:
    everything = [fibers.describe(name) for name in fibers.names()]
    if arguments.json:
        print_json(
            {
                each.name: {
                    "summary": each.summary,
                    "diameters_um": each.diameters_um,
                    "limits_um": each.limits_um,
                    "validated_um": each.validated_um,
                    "is_myelinated": each.is_myelinated,
                    "v_rest_mV": each.v_rest_mV,
                    "reference": dataclasses.asdict(each.reference),
                    "citation": each.citation,
                }
                for each in everything
            }
        )
        return 0
    for each in everything:
        aliases = [alias for alias, name in ALIASES.items() if name == each.name]
        print(each.name + "".join(f" (also: {alias})" for alias in aliases))
        print_rows(
            [
                ("what", each.summary),
                ("diameters", _diameters(each)),
                ("validated", _span_um(each.validated_um)),
                ("rest", f"{each.v_rest_mV:.2f} mV"),
                ("velocity", _reference(each.reference)),
                ("paper", each.citation),
            ]
        )
    return 0


def _diameters(info: fibers.FiberInfo) -> str:
    if info.diameters_um is not None:
        return ", ".join(f"{diameter_um:.4g}" for diameter_um in info.diameters_um) + " um"
    return "any" if info.limits_um is None else _span_um(info.limits_um)


def _span_um(ends_um: tuple[float, float]) -> str:
    low_um, high_um = ends_um
    return f"{low_um:.4g} um" if low_um == high_um else f"{low_um:.4g} to {high_um:.4g} um"


def _reference(reference: fibers.Reference) -> str:
    return (
        f"{reference.velocity_m_per_s:.3g} m/s at {reference.diameter_um:.3g} um, "
        f"{reference.temperature_degC:g} degC"
    )


def list_channels(arguments: argparse.Namespace) -> int:
    everything = [mechanisms.describe(name) for name in mechanisms.names()]
    if arguments.json:
        print_json({each["name"]: each for each in everything})
        return 0
    for each in everything:
        print(each["name"])
        parameters = ", ".join(f"{key} = {value:g}" for key, value in each["parameters"].items())
        rows = [("what", each["summary"]), ("parameters", parameters), ("paper", each["citation"])]
        if each["gates"]:
            gates = ", ".join(gate["name"] for gate in each["gates"])
            rows.insert(
                1, ("gates", f"{gates}; rates at {each['reference_temperature_degC']:g} degC")
            )
        print_rows([(name, value) for name, value in rows if value])
    return 0


def info(arguments: argparse.Namespace) -> int:
    from importlib import metadata  # slow, and of use here only

    facts: dict[str, Any] = dict(build.build_info())
    facts["python"] = platform.python_version()
    facts["platform"] = platform.platform(terse=True)
    facts["processors"] = (
        len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    )
    facts["numpy"] = metadata.version("numpy")
    for name in OPTIONAL:
        try:
            facts[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            facts[name] = None
    if arguments.json:
        print_json(facts)
        return 0
    print(f"ranvier {facts.pop('version')}")
    print_rows(
        [
            (name.replace("_", " "), "not installed" if value is None else str(value))
            for name, value in facts.items()
        ]
    )
    return 0
