"""What is wrong with a file, collected so that a reader can tell it all at once."""

from __future__ import annotations

from dataclasses import dataclass, field

from ranvier.errors import FormatError


@dataclass(slots=True)
class Problems:
    """Sentences and their lines; `most` is how many are told before the rest is only counted."""

    path: str
    most: int | None = None
    found: list[tuple[int, str]] = field(default_factory=list)

    def add(self, line: int, sentence: str) -> None:
        self.found.append((line, sentence))

    def raise_any(self) -> None:
        """Raise FormatError, one problem a row in the order of the lines, if there is any."""
        if not self.found:
            return
        told = sorted(self.found)[: self.most]
        sentences = [f"{self.path}:{line}: {sentence}" for line, sentence in told]
        if (left := len(self.found) - len(told)) > 0:
            sentences.append(f"{self.path}: and {left} more")
        raise FormatError("\n".join(sentences))
