"""Published axons, one file each.

A new fibre is one new file here that defines one function under `@fiber(...)`; it is then found as
`ranvier.fibers.<name>`, listed by `ranvier fibers` and run by the contract tests.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable

from ranvier._text import expected_one_of
from ranvier.errors import ModelError
from ranvier.fibers._fiber import Fiber, FiberInfo, Reference, _registry, fiber

__all__ = ["Fiber", "FiberInfo", "Reference", "describe", "fiber", "names"]


def names() -> list[str]:
    """Names of all fibres, sorted."""
    return sorted(_registry)


def describe(name: str) -> FiberInfo:
    """How a fibre is listed, and the function that makes it. ModelError if there is none."""
    if name not in _registry:
        raise ModelError(f"fibre {name!r}: is unknown, {expected_one_of(name, names())}")
    return _registry[name]


for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")
# The import of fibers/mrg.py has put that module here; the function that makes the fibre replaces
# it.
globals().update({name: info.make for name, info in _registry.items()})


def __getattr__(name: str) -> Callable[..., Fiber]:
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}; fibres: {names()}")
