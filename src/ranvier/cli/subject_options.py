"""Options that say what to simulate, for every command that takes a fibre or a cell."""

from __future__ import annotations

import argparse

from ranvier.cli.arguments import UsageError, count, number, place, positive
from ranvier.cli.cell_subject import cell_subject
from ranvier.cli.fiber_subject import fiber_subject
from ranvier.cli.subject import Subject

FIBER_ONLY = ("diameter", "nodes", "length_mm", "axon")
CELL_ONLY = ("mechanisms", "r_a", "c_m", "stimulate_at")


def add_subject_to(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "fiber",
        nargs="?",
        metavar="FIBRE",
        help="a published fibre, as `ranvier fibers` lists them",
    )
    parser.add_argument("--swc", metavar="FILE", help="a cell from an SWC file, instead of a fibre")
    parser.add_argument(
        "--temperature", type=number, metavar="DEGC", help="(a fibre's own, or 6.3 for a cell)"
    )

    fibre = parser.add_argument_group("for a fibre, where it takes them")
    fibre.add_argument("--diameter", type=positive, metavar="UM")
    fibre.add_argument("--nodes", type=count, metavar="N")
    fibre.add_argument("--length-mm", type=positive, metavar="MM")
    fibre.add_argument("--axon", metavar="NAME")

    cell = parser.add_argument_group("for a cell")
    cell.add_argument(
        "--mechanisms", choices=["hh"], help="channels on every section (hh: of the squid axon)"
    )
    cell.add_argument("--r-a", type=positive, metavar="OHM_CM", help="axial resistivity (100)")
    cell.add_argument("--c-m", type=positive, metavar="UF_CM2", help="membrane capacitance (1)")
    cell.add_argument(
        "--stimulate-at",
        type=place,
        metavar="SECTION,POS",
        help="such as axon[0],0.5 (the start of the root)",
    )

    grid = parser.add_argument_group("mesh")
    mesh = grid.add_mutually_exclusive_group()
    mesh.add_argument("--compartments", type=count, metavar="N", help="in each section")
    mesh.add_argument("--max-length", type=positive, metavar="UM", help="of a compartment")
    grid.add_argument(
        "--refine", type=count, default=1, metavar="K", help="cut each compartment into K"
    )


def subject_from(options: argparse.Namespace) -> Subject:
    if (options.fiber is None) == (options.swc is None):
        found = "no FIBRE and no" if options.fiber is None else "FIBRE and"
        raise UsageError(f"{options.name}: got {found} --swc FILE, expected one of them")
    others = FIBER_ONLY if options.fiber is None else CELL_ONLY
    for name in others:
        if getattr(options, name) is not None:
            kind = "a fibre" if options.fiber is None else "--swc FILE"
            raise UsageError(f"--{name.replace('_', '-')}: goes with {kind}")
    return fiber_subject(options) if options.swc is None else cell_subject(options)
