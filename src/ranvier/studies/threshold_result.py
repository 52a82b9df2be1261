"""What a search for thresholds tells."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from ranvier.richardson import with_error

if TYPE_CHECKING:
    from numpy.typing import NDArray


class ThresholdStatus(StrEnum):
    FOUND = "found"
    NO_RESPONSE = "no_response"
    ALWAYS = "always"
    DIVERGED = "diverged"
    FAILED = "failed"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Threshold:
    """The smallest amplitude that was seen to activate a fibre, or the reason why there is none.

    `bracket` holds the largest amplitude below it that was seen not to activate, and it; the true
    threshold, of this model, method and criterion, is in between. Amplitudes are those of the
    (first) stimulus, in `unit`, with its sign; `factor` is how many times as strong as given it was
    at the threshold. `silent_above` is the smallest amplitude above the threshold that was seen not
    to activate, as happens where strong currents block; NaN if there was none.

    Where it was asked for, `upper` is the threshold of falling silent again, as strong currents do
    that block: its `amplitude` was silent and the other end of its bracket active, or its status
    says why none was found. And where that was asked for, `limit` is where the threshold goes as
    the time step goes to zero, on this mesh, and `error` how far off that may be; else NaN.

    Statuses: "no_response" (not even the strongest amplitude that was asked for did), "always"
    (active without the stimulus), "diverged" (runs that were needed blew up), "failed" (no resting
    state), "interrupted" (Ctrl-C). Then the amplitude is NaN, and the bracket is what is known.
    """

    status: ThresholdStatus
    amplitude: float
    unit: str
    factor: float
    bracket: tuple[float, float]
    silent_above: float
    runs: int
    message: str = ""
    upper: Threshold | None = None
    limit: float = math.nan
    error: float = math.nan

    def __str__(self) -> str:
        if self.status is ThresholdStatus.FOUND:
            below = self.bracket[0]
            bar = "" if math.isnan(self.error) else f"; {with_error(self.limit, self.error)} as dt "
            bar += "goes to 0" if bar else ""
            return (
                f"threshold {self.amplitude:.5g} {self.unit} (above {below:.5g}{bar}; "
                f"{self.runs} runs)"
            )
        return f"no threshold: {self.status} ({self.message}; {self.runs} runs)"


@dataclass(frozen=True, slots=True, eq=False)
class Thresholds(Sequence[Threshold]):
    """One threshold per fibre, in order, with the columns as arrays (n,), and what it took."""

    rows: tuple[Threshold, ...]
    runs: int
    wall_s: float

    def __getitem__(self, index):  # type: ignore[no-untyped-def]  # int or slice, as of a tuple
        return self.rows[index]

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Threshold]:
        return iter(self.rows)

    @property
    def amplitude(self) -> NDArray[np.float64]:
        """NaN where none was found."""
        return np.array([row.amplitude for row in self.rows])

    @property
    def bracket(self) -> NDArray[np.float64]:
        """(n, 2)."""
        return np.array([row.bracket for row in self.rows]).reshape(-1, 2)

    @property
    def status(self) -> NDArray[np.str_]:
        return np.array([str(row.status) for row in self.rows])

    def __repr__(self) -> str:
        found = sum(row.status is ThresholdStatus.FOUND for row in self.rows)
        return f"<Thresholds: {found} of {len(self)} found, {self.runs} runs, {self.wall_s:.3g} s>"
