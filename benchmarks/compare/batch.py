"""The two workloads of many fibres at once.

W3: a thousand thin squid fibres. W4: a thousand MRG fibres of different diameters.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass

import numpy as np
import workload
from workload import W2, SquidCable, Stimulus, Timing

THIN_CABLE = SquidCable(
    length_um=2000.0,
    diameter_um=1.0,
    stimulus=Stimulus(onset_ms=0.5, duration_ms=0.5, amplitude_nA=0.5),
    compartments=200,
    dt_ms=0.025,
)


@dataclass(frozen=True, kw_only=True)
class SquidBatch:
    """Thin cables with the squid's membrane, each stimulated at its own time.

    Staggered, so that no simulator can share work between them. Every `watched_every`-th is
    recorded, at two places.
    """

    cable: SquidCable = THIN_CABLE
    fibres: int = 1000
    stagger_ms: float = 4.0  # of the last to the first
    watched_every: int = 100

    def onset_ms(self, fibre: int, fibres: int) -> float:
        """On a whole step."""
        dt_ms = self.cable.dt_ms
        steps = round(self.stagger_ms * fibre / fibres / dt_ms)
        return self.cable.stimulus.onset_ms + dt_ms * steps

    def watched(self, fibres: int) -> range:
        return range(0, fibres, self.watched_every)

    def probed(self, compartments: int) -> tuple[int, int]:
        first, _, last = self.cable.probed(compartments)
        return first, last


@dataclass(frozen=True, kw_only=True)
class MrgBatch:
    """MRG fibres of every published size from 5.7 um up, each with its own amplitude."""

    diameters_um: tuple[float, ...] = (5.7, 7.3, 8.7, 10.0, 11.5, 12.8, 14.0, 15.0, 16.0)
    fibres: int = 1024
    nodes: int = 21
    amplitudes: tuple[float, float] = (0.5, 4.0)  # of the first and the last, times `amplitude`
    amplitude_nA: float = 1.0
    #: Of a point source over the middle, 1 mm away, where it is this that a simulator can vary.
    amplitude_mA: float = -0.183

    def diameter_um(self, fibre: int) -> float:
        return self.diameters_um[fibre % len(self.diameters_um)]

    def factors(self, fibres: int) -> np.ndarray:
        return np.linspace(*self.amplitudes, fibres)


W3 = SquidBatch()
W4 = MrgBatch()


def arguments_w3(description: str) -> argparse.ArgumentParser:
    """Returns a parser of the options that every script of W3 has."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--fibres", type=int, default=W3.fibres)
    parser.add_argument("--compartments", type=int, default=W3.cable.compartments)
    workload.add_common_arguments(parser, W3.cable.dt_ms, W3.cable.t_stop_ms)
    return parser


def arguments_w4(description: str) -> argparse.ArgumentParser:
    """Returns a parser of the options that every script of W4 has."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--fibres", type=int, default=W4.fibres)
    parser.add_argument("--nodes", type=int, default=W4.nodes)
    workload.add_common_arguments(parser, W2.dt_ms, W2.t_stop_ms)
    return parser


def report(
    arguments: argparse.Namespace,
    *,
    peer: str,
    version: str,
    settings: str,
    timing: Timing,
    crossings_ms: np.ndarray,
    **more: object,
) -> None:
    """Prints W3: (watched fibres x 2) times of arrival, whose mean velocity is reported."""
    workload.print_report(
        arguments,
        workload="W3",
        peer=peer,
        version=version,
        settings=settings,
        compartments=arguments.fibres * arguments.compartments,
        dt_ms=arguments.dt,
        steps=round(arguments.t_stop / arguments.dt),
        timing=timing,
        t_end_ms=arguments.t_stop,
        velocity_m_per_s=float(
            np.mean(W3.cable.distance_mm(arguments.compartments) / np.diff(crossings_ms, axis=1))
        ),
        **more,
    )


def arrivals_ms(t_ms: np.ndarray, v_mV: np.ndarray, threshold_mV: float) -> np.ndarray:
    """Returns (fibres x places) times from (fibres x places x times) potentials."""
    first = workload.first_crossing_ms
    return np.array([[first(t_ms, trace, threshold_mV) for trace in fibre] for fibre in v_mV])
