"""The errors ranvier raises on purpose. Catch `RanvierError` for all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ranvier.results import Result
    from ranvier.studies import Thresholds


class RanvierError(Exception):
    """Base of every error that ranvier raises on purpose."""


class ModelError(RanvierError, ValueError):
    """A description that cannot be simulated.

    Each line of the text is one problem as "subject: problem, expected".
    `problems` holds the same as (subject, problem) pairs.
    """

    def __init__(self, message: str, problems: Sequence[tuple[str, str]] = ()) -> None:
        super().__init__(message)
        self.problems = tuple((subject, problem) for subject, problem in problems)


class FormatError(RanvierError, ValueError):
    """A file that is not what it should be; the text begins with "path:line:" if there is one."""


class DivergedError(RanvierError):
    """A run whose state became NaN, infinite or absurd.

    `t_ms`, `compartment` and `variable` say when, where and what; `result` holds what was recorded
    until then, where the run came from `simulate()`.
    """

    def __init__(self, message: str, t_ms: float, compartment: int, variable: str) -> None:
        super().__init__(message)
        self.t_ms = t_ms
        self.compartment = compartment
        self.variable = variable
        self.result: Result | None = None

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.args[0], self.t_ms, self.compartment, self.variable)


class Interrupted(KeyboardInterrupt):
    """Ctrl-C during `simulate()` or `simulate_batch()`.

    `result` holds what was recorded until then, of a batch in its first unfinished run. `results`
    has every run of a batch, in order, the finished ones whole; of `simulate()` its only one.
    """

    def __init__(self, result: Result, results: Sequence[Result] = ()) -> None:
        super().__init__("interrupted")
        self.result = result
        self.results = tuple(results) or (result,)

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.result, self.results)


class SearchInterrupted(KeyboardInterrupt):
    """Ctrl-C during `find_thresholds()`: `found` has a row for every fibre, the finished ones as
    they are, the others with the status "interrupted" and the bracket that they had."""

    def __init__(self, found: Thresholds) -> None:
        super().__init__("interrupted")
        self.found = found

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.found,)


class InternalError(RanvierError):
    """A bug in ranvier itself. Please report it."""
