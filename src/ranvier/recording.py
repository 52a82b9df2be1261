"""What to record: probes (traces), spike detectors (crossing times) and maps of peaks."""

from __future__ import annotations

import os
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

import numpy as np

from ranvier import _core
from ranvier.errors import ModelError
from ranvier.places import Place, compartments_at
from ranvier.sample_files import SampleFile

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ranvier._core import Discretisation
    from ranvier.methods import Method

#: Of a mechanism, and their units.
CURRENTS = {"i_mA_cm2": "mA/cm2", "i_nA": "nA"}
#: Layer whose potential a quantity is, against ground.
_LAYERS = {"v_axoplasm_mV": 0, "v_periaxonal_mV": 1}

#: What of an ion can be recorded: its concentration inside or outside, its reversal potential.
_OF_ION = re.compile(r"(?P<inside>\w+)_in_mM|(?P<outside>\w+)_out_mM|e_(?P<potential>\w+)_mV")


@dataclass(frozen=True, slots=True)
class Probe:
    """Records one quantity at some places.

    `quantity` is "v_mV" (membrane potential: inside minus the layer just outside), "v_axoplasm_mV"
    or "v_periaxonal_mV" (that layer against ground), with a `mechanism` "i_mA_cm2" (its outward
    current density), "i_nA" (the outward current of a synapse or an electrode) or the name of one
    of its gates, and of each ion such as k "k_in_mM" and "k_out_mM" (its concentrations) and
    "e_k_mV" (its reversal potential). `at` is a place (None: everywhere, or for a mechanism
    wherever it is); `every_ms` the interval between samples (None: every step). A method of fixed
    step takes whole multiples of its step; one that chooses its steps takes any interval and fills
    it in by its dense output.

    With `to`, the name of a .npy file, samples go to disk while the run goes on, and of them at
    most `hold_MB` are in memory at a time, or those of a single step where that is more. The times
    go beside it: `to="v.npy"` writes v.npy, (m, c), and v.t_ms.npy, (m,), and replaces what was
    there. The values of the trace are then a read-only memory map of the file. For one run at a
    time: `simulate_batch` takes no such probe, and `converge` records in memory.
    """

    quantity: str = "v_mV"
    at: Place = None
    mechanism: str | None = None
    every_ms: float | None = None
    to: str | os.PathLike[str] | None = field(default=None, kw_only=True)
    hold_MB: float = field(default=64.0, kw_only=True)

    @property
    def unit(self) -> str:
        """Of the recorded values; gates have none."""
        if self.mechanism is not None:
            return CURRENTS.get(self.quantity, "1")
        return "mM" if self.quantity.endswith("_mM") else "mV"


