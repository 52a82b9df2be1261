"""Question: what do the thresholds of a whole population cost, and are they those of single runs?

    python benchmarks/population.py [fibres] [threads]

MRG fibres of 5.7 to 16 um at random places around a point electrode, a cathodic pulse of 0.1 ms:
every threshold to 0.5 % in one call. Some brackets are then held against single runs: at the lower
end the fibre is silent, at the upper end it fires.
"""

from __future__ import annotations

import sys
import time

import numpy as np

import ranvier as rv
from ranvier.fields import PointSource, StraightPath

RTOL = 5e-3
CHECKED = 20
DIAMETERS_um = (5.7, 7.3, 8.7, 10.0, 11.5, 12.8, 14.0, 15.0, 16.0)
#: Of the axis from the electrode, and of the middle node along it.
NEAREST_um, FARTHEST_um = 200.0, 2000.0
ALONG_um = 600.0


def population(count: int) -> tuple[list[rv.fibers.Fiber], list[rv.stimuli.Extracellular]]:
    rng = np.random.default_rng(0)
    made = {each: rv.fibers.mrg(diameter_um=each, nodes=21) for each in DIAMETERS_um}
    fibres = [made[each] for each in rng.choice(DIAMETERS_um, count).tolist()]
    r_um = rng.uniform(NEAREST_um, FARTHEST_um, count)
    angle = rng.uniform(0.0, 2 * np.pi, count)
    centres_um = np.stack(
        [rng.uniform(-ALONG_um, ALONG_um, count), r_um * np.cos(angle), r_um * np.sin(angle)],
        axis=1,
    )
    stimuli = [
        rv.stimuli.Extracellular(
            field=PointSource(position_um=(0, 0, 0)),
            waveform=rv.stimuli.Pulse(duration_ms=0.1),
            amplitude_mA=-0.2,
            path=StraightPath(centre_um=tuple(centre)),
        )
        for centre in centres_um.tolist()
    ]
    return fibres, stimuli


def fires(fibre: rv.fibers.Fiber, stimulus: rv.stimuli.Extracellular) -> bool:
    places = rv.studies.Activation().compartments(fibre, rv.discretise(fibre.model, fibre.mesh))
    result = rv.simulate(
        fibre,
        stimulus,
        t_stop_ms=stimulus.end_ms + fibre.t_stop_ms,
        detect=rv.SpikeDetector(at=places.tolist()),
    )
    return len(result.crossings[0]) > 0


def main(count: int, threads: int) -> None:
    fibres, stimuli = population(count)
    wall_s, cpu_s = time.perf_counter(), time.process_time()
    table = rv.studies.recruitment(fibres, stimuli, rtol=RTOL, threads=threads)
    wall_s, cpu_s = time.perf_counter() - wall_s, time.process_time() - cpu_s
    print(f"{table!r}: {threads} threads, {table['runs'].mean():.1f} runs each")
    print(f"{wall_s:.1f} s, {count / wall_s:.1f} fibres/s; {count / cpu_s:.1f} per second of CPU")
    for name, value in table.summary.items():
        print(f"{name} = {value:.4g}")
    assert (table.status == "found").all()
    assert (np.abs(table["threshold_mA"] / table["below_mA"]) <= 1 + RTOL).all()
    for k in range(0, count, max(1, count // CHECKED)):
        for column, is_active in (("below_mA", False), ("threshold_mA", True)):
            stimulus = stimuli[k].scaled(table[column][k] / stimuli[k].amplitude_mA)
            assert fires(fibres[k], stimulus) is is_active
    print(f"single runs at the ends of {min(count, CHECKED)} brackets agree")


if __name__ == "__main__":
    given = [int(each) for each in sys.argv[1:]]
    main(*(given + [1000, 1][len(given) :]))
