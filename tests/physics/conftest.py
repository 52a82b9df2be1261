"""Fixtures of more than one file."""

from __future__ import annotations

import pytest

import ranvier as rv
from ranvier import build


@pytest.fixture(params=build.build_info()["isa_levels"].split(", "))
def isa(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Each level that this processor has."""
    level = str(request.param)
    monkeypatch.setenv("RANVIER_ISA", level)
    try:
        build.build_info()
    except rv.ModelError:
        pytest.skip(f"this processor has no {level}")
    return level
