"""The instruction set of the lane kernels: what was built, and what RANVIER_ISA chooses."""

from __future__ import annotations

import platform

import pytest

import ranvier
from ranvier.build import build_info

LEVELS = ["base", "v3", "v4"] if platform.machine() in {"x86_64", "AMD64"} else ["base"]


def test_every_level_is_built(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RANVIER_ISA", raising=False)
    info = build_info()
    assert info["isa_levels"].split(", ") == LEVELS
    assert info["isa"] in LEVELS


def test_environment_chooses_up_to_the_best(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RANVIER_ISA", raising=False)
    best = LEVELS.index(build_info()["isa"])
    for level in LEVELS[: best + 1]:
        monkeypatch.setenv("RANVIER_ISA", level)
        assert build_info()["isa"] == level
    for level in ["base", "v3", "v4"][best + 1 :]:
        monkeypatch.setenv("RANVIER_ISA", level)
        message = f"^RANVIER_ISA: is '{level}', which this processor does not have, expected base"
        with pytest.raises(ranvier.ModelError, match=message):
            build_info()


@pytest.mark.parametrize("wrong", ["v9", "V3", " ", "avx2"])
def test_environment_must_name_a_level(wrong: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RANVIER_ISA", wrong)
    message = f"^RANVIER_ISA: is '{wrong}', expected base, v3 or v4$"
    with pytest.raises(ranvier.ModelError, match=message):
        build_info()
