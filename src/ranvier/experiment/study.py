"""The study that a file asks for, made from its table by the Python call that it stands for."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ranvier import fibers, methods
from ranvier._text import expected_one_of
from ranvier.errors import FormatError
from ranvier.experiment.parts import fiber_arguments, to_place
from ranvier.experiment.schema import shown
from ranvier.experiment.source import MEANT, Source, key_about
from ranvier.experiment.study_kinds import STUDIES, StudyKind
from ranvier.fibers import Fiber
from ranvier.stimuli import Stimulus

if TYPE_CHECKING:
    from ranvier.discretisation import Mesh
    from ranvier.methods import Method
    from ranvier.model import Model
    from ranvier.studies import StudyTable

#: Tables that are of a single run, and what they do there.
_NOT_WITH = {
    "probe": "says what to keep of a single run",
    "peaks": "says what to keep of a single run",
    "velocity": "says what to keep of a single run",
    "clamp": "acts in a single run",
    "synapse": "acts in a single run",
}
#: Of [run] what only a single run has.
_OF_ONE_RUN = ("t_stop_ms", "v_init_mV", "keep_spikes")
#: How sentences call what a key of a study has several of.
_MEANT = {
    "diameter_um is": ("diameters_um",),
    "temperature_degC is": ("temperatures_degC",),
    "length_um is": ("node_lengths_um",),
    "g_ratio is": ("g_ratios",),
    "before the lesion": ("first", "lesions"),
    "internodes": ("lesions", "first"),
    "damage:": ("lesions",),
    "amount:": ("lesions",),
} | MEANT


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyCall:
    """A study by name with its arguments, and where its rows are kept.

    `subject` is what the study is of: a fibre, a cell, or what makes fibres. `lines` has the line
    of each key of its table.
    """

    name: str
    subject: Fiber | Model | Callable[..., Fiber]
    stimuli: tuple[Stimulus, ...]  # one, or none
    arguments: Mapping[str, Any]
    lines: Mapping[str, int]
    journal: Path | None = None

    @property
    def takes(self) -> tuple[str, ...]:
        """What it leaves to others to say: of method, mesh, solver, precision and threads."""
        return STUDIES[self.name].takes

    @property
    def places_fibres(self) -> bool:
        """Whether fibres are elsewhere than a single one is."""
        return STUDIES[self.name].places_fibres

    def table(
        self, path: Path, progress: Callable[[float], None] | None, **speed: Any
    ) -> StudyTable:
        """Runs it. What it refuses becomes a FormatError with the line in `path` of the key that it
        is about."""
        try:
            return STUDIES[self.name].call(
                self.subject,
                *self.stimuli,
                journal=self.journal,
                progress=progress,
                **self.arguments,
                **{name: value for name, value in speed.items() if name in self.takes},
            )
        except ValueError as error:
            told = [self._told(path, sentence) for sentence in str(error).splitlines()]
            raise FormatError("\n".join(told)) from error

    def _told(self, path: Path, sentence: str) -> str:
        key = key_about(sentence, self.lines, _MEANT) or "name"
        return f"{path}:{self.lines[key]}: study.{key}: {sentence.removeprefix(f'{key}: ')}"


def make_study(
    source: Source,
    target: Fiber | Model | None,
    mesh: Mesh | None,
    method: Method | None,
    stimuli: Sequence[Stimulus | None],
) -> StudyCall | None:
    """None where the file has none, or one that was reported."""
    if "study" not in source.tables or not source.is_sound("study"):
        return None
    content = dict(source.tables["study"])
    lines = {key: source.lines.of("study", key) for key in content}
    name = content.pop("name")
    if name not in STUDIES:
        source.report(
            f"is {shown(name)}, {expected_one_of(name, sorted(STUDIES))}", "study", "name"
        )
        return None
    kind = STUDIES[name]
    journal = content.pop("journal", None)
    _check_keys(source, kind, content)
    _check_run(source, name, kind)
    _check_stimuli(source, name, kind)
    if kind.needs_fibre and "morphology" in source.tables:
        source.report(f"{name} is of a published fibre, expected [fiber]", "study", "name")
    if kind.makes_fibres and "fiber" in source.tables and source.is_sound("fiber"):
        _check_swept(source, name, kind, content)
    is_made = target is not None and mesh is not None and None not in stimuli
    if not (source.is_sound("study") and source.is_sound("run") and is_made):
        return None
    assert target is not None
    arguments = {key: _converted(key, value) for key, value in content.items()}
    # What the file leaves open is for the study to choose.
    if source.tables.get("run", {}).keys() & {"method", *methods.parameter_names()}:
        arguments["method"] = method
    own_mesh = mesh if "mesh" in source.tables else None
    if own_mesh is not None and "mesh" in kind.takes:
        arguments["mesh"] = own_mesh
    subject: Fiber | Model | Callable[..., Fiber] = target
    if kind.makes_fibres:
        others = fiber_arguments(source) | ({} if own_mesh is None else {"mesh": own_mesh})
        subject = functools.partial(fibers.describe(target.name).make, **others)
    elif own_mesh is not None and "mesh" not in kind.takes and isinstance(target, Fiber):
        subject = replace(target, mesh=own_mesh)
    return StudyCall(
        name=name,
        subject=subject,
        stimuli=tuple(each for each in stimuli if each is not None) if kind.is_stimulated else (),
        arguments=arguments,
        lines=lines,
        journal=None if journal is None else source.path.parent / journal,
    )


def _check_keys(source: Source, kind: StudyKind, content: Mapping[str, Any]) -> None:
    for key, value in content.items():
        if key not in kind.keys:
            source.report(f"unknown key, {expected_one_of(key, sorted(kind.keys))}", "study", key)
        elif not kind.keys[key].accepts(value):
            source.report(f"is {shown(value)}, expected {kind.keys[key].expected}", "study", key)
    for key in kind.required:
        if key not in content:
            source.report(f"has no {key}, expected {kind.keys[key].expected}", "study")
    if "morphology" in source.tables and "wait_ms" in kind.keys and "wait_ms" not in content:
        source.report("has no wait_ms, expected one with [morphology]", "study")


def _check_run(source: Source, name: str, kind: StudyKind) -> None:
    """Other tables say nothing that the study would not do."""
    for other, problem in _NOT_WITH.items():
        if other in source.tables:
            source.report(f"{problem}, expected no [study] beside it", other)
    run = source.tables.get("run", {})
    for key in _OF_ONE_RUN:
        if key in run:
            waits = key == "t_stop_ms" and "wait_ms" in kind.keys
            instead = "wait_ms in [study]" if waits else "no [study] beside it"
            source.report(f"is of a single run, expected {instead}", "run", key)
    for key in ("solver", "precision"):
        if key in run and key not in kind.takes:
            source.report(f"{name} takes none, expected it left out", "run", key)


def _check_stimuli(source: Source, name: str, kind: StudyKind) -> None:
    count = len(source.tables.get("stimulus", []))
    if not kind.is_stimulated:
        if count:
            source.report(
                f"{name} starts spikes by the fibre's own, expected no [[stimulus]]",
                "stimulus",
                0,
            )
        return
    if count > 1 or (count == 0 and "fiber" not in source.tables):
        source.report(f"has {count} [[stimulus]], expected one (or a fibre's own)", "study")
    is_outside = count == 1 and "electrode_um" in source.tables["stimulus"][0]
    if kind.is_outside and not is_outside:
        source.report(
            "expected a [[stimulus]] with electrode_um, outside the fibre", "study", "name"
        )


def _check_swept(source: Source, name: str, kind: StudyKind, content: dict[str, Any]) -> None:
    """The argument that each fibre gets from the study; its published values if none are given."""
    fibre = source.tables["fiber"]["name"]
    if fibre not in fibers.names():
        return  # which was reported
    described = fibers.describe(fibre)
    if kind.over not in inspect.signature(described.make).parameters:
        source.report(
            f"{name} needs a fibre that takes {kind.over}, which {fibre} does not; expected "
            "another fibre or study",
            "study",
            "name",
        )
        return
    if kind.over in source.tables["fiber"]:
        source.report(
            f"is what {name} goes over, expected {kind.swept} in [study]", "fiber", kind.over
        )
    if kind.over == "diameter_um" and kind.swept not in content:
        if described.diameters_um is None:
            source.report(
                f"has no {kind.swept}, and {fibre} has no published ones, expected a list of them",
                "study",
            )
        else:
            content[kind.swept] = list(described.diameters_um)


def _converted(key: str, value: Any) -> Any:
    """An argument as Python writes it."""
    if key == "at":
        return to_place(value)
    if key == "lesions":
        return [(each[0], each[1], each[2] if len(each) == 3 else None) for each in value]
    return value
