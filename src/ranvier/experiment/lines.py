"""Which line each key of a TOML file is on: `tomllib` does not say."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass

#: The keys that lead to a value; whole numbers count the tables of an array.
KeyPath = tuple[str | int, ...]

TOKEN = re.compile(
    r"""
      \"\"\"(?:\\.|(?!\"\"\").)*\"\"\"\"{0,2}
    | '''(?:(?!''').)*''''{0,2}
    | "(?:\\.|[^"\\\n])*"
    | '[^'\n]*'
    | \#[^\n]*
    | [\[\]{}=.,\n]
    | [^\s"'\#\[\]{}=.,]+
    """,
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Token:
    text: str
    line: int


@dataclass(frozen=True, slots=True)
class KeyLines:
    """Lines by key path, elements of arrays by number.

    A key inside an inline table has the line of what it stands in.
    """

    lines: dict[KeyPath, int]

    def of(self, *path: str | int) -> int:
        for length in range(len(path), 0, -1):
            if (line := self.lines.get(path[:length])) is not None:
                return line
        return 1


def key_lines(text: str) -> KeyLines:
    """Find every key of a text that `tomllib` has already read without complaint."""
    lines: dict[KeyPath, int] = {}
    counts: dict[KeyPath, int] = {}
    table: KeyPath = ()
    for statement in _statements(text):
        line = statement[0].line
        if statement[0].text == "[":
            names = [_name(token) for token in statement if token.text not in ("[", "]", ".")]
            table = _resolve(names[:-1], counts)
            if statement[1].text == "[":
                path = (*table, names[-1])
                counts[path] = counts.get(path, 0) + 1
                table = (*path, counts[path] - 1)
            else:
                table = _resolve(names, counts)
            for length in range(1, len(table) + 1):
                lines.setdefault(table[:length], line)
            continue
        path = table
        for place, token in enumerate(statement):
            if token.text == "=":
                for number, element in enumerate(_elements(statement[place + 1 :])):
                    lines[(*path, number)] = element.line
                break
            if token.text != ".":
                path = (*path, _name(token))
                lines.setdefault(path, token.line)
    return KeyLines(lines)


def _elements(value: list[Token]) -> Iterator[Token]:
    """The first token of each element, if the value is an array."""
    depth = 0
    is_first = False
    for token in value:
        if depth == 0 and token.text != "[":
            return
        if depth == 1 and is_first and token.text != "]":
            yield token
        is_first = token.text in ("[", ",") and depth == (token.text == ",")
        depth += (token.text in "[{") - (token.text in "]}")


def _statements(text: str) -> Iterator[list[Token]]:
    """Split into headers and assignments; newlines inside brackets belong to a value."""
    line = 1
    depth = 0
    at = 0
    statement: list[Token] = []
    for match in TOKEN.finditer(text):
        line += text.count("\n", at, match.start())
        at = match.start()
        token = match.group()
        if token == "\n" and depth == 0:
            if statement:
                yield statement
            statement = []
        elif token != "\n" and not token.startswith("#"):
            depth += (token in "[{") - (token in "]}")
            statement.append(Token(token, line))
    if statement:
        yield statement


def _resolve(names: list[str], counts: dict[KeyPath, int]) -> KeyPath:
    """The path of a table, where the name of an array stands for its latest table."""
    path: KeyPath = ()
    for name in names:
        path = (*path, name)
        if path in counts:
            path = (*path, counts[path] - 1)
    return path


def _name(token: Token) -> str:
    if token.text.startswith("'"):
        return token.text[1:-1]
    if token.text.startswith('"'):
        return str(tomllib.loads(f"name = {token.text}")["name"])
    return token.text
