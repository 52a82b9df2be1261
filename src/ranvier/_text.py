"""How error messages name what would have been right."""

from __future__ import annotations

from collections.abc import Iterable


def expected_one_of(wrong: str, right: Iterable[str]) -> str:
    """ "expected 'x' or one of a, b, x": the nearest first where one is near."""
    import difflib  # here, because every import of ranvier would pay for it

    names = list(right)
    near = difflib.get_close_matches(wrong, names, n=1)
    hint = f"{near[0]!r} or " if near else ""
    return f"expected {hint}one of {', '.join(names)}"
