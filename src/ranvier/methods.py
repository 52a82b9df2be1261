"""Time-stepping methods: what to choose for `simulate(..., method=...)`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ranvier import _core


def names() -> list[str]:
    """Names of all methods, sorted."""
    return sorted(_core.describe_methods())


@dataclass(frozen=True, init=False)
class Method:
    """A method of the core by name, with its parameters; what is not given has its default.

    `Method("backward_euler", dt_ms=0.005)`. Raises ModelError for an unknown name or parameter and
    for values that are not finite and positive.
    """

    name: str
    parameters: dict[str, float] = field(default_factory=dict)

    def __init__(self, name: str, **parameters: float) -> None:
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "parameters", _core.resolve_method(name, parameters))

    @property
    def info(self) -> dict[str, Any]:
        """Summary, order, parameters and citation."""
        return dict(_core.describe_methods()[self.name])

    @property
    def order(self) -> int:
        """Order of convergence in time."""
        return int(self.info["order"])

    @property
    def dt_ms(self) -> float:
        """The step, or the first step of a method that chooses its own."""
        return self.parameters["dt_ms"]

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (self.name, self.parameters)

    def __repr__(self) -> str:
        values = "".join(f", {name}={value:g}" for name, value in self.parameters.items())
        return f"Method({self.name!r}{values})"


def _rebuild(name: str, parameters: dict[str, float]) -> Method:
    return Method(name, **parameters)


def backward_euler(*, dt_ms: float = 0.005) -> Method:
    """First order, L-stable, fixed step: the plain reference, and the scheme of NEURON's default.

    The gates are staggered behind the voltage and move exactly for the voltage held (Hines 1984,
    doi:10.1016/0020-7101(84)90008-4). The error in conduction velocity is first order in `dt_ms`;
    for a 10 um MRG fibre it is about 9 % at 5 us.
    """
    return Method("backward_euler", dt_ms=dt_ms)
