"""Every Python block of docs/concepts/ runs, and each line gives the numbers in its comment."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from enum import Enum
from pathlib import Path
from typing import Any

import numpy as np
import pytest

CONCEPTS = Path(__file__).parents[1] / "docs" / "concepts"
PAGES = [path for path in sorted(CONCEPTS.glob("*.md")) if "```python" in path.read_text()]
NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


def python_of(page: str) -> str:
    return "\n".join(re.findall(r"^```python\n(.*?)^```", page, re.DOTALL | re.MULTILINE))


def flat(value: Any) -> Iterator[Any]:
    """Numbers and words of a result, in order; names of a mapping stand before their values."""
    if isinstance(value, Mapping):
        for name, each in value.items():
            yield name
            yield from flat(each)
    elif isinstance(value, np.ndarray | list | tuple):
        for each in value:
            yield from flat(each)
    else:
        yield value.value if isinstance(value, Enum) else value


def claimed(comment: str) -> list[str]:
    """ "a, b: in words", or "a, against b", as a and b; words after those are for the reader."""
    listed = re.split(r": |, against ", comment)[0]
    return listed.replace(",", " ").split()


def check(value: Any, comment: str) -> None:
    found, said = list(flat(value)), claimed(comment)
    assert len(found) == len(said), f"{found} is said to be {comment!r}"
    for each, text in zip(found, said, strict=True):
        if NUMBER.fullmatch(text):
            decimals = len(text.partition(".")[2])
            assert float(each) == pytest.approx(float(text), abs=0.5001 * 10.0**-decimals), comment
        else:
            assert each == text


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_page_runs_and_gives_the_numbers_it_shows(path: Path) -> None:
    source = python_of(path.read_text())
    lines = source.splitlines()
    names: dict[str, Any] = {}
    for statement in ast.parse(source).body:
        assert statement.end_lineno is not None
        code = ast.get_source_segment(source, statement) or ""
        comment = re.search(r"  # (.*)$", lines[statement.end_lineno - 1])
        if isinstance(statement, ast.Expr):
            value = eval(code, names)
            assert comment, f"{code} shows nothing"
            check(value, comment[1])
        else:
            exec(code, names)
            if comment and isinstance(statement, ast.Assign):
                target = statement.targets[0]
                assert isinstance(target, ast.Name)
                check(names[target.id], comment[1])
