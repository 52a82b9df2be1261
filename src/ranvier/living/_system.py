"""The right side: what every state of a patch does next, and how that depends on every state.

All change is by flows: gates move, and each mechanism carries each of its ions. The balances are
a constant matrix times the flows, so that what one state loses another gains to rounding, in the
slopes as well, and a solver that is exact for straight lines conserves amounts and charge.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ranvier.living.part import Formulas, Values
from ranvier.living.patch import DIAMETERS_PER_DEPTH, INJECTED, MIXED, Patch, Step
from ranvier.living.status import Status
from ranvier.membrane.constants import FARADAY_C_per_mol, thermal_voltage_mV

Array = NDArray[np.float64]

#: mA/cm2 to nmol of elementary charges per cm2 and ms.
NMOL_PER_MA_ms = 1e3 / FARADAY_C_per_mol
#: nmol/cm2 to mM in a layer of 1 um.
MM_um_PER_NMOL_CM2 = 10.0
#: A concentration below this stops a run: logarithms of nothing are.
LEAST_mM = 1e-12
#: Relative step of a difference: half the digits of the flows are left, which slopes can do with.
NUDGE = 1e-7
#: Absolute tolerance per unit of the relative one.
V_SCALE_mV, GATE_SCALE = 1.0, 1e-2


@dataclass(frozen=True, slots=True)
class Carried:
    """An ion that a part carries: its place among the flows."""

    part: str
    ion: str
    flow: int


class System:
    """The equations of a patch over one array of states.

    In order: v_mV; states of the parts; concentrations inside, of the ions that live; those in the
    shell; then what each part has carried outward of each ion, and what has left for the bath, in
    nmol/cm2.
    """

    def __init__(self, patch: Patch) -> None:
        self.patch = patch
        self.ions = [ion.name for ion in patch.ions if ion.e_mV is None]
        self.valence = {ion.name: float(ion.valence or 0) for ion in patch.ions}
        self.valence[MIXED] = 1.0
        self.thermal_mV = float(thermal_voltage_mV(temperature_degC=patch.temperature_degC))
        self.states = [(part.name, state) for part in patch.parts for state in part.states]
        self.inside = list(patch.living_ions)
        self.outside = list(self.ions) if patch.shell is not None else []
        flows = [(part.name, ion) for part in patch.parts for ion in part.ions]
        first = len(self.states)
        self.carried = [Carried(part, ion, first + n) for n, (part, ion) in enumerate(flows)]
        self.to_bath = list(self.outside)
        self.flow_count = first + len(flows) + len(self.to_bath)
        self.fast_count = 1 + len(self.states)
        self.moving = self.fast_count + len(self.inside) + len(self.outside)
        self.size = self.moving + len(self.carried) + len(self.to_bath)
        self.balances = self._balances()
        # What a step may change.
        self.injected_mA_cm2 = 0.0
        self.out_mM = {ion.name: float(ion.outside_mM or 0.0) for ion in patch.ions}
        self.in_mM = {ion.name: float(ion.inside_mM or 0.0) for ion in patch.ions}
        self.fixed_mV = {ion.name: float(ion.e_mV) for ion in patch.ions if ion.e_mV is not None}
        self.formulas: list[Formulas] = [part.formulas() for part in patch.parts]
        self.parameters: list[dict[str, float]] = [dict(p.parameters) for p in patch.parts]
        self._bind()

    def apply(self, what: str, value: float) -> None:
        """From now on a parameter, a concentration outside or an injected current is another."""
        if what == INJECTED:
            self.injected_mA_cm2 = 1e-3 * value
        elif "." in what:
            part, parameter = self.patch.parameter(what)
            place = [each.name for each in self.patch.parts].index(part.name)
            self.parameters[place][parameter] = value
            self._bind()
        else:
            self.out_mM[what.removesuffix("_out_mM")] = value

    def start(self, v_mV: float) -> Array:
        """With the gates settled at v and the ions as the patch has them."""
        y = np.zeros(self.size)
        y[0] = v_mV
        named = dict(self.names(y, concentrations=False))
        at = 1
        for part, parameters in zip(self.patch.parts, self.parameters, strict=True):
            states = part.initial(v_mV, {**named, **parameters})
            for state in part.states:
                y[at] = states[state]
                at += 1
        y[self.fast_count : self.moving] = [
            *(self.in_mM[ion] for ion in self.inside),
            *(self.patch.outside_mM[ion] for ion in self.outside),
        ]
        return y

    def names(
        self, y: list[float] | Array, *, concentrations: bool = True
    ) -> list[tuple[str, Values]]:
        """What formulas read of ions, temperature and size; from the patch, or from states."""
        found: list[tuple[str, Values]] = [
            ("temperature_degC", self.patch.temperature_degC),
            (
                "diameter_um",
                self.patch.diameter_um or DIAMETERS_PER_DEPTH * self.patch.volume_per_area_um,
            ),
        ]
        inside: dict[str, Values] = dict(self.in_mM)
        outside: dict[str, Values] = dict(self.out_mM)
        if self.outside:
            outside |= self.patch.outside_mM
        if concentrations:
            inside |= {ion: y[self.fast_count + n] for n, ion in enumerate(self.inside)}
            first = self.fast_count + len(self.inside)
            outside |= {ion: y[first + n] for n, ion in enumerate(self.outside)}
            if isinstance(y, np.ndarray):  # held ones as well, so that shapes go together
                whole = np.ones_like(y[0])
                inside = {ion: np.maximum(x * whole, LEAST_mM) for ion, x in inside.items()}
                outside = {ion: np.maximum(x * whole, LEAST_mM) for ion, x in outside.items()}
        for ion in self.ions:
            below, above = inside[ion], outside[ion]
            found.append((f"{ion}_in_mM", below))
            found.append((f"{ion}_out_mM", above))
            log = np.log if isinstance(below, np.ndarray) else math.log
            e_mV = self.thermal_mV / self.valence[ion] * log(above / below)
            found.append((f"e_{ion}_mV", e_mV))
        found += [(f"e_{ion}_mV", e_mV) for ion, e_mV in self.fixed_mV.items()]
        return found

    def flows(self, y: list[float] | Array) -> list[Values]:
        """Rates of states per ms, currents in mA/cm2, and what leaves the shell in mM/ms.

        `y` is a list of floats, or an array of (states, columns).
        """
        named = dict(self.names_of_floats(y) if isinstance(y, list) else self.names(y))
        rates: list[Values] = []
        currents: list[Values] = []
        at = 1
        for place, part in enumerate(self.patch.parts):
            count = len(part.states)
            values = [
                y[0],
                *y[at : at + count],
                *(named[name] for name in self._reads[place]),
                *self._fixed[place],
            ]
            found = self.formulas[place](values)
            rates += found[:count]
            currents += found[count:]
            at += count
        leaving: list[Values] = []
        if self.patch.shell is not None:
            per_ms = 1e-3 * self.patch.shell.exchange_per_s
            first = self.fast_count + len(self.inside)
            leaving = [
                per_ms * (y[first + n] - self.out_mM[ion]) for n, ion in enumerate(self.outside)
            ]
        return [*rates, *currents, *leaving]

    @property
    def ends(self) -> list[tuple[Status, str]]:
        """What stops a run, by the number of what `watched` gives."""
        names = [f"{ion}_in_mM" for ion in self.inside] + [f"{ion}_out_mM" for ion in self.outside]
        return [(Status.EXHAUSTED, f"{name} came to nothing") for name in names]

    def watched(self, y: Array, number: int) -> float:
        """What stops a run when it comes to 0."""
        return float(y[self.fast_count + number]) - LEAST_mM

    def scales(self, y: Array) -> Array:
        """What an absolute tolerance is in proportion to, per state."""
        found = np.empty(self.size)
        found[0] = V_SCALE_mV
        found[1 : self.fast_count] = GATE_SCALE
        concentrations = y[self.fast_count : self.moving]
        found[self.fast_count : self.moving] = concentrations
        # What has been moved: of what there is.
        content = self.patch.volume_per_area_um * float(
            np.max(np.concatenate([concentrations, [1.0]]))
        )
        found[self.moving :] = content / MM_um_PER_NMOL_CM2
        return found

    def full(self, y: Array, pieces: NDArray[np.int64], steps: Sequence[Step]) -> Array:
        """The states of samples, as `System` has them: as they are."""
        return y

    def change(self, y: Array) -> Array:
        """dy/dt per ms."""
        flows = np.array(self.flows(y.tolist()))
        found: Array = self.balances @ flows
        found[0] += 1e3 * self.injected_mA_cm2 / self.patch.c_m_uF_cm2
        return found

    def slopes(self, y: Array) -> Array:
        """d(dy/dt)/dy: forward differences of the flows, all in one evaluation."""
        found = np.zeros((self.size, self.size))
        found[:, : self.moving] = self.balances @ self.flow_slopes(y)
        return found

    def flow_slopes(self, y: Array) -> Array:
        """(flows, moving states)."""
        count = self.moving
        columns = np.repeat(y[:, None], count + 1, axis=1)
        # Of v 1 mV is small, of a gate 1 is all; concentrations by their own size.
        scale = np.maximum(np.abs(y[:count]), 1e-6)
        scale[0] = max(scale[0], 10.0)
        scale[1 : self.fast_count] = np.maximum(scale[1 : self.fast_count], 1e-2)
        nudged = y[:count] + NUDGE * scale
        step = nudged - y[:count]
        columns[np.arange(count), np.arange(count)] = nudged
        with np.errstate(all="ignore"):
            flows = self.flows(columns)
        full = np.stack([np.broadcast_to(each, count + 1) for each in flows])
        found: Array = (full[:, :count] - full[:, count:]) / step
        return found

    def settled_states(self, v_mV: Values, named: Mapping[str, Values]) -> list[Values]:
        """Of all parts at a potential, each at its steady state."""
        found: list[Values] = []
        for part, parameters in zip(self.patch.parts, self.parameters, strict=True):
            states = part.settled(v_mV, {**named, **parameters})
            found += [states[state] for state in part.states]
        return found

    def net_current_mA_cm2(self, flows: Sequence[Values]) -> Values:
        """Outward, of all mechanisms, without what is injected."""
        first = len(self.states)
        return sum(flows[first : first + len(self.carried)])

    def names_of_floats(self, y: list[float]) -> list[tuple[str, Values]]:
        """As `names`, without NumPy, which would take longer than the formulas themselves."""
        clipped = y[:]
        for place in range(self.fast_count, self.moving):
            # A solver tries where it will not go; a run that does go there is stopped by `ends`.
            if not clipped[place] > LEAST_mM:
                clipped[place] = LEAST_mM
        return self.names(clipped)

    def _bind(self) -> None:
        self._reads = [part.reads for part in self.patch.parts]
        self._fixed: list[list[Any]] = [
            [*parameters.values(), self.patch.temperature_degC] for parameters in self.parameters
        ]

    def _balances(self) -> Array:
        """(states, flows): what one unit of each flow does to each state, per ms."""
        found = np.zeros((self.size, self.flow_count))
        depth_um = self.patch.volume_per_area_um
        first_outside = self.fast_count + len(self.inside)
        for state in range(len(self.states)):
            found[1 + state, state] = 1.0
        for n, carried in enumerate(self.carried):
            found[0, carried.flow] = -1e3 / self.patch.c_m_uF_cm2
            moved = NMOL_PER_MA_ms / self.valence[carried.ion]
            found[self.moving + n, carried.flow] = moved
            if carried.ion in self.inside:
                row = self.fast_count + self.inside.index(carried.ion)
                found[row, carried.flow] = -MM_um_PER_NMOL_CM2 * moved / depth_um
            if carried.ion in self.outside:
                assert self.patch.shell is not None
                row = first_outside + self.outside.index(carried.ion)
                found[row, carried.flow] = MM_um_PER_NMOL_CM2 * moved / self.patch.shell.depth_um
        first = len(self.states) + len(self.carried)
        for n, _ in enumerate(self.to_bath):
            assert self.patch.shell is not None
            found[first_outside + n, first + n] = -1.0
            row = self.moving + len(self.carried) + n
            found[row, first + n] = self.patch.shell.depth_um / MM_um_PER_NMOL_CM2
        return found
