"""The action potential of a single fibre as electrodes outside see it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from ranvier.analysis._layers import LayerRun
from ranvier.fields import Field, Path, StraightPath
from ranvier.responses.response import Response
from ranvier.responses.transfer import transfer_mV_per_mA

if TYPE_CHECKING:
    from ranvier.discretisation import Discretisation
    from ranvier.results import Result
    from ranvier.stimuli import Stimulus

#: One, or several by their names.
Electrodes: TypeAlias = Field | Mapping[str, Field]

#: mV/mA is so many uV/nA.
_UV_PER_NA = 1e-3
_ALONG_X = StraightPath()


def single_fibre_action_potential(
    result: Result,
    electrodes: Electrodes,
    *,
    path: Path = _ALONG_X,
    sources: str = "lines",
    discretisation: Discretisation | None = None,
    stimuli: Sequence[Stimulus] | None = None,
) -> Response:
    """What electrodes see of a run that recorded `ranvier.analysis.layer_probes`.

    The potential is the sum of the membrane currents, each times what 1 mA through the electrode
    would impose where it leaves: the fibre does not feel the field of its own currents. `path` says
    where the fibre lies, by default straight along x with its middle at the origin; `sources` is
    "lines", currents that leave evenly along compartments, or "points". An `ElectrodeSet` with
    weights 1 and -1 records one contact against the other.

    A current that a pipette brings goes back to a distant ground, so that the fibre as a whole is a
    source while it lasts; what a stimulating electrode itself imposes is not in the response. A
    result from a file takes `discretisation` and `stimuli`, as `membrane_currents` does. Memory:
    what was recorded, and little more. Raises ModelError where an electrode is inside the fibre or
    the fibre does not fit its path, and ValueError where something was not recorded, without
    electrodes and for other sources.
    """
    by_name = named(electrodes)
    run = LayerRun(result, discretisation, stimuli)
    positions = path.positions(run.discretisation)
    per_nA = _UV_PER_NA * np.array(
        [transfer_mV_per_mA(field, positions, sources=sources) for field in by_name.values()]
    )
    # The sum over compartments of transfer times what arrives along a layer is, since conductances
    # are the same both ways, that of potentials times what the transfer itself would drive.
    weights = [layer.inflow_nA(per_nA).T for layer in run.layers]
    potential_uV = np.empty((run.t_ms.size, len(by_name)))
    for piece, potentials_mV, injected_nA in run.pieces():
        potential_uV[piece] = injected_nA @ per_nA.T
        for v_mV, weight in zip(potentials_mV, weights, strict=True):
            potential_uV[piece] += v_mV @ weight
    return Response(
        t_ms=run.t_ms,
        potential_uV=potential_uV,
        electrodes=tuple(by_name),
        title=result.geometry.fibre,
    )


def named(electrodes: Electrodes) -> dict[str, Field]:
    """By name. Raises ValueError without any."""
    if isinstance(electrodes, Field):
        return {"electrode": electrodes}
    if not electrodes:
        raise ValueError("electrodes: there are none, expected a field or several by their names")
    return dict(electrodes)
