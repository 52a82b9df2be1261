"""What a file may ask of each study: which tables it goes with, and what kind each key is of."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ranvier import studies
from ranvier.experiment.schema import (
    COUNT,
    FLAG,
    FROM_ZERO,
    LESIONS,
    NUMBER_LIST,
    PLACE,
    POSITIVE,
    Kind,
    one_of,
)
from ranvier.fibers.variants import CHANNELS, MYELIN

if TYPE_CHECKING:
    from ranvier.studies import StudyTable

#: What an argument takes, by its annotation; what is not here comes from other tables.
_KINDS = {
    "Sequence[float]": NUMBER_LIST,
    "ArrayLike": NUMBER_LIST,
    "ArrayLike | None": NUMBER_LIST,
    "Sequence[Lesion]": LESIONS,
    "Place": PLACE,
    "float": POSITIVE,
    "float | None": POSITIVE,
    "int": COUNT,
    "int | None": FROM_ZERO,
}
#: By its name, where the annotation says less.
_KINDS_BY_NAME = {"seed": FROM_ZERO, "channels": one_of(CHANNELS), "myelin": one_of(MYELIN)}
#: Of every study that looks for thresholds: what `SearchOptions` has that a file can say.
_SEARCH = {"rtol": POSITIVE, "most": POSITIVE, "wait_ms": POSITIVE, "error": FLAG}
#: What comes from [run] and [mesh].
_FROM_RUN = ("method", "mesh", "solver", "precision", "threads")


@dataclass(frozen=True, slots=True)
class StudyKind:
    """A study, and what it is made of besides its own keys.

    It has one stimulus if it `is_stimulated`, which `is_outside` the fibre where it has to be.
    Where it `makes_fibres` it takes what makes them, without the argument `over` that each gets
    from the study's own key `swept`.
    """

    call: Callable[..., StudyTable]
    is_stimulated: bool = True
    is_outside: bool = False
    over: str = ""
    swept: str = ""
    keys: dict[str, Kind] = field(init=False)
    required: tuple[str, ...] = field(init=False)
    takes: tuple[str, ...] = field(init=False)  # of what [run] and [mesh] say

    def __post_init__(self) -> None:
        parameters = inspect.signature(self.call).parameters
        searches = _SEARCH if "search" in parameters else {}
        keys = {
            name: kind
            for name, each in parameters.items()
            if (kind := _KINDS_BY_NAME.get(name) or _KINDS.get(str(each.annotation))) is not None
            and name not in _FROM_RUN
        }
        required = tuple(
            name for name in keys if parameters[name].default is inspect.Parameter.empty
        )
        takes = tuple(name for name in _FROM_RUN if searches or name in parameters)
        for name, value in (("keys", keys | searches), ("required", required), ("takes", takes)):
            object.__setattr__(self, name, value)

    @property
    def places_fibres(self) -> bool:
        """Whether fibres are elsewhere than a single one is."""
        return self.is_outside and self.makes_fibres

    @property
    def makes_fibres(self) -> bool:
        return self.over != ""

    @property
    def needs_fibre(self) -> bool:
        """Whether it has no use for a cell."""
        return self.makes_fibres or not self.is_stimulated


def _waves(call: Callable[..., StudyTable], **more: Any) -> StudyKind:
    """A study of waves: they are started by the fibre's own stimulus."""
    return StudyKind(call, is_stimulated=False, **more)


def _by_name(kinds: Sequence[StudyKind]) -> dict[str, StudyKind]:
    return {each.call.__name__: each for each in kinds}


STUDIES = _by_name(
    [
        StudyKind(studies.strength_duration),
        StudyKind(studies.current_distance, is_outside=True),
        StudyKind(studies.recovery_cycle),
        StudyKind(studies.threshold_electrotonus),
        StudyKind(studies.frequency_following),
        StudyKind(studies.block_map, is_outside=True),
        StudyKind(
            studies.nerve_recruitment, is_outside=True, over="diameter_um", swept="diameters_um"
        ),
        _waves(studies.velocity_against_diameter, over="diameter_um", swept="diameters_um"),
        _waves(
            studies.velocity_against_temperature, over="temperature_degC", swept="temperatures_degC"
        ),
        _waves(studies.velocity_against_node_length),
        _waves(studies.velocity_against_g_ratio),
        _waves(studies.demyelination),
        _waves(studies.collision),
        _waves(studies.anode_break),
    ]
)
