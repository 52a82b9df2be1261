"""Error bars: ladders of known order and limit, what is refused, and what is run again."""

from __future__ import annotations

import copy
import dataclasses
import itertools
import json
import math
import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import ranvier as rv
from ranvier.analysis import conduction_velocity
from ranvier.convergence import Convergence, ConvergenceStatus
from ranvier.richardson import Extrapolation, extrapolate, with_error

LADDERS = [(1, 2, 4), (1, 3, 5), (1, 3, 9)]
#: Cheap to make, and never run where a quantity is a formula.
FIBRE = rv.fibers.mrg(nodes=3)
METHOD = rv.Method("staggered_sdirk2", dt_ms=0.01)


def ladder(
    f: Callable[[float], float],
    finer: tuple[int, ...] = (1, 2, 4),
    order: float = 2,
    noise: float = 1e-9,
) -> Extrapolation:
    return extrapolate([f(1 / k) for k in finer], finer, expected_order=order, noise=noise)


# Ladders


@pytest.mark.parametrize("finer", LADDERS)
@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_power_law_is_exact(order: int, finer: tuple[int, ...]) -> None:
    found = ladder(lambda h: 48.0 - 8.0 * h**order, finer, order)
    assert found.is_converging
    assert found.observed_order == pytest.approx(order, abs=1e-6)
    assert found.limit == pytest.approx(48.0, rel=1e-9)
    # 1.25 times what the law leaves at a quarter.
    assert found.error == pytest.approx(1.25 * 8.0 / 4.0**order, rel=1e-6)


@pytest.mark.parametrize("finer", LADDERS)
def test_a_lower_order_is_used_and_told(finer: tuple[int, ...]) -> None:
    found = ladder(lambda h: 48.0 + 8.0 * h**1.2, finer)
    assert found.problem == "order 1.2, expected 2"
    assert not found.is_converging
    assert found.observed_order == pytest.approx(1.2, abs=1e-6)
    assert found.limit == pytest.approx(48.0, rel=1e-9)
    assert found.error >= 8.0 / 4.0**1.2


def test_a_higher_order_is_not_trusted() -> None:
    found = ladder(lambda h: 1.0 + 0.1 * h**6)
    assert found.problem == "order 6, expected 2"
    # As if the first difference had fallen at the expected order from there on.
    assert found.error == pytest.approx(3 * 0.1 * (1 - 0.5**6) / (1 - 0.5**2) / 16)


def test_the_next_order_is_no_alarm_but_not_used_either() -> None:
    found = ladder(lambda h: 1.0 + 0.1 * h**3 + 0.002 * h**2)
    assert found.is_converging
    assert 2.5 < found.observed_order < 3.0
    assert abs(found.limit - 1.0) < found.error
    assert found.error > 3 * 0.08 / 16  # the first difference, as if it fell at order 2


def test_an_order_near_zero_does_not_send_the_limit_far_away() -> None:
    found = ladder(lambda h: h**0.1)
    assert found.problem == "order 0.1, expected 2"
    last = 0.5**0.1 - 0.25**0.1
    assert found.limit == pytest.approx(found.values[-1] - last)  # as if the order were 1
    assert found.error > 3 * last


def test_oscillation_has_no_law() -> None:
    found = extrapolate([1.0, 1.2, 1.1], (1, 2, 4), expected_order=2)
    assert found.problem == "the differences change sign"
    assert math.isnan(found.observed_order)
    assert found.limit == 1.1
    assert found.error == pytest.approx(0.3)
    # A last difference that vanishes by chance is not believed either.
    found = extrapolate([1.0, 1.2, 1.1999], (1, 2, 4), expected_order=2)
    assert found.error == pytest.approx(0.2)


@pytest.mark.parametrize("values", [[1.0, 1.1, 1.3], [1.0, 1.1, 1.2], [1.0, 1.0, 1.1]])
def test_differences_that_do_not_fall_have_no_law(values: list[float]) -> None:
    found = extrapolate(values, (1, 2, 4), expected_order=2)
    assert found.problem == "the differences hardly fall"
    assert found.limit == values[-1]
    assert found.error >= 3 * (values[2] - values[1]) - 1e-12


def test_a_constant_has_no_error() -> None:
    found = extrapolate([3.0, 3.0, 3.0], (1, 2, 4), expected_order=2)
    assert (found.limit, found.error, found.problem) == (3.0, 0.0, "")
    assert math.isnan(found.observed_order)


