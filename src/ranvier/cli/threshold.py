"""`ranvier threshold`: the current that fires a fibre, through an electrode beside or inside it."""

from __future__ import annotations

import argparse
from typing import Any

from ranvier.cli.arguments import Commands, positive
from ranvier.cli.execution_options import add_execution_to, execution_of
from ranvier.cli.output import print_json, print_rows
from ranvier.cli.stimulus_options import (
    add_fiber_to,
    add_pulse_to,
    add_search_to,
    add_stimulus_to,
    fiber_of,
    method_of,
    stimulus_of,
    told,
)
from ranvier.studies import Activation, Threshold, ThresholdStatus, find_threshold

OK = 0
NO_THRESHOLD = 1


def add_to(commands: Commands) -> None:
    summary = "find the current that fires a fibre"
    parser = commands.add_parser("threshold", help=summary, description=summary, allow_abbrev=False)
    add_fiber_to(parser)
    add_stimulus_to(parser)
    add_pulse_to(parser, 0.1)
    search = add_search_to(parser)
    search.add_argument("--t-stop", type=positive, metavar="MS", help="wait so long for a spike")
    search.add_argument(
        "--upper", action="store_true", help="find where strong currents no longer fire it, too"
    )
    search.add_argument(
        "--error", action="store_true", help="find it at finer steps: its limit and an error bar"
    )
    add_execution_to(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object instead")
    parser.set_defaults(command=threshold, name="threshold")


def threshold(options: argparse.Namespace) -> int:
    fibre = fiber_of(options)
    stimulus = stimulus_of(options)
    found = find_threshold(
        fibre,
        stimulus,
        activation=Activation(),
        upper=options.upper,
        error=options.error,
        rtol=options.rtol,
        t_stop_ms=options.t_stop,
        method=method_of(options),
        **execution_of(options),
    )
    below, above = found.bracket
    unit = found.unit
    code = OK if found.status is ThresholdStatus.FOUND else NO_THRESHOLD
    if options.json:
        print_json(
            {
                "fibre": fibre.name,
                "diameter_um": fibre.diameter_um,
                "status": str(found.status),
                "message": found.message,
                f"threshold_{unit}": found.amplitude,
                f"bracket_{unit}": [below, above],
                f"silent_above_{unit}": found.silent_above,
                f"limit_{unit}": found.limit,
                f"error_{unit}": found.error,
                **upper_facts(found.upper),
                "pulse_ms": options.pulse,
                "runs": found.runs,
            }
        )
        return code
    print(f"{options.fiber}, {fibre.diameter_um:g} um: {found}")
    rows = [("paper", fibre.citation), ("stimulus", told(options))]
    if code == OK:
        rows.append(("bracket", f"{below:.6g} {unit} is silent, {above:.6g} {unit} fires"))
        if found.upper is not None:
            rows.append(("above", f"falls silent again: {found.upper}"))
        if found.message:
            rows.append(("note", found.message))
    print_rows(rows)
    return code


def upper_facts(upper: Threshold | None) -> dict[str, Any]:
    """Of the threshold of falling silent, where that was looked for."""
    if upper is None:
        return {}
    return {"upper_status": str(upper.status), f"upper_{upper.unit}": upper.amplitude}