@dataclass(frozen=True, slots=True)
class SpikeDetector:
    """Notes when the membrane potential rises through `threshold_mV`, between steps by the method's
    own curve, at every compartment of the place `at` (None: everywhere). Keeps no traces.

    With `keep` only the first so many crossings of each compartment are kept, and the others
    counted: then memory is bounded, by 20 bytes per crossing kept, however long a train is. 1 is
    enough for latencies and velocities, 0 for counts.
    """

    threshold_mV: float = -20.0
    at: Place = None
    keep: int | None = field(default=None, kw_only=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class PeakMap:
    """Finds the highest membrane potential of every compartment of the place `at` (None:
    everywhere), and when that was, while the run goes on and without traces.

    Looks at the end of every step, or every `every_ms`, a whole multiple of a fixed step, and takes
    the highest potential that it saw: nothing is filled in between two looks, so that a peak is too
    low by about v'' T^2 / 8 and late or early by up to T / 2, where T is the time between looks. A
    look takes little, but for compartments under a sheath, where it takes longer than the step.
    """

    at: Place = None
    every_ms: float | None = None


@dataclass(frozen=True, slots=True)
class LoweredProbe:
    """A probe with its places resolved, and the form of it that the core takes."""

    probe: Probe
    compartments: NDArray[np.int32]
    core: _core.CoreProbe
    file: SampleFile | None = None
    steps_at_once: int = sys.maxsize  # after so many, samples have to go to the file


@dataclass(frozen=True, slots=True)
class LoweredDetector:
    """A detector with its places resolved."""

    detector: SpikeDetector
    compartments: NDArray[np.int32]

    @property
    def core(self) -> _core.CoreDetector:
        """The form of it that the core takes, made anew: a copy of its places takes memory."""
        return _core.CoreDetector(
            threshold_mV=self.detector.threshold_mV,
            compartment=self.compartments,
            keep=self.detector.keep,
        )

    def sees_the_same(self, other: LoweredDetector) -> bool:
        return self.detector.threshold_mV == other.detector.threshold_mV and np.array_equal(
            self.compartments, other.compartments
        )


@dataclass(frozen=True, slots=True)
class LoweredPeakMap:
    """A map of peaks with its places resolved, and the form of it that the core takes."""

    compartments: NDArray[np.int32]
    core: _core.CorePeakMap


def lower_detector(detector: SpikeDetector, discretisation: Discretisation) -> LoweredDetector:
    """Resolves places. Raises ModelError where the detector does not fit the model."""
    return LoweredDetector(detector, compartments_at(discretisation, detector.at))


def lower_peak_map(
    peak_map: PeakMap, discretisation: Discretisation, method: Method
) -> LoweredPeakMap:
    """Resolves places and times. Raises ModelError where the map does not fit model or method."""
    if method.is_adaptive and peak_map.every_ms is not None:
        raise ModelError(
            f"peak map: every_ms is {peak_map.every_ms:g}, expected None with a method that "
            "chooses its steps: it looks at every step"
        )
    interval = _interval("peak map", peak_map.every_ms, method)
    compartments = compartments_at(discretisation, peak_map.at)
    core = _core.CorePeakMap(compartment=compartments, every_steps=interval["every_steps"])
    return LoweredPeakMap(compartments, core)


def lower_probe(probe: Probe, discretisation: Discretisation, method: Method) -> LoweredProbe:
    """Resolves places and times. Raises ModelError where the probe does not fit the model."""
    interval = _interval(f"probe {probe.quantity!r}", probe.every_ms, method)
    if probe.mechanism is None:
        compartments = compartments_at(discretisation, probe.at)
        if (of_ion := _OF_ION.fullmatch(probe.quantity)) is not None:
            which, ion = next((key, name) for key, name in of_ion.groupdict().items() if name)
            core = _core.CoreProbe(
                quantity="e_mV" if which == "potential" else "mM",
                compartment=compartments,
                layer=int(which == "outside"),
                ion=ion,
                **interval,
            )
            return _with_file(probe, compartments, core, interval, method)
        if probe.quantity not in {"v_mV", *_LAYERS}:
            known = ", ".join(["v_mV", *_LAYERS])
            raise ModelError(
                f"probe {probe.quantity!r}: is unknown, expected one of {known}, "
                "of an ion such as k k_in_mM, k_out_mM or e_k_mV, "
                "or a mechanism= with i_mA_cm2, i_nA or a gate"
            )
        quantity = "layer_mV" if probe.quantity in _LAYERS else "v_mV"
        core = _core.CoreProbe(
            quantity=quantity,
            compartment=compartments,
            layer=_LAYERS.get(probe.quantity, 0),
            **interval,
        )
        return _with_file(probe, compartments, core, interval, method)
    carried = discretisation.to_dict()["mechanisms"].get(probe.mechanism)
    if probe.at is None and carried is not None:
        compartments = carried["compartment"]
    else:
        compartments = compartments_at(discretisation, probe.at)
    is_current = probe.quantity in CURRENTS
    core = _core.CoreProbe(
        quantity=probe.quantity if is_current else "gate",
        compartment=compartments,
        mechanism=probe.mechanism,
        gate="" if is_current else probe.quantity,
        **interval,
    )
    return _with_file(probe, compartments, core, interval, method)


class _Interval(TypedDict):
    every_steps: int
    every_ms: float


def _with_file(
    probe: Probe,
    compartments: NDArray[np.int32],
    core: _core.CoreProbe,
    interval: _Interval,
    method: Method,
) -> LoweredProbe:
    """With the file that its samples go to, if it asks for one, and how soon they have to."""
    if probe.to is None:
        return LoweredProbe(probe, compartments, core)
    subject = f"probe {probe.quantity!r}"
    path = Path(probe.to).absolute()
    if path.suffix != ".npy":
        raise ModelError(f"{subject}: to is '{probe.to}', expected the name of a .npy file")
    if not path.parent.is_dir():
        raise ModelError(f"{subject}: there is no folder {path.parent}, expected one for its file")
    if not probe.hold_MB > 0:
        raise ModelError(f"{subject}: hold_MB is {probe.hold_MB:g}, expected more than 0")
    # Twice: as the core holds them, and as they are handed over.
    row_bytes = 2 * 8 * max(1, compartments.size)
    rows = max(1.0, min(probe.hold_MB * 1e6 / row_bytes, 2.0**31))
    rows_per_step = 1.0
    if interval["every_ms"] > 0:
        rows_per_step = max(1.0, method.parameters["dt_max_ms"] / interval["every_ms"])
    steps = max(1, int(rows / rows_per_step)) * interval["every_steps"]
    return LoweredProbe(probe, compartments, core, SampleFile(path, compartments.size), steps)


def _interval(subject: str, every_ms: float | None, method: Method) -> _Interval:
    """When the core is to look: by steps, or by time where the steps are not known before."""
    if every_ms is None:
        return {"every_steps": 1, "every_ms": 0.0}
    problem = f"{subject}: every_ms is {every_ms:g}"
    if method.is_adaptive:
        if not (every_ms > 0 and np.isfinite(every_ms)):
            raise ModelError(f"{problem}, expected a finite number above 0")
        return {"every_steps": 1, "every_ms": every_ms}
    dt_ms = method.dt_ms
    every_steps = round(every_ms / dt_ms) if np.isfinite(every_ms) else 0
    if every_steps < 1 or abs(every_steps * dt_ms - every_ms) > 1e-6 * dt_ms:
        raise ModelError(f"{problem}, expected a whole multiple of dt_ms = {dt_ms:g}")
    return {"every_steps": every_steps, "every_ms": 0.0}
