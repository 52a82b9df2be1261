"""The units that names end in, as exponents of base units: what the formulas are checked with.

A unit is (kg, m, s, A, mol, K, ten): the exponents of the base units and of a power of ten, so that
mV and V differ by their scale and are told apart. Exact, because every unit of the field is a power
of ten of base units.
"""

from __future__ import annotations

import re
from fractions import Fraction
from functools import cache
from typing import TypeAlias

Unit: TypeAlias = tuple[Fraction, ...]

PREFIXES = {"": 0, "k": 3, "c": -2, "m": -3, "u": -6, "n": -9, "p": -12}
#: Base units that take a prefix, as exponents of (kg, m, s, A, mol, K, ten).
PREFIXED = {
    "V": (1, 2, -3, -1, 0, 0, 0),
    "A": (0, 0, 0, 1, 0, 0, 0),
    "S": (-1, -2, 3, 2, 0, 0, 0),
    "F": (-1, -2, 4, 2, 0, 0, 0),
    "C": (0, 0, 1, 1, 0, 0, 0),
    "J": (1, 2, -2, 0, 0, 0, 0),
    "ohm": (1, 2, -3, -2, 0, 0, 0),
    "M": (0, -3, 0, 0, 1, 0, 3),
    "mol": (0, 0, 0, 0, 1, 0, 0),
    "m": (0, 1, 0, 0, 0, 0, 0),
    "s": (0, 0, 1, 0, 0, 0, 0),
    "Hz": (0, 0, -1, 0, 0, 0, 0),
}
UNPREFIXED = {"degC": (0, 0, 0, 0, 0, 1, 0), "K": (0, 0, 0, 0, 0, 1, 0)}
DIMENSIONS = 7
ONE: Unit = (Fraction(0),) * DIMENSIONS
#: Letters that end names as often as they mean a unit: units only where something follows or, for
#: kelvin, where a temperature stands before. "g_k_S_cm2" is in S/cm2, and "tau_m" is a number.
LETTERS = frozenset("VASFCJMmsK")
#: What single letters are units of, with what follows them.
AFTER_LETTER = {
    "S": ("cm2", "m2", "m", "cm", "um2"),
    "F": ("cm2", "m2"),
    "A": ("cm2", "m2"),
    "C": ("mol",),
    "J": ("mol", "K"),
    "V": ("m",),
    "M": ("s",),
}
#: What may be divided by without "per".
DENOMINATORS = frozenset(
    ("cm2", "cm3", "m2", "m3", "um2", "um3", "cm", "um", "m", "s", "ms", "mol", "K")
)


def times(a: Unit, b: Unit) -> Unit:
    return tuple(x + y for x, y in zip(a, b, strict=True))


def over(a: Unit, b: Unit) -> Unit:
    return tuple(x - y for x, y in zip(a, b, strict=True))


def to_power(a: Unit, exponent: Fraction | int) -> Unit:
    return tuple(x * exponent for x in a)


@cache
def token_unit(token: str) -> Unit | None:
    """The unit of one word of a suffix, "mV" or "cm2"; None if it is none."""
    match = re.fullmatch(r"([A-Za-z]+)([2-6]?)", token)
    if match is None:
        return None
    word, exponent = match[1], int(match[2] or 1)
    found = UNPREFIXED.get(word)
    scale = 0
    if found is None:
        for prefix, power in PREFIXES.items():
            if word.startswith(prefix) and (found := PREFIXED.get(word[len(prefix) :])):
                scale = power
                break
        else:
            return None
    exponents = [*found]
    exponents[-1] += scale
    return tuple(Fraction(exponent * value) for value in exponents)


@cache
def unit_of_name(name: str) -> Unit:
    """The unit that a name ends in: "g_bar_S_cm2" is in S/cm2; without one, a plain number."""
    words = name.split("_")
    for first in range(len(words)):
        if (unit := _suffix_unit(words[first:], words[:first])) is not None:
            return unit
    return ONE


def has_unit(name: str) -> bool:
    return unit_of_name(name) != ONE


def _suffix_unit(words: list[str], before: list[str]) -> Unit | None:
    """The unit of all of a list of words, or None."""
    per = words.index("per") if "per" in words else len(words)
    unit = ONE
    for place, word in enumerate(words):
        found = token_unit(word)
        if word == "per":
            if place == len(words) - 1:
                return None
        elif found is None:
            return None
        elif place == 0:
            if word in LETTERS and not _is_unit_letter(word, words[1:], before):
                return None
            unit = found
        elif place > per or word in DENOMINATORS:
            unit = over(unit, found)
        else:
            return None
    if words[0].endswith("ohm") and len(words) == 2 and words[1] in ("cm", "m", "cm2"):
        # Resistivity is written ohm_cm, and is the one product among the field's units.
        unit = times(unit, to_power(token_unit(words[1]) or ONE, 2))
    return unit


def _is_unit_letter(letter: str, after: list[str], before: list[str]) -> bool:
    if letter == "K":
        return not after and bool(before) and "temperature" in before[-1]
    return bool(after) and after[0] in AFTER_LETTER.get(letter, ())


#: How the units that come up are written; products of others are spelt out.
WRITTEN = (
    "mV V ms s mM uM nM M degC um cm um2 cm2 nA uA mA pA nS uS mS nF uF C mol J "
    "S_cm2 mS_cm2 uS_cm2 mA_cm2 uA_cm2 nA_cm2 uF_cm2 C_mol J_mol_K cm_s cm_ms "
    "per_ms per_s per_mV per_mM per_uM per_um per_cm per_degC per_mM_per_ms per_uM_per_ms "
    "mM_per_ms mV_per_ms uM_per_ms ohm_cm ohm_cm2"
)


@cache
def _written() -> dict[Unit, str]:
    names: dict[Unit, str] = {}
    for name in WRITTEN.split():
        unit = _suffix_unit(name.split("_"), ["temperature"]) or token_unit(name)
        if unit is not None:
            names.setdefault(unit, spelt(name))
    return names


def spelt(suffix: str) -> str:
    """ "mA_cm2" as "mA/cm2", "per_ms" as "1/ms"."""
    if suffix.startswith("ohm_"):
        return suffix.replace("_", " ")
    words = [word for word in suffix.split("_") if word != "per"]
    if suffix.startswith("per_"):
        words.insert(0, "1")
    return "/".join(words)


def shown(unit: Unit) -> str:
    """A unit for a message: "mA/cm2", "a plain number", or a product of base units."""
    if unit == ONE:
        return "a plain number"
    if (name := _written().get(unit)) is not None:
        return name
    for simple in map(unit_of_name, ("x_mV", "x_ms", "x_mM", "x_um")):
        if (name := _written().get(over(unit, simple))) is not None:
            return f"{name} {_written()[simple]}"
        if (name := _written().get(times(unit, simple))) is not None:
            return f"{name}/{_written()[simple]}"
    bases = ("kg", "m", "s", "A", "mol", "K")
    parts = [f"{base}^{e}" if e != 1 else base for base, e in zip(bases, unit, strict=False) if e]
    scale = [f"10^{unit[-1]}"] if unit[-1] else []
    return " ".join(scale + parts)
