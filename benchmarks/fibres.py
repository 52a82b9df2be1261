"""Is every fibre of the library what its paper, or NEURON with the paper's files, says it is?

    python benchmarks/fibres.py [NAME ...]

Rest, velocity at two diameters or more, height and width of the spike, each with where the number
is from and how far off it may be. Numbers that NEURON gave at a step of backward Euler are compared
at the same step and scheme. Exit code 1 if one is off.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import ranvier as rv
from ranvier.places import compartments_at

#: The middle of an axon, clear of the stimulus and of the sealed end.
BETWEEN = (0.35, 0.75)
PYFIBERS = "PyFibers 0.13, NEURON 9.0.2, 5 us"
NEURON = "NEURON 9.0.2, 1 us"
SQRT_LAW = "square root of the diameter"
PROPORTIONAL = "in proportion to the diameter"
#: What fixed concentrations change against models in which they move.
FIXED = ", concentrations moving"


@dataclass(frozen=True)
class Known:
    """A number with its source. `tolerance` is relative; of "rest" and "peak" it is in mV."""

    what: str  # "rest", "velocity", "peak" or "width"
    value: float
    tolerance: float
    source: str


@dataclass(frozen=True)
class Case:
    fibre: str
    known: list[Known]
    options: dict[str, Any] = field(default_factory=dict)
    method: rv.Method = field(default_factory=lambda: euler(1e-3))

    @property
    def title(self) -> str:
        chosen = ", ".join(f"{key} {value}" for key, value in self.options.items())
        return f"{self.fibre} {chosen}".strip()


def euler(dt_ms: float) -> rv.Method:
    return rv.Method("backward_euler", dt_ms=dt_ms)


def axon(
    fibre: str,
    rest_mV: tuple[float, float],
    velocity: tuple[float, float],
    peak_mV: tuple[float, float],
    width_ms: tuple[float, float],
    *,
    source: str = PYFIBERS,
    others: dict[float, tuple[float, str]] | None = None,
) -> Iterator[Case]:
    """An unmyelinated axon of 1 um, every number with its tolerance, and other diameters."""
    yield Case(
        fibre,
        [
            Known("rest", *rest_mV, source),
            Known("velocity", *velocity, source),
            Known("peak", *peak_mV, source),
            Known("width", *width_ms, source),
        ],
        method=euler(5e-3),
    )
    for diameter_um, (velocity_m_per_s, of) in (others or {}).items():
        yield Case(
            fibre,
            [Known("velocity", velocity_m_per_s, velocity[1], of)],
            {"diameter_um": diameter_um},
            euler(5e-3),
        )


def myelinated(
    fibre: str,
    rest_mV: tuple[float, float],
    velocities: dict[float, tuple[float, str]],
    *,
    tolerance: float = 1.5e-3,
    source: str = NEURON,
    also: list[Known] | None = None,
    nodes: int = 31,
) -> Iterator[Case]:
    """A myelinated fibre of several diameters, rest and shape with the first."""
    extra = [Known("rest", *rest_mV, source), *(also or [])]
    for diameter_um, (velocity_m_per_s, of) in velocities.items():
        known = [*extra, Known("velocity", velocity_m_per_s, tolerance, of)]
        yield Case(fibre, known, {"diameter_um": diameter_um, "nodes": nodes})
        extra = []


def cases() -> Iterator[Case]:
    squid = "NEURON 9.0.2 without tables, limit in dt"
    yield Case(
        "hodgkin_huxley",
        [
            Known("rest", -64.9964, 1e-4, "roots of the equations"),
            Known("velocity", 18.732, 1e-3, squid),
            Known("velocity", 18.8, 5e-3, "paper, by hand"),
            Known("peak", 25.58, 0.05, squid),
            Known("width", 0.4928, 5e-3, squid),
        ],
        method=rv.Method(dt_ms=2e-3),
    )
    yield Case(
        "hodgkin_huxley",
        [Known("velocity", 0.56434 * math.sqrt(100.0), 1e-3, squid)],
        {"diameter_um": 100.0, "temperature_degC": 6.3, "length_um": 5e4},
        rv.Method(dt_ms=2e-3),
    )
    yield from myelinated(
        "mrg",
        (-79.9595, 0.01),
        {10.0: (55.179, NEURON), 5.7: (25.266, NEURON), 16.0: (92.151, NEURON)},
        also=[Known("peak", 29.09, 0.5, NEURON), Known("width", 0.300, 0.02, NEURON)],
        nodes=41,
    )
    for name, velocity in (("optic_nerve", 2.95), ("cortex", 2.61)):
        yield Case(
            "arancibia_carcamo",
            [Known("rest", -82.0, 0.01, "paper"), Known("velocity", velocity, 5e-3, "paper")],
            {"axon": name},
            rv.Method(dt_ms=1e-3),
        )
    yield from myelinated(
        "gaines_motor",
        (-85.92, 0.03),
        {
            10.0: (49.735, NEURON),
            7.3: (32.76, NEURON),
            12.8: (65.75, NEURON),
            16.0: (82.53, NEURON),
        },
        also=[Known("width", 0.236, 0.02, NEURON)],
    )
    yield from myelinated(
        "gaines_sensory",
        (-79.35, 0.03),
        {
            10.0: (53.03, NEURON),
            7.3: (35.17, NEURON),
            12.8: (69.78, NEURON),
            16.0: (87.30, NEURON),
        },
        also=[Known("width", 0.193, 0.02, NEURON)],
    )
    yield from myelinated(
        "frankenhaeuser_huxley",
        (-69.999, 0.002),
        {20.0: (42.46, NEURON), 10.0: (21.23, NEURON)},
    )
    yield from myelinated(
        "crrss", (-80.0, 0.01), {10.0: (55.41, NEURON), 20.0: (110.82, PROPORTIONAL)}
    )
    yield from myelinated(
        "schwarz_eikhof", (-78.0, 0.01), {10.0: (10.76, NEURON), 20.0: (21.52, PROPORTIONAL)}
    )
    yield from myelinated(
        "schwarz_reid_bostock",
        (-83.81, 0.01),
        {10.0: (18.19, NEURON), 20.0: (36.38, PROPORTIONAL)},
    )
    yield from axon(
        "rattay_aberham",
        (-70.0, 0.01),
        (0.6260, 1e-3),
        (-5.20, 0.1),
        (0.2516, 0.02),
        others={4.0: (2 * 0.6260, SQRT_LAW)},
    )
    yield from axon(
        "sundt",
        (-60.0, 1e-6),  # PyFibers: -59.93, for the reason that the fibre gives
        (0.4924, 3e-3),
        (15.48, 0.1),
        (0.5941, 0.02),
        others={0.25: (0.2454, PYFIBERS), 0.5: (0.3478, PYFIBERS), 2.0: (0.6967, PYFIBERS)},
    )
    # The outer potassium of Tigerholm doubles during a spike, which is why it is wider there.
    yield from axon(
        "tigerholm",
        (-55.0, 1e-6),
        (0.7010, 2e-3),
        (31.84, 0.3),
        (1.9145, 0.15),
        source=PYFIBERS + FIXED,
        others={0.5: (0.4953, PYFIBERS + FIXED), 2.0: (0.9918, PYFIBERS + FIXED)},
    )
    yield Case(
        "tigerholm", [Known("velocity", 0.69, 0.03, "paper")], {"length_um": 1e4}, rv.Method()
    )
    yield from axon(
        "schild_1994",
        (-46.46, 0.02),
        (0.5103, 1e-3),
        (50.89, 0.3),
        (3.347, 0.03),
        source=PYFIBERS + FIXED,
        others={4.0: (2 * 0.5103, SQRT_LAW)},
    )
    yield from axon(
        "schild_1997",
        (-68.39, 0.15),
        (0.2864, 2e-3),
        (64.01, 0.7),
        (4.125, 0.10),
        source=PYFIBERS + FIXED,
        others={4.0: (2 * 0.2864, SQRT_LAW)},
    )
    yield from axon(
        "thio_autonomic",
        (-58.5, 1e-6),
        (1.0333, 4e-3),
        (62.81, 0.7),
        (1.679, 0.05),
        source=PYFIBERS + FIXED,
        others={4.0: (2 * 1.0333, SQRT_LAW)},
    )
    yield from axon(
        "thio_cutaneous",
        (-58.73, 0.25),
        (1.0125, 4e-3),
        (45.91, 0.7),
        (0.3287, 0.10),
        source=PYFIBERS + FIXED,
        others={4.0: (2 * 1.0125, SQRT_LAW)},
    )


def measured(case: Case) -> dict[str, float]:
    """All four numbers of a fibre, the shape at the site in the middle."""
    info = rv.fibers.describe(case.fibre)
    fibre = info.make(**case.options)
    d = rv.discretise(fibre.model, fibre.mesh)
    sites = compartments_at(d, fibre.velocity_sites)
    middle = int(sites[sites.size // 2])
    place = (d.section_names[d.section[middle]], 0.5)
    result = rv.simulate(
        fibre,
        fibre.stimulus,
        rv.Probe("v_mV", at=place),
        t_stop_ms=fibre.t_stop_ms,
        method=case.method,
    )
    velocity = rv.analysis.conduction_velocity(result, between=BETWEEN)
    trace = result["v_mV"]
    rest_mV = float(rv.rest(fibre).v_mV[middle])
    shape = rv.analysis.spike_shape(trace.t_ms, trace.values[:, 0], rest_mV)
    return {
        "rest": rest_mV,
        "velocity": velocity.velocity_m_per_s,
        "peak": shape.peak_mV,
        "width": shape.half_width_ms,
    }


def is_right(known: Known, found: float) -> bool:
    slack = known.tolerance
    if known.what in ("velocity", "width"):
        slack *= abs(known.value)
    return bool(np.isfinite(found)) and abs(found - known.value) <= slack


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("fibres", nargs="*", help="names; all if none is given")
    chosen = parser.parse_args().fibres
    units = {"rest": "mV", "velocity": "m/s", "peak": "mV", "width": "ms"}
    all_right = True
    print("| fibre | method, dt in us | number | found | known | off | may be off | from | right |")
    print("|---|---|---|---|---|---|---|---|---|")
    for case in cases():
        if chosen and case.fibre not in chosen:
            continue
        found = measured(case)
        method = f"{case.method.name}, {1e3 * (case.method.dt_ms or 0.0):g}"
        for known in case.known:
            value = found[known.what]
            right = is_right(known, value)
            all_right &= right
            if known.what in ("velocity", "width"):
                off, may = f"{value / known.value - 1:+.2%}", f"{known.tolerance:.2g}"
            else:
                off, may = f"{value - known.value:+.3f} mV", f"{known.tolerance:.2g} mV"
            print(
                f"| {case.title} | {method} | {known.what}, {units[known.what]} | {value:.4f} "
                f"| {known.value:.5g} | {off} | {may} | {known.source} "
                f"| {'yes' if right else 'NO'} |",
                flush=True,
            )
    return 0 if all_right else 1


if __name__ == "__main__":
    sys.exit(main())
