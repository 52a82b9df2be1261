"""Options that say which fibre is stimulated and how: for commands that look for thresholds."""

from __future__ import annotations

import argparse
import functools
import inspect
from collections.abc import Callable
from typing import Any

from ranvier import fibers, methods
from ranvier._text import expected_one_of
from ranvier.cli.arguments import UsageError, count, number, place, positive
from ranvier.cli.lists import ALIASES
from ranvier.fibers import Fiber
from ranvier.fields import PointSource
from ranvier.methods import Method
from ranvier.stimuli import CurrentClamp, Extracellular, Pulse, Waveform

#: A cathode at 1 mm fires a 10 um fibre at a fifth of it; the search begins here.
GUESS_mA = -0.2
GUESS_nA = 1.0
DISTANCE_um = 1000.0


def add_fiber_to(parser: argparse.ArgumentParser, *, many: bool = False) -> None:
    parser.add_argument("fiber", metavar="FIBRE", help="as `ranvier fibers` lists them")
    if not many:
        parser.add_argument("--diameter", type=positive, metavar="UM")
    parser.add_argument("--nodes", type=count, metavar="N")
    parser.add_argument("--temperature", type=number, metavar="DEGC")


def add_stimulus_to(
    parser: argparse.ArgumentParser, *, outside_only: bool = False, has_distance: bool = True
) -> None:
    electrode = parser.add_argument_group("stimulus")
    if has_distance:
        electrode.add_argument(
            "--distance",
            type=positive,
            metavar="UM",
            help="of a point electrode from the middle of the fibre (1000)",
        )
    electrode.add_argument(
        "--along", type=number, metavar="UM", help="so far from the middle along it (0)"
    )
    electrode.add_argument(
        "--conductivity", type=positive, metavar="S_M", help="of the medium (0.3)"
    )
    electrode.add_argument("--anodic", action="store_true", help="currents above 0, not below")
    if not outside_only:
        electrode.add_argument(
            "--inside",
            type=place,
            metavar="SECTION,POS",
            help="a current clamp there instead, such as node[1],0.5",
        )


def add_pulse_to(parser: argparse.ArgumentParser, pulse_ms: float) -> None:
    parser.add_argument(
        "--pulse",
        type=positive,
        default=pulse_ms,
        metavar="MS",
        help=f"how long it lasts ({pulse_ms:g})",
    )


def add_search_to(parser: argparse.ArgumentParser, rtol: float = 1e-3) -> argparse._ArgumentGroup:
    search = parser.add_argument_group("search")
    search.add_argument(
        "--rtol",
        type=positive,
        default=rtol,
        metavar="R",
        help=f"width of the bracket ({rtol:g})",
    )
    search.add_argument("--dt", type=positive, metavar="MS", help="the time step (0.005)")
    search.add_argument(
        "--method",
        default=methods.DEFAULT,
        metavar="NAME",
        help=f"one of {', '.join(methods.names())} ({methods.DEFAULT})",
    )
    return search


def fiber_of(options: argparse.Namespace, **more: Any) -> Fiber:
    """The fibre that is asked for; `more` goes before what the options say."""
    return maker_of(options)(**more)


def maker_of(options: argparse.Namespace) -> Callable[..., Fiber]:
    """What makes the fibre that is asked for, given what no option says."""
    name = ALIASES.get(options.fiber, options.fiber)
    make = fibers.describe(name).make
    takes = inspect.signature(make).parameters
    arguments: dict[str, Any] = {}
    for option, argument in (
        ("diameter", "diameter_um"),
        ("nodes", "nodes"),
        ("temperature", "temperature_degC"),
    ):
        if (value := getattr(options, option, None)) is None:
            continue
        if argument not in takes:
            raise UsageError(f"--{option}: {name} has no {argument}, expected it left out")
        arguments[argument] = value
    return functools.partial(make, **arguments)


def electrode_of(options: argparse.Namespace, waveform: Waveform) -> Extracellular:
    position_um = (options.along or 0.0, 0.0, getattr(options, "distance", None) or DISTANCE_um)
    given = {} if options.conductivity is None else {"conductivity_S_m": options.conductivity}
    return Extracellular(
        field=PointSource(position_um=position_um, **given),
        waveform=waveform,
        amplitude_mA=-GUESS_mA if options.anodic else GUESS_mA,
    )


def stimulus_of(options: argparse.Namespace) -> CurrentClamp | Extracellular:
    waveform = Pulse(duration_ms=options.pulse)
    if options.inside is None:
        return electrode_of(options, waveform)
    for name in ("distance", "along", "conductivity"):
        if getattr(options, name) is not None:
            raise UsageError(f"--{name}: goes with an electrode outside and not with --inside")
    return CurrentClamp(
        waveform=waveform,
        at=options.inside,
        amplitude_nA=-GUESS_nA if options.anodic else GUESS_nA,
    )


def told(options: argparse.Namespace) -> str:
    """The stimulus in words."""
    pulse = f"pulse of {options.pulse:g} ms"
    if options.inside is not None:
        return f"{pulse} inside, at {options.inside[0]}"
    kind = "anodic" if options.anodic else "cathodic"
    return f"{kind} {pulse}, point electrode at {options.distance or DISTANCE_um:g} um"


def method_of(options: argparse.Namespace) -> Method:
    if options.method not in methods.names():
        expected = expected_one_of(options.method, methods.names())
        raise UsageError(f"--method: {options.method!r} is unknown, {expected}")
    return Method(options.method, **({} if options.dt is None else {"dt_ms": options.dt}))
