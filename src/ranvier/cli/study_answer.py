"""How a command that makes a table runs, and how it answers."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from ranvier.cli.output import (
    NEEDS_MATPLOTLIB,
    check_folder,
    check_picture,
    print_json,
    print_rows,
    wants_picture,
)
from ranvier.cli.progress import ProgressBar
from ranvier.studies import StudyInterrupted, StudyTable

OK = 0
NOTHING_FOUND = 1
INTERRUPTED = 130


def add_answer_to(parser: argparse.ArgumentParser) -> None:
    answer = parser.add_argument_group("answer")
    picture = answer.add_mutually_exclusive_group()
    picture.add_argument("--out", type=Path, metavar="PICTURE", help=".png, .pdf, .svg, ...")
    picture.add_argument("--no-picture", action="store_true")
    answer.add_argument("--csv", type=Path, metavar="FILE", help="write the table there as well")
    answer.add_argument(
        "--journal",
        type=Path,
        metavar="FILE",
        help="write each row there as it is found; after Ctrl-C the same command goes on from it",
    )
    answer.add_argument(
        "--json", action="store_true", help="print one JSON object and nothing else"
    )


def run_study(
    options: argparse.Namespace,
    study: Callable[[Callable[[float], None]], StudyTable],
    *,
    file_stem: str,
    heading: str,
) -> int:
    """Makes the table, which takes a progress, and prints, draws and writes it.

    0, or 1 where no row has a number, or 130 after Ctrl-C, with the rows until then.
    """
    picture = options.out or Path(f"{file_stem}.png")
    is_drawn = wants_picture(options)
    if is_drawn:
        check_picture(picture)
    for path in (options.csv, options.journal):
        if path is not None:
            check_folder(path)
    bar = ProgressBar()
    interrupted = ""
    try:
        table = study(bar)
    except StudyInterrupted as interrupt:
        table, interrupted = interrupt.table, str(interrupt)
    finally:
        bar.clear()
    if options.csv is not None:
        table.to_csv(options.csv)
    if is_drawn:
        table.plot().savefig(picture)
    if options.json:
        print_json(table.to_dict() | {"picture": str(picture) if is_drawn else None})
    else:
        _print(table, heading, picture if is_drawn else None, options)
    if interrupted:
        print(f"ranvier: error: {interrupted}", file=sys.stderr)
        return INTERRUPTED
    return OK if has_numbers(table) else NOTHING_FOUND


def has_numbers(table: StudyTable) -> bool:
    """Whether any row came to what it was made for."""
    return not set(table.status) <= {
        "no_response",
        "always",
        "diverged",
        "failed",
        "refused",
        "not_run",
    }


def _print(
    table: StudyTable, heading: str, picture: Path | None, options: argparse.Namespace
) -> None:
    print(heading)
    for line in str(table).splitlines():
        print(f"  {line}")
    rows = []
    if picture is not None:
        rows.append(("picture", str(picture)))
    elif not options.no_picture:
        rows.append(("picture", f"none: {NEEDS_MATPLOTLIB}"))
    if options.csv is not None:
        rows.append(("table", str(options.csv)))
    print_rows(rows)
