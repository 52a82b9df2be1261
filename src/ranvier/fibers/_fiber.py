"""What a fibre is to its users, and how a fibre file makes itself known."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ranvier.discretisation import Mesh
from ranvier.errors import ModelError
from ranvier.model import Model
from ranvier.places import Place

if TYPE_CHECKING:
    from ranvier.stimuli import CurrentClamp


@dataclass(frozen=True, slots=True, kw_only=True)
class Fiber:
    """A published axon, ready to run: the model, the mesh it was published with, and where to
    stimulate and to measure.

    `stimulus` is a suprathreshold default at `stimulus_site`. `velocity_sites` are the places whose
    crossing times lie on a straight line: the nodes of a myelinated fibre, every compartment of
    another. `t_stop_ms` lets the spike run to the end.
    """

    name: str
    model: Model
    mesh: Mesh
    diameter_um: float
    citation: str
    stimulus: CurrentClamp
    velocity_sites: Place
    t_stop_ms: float
    is_myelinated: bool
    v_rest_guess_mV: float

    @property
    def stimulus_site(self) -> Place:
        """Where the default stimulus acts."""
        return self.stimulus.at


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """What a fibre does by default: the velocity, in the limit of small steps, of this one."""

    diameter_um: float
    temperature_degC: float
    velocity_m_per_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class FiberInfo:
    """How a fibre is listed.

    `diameters_um` holds the published ones; None: any, within `limits_um` if it has some.
    `validated_um` are the smallest and the largest diameter at which a velocity was compared with
    the source's or another simulator's. `v_rest_mV` is the rest in the middle, at a node if there
    are any, by default.
    """

    name: str
    make: Callable[..., Fiber]
    summary: str
    citation: str
    diameters_um: tuple[float, ...] | None
    limits_um: tuple[float, float] | None
    validated_um: tuple[float, float]
    is_myelinated: bool
    v_rest_mV: float
    reference: Reference


_registry: dict[str, FiberInfo] = {}


def fiber(
    *,
    summary: str,
    citation: str,
    diameters_um: Sequence[float] | None,
    limits_um: tuple[float, float] | None = None,
    validated_um: tuple[float, float],
    is_myelinated: bool,
    v_rest_mV: float,
    reference: Reference,
) -> Callable[[Callable[..., Fiber]], Callable[..., Fiber]]:
    """Registers the decorated function, under its own name, as what makes a fibre."""

    def register(make: Callable[..., Fiber]) -> Callable[..., Fiber]:
        _registry[make.__name__] = FiberInfo(
            name=make.__name__,
            make=make,
            summary=summary,
            citation=citation,
            diameters_um=None if diameters_um is None else tuple(diameters_um),
            limits_um=limits_um,
            validated_um=validated_um,
            is_myelinated=is_myelinated,
            v_rest_mV=v_rest_mV,
            reference=reference,
        )
        return make

    return register


def expect_positive(fiber_name: str, **values: float) -> None:
    """Raises ModelError naming the first value that is not finite and above 0."""
    for name, value in values.items():
        if not (math.isfinite(value) and value > 0):
            raise ModelError(f"fibre {fiber_name!r}: {name} is {value:g}, expected above 0")


def expect_whole(fiber_name: str, *, least: int, **values: int) -> None:
    """Raises ModelError naming the first value that is no whole number from `least` up."""
    for name, value in values.items():
        if not math.isfinite(value) or value != int(value) or value < least:
            raise ModelError(
                f"fibre {fiber_name!r}: {name} is {value}, expected a whole number, {least} or more"
            )
