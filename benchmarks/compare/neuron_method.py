"""NEURON's time-stepping methods, as its two scripts choose them on the command line."""

from __future__ import annotations

import argparse

METHODS = ("backward_euler", "crank_nicolson", "cvode")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--method", choices=METHODS, default="backward_euler")
    parser.add_argument("--atol", type=float, default=1e-3, help="of CVODE, in its own units")


def choose(h, arguments: argparse.Namespace) -> None:
    """Switches NEURON to the method; it initialises, or re-initialises, after that."""
    h.CVode().active(arguments.method == "cvode")
    h.CVode().atol(arguments.atol)
    h.secondorder = 2 if arguments.method == "crank_nicolson" else 0


def dt_ms(arguments: argparse.Namespace) -> float | None:
    """The step, or None for CVODE, which chooses its own."""
    return None if arguments.method == "cvode" else arguments.dt


def describe(arguments: argparse.Namespace) -> str:
    """What the method is called where the settings of a run are printed."""
    if arguments.method == "cvode":
        return f"CVODE, atol {arguments.atol:g}"
    return arguments.method.replace("_", " ")
