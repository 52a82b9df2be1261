"""Registries that are folders: what a new file adds, found by looking."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterable
from typing import TypeVar

T = TypeVar("T")


def classes_by_file(package: str, path: Iterable[str], base: type[T]) -> dict[str, type[T]]:
    """The subclass of `base` that each file of a package defines, by the name of the file."""
    found: dict[str, type[T]] = {}
    for module_info in pkgutil.iter_modules(path):
        module = importlib.import_module(f"{package}.{module_info.name}")
        for _, item in inspect.getmembers(module, inspect.isclass):
            is_own = item.__module__ == module.__name__
            if is_own and issubclass(item, base) and item is not base:
                found[module_info.name] = item
    return dict(sorted(found.items()))
