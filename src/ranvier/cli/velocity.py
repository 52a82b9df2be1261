"""`ranvier velocity`: run one spike, print its conduction velocity, draw it."""

from __future__ import annotations

import argparse
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ranvier import methods
from ranvier._text import expected_one_of
from ranvier.analysis import Velocity, VelocityStatus, conduction_velocity
from ranvier.cli.arguments import Commands, UsageError, positive
from ranvier.cli.execution_options import add_execution_to, execution_of
from ranvier.cli.output import check_picture, print_json, save_overview, wants_picture
from ranvier.cli.progress import ProgressBar
from ranvier.cli.subject import Subject
from ranvier.cli.subject_options import add_subject_to, subject_from
from ranvier.cli.velocity_answer import facts_of, print_answer
from ranvier.errors import DivergedError
from ranvier.methods import Method
from ranvier.recording import Probe
from ranvier.results import Result
from ranvier.run import simulate

OK = 0
NO_SPIKE = 1
#: In the picture: more samples or places than it has dots only cost memory.
MOST_SAMPLES = 800
MOST_PLACES = 1500


def add_to(commands: Commands) -> None:
    summary = "simulate one spike and print its conduction velocity"
    parser = commands.add_parser("velocity", help=summary, description=summary, allow_abbrev=False)
    add_subject_to(parser)

    run = parser.add_argument_group("method and time")
    run.add_argument("--dt", type=positive, metavar="MS", help="the time step (0.005)")
    run.add_argument(
        "--method",
        default=methods.DEFAULT,
        metavar="NAME",
        help=f"one of {', '.join(methods.names())} ({methods.DEFAULT})",
    )
    run.add_argument("--rtol", type=positive, metavar="R", help="of the adaptive method (1e-4)")
    run.add_argument("--atol-mv", type=positive, metavar="MV", help="likewise (1e-3)")
    run.add_argument("--t-stop", type=positive, metavar="MS", help="simulate so long")
    add_execution_to(parser)

    answer = parser.add_argument_group("answer")
    answer.add_argument(
        "--error",
        action="store_true",
        help="run again with finer steps and meshes: limit and error bar, at 35 times the time",
    )
    picture = answer.add_mutually_exclusive_group()
    picture.add_argument("--out", type=Path, metavar="PICTURE", help=".png, .pdf, .svg, ...")
    picture.add_argument("--no-picture", action="store_true")
    answer.add_argument(
        "--json", action="store_true", help="print one JSON object and nothing else"
    )
    parser.set_defaults(command=velocity, name="velocity")


def velocity(options: argparse.Namespace) -> int:
    subject = subject_from(options)
    method = _method(options)
    picture = options.out or Path(f"{subject.file_stem}.png")
    is_drawn = wants_picture(options)
    if is_drawn:
        check_picture(picture)
    t_stop_ms = subject.t_stop_ms if options.t_stop is None else options.t_stop
    execution = execution_of(options)
    try:
        result, measured = _measure(
            subject, method, t_stop_ms, execution, is_drawn=is_drawn, announces=not options.json
        )
    except DivergedError as error:
        if not options.json or error.result is None:
            raise
        print_json(facts_of(subject, error.result) | {"message": str(error)})
        return NO_SPIKE
    if options.error:
        measured = _with_error(result)
    if is_drawn:
        save_overview(result, measured, picture)
    drawn = picture if is_drawn else None
    if options.json:
        print_json(facts_of(subject, result, measured, drawn))
    else:
        print_answer(subject, result, measured, drawn, wants_picture=not options.no_picture)
    return OK if math.isfinite(measured.velocity_m_per_s) else NO_SPIKE


def _method(options: argparse.Namespace) -> Method:
    if options.method not in methods.names():
        expected = expected_one_of(options.method, methods.names())
        raise UsageError(f"--method: {options.method!r} is unknown, {expected}")
    given = {"dt_ms": options.dt, "rtol": options.rtol, "atol_mV": options.atol_mv}
    return Method(
        options.method, **{name: value for name, value in given.items() if value is not None}
    )


def _measure(
    subject: Subject,
    method: Method,
    t_stop_ms: float,
    execution: Mapping[str, Any],
    *,
    is_drawn: bool,
    announces: bool,
) -> tuple[Result, Velocity]:
    probes = [_probe(subject, method, t_stop_ms)] if is_drawn else []
    bar = ProgressBar(announces=announces)
    try:
        for stimulus in subject.stimuli:
            result = simulate(
                subject.target,
                stimulus,
                probes,
                t_stop_ms=t_stop_ms,
                method=method,
                mesh=subject.mesh,
                velocity_sites=subject.sites,
                progress=bar,
                **execution,
            )
            measured = conduction_velocity(result)
            if measured.status not in (VelocityStatus.NO_SPIKE, VelocityStatus.DID_NOT_PROPAGATE):
                break
    finally:
        bar.clear()
    return result, measured


def _with_error(result: Result) -> Velocity:
    bar = ProgressBar()
    try:
        return conduction_velocity(result, error=True, progress=bar)
    finally:
        bar.clear()


def _probe(subject: Subject, method: Method, t_stop_ms: float) -> Probe:
    """The membrane potential for the picture, at a cost that does not grow with the run."""
    interval_ms = t_stop_ms / MOST_SAMPLES
    if not method.is_adaptive:
        interval_ms = max(1, round(interval_ms / method.dt_ms)) * method.dt_ms
    stride = -(-len(subject.shown) // MOST_PLACES)
    return Probe("v_mV", subject.shown[::stride].tolist(), every_ms=interval_ms)
