"""A potential imposed outside an axon, as currents into its axoplasm: exact, and what the core has.

Let phi(x) s(t) be the potential outside. Where there is no sheath, v = v_axoplasm - phi s obeys the
cable equation without it, driven by the axial currents that phi itself would drive: the activating
function of Rattay 1986, doi:10.1109/TBME.1986.325670.

Under a sheath two unknowns are shifted, the axoplasm by psi s and the periaxonal space by chi s,
with chi = psi = phi where the space is open. What is left over in the periaxonal balance is

    s  times  axial(chi) - g_sheath (chi - phi) + g_membrane (psi - chi)
    s' times  -c_sheath (chi - phi) + c_membrane (psi - chi)

and both vanish if psi - chi = k (chi - phi) with k = c_sheath / c_membrane, and chi solves

    axial(chi) = (g_sheath - k g_membrane) (chi - phi),

one linear system per field. The axoplasm then takes axial(psi) - g_membrane (psi - chi) times s and
-c_membrane (psi - chi) times s'. The membrane potential found this way is the true one wherever the
space is open; under a sheath the true one is higher by (psi - chi) s while the stimulus lasts, in
MRG fibres by some uV. There g_membrane is that of the leak, so channels under a sheath, if there
are any, see a potential that is off by as much.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import numpy as np

from ranvier.discretisation import Discretisation, solve_tree
from ranvier.stimuli._waveform import PiecewiseLinear

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: A jump has an infinite slope for no time; it is made one of so long, inside one step.
_JUMP_ms = 1e-6
#: S/cm2 times um2 in uS.
_US_PER_S_PER_CM2_UM2 = 0.01


@dataclass(frozen=True, slots=True)
class ImposedPotential:
    """What the potentials of both layers, (n,), are shifted by where the waveform is 1. Where no
    periaxonal space is unknown, `periaxonal_mV` is the potential outside."""

    pieces: PiecewiseLinear
    axoplasm_mV: NDArray[np.float64]
    periaxonal_mV: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class EquivalentCurrents:
    """Into the axoplasm of every compartment, (n,): what goes with s, and with its slope per ms."""

    level_nA: NDArray[np.float64]
    slope_nA: NDArray[np.float64]


def equivalent_currents(
    discretisation: Discretisation, outside_mV: NDArray[np.float64]
) -> EquivalentCurrents:
    """For the potential `outside_mV` (n,) of the centres, when s is 1."""
    d = discretisation
    axoplasm_mV, periaxonal_mV = shifts_mV(d, outside_mV)
    level_nA = _inflow(d, d.axial_conductance_uS, axoplasm_mV)
    space = _space_of(d)
    if space is None:
        return EquivalentCurrents(level_nA, np.zeros(len(d)))
    across_mV = axoplasm_mV - periaxonal_mV
    return EquivalentCurrents(level_nA - space.leak_uS * across_mV, -d.capacitance_nF * across_mV)


def shifts_mV(
    discretisation: Discretisation, outside_mV: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """psi and chi of every compartment, (n,), for the potential `outside_mV` (n,) of its centre."""
    space = _space_of(discretisation)
    if space is None:
        return outside_mV, outside_mV
    periaxonal_mV = space.balance_mV(outside_mV)
    return periaxonal_mV + space.ratio * (periaxonal_mV - outside_mV), periaxonal_mV


def jumps_of(pieces: PiecewiseLinear) -> PiecewiseLinear | None:
    """The slope of a waveform at its jumps, as rectangles of their heights; None without any."""
    is_first = np.append(True, pieces.t_ms[1:] != pieces.t_ms[:-1])  # of its time
    times_ms = pieces.t_ms[is_first]
    arrives = pieces.value[is_first]
    arrives[0] = 0.0  # from the zero before
    leaves = pieces.value[np.append(is_first[1:], True)]
    leaves[-1] = 0.0  # to the zero after
    height = leaves - arrives
    times_ms, height = times_ms[height != 0], height[height != 0]
    if not times_ms.size:
        return None
    length_ms = min(_JUMP_ms, 0.5 * float(np.diff(times_ms).min(initial=np.inf)))
    edges_ms = np.stack([times_ms, times_ms + length_ms], axis=1)
    # By the length that is left in rounding, so that a jump has its height to the last digit.
    rate = height / (edges_ms[:, 1] - edges_ms[:, 0])
    zero = np.zeros_like(rate)
    return PiecewiseLinear(
        t_ms=np.repeat(edges_ms, 2, axis=1).ravel(),
        value=np.stack([zero, rate, rate, zero], axis=1).ravel(),
    )


def slopes_of(pieces: PiecewiseLinear) -> PiecewiseLinear | None:
    """The slope of a waveform per ms between its jumps; None where it is zero."""
    length_ms = np.diff(pieces.t_ms)
    rise = np.diff(pieces.value)
    slope = np.divide(rise, length_ms, out=np.zeros_like(rise), where=length_ms > 0)
    if not slope.any():
        return None
    return PiecewiseLinear(t_ms=np.repeat(pieces.t_ms, 2)[1:-1].copy(), value=np.repeat(slope, 2))


def _inflow(
    d: Discretisation, g_uS: NDArray[np.float64], potential_mV: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Axial current into every compartment, (n,)."""
    parent = d.parent
    has = parent >= 0
    into_nA = g_uS[has] * (potential_mV[parent[has]] - potential_mV[has])
    flow_nA = np.zeros(len(d))
    flow_nA[has] = into_nA
    np.subtract.at(flow_nA, parent[has], into_nA)
    return flow_nA


