"""How a command answers: a few aligned lines for people, one JSON object for machines."""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from ranvier.analysis import Velocity
from ranvier.cli.arguments import UsageError
from ranvier.results import Result

NEEDS_MATPLOTLIB = "needs matplotlib: pip install 'ranvier[plot]'"

#: What a provenance has of how a run was carried out.
EXECUTION = ("solver", "precision", "threads", "isa")

#: A picture goes on for half the time again that the last place needed to fall below threshold.
AFTERWARDS = 1.5


def print_rows(rows: Sequence[tuple[str, str]]) -> None:
    """Names and values in two columns; a value of several lines stays in its own."""
    width = max((len(name) for name, _ in rows), default=0)
    for name, value in rows:
        for number, line in enumerate(value.splitlines()):
            print(f"  {name if number == 0 else '':<{width}}  {line}")


def run_facts(result: Result) -> dict[str, Any]:
    """How a result was computed, as every command tells a machine."""
    made_by = result.provenance
    names = ("v_rest_mV", "temperature_degC", "compartments", "method", "steps")
    facts = {name: made_by[name] for name in (*names, *EXECUTION)}
    return facts | {"t_stop_ms": result.t_stop_ms, **made_by["method_parameters"]}


def run_rows(result: Result) -> list[tuple[str, str]]:
    """The same for people."""
    made_by = result.provenance
    parameters = made_by["method_parameters"]
    accuracy = (
        f"rtol {parameters['rtol']:g}, atol {parameters['atol_mV']:g} mV"
        if "rtol" in parameters
        else f"dt {made_by['dt_ms']:g} ms"
    )
    return [
        ("rest", f"{made_by['v_rest_mV']:.2f} mV at {made_by['temperature_degC']:g} degC"),
        ("mesh", f"{made_by['compartments']} compartments"),
        (
            "method",
            f"{made_by['method']}, {accuracy}: {made_by['steps']} steps, {result.t_stop_ms:g} ms",
        ),
        ("solver", _solver(made_by)),
    ]


def _solver(made_by: Mapping[str, Any]) -> str:
    in_lanes = f"lanes ({made_by['isa']})" if made_by["solver"] == "lanes" else "plain"
    threads = made_by["threads"]
    return f"{in_lanes}, {made_by['precision']} precision, {threads} thread{'s'[: threads != 1]}"


def print_json(answer: Mapping[str, Any]) -> None:
    """One object. What is not a finite number becomes null, since JSON has no NaN."""
    json.dump({key: _plain(value) for key, value in answer.items()}, sys.stdout, indent=2)
    print()


def _plain(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return str(value) if isinstance(value, Path) else value


def has_matplotlib() -> bool:
    return find_spec("matplotlib") is not None


def wants_picture(options: argparse.Namespace) -> bool:
    """Whether a command draws: for people it does unless told not to, for programs if told to."""
    if options.no_picture or options.out is not None:
        return not options.no_picture
    return not options.json and has_matplotlib()


def check_picture(path: Path) -> None:
    """Refuse a picture that could not be written, before the work of a run and not after it."""
    if not has_matplotlib():
        raise UsageError(f"{path}: a picture {NEEDS_MATPLOTLIB}")
    from matplotlib.backend_bases import FigureCanvasBase

    kinds = sorted(FigureCanvasBase.get_supported_filetypes())
    if path.suffix.removeprefix(".").lower() not in kinds:
        endings = ", ".join(f".{kind}" for kind in kinds)
        raise UsageError(f"{path}: no picture ends in {path.suffix!r}, expected {endings}")
    check_folder(path)


def check_folder(path: Path) -> None:
    if not path.absolute().parent.is_dir():
        raise UsageError(f"{path}: there is no folder {path.parent}, expected one that exists")


def save_overview(result: Result, velocity: Velocity | None, path: Path) -> None:
    """Draw one page about a run, without the rest that follows the spike."""
    from ranvier.plot import overview

    overview(_until_the_spike_is_over(result), velocity).savefig(path, dpi=150)


def _until_the_spike_is_over(result: Result) -> Result:
    ends_ms = [
        float(trace.t_ms[row])
        for trace in result.traces
        if trace.name == "v_mV"
        for row in np.flatnonzero((trace.values > result.crossings[0].threshold_mV).any(axis=1))[
            -1:
        ]
    ]
    if not ends_ms:
        return result
    end_ms = AFTERWARDS * max(ends_ms)
    traces = []
    for trace in result.traces:
        is_shown = trace.t_ms <= end_ms
        traces.append(replace(trace, t_ms=trace.t_ms[is_shown], values=trace.values[is_shown]))
    return replace(result, traces=tuple(traces))
