"""Question: how far is a conduction velocity from its limit in dt, for each method?

    python benchmarks/time_step.py

Prints velocity against dt, the observed order, and the limit by Richardson extrapolation.
"""

from __future__ import annotations

import numpy as np

import ranvier as rv

STEPS_ms = 0.02 * 0.5 ** np.arange(6)


def velocities_m_per_s(fibre: rv.fibers.Fiber, method: str) -> list[float]:
    found = []
    for dt_ms in STEPS_ms:
        try:
            result = rv.simulate(
                fibre,
                fibre.stimulus,
                t_stop_ms=fibre.t_stop_ms,
                method=rv.Method(method, dt_ms=dt_ms),
                detect=rv.SpikeDetector(at=fibre.velocity_sites),
            )
        except rv.DivergedError:
            found.append(float("nan"))  # rodas4 where the step is too long for the sodium gate
            continue
        velocity = rv.analysis.conduction_velocity(result)
        # At the coarsest steps a wave need not be uniform; it has a velocity all the same.
        if velocity.status not in ("propagated", "not_linear"):
            raise SystemExit(f"{fibre.model.name}: {velocity.message}, expected a spike")
        found.append(velocity.velocity_m_per_s)
    return found


def main() -> None:
    fibres = [rv.fibers.mrg(nodes=31), rv.fibers.hodgkin_huxley(length_um=5e4)]
    print("dt, us".ljust(40), *(f"{1e3 * dt_ms:9g}" for dt_ms in STEPS_ms), "    limit")
    for fibre in fibres:
        for name in rv.methods.names():
            if rv.Method(name).is_adaptive:
                continue
            v = np.array(velocities_m_per_s(fibre, name))
            change = np.diff(v)
            gain = 2.0 ** rv.Method(name).order - 1.0
            limit = v[-1] + change[-1] / gain
            label = f"{fibre.model.name}, {name}"
            print(label.ljust(40), *(f"{each:9.4f}" for each in v), f"{limit:9.4f}")
            orders = np.log2(np.abs(change[:-1] / change[1:]))
            print("  observed order".ljust(50), *(f"{order:9.2f}" for order in orders))


if __name__ == "__main__":
    main()
