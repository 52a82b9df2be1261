"""What pages are put together from: tables, citations with links, formulas in lines."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

LONGEST_LINE = 92
#: Where a formula may be broken: before an operator that has spaces around it.
BREAK = re.compile(r" (?=(?:[-+*/]|\*\*|if|else|and|or) )")

#: Brackets belong to it in pairs; a full stop at its end does not.
DOI = re.compile(r"doi:(10\.(?:[^\s;,()]|\([^\s()]*\))+(?<!\.))")


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(
        "| " + " | ".join(each.replace("|", "\\|") for each in line) + " |" for line in lines
    )


def code(text: str) -> str:
    return f"`{text}`"


def codes(names: Iterable[str]) -> str:
    return ", ".join(map(code, names))


def block(lines: Iterable[str]) -> str:
    return "\n".join(["```text", *lines, "```"])


def sentence(text: str) -> str:
    """With a capital and a full stop, which summaries do without."""
    return f"{text[:1].upper()}{text[1:]}." if text else ""


def cited(citation: str) -> str:
    """A citation whose DOIs are links."""
    return DOI.sub(r"[doi:\1](https://doi.org/\1)", citation)


def paragraphs(text: str) -> list[str]:
    """Of a text that was wrapped for its file, each in one line and with its DOIs as links."""
    parts = re.split(r"\n\s*\n", text.strip())
    return [cited(_plain(" ".join(part.split()))) for part in parts if part.strip()]


def _plain(text: str) -> str:
    """Stars are for powers, and are left alone between backticks."""
    pieces = text.split("`")
    return "`".join(
        piece if place % 2 else piece.replace("*", "\\*") for place, piece in enumerate(pieces)
    )


def number(value: float, digits: int = 4) -> str:
    return f"{value:.{digits}g}"


def equation(left: str, right: str) -> list[str]:
    """`left = right` as lines, those that follow set in behind the sign."""
    indent = " " * (len(left) + 3)
    lines = [f"{left} = {' '.join(right.split())}"]
    while len(lines[-1]) > LONGEST_LINE and (place := _break_in(lines[-1], len(indent) + 20)):
        line = lines.pop()
        # What follows stands one deeper, so that the operator it begins with is seen.
        lines += [line[:place], f"{indent}  {line[place + 1 :]}"]
    return lines


def _break_in(line: str, first: int) -> int:
    """Where to break a line: outside of brackets if that can be, and before sums; 0 for nowhere."""
    found = [
        (line[:place].count("(") - line[:place].count(")"), line[place + 1] in "*/", -place)
        for match in BREAK.finditer(line)
        if first < (place := match.start()) <= LONGEST_LINE
    ]
    return -min(found)[2] if found else 0
