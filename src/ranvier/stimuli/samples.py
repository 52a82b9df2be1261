"""Any waveform, as points joined by straight lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ranvier.stimuli._waveform import PiecewiseLinear, Waveform


@dataclass(frozen=True, slots=True, kw_only=True)
class Samples(Waveform):
    """Straight lines between (t_ms[i], value[i]); zero outside; equal times are a jump.

    Raises ValueError unless there are two or more finite points at ascending times.
    """

    t_ms: Sequence[float]
    value: Sequence[float]

    def __post_init__(self) -> None:
        t_ms = np.asarray(self.t_ms, dtype=np.float64)
        value = np.asarray(self.value, dtype=np.float64)
        if t_ms.ndim != 1 or t_ms.shape != value.shape or t_ms.size < 2:
            raise ValueError(
                f"samples: t_ms has shape {t_ms.shape} and value {value.shape}, "
                "expected as many of both, 2 or more"
            )
        if not (np.isfinite(t_ms).all() and np.isfinite(value).all()):
            raise ValueError("samples: a point is NaN or infinite, expected finite numbers")
        if (np.diff(t_ms) < 0).any() or t_ms[0] < 0:
            raise ValueError("samples: t_ms falls or is negative, expected ascending from 0")

    def lower(self) -> PiecewiseLinear:
        return PiecewiseLinear(
            t_ms=np.array(self.t_ms, dtype=np.float64), value=np.array(self.value, dtype=np.float64)
        )
