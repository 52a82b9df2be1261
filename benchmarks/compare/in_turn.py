"""Variants of one run of ranvier, timed in turn in this process, and what they differ by."""

from __future__ import annotations

import argparse
import inspect
import os
import time
from collections.abc import Sequence

import numpy as np

import ranvier as rv


def add_arguments(parser: argparse.ArgumentParser, *, repeats: int = 9) -> None:
    parser.add_argument("--repeats", type=int, default=repeats, help="runs of each, in turn")
    parser.add_argument("--cpu", type=int, help="the processor that has it all (default: the last)")
    parser.add_argument("--quick", action="store_true", help="three repeats")


def parse(parser: argparse.ArgumentParser) -> argparse.Namespace:
    """Reads the options and keeps this program on one processor and one thread."""
    arguments = parser.parse_args()
    os.environ["RANVIER_NUM_THREADS"] = "1"
    arguments.repeats = 3 if arguments.quick else arguments.repeats
    if hasattr(os, "sched_setaffinity"):
        last = max(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {last if arguments.cpu is None else arguments.cpu})
    return arguments


def cpu_times_s(
    simulations: Sequence[rv.Simulation], t_stop_ms: float, repeats: int, v_init_mV: float | None
) -> np.ndarray:
    """(repeats x simulations) CPU times of the steps; other work on the machine is not in them.

    One round more comes first and is not counted. Every other round has the opposite order.
    """
    found = np.empty((repeats + 1, len(simulations)))
    for number, row in enumerate(found):
        order = list(enumerate(simulations))
        for k, simulation in order if number % 2 else reversed(order):
            simulation.initialise(v_init_mV)
            start_s = time.process_time()
            simulation.advance_to(t_stop_ms)
            row[k] = time.process_time() - start_s
    return found[1:]


def has_option(name: str) -> bool:
    """Whether this ranvier's `simulate` and `Simulation` take an argument."""
    return all(
        name in inspect.signature(function).parameters for function in (rv.simulate, rv.Simulation)
    )
