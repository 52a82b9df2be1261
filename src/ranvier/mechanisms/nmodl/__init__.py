"""Reads the NMODL files of NEURON's mechanisms into the form that ranvier's own are written in.

Needs NEURON's parser (`pip install ranvier[nmodl]`), but neither a compiler nor a running NEURON.
"""

from __future__ import annotations

import os
from typing import Any

from ranvier.mechanisms.nmodl._form import form_of
from ranvier.mechanisms.nmodl._source import parse


def read_form(path: str | os.PathLike[str]) -> dict[str, Any]:
    """The form of the mechanism in a .mod file, as a dict.

    Names keep the file's spelling, so units are not checked. Raises FormatError with every construct
    that cannot be translated, each with its line and the reason.
    """
    source = parse(path)
    form = form_of(source)
    source.raise_problems()
    return form
