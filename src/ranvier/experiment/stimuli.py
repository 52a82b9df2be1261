"""What acts on the fibre or cell, each made from its table by the Python call that it stands for.

One that cannot be made is None, and why is reported in the source.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

from ranvier._text import expected_one_of
from ranvier.experiment.lines import KeyPath
from ranvier.experiment.parts import KINDS, check_arguments, read_mechanism, to_place
from ranvier.experiment.schema import ARGUMENT, NUMBER, NUMBERS, shown
from ranvier.experiment.source import Source
from ranvier.fibers import Fiber
from ranvier.fields import ModelPath, PointSource, StraightPath
from ranvier.mechanisms import Mechanism, point
from ranvier.model import Model
from ranvier.stimuli import (
    CurrentClamp,
    Extracellular,
    Stimulus,
    Synapse,
    VoltageClamp,
    Waveform,
    waveforms,
)

#: What says where a current goes and how strong it is, in words.
_INSIDE = {"at": "the place", "amplitude_nA": "the amplitude"}
_OUTSIDE = {
    "electrode_um": "the position",
    "amplitude_mA": "the amplitude",
    "conductivity_S_m": "the medium",
}
#: What a voltage clamp has besides its waveform.
_OF_CLAMP = (
    "holding_mV",
    "amplitude_mV",
    "series_resistance_Mohm",
    "from_ms",
    "to_ms",
    "name",
)
#: What a synapse has besides what its mechanism and its events do.
_OF_SYNAPSE = ("mechanism", "at", "times_ms", "name")


def make_stimuli(
    source: Source, target: Fiber | Model | None
) -> list[tuple[KeyPath, Stimulus | None]]:
    """One for each table, with its path; the fibre's own, of path (), where there is none."""
    makers = {"stimulus": _make_current, "clamp": _make_clamp, "synapse": _make_synapse}
    made: list[tuple[KeyPath, Stimulus | None]] = []
    for name, make in makers.items():
        tables = source.tables.get(name, [])
        for number in range(len(tables) if isinstance(tables, list) else 0):
            path = (name, number)
            made.append((path, make(source, path, target) if source.is_sound(*path) else None))
    if not (makers.keys() & source.tables.keys()) and isinstance(target, Fiber):
        return [((), target.stimulus)]
    return made


def points_of(stimuli: Sequence[Stimulus | None]) -> dict[str, Mechanism]:
    """The mechanisms that stimuli place, by what probes call them."""
    points = {}
    for each in stimuli:
        if isinstance(each, Synapse):
            own = point(each.mechanism)
            points[each.name or own.name] = own
        elif isinstance(each, VoltageClamp):
            points[each.name] = point("voltage_clamp")
    return points


def _make_current(
    source: Source, table: KeyPath, target: Fiber | Model | None
) -> CurrentClamp | Extracellular | None:
    content = dict(source.content(*table))
    is_outside = "electrode_um" in content or "amplitude_mA" in content
    needed, others = (_OUTSIDE, _INSIDE) if is_outside else (_INSIDE, _OUTSIDE)
    where = "outside the fibre" if is_outside else "inside the fibre"
    for key in needed:
        if key not in content and key != "conductivity_S_m":
            source.report(f"has no {key}, expected {needed[key]} of an electrode {where}", *table)
    for key in others:
        if key in content:
            source.report(f"does not go with an electrode {where}", *table, key)
    if not source.is_sound(*table):
        return None
    electrode = {key: content.pop(key) for key in needed if key in content}
    if (waveform := _make_waveform(source, table, content)) is None:
        return None
    with source.telling(*table):
        if not is_outside:
            return CurrentClamp(
                waveform=waveform,
                at=to_place(electrode["at"]),
                amplitude_nA=float(electrode["amplitude_nA"]),
            )
        position_um, amplitude_mA = electrode.pop("electrode_um"), electrode.pop("amplitude_mA")
        return Extracellular(
            field=PointSource(position_um=position_um, **electrode),
            waveform=waveform,
            amplitude_mA=float(amplitude_mA),
            # A cell is where its file says; a fibre along x, with its middle at the origin.
            path=ModelPath() if isinstance(target, Model) else StraightPath(),
        )
    return None


def _make_clamp(source: Source, table: KeyPath, _: Fiber | Model | None) -> VoltageClamp | None:
    content = dict(source.content(*table))
    at = to_place(content.pop("at"))
    electrode = {key: content.pop(key) for key in _OF_CLAMP if key in content}
    if (waveform := _make_waveform(source, table, content, _OF_CLAMP)) is None:
        return None
    with source.telling(*table):
        return VoltageClamp(waveform=waveform, at=at, **electrode)
    return None


def _make_synapse(source: Source, table: KeyPath, _: Fiber | Model | None) -> Synapse | None:
    content = dict(source.content(*table))
    found = read_mechanism(source, "mechanism", *table, at_points=True)
    if found == "":
        return None
    at, name, times_ms = to_place(content["at"]), content.get("name"), content.get("times_ms", ())
    with source.telling(*table):
        own = point(found)
        others = {k: v for k, v in content.items() if k not in _OF_SYNAPSE}
        # A parameter is one number; what an event brings may be another for each.
        takes = dict.fromkeys(own.parameters, NUMBER) | dict.fromkeys(own.event_arguments, NUMBERS)
        check_arguments(source, others, takes, *table)
        if not source.is_sound(*table):
            return None
        return Synapse(
            mechanism=found,
            at=at,
            times_ms=times_ms,
            event={k: v for k, v in others.items() if k in own.event_arguments},
            parameters={k: v for k, v in others.items() if k not in own.event_arguments},
            name=name,
        )
    return None


def _make_waveform(
    source: Source, table: KeyPath, content: Mapping[str, Any], beside: Sequence[str] = ()
) -> Waveform | None:
    """Of its kind, from all the other keys; `beside` are keys that may have been meant as well."""
    arguments = {key: value for key, value in content.items() if key != "kind"}
    known = waveforms()
    if (kind := content["kind"]) not in known:
        source.report(f"is {shown(kind)}, {expected_one_of(kind, known)}", *table, "kind")
        return None
    parameters = inspect.signature(known[kind]).parameters
    takes = {key: KINDS.get(str(each.annotation), ARGUMENT) for key, each in parameters.items()}
    check_arguments(source, arguments, takes | dict.fromkeys(beside, NUMBER), *table)
    if not source.is_sound(*table):
        return None
    for key, parameter in parameters.items():
        if parameter.default is inspect.Parameter.empty and key not in arguments:
            source.report(f"has no {key}, expected {takes[key].expected}", *table)
    if not source.is_sound(*table):
        return None
    with source.telling(*table):
        return known[kind](**arguments)
    return None
