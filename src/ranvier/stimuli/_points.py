"""Mechanisms at points, which stimuli bring along: how they and their events reach the core.

Each is a row of a table of the discretisation, beside the densities that the model has. A table has
one row per compartment at most, so a second one at the same place goes to another table, whose name
ends in "#2".
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from ranvier._text import expected_one_of
from ranvier.drive import EventTrain
from ranvier.errors import ModelError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ranvier.discretisation import Discretisation
    from ranvier.mechanisms import Mechanism
    from ranvier.stimuli._stimulus import Stimulus


@dataclass(frozen=True, slots=True, eq=False)
class PointProcess:
    """A mechanism at some compartments, under one name, and the same events for each."""

    mechanism: Mechanism
    name: str
    compartments: NDArray[np.int32]
    parameters: Mapping[str, float]
    t_ms: NDArray[np.float64]  # (n,), ascending
    arguments: NDArray[np.float64]  # (n, arguments)


#: Its name, what it is, its compartments and [parameter][row].
PointTable: TypeAlias = tuple[str, Any, list[int], list[list[float]]]


@dataclass(slots=True)
class _Table:
    mechanism: Mechanism
    rows: dict[int, Mapping[str, float]] = field(default_factory=dict)


def attached(
    discretisation: Discretisation, stimuli: Sequence[Stimulus]
) -> tuple[Discretisation, list[EventTrain]]:
    """The discretisation with what stimuli place on it, itself where that is nothing, and events.

    Raises ModelError for a stimulus that does not fit it.
    """
    tables: dict[str, _Table] = {}
    trains: list[EventTrain] = []
    points = [point for stimulus in stimuli for point in stimulus.points(discretisation)]
    if not points:
        return discretisation, []
    taken = discretisation.to_dict()["mechanisms"]
    for point in points:
        _check_place(point, discretisation)
        if point.mechanism.form.kind == "electrode":
            _check_is_alone(point, discretisation, stimuli)
        for compartment in point.compartments.tolist():
            name = _place(point, compartment, tables, taken)
            if not point.t_ms.size:
                continue
            trains.append(
                EventTrain(
                    mechanism=name,
                    compartment=compartment,
                    t_ms=point.t_ms,
                    arguments=point.arguments.ravel(),
                )
            )
    return discretisation.with_points([_lowered(*item) for item in tables.items()]), trains


def _check_place(point: PointProcess, discretisation: Discretisation) -> None:
    """Of an electrode: one against ground cannot be where the space outside the membrane is not."""
    layers = discretisation.to_dict()["layers"] if point.mechanism.form.kind == "electrode" else []
    for layer in layers:
        for compartment in point.compartments.tolist():
            if layer["is_unknown"][compartment]:
                raise ModelError(
                    f"stimulus {point.name!r}: is under a sheath at "
                    f"{discretisation.label(compartment)}, expected an electrode elsewhere"
                )


def _check_is_alone(
    point: PointProcess, discretisation: Discretisation, stimuli: Sequence[Stimulus]
) -> None:
    """In the core a potential that is imposed outside is a current inside, which shifts what stands
    for the axoplasm: an electrode would hold another potential than the one against ground."""
    if any(stimulus.imposed(discretisation) is not None for stimulus in stimuli):
        raise ModelError(
            f"stimulus {point.name!r}: is an electrode against ground beside a potential imposed "
            "outside, expected one or the other"
        )


def _place(
    point: PointProcess, compartment: int, tables: dict[str, _Table], taken: Container[str]
) -> str:
    """Puts it into the first table of its name that is free there; the table's name."""
    count = 1
    while True:
        name = point.name if count == 1 else f"{point.name}#{count}"
        table = tables.setdefault(name, _Table(point.mechanism))
        if name in taken:
            raise ModelError(
                f"stimulus {point.name!r}: has the name of a mechanism of the model, expected "
                "another (name=)"
            )
        if table.mechanism.source != point.mechanism.source:
            raise ModelError(
                f"stimulus {point.name!r}: is the name of two mechanisms, expected one for each"
            )
        if compartment not in table.rows:
            table.rows[compartment] = point.parameters
            return name
        count += 1


def _lowered(name: str, table: _Table) -> PointTable:
    compartments = sorted(table.rows)
    columns = [
        [float(table.rows[each].get(parameter, default)) for each in compartments]
        for parameter, default in table.mechanism.parameters.items()
    ]
    return name, table.mechanism.compiled, compartments, columns


def check_names(subject: str, what: str, given: Mapping[str, object], known: Sequence[str]) -> None:
    """Raises ModelError for a name that is not known."""
    for name in given:
        if name not in known:
            raise ModelError(f"{subject}: has no {what} {name!r}, {expected_one_of(name, known)}")
