"""Currents along an axon, from the potentials of its layers and Kirchhoff's law alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from ranvier.discretisation import Discretisation, Mesh
from ranvier.results import Result, Trace

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ranvier.fibers._fiber import Fiber
    from ranvier.model import Model
    from ranvier.stimuli import PiecewiseLinear, Stimulus
    from ranvier.stimuli._imposed_potential import ImposedPotential
    from ranvier.stimuli._stimulus import Injection

    FloatArray = NDArray[np.float64]

#: What a run has to record of each layer, from the axoplasm outwards.
LAYERS = ("v_axoplasm_mV", "v_periaxonal_mV")
#: Of the potentials of a layer that are looked at in one piece.
PIECE_BYTES = 2**25
#: So soon before a sample the waveform is read: at a jump, what acted up to then.
_BEFORE_ms = 1e-9


class Layer:
    """The axoplasm or the periaxonal space: what flows along it between neighbouring rows.

    `is_free` (n,) marks junctions whose potential follows from those of their neighbours, since
    nothing leaves them but along the layer.
    """

    def __init__(
        self,
        parent: NDArray[np.int32],
        conductance_uS: FloatArray,
        is_free: NDArray[np.bool_],
    ) -> None:
        self._parent = parent
        self._g_uS = conductance_uS
        self._free = np.flatnonzero(is_free)
        self._rounds = _rounds(parent)
        self._between_free: FloatArray | None = None

    def inflow_nA(self, v_mV: FloatArray) -> FloatArray:
        """What arrives along the layer at every row, (m, n), for its potentials (m, n)."""
        flow_nA = np.zeros_like(v_mV)
        for children in self._rounds:
            parents = self._parent[children]
            into_nA = self._g_uS[children] * (v_mV[:, parents] - v_mV[:, children])
            flow_nA[:, children] += into_nA
            flow_nA[:, parents] -= into_nA
        return flow_nA

    def complete(self, v_mV: FloatArray, injected_nA: FloatArray) -> None:
        """Writes the potentials of free junctions into `v_mV` (m, n), for a current (m, n) into the
        layer from elsewhere."""
        if not self._free.size:
            return
        if self._between_free is None:
            single = np.zeros((self._free.size, self._parent.size))
            single[np.arange(self._free.size), self._free] = 1.0
            self._between_free = -self.inflow_nA(single)[:, self._free]
        v_mV[:, self._free] = 0.0
        arriving_nA = (self.inflow_nA(v_mV) + injected_nA)[:, self._free]
        v_mV[:, self._free] = np.linalg.solve(self._between_free, arriving_nA.T).T


def layers_of(discretisation: Discretisation) -> list[Layer]:
    """The axoplasm and, where the model has sheaths, the periaxonal space."""
    d = discretisation
    axoplasm = Layer(d.parent, d.axial_conductance_uS, d.is_junction)
    data = d.to_dict()
    if not data["layers"]:
        return [axoplasm]
    (layer,) = data["layers"]
    is_unknown = layer["is_unknown"]
    # Between two open rows there is no space of its own: the outside is there.
    g_uS = np.where(is_unknown | is_unknown[d.parent], layer["axial_conductance_uS"], 0.0)
    return [axoplasm, Layer(d.parent, g_uS, d.is_junction & is_unknown)]


def _rounds(parent: NDArray[np.int32]) -> list[NDArray[np.intp]]:
    """Rows with a parent, in groups in which no two share one."""
    left = np.flatnonzero(parent >= 0)
    rounds = []
    while left.size:
        _, first = np.unique(parent[left], return_index=True)
        rounds.append(left[first])
        left = np.delete(left, first)
    return rounds


class LayerRun:
    """A result as potentials of layers, piece by piece, with what stimuli impose and inject."""

    def __init__(
        self,
        result: Result,
        discretisation: Discretisation | None = None,
        stimuli: Sequence[Stimulus] | None = None,
    ) -> None:
        recipe = result.recipe
        if recipe is None and (discretisation is None or stimuli is None):
            raise ValueError(
                "membrane currents: the result does not know what it was a run of, because it "
                "comes from a file, expected discretisation= and stimuli="
            )
        if discretisation is None:
            discretisation = _discretised(recipe.target, recipe.mesh)  # type: ignore[union-attr]
        if stimuli is None:
            stimuli = recipe.stimuli  # type: ignore[union-attr]
        if len(discretisation) != len(result.geometry):
            raise ValueError(
                f"membrane currents: the discretisation has {len(discretisation)} compartments, "
                f"expected the {len(result.geometry)} of the result"
            )
        self.discretisation = discretisation
        self.layers = layers_of(discretisation)
        names = LAYERS[: len(self.layers)]
        self._traces = [_trace(result, name) for name in names]
        self._columns = [_columns(trace, discretisation) for trace in self._traces]
        self.t_ms = np.asarray(self._traces[0].t_ms, np.float64)
        if any(not np.array_equal(trace.t_ms, self.t_ms) for trace in self._traces):
            raise ValueError(
                "membrane currents: the layers were recorded at different times, expected the same"
            )
        self._injections: list[Injection] = []
        self._imposed: list[ImposedPotential] = []
        for stimulus in stimuli:
            imposed = stimulus.imposed(discretisation)
            if imposed is None:
                self._injections += stimulus.injections(discretisation)
            else:
                self._imposed.append(imposed)

    def pieces(self) -> Iterator[tuple[slice, list[FloatArray], FloatArray]]:
        """Of the samples: which, the potential of each layer against a distant ground (k, n), and
        what pipettes bring (k, n). The arrays may be written to."""
        n = len(self.discretisation)
        size = max(1, PIECE_BYTES // (8 * n))
        for start in range(0, self.t_ms.size, size):
            piece = slice(start, min(start + size, self.t_ms.size))
            t_ms = self.t_ms[piece]
            injected_nA = np.zeros((t_ms.size, n))
            for each in self._injections:
                injected_nA[:, each.compartment] += np.outer(
                    _just_before(each.pieces, t_ms), each.weight_nA
                )
            nothing = np.zeros_like(injected_nA)
            potentials_mV = []
            for number, layer in enumerate(self.layers):
                v_mV = np.zeros((t_ms.size, n))
                rows, columns = self._columns[number]
                v_mV[:, rows] = self._traces[number].values[piece][:, columns]
                for imposed in self._imposed:
                    shift_mV = imposed.periaxonal_mV if number else imposed.axoplasm_mV
                    v_mV += np.outer(_just_before(imposed.pieces, t_ms), shift_mV)
                layer.complete(v_mV, nothing if number else injected_nA)
                potentials_mV.append(v_mV)
            yield piece, potentials_mV, injected_nA


def _discretised(target: Fiber | Model | Discretisation, mesh: Mesh | None) -> Discretisation:
    # Here and not above: everything else in this module is a pure function of a result.
    from ranvier.run import discretised

    return discretised(target, None if isinstance(target, Discretisation) else mesh)


def _trace(result: Result, name: str) -> Trace:
    if name not in result:
        raise ValueError(
            f"membrane currents: {name} was not recorded, expected a run with the probes that "
            "ranvier.analysis.layer_probes gives"
        )
    return result[name]


def _columns(trace: Trace, d: Discretisation) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The rows with a surface, and where the trace has them."""
    column = np.full(len(d), -1)
    column[trace.compartments] = np.arange(trace.compartments.size)
    rows = np.flatnonzero(~d.is_junction)
    missing = int((column[rows] < 0).sum())
    if missing:
        raise ValueError(
            f"membrane currents: {trace.name} was not recorded in {missing} of {rows.size} "
            "compartments, expected it everywhere"
        )
    return rows, column[rows]


def _just_before(pieces: PiecewiseLinear, t_ms: FloatArray) -> FloatArray:
    return np.interp(t_ms - _BEFORE_ms, pieces.t_ms, pieces.value, left=0.0, right=0.0)
