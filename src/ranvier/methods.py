"""Time-stepping methods: what to choose for `simulate(..., method=...)`.

The core has them, one file each (`csrc/ranvier/solver/methods/`), and they are found by name here;
`docs/numerics.md` says what each is good for.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ranvier import _core


def names() -> list[str]:
    """Names of all methods, sorted."""
    return sorted(_core.describe_methods())


def parameter_names() -> list[str]:
    """Every parameter that some method has, sorted."""
    known = _core.describe_methods().values()
    return sorted({name for info in known for name in info["parameters"]})


#: What runs where no method is given.
DEFAULT = "rosenbrock2"


@dataclass(frozen=True, init=False)
class Method:
    """A method of the core by name, with its parameters; what is not given has its default.

    `Method()` is the default method, second order at a step of 5 us; `Method("adaptive",
    rtol=1e-5)` chooses its steps. Raises ModelError for an unknown name or parameter and
    for values that are not finite and positive.
    """

    name: str
    parameters: dict[str, float] = field(default_factory=dict)

    def __init__(self, name: str = DEFAULT, **parameters: float) -> None:
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
    def is_adaptive(self) -> bool:
        """Whether it chooses its steps, by its tolerances."""
        return bool(self.info["is_adaptive"])

    @property
    def dt_ms(self) -> float:
        """The step, or the first step of a method that chooses its own."""
        return self.parameters["dt_ms"]

    def finer(self, factor: float) -> Method:
        """The method with a step `factor` times shorter, or with tolerances `factor` times closer
        if it chooses its steps. Of a window the tolerance falls by the square of `factor`, so that
        long steps become shorter by as much as the step. Raises ValueError for a factor that is not
        finite and above 0."""
        if not (math.isfinite(factor) and factor > 0):
            raise ValueError(f"factor: is {factor:g}, expected a finite number above 0")
        powers = {"rtol": 1, "atol_mV": 1} if self.is_adaptive else {"dt_ms": 1, "window_tol_mV": 2}
        changed = {
            name: value / factor ** powers.get(name, 0) for name, value in self.parameters.items()
        }
        return Method(self.name, **changed)

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (self.name, self.parameters)

    def __repr__(self) -> str:
        values = "".join(f", {name}={value:g}" for name, value in self.parameters.items())
        return f"Method({self.name!r}{values})"


def _rebuild(name: str, parameters: dict[str, float]) -> Method:
    return Method(name, **parameters)


def __getattr__(name: str) -> Callable[..., Method]:
    """`methods.backward_euler(dt_ms=0.001)` and so on, for every method that the core knows."""
    known = _core.describe_methods()
    if name not in known:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}; methods: {names()}")
    info = known[name]

    def make(**parameters: float) -> Method:
        return Method(name, **parameters)

    make.__name__ = make.__qualname__ = name
    make.__doc__ = f"{info['summary']}\n\nOrder {info['order']}. {info['citation']}"
    return make
