"""Fixtures of more than one file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ranvier import cli, mechanisms
from ranvier.mechanisms.nmodl import read_form
from unit.cli_run import Run
from unit.nmodl_files import Reader


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command in an empty folder; gives its exit code, standard output and error."""
    monkeypatch.chdir(tmp_path)

    def command(*arguments: str) -> tuple[int, str, str]:
        code = cli.main([str(each) for each in arguments])
        told = capsys.readouterr()
        return code, told.out, told.err

    return command


@pytest.fixture
def path(tmp_path: Path) -> Path:
    pytest.importorskip("neuron.nmodl")
    return tmp_path / "own.mod"


@pytest.fixture
def form(path: Path) -> Reader:
    def read(text: str) -> dict[str, Any]:
        path.write_text(text)
        return read_form(path)

    return read


@pytest.fixture
def own(path: Path) -> Callable[[str], mechanisms.Mechanism]:
    def read(text: str) -> mechanisms.Mechanism:
        path.write_text(text)
        return mechanisms.read_mod(path)

    return read
