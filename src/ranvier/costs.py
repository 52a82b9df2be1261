"""What a run costs: time and memory, told before it is over."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """What a run will take, if it goes on as it began.

    `wall_s` is the time of its steps, NaN where that is not known; `steps` is None for a method
    that chooses them. `run_bytes` is what the run holds to step at all, beyond its discretisation;
    `record_bytes` what its records will have grown to, and `disk_bytes` what goes to files. A
    detector that keeps every crossing is counted with one of each compartment, and a probe at every
    step of a method that chooses them with one sample, since nobody knows more before.
    """

    steps: int | None
    run_bytes: int
    record_bytes: int
    disk_bytes: int = 0
    wall_s: float = math.nan

    @property
    def memory_bytes(self) -> int:
        """Of run and records together, once the run is over."""
        return self.run_bytes + self.record_bytes

    def __str__(self) -> str:
        parts = [] if self.steps is None else [f"{self.steps} steps"]
        if math.isfinite(self.wall_s):
            parts.append(f"about {duration(self.wall_s)}")
        parts.append(f"{size(self.memory_bytes)} of memory")
        if self.disk_bytes:
            parts.append(f"{size(self.disk_bytes)} on disk")
        return ", ".join(parts)


def duration(seconds: float) -> str:
    """In the unit that people would use."""
    for unit, length_s in (("days", 86400.0), ("h", 3600.0), ("min", 60.0)):
        if seconds >= 1.5 * length_s:
            return f"{seconds / length_s:.2g} {unit}"
    return f"{seconds:.2g} s"


def size(number: float) -> str:
    """Bytes, in decimal units as disks are sold in."""
    for unit, length in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6)):
        if number >= length:
            return f"{number / length:.3g} {unit}"
    return f"{number / 1e3:.3g} kB"


class Progress(float):
    """The share of a run that is done, 0 to 1, and where it stands.

    What `simulate` hands to `progress`, which may take it for the number that it is. `wall_s` is
    how long the steps have taken, and `front_um` where the first detector saw the latest crossing,
    as path distance; None before any.
    """

    t_ms: float
    t_stop_ms: float
    wall_s: float
    front_um: float | None
    estimate: Estimate

    def __new__(
        cls,
        share: float,
        *,
        t_ms: float,
        t_stop_ms: float,
        wall_s: float,
        front_um: float | None,
        estimate: Estimate,
    ) -> Progress:
        self = super().__new__(cls, share)
        self.t_ms, self.t_stop_ms, self.wall_s = t_ms, t_stop_ms, wall_s
        self.front_um, self.estimate = front_um, estimate
        return self
