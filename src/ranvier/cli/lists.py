"""The commands that list what there is: `fibers`, `channels`, `info`."""

from __future__ import annotations

import argparse
import dataclasses
import os
import platform
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ranvier import build, fibers, mechanisms
from ranvier.cli.arguments import Commands, UsageError
from ranvier.cli.output import NEEDS_MATPLOTLIB, has_matplotlib, print_json, print_rows
from ranvier.fibers import in_words

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
        if name == "fibers":
            _add_pages_to(parser, "write fibers.md into this folder, a page about each of them")
        elif name == "channels":
            _add_pages_to(parser, "write a page about each into this folder, and index.md")
            parser.add_argument(
                "--no-pictures", action="store_true", help="pages without the curves of gates"
            )


def _add_pages_to(parser: argparse.ArgumentParser, help_text: str) -> None:
    parser.add_argument("--pages", type=Path, metavar="FOLDER", help=help_text)


def version(_: argparse.Namespace) -> int:
    print(f"ranvier {build.__version__}")
    return 0


def list_fibers(arguments: argparse.Namespace) -> int:
    if arguments.pages is not None:
        return _write_fiber_pages(arguments)
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
                ("diameters", in_words.diameters(each)),
                ("validated", in_words.span_um(each.validated_um)),
                ("rest", f"{each.v_rest_mV:.2f} mV"),
                ("velocity", in_words.reference(each.reference)),
                ("paper", each.citation),
            ]
        )
    return 0


def list_channels(arguments: argparse.Namespace) -> int:
    if arguments.pages is not None:
        return _write_channel_pages(arguments)
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


def _write_fiber_pages(arguments: argparse.Namespace) -> int:
    from ranvier import pages  # as below, of use here only

    return _tell_written([pages.write_fibers(arguments.pages)], arguments)


def _write_channel_pages(arguments: argparse.Namespace) -> int:
    from ranvier import pages

    if not (arguments.no_pictures or has_matplotlib()):
        raise UsageError(f"--pages with pictures {NEEDS_MATPLOTLIB}, or give --no-pictures")
    written = pages.write_mechanisms(arguments.pages, pictures=not arguments.no_pictures)
    return _tell_written(written, arguments)


def _tell_written(paths: Sequence[Path], arguments: argparse.Namespace) -> int:
    pages = sum(path.suffix == ".md" for path in paths)
    pictures = len(paths) - pages
    if arguments.json:
        print_json({"first": paths[0], "pages": pages, "pictures": pictures})
        return 0
    counted = f"{pages} page{'s'[: pages != 1]}"
    if pictures:
        counted += f" and {pictures} picture{'s'[: pictures != 1]}"
    print(f"{paths[0]}: written, {counted}")
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
