"""Membrane currents: what leaves an axon through its surface, found from what flows along it.

By Kirchhoff's law the current that leaves a compartment is what arrives along the axoplasm and the
periaxonal space and through a pipette. So found, the currents of all compartments less those of
pipettes are zero at every time but for rounding, whatever the step and the mesh. Each equals what
the channels and the capacitances of its surface pass but for the error of the time step.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ranvier.analysis._layers import LAYERS, LayerRun
from ranvier.discretisation import Discretisation
from ranvier.fibers._fiber import Fiber
from ranvier.recording import Probe

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ranvier.model import Model
    from ranvier.results import Result
    from ranvier.stimuli import Stimulus

    FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class MembraneCurrents:
    """Outward currents `i_nA[k, j]` of compartment `j` at `t_ms[k]`, and the sum of what pipettes
    bring into the axoplasm, `injected_nA`.

    The current is everything that leaves through the outer surface, ionic and capacitive: through
    the axolemma where it is bare, through the outermost membrane of the myelin, and at a node also
    what comes out of the periaxonal space beside it. A junction has no surface and no current, but
    for the periaxonal space that ends there. Shapes: t_ms and injected_nA (m,), i_nA (m, n).
    """

    t_ms: FloatArray
    i_nA: FloatArray
    injected_nA: FloatArray

    @property
    def imbalance(self) -> FloatArray:
        """|sum of currents - injected| over the sum of their magnitudes, (m,); 0 without any."""
        left_nA = np.abs(self.i_nA.sum(axis=1) - self.injected_nA)
        scale_nA = np.abs(self.i_nA).sum(axis=1) + np.abs(self.injected_nA)
        none = np.zeros_like(left_nA)
        share: FloatArray = np.divide(left_nA, scale_nA, out=none, where=scale_nA > 0)
        return share


def layer_probes(
    target: Fiber | Model | Discretisation, *, every_ms: float | None = None
) -> list[Probe]:
    """What a run has to record for its membrane currents: the potential of the axoplasm, and of the
    periaxonal space where there is one, everywhere."""
    if isinstance(target, Discretisation):
        has_sheath = bool(target.to_dict()["layers"])
    else:
        model = target.model if isinstance(target, Fiber) else target
        has_sheath = any(section.sheath is not None for section in model.sections)
    return [Probe(name, every_ms=every_ms) for name in LAYERS[: 1 + has_sheath]]


def membrane_currents(
    result: Result,
    *,
    discretisation: Discretisation | None = None,
    stimuli: Sequence[Stimulus] | None = None,
) -> MembraneCurrents:
    """The membrane current of every compartment at every sample of a run with `layer_probes`.

    Takes twice the memory of what was recorded of one layer. At the jump of a stimulus they are
    those of the time just before. A result from a file does not know what it was a run of: then
    `discretisation` and `stimuli` say so. Raises ValueError where they are missing, and where a
    potential was not recorded everywhere.
    """
    run = LayerRun(result, discretisation, stimuli)
    i_nA = np.empty((run.t_ms.size, len(run.discretisation)))
    injected_nA = np.empty(run.t_ms.size)
    for piece, potentials_mV, entering_nA in run.pieces():
        injected_nA[piece] = entering_nA.sum(axis=1)
        for layer, v_mV in zip(run.layers, potentials_mV, strict=True):
            entering_nA += layer.inflow_nA(v_mV)
        i_nA[piece] = entering_nA
    return MembraneCurrents(t_ms=run.t_ms, i_nA=i_nA, injected_nA=injected_nA)
