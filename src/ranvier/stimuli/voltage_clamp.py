"""Voltage clamp of one electrode: a commanded potential behind a series resistance."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from ranvier.mechanisms import point
from ranvier.places import Place, compartments_at, on_any_mesh
from ranvier.stimuli._points import PointProcess
from ranvier.stimuli._stimulus import Injection, Stimulus
from ranvier.stimuli._waveform import Waveform

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ranvier.discretisation import Discretisation


@dataclass(frozen=True, slots=True, kw_only=True)
class VoltageClamp(Stimulus):
    """(command - v) / series resistance into each compartment of the place `at`.

    The command is `holding_mV` plus `amplitude_mV` times `waveform`. A run that starts from rest
    starts from that of the clamped membrane. The clamp is on from `from_ms` up to `to_ms` (None: to
    the end). The potential follows with the time constant of resistance times capacitance, and
    differs from the command by resistance times current. The electrode's current is recorded by
    `Probe("i_nA", mechanism="voltage_clamp")`, outward like all currents of a membrane, so minus
    what the electrode puts in; `name` calls it something else. It is against ground, so neither
    under a sheath nor beside a potential imposed outside. Raises ValueError for a resistance
    that is not above 0, for a potential that is not finite, and for times in another order.
    """

    waveform: Waveform
    at: Place
    holding_mV: float
    amplitude_mV: float = 0.0
    series_resistance_Mohm: float = 1.0
    from_ms: float = 0.0
    to_ms: float | None = None
    name: str = "voltage_clamp"

    def __post_init__(self) -> None:
        if not (self.series_resistance_Mohm > 0 and math.isfinite(self.series_resistance_Mohm)):
            raise ValueError(
                f"voltage clamp: series_resistance_Mohm is {self.series_resistance_Mohm}, expected "
                "a finite number above 0"
            )
        if not (math.isfinite(self.holding_mV) and math.isfinite(self.amplitude_mV)):
            raise ValueError(
                f"voltage clamp: holding_mV is {self.holding_mV} and amplitude_mV "
                f"{self.amplitude_mV}, expected finite numbers"
            )
        end_ms = math.inf if self.to_ms is None else self.to_ms
        if not 0.0 <= self.from_ms < end_ms:
            raise ValueError(
                f"voltage clamp: is on from {self.from_ms} to {end_ms} ms, expected from 0 or "
                "later to a later time"
            )

    def points(self, discretisation: Discretisation) -> list[PointProcess]:
        """What it places. Raises ModelError if the place does not exist."""
        t_ms, arguments = self._events()
        return [
            PointProcess(
                mechanism=point("voltage_clamp"),
                name=self.name,
                compartments=compartments_at(discretisation, self.at),
                parameters={
                    "start_uS": self._conductance_uS(0.0),
                    "holding_mV": self.holding_mV,
                },
                t_ms=t_ms,
                arguments=arguments,
            )
        ]

    def _events(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Times (n,), and potential, slope and conductance from there (n, 3)."""
        pieces = self.waveform.lower()
        knots_ms = np.asarray(pieces.t_ms, dtype=np.float64)
        command_mV = self.holding_mV + self.amplitude_mV * np.asarray(pieces.value)
        switches = [self.from_ms] if self.to_ms is None else [self.from_ms, self.to_ms]
        times_ms = np.unique([0.0, *switches, *knots_ms[knots_ms > 0]])
        rows = []
        for t_ms in times_ms:
            # The piece that begins here or goes on: of a jump, what comes after it.
            k = int(np.searchsorted(knots_ms, t_ms, side="right"))
            to_mV, slope = self.holding_mV, 0.0
            if 0 < k < knots_ms.size:
                slope = (command_mV[k] - command_mV[k - 1]) / (knots_ms[k] - knots_ms[k - 1])
                to_mV = command_mV[k - 1] + slope * (t_ms - knots_ms[k - 1])
            rows.append((to_mV, slope, self._conductance_uS(float(t_ms))))
        return times_ms, np.array(rows)

    def _conductance_uS(self, t_ms: float) -> float:
        is_on = self.from_ms <= t_ms < (math.inf if self.to_ms is None else self.to_ms)
        return 1.0 / self.series_resistance_Mohm if is_on else 0.0

    def injections(self, discretisation: Discretisation) -> list[Injection]:
        """None: its current depends on the potential."""
        return []

    def scaled(self, factor: float) -> VoltageClamp:
        return replace(self, amplitude_mV=factor * self.amplitude_mV)

    def on_any_mesh(self, discretisation: Discretisation) -> VoltageClamp:
        return replace(self, at=on_any_mesh(discretisation, self.at))

    @property
    def amplitude(self) -> float:
        return self.amplitude_mV

    @property
    def unit(self) -> str:
        return "mV"

    @property
    def end_ms(self) -> float:
        return self.waveform.end_ms
