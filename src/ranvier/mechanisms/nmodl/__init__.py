"""Reads the NMODL files of NEURON's mechanisms into the form that ranvier's own are written in.

Needs NEURON's parser (`pip install ranvier[nmodl]`), but neither a compiler nor a running NEURON.
"""

from __future__ import annotations

import os
from typing import Any

from ranvier.errors import FormatError, ModelError
from ranvier.mechanisms.mechanism import Mechanism
from ranvier.mechanisms.nmodl._form import form_of
from ranvier.mechanisms.nmodl._source import parse


def read_form(path: str | os.PathLike[str]) -> dict[str, Any]:
    """The form of the mechanism in a .mod file, as a dict.

    Names keep the file's spelling, so units are not checked. Raises FormatError with all
    that cannot be translated, each with its line and the reason.
    """
    source = parse(path)
    form = form_of(source)
    source.raise_problems()
    return form


def read_mod(path: str | os.PathLike[str]) -> Mechanism:
    """The mechanism in a .mod file. Raises as `read_form()` does."""
    form = read_form(path)
    try:
        return Mechanism.from_dict(form)
    except ModelError as error:
        lines = [f"{path}:1: {line}" for line in str(error).splitlines()]
        raise FormatError("\n".join(lines)) from error
