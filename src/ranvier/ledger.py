"""What a run has moved where ions accumulate: by which mechanism, where to, and what is left.

    result = rv.simulate(...)
    print(result.ledger)

Knows nothing of how it was computed. Amounts are in fmol, charges in pC; outward is positive.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int32]

#: CODATA 2018, exact.
_FARADAY_C_PER_MOL = 96485.33212331001
#: Of a charge of one.
_FMOL_PER_PC = 1e3 / _FARADAY_C_PER_MOL
_FMOL_PER_AMOL = 1e-3


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class MovedCharge:
    """What one current of one mechanism has carried outward. `ion` is None for a current of mixed
    ions, as of a leak. Shapes: compartments and charge_pC (rows,)."""

    mechanism: str
    ion: str | None
    valence: int
    compartments: IntArray
    charge_pC: FloatArray

    @property
    def moved_fmol(self) -> FloatArray:
        """The ion, outward, (rows,). NaN where its valence is not known."""
        if self.valence == 0:
            return np.full(self.charge_pC.shape, np.nan)
        return self.charge_pC * (_FMOL_PER_PC / self.valence)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Store:
    """One ion in one layer, "inside" or "outside". Shapes: (n,) each, one per compartment.

    `capacity_um3` is the amount per concentration (fmol = 1e-3 um3 mM): a volume, times what a
    buffer holds. Held compartments are a bath, whose concentration stays: what they take is in
    `exchanged_fmol`, which like `diffused_fmol`, along the cable, is into the compartment.
    """

    ion: str
    layer: str
    valence: int
    capacity_um3: FloatArray
    is_held: NDArray[np.bool_]
    start_mM: FloatArray
    now_mM: FloatArray
    #: Now less the start, to more digits than the difference of the two has.
    gained_fmol: FloatArray
    diffused_fmol: FloatArray
    exchanged_fmol: FloatArray

    @property
    def start_fmol(self) -> float:
        """In all compartments."""
        return self._total(self.start_mM)

    @property
    def now_fmol(self) -> float:
        """In all compartments."""
        return self._total(self.now_mM)

    def _total(self, concentration_mM: FloatArray) -> float:
        live = ~self.is_held
        return float(self.capacity_um3[live] @ concentration_mM[live]) * _FMOL_PER_AMOL


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Ledger:
    """Everything that was moved from t = 0 to `t_ms`, and where it is now."""

    t_ms: float
    currents: tuple[MovedCharge, ...]
    stores: tuple[Store, ...]

    def store(self, ion: str, layer: str) -> Store:
        """Raises KeyError where that ion does not accumulate there."""
        for each in self.stores:
            if (each.ion, each.layer) == (ion, layer):
                return each
        there = ", ".join(f"{each.ion} {each.layer}" for each in self.stores)
        raise KeyError(f"store {ion} {layer}: does not accumulate, expected one of: {there}")

    def charge_pC(self) -> FloatArray:
        """Carried outward by all currents, (n,): what has left the membrane's capacitance, but for
        what came along the cable or from a stimulus."""
        total = np.zeros(self.stores[0].capacity_um3.size)
        for each in self.currents:
            total[each.compartments] += each.charge_pC
        return total

    def moved_fmol(self, ion: str, mechanism: str | None = None) -> FloatArray:
        """Carried outward of an ion by a mechanism (None: by all), (n,). Raises KeyError where no
        such current is."""
        total = np.zeros(self.stores[0].capacity_um3.size)
        found = False
        for each in self.currents:
            if each.ion == ion and mechanism in (None, each.mechanism):
                total[each.compartments] += each.moved_fmol
                found = True
        if not found:
            there = ", ".join(f"{each.ion} of {each.mechanism}" for each in self.currents)
            raise KeyError(f"current {ion} of {mechanism}: is not there, expected one of: {there}")
        return total

    def unaccounted_fmol(self, ion: str, layer: str) -> FloatArray:
        """What a store has gained and nothing has brought, (n,): rounding."""
        store = self.store(ion, layer)
        carries = any(each.ion == ion for each in self.currents)
        outward = self.moved_fmol(ion) if carries else np.zeros(store.capacity_um3.size)
        brought = outward if layer == "outside" else -outward
        return store.gained_fmol - brought - store.diffused_fmol - store.exchanged_fmol

    def drift(self, ion: str) -> float:
        """What is unaccounted for of all that there was of an ion, in both layers, as a share."""
        stores = [each for each in self.stores if each.ion == ion]
        lost = sum(float(self.unaccounted_fmol(ion, each.layer).sum()) for each in stores)
        return abs(lost) / sum(each.start_fmol for each in stores)

    def atp_fmol(self, pump: str, *, ion: str = "na", ions_per_atp: float = 3.0) -> FloatArray:
        """What a pump has spent, (n,), from the ions that it has moved outward for each ATP: 3 Na
        of a sodium-potassium pump."""
        return self.moved_fmol(ion, pump) / ions_per_atp

    def __str__(self) -> str:
        lines = [f"{'ion':<6}{'layer':<9}{'start fmol':>14}{'now fmol':>14}{'gained':>13}"]
        lines[0] += f"{'currents':>13}{'bath':>13}{'rounding':>11}"
        for each in self.stores:
            left = self.unaccounted_fmol(each.ion, each.layer).sum()
            bath = each.exchanged_fmol.sum()
            live = ~each.is_held
            gained = each.gained_fmol[live].sum()
            lines.append(
                f"{each.ion:<6}{each.layer:<9}{each.start_fmol:>14.7g}{each.now_fmol:>14.7g}"
                f"{gained:>13.5g}{gained - bath - left:>13.5g}{bath:>13.5g}{left:>11.2g}"
            )
        lines += ["", f"{'mechanism':<24}{'ion':<8}{'outward pC':>13}{'fmol':>13}"]
        for current in self.currents:
            lines.append(
                f"{current.mechanism:<24}{current.ion or 'mixed':<8}"
                f"{current.charge_pC.sum():>13.5g}"
                + (f"{current.moved_fmol.sum():>13.5g}" if current.valence else "")
            )
        return "\n".join(lines)


def ledger_of(books: Mapping[str, Any]) -> Ledger | None:
    """From what the core keeps; None where no ion accumulates."""
    if not books["stores"]:
        return None
    stores = []
    for each in books["stores"]:
        is_held = each["is_held"].astype(bool)
        change_mM = (each["now_mM"] - each["start_mM"]) + each["change_rest_mM"]
        stores.append(
            Store(
                ion=each["ion"],
                layer=each["layer"],
                valence=each["valence"],
                capacity_um3=each["capacity_um3"],
                is_held=is_held,
                start_mM=each["start_mM"],
                now_mM=each["now_mM"],
                gained_fmol=np.where(is_held, 0.0, each["capacity_um3"] * change_mM)
                * _FMOL_PER_AMOL,
                diffused_fmol=each["diffused_amol"] * _FMOL_PER_AMOL,
                exchanged_fmol=each["exchanged_amol"] * _FMOL_PER_AMOL,
            )
        )
    return Ledger(
        t_ms=books["t_ms"],
        currents=tuple(MovedCharge(**each) for each in books["currents"]),
        stores=tuple(stores),
    )


def described(ledger: Ledger) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """All but arrays as what JSON holds, and the arrays by name, for files."""
    header: dict[str, Any] = {"t_ms": ledger.t_ms}
    arrays: dict[str, NDArray[Any]] = {}
    for kind in ("currents", "stores"):
        header[kind] = []
        for k, entry in enumerate(getattr(ledger, kind)):
            values = {each.name: getattr(entry, each.name) for each in fields(entry)}
            is_array = {name: isinstance(value, np.ndarray) for name, value in values.items()}
            header[kind].append({name: v for name, v in values.items() if not is_array[name]})
            arrays.update(
                (f"ledger/{kind}/{k}/{name}", v) for name, v in values.items() if is_array[name]
            )
    return header, arrays


def from_arrays(header: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Ledger:
    """What `described` gave. Raises KeyError where an array is missing."""

    def entries(kind: str, made: type[Any]) -> tuple[Any, ...]:
        found = []
        for k, plain in enumerate(header[kind]):
            names = [each.name for each in fields(made) if each.name not in plain]
            columns = {name: arrays[f"ledger/{kind}/{k}/{name}"] for name in names}
            found.append(made(**plain, **columns))
        return tuple(found)

    return Ledger(
        t_ms=header["t_ms"],
        currents=entries("currents", MovedCharge),
        stores=entries("stores", Store),
    )
