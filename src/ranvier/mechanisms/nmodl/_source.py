"""A .mod file: its text, its syntax tree by NEURON's own parser, and where what stands in it.

The parser's tree keeps its positions to itself, so a line is found by the words that stand on it.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ranvier.errors import FormatError, RanvierError

TOKEN = re.compile(r"[A-Za-z_]\w*'*|\d+\.?\d*(?:[eE][-+]?\d+)?|\.\d+(?:[eE][-+]?\d+)?|\S")
#: Words that begin the blocks that compute.
COMPUTING = ("INITIAL", "BREAKPOINT", "DERIVATIVE", "KINETIC", "PROCEDURE", "FUNCTION")
#: How many words of a statement are looked for before fewer must do.
MOST_WORDS = 12


def parser() -> Any:
    """NEURON's parser and the printer of its nodes; the first call imports NEURON."""
    # NEURON's graphical part would warn of a display that is not there.
    os.environ.setdefault("NEURON_MODULE_OPTIONS", "-nogui")
    try:
        from neuron.nmodl import dsl
    except ImportError as error:
        raise RanvierError(
            "reading .mod files needs NEURON's parser: pip install ranvier[nmodl]"
        ) from error
    return dsl


@dataclass
class Source:
    """What was read, and the problems found in it."""

    path: Path
    text: str
    blocks: list[Any]
    print_node: Any
    problems: dict[tuple[int, str], None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.words = [
            (word[0], number)
            for number, line in enumerate(_without_comments(self.text).split("\n"), start=1)
            for word in TOKEN.finditer(line)
        ]

    def written(self, node: Any) -> str:
        """A node as NMODL."""
        return str(self.print_node(node)).strip()

    def line_of(self, what: str, after: str = "") -> int:
        """The first line on which these words begin; as many of them as are found in a row.

        `after` is a word, after whose first appearance they are looked for.
        """
        begin = next((n for n, (word, _) in enumerate(self.words) if word == after), 0)
        wanted = [word[0] for word in TOKEN.finditer(what)][:MOST_WORDS]
        for length in range(len(wanted), 0, -1):
            close = None
            for start in range(begin, len(self.words) - length + 1):
                found = [word for word, _ in self.words[start : start + length]]
                if found == wanted[:length]:
                    return self.words[start][1]
                # The printer writes keywords its own way.
                is_close = "".join(found).lower() == "".join(wanted[:length]).lower()
                close = self.words[start][1] if close is None and is_close else close
            if close is not None:
                return close
        return 1

    def line_where_read(self, name: str) -> int:
        """The first line of a block that computes on which a name stands."""
        first = min((line for word, line in self.words if word in COMPUTING), default=1)
        lines = self.lines_with(name)
        return next((line for line in lines if line >= first), [*lines, 1][0])

    def lines_with(self, word: str) -> list[int]:
        return [line for found, line in self.words if found == word]

    def line_of_node(self, where: Any) -> int:
        """Of a line, words that stand there, or a node."""
        if isinstance(where, int):
            return where
        return self.line_of(where if isinstance(where, str) else self.written(where))

    def refuse(self, where: Any, reason: str) -> None:
        """Takes down a problem; `where` is a line, words that stand there, or a node."""
        self.problems[self.line_of_node(where), reason] = None

    def raise_problems(self) -> None:
        """All at once, if there are any."""
        if self.problems:
            lines = [f"{self.path}:{line}: {reason}" for line, reason in sorted(self.problems)]
            raise FormatError("\n".join(lines))


def _without_comments(text: str) -> str:
    """The same lines, with blanks where a person speaks."""

    def blank(match: re.Match[str]) -> str:
        return re.sub(r"[^\n]", " ", match[0])

    text = re.sub(r"\bCOMMENT\b.*?(\bENDCOMMENT\b|\Z)", blank, text, flags=re.DOTALL)
    text = re.sub(r"^[ \t]*TITLE\b.*$", blank, text, flags=re.MULTILINE)
    return re.sub(r"[:?].*$", blank, text, flags=re.MULTILINE)


def parse(path: str | os.PathLike[str]) -> Source:
    """Raises FormatError if it is not NMODL, and RanvierError if NEURON is not there."""
    where = Path(path)
    dsl = parser()
    # Comments hold names of people in all encodings.
    text = where.read_text(encoding="utf-8", errors="replace")
    try:
        tree = dsl.NmodlDriver().parse_string(text + "\n")
    except RuntimeError as error:
        said = re.search(r"error\s*:\s*(.*?)\s*\[Location\s*:\s*(\d+)", str(error), re.I | re.S)
        line, reason = (said[2], said[1]) if said else ("1", str(error).strip())
        raise FormatError(f"{where}:{line}: is not NMODL: {reason}") from error
    return Source(where, text, list(tree.blocks), dsl.to_nmodl)
