"""The constants that a UNITS block names, as `FARADAY = (faraday) (coulomb)`."""

from __future__ import annotations

import math
import re

#: In the SI's base units, mole counted as one of them. Exact by the definitions of 2019.
ELEMENTARY_CHARGE_C = 1.602176634e-19
AVOGADRO_per_mol = 6.02214076e23
BOLTZMANN_J_K = 1.380649e-23

UNITS = {
    "faraday": ELEMENTARY_CHARGE_C * AVOGADRO_per_mol,
    "k": BOLTZMANN_J_K,
    "mole": AVOGADRO_per_mol,
    "mol": AVOGADRO_per_mol,
    "e": ELEMENTARY_CHARGE_C,
    "avogadro": AVOGADRO_per_mol,
    "pi": math.pi,
    "degC": 1.0,
    "degK": 1.0,
    "kelvin": 1.0,
    "K": 1.0,
    "coulomb": 1.0,
    "C": 1.0,
    "joule": 1.0,
    "J": 1.0,
    "volt": 1.0,
    "V": 1.0,
    "amp": 1.0,
    "A": 1.0,
    "sec": 1.0,
    "s": 1.0,
    "m": 1.0,
    "meter": 1.0,
}
PREFIXES = {"kilo": 1e3, "milli": 1e-3, "micro": 1e-6, "nano": 1e-9, "m": 1e-3, "k": 1e3, "u": 1e-6}
TERM = re.compile(r"\s*(/|-|)\s*(?:(\d[\d.]*(?:e[-+]?\d+)?)|([A-Za-z]+)(\d*))", re.ASCII)


def size_of(unit: str) -> float | None:
    """What one of this unit is in base units; None if something in it is not known."""
    size, place, is_below = 1.0, 0, False
    while place < len(unit.rstrip()):
        match = TERM.match(unit, place)
        if match is None:
            return None
        place = match.end()
        # "-" joins factors; all that follows a "/" divides.
        is_below = is_below or match[1] == "/"
        factor = float(match[2]) if match[2] else _size_of_word(match[3])
        if factor is None:
            return None
        factor **= int(match[4] or 1)
        size = size / factor if is_below else size * factor
    return size


def _size_of_word(word: str) -> float | None:
    for name in (word, word.removesuffix("s")):
        if name in UNITS:
            return UNITS[name]
    for prefix, factor in PREFIXES.items():
        rest = word.removeprefix(prefix)
        if rest != word and (size := UNITS.get(rest) or UNITS.get(rest.removesuffix("s"))):
            return factor * size
    return None
