"""`ranvier threshold`: the current that fires a fibre, through an electrode beside or inside it."""

from __future__ import annotations

import argparse
import inspect
from typing import Any

from ranvier import fibers, methods
from ranvier._text import expected_one_of
from ranvier.cli.arguments import Commands, UsageError, count, number, place, positive
from ranvier.cli.execution_options import add_execution_to, execution_of
from ranvier.cli.lists import ALIASES
from ranvier.cli.output import print_json, print_rows
from ranvier.fibers import Fiber
from ranvier.fields import PointSource
from ranvier.methods import Method
from ranvier.stimuli import CurrentClamp, Extracellular, Pulse, Stimulus
from ranvier.studies import Activation, ThresholdStatus, find_threshold

OK = 0
NO_THRESHOLD = 1
#: A cathode at 1 mm fires a 10 um fibre at a fifth of it; the search begins here.
GUESS_mA = -0.2
GUESS_nA = 1.0
DISTANCE_um = 1000.0


def add_to(commands: Commands) -> None:
    summary = "find the current that fires a fibre"
    parser = commands.add_parser("threshold", help=summary, description=summary, allow_abbrev=False)
    parser.add_argument("fiber", metavar="FIBRE", help="as `ranvier fibers` lists them")
    parser.add_argument("--diameter", type=positive, metavar="UM")
    parser.add_argument("--nodes", type=count, metavar="N")
    parser.add_argument("--temperature", type=number, metavar="DEGC")

    electrode = parser.add_argument_group("stimulus")
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
    electrode.add_argument(
        "--inside",
        type=place,
        metavar="SECTION,POS",
        help="a current clamp there instead, such as node[1],0.5",
    )
    electrode.add_argument(
        "--pulse", type=positive, default=0.1, metavar="MS", help="how long it lasts (0.1)"
    )

    search = parser.add_argument_group("search")
    search.add_argument(
        "--rtol", type=positive, default=1e-3, metavar="R", help="width of the bracket (1e-3)"
    )
    search.add_argument("--dt", type=positive, metavar="MS", help="the time step (0.005)")
    search.add_argument(
        "--method",
        default=methods.DEFAULT,
        metavar="NAME",
        help=f"one of {', '.join(methods.names())} ({methods.DEFAULT})",
    )
    search.add_argument("--t-stop", type=positive, metavar="MS", help="wait so long for a spike")
    add_execution_to(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object instead")
    parser.set_defaults(command=threshold, name="threshold")


def threshold(options: argparse.Namespace) -> int:
    fibre = _fibre(options)
    stimulus = _stimulus(options)
    found = find_threshold(
        fibre,
        stimulus,
        activation=Activation(),
        rtol=options.rtol,
        t_stop_ms=options.t_stop,
        method=_method(options),
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
                "pulse_ms": options.pulse,
                "runs": found.runs,
            }
        )
        return code
    print(f"{options.fiber}, {fibre.diameter_um:g} um: {found}")
    rows = [("paper", fibre.citation), ("stimulus", _told(options))]
    if code == OK:
        rows.append(("bracket", f"{below:.6g} {unit} is silent, {above:.6g} {unit} fires"))
    print_rows(rows)
    return code


def _fibre(options: argparse.Namespace) -> Fiber:
    name = ALIASES.get(options.fiber, options.fiber)
    make = fibers.describe(name).make
    takes = inspect.signature(make).parameters
    arguments: dict[str, Any] = {}
    for option, argument in (
        ("diameter", "diameter_um"),
        ("nodes", "nodes"),
        ("temperature", "temperature_degC"),
    ):
        if (value := getattr(options, option)) is None:
            continue
        if argument not in takes:
            raise UsageError(f"--{option}: {name} has no {argument}, expected it left out")
        arguments[argument] = value
    return make(**arguments)


def _stimulus(options: argparse.Namespace) -> Stimulus:
    waveform = Pulse(duration_ms=options.pulse)
    if options.inside is None:
        position_um = (options.along or 0.0, 0.0, options.distance or DISTANCE_um)
        given = {} if options.conductivity is None else {"conductivity_S_m": options.conductivity}
        return Extracellular(
            field=PointSource(position_um=position_um, **given),
            waveform=waveform,
            amplitude_mA=-GUESS_mA if options.anodic else GUESS_mA,
        )
    for name in ("distance", "along", "conductivity"):
        if getattr(options, name) is not None:
            raise UsageError(f"--{name}: goes with an electrode outside and not with --inside")
    return CurrentClamp(
        waveform=waveform,
        at=options.inside,
        amplitude_nA=-GUESS_nA if options.anodic else GUESS_nA,
    )


def _told(options: argparse.Namespace) -> str:
    pulse = f"pulse of {options.pulse:g} ms"
    if options.inside is not None:
        return f"{pulse} inside, at {options.inside[0]}"
    kind = "anodic" if options.anodic else "cathodic"
    return f"{kind} {pulse}, point electrode at {options.distance or DISTANCE_um:g} um"


def _method(options: argparse.Namespace) -> Method:
    if options.method not in methods.names():
        expected = expected_one_of(options.method, methods.names())
        raise UsageError(f"--method: {options.method!r} is unknown, {expected}")
    return Method(options.method, **({} if options.dt is None else {"dt_ms": options.dt}))
