"""`ranvier run`: do what an experiment file asks for."""

from __future__ import annotations

import argparse
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

from ranvier import __version__
from ranvier.analysis import Velocity
from ranvier.cli.arguments import Commands, UsageError
from ranvier.cli.execution_options import add_execution_to, execution_of
from ranvier.cli.output import (
    check_picture,
    print_json,
    print_rows,
    run_facts,
    run_rows,
    save_overview,
)
from ranvier.cli.progress import ProgressBar
from ranvier.cli.study_answer import run_study
from ranvier.errors import DivergedError, Interrupted
from ranvier.experiment import Experiment, load_experiment
from ranvier.results import Result, Status

OK = 0
NO_SPIKE = 1


def add_to(commands: Commands) -> None:
    summary = "run an experiment file (TOML) and write what it asks for"
    parser = commands.add_parser("run", help=summary, description=summary, allow_abbrev=False)
    parser.add_argument("experiment", type=Path, metavar="EXPERIMENT.toml")
    parser.add_argument(
        "--json", action="store_true", help="print one JSON object and nothing else"
    )
    add_execution_to(parser)
    parser.set_defaults(command=run)


def run(options: argparse.Namespace) -> int:
    experiment = replace(load_experiment(options.experiment), **execution_of(options))
    if experiment.study is not None:
        return _study(experiment, options)
    if experiment.figure_path is not None:
        check_picture(experiment.figure_path)
    bar = ProgressBar(announces=not options.json)
    try:
        result = experiment.run(bar)
    except DivergedError as error:
        if error.result is None:
            raise
        result = error.result  # what was recorded may show why
    except Interrupted as interrupt:
        if experiment.result_path is not None:  # hours may be in it
            interrupt.result.save(experiment.result_path)
        raise
    finally:
        bar.clear()
    is_complete = result.status is Status.COMPLETED
    velocity = experiment.velocity(result) if is_complete else None
    if experiment.result_path is not None:
        result.save(experiment.result_path)
    if experiment.figure_path is not None:
        save_overview(result, velocity, experiment.figure_path)
    if options.json:
        print_json(_facts(experiment, result, velocity))
    else:
        _print(experiment, result, velocity)
    has_velocity = velocity is None or math.isfinite(velocity.velocity_m_per_s)
    return OK if is_complete and has_velocity else NO_SPIKE


def _study(experiment: Experiment, options: argparse.Namespace) -> int:
    asked = experiment.study
    assert asked is not None
    for name in execution_of(options):
        if name not in asked.takes:
            raise UsageError(f"--{name}: {asked.name} takes none, expected it left out")
    answer = argparse.Namespace(
        out=experiment.figure_path,
        no_picture=experiment.figure_path is None,
        csv=experiment.table_path,
        journal=asked.journal,
        json=options.json,
    )
    heading = f"{experiment.path.name}: {asked.name.replace('_', ' ')}"
    return run_study(answer, experiment.run_study, file_stem=asked.name, heading=heading)


def _facts(experiment: Experiment, result: Result, velocity: Velocity | None) -> dict[str, Any]:
    return {
        **({} if velocity is None else velocity.to_dict() | {"sites": velocity.sites.size}),
        "run_status": str(result.status),
        "message": result.message if velocity is None else velocity.message,
        "model": result.provenance["model"],
        **run_facts(result),
        "result": experiment.result_path,
        "picture": experiment.figure_path,
        "version": __version__,
    }


def _print(experiment: Experiment, result: Result, velocity: Velocity | None) -> None:
    made_by = result.provenance
    heading = f"{result.status} at {result.t_stop_ms:g} ms" if velocity is None else str(velocity)
    if result.message:
        heading += f": {result.message}"
    print(f"{made_by['model']}: {heading}")
    rows = run_rows(result)
    for trace in result.traces:
        samples, places = trace.values.shape
        rows.append(("recorded", f"{trace.label}: {samples} samples at {places} places"))
        if trace.path is not None:
            rows.append(("samples", str(trace.path)))
    for name, path in (("result", experiment.result_path), ("picture", experiment.figure_path)):
        if path is not None:
            rows.append((name, str(path)))
    print_rows(rows)
