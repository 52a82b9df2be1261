"""The equivalent circuit of a patch of membrane: a capacitor beside batteries behind resistors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass

import numpy as np
from numpy.typing import ArrayLike

from ranvier.membrane._inputs import (
    FloatArray,
    Real,
    finite,
    not_negative,
    plain,
    positive,
    same_shape,
    things,
)

#: uF/cm2 over S/cm2 is us.
MS_PER_US = 1e-3
#: ohm cm2 over um2 is 1e8 ohm.
MOHM = 1e2


@dataclass(frozen=True, slots=True, eq=False)
class Branch:
    """A battery `e_mV` in series with a conductance, of one ion or one kind of channel.

    Each a number or an array. The conductance is the chord conductance, current over driving force,
    which is not below 0. Raises ValueError for one that is, for NaN and for shapes that do not
    broadcast.
    """

    name: str
    _: KW_ONLY
    g_S_cm2: ArrayLike
    e_mV: ArrayLike

    def __post_init__(self) -> None:
        subject = f"branch {self.name!r}:"
        arrays = {
            "g_S_cm2": not_negative(f"{subject} g_S_cm2", self.g_S_cm2),
            "e_mV": finite(f"{subject} e_mV", self.e_mV),
        }
        same_shape(**arrays)
        for field, array in arrays.items():
            array.flags.writeable = False
            object.__setattr__(self, field, float(array) if array.ndim == 0 else array)


def _conductances(
    branches: Sequence[Branch], **others: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Total conductance, and the total of conductance times battery."""
    same_shape(
        **{f"g_S_cm2 of {each.name!r}": np.asarray(each.g_S_cm2) for each in branches},
        **{f"e_mV of {each.name!r}": np.asarray(each.e_mV) for each in branches},
        **others,
    )
    total = np.asarray(sum(np.asarray(each.g_S_cm2) for each in branches))
    if np.any(total <= 0):
        raise ValueError(
            f"branches: {', '.join(each.name for each in branches)} have no conductance, expected "
            "one above 0"
        )
    driven = np.asarray(sum(np.asarray(each.g_S_cm2) * np.asarray(each.e_mV) for each in branches))
    return total, driven


def chord_conductance_mV(branches: Sequence[Branch], *, pump_mA_cm2: ArrayLike = 0.0) -> Real:
    """Where currents cancel: (sum of g e - pump) / sum of g, the average of batteries by weight.

    Hodgkin & Horowicz 1959, doi:10.1113/jphysiol.1959.sp006278. `pump_mA_cm2` is the net current of
    pumps, outward positive, so that the sodium pump, 3 out for 2 in, makes it more negative.

    Shape: the branches' fields and the pump broadcast. Raises TypeError for anything but a sequence
    of Branch, ValueError for none, two of one name, no conductance, NaN, or shapes that do not
    broadcast.
    """
    checked = things("branches", branches, Branch)
    pump = finite("pump_mA_cm2:", pump_mA_cm2)
    total, driven = _conductances(checked, pump_mA_cm2=pump)
    return plain((driven - pump) / total)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Patch:
    """A capacitor, branches and a pump side by side: C dv/dt = injected - pump - sum of g (v - e).

    Thevenin's theorem makes one branch of them: the battery `thevenin_mV` behind
    `resistance_ohm_cm2`. Currents are densities, outward positive but for the injected one.

    Shapes: all fields broadcast. Raises as `chord_conductance_mV`, and ValueError for a capacitance
    that is not above 0.
    """

    c_m_uF_cm2: ArrayLike
    branches: Sequence[Branch]
    pump_mA_cm2: ArrayLike = 0.0

    def __post_init__(self) -> None:
        capacitance = positive("c_m_uF_cm2:", self.c_m_uF_cm2)
        pump = finite("pump_mA_cm2:", self.pump_mA_cm2)
        branches = things("branches", self.branches, Branch)
        _conductances(branches, c_m_uF_cm2=capacitance, pump_mA_cm2=pump)
        object.__setattr__(self, "branches", branches)
        for field, array in (("c_m_uF_cm2", capacitance), ("pump_mA_cm2", pump)):
            array.flags.writeable = False
            object.__setattr__(self, field, float(array) if array.ndim == 0 else array)

    @property
    def thevenin_mV(self) -> Real:
        """Where the membrane settles by itself: the chord conductance equation, pump included."""
        return chord_conductance_mV(self.branches, pump_mA_cm2=self.pump_mA_cm2)

    @property
    def conductance_S_cm2(self) -> Real:
        return plain(_conductances(self.branches)[0])

    @property
    def resistance_ohm_cm2(self) -> Real:
        """The branches side by side: one over the sum of conductances. 1e3 to 1e5 is usual."""
        return plain(1.0 / np.asarray(self.conductance_S_cm2))

    @property
    def time_constant_ms(self) -> Real:
        """Resistance times capacitance, whatever the area."""
        capacitance = np.asarray(self.c_m_uF_cm2, dtype=np.float64)
        return plain(MS_PER_US * capacitance / self.conductance_S_cm2)

    def input_resistance_Mohm(self, area_um2: ArrayLike) -> Real:
        """Of that much membrane at one potential: mV per nA in the steady state.

        Raises ValueError for an area that is not above 0, and for shapes that do not broadcast.
        """
        area = positive("area_um2:", area_um2)
        resistance = np.asarray(self.resistance_ohm_cm2)
        same_shape(area_um2=area, resistance_ohm_cm2=resistance)
        return plain(MOHM * resistance / area)

    def currents_mA_cm2(self, v_mV: ArrayLike) -> dict[str, Real]:
        """g (v - e) of each branch by its name, outward positive; at rest they cancel the pump.

        Raises ValueError for NaN and for shapes that do not broadcast.
        """
        v = finite("v_mV:", v_mV)
        _conductances(self.branches, v_mV=v)
        return {
            each.name: plain(np.asarray(each.g_S_cm2) * (v - np.asarray(each.e_mV)))
            for each in self.branches
        }

    def response_mV(
        self, t_ms: ArrayLike, *, v_init_mV: ArrayLike, injected_mA_cm2: ArrayLike = 0.0
    ) -> Real:
        """The potential after t_ms of a constant injected current: one exponential, exact.

        Shape: all broadcast. Raises ValueError for a negative time, NaN, and shapes that do not
        broadcast.
        """
        t = not_negative("t_ms:", t_ms)
        start = finite("v_init_mV:", v_init_mV)
        injected = finite("injected_mA_cm2:", injected_mA_cm2)
        settled = np.asarray(self.thevenin_mV)
        same_shape(t_ms=t, v_init_mV=start, injected_mA_cm2=injected, thevenin_mV=settled)
        end = settled + injected * self.resistance_ohm_cm2
        return plain(end + (start - end) * np.exp(-t / self.time_constant_ms))
