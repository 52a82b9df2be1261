"""The equations of a discretisation as a plain right-hand side, for general stiff integrators.

Shares the arrays of the discretisation and the rate functions of the channels with the solver, and
nothing else: no tree solve, no splitting, no step. What SciPy and SUNDIALS make of it at tolerances
near rounding is the truth in time for every method.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.linalg import splu

import ranvier as rv

Array = NDArray[np.float64]

#: Half the interval of the central difference of a rate: its error is about 1e-10 of the rate.
_DIFFERENCE_mV = 1e-4
#: A mechanism's area in um2 times this is its conductance in uS per S/cm2.
_uS_PER_S_cm2_um2 = 1e-2


@dataclass(frozen=True)
class Gate:
    """One gate of one mechanism in all compartments that carry it."""

    mechanism: str
    name: str
    power: int
    rate_factor: float  # of its rates, for the temperature
    rows: slice  # in y


@dataclass(frozen=True)
class Channel:
    """One mechanism, with what its current needs: g (product of gates) (v - e)."""

    name: str
    compartment: NDArray[np.int32]
    g_uS: Array
    e_mV: Array
    gates: tuple[Gate, ...]

    def rates_per_ms(self, v_mV: Array) -> list[tuple[Array, Array]]:
        """Opening and closing rates of each gate at the potentials (..., n) of all compartments."""
        if not self.gates:
            return []
        at_reference = rv.mechanisms.rates(self.name, v_mV[..., self.compartment])
        return [
            (gate.rate_factor * alpha, gate.rate_factor * beta)
            for gate in self.gates
            for alpha, beta in [at_reference[gate.name]]
        ]


class Oracle:
    """y' = f(t, y) with y = (potentials that are stored somewhere, gates).

    Junctions store nothing, and the periaxonal space of a node is the outside: the former are
    eliminated, the latter is left out. `drive(t)` is the current into the axoplasm, (n,) in nA.
    """

    def __init__(
        self, discretisation: rv.Discretisation, drive: Callable[[float], Array] | None = None
    ) -> None:
        d = discretisation.to_dict()
        self.n = len(d["parent"])
        self.layers = 1 + len(d["layers"])
        self._drive = drive or (lambda _: np.zeros(self.n))
        self._set_cable(d)
        self._set_channels(d)
        # The blocks of the derivatives, (potentials, gates) by (potentials or currents, gates).
        gates = sparse.eye_array(self.size - self.kept.size)
        nothing = sparse.csr_array(gates.shape)
        self._into_y = sparse.block_diag([-self._from_v, gates], format="csr")
        self._from_y = sparse.block_diag([self._to_v, gates], format="csr")
        self._along_y = sparse.block_diag([-self._flow_uS, nothing], format="csr")
        self._inverse_mass = sparse.block_diag([self._per_nF, gates], format="csr")
        #: M of linearised(): capacitances in nF, ones for gates.
        self.mass = sparse.block_diag([self._storage_nF, gates], format="csc")

    def _set_cable(self, d: dict[str, Any]) -> None:
        """The linear part, M phi' = -flow phi + ..., over the potentials that are kept."""
        # Of the whole: n unknowns of the axoplasm, then n per layer.
        storage, flow = _capacitance_nF(d), _conductance_uS(d)
        is_known = np.zeros(self.layers * self.n, bool)
        for k, layer in enumerate(d["layers"]):
            is_known[(k + 1) * self.n : (k + 2) * self.n] = ~np.asarray(layer["is_unknown"], bool)
        # Where nothing is stored, Kirchhoff's law holds at once.
        is_free = ~is_known & (storage.diagonal() == 0.0)
        self.kept, self._free = np.flatnonzero(~is_known & ~is_free), np.flatnonzero(is_free)
        flow_kept = flow[self.kept][:, self.kept]
        self._from_kept = sparse.csr_array((self._free.size, self.kept.size))
        if self._free.size:
            inverse = splu(sparse.csc_array(flow[self._free][:, self._free]))
            response = -inverse.solve(flow[self._free][:, self.kept].toarray())
            self._from_kept = sparse.csr_array(response)
            flow_kept = flow_kept + flow[self.kept][:, self._free] @ self._from_kept
        self._flow_uS = sparse.csr_array(flow_kept)
        self._storage_nF = sparse.csc_array(storage[self.kept][:, self.kept])
        # Of one or two potentials per compartment, hence as sparse as the storage itself.
        inverse = splu(self._storage_nF).solve(np.eye(self.kept.size))
        self._per_nF = sparse.csr_array(inverse)
        # v = phi inside - phi outside, (n, kept)
        to_v = sparse.hstack(
            [sparse.eye_array(self.n), *[-sparse.eye_array(self.n)] * len(d["layers"])]
        )
        self._to_v = sparse.csr_array(to_v.tocsc()[:, self.kept])
        self._from_v = sparse.csr_array(self._to_v.T)

    def _set_channels(self, d: dict[str, Any]) -> None:
        self._channels: list[Channel] = []
        self.size = self.kept.size
        for name, table in d["mechanisms"].items():
            info = rv.mechanisms.describe(name)
            compartment = np.asarray(table["compartment"])
            decades = (d["temperature_degC"] - info["reference_temperature_degC"]) / 10.0
            gates = []
            for gate in info["gates"]:
                rows = slice(self.size, self.size + compartment.size)
                factor = gate["q10"] ** decades
                gates.append(Gate(name, gate["name"], gate["power"], factor, rows))
                self.size = rows.stop
            parameters = table["parameters"]
            e_mV = (
                d["ions"][info["ion"]]["e_mV"][compartment]
                if info["ion"]
                else parameters["e_leak_mV"]
            )
            g_uS = parameters["g_bar_S_cm2"] * d["area_um2"][compartment] * _uS_PER_S_cm2_um2
            self._channels.append(Channel(name, compartment, g_uS, np.asarray(e_mV), tuple(gates)))

    def potentials_mV(self, y: Array) -> Array:
        """Every layer's potentials, (layers, n)."""
        phi = np.zeros(self.layers * self.n)
        phi[self.kept] = y[: self.kept.size]
        phi[self._free] = self._from_kept @ y[: self.kept.size]
        return phi.reshape(self.layers, self.n)

    def v_mV(self, y: Array) -> Array:
        """Membrane potentials, (n,); at a junction the potential inside."""
        phi = self.potentials_mV(y)
        return phi[0] - phi[1:].sum(axis=0)

    def gates(self, y: Array) -> dict[tuple[str, str], Array]:
        """Every gate by mechanism and name, at the compartments that carry it."""
        return {
            (gate.mechanism, gate.name): y[gate.rows]
            for channel in self._channels
            for gate in channel.gates
        }

    def start(self, simulation: rv.Simulation) -> Array:
        """y of a simulation's present potentials, with gates in their steady state there."""
        phi = np.concatenate([simulation.potential_mV(k) for k in range(self.layers)])
        y = np.zeros(self.size)
        y[: self.kept.size] = phi[self.kept]
        v_mV = self.v_mV(y)
        for channel in self._channels:
            rates = channel.rates_per_ms(v_mV)
            for gate, (alpha, beta) in zip(channel.gates, rates, strict=True):
                y[gate.rows] = alpha / (alpha + beta)
        return y

    def __call__(self, t_ms: float, y: Array) -> Array:
        v_mV = self.v_mV(y)
        dy = np.empty_like(y)
        outward_nA = np.zeros(self.n)
        for channel in self._channels:
            open_ = np.ones(channel.compartment.size)
            rates = channel.rates_per_ms(v_mV)
            for gate, (alpha, beta) in zip(channel.gates, rates, strict=True):
                x = y[gate.rows]
                open_ *= x**gate.power
                dy[gate.rows] = alpha * (1.0 - x) - beta * x
            outward_nA[channel.compartment] += (
                channel.g_uS * open_ * (v_mV[channel.compartment] - channel.e_mV)
            )
        into_layers_nA = np.zeros(self.layers * self.n)
        into_layers_nA[: self.n] = self._drive(t_ms)
        inflow_nA = into_layers_nA[self.kept] - self._from_v @ outward_nA
        inflow_nA -= self._flow_uS @ y[: self.kept.size]
        dy[: self.kept.size] = self._per_nF @ inflow_nA
        return dy

    def linearised(self, _t_ms: float, y: Array) -> sparse.csc_array:
        """d(M y')/dy with M = mass: sparse and as local as the cable."""
        return sparse.csc_array(self._along_y + self._into_y @ self._membrane(y) @ self._from_y)

    def jacobian(self, t_ms: float, y: Array) -> sparse.csc_array:
        """df/dy."""
        return sparse.csc_array(self._inverse_mass @ self.linearised(t_ms, y))

    def _membrane(self, y: Array) -> sparse.csr_array:
        """Of (outward currents, rates of change of the gates) by (membrane potentials, gates)."""
        v_mV = self.v_mV(y)
        rows, columns, values = [], [], []

        def add(row: Any, column: Any, value: Array) -> None:
            rows.append(row)
            columns.append(column)
            values.append(value)

        shift = self.n - self.kept.size  # from a gate's place in y to the one here
        nearby_mV = v_mV + _DIFFERENCE_mV * np.array([[0.0], [1.0], [-1.0]])
        for channel in self._channels:
            at = channel.compartment
            ones = np.ones(at.size)
            powers = [y[gate.rows] ** gate.power for gate in channel.gates]
            add(at, at, channel.g_uS * np.prod([ones, *powers], axis=0))
            rates = channel.rates_per_ms(nearby_mV)
            for j, (gate, (alpha, beta)) in enumerate(zip(channel.gates, rates, strict=True)):
                x = y[gate.rows]
                here = np.arange(gate.rows.start, gate.rows.stop) + shift
                others = np.prod([ones, *powers[:j], *powers[j + 1 :]], axis=0)
                slope = gate.power * x ** (gate.power - 1) * others
                add(at, here, channel.g_uS * slope * (v_mV[at] - channel.e_mV))
                change = alpha * (1.0 - x) - beta * x
                add(here, at, (change[1] - change[2]) / (2.0 * _DIFFERENCE_mV))
                add(here, here, -(alpha[0] + beta[0]))
        n = self.size + shift
        if not values:
            return sparse.csr_array((n, n))
        places = (np.concatenate(rows), np.concatenate(columns))
        return sparse.csr_array((np.concatenate(values), places), shape=(n, n))


