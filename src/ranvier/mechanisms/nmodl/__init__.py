"""Reads the NMODL files of NEURON's mechanisms into the form that ranvier's own are written in.

Needs NEURON's parser (`pip install ranvier[nmodl]`), but neither a compiler nor a running NEURON.
"""

from __future__ import annotations

import os
from typing import Any

from ranvier.mechanisms.mechanism import Mechanism
from ranvier.mechanisms.nmodl._form import form_of, lines_of
from ranvier.mechanisms.nmodl._source import Source, parse


def read_form(path: str | os.PathLike[str]) -> dict[str, Any]:
    """The form of the mechanism in a .mod file, as a dict.

    Names keep the file's spelling, so units are not checked. Raises FormatError with all
    that cannot be translated, each with its line and the reason.
    """
    return _read(path)[0]


def read_mod(path: str | os.PathLike[str]) -> Mechanism:
    """The mechanism in a .mod file. Raises as `read_form()` does."""
    from ranvier.experiment.lines import KeyLines

    form, source = _read(path)
    return Mechanism.from_source(form, path, KeyLines(lines_of(form, source)))


def _read(path: str | os.PathLike[str]) -> tuple[dict[str, Any], Source]:
    source = parse(path)
    form = form_of(source)
    source.raise_problems()
    return form, source
