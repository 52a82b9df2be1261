"""A synapse: a conductance at a point that opens when events arrive."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from ranvier.errors import ModelError
from ranvier.mechanisms import Mechanism, point
from ranvier.places import Place, compartments_at, on_any_mesh
from ranvier.stimuli._points import PointProcess, check_names
from ranvier.stimuli._stimulus import Injection, Stimulus

if TYPE_CHECKING:
    from ranvier.discretisation import Discretisation


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Synapse(Stimulus):
    """`mechanism` in every compartment of the place `at`, and events that arrive at `times_ms`.

    `mechanism` is a name of the library ("exp_syn", "ampa") or any Mechanism whose currents are in
    nA. `event` holds what each event brings, by the mechanism's names: one number, or one for each
    time; what is left out has its default. `parameters` are those of the mechanism. Several
    synapses may be in one compartment. `name`, the mechanism's if not given, is what a probe calls
    it: `Probe("i_nA", mechanism="exp_syn")`, in which a second one at the same place is
    "exp_syn#2".

    An event is delivered at its own time, not at the nearest step: a step ends there. Times may be
    in any order. Raises ModelError for a mechanism or a name that is not known, ValueError for
    times that are negative or not finite.
    """

    mechanism: str | Mechanism
    at: Place
    times_ms: ArrayLike = ()
    event: Mapping[str, ArrayLike] = field(default_factory=dict)
    parameters: Mapping[str, float] = field(default_factory=dict)
    name: str | None = None

    def __post_init__(self) -> None:
        own = self._mechanism
        subject = f"synapse {own.name!r}"
        times_ms = np.asarray(self.times_ms, dtype=np.float64)
        if times_ms.ndim != 1:
            raise ValueError(
                f"{subject}: times_ms is {self.times_ms}, expected a sequence of times"
            )
        wrong = times_ms[~((times_ms >= 0) & np.isfinite(times_ms))]
        if wrong.size:
            raise ValueError(
                f"{subject}: times_ms has {wrong[0]:g} ms, expected finite times from 0 on"
            )
        if times_ms.size and own.form.on_event is None:
            raise ModelError(f"{subject}: takes no events, expected times_ms to be empty")
        check_names(subject, "parameter", self.parameters, list(own.parameters))
        check_names(subject, "argument of an event", self.event, list(own.event_arguments))
        for name, value in self.event.items():
            if np.ndim(value) and np.shape(value) != times_ms.shape:
                raise ModelError(
                    f"{subject}: {name} has {np.size(value)} values, expected 1 or one for each of "
                    f"{times_ms.size} events"
                )

    @property
    def _mechanism(self) -> Mechanism:
        return point(self.mechanism)

    def points(self, discretisation: Discretisation) -> list[PointProcess]:
        """What it places. Raises ModelError if the place does not exist."""
        own = self._mechanism
        times_ms = np.asarray(self.times_ms, dtype=np.float64)
        order = np.argsort(times_ms, kind="stable")
        arguments = np.empty((times_ms.size, len(own.event_arguments)))
        for column, (name, default) in enumerate(own.event_arguments.items()):
            arguments[:, column] = np.asarray(self.event.get(name, default), dtype=np.float64)
        return [
            PointProcess(
                mechanism=own,
                name=self.name or own.name,
                compartments=compartments_at(discretisation, self.at),
                parameters=self.parameters,
                t_ms=times_ms[order],
                arguments=arguments[order],
            )
        ]

    def injections(self, discretisation: Discretisation) -> list[Injection]:
        """None: its current depends on the potential."""
        return []

    def scaled(self, factor: float) -> Synapse:
        """With `factor` times what is first among an event's arguments, the weight."""
        first = next(iter(self._mechanism.event_arguments), None)
        if first is None:
            return self
        weight = factor * np.asarray(self._weight, dtype=np.float64)
        return replace(self, event={**self.event, first: weight})

    def on_any_mesh(self, discretisation: Discretisation) -> Synapse:
        return replace(self, at=on_any_mesh(discretisation, self.at))

    @property
    def _weight(self) -> ArrayLike:
        arguments = self._mechanism.event_arguments
        first = next(iter(arguments), "")
        return self.event.get(first, arguments.get(first, 0.0))

    @property
    def amplitude(self) -> float:
        """The largest weight of an event."""
        return float(np.max(self._weight, initial=0.0))

    @property
    def unit(self) -> str:
        """Of the weight: the end of its name."""
        return next(iter(self._mechanism.event_arguments), "").rpartition("_")[2]

    @property
    def end_ms(self) -> float:
        """When the last event arrives."""
        return float(np.max(self.times_ms, initial=0.0))