def test_noise_makes_no_order_and_no_alarm() -> None:
    rng = np.random.default_rng(5)
    for _ in range(200):
        a = 10.0 ** rng.uniform(-7, -3)
        values = [1.0 + a / k**2 + rng.uniform(-0.5e-5, 0.5e-5) for k in (1, 3, 5)]
        found = extrapolate(values, (1, 3, 5), expected_order=2, noise=1e-5)
        assert found.is_converging
        assert abs(found.limit - 1.0) <= found.error + 1e-5


@pytest.mark.parametrize("finer", LADDERS)
def test_bars_cover_before_the_order_has_come_out(finer: tuple[int, ...]) -> None:
    """A higher power beside the leading one, or a layer that the first mesh cannot see."""
    rng = np.random.default_rng(7)

    def layer(h: float, width: float) -> float:
        return (h / width) / math.tanh(h / width) - 1 if h else 0.0

    for _ in range(300):
        order, extra = int(rng.integers(1, 3)), rng.uniform(-1.5, 3.0)
        width = 10.0 ** rng.uniform(-1.5, 1.0)
        models: list[tuple[Callable[[float], float], int]] = [
            (lambda h, p=order, c=extra: h**p * (1 + c * h), order),  # type: ignore[misc]
            (lambda h, w=width: layer(h, w), 2),  # type: ignore[misc]
        ]
        for model, expected in models:
            found = ladder(model, finer, expected)
            assert abs(found.limit) <= found.error
            assert abs(found.limit - model(0.25)) <= found.error


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [
        (47.7027, 2.009, "47.7 +- 2.0"),
        (18.731857, 0.000506, "18.73186 +- 0.00051"),
        (1.0, 0.0996, "1.00 +- 0.10"),
        (1234.5, 120.0, "1234 +- 120"),
        (3.0, 0.0, "3 +- 0"),
    ],
)
def test_two_digits_of_the_error_are_printed(value: float, error: float, text: str) -> None:
    assert with_error(value, error) == text


# A quantity of many runs


def of_both(method: rv.Method, mesh: rv.FixedCount, cross: float = 0.0) -> float:
    h_t, h_x = method.dt_ms / METHOD.dt_ms, 1 / mesh.count
    return 10.0 + 0.5 * h_t**2 - 0.3 * h_x**2 + cross * h_t**2 * h_x**2


def test_both_errors_are_taken_off_and_added_up() -> None:
    asked = []

    def quantity(fibre: rv.fibers.Fiber, *, method: rv.Method, mesh: rv.FixedCount) -> float:
        assert fibre is FIBRE
        asked.append((method.dt_ms, mesh.count, mesh.by_region["node"]))
        return of_both(method, mesh)

    shares: list[float] = []
    found = rv.converge(quantity, FIBRE, method=METHOD, progress=shares.append)
    assert asked == [
        (0.01, 1, 1),
        (0.005, 1, 1),
        (0.0025, 1, 1),
        (0.01, 3, 3),
        (0.01, 5, 5),
        (0.0025, 5, 5),
    ]
    assert found.is_converged
    assert (found.status, found.message) == ("converged", "")
    assert found.value == pytest.approx(10.0)
    assert found.error == pytest.approx(1.25 * (0.5 + 0.3) / 16)
    assert found.own_value == pytest.approx(10.2)
    assert found.cross == pytest.approx(0.0, abs=1e-12)
    assert found.order_in_time == pytest.approx(2.0)
    assert found.order_in_space == pytest.approx(2.0)
    assert [(rung.finer, rung.cuts) for rung in found.rungs] == [
        (1, 1), (2, 1), (4, 1), (1, 3), (1, 5), (4, 5)
    ]  # fmt: skip
    assert shares[-1] == 1.0
    assert all(a < b for a, b in itertools.pairwise(shares))
    assert str(found) == "10.000 +- 0.063 (converged)"
    assert json.loads(json.dumps(found.to_dict()))["space"]["values"] == pytest.approx(
        [10.2, 10.5 - 0.3 / 9, 10.5 - 0.3 / 25]
    )


def test_the_cross_term_is_in_the_bar() -> None:
    def quantity(_: object, *, method: rv.Method, mesh: rv.FixedCount) -> float:
        return of_both(method, mesh, cross=0.4)

    found = rv.converge(quantity, FIBRE, method=METHOD)
    assert found.cross == pytest.approx(0.4 * (1 - 1 / 16) * (1 - 1 / 25))
    assert found.error > abs(found.cross)
    assert abs(found.value - 10.0) < found.error


