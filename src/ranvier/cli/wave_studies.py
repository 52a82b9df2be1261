"""The commands of studies of waves: velocities, damaged myelin, collisions, anode break."""

from __future__ import annotations

import argparse
import inspect
from collections.abc import Callable
from typing import Any

from ranvier import fibers, methods, studies
from ranvier.cli.arguments import (
    Commands,
    UsageError,
    count,
    count_or_all,
    number,
    numbers,
    positive,
)
from ranvier.cli.lists import ALIASES
from ranvier.cli.stimulus_options import add_fiber_to, fiber_of, method_of
from ranvier.cli.study_answer import add_answer_to, run_study
from ranvier.fibers.variants import CHANNELS, MYELIN, Damage

#: What a sweep goes over: its option, the argument of a fibre that the option stands for.
SWEPT = {
    "diameters": "diameter",
    "temperatures": "temperature",
    "node_lengths": None,
    "g_ratios": None,
}
_DURATIONS_MS = (2.0, 5.0, 10.0, 20.0, 50.0)


def add_to(commands: Commands) -> None:
    parser = _command(
        commands,
        "velocity-sweep",
        "velocity against diameter, temperature, node length or g-ratio",
        velocity_sweep,
    )
    over = parser.add_mutually_exclusive_group()
    over.add_argument(
        "--diameters", type=numbers, metavar="UM,...", help="(those that are published)"
    )
    over.add_argument("--temperatures", type=numbers, metavar="DEGC,...")
    over.add_argument("--node-lengths", type=numbers, metavar="UM,...")
    over.add_argument("--g-ratios", type=numbers, metavar="G,...")
    parser.add_argument(
        "--channels",
        choices=CHANNELS,
        help="what longer nodes keep: so many for an area, or so many (density)",
    )
    parser.add_argument(
        "--myelin",
        choices=MYELIN,
        help="radial: every membrane of the myelin counts where it lies (own: as published)",
    )

    parser = _command(commands, "demyelination", "delay and block by damaged myelin", demyelination)
    parser.add_argument(
        "--lesions",
        type=lesions,
        metavar="KIND:N[:X],...",
        help=f"N internodes {', '.join(Damage)}: thinned to a share X of the turns, or with X "
        "times as wide a gap under the paranodes (from thinned to three lost)",
    )
    parser.add_argument(
        "--first", type=count_or_all, metavar="N", help="the first damaged internode (middle)"
    )
    parser.add_argument(
        "--refine", type=count, default=3, metavar="N", help="cut internodes finer, if they can (3)"
    )

    parser = _command(commands, "collision", "two spikes that run into each other", collision)
    parser.add_argument(
        "--delays", type=numbers, default=(0.0,), metavar="MS,...", help="of the distal one (0)"
    )

    parser = _command(
        commands, "anode-break", "spikes at the end of hyperpolarising pulses", anode_break
    )
    parser.add_argument(
        "--durations",
        type=numbers,
        default=_DURATIONS_MS,
        metavar="MS,...",
        help=f"of the pulse ({','.join(f'{each:g}' for each in _DURATIONS_MS)})",
    )
    parser.add_argument(
        "--rtol", type=positive, default=1e-3, metavar="R", help="width of the bracket (1e-3)"
    )


def lesions(text: str) -> list[tuple[str, int, float | None]]:
    """As in `lost:2,thinned:1:0.1`."""
    found: list[tuple[str, int, float | None]] = []
    for each in text.split(","):
        kind, *rest = each.split(":")
        if not 1 <= len(rest) <= 2:
            raise argparse.ArgumentTypeError(f"is {each!r}, expected KIND:N or KIND:N:X")
        found.append((kind, count(rest[0]), number(rest[1]) if len(rest) == 2 else None))
    return found


def add_run_to(parser: argparse.ArgumentParser) -> None:
    run = parser.add_argument_group("method")
    run.add_argument("--dt", type=positive, metavar="MS", help="the time step (0.005)")
    run.add_argument(
        "--method",
        default=methods.DEFAULT,
        metavar="NAME",
        help=f"one of {', '.join(methods.names())} ({methods.DEFAULT})",
    )
    run.add_argument(
        "--threads",
        type=count_or_all,
        metavar="N",
        help="processors to use, 0 for all of them (RANVIER_NUM_THREADS, or 1)",
    )


