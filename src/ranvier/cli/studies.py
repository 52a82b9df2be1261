"""The commands of studies: `ranvier strength-duration` and so on, a table and a picture each."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

from ranvier import fibers, studies
from ranvier.cli.arguments import Commands, UsageError, count, number, numbers, positive
from ranvier.cli.execution_options import add_execution_to, execution_of
from ranvier.cli.lists import ALIASES
from ranvier.cli.stimulus_options import (
    add_fiber_to,
    add_pulse_to,
    add_search_to,
    add_stimulus_to,
    electrode_of,
    fiber_of,
    maker_of,
    method_of,
    stimulus_of,
)
from ranvier.cli.study_answer import add_answer_to, run_study
from ranvier.fields import PointSource
from ranvier.stimuli import Pulse, Sine, Square
from ranvier.studies import StudyTable
from ranvier.studies.nerve import RADIUS_um

Progress: TypeAlias = Callable[[float], None]


def add_to(commands: Commands) -> None:
    parser = _command(commands, "strength-duration", "rheobase and chronaxie", strength_duration)
    add_stimulus_to(parser)
    _list(parser, "--pulses", "MS,...", "durations of the pulse", studies.strength_duration)
    parser.set_defaults(pulse=0.1)

    parser = _command(
        commands, "current-distance", "thresholds by distance of the electrode", current_distance
    )
    add_stimulus_to(parser, outside_only=True, has_distance=False)
    add_pulse_to(parser, 0.1)
    _list(parser, "--distances", "UM,...", "from the axis", studies.current_distance)

    parser = _command(
        commands, "recruitment", "which fibres of a population fire", recruitment, many=True
    )
    add_stimulus_to(parser, outside_only=True)
    add_pulse_to(parser, 0.1)
    population = parser.add_argument_group("population")
    population.add_argument("--count", type=count, default=50, metavar="N", help="fibres (50)")
    population.add_argument(
        "--diameters", type=numbers, metavar="UM,...", help="drawn from (those published)"
    )
    population.add_argument(
        "--radius",
        type=positive,
        default=RADIUS_um,
        metavar="UM",
        help=f"of the round nerve that they lie in ({RADIUS_um:g}); the electrode is outside it",
    )
    population.add_argument("--seed", type=int, default=0, metavar="N", help="of chance (0)")

    parser = _command(commands, "recovery-cycle", "excitability after a spike", recovery_cycle)
    add_stimulus_to(parser)
    add_pulse_to(parser, 0.1)
    _list(parser, "--intervals", "MS,...", "from spike to test pulse", studies.recovery_cycle)
    parser.add_argument(
        "--conditioning",
        type=positive,
        default=1.5,
        metavar="X",
        help="times its threshold is the first pulse (1.5)",
    )

    parser = _command(
        commands,
        "threshold-electrotonus",
        "excitability during and after subthreshold currents",
        threshold_electrotonus,
    )
    add_stimulus_to(parser)
    add_pulse_to(parser, 1.0)
    _list(parser, "--delays", "MS,...", "of the test pulse", studies.threshold_electrotonus)
    parser.add_argument(
        "--fractions",
        type=numbers,
        default=(0.4, -0.4),
        metavar="X,...",
        help="of the threshold are the currents (0.4,-0.4)",
    )

    parser = _command(
        commands, "frequency-following", "how many pulses of a train arrive", frequency_following
    )
    add_stimulus_to(parser)
    add_pulse_to(parser, 0.1)
    _list(parser, "--frequencies", "HZ,...", "of the pulses", studies.frequency_following)
    parser.add_argument("--count", type=count, default=20, metavar="N", help="pulses (20)")
    parser.add_argument(
        "--strength", type=positive, default=1.5, metavar="X", help="times threshold (1.5)"
    )

    parser = _command(
        commands, "block-map", "block thresholds of alternating currents", block_map, rtol=0.01
    )
    add_stimulus_to(parser, outside_only=True)
    _list(parser, "--frequencies", "HZ,...", "of the current", studies.block_map)
    parser.add_argument("--waveform", choices=("square", "sine"), default="square", help="(square)")
    parser.add_argument(
        "--test-at", type=positive, default=15.0, metavar="MS", help="the test spike starts (15)"
    )


def _command(
    commands: Commands,
    name: str,
    summary: str,
    command: Callable[[argparse.Namespace], int],
    *,
    many: bool = False,
    rtol: float = 1e-3,
) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=summary, description=summary, allow_abbrev=False)
    add_fiber_to(parser, many=many)
    search = add_search_to(parser, rtol)
    search.add_argument(
        "--wait", type=number, metavar="MS", help="so long for a spike after the stimulus"
    )
    if name != "frequency-following":
        search.add_argument(
            "--error",
            action="store_true",
            help="find each again at finer steps: columns with its limit and an error bar",
        )
    add_execution_to(parser)
    add_answer_to(parser)
    parser.set_defaults(command=command, name=name)
    return parser


def _list(parser: argparse.ArgumentParser, flag: str, metavar: str, what: str, study: Any) -> None:
    """An option that is the third argument of a study, with the default of that."""
    default: Sequence[float] = study.__defaults__[0]
    parser.add_argument(
        flag,
        dest="values",
        type=numbers,
        default=default,
        metavar=metavar,
        help=f"{what} ({','.join(f'{each:g}' for each in default)})",
    )


def _search(options: argparse.Namespace) -> dict[str, Any]:
    """What every study takes. A method that was not asked for is left to the study."""
    asked: dict[str, Any] = {"rtol": options.rtol, "journal": options.journal}
    is_default = options.dt is None and options.name == "block-map"
    if not is_default:
        asked["method"] = method_of(options)
    if options.wait is not None:
        if options.wait <= 0:
            raise UsageError(f"--wait: is {options.wait:g}, expected more than 0")
        asked["wait_ms"] = options.wait
    if getattr(options, "error", False):
        asked["error"] = True
    return asked | execution_of(options)


def _answer(
    options: argparse.Namespace, title: str, study: Callable[[Progress], StudyTable]
) -> int:
    return run_study(
        options,
        study,
        file_stem=f"{options.name}-{options.fiber}",
        heading=f"{title}: {options.name.replace('-', ' ')}",
    )


def strength_duration(options: argparse.Namespace) -> int:
    fibre, stimulus = fiber_of(options), stimulus_of(options)
    return _answer(
        options,
        _title(options, fibre),
        lambda progress: studies.strength_duration(
            fibre, stimulus, options.values, progress=progress, **_search(options)
        ),
    )


def current_distance(options: argparse.Namespace) -> int:
    fibre = fiber_of(options)
    stimulus = electrode_of(options, Pulse(duration_ms=options.pulse))
    return _answer(
        options,
        _title(options, fibre),
        lambda progress: studies.current_distance(
            fibre, stimulus, options.values, progress=progress, **_search(options)
        ),
    )


def recovery_cycle(options: argparse.Namespace) -> int:
    fibre, stimulus = fiber_of(options), stimulus_of(options)
    return _answer(
        options,
        _title(options, fibre),
        lambda progress: studies.recovery_cycle(
            fibre,
            stimulus,
            options.values,
            conditioning=options.conditioning,
            progress=progress,
            **_search(options),
        ),
    )


def threshold_electrotonus(options: argparse.Namespace) -> int:
    fibre, stimulus = fiber_of(options), stimulus_of(options)
    return _answer(
        options,
        _title(options, fibre),
        lambda progress: studies.threshold_electrotonus(
            fibre,
            stimulus,
            options.values,
            fractions=options.fractions,
            progress=progress,
            **_search(options),
        ),
    )


def frequency_following(options: argparse.Namespace) -> int:
    fibre, stimulus = fiber_of(options), stimulus_of(options)
    return _answer(
        options,
        _title(options, fibre),
        lambda progress: studies.frequency_following(
            fibre,
            stimulus,
            options.values,
            pulses=options.count,
            strength=options.strength,
            progress=progress,
            **_search(options),
        ),
    )


def block_map(options: argparse.Namespace) -> int:
    fibre = fiber_of(options)
    kind = Square if options.waveform == "square" else Sine
    # At 1 Hz for 1 ms: the study sets both.
    stimulus = electrode_of(options, kind(duration_ms=1.0, frequency_Hz=1.0))
    return _answer(
        options,
        _title(options, fibre),
        lambda progress: studies.block_map(
            fibre,
            stimulus,
            options.values,
            test_ms=options.test_at,
            progress=progress,
            **_search(options),
        ),
    )


def recruitment(options: argparse.Namespace) -> int:
    """Fibres of diameters by chance, side by side in a round nerve with an electrode beside it."""
    name = ALIASES.get(options.fiber, options.fiber)
    diameters_um = options.diameters or fibers.describe(name).diameters_um
    if not diameters_um:
        raise UsageError(f"--diameters: {name} has no published ones, expected some to draw from")
    distance_um = options.distance or 2 * options.radius
    if distance_um <= options.radius:
        raise UsageError(
            f"--distance: is {distance_um:g} um, expected it outside the nerve, whose radius is "
            f"{options.radius:g} um"
        )
    make = maker_of(options)
    electrode = electrode_of(options, Pulse(duration_ms=options.pulse))
    assert isinstance(electrode.field, PointSource)
    stimulus = replace(
        electrode,
        field=replace(electrode.field, position_um=(options.along or 0.0, 0.0, distance_um)),
    )
    return _answer(
        options,
        f"{options.count} x {options.fiber}",
        lambda progress: studies.nerve_recruitment(
            make,
            stimulus,
            count=options.count,
            radius_um=options.radius,
            diameters_um=diameters_um,
            seed=options.seed,
            progress=progress,
            **_search(options),
        ),
    )


def _title(options: argparse.Namespace, fibre: fibers.Fiber) -> str:
    return f"{options.fiber}, {fibre.diameter_um:g} um"
