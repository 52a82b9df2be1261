"""What a patch did: traces, and the books of its ions, its charge and its ATP."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from math import pi

import numpy as np
from numpy.typing import NDArray

from ranvier._text import expected_one_of
from ranvier.errors import ModelError
from ranvier.living._system import Array, MM_um_PER_NMOL_CM2, System
from ranvier.living.patch import INJECTED, MIXED, Patch, Step
from ranvier.living.status import Status
from ranvier.membrane.constants import FARADAY_C_per_mol

#: Exact in the SI of 2019.
AVOGADRO_per_mol = 6.02214076e23
#: nmol of charges to uC.
UC_PER_NMOL = FARADAY_C_per_mol * 1e-3
HOUR_s, MINUTE_s = 3600.0, 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class IonBalance:
    """Of one ion, in nmol per cm2 of membrane over a whole run.

    `moved` is what each part carried outward. `gained` is what the inside has more than at the
    start, and `shell_gained` the shell; `to_bath` went on from there. `residual` is what is not
    accounted for inside, `shell_residual` outside: rounding.
    """

    ion: str
    moved: Mapping[str, float]
    content: float
    gained: float
    shell_gained: float
    to_bath: float
    residual: float
    shell_residual: float

    @property
    def relative_residual(self) -> float:
        """The larger residual over what is inside or has been moved, whichever is more."""
        whole = max(self.content, *(abs(each) for each in self.moved.values()), 1e-300)
        return max(abs(self.residual), abs(self.shell_residual)) / whole


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeBalance:
    """In uC per cm2: what the currents brought to the capacitance, and what it holds more.

    In a quasi-steady run nothing is left for the capacitance, and `residual` says how much the
    currents would have charged it.
    """

    carried_in: float
    injected: float
    capacitive: float
    throughput: float

    @property
    def residual(self) -> float:
        return self.carried_in + self.injected - self.capacitive

    @property
    def relative_residual(self) -> float:
        """Of all that went through the membrane, in whatever direction."""
        return abs(self.residual) / max(self.throughput, 1e-300)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ledger:
    """Per ion and mechanism, the amounts that a run moved; and its charge and its ATP."""

    t_s: float
    ions: tuple[IonBalance, ...]
    charge: ChargeBalance
    #: Of the cylinder; None of a patch that is none.
    diameter_um: float | None
    #: nmol of ATP per cm2, by part.
    atp_nmol_cm2: Mapping[str, float]

    def __getitem__(self, ion: str) -> IonBalance:
        for balance in self.ions:
            if balance.ion == ion:
                return balance
        raise KeyError(ion)

    @property
    def atp_per_mm(self) -> dict[str, float]:
        """Molecules of ATP per mm of the cylinder, by part; empty of a patch that is none."""
        if self.diameter_um is None:
            return {}
        cm2_per_mm = pi * self.diameter_um * 1e-4 * 0.1
        per_nmol = 1e-9 * AVOGADRO_per_mol * cm2_per_mm
        return {part: per_nmol * amount for part, amount in self.atp_nmol_cm2.items()}

    def __str__(self) -> str:
        lines = [f"after {in_words(self.t_s)}, per cm2 of membrane; outward is positive"]
        for each in self.ions:
            lines.append(f"{each.ion}: gained {each.gained:.6g} nmol inside")
            lines += [f"  {part:<24}{amount: .6g} nmol" for part, amount in each.moved.items()]
            if each.shell_gained or each.to_bath:
                lines.append(
                    f"  shell gained {each.shell_gained:.6g} nmol, bath {each.to_bath:.6g} nmol"
                )
            if each.content:
                lines.append(f"  unaccounted for: {each.relative_residual:.1e} of it")
        charge = self.charge
        lines.append(
            f"charge: currents brought {charge.carried_in:.6g} uC and electrodes "
            f"{charge.injected:.6g} uC, the capacitance took {charge.capacitive:.6g} uC; "
            f"unaccounted for: {charge.relative_residual:.1e} of what went through"
        )
        per_mm = self.atp_per_mm
        for part, amount in self.atp_nmol_cm2.items():
            more = f", {per_mm[part]:.4g} molecules per mm" if per_mm else ""
            lines.append(f"ATP of {part}: {amount:.6g} nmol{more}")
        return "\n".join(lines)


@dataclass(frozen=True, kw_only=True, eq=False)
class LivingResult:
    """Traces of a patch at the times `t_s`, each an array of their length.

    At the time of a step there are two samples, before and after it.
    """

    patch: Patch
    steps: tuple[Step, ...]
    status: Status
    message: str
    quasi_steady: bool
    method: str
    evaluations: int
    t_s: Array
    _states: Array = field(repr=False)
    _pieces: NDArray[np.int64] = field(repr=False)

    @cached_property
    def _system(self) -> System:
        return System(self.patch)

    @property
    def v_mV(self) -> Array:
        found: Array = self._states[0]
        return found

    @property
    def inside_mM(self) -> dict[str, Array]:
        """Of every ion with concentrations, those that are held included."""
        system = self._system
        found = {ion: np.full(self.t_s.size, system.in_mM[ion]) for ion in system.ions}
        first = system.fast_count
        found |= {ion: self._states[first + n] for n, ion in enumerate(system.inside)}
        return found

    @cached_property
    def outside_mM(self) -> dict[str, Array]:
        """Next to the membrane: in the shell where there is one, else in the bath."""
        system = self._system
        first = system.fast_count + len(system.inside)
        if system.outside:
            return {ion: self._states[first + n] for n, ion in enumerate(system.outside)}
        found = {ion: np.full(self.t_s.size, system.out_mM[ion]) for ion in system.ions}
        for number, step in enumerate(self.steps):
            if step.what.endswith("_out_mM"):
                found[step.what.removesuffix("_out_mM")][self._pieces > number] = step.value
        return found

    @property
    def e_mV(self) -> dict[str, Array]:
        """Nernst potential of every ion, and the reversal potentials that are fixed."""
        system = self._system
        inside, outside = self.inside_mM, self.outside_mM
        found = {
            ion: system.thermal_mV / system.valence[ion] * np.log(outside[ion] / inside[ion])
            for ion in system.ions
        }
        return found | {ion: np.full(self.t_s.size, e) for ion, e in system.fixed_mV.items()}

    @property
    def states(self) -> dict[tuple[str, str], Array]:
        """Gates and other states by part and name."""
        return {key: self._states[1 + n] for n, key in enumerate(self._system.states)}

    @property
    def moved_nmol_cm2(self) -> dict[tuple[str, str], Array]:
        """What each part has carried outward of each ion since the start, by part and ion."""
        system = self._system
        return {
            (each.part, each.ion): self._states[system.moving + n]
            for n, each in enumerate(system.carried)
        }

    @property
    def atp_nmol_cm2(self) -> dict[str, Array]:
        """What each part that spends ATP has spent since the start; below 0 where it made some."""
        moved = self.moved_nmol_cm2
        found = {}
        for part in self.patch.parts:
            for ion, count in part.ions_per_atp.items():
                found[part.name] = moved[part.name, ion] / count
                break
        return found

    @cached_property
    def currents_mA_cm2(self) -> dict[tuple[str, str], Array]:
        """Outward current of each ion that each part carries, by part and ion."""
        system = System(self.patch)
        found = np.zeros((len(system.carried), self.t_s.size))
        applied = 0
        for piece in np.unique(self._pieces):
            while applied < piece:
                system.apply(self.steps[applied].what, self.steps[applied].value)
                applied += 1
            here = self._pieces == piece
            flows = system.flows(self._states[:, here])
            for n, each in enumerate(system.carried):
                found[n, here] = flows[each.flow]
        return {(each.part, each.ion): found[n] for n, each in enumerate(system.carried)}

    def current_mA_cm2(self, part: str) -> Array:
        """The net outward current of a part. Raises ModelError where there is none of that name."""
        self.patch.part(part)
        found: Array = np.sum(
            [i for (name, _), i in self.currents_mA_cm2.items() if name == part], axis=0
        )
        return found

    @property
    def injected_uA_cm2(self) -> Array:
        found = np.zeros(self.t_s.size)
        for number, step in enumerate(self.steps):
            if step.what == INJECTED:
                found[self._pieces > number] = step.value
        return found

    def ledger(self, *, start_s: float | None = None, stop_s: float | None = None) -> Ledger:
        """The books from one sample to another: the first and the last, or those nearest to times.

        So the cost of a spike is that of a stretch with it less that of as long a rest. Raises
        ModelError where that is not one sample and a later one.
        """
        begin = 0 if start_s is None else int(np.argmin(np.abs(self.t_s - start_s)))
        end = self.t_s.size - 1 if stop_s is None else int(np.argmin(np.abs(self.t_s - stop_s)))
        if not begin < end:
            raise ModelError(
                f"ledger: start_s {start_s} and stop_s {stop_s} are no two samples in order, "
                f"expected times within {self.t_s[-1] if self.t_s.size else 0.0:g} s"
            )
        system, first, last = self._system, self._states[:, begin], self._states[:, end]
        span = slice(begin, end + 1)
        moved = {key: float(x[end] - x[begin]) for key, x in self.moved_nmol_cm2.items()}
        names = list(dict.fromkeys([*system.ions, *(ion for _, ion in moved)]))
        balances = []
        for ion in names:
            by_part = {part: amount for (part, name), amount in moved.items() if name == ion}
            balances.append(self._ion_balance(ion, by_part, first, last))
        spent = self.atp_nmol_cm2
        return Ledger(
            t_s=float(self.t_s[end] - self.t_s[begin]),
            ions=tuple(balances),
            charge=self._charge_balance(moved, span),
            diameter_um=self.patch.diameter_um,
            atp_nmol_cm2={part: float(x[end] - x[begin]) for part, x in spent.items()},
        )

    def spikes_s(self, threshold_mV: float = 0.0) -> Array:
        """When the potential rises through a threshold, between samples on a straight line."""
        v = self.v_mV
        up = np.nonzero((v[:-1] < threshold_mV) & (v[1:] >= threshold_mV))[0]
        share = (threshold_mV - v[up]) / (v[up + 1] - v[up])
        found: Array = self.t_s[up] + share * (self.t_s[up + 1] - self.t_s[up])
        return found

    def when_s(self, quantity: str, value: float) -> float:
        """When "v_mV", "na_in_mM" or "k_out_mM" first passes a value; NaN if it does not.

        Raises ModelError for a quantity that is not there.
        """
        known = {"v_mV": self.v_mV}
        known |= {f"{ion}_in_mM": trace for ion, trace in self.inside_mM.items()}
        known |= {f"{ion}_out_mM": trace for ion, trace in self.outside_mM.items()}
        if quantity not in known:
            raise ModelError(f"{quantity}: is not there, {expected_one_of(quantity, known)}")
        above = known[quantity] - value
        passed = np.nonzero(above[:-1] * above[1:] <= 0)[0]
        if passed.size == 0:
            return float("nan")
        n = passed[0]
        share = above[n] / (above[n] - above[n + 1]) if above[n] != above[n + 1] else 0.0
        return float(self.t_s[n] + share * (self.t_s[n + 1] - self.t_s[n]))

    def end(self) -> Patch:
        """The patch as the run left it: its concentrations, its bath and its parameters."""
        inside, outside = self.inside_mM, self.outside_mM
        values = {f"{ion}_in_mM": float(trace[-1]) for ion, trace in inside.items()}
        last = int(self._pieces[-1]) if self._pieces.size else 0
        changed = {step.what: step.value for step in self.steps[:last]}
        values |= {what: value for what, value in changed.items() if what.endswith("_out_mM")}
        parameters = {what: value for what, value in changed.items() if "." in what}
        left = self.patch.with_concentrations(values).with_parameters(parameters)
        return left.with_shell({ion: float(trace[-1]) for ion, trace in outside.items()})

    def __str__(self) -> str:
        if self.t_s.size == 0:
            return f"{self.status}: {self.message}"
        how = f"potential and gates {'quasi-steady' if self.quasi_steady else 'live'}"
        reason = f" ({self.message})" if self.message else ""
        inside = ", ".join(f"{ion} {trace[-1]:.5g}" for ion, trace in self.inside_mM.items())
        return (
            f"{self.status}{reason} after {in_words(float(self.t_s[-1]))}, {how}: "
            f"{self.v_mV[0]:.2f} to {self.v_mV[-1]:.2f} mV; inside {inside} mM"
        )

    def _ion_balance(
        self, ion: str, moved: Mapping[str, float], first: Array, last: Array
    ) -> IonBalance:
        system = self._system
        out = sum(moved.values())
        gained = content = shell_gained = shell_residual = to_bath = residual = 0.0
        if ion in system.inside:
            row = system.fast_count + system.inside.index(ion)
            size = self.patch.volume_per_area_um / MM_um_PER_NMOL_CM2
            gained, content = size * (last[row] - first[row]), size * first[row]
            residual = gained + out
        if ion in system.outside:
            assert self.patch.shell is not None
            place = system.outside.index(ion)
            row = system.fast_count + len(system.inside) + place
            size = self.patch.shell.depth_um / MM_um_PER_NMOL_CM2
            shell_gained = size * (last[row] - first[row])
            row = system.moving + len(system.carried) + place
            to_bath = float(last[row] - first[row])
            shell_residual = shell_gained + to_bath - out
        return IonBalance(
            ion=ion,
            moved=moved,
            content=float(content),
            gained=float(gained),
            shell_gained=float(shell_gained),
            to_bath=to_bath,
            residual=float(residual),
            shell_residual=float(shell_residual),
        )

    def _charge_balance(self, moved: Mapping[tuple[str, str], float], span: slice) -> ChargeBalance:
        valence = {**self._system.valence, MIXED: 1.0}
        charges = {key: UC_PER_NMOL * valence[key[1]] * amount for key, amount in moved.items()}
        # A rectangle per sample is exact: injected currents are steps.
        durations_s = np.diff(self.t_s[span])
        injected = float(np.sum(self.injected_uA_cm2[span][1:] * durations_s))
        capacitive = 0.0
        if not self.quasi_steady:
            capacitive = 1e-3 * self.patch.c_m_uF_cm2 * float(np.diff(self.v_mV[span][[0, -1]])[0])
        return ChargeBalance(
            carried_in=-sum(charges.values()),
            injected=injected,
            capacitive=capacitive,
            throughput=sum(abs(each) for each in charges.values()) + abs(injected),
        )


def in_words(t_s: float) -> str:
    """A time in the unit that keeps its number short."""
    for unit_s, unit in ((HOUR_s, "h"), (MINUTE_s, "min"), (1.0, "s")):
        if t_s >= unit_s:
            return f"{t_s / unit_s:.4g} {unit}"
    return f"{1e3 * t_s:.4g} ms"