def velocity_sweep(options: argparse.Namespace) -> int:
    swept = next((name for name in SWEPT if getattr(options, name) is not None), "diameters")
    values = getattr(options, swept)
    for name, goes_with in (("channels", "node_lengths"), ("myelin", "g_ratios")):
        if getattr(options, name) is not None and swept != goes_with:
            raise UsageError(f"--{name}: goes with --{goes_with.replace('_', '-')}")
    given = SWEPT[swept]
    if given is not None and getattr(options, given) is not None:
        raise UsageError(f"--{given}: is what --{swept} goes over, expected one of the two")
    asked = _asked(options)
    if given is not None:
        name = ALIASES.get(options.fiber, options.fiber)
        takes = inspect.signature(fibers.describe(name).make).parameters
        argument = {"diameter": "diameter_um", "temperature": "temperature_degC"}[given]
        if argument not in takes:
            raise UsageError(f"--{swept}: {name} has no {argument}, expected another sweep")
        study: Callable[..., Any] = (
            studies.velocity_against_diameter
            if swept == "diameters"
            else studies.velocity_against_temperature
        )
        asked |= _fiber_arguments(options, takes)
        return _answer(
            options, options.fiber, lambda bar: study(name, values, progress=bar, **asked)
        )
    fibre = fiber_of(options)
    if swept == "node_lengths":
        asked["channels"] = options.channels or "density"
        study = studies.velocity_against_node_length
    else:
        asked["myelin"] = options.myelin or "own"
        study = studies.velocity_against_g_ratio
    return _answer(
        options, _title(options, fibre), lambda bar: study(fibre, values, progress=bar, **asked)
    )


def _fiber_arguments(options: argparse.Namespace, takes: Any) -> dict[str, Any]:
    """What the fibres of a sweep have in common."""
    arguments: dict[str, Any] = {}
    for option, argument in (
        ("diameter", "diameter_um"),
        ("nodes", "nodes"),
        ("temperature", "temperature_degC"),
    ):
        value = getattr(options, option)
        if value is not None and argument not in takes:
            raise UsageError(f"--{option}: {options.fiber} has no {argument}, expected it left out")
        if value is not None:
            arguments[argument] = value
    return arguments


def demyelination(options: argparse.Namespace) -> int:
    name = ALIASES.get(options.fiber, options.fiber)
    can_refine = "refine" in inspect.signature(fibers.describe(name).make).parameters
    fibre = fiber_of(options, **({"refine": options.refine} if can_refine else {}))
    chosen = () if options.lesions is None else (options.lesions,)
    return _answer(
        options,
        _title(options, fibre),
        lambda bar: studies.demyelination(
            fibre, *chosen, first=options.first, progress=bar, **_asked(options)
        ),
    )


def collision(options: argparse.Namespace) -> int:
    fibre = fiber_of(options)
    return _answer(
        options,
        _title(options, fibre),
        lambda bar: studies.collision(fibre, options.delays, progress=bar, **_asked(options)),
    )


def anode_break(options: argparse.Namespace) -> int:
    fibre = fiber_of(options)
    return _answer(
        options,
        _title(options, fibre),
        lambda bar: studies.anode_break(
            fibre, options.durations, rtol=options.rtol, progress=bar, **_asked(options)
        ),
    )


def _command(
    commands: Commands, name: str, summary: str, command: Callable[[argparse.Namespace], int]
) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=summary, description=summary, allow_abbrev=False)
    add_fiber_to(parser)
    add_run_to(parser)
    add_answer_to(parser)
    parser.set_defaults(command=command, name=name)
    return parser


def _asked(options: argparse.Namespace) -> dict[str, Any]:
    return {
        "method": method_of(options),
        "threads": options.threads,
        "journal": options.journal,
    }


def _answer(options: argparse.Namespace, title: str, study: Callable[[Any], Any]) -> int:
    return run_study(
        options,
        study,
        file_stem=f"{options.name}-{options.fiber}",
        heading=f"{title}: {options.name.replace('-', ' ')}",
    )


def _title(options: argparse.Namespace, fibre: fibers.Fiber) -> str:
    return f"{options.fiber}, {fibre.diameter_um:g} um"
