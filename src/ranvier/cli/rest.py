"""`ranvier rest`: find the resting state, and say whether a membrane stays in it."""

from __future__ import annotations

import argparse

from ranvier.cli.arguments import Commands
from ranvier.cli.output import print_json, print_rows
from ranvier.cli.subject_options import add_subject_to, subject_from
from ranvier.resting import rest as find_rest

OK = 0


def add_to(commands: Commands) -> None:
    summary = "find the resting state, and whether it is stable"
    parser = commands.add_parser("rest", help=summary, description=summary, allow_abbrev=False)
    add_subject_to(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object instead")
    parser.set_defaults(command=rest, name="rest")


def rest(options: argparse.Namespace) -> int:
    subject = subject_from(options)
    found = find_rest(subject.target, mesh=subject.mesh)
    if options.json:
        facts = {
            "v_lowest_mV": float(found.v_mV.min()),
            "v_highest_mV": float(found.v_mV.max()),
            "residual_mV_per_ms": found.residual_mV_per_ms,
            "rounding_mV_per_ms": found.rounding_mV_per_ms,
            "iterations": found.iterations,
            "stability": str(found.stability),
            "growth_rate_per_ms": found.growth_rate_per_ms,
            "frequency_kHz": found.frequency_kHz,
        }
        print_json(dict(subject.facts) | {"compartments": found.v_mV.size} | facts)
        return OK
    print(f"{subject.title}: {found}")
    left = f"{found.residual_mV_per_ms:.1g} mV/ms beyond rounding"
    if found.rounding_mV_per_ms > 0.0:
        left += f", which makes up to {found.rounding_mV_per_ms:.1g}"
    print_rows(
        [
            *subject.rows,
            ("mesh", f"{found.v_mV.size} compartments"),
            ("residual", f"{left}; {found.iterations} iterations"),
        ]
    )
    return OK