def test_the_order_is_that_of_the_method() -> None:
    def quantity(_: object, *, method: rv.Method, mesh: rv.FixedCount) -> float:
        return 10.0 + method.dt_ms + 1 / mesh.count**2

    found = rv.converge(quantity, FIBRE, method=rv.Method("backward_euler"))
    assert found.is_converged
    default = rv.converge(quantity, FIBRE)
    assert default.rungs[0].method == rv.Method()
    found = rv.converge(quantity, FIBRE, method=METHOD)
    assert found.message == "in time: order 1, expected 2"
    assert found.status is ConvergenceStatus.NOT_CONVERGED
    assert str(found).endswith("(not_converged: in time: order 1, expected 2)")


def test_an_adaptive_method_has_a_ladder_of_tolerances() -> None:
    def quantity(_: object, *, method: rv.Method, mesh: rv.FixedCount) -> float:
        # Loosely, as such methods do.
        return 10.0 + method.parameters["rtol"] ** 0.8 + 1 / mesh.count**2

    method = rv.Method("adaptive", rtol=1e-2, atol_mV=1e-1)
    found = rv.converge(quantity, FIBRE, method=method)
    assert [rung.method.parameters["rtol"] for rung in found.rungs[:3]] == pytest.approx(
        [1e-2, 1e-2 / 4, 1e-2 / 16]
    )
    assert found.rungs[2].method.parameters["atol_mV"] == pytest.approx(1e-1 / 16)
    assert found.is_converged
    assert found.order_in_time == pytest.approx(0.8)
    assert abs(found.value - 10.0) < found.error


def test_a_rung_without_a_value_ends_it() -> None:
    calls = []

    def quantity(_: object, *, method: rv.Method, mesh: rv.FixedCount) -> float:
        calls.append(mesh.count)
        return math.nan if mesh.count == 3 else 1.0

    found = rv.converge(quantity, FIBRE, method=METHOD)
    assert found.status == "not_finite"
    assert not found.is_converged
    assert found.message == "the value is nan at dt/1 and dx/3"
    assert calls == [1, 1, 1, 3]
    assert math.isnan(found.value)
    assert found.own_value == 1.0
    assert str(found).startswith("no value (not_finite): the value is nan")
    assert math.isnan(found.order_in_time)
    assert math.isnan(found.order_in_space)
    answer = found.to_dict()
    assert (answer["value"], answer["time"], answer["rungs"][3]["value"]) == (None, None, None)


def test_a_rung_that_diverges_has_no_value() -> None:
    def quantity(_: object, *, method: rv.Method, mesh: rv.FixedCount) -> float:
        raise rv.DivergedError("v_mV became nan", 1.0, 3, "v_mV")

    found = rv.converge(quantity, FIBRE, method=METHOD)
    assert found.status == "not_finite"
    assert found.message.endswith(" at dt/1 and dx/1: v_mV became nan")


def test_a_discretisation_has_a_ladder_in_time_alone() -> None:
    def quantity(d: rv.Discretisation, *, method: rv.Method, mesh: None) -> float:
        return 2.0 + method.dt_ms**2 + 0.0 * len(d)

    flat = rv.discretise(FIBRE.model, FIBRE.mesh)
    found = rv.converge(quantity, flat, method=METHOD)
    assert (found.status, found.is_converged, found.space) == ("time_only", False, None)
    assert found.message == (
        "the mesh of a discretisation cannot be refined, the bar is of time alone"
    )
    assert found.value == pytest.approx(2.0)
    assert found.to_dict()["space"] is None


WRONG_LADDERS = [(1, 2), (2, 4, 8), (1, 4, 2), (1, 1.5, 2), ()]


@pytest.mark.parametrize("factors", WRONG_LADDERS)
@pytest.mark.parametrize("name", ["finer", "cuts"])
def test_ladders_must_rise_from_one(name: str, factors: tuple[int, ...]) -> None:
    with pytest.raises(
        ValueError, match=rf"^{name}: is \(.*\), expected three or more rising whole numbers from 1"
    ):
        rv.converge(len, FIBRE, method=METHOD, **{name: factors})  # type: ignore[arg-type]


@pytest.mark.parametrize("noise", [-1e-9, 1.0, math.nan])
def test_noise_must_be_a_share(noise: float) -> None:
    with pytest.raises(ValueError, match=r"^noise_relative: is .*, expected 0 up to 1$"):
        rv.converge(len, FIBRE, method=METHOD, noise_relative=noise)


