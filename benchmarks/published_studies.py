"""Question: do the studies of thresholds give what sources say of the MRG fibre?

    python benchmarks/published_studies.py

MRG 10 um (McIntyre, Richardson & Grill 2002, doi:10.1152/jn.00353.2001), 0.1 ms pulses unless said.
The source's numbers are of NEURON 9 running the authors' model by backward Euler at 5 us, to 1 %;
ranvier runs the same scheme at the same step, and then its default method, in which little of the
step is left. The medium has 1200 ohm cm along x and 300 across, as the authors have it.

Block: the 20 kHz threshold of PyFibers' tests, of a fibre by interpolated geometry.
"""

from __future__ import annotations

import time

import numpy as np

import ranvier as rv
from ranvier.fields import PointSource
from ranvier.stimuli import CurrentClamp, Extracellular, Pulse, Square
from ranvier.studies import StudyTable

SCHEMES = {
    "same scheme": rv.Method("backward_euler", dt_ms=0.005),
    "default": rv.Method(),
}
#: S/m along x, where the fibre lies, y and z.
MEDIUM_S_m = (1 / 3.0, 1 / 12.0, 1 / 12.0)

DURATIONS_ms = (0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0)
INSIDE_nA = (3.3164, 1.6875, 1.0093, 0.6226, 0.3772, 0.3021, 0.2802)
OUTSIDE_mA = (0.5106, 0.26166, 0.16002, 0.10149, 0.0649, 0.05466, 0.05271)
CHRONAXIE_INSIDE_ms = 0.24
CHRONAXIE_OUTSIDE_ms = "0.19 to 0.24"

DISTANCES_um = (200.0, 500.0, 1000.0)
BY_DISTANCE_mA = {
    5.7: (0.01906, 0.08707, 0.33432),
    10.0: (0.01413, 0.05101, 0.15952),
    16.0: (0.01307, 0.04225, 0.11757),
}
OFFSET_uA, K_uA_per_mm2 = 8.0, 151.0

INTERVALS_ms = (1.0, 1.5, 2.0, 3.0, 5.0, 8.0, 10.0, 15.0, 20.0, 30.0, 50.0, 80.0)
CHANGES_percent = (139.0, 21.3, 0.6, -12.4, -11.8, -5.4, -2.2, 2.9, 5.6, 6.8, 5.0, 1.9)

BLOCK_20_kHz_mA = -2.6963


def inside(fibre: rv.fibers.Fiber, nodes: int) -> CurrentClamp:
    return CurrentClamp(
        waveform=Pulse(duration_ms=0.1), at=(f"node[{nodes // 2}]", 0.5), amplitude_nA=1.0
    )


def outside(distance_um: float, conductivity_S_m: object) -> Extracellular:
    return Extracellular(
        field=PointSource(
            position_um=(0, 0, distance_um),
            conductivity_S_m=conductivity_S_m,  # type: ignore[arg-type]
        ),
        waveform=Pulse(duration_ms=0.1),
        amplitude_mA=-0.2,
    )


def beside(name: str, unit: str, found: object, source: object) -> None:
    found, source = np.abs(np.asarray(found)), np.abs(np.asarray(source))
    off = 100 * (found / source - 1)
    print(f"    {name:<12} {unit:<4}", *(f"{each:9.4g}" for each in found))
    print(f"    {'source':<12} {'':<4}", *(f"{each:9.4g}" for each in source))
    print(f"    {'off':<12} {'%':<4}", *(f"{each:+9.2f}" for each in off))


def strength_duration() -> None:
    for place, nodes, source, chronaxie_ms, unit in (
        ("inside the middle node", 21, INSIDE_nA, CHRONAXIE_INSIDE_ms, "nA"),
        ("1 mm beside it", 41, OUTSIDE_mA, CHRONAXIE_OUTSIDE_ms, "mA"),
    ):
        fibre = rv.fibers.mrg(nodes=nodes)
        stimulus = inside(fibre, nodes) if unit == "nA" else outside(1000.0, MEDIUM_S_m)
        print(f"strength-duration, electrode {place}")
        print(f"    {'pulse':<12} {'ms':<4}", *(f"{each:9.4g}" for each in DURATIONS_ms))
        for name, method in SCHEMES.items():
            table = rv.studies.strength_duration(fibre, stimulus, DURATIONS_ms, method=method)
            beside(name, unit, table[f"threshold_{unit}"], source)
            told = table.summary
            print(
                f"    chronaxie, ms: as read {told['chronaxie_as_read_ms']:.3f}, source "
                f"{chronaxie_ms}; Weiss {interval(told, 'weiss_chronaxie', '_ms')}; "
                f"Lapicque {interval(told, 'lapicque_chronaxie', '_ms')}"
            )
            print(
                f"    rheobase, {unit}: as read {told[f'rheobase_as_read_{unit}']:.4g}, source "
                f"{source[-1]:.4g} (2 ms); Weiss {interval(told, 'weiss_rheobase', f'_{unit}')}; "
                f"Lapicque {interval(told, 'lapicque_rheobase', f'_{unit}')}"
            )


