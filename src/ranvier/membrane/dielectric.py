"""Whether a membrane would stand the potential across it."""

from __future__ import annotations

from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ranvier.membrane._inputs import positive, real, same_shape

#: 50 MV/m over 4 nm. Lipid bilayers form pores from 0.2 to 1 V, the sooner the higher: Weaver &
#: Chizmadzhev 1996, doi:10.1016/S0302-4598(96)05062-3.
BREAKDOWN_mV = 200.0


class DielectricStatus(StrEnum):
    INTACT = "intact"
    BREAKDOWN = "breakdown"
    NOT_FINITE = "not_finite"


def dielectric_status(
    v_mV: ArrayLike, *, limit_mV: ArrayLike = BREAKDOWN_mV
) -> DielectricStatus | NDArray[np.object_]:
    """Which potentials a membrane would not stand: |v| above the limit is BREAKDOWN.

    A status and not an error, because a model goes on where a membrane would not, and one value of
    a sweep must not stop the rest; so NaN has a status too. Shape: the arguments broadcast; one
    DielectricStatus for two numbers. Raises ValueError for a limit that is not above 0 and for
    shapes that do not broadcast.
    """
    v = real("v_mV:", v_mV)
    limit = positive("limit_mV:", limit_mV)
    same_shape(v_mV=v, limit_mV=limit)
    is_over, is_finite = np.broadcast_arrays(np.abs(v) > limit, np.isfinite(v))
    status = np.full(is_over.shape, DielectricStatus.INTACT, dtype=object)
    status[is_over] = DielectricStatus.BREAKDOWN
    status[~is_finite] = DielectricStatus.NOT_FINITE
    return DielectricStatus(status.item()) if status.ndim == 0 else status