def test_what_is_missing_or_given_twice_is_told() -> None:
    expected = ", expected one with a model, none with a discretisation"
    with pytest.raises(rv.ModelError, match=f"^converge: has no mesh{expected}"):
        rv.converge(len, FIBRE.model, method=METHOD)
    flat = rv.discretise(FIBRE.model, FIBRE.mesh)
    with pytest.raises(rv.ModelError, match=f"^converge: has a mesh{expected}"):
        rv.converge(len, flat, method=METHOD, mesh=FIBRE.mesh)
    with pytest.raises(
        TypeError, match=r"^converge: got 3, expected a Result, Fiber, Model or Discretisation"
    ):
        rv.converge(len, 3, method=METHOD)  # type: ignore[arg-type]


# A quantity of one run


def passive(length_um: float = 400.0) -> rv.Model:
    leak = rv.Placement("leak", g_bar_S_cm2=1e-3, e_leak_mV=-65.0)
    cable = rv.Section("cable", region="axon", length_um=length_um, diameter_um=1.0)
    return rv.Model(sections=[cable], placements=[leak])


def clamp(at: object, amplitude_nA: float = 0.01) -> rv.stimuli.CurrentClamp:
    pulse = rv.stimuli.Pulse(onset_ms=0.0, duration_ms=10.0)
    return rv.stimuli.CurrentClamp(waveform=pulse, at=at, amplitude_nA=amplitude_nA)  # type: ignore[arg-type]


def passive_run(at: object = 2, probe_at: object = 6, **changes: object) -> rv.Result:
    arguments: dict[str, object] = {
        "t_stop_ms": 1.0,
        "method": rv.Method("staggered_sdirk2", dt_ms=0.05),
        "mesh": rv.FixedCount(8),
        "v_init_mV": -65.0,
    }
    probe = rv.Probe("v_mV", probe_at)  # type: ignore[arg-type]
    return rv.simulate(passive(), clamp(at), probe, **(arguments | changes))  # type: ignore[arg-type]


def last_mV(result: rv.Result) -> float:
    return float(result["v_mV"].values[-1, -1])


def test_a_run_is_made_again_with_its_places() -> None:
    seen: list[rv.Result] = []

    def quantity(result: rv.Result) -> float:
        seen.append(result)
        return last_mV(result)

    shares: list[float] = []
    first = passive_run(at="axon", probe_at=None)
    found = rv.converge(quantity, first, progress=shares.append)
    assert found.is_converged
    assert seen[0] is first
    assert len(seen) == 6
    finest = seen[-1]
    assert finest.provenance["compartments"] == 40
    assert finest.provenance["dt_ms"] == 0.0125
    # Eight places still, and eight currents: not forty.
    assert finest["v_mV"].values.shape[1] == 8
    np.testing.assert_allclose(
        finest.geometry.distance_um[finest["v_mV"].compartments], first.geometry.distance_um
    )
    assert finest.velocity_sites.size == first.velocity_sites.size == 8
    assert finest.crossings[0].watched.size == 8
    injected_nA_ms = 8 * 0.01 * 1.0
    rise_mV = finest["v_mV"].values[-1] - -65.0
    assert 0 < rise_mV.mean() < injected_nA_ms / (math.pi * 400.0 * 1e-5) * 1.0
    assert all(a <= b for a, b in itertools.pairwise(shares))
    assert shares[-1] == 1.0


def test_the_end_of_a_section_stays_the_end() -> None:
    found = rv.converge(last_mV, passive_run(at=("cable", 0.0), probe_at=("cable", 1)))
    assert found.is_converged
    assert found.order_in_space == pytest.approx(2.0, abs=0.2)


def test_a_probe_of_a_mechanism_stays_where_the_first_run_had_it() -> None:
    result = rv.simulate(
        passive(),
        clamp(0),
        rv.Probe("i_mA_cm2", mechanism="leak"),
        t_stop_ms=1.0,
        method=rv.Method("staggered_sdirk2", dt_ms=0.05),
        mesh=rv.FixedCount(8),
        v_init_mV=-65.0,
    )
    found = rv.converge(lambda run: run["i_mA_cm2", "leak"].values[-1, 7], result)
    assert found.is_converged


def test_a_run_of_a_discretisation_is_repeated_in_time_alone() -> None:
    flat = rv.discretise(passive(), rv.FixedCount(8))
    result = rv.simulate(
        flat, clamp(2), rv.Probe("v_mV", 6), t_stop_ms=1.0, method=METHOD, v_init_mV=-65.0
    )
    found = rv.converge(last_mV, result)
    assert (found.status, len(found.rungs)) == ("time_only", 3)


