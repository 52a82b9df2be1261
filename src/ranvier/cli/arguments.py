"""What options may hold, and how a wrong one is told."""

from __future__ import annotations

import argparse
import math
from typing import NoReturn, TypeAlias


class UsageError(Exception):
    """The command line asks for something that there is not; the message is for its author."""


class Parser(argparse.ArgumentParser):
    """Raises UsageError, so that every refusal leaves by one door."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message.removeprefix('argument ')} (see {self.prog} --help)")


#: Where a command adds its parser.
Commands: TypeAlias = "argparse._SubParsersAction[Parser]"


def number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise argparse.ArgumentTypeError(f"is {text!r}, expected a finite number")
    return value


def positive(text: str) -> float:
    value = number(text)
    if value <= 0:
        raise argparse.ArgumentTypeError(f"is {text}, expected more than 0")
    return value


def numbers(text: str) -> tuple[float, ...]:
    return tuple(number(each) for each in text.split(","))


def count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"is {text!r}, expected a whole number, 1 or more")
    return int(text)


def count_or_all(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"is {text!r}, expected a whole number, or 0 for all")
    return int(text)


def place(text: str) -> tuple[str, float]:
    """A section and a position in it, as in `axon[3],0.5`; without a position, its start."""
    name, comma, position_text = text.rpartition(",")
    if not comma:
        return text, 0.0
    position = number(position_text)
    if not 0 <= position <= 1:
        raise argparse.ArgumentTypeError(f"position is {position:g}, expected 0 to 1")
    return name, position
