"""What to record: probes (traces) and spike detectors (crossing times without traces)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypedDict

import numpy as np

from ranvier import _core
from ranvier.errors import ModelError
from ranvier.places import Place, compartments_at

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ranvier._core import Discretisation
    from ranvier.methods import Method

#: Layer whose potential a quantity is, against ground.
_LAYERS = {"v_axoplasm_mV": 0, "v_periaxonal_mV": 1}


@dataclass(frozen=True, slots=True)
class Probe:
    """Records one quantity at some places.

    `quantity` is "v_mV" (membrane potential: inside minus the layer just outside), "v_axoplasm_mV"
    or "v_periaxonal_mV" (that layer against ground), and with a `mechanism` "i_mA_cm2" (its outward
    current density) or the name of one of its gates. `at` is a place (None: everywhere, or for a
    mechanism wherever it is); `every_ms` the interval between samples (None: every step). A method
    of fixed step takes whole multiples of its step; one that chooses its steps takes any interval
    and fills it in by its dense output.
    """

    quantity: str = "v_mV"
    at: Place = None
    mechanism: str | None = None
    every_ms: float | None = None

    @property
    def unit(self) -> str:
        """Of the recorded values; gates have none."""
        if self.mechanism is not None:
            return "mA/cm2" if self.quantity == "i_mA_cm2" else "1"
        return "mV"


@dataclass(frozen=True, slots=True)
class SpikeDetector:
    """Notes when the membrane potential rises through `threshold_mV`, between steps by the method's
    own curve, at every compartment of the place `at` (None: everywhere). Keeps no traces."""

    threshold_mV: float = -20.0
    at: Place = None


@dataclass(frozen=True, slots=True)
class LoweredProbe:
    """A probe with its places resolved, and the form of it that the core takes."""

    probe: Probe
    compartments: NDArray[np.int32]
    core: _core.CoreProbe


@dataclass(frozen=True, slots=True)
class LoweredDetector:
    """A detector with its places resolved, and the form of it that the core takes."""

    threshold_mV: float
    compartments: NDArray[np.int32]
    core: _core.CoreDetector


def lower_detector(detector: SpikeDetector, discretisation: Discretisation) -> LoweredDetector:
    """Resolves places. Raises ModelError where the detector does not fit the model."""
    compartments = compartments_at(discretisation, detector.at)
    core = _core.CoreDetector(threshold_mV=detector.threshold_mV, compartment=compartments)
    return LoweredDetector(detector.threshold_mV, compartments, core)


def lower_probe(probe: Probe, discretisation: Discretisation, method: Method) -> LoweredProbe:
    """Resolves places and times. Raises ModelError where the probe does not fit the model."""
    interval = _interval(probe, method)
    if probe.mechanism is None:
        compartments = compartments_at(discretisation, probe.at)
        if probe.quantity not in {"v_mV", *_LAYERS}:
            known = ", ".join(["v_mV", *_LAYERS])
            raise ModelError(
                f"probe {probe.quantity!r}: is unknown, expected one of {known}, "
                "or a mechanism= with i_mA_cm2 or a gate"
            )
        quantity = "layer_mV" if probe.quantity in _LAYERS else "v_mV"
        core = _core.CoreProbe(
            quantity=quantity,
            compartment=compartments,
            layer=_LAYERS.get(probe.quantity, 0),
            **interval,
        )
        return LoweredProbe(probe, compartments, core)
    carried = discretisation.to_dict()["mechanisms"].get(probe.mechanism)
    if probe.at is None and carried is not None:
        compartments = carried["compartment"]
    else:
        compartments = compartments_at(discretisation, probe.at)
    is_current = probe.quantity == "i_mA_cm2"
    core = _core.CoreProbe(
        quantity="i_mA_cm2" if is_current else "gate",
        compartment=compartments,
        mechanism=probe.mechanism,
        gate="" if is_current else probe.quantity,
        **interval,
    )
    return LoweredProbe(probe, compartments, core)


class _Interval(TypedDict):
    every_steps: int
    every_ms: float


def _interval(probe: Probe, method: Method) -> _Interval:
    """When the core is to sample: by steps, or by time where the steps are not known before."""
    if probe.every_ms is None:
        return {"every_steps": 1, "every_ms": 0.0}
    subject = f"probe {probe.quantity!r}: every_ms is {probe.every_ms:g}"
    if method.is_adaptive:
        if not (probe.every_ms > 0 and np.isfinite(probe.every_ms)):
            raise ModelError(f"{subject}, expected a finite number above 0")
        return {"every_steps": 1, "every_ms": probe.every_ms}
    dt_ms = method.dt_ms
    every_steps = round(probe.every_ms / dt_ms) if np.isfinite(probe.every_ms) else 0
    if every_steps < 1 or abs(every_steps * dt_ms - probe.every_ms) > 1e-6 * dt_ms:
        raise ModelError(f"{subject}, expected a whole multiple of dt_ms = {dt_ms:g}")
    return {"every_steps": every_steps, "every_ms": 0.0}
