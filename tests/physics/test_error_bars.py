"""Error bars against answers that are known: a series, and runs that are finer by far."""

from __future__ import annotations

import numpy as np
import pytest

import ranvier as rv
from physics.cables import Cylinder, E_LEAK_mV, clamp
from ranvier.analysis import conduction_velocity
from ranvier.discretisation import refined


def sealed(cylinder: Cylinder, x: float, t: float) -> float:
    """The step response of a sealed cylinder by its series, in units of I R_infinity."""
    length = cylinder.electrotonic_length
    k = np.arange(1, 2000)
    a = k * np.pi / length
    series = np.exp(-t * (1 + a**2)) * np.cos(a * x) / (1 + a**2)
    return float(
        np.cosh(length - x) / np.sinh(length) - np.exp(-t) / length - 2 / length * series.sum()
    )


@pytest.mark.parametrize("method", ["rosenbrock2", "staggered_sdirk2", "backward_euler"])
@pytest.mark.parametrize(("position", "x"), [(0.0, 0.0), (0.35, 0.35), (1.0, 1.0)])
def test_passive_cable_against_its_series(method: str, position: float, x: float) -> None:
    """In the middle of a compartment or at an end; a tenth of a length constant to a compartment,
    a fortieth of a time constant to a step."""
    cylinder = Cylinder()
    result = rv.simulate(
        rv.Model(sections=[cylinder.section()], placements=[cylinder.leak()]),
        clamp(("cable", 0.0)),
        rv.Probe("v_mV", ("cable", position)),
        t_stop_ms=cylinder.tau_ms / 2,
        method=rv.Method(method, dt_ms=cylinder.tau_ms / 40),
        mesh=rv.FixedCount(10),
        v_init_mV=E_LEAK_mV,
    )
    found = rv.converge(lambda run: run["v_mV"].values[-1, 0] - E_LEAK_mV, result)
    exact = cylinder.r_infinite_Mohm * sealed(cylinder, x, 0.5)
    assert abs(found.value - exact) < found.error
    assert found.error < 0.03 * exact


def test_double_cable_before_the_order_comes_out() -> None:
    """The published MRG grid shows order 1.3 in space; cuts of 15 are near the limit."""
    fibre = rv.fibers.mrg(nodes=11)
    method = rv.Method()

    def run(finer: int, cuts: int) -> rv.Result:
        return rv.simulate(
            fibre,
            fibre.stimulus,
            t_stop_ms=0.6,
            method=method.finer(finer),
            mesh=refined(fibre.mesh, cuts),
        )

    velocity = conduction_velocity(run(1, 1), error=True)
    assert velocity.convergence is not None
    assert velocity.convergence.message == "in space: order 1.3, expected 2"
    for finer, cuts in ((4, 4), (8, 15)):
        other = conduction_velocity(run(finer, cuts)).velocity_m_per_s
        assert abs(other - velocity.limit_m_per_s) < velocity.error_m_per_s
    assert velocity.error_m_per_s < 0.05 * velocity.limit_m_per_s
