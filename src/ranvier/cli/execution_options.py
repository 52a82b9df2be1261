"""Options that say how a run is carried out, for every command that simulates."""

from __future__ import annotations

import argparse
from typing import Any

from ranvier.cli.arguments import count_or_all
from ranvier.simulation import PRECISIONS, SOLVERS

NAMES = ("solver", "precision", "threads")


def add_execution_to(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("speed", "These hardly change the answer, only the time.")
    group.add_argument(
        "--threads",
        type=count_or_all,
        metavar="N",
        help="processors to use, 0 for all of them (RANVIER_NUM_THREADS, or 1)",
    )
    group.add_argument(
        "--precision",
        choices=PRECISIONS,
        help="single is faster and errs by up to 0.01 mV (double)",
    )
    group.add_argument(
        "--solver",
        choices=SOLVERS,
        help="lanes: eight compartments at once; plain: one by one (auto: lanes where they can)",
    )


def execution_of(options: argparse.Namespace) -> dict[str, Any]:
    """What was given, as arguments of `simulate`."""
    given = {name: getattr(options, name) for name in NAMES}
    return {name: value for name, value in given.items() if value is not None}