def _capacitance_nF(d: dict[str, Any]) -> sparse.csc_array:
    axolemma = sparse.diags_array(d["capacitance_nF"])
    if not d["layers"]:
        return sparse.csc_array(axolemma)
    myelin = sparse.diags_array(d["layers"][0]["capacitance_nF"])
    blocks = [[axolemma, -axolemma], [-axolemma, axolemma + myelin]]
    return sparse.csc_array(sparse.block_array(blocks))


def _conductance_uS(d: dict[str, Any]) -> sparse.csc_array:
    axial = _laplacian(d["parent"], d["axial_conductance_uS"])
    if not d["layers"]:
        return sparse.csc_array(axial)
    layer = d["layers"][0]
    along = _laplacian(d["parent"], layer["axial_conductance_uS"])
    outside = along + sparse.diags_array(layer["conductance_uS"])
    return sparse.csc_array(sparse.block_diag([axial, outside]))


def _laplacian(parent: NDArray[np.int32], conductance: Array) -> sparse.csr_array:
    """Of the tree, with the conductance from each compartment to its parent."""
    child = np.flatnonzero(parent >= 0)
    up, g = parent[child], conductance[child]
    places = (np.concatenate([child, up, child, up]), np.concatenate([child, up, up, child]))
    return sparse.csr_array((np.concatenate([g, g, -g, -g]), places), shape=(len(parent),) * 2)
