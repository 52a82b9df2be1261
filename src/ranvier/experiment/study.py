"""The study that a file asks for, made from its table by the Python call that it stands for."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ranvier import studies
from ranvier._text import expected_one_of
from ranvier.experiment.schema import COUNT, NUMBER_LIST, POSITIVE, Kind, shown
from ranvier.experiment.source import Source

if TYPE_CHECKING:
    from ranvier.studies import StudyTable

#: Of one fibre and one stimulus.
STUDIES: dict[str, Callable[..., StudyTable]] = {
    each.__name__: each
    for each in (
        studies.strength_duration,
        studies.current_distance,
        studies.recovery_cycle,
        studies.threshold_electrotonus,
        studies.frequency_following,
        studies.block_map,
    )
}
#: Those that move an electrode outside, or need one there.
_OUTSIDE = (studies.current_distance, studies.block_map)
#: How each of them searches: what `SearchOptions` has that is a number.
_SEARCH = {"rtol": POSITIVE, "most": POSITIVE, "wait_ms": POSITIVE}
_KINDS = {"Sequence[float]": NUMBER_LIST, "float": POSITIVE, "int": COUNT}
#: What says how and what to record of a single run.
_NOT_WITH = ("probe", "peaks", "velocity")


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyCall:
    """A study by name with its arguments, and where its rows are kept."""

    name: str
    arguments: Mapping[str, Any]
    journal: Path | None = None


def make_study(source: Source) -> StudyCall | None:
    """None where the file has none, or one that was reported."""
    if "study" not in source.tables or not source.is_sound("study"):
        return None
    content = dict(source.tables["study"])
    name = content.pop("name")
    if name not in STUDIES:
        source.report(
            f"is {shown(name)}, {expected_one_of(name, sorted(STUDIES))}", "study", "name"
        )
        return None
    journal = content.pop("journal", None)
    known = _arguments_of(STUDIES[name])
    for key, value in content.items():
        if key not in known:
            source.report(f"unknown key, {expected_one_of(key, sorted(known))}", "study", key)
        elif not known[key].accepts(value):
            source.report(f"is {shown(value)}, expected {known[key].expected}", "study", key)
    for other in _NOT_WITH:
        if other in source.tables:
            source.report("says what to keep of a single run, expected no [study] beside it", other)
    if "t_stop_ms" in source.tables.get("run", {}):
        source.report("is of a single run, expected wait_ms in [study]", "run", "t_stop_ms")
    count = len(source.tables.get("stimulus", []))
    if count > 1 or (count == 0 and "fiber" not in source.tables):
        source.report(f"has {count} [[stimulus]], expected one (or a fibre's own)", "study")
    needs_outside = STUDIES[name] in _OUTSIDE
    is_outside = count == 1 and "electrode_um" in source.tables["stimulus"][0]
    if needs_outside and not is_outside:
        source.report(
            "expected a [[stimulus]] with electrode_um, outside the fibre", "study", "name"
        )
    if not source.is_sound("study"):
        return None
    return StudyCall(
        name=name,
        arguments=content,
        journal=None if journal is None else source.path.parent / journal,
    )


def _arguments_of(study: Callable[..., StudyTable]) -> dict[str, Kind]:
    kinds = {
        name: _KINDS[str(each.annotation)]
        for name, each in inspect.signature(study).parameters.items()
        if str(each.annotation) in _KINDS
    }
    return kinds | _SEARCH
