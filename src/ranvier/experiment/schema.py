"""Which tables and keys an experiment file has, and what kind of value each key takes.

Only what TOML cannot say by itself is checked here. Whether a value makes sense is checked by the
Python call that it is handed to, so that a file and a script are held to the same rules.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from ranvier import methods
from ranvier._text import expected_one_of
from ranvier.experiment.source import Source
from ranvier.simulation import PRECISIONS, SOLVERS


@dataclass(frozen=True, slots=True)
class Kind:
    expected: str
    accepts: Callable[[Any], bool]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and value != ""


def _is_list(value: Any, of: Callable[[Any], bool]) -> bool:
    return isinstance(value, list) and len(value) > 0 and all(map(of, value))


def _is_position(value: Any) -> bool:
    return (
        isinstance(value, list)
        and len(value) == 2
        and _is_text(value[0])
        and _is_number(value[1])
        and 0 <= value[1] <= 1
    )


def _is_one_place(value: Any) -> bool:
    return _is_text(value) or (_is_whole(value) and value >= 0) or _is_position(value)


def _is_lesion(value: Any) -> bool:
    return (
        isinstance(value, list)
        and 2 <= len(value) <= 3
        and _is_text(value[0])
        and _is_whole(value[1])
        and all(map(_is_number, value[2:]))
    )


def one_of(names: Iterable[str]) -> Kind:
    known = tuple(names)
    told = ", ".join(f'"{name}"' for name in known)
    return Kind(f"one of {told}", lambda value: value in known)


TEXT = Kind("a text in quotes", _is_text)
NUMBER = Kind("a finite number", _is_number)
NUMBER_LIST = Kind("a list of finite numbers", lambda value: _is_list(value, _is_number))
NUMBERS = Kind(
    "a finite number or a list of them",
    lambda value: _is_number(value) or _is_list(value, _is_number),
)
POSITIVE = Kind("a finite number above 0", lambda value: _is_number(value) and value > 0)
COUNT = Kind("a whole number, 1 or more", lambda value: _is_whole(value) and value >= 1)
WHOLE = Kind("a whole number", _is_whole)
NAMES = Kind(
    "a name or a list of names", lambda value: _is_text(value) or _is_list(value, _is_text)
)
PLACE = Kind(
    'a section or region, ["name", position from 0 to 1], a compartment number or a list of these',
    lambda value: _is_one_place(value) or _is_list(value, _is_one_place),
)
POINT = Kind(
    "three finite numbers, x, y and z",
    lambda value: _is_list(value, _is_number) and len(value) == 3,
)
FRACTIONS = Kind(
    "two rising fractions from 0 to 1",
    lambda value: _is_list(value, _is_number) and len(value) == 2 and 0 <= value[0] < value[1] <= 1,
)
REST_OR_NUMBER = Kind(
    '"rest" or a finite number', lambda value: value == "rest" or _is_number(value)
)
SOLVER = one_of(SOLVERS)
PRECISION = Kind('"double" or "single"', lambda value: value in PRECISIONS)
FROM_ZERO = Kind("a whole number, 0 or more", lambda value: _is_whole(value) and value >= 0)
LESIONS = Kind(
    'a list of lists such as ["lost", 2] or ["thinned", 1, 0.1]',
    lambda value: _is_list(value, _is_lesion),
)
COUNT_OR_ALL = Kind(
    "a whole number, or 0 for all processors", lambda value: _is_whole(value) and value >= 0
)
FLAG = Kind("true or false", lambda value: isinstance(value, bool))
ARGUMENT = Kind(
    "a finite number, a text or true or false",
    lambda value: _is_number(value) or _is_text(value) or isinstance(value, bool),
)
#: Of keys that are looked at where it is known what they are of.
ANYTHING = Kind("a value", lambda _: True)
REGION_NUMBERS = Kind(
    "a table of regions and numbers above 0",
    lambda value: (
        isinstance(value, dict) and all(_is_number(each) and each > 0 for each in value.values())
    ),
)


@dataclass(frozen=True, slots=True)
class Table:
    """The keys of a table. `others` is the kind of any further key, which its maker will check."""

    keys: dict[str, Kind]
    required: tuple[str, ...] = ()
    others: Kind | None = None
    is_array: bool = field(default=False, kw_only=True)


TABLES = {
    "fiber": Table({"name": TEXT}, ("name",), ARGUMENT),
    "morphology": Table(
        {"swc": TEXT, "r_a_ohm_cm": POSITIVE, "c_m_uF_cm2": POSITIVE, "temperature_degC": NUMBER},
        ("swc",),
    ),
    "ion": Table(
        {
            "name": TEXT,
            "where": NAMES,
            "e_mV": NUMBER,
            "inside_mM": NUMBER,
            "outside_mM": NUMBER,
            "valence": WHOLE,
            "accumulates": TEXT,
            "diffusion_um2_per_ms": NUMBER,
            "shell_um": POSITIVE,
            "exchange_ms": POSITIVE,
            "buffering_ratio": NUMBER,
        },
        ("name",),
        is_array=True,
    ),
    "mechanism": Table({"name": TEXT, "where": NAMES}, ("name",), NUMBERS, is_array=True),
    "mesh": Table(
        {
            "compartments_per_section": COUNT,
            "max_length_um": POSITIVE,
            "d_lambda": POSITIVE,
            "frequency_Hz": POSITIVE,
            "by_region": REGION_NUMBERS,
        }
    ),
    "stimulus": Table(
        {
            "kind": TEXT,
            "at": PLACE,
            "amplitude_nA": NUMBER,
            "electrode_um": POINT,
            "conductivity_S_m": POSITIVE,
            "amplitude_mA": NUMBER,
        },
        ("kind",),
        NUMBERS,
        is_array=True,
    ),
    "clamp": Table(
        {
            "kind": TEXT,
            "at": PLACE,
            "holding_mV": NUMBER,
            "amplitude_mV": NUMBER,
            "series_resistance_Mohm": POSITIVE,
            "from_ms": NUMBER,
            "to_ms": NUMBER,
            "name": TEXT,
        },
        ("kind", "at", "holding_mV"),
        NUMBERS,
        is_array=True,
    ),
    "synapse": Table(
        {"mechanism": TEXT, "at": PLACE, "times_ms": NUMBER_LIST, "name": TEXT},
        ("mechanism", "at"),
        NUMBERS,
        is_array=True,
    ),
    "probe": Table(
        {
            "quantity": TEXT,
            "at": PLACE,
            "mechanism": TEXT,
            "every_ms": POSITIVE,
            "to": TEXT,
            "hold_MB": POSITIVE,
        },
        ("quantity",),
        is_array=True,
    ),
    "peaks": Table({"at": PLACE, "every_ms": POSITIVE}, is_array=True),
    "run": Table(
        {
            "t_stop_ms": POSITIVE,
            "method": TEXT,
            **dict.fromkeys(methods.parameter_names(), POSITIVE),
            "v_init_mV": REST_OR_NUMBER,
            "solver": SOLVER,
            "precision": PRECISION,
            "threads": COUNT_OR_ALL,
            "keep_spikes": COUNT,
        }
    ),
    "velocity": Table({"between": FRACTIONS, "threshold_mV": NUMBER, "sites": PLACE}),
    "study": Table({"name": TEXT, "journal": TEXT}, ("name",), ANYTHING),
    "output": Table({"result": TEXT, "figure": TEXT, "table": TEXT}),
}


def check_keys(source: Source) -> None:
    """Report tables and keys that do not belong or are missing, and values of a wrong kind."""
    for name, content in source.tables.items():
        if (table := TABLES.get(name)) is None:
            source.report(f"unknown table, {expected_one_of(name, sorted(TABLES))}", name)
        elif table.is_array:
            if not (isinstance(content, list) and all(isinstance(each, dict) for each in content)):
                source.report(f"expected tables under [[{name}]], in two brackets", name)
                continue
            for number, each in enumerate(content):
                _check_table(source, table, each, name, number)
        elif not isinstance(content, dict):
            source.report(f"expected one table, under [{name}]", name)
        else:
            _check_table(source, table, content, name)


def _check_table(source: Source, table: Table, content: dict[str, Any], *path: str | int) -> None:
    for key, value in content.items():
        kind = table.keys.get(key, table.others)
        if kind is None:
            source.report(f"unknown key, {expected_one_of(key, sorted(table.keys))}", *path, key)
        elif not kind.accepts(value):
            source.report(f"is {shown(value)}, expected {kind.expected}", *path, key)
    missing = [key for key in table.required if key not in content]
    # A key that is missing beside one that is unknown is most likely that one, misspelt.
    if all(key in table.keys or table.others is not None for key in content):
        for key in missing:
            source.report(f"has no {key}, expected {table.keys[key].expected}", *path)


def shown(value: Any) -> str:
    """A value as it stands in a TOML file, cut short."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "a table"
    text = f'"{value}"' if isinstance(value, str) else str(value)
    return text if len(text) <= 40 else f"{text[:36]} ..."