def interval(told: object, name: str, unit: str) -> str:
    value, low, high = (told[f"{name}{end}{unit}"] for end in ("", "_low", "_high"))  # type: ignore[index]
    return f"{value:.3g} ({low:.3g} to {high:.3g})"


def current_distance() -> None:
    print("current-distance, electrode over the middle node")
    print(f"    {'distance':<12} {'um':<4}", *(f"{each:9.4g}" for each in DISTANCES_um))
    for diameter_um, source in BY_DISTANCE_mA.items():
        fibre = rv.fibers.mrg(diameter_um=diameter_um, nodes=41)
        for name, method in SCHEMES.items():
            table = rv.studies.current_distance(
                fibre, outside(1000.0, MEDIUM_S_m), DISTANCES_um, method=method
            )
            print(f"  {diameter_um:g} um")
            beside(name, "mA", table["threshold_mA"], source)
            if diameter_um == 10.0:
                told = table.summary
                print(
                    f"    {name}: I = {told['quadratic_offset_uA']:.3g} uA + "
                    f"{told['quadratic_k_uA_per_mm2']:.4g} uA/mm2 r2, source {OFFSET_uA:g} and "
                    f"{K_uA_per_mm2:g}; r to the {told['power_exponent']:.3g}"
                )


def recovery_cycle() -> None:
    fibre = rv.fibers.mrg(nodes=21)
    print("recovery cycle, clamp inside, conditioning pulse of 1.5 times threshold")
    print(f"    {'interval':<12} {'ms':<4}", *(f"{each:7.4g}" for each in INTERVALS_ms))
    for name, method in SCHEMES.items():
        table = rv.studies.recovery_cycle(
            fibre, inside(fibre, 21), (0.6, 0.7, 0.8, 0.9, *INTERVALS_ms), method=method
        )
        change = table["change_percent"][4:]
        print(f"    {name:<12} {'%':<4}", *(f"{each:+7.1f}" for each in change))
        print(f"    {'source':<12} {'%':<4}", *(f"{each:+7.1f}" for each in CHANGES_percent))
        told = table.summary
        print(
            f"    absolute refractory to {told['absolute_refractory_above_ms']:g} to "
            f"{told['absolute_refractory_below_ms']:g} ms, relative to "
            f"{told['relative_refractory_ms']:.2f}; supernormal to "
            f"{told['supernormal_until_ms']:.1f} ms (source: 2 to 13), most at "
            f"{told['supernormal_at_ms']:g} ms; late subnormal, most at "
            f"{told['subnormal_at_ms']:g} ms (source: 30)"
        )


def block() -> StudyTable:
    """250 um away. The source's number is of a medium of 10 S/m."""
    square = Extracellular(
        field=PointSource(position_um=(0, 0, 250.0), conductivity_S_m=10.0),
        waveform=Square(duration_ms=1.0, frequency_Hz=20000.0),
        amplitude_mA=-1.0,
    )
    table = rv.studies.block_map(rv.fibers.mrg(nodes=25), square, (20000.0,))
    found = table["threshold_mA"][0]
    print(
        f"block at 20 kHz: {found:.3f} mA, source {BLOCK_20_kHz_mA} "
        f"({100 * (found / BLOCK_20_kHz_mA - 1):+.1f} %), {table['onset_spikes'][0]} onset spikes"
    )
    return table


if __name__ == "__main__":
    started_s = time.perf_counter()
    for study in (strength_duration, current_distance, recovery_cycle, block):
        study()
    print(f"{time.perf_counter() - started_s:.0f} s")