def _leak_uS(d: Discretisation, data: dict[str, object]) -> NDArray[np.float64]:
    total_uS = np.zeros(len(d))
    table = data["mechanisms"].get("leak")  # type: ignore[attr-defined]
    if table is not None:
        rows = table["compartment"]
        g_S_cm2 = table["parameters"]["g_bar_S_cm2"]
        total_uS[rows] = _US_PER_S_PER_CM2_UM2 * g_S_cm2 * d.area_um2[rows]
    return total_uS


@dataclass(frozen=True, slots=True, eq=False)
class _PeriaxonalSpace:
    """Of one discretisation, every array (n,): what its potential follows from, without sight of
    the discretisation itself, which may go first."""

    leak_uS: NDArray[np.float64]
    ratio: NDArray[np.float64]  # k, 0 where the space is open
    parent: NDArray[np.int32]
    coupling_uS: NDArray[np.float64]  # of each to its parent, where both are under a sheath
    diagonal_uS: NDArray[np.float64]
    outward_uS: NDArray[np.float64]  # 1 where the space is open
    open_up_uS: NDArray[np.float64]  # to a parent where it is open, of those under a sheath
    open_down_uS: NDArray[np.float64]  # the other way round

    def balance_mV(self, outside_mV: NDArray[np.float64]) -> NDArray[np.float64]:
        """chi: that of the outside where the space is open, and in balance elsewhere."""
        rhs_nA = self.outward_uS * outside_mV + self.open_up_uS * outside_mV[self.parent]
        np.add.at(rhs_nA, self.parent, self.open_down_uS * outside_mV)
        return solve_tree(self.parent, self.diagonal_uS, self.coupling_uS, rhs_nA)


#: Of discretisations that are in use, which never change.
_spaces: WeakKeyDictionary[Discretisation, _PeriaxonalSpace | None] = WeakKeyDictionary()


def _space_of(discretisation: Discretisation) -> _PeriaxonalSpace | None:
    """None where there is no sheath."""
    try:
        return _spaces[discretisation]
    except KeyError:
        return _spaces.setdefault(discretisation, _make_space(discretisation))


def _make_space(d: Discretisation) -> _PeriaxonalSpace | None:
    data = d.to_dict()
    if not data["layers"]:
        return None
    (layer,) = data["layers"]
    leak_uS = _leak_uS(d, data)
    is_free = layer["is_unknown"]
    capacitance_nF = np.where(is_free, d.capacitance_nF, 1.0)  # no 0 below a fraction
    ratio = np.where(is_free, layer["capacitance_nF"] / capacitance_nF, 0.0)
    outward_uS = np.where(is_free, layer["conductance_uS"] - ratio * leak_uS, 1.0)
    parent = d.parent.copy()
    axial_uS = np.where(parent >= 0, layer["axial_conductance_uS"], 0.0)
    is_free_above = is_free[parent]
    diagonal_uS = outward_uS + np.where(is_free, axial_uS, 0.0)
    np.add.at(diagonal_uS, parent, np.where(is_free_above, axial_uS, 0.0))
    return _PeriaxonalSpace(
        leak_uS=leak_uS,
        ratio=ratio,
        parent=parent,
        coupling_uS=np.where(is_free & is_free_above, axial_uS, 0.0),
        diagonal_uS=diagonal_uS,
        outward_uS=outward_uS,
        open_up_uS=np.where(is_free & ~is_free_above, axial_uS, 0.0),
        open_down_uS=np.where(~is_free & is_free_above, axial_uS, 0.0),
    )