def test_a_result_without_a_recipe_says_so(tmp_path: Path) -> None:
    result = passive_run()
    assert "recipe" not in repr(result)
    result.save(tmp_path / "run.npz")
    message = r"^result: does not know how it was made, expected one straight from simulate\(\)"
    for other in (
        rv.load(tmp_path / "run.npz"),
        pickle.loads(pickle.dumps(result)),
        copy.deepcopy(result),
    ):
        assert other.recipe is None
        with pytest.raises(rv.ModelError, match=message):
            rv.converge(last_mV, other)
    assert copy.copy(result).recipe is result.recipe


def test_a_result_brings_its_method_and_mesh() -> None:
    with pytest.raises(
        rv.ModelError, match=r"^converge: method or mesh is given with a result, expected those it"
    ):
        rv.converge(last_mV, passive_run(), method=METHOD)


# Velocities


@pytest.fixture(scope="module")
def spike() -> rv.Result:
    fibre = rv.fibers.mrg(nodes=11)
    return rv.simulate(fibre, fibre.stimulus, rv.Probe(), t_stop_ms=1.5, method=METHOD)


def test_a_velocity_gets_a_limit_and_a_bar(spike: rv.Result) -> None:
    plain = conduction_velocity(spike)
    velocity = conduction_velocity(spike, error=True)
    assert (plain.limit, plain.convergence, "limit_m_per_s" in plain.to_dict()) == ("", None, False)
    assert velocity.velocity_m_per_s == plain.velocity_m_per_s
    assert str(velocity).startswith(str(plain))
    found = velocity.convergence
    assert isinstance(found, Convergence)
    assert found.own_value == plain.velocity_m_per_s
    assert (velocity.limit_m_per_s, velocity.error_m_per_s) == (found.value, found.error)
    assert "; limit 4" in str(velocity)
    assert velocity.limit.endswith("m/s, not converged in space: order 1.4, expected 2")
    answer = json.loads(json.dumps(velocity.to_dict()))
    assert answer["limit_m_per_s"] == found.value
    assert answer["convergence"]["rungs"][-1]["dt_ms"] == METHOD.dt_ms / 4


def test_the_window_and_the_sites_hold_on_every_rung(spike: rv.Result) -> None:
    sites = spike.velocity_sites[2:9]
    found = conduction_velocity(spike, sites=sites, between=(0.0, 1.0), error=True)
    assert found.sites.size == 7
    assert found.convergence is not None
    assert found.convergence.own_value == found.velocity_m_per_s
    assert 40 < found.limit_m_per_s < 50


def test_no_velocity_needs_no_bar() -> None:
    fibre = rv.fibers.mrg(nodes=11)
    result = rv.simulate(fibre, t_stop_ms=0.05)
    velocity = conduction_velocity(result, error=True)
    assert (velocity.status, velocity.convergence) == ("no_spike", None)


def test_a_velocity_that_a_finer_run_has_not_is_told(spike: rv.Result) -> None:
    """The wave is slower on a finer mesh, and does not arrive in time."""
    fibre = rv.fibers.mrg(nodes=11)
    last_ms = conduction_velocity(spike, between=(0.2, 1)).t_ms[-1]
    short = rv.simulate(fibre, fibre.stimulus, t_stop_ms=last_ms + 0.01, method=METHOD)
    velocity = conduction_velocity(short, between=(0.2, 1), error=True)
    assert velocity.limit == ("no limit (not_finite): the value is nan at dt/1 and dx/3")
    assert math.isnan(velocity.error_m_per_s)
    assert velocity.to_dict()["limit_m_per_s"] is None


def test_a_velocity_from_a_file_has_no_bar(spike: rv.Result, tmp_path: Path) -> None:
    spike.save(tmp_path / "spike.npz")
    with pytest.raises(rv.ModelError, match=r"^result: does not know how it was made"):
        conduction_velocity(rv.load(tmp_path / "spike.npz"), error=True)


def test_half_a_run_has_no_error_bar() -> None:
    result = dataclasses.replace(passive_run(), status=rv.results.Status.INTERRUPTED)
    with pytest.raises(
        rv.ModelError, match=r"^result: is interrupted at .* expected a run that com"
    ):
        rv.converge(lambda run: 1.0, result)


@pytest.mark.parametrize("value", [None, [1.0, 2.0], "x y"])
def test_a_quantity_is_one_number(value: object) -> None:
    expected = TypeError if not isinstance(value, str) else ValueError
    with pytest.raises(expected, match=r"quantity: gives .* expected one number|could not convert"):
        rv.converge(lambda run: value, passive_run())


def test_a_method_is_no_text() -> None:
    with pytest.raises(TypeError, match=r"method: is 'adaptive', expected a Method such as"):
        rv.converge(lambda fibre, **grid: 1.0, rv.fibers.mrg(nodes=2), method="adaptive")  # type: ignore[arg-type]
