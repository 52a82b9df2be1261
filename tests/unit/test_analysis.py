"""Velocity and spike shape against waves and curves whose answers are known."""

from __future__ import annotations

import json
import math
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from ranvier.analysis import (
    Velocity,
    VelocityStatus,
    conduction_velocity,
    spike_shape,
)
from ranvier.results import Crossings, Geometry, Result

FloatArray = NDArray[np.float64]
SPACING_um = 1150.0


def make_geometry(nodes: int, region: str = "node") -> Geometry:
    """A node of 1 um, an internode of 1149 um, and so on: compartment 2k is node k."""
    n = 2 * nodes - 1
    length_um = np.where(np.arange(n) % 2 == 0, 1.0, SPACING_um - 1.0)
    distance_um = np.cumsum(length_um) - 0.5 * length_um
    return Geometry(
        distance_um=distance_um,
        xyz_um=np.zeros((n, 3)),
        length_um=length_um,
        diameter_um=np.ones(n),
        section=np.arange(n),
        is_junction=np.zeros(n, dtype=bool),
        parent=np.arange(n) - 1,
        section_names=tuple(f"{'internode' if k % 2 else 'node'}[{k // 2}]" for k in range(n)),
        section_regions=tuple("internode" if k % 2 else region for k in range(n)),
    )


def run(
    arrival_ms: Callable[[FloatArray], FloatArray],
    nodes: int = 21,
    *,
    region: str = "node",
    spikes: int = 1,
) -> Result:
    """The crossings of a wave that reaches x_um at arrival_ms(x_um), NaN for never."""
    geometry = make_geometry(nodes, region)
    sites = np.arange(0, len(geometry), 2)
    first_ms = arrival_ms(geometry.distance_um[sites])
    t_ms = np.concatenate([first_ms + 10.0 * k for k in range(spikes)])
    compartment = np.tile(sites, spikes)
    order = np.argsort(t_ms)[: int(np.isfinite(t_ms).sum())]
    return Result(
        traces=(),
        crossings=(Crossings(-20.0, compartment[order], t_ms[order], sites),),
        status="completed",  # type: ignore[arg-type]
        t_stop_ms=50.0,
        geometry=geometry,
        velocity_sites=sites,
    )


def uniform(x_um: FloatArray) -> FloatArray:
    return 0.3 + x_um / 50e3  # 50 m/s is 50 000 um/ms


def test_uniform_wave_is_exact() -> None:
    velocity = conduction_velocity(run(uniform))
    assert velocity.status == VelocityStatus.PROPAGATED == "propagated"
    assert velocity.velocity_m_per_s == pytest.approx(50.0, rel=1e-12)
    assert velocity.standard_error_m_per_s < 1e-10
    assert velocity.max_deviation_us < 1e-9
    assert velocity.is_linear
    assert velocity.direction == 1
    assert velocity.threshold_mV == -20.0
    assert velocity.sites.tolist() == list(range(10, 31, 2))
    assert velocity.intercept_ms == pytest.approx(0.3)
    np.testing.assert_allclose(velocity.fitted_ms(velocity.distance_um), velocity.t_ms)
    assert str(velocity) == "50.0000 +- <0.0001 m/s (nodes 5 to 15, 11 sites)"


def test_wave_in_the_other_direction_is_as_fast() -> None:
    velocity = conduction_velocity(run(lambda x: 1.0 - x / 50e3))
    assert velocity.velocity_m_per_s == pytest.approx(50.0, rel=1e-12)
    assert velocity.direction == -1
    np.testing.assert_allclose(velocity.fitted_ms(velocity.distance_um), velocity.t_ms)


def test_standard_error_is_that_of_the_textbook() -> None:
    rng = np.random.default_rng(5)
    noise_ms = rng.normal(0, 2e-4, 21)
    result = run(lambda x: uniform(x) + noise_ms)
    velocity = conduction_velocity(result)
    # The covariance of a straight line, as numpy.polyfit scales it.
    (slope, _), covariance = np.polyfit(velocity.distance_um, velocity.t_ms, 1, cov=True)
    assert velocity.velocity_m_per_s == pytest.approx(1e-3 / slope)
    expected = 1e-3 / slope**2 * math.sqrt(covariance[0, 0])
    assert velocity.standard_error_m_per_s == pytest.approx(expected)
    assert expected > 0.01


def test_noise_spreads_velocities_by_their_standard_error() -> None:
    rng = np.random.default_rng(6)
    found = []
    for _ in range(300):
        noise_ms = rng.normal(0, 2e-4, 21)
        found.append(conduction_velocity(run(lambda x, e=noise_ms: uniform(x) + e)))
    spread = np.std([each.velocity_m_per_s for each in found])
    claimed = np.sqrt(np.mean([each.standard_error_m_per_s**2 for each in found]))
    assert claimed == pytest.approx(spread, rel=0.15)  # 1/sqrt(2 * 300) is 4 %


def test_window_is_what_was_asked_for() -> None:
    result = run(uniform)
    assert conduction_velocity(result, between=(0.0, 1.0)).sites.size == 21
    assert conduction_velocity(result, between=(0.0, 0.5)).where == "nodes 0 to 10"
    sites = [20, 0, 10, 40, 30]
    chosen = conduction_velocity(result, sites=sites, between=(0, 1))
    assert chosen.sites.tolist() == [0, 10, 20, 30, 40]


def test_which_spike_is_counted_at_each_site() -> None:
    result = run(uniform, spikes=3)
    for spike in range(3):
        velocity = conduction_velocity(result, spike=spike)
        assert velocity.t_ms[0] == pytest.approx(10.0 * spike + uniform(velocity.distance_um)[0])
        assert velocity.velocity_m_per_s == pytest.approx(50.0)
    fourth = conduction_velocity(result, spike=3)
    assert fourth.status == VelocityStatus.NO_SPIKE
    assert fourth.message == "none of 21 sites crossed -20 mV 4 times"


def test_silence_is_a_status() -> None:
    velocity = conduction_velocity(run(lambda x: np.full_like(x, np.nan)))
    assert velocity.status == VelocityStatus.NO_SPIKE
    assert str(velocity) == "no velocity (no_spike): none of 21 sites crossed -20 mV"
    assert math.isnan(velocity.velocity_m_per_s)
    assert not velocity.is_linear


def test_block_says_how_far_the_wave_came() -> None:
    velocity = conduction_velocity(run(lambda x: np.where(x < 8000, uniform(x), np.nan)))
    assert velocity.status == VelocityStatus.DID_NOT_PROPAGATE
    assert velocity.message == (
        "crossed -20 mV at 7 of 21 sites, from 0 to 6.9 mm, "
        "expected every site from 5.75 to 17.25 mm"
    )


def test_wave_that_died_before_the_window_did_not_propagate() -> None:
    velocity = conduction_velocity(run(lambda x: np.where(x < 3000, uniform(x), np.nan)))
    assert velocity.status == VelocityStatus.DID_NOT_PROPAGATE


def test_wave_that_died_after_the_window_has_a_velocity() -> None:
    velocity = conduction_velocity(run(lambda x: np.where(x < 20000, uniform(x), np.nan)))
    assert velocity.status == VelocityStatus.PROPAGATED


@pytest.mark.parametrize("sign", [1, -1])
def test_waves_that_meet_or_part_are_not_one_wave(sign: int) -> None:
    velocity = conduction_velocity(run(lambda x: 1.0 + sign * np.abs(x - 11501.0) / 50e3))
    assert velocity.status == VelocityStatus.NOT_ORDERED
    assert "neither rise nor fall throughout" in velocity.message
    assert "two may have met, or it began in between" in velocity.message
    assert math.isnan(velocity.velocity_m_per_s)
    assert velocity.t_ms.size == 11  # for a look at what happened


def test_everything_at_once_is_not_one_wave() -> None:
    velocity = conduction_velocity(run(lambda x: np.ones_like(x)))
    assert velocity.status == VelocityStatus.NOT_ORDERED


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize(
    ("change", "is_linear"), [(0.019, True), (-0.019, True), (0.021, False), (-0.021, False)]
)
def test_change_of_velocity_is_measured_and_judged(
    change: float, is_linear: bool, backwards: bool
) -> None:
    """Slowness that varies linearly over the window is a parabola in time, so exact."""

    def arrival_ms(x_um: FloatArray) -> FloatArray:
        middle_um, window_um = x_um.mean(), 0.5 * np.ptp(x_um)
        way_um = (middle_um - x_um) if backwards else (x_um - middle_um)
        return 5.0 + way_um / 50e3 * (1 - change * way_um / window_um / 2)

    velocity = conduction_velocity(run(arrival_ms))
    assert velocity.velocity_change == pytest.approx(change, rel=1e-6)
    assert velocity.velocity_m_per_s == pytest.approx(50.0, rel=1e-6)
    assert velocity.is_linear == is_linear
    assert velocity.status == ("propagated" if is_linear else "not_linear")
    if not is_linear:
        assert f"the velocity changes by {change:+.1%} across the window, expected at most 2%" in (
            str(velocity)
        )


def test_slow_internode_in_the_middle_is_not_a_uniform_wave() -> None:
    """Symmetric about the middle, so a parabola cannot see it."""
    late_ms = 0.02
    velocity = conduction_velocity(run(lambda x: uniform(x) + late_ms * np.sign(x - 11500.5) / 2))
    assert abs(velocity.velocity_change) < 0.02
    assert velocity.status == VelocityStatus.NOT_LINEAR
    assert "a site deviates by " in velocity.message
    assert velocity.velocity_m_per_s > 0


def test_largest_deviation_is_in_microseconds() -> None:
    bump_ms = np.zeros(21)
    bump_ms[10] = 1e-3
    velocity = conduction_velocity(run(lambda x: uniform(x) + bump_ms))
    # In the middle of 11 sites a bump moves the mean by an eleventh of itself, and no slope.
    assert velocity.max_deviation_us == pytest.approx(1.0 * 10 / 11)


def test_too_few_sites_is_a_status() -> None:
    two = conduction_velocity(run(uniform), sites=[0, 40])
    assert two.status == VelocityStatus.TOO_FEW_SITES
    assert two.message == "2 sites in all, expected at least 3"
    window = conduction_velocity(run(uniform), between=(0.48, 0.52))
    assert window.status == VelocityStatus.TOO_FEW_SITES
    assert window.message == "1 sites from 11.04 to 11.96 mm, expected at least 3"


def test_sites_on_two_branches_are_not_one_path() -> None:
    result = run(uniform)
    parent = result.geometry.parent.copy()
    parent[30] = 10
    names = Geometry.__dataclass_fields__
    geometry = Geometry(**{n: getattr(result.geometry, n) for n in names} | {"parent": parent})
    branched = Result(
        traces=(),
        crossings=result.crossings,
        status=result.status,
        t_stop_ms=result.t_stop_ms,
        geometry=geometry,
        velocity_sites=result.velocity_sites,
    )
    velocity = conduction_velocity(branched)
    assert velocity.status == VelocityStatus.NOT_ONE_PATH
    assert velocity.message == (
        "sites lie on several branches, expected them along one: choose sites"
    )
    on_one = conduction_velocity(branched, sites=[0, 2, 4, 6, 8, 10, 30, 32], between=(0, 1))
    assert on_one.status == VelocityStatus.PROPAGATED


def test_text_and_table_of_a_noisy_velocity() -> None:
    velocity = Velocity(
        status=VelocityStatus.PROPAGATED,
        velocity_m_per_s=51.2811,
        standard_error_m_per_s=0.0123,
        max_deviation_us=0.4,
        is_linear=True,
        sites=np.arange(3, dtype=np.int32),
        where="nodes 5 to 15",
    )
    assert str(velocity) == "51.28 +- 0.01 m/s (nodes 5 to 15, 3 sites)"
    assert velocity.to_dict() == {
        "velocity_m_per_s": 51.2811,
        "standard_error_m_per_s": 0.0123,
        "status": "propagated",
        "max_deviation_us": 0.4,
        "sites": [0, 1, 2],
    }
    silent = Velocity(status=VelocityStatus.NO_SPIKE)
    assert json.loads(json.dumps(silent.to_dict(), allow_nan=False))["velocity_m_per_s"] is None


def test_unmyelinated_sites_are_named_by_distance() -> None:
    assert conduction_velocity(run(uniform, region="")).where == "5.75 to 17.25 mm"


def test_detector_that_watched_the_sites_is_taken() -> None:
    result = run(uniform)
    other = Crossings(0.0, [1], [9.0], [1])
    both = Result(
        traces=(),
        crossings=(other, *result.crossings),
        status=result.status,
        t_stop_ms=1.0,
        geometry=result.geometry,
        velocity_sites=result.velocity_sites,
    )
    assert conduction_velocity(both).threshold_mV == -20.0
    with pytest.raises(ValueError, match="sites: compartment 3 was not watched by the spike det"):
        conduction_velocity(result, sites=[0, 3, 4])
    deaf = Result(
        traces=(), crossings=(), status=result.status, t_stop_ms=1.0, geometry=result.geometry
    )
    with pytest.raises(ValueError, match="result: holds no crossings, expected a run with a Spike"):
        conduction_velocity(deaf, sites=[0, 2, 4])


@pytest.mark.parametrize("between", [(0.75, 0.25), (-0.1, 0.5), (0.5, 1.1), (0.5, 0.5)])
def test_fractions_must_rise(between: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match=r"between: is \(.*, expected two rising fractions"):
        conduction_velocity(run(uniform), between=between)


def test_spike_and_sites_must_exist() -> None:
    with pytest.raises(ValueError, match="spike: is -1, expected 0 for the first or more"):
        conduction_velocity(run(uniform), spike=-1)
    with pytest.raises(ValueError, match="sites: reach from 0 to 99, expected compartments from 0"):
        conduction_velocity(run(uniform), sites=[0, 2, 99])


REST_mV, AMPLITUDE_mV, SIGMA_ms, PEAK_ms = -65.0, 100.0, 0.25, 4.0037


def gaussian(t_ms: FloatArray) -> FloatArray:
    return REST_mV + AMPLITUDE_mV * np.exp(-(((t_ms - PEAK_ms) / SIGMA_ms) ** 2) / 2)


def test_gaussian_has_the_known_shape() -> None:
    t_ms = np.arange(0.0, 10.0, 0.005)
    shape = spike_shape(t_ms, gaussian(t_ms))
    # Each is second order in the step of 0.005 / 0.25 sigma: 0.02^2 / 8 and the like.
    assert shape.peak_mV == pytest.approx(REST_mV + AMPLITUDE_mV, abs=1e-3)
    assert shape.t_peak_ms == pytest.approx(PEAK_ms, abs=1e-5)
    assert shape.amplitude_mV == pytest.approx(AMPLITUDE_mV, abs=1e-3)
    assert shape.half_width_ms == pytest.approx(math.sqrt(8 * math.log(2)) * SIGMA_ms, rel=1e-4)
    steepest = AMPLITUDE_mV / SIGMA_ms * math.exp(-0.5)
    assert shape.max_rise_mV_per_ms == pytest.approx(steepest, rel=5e-4)
    assert shape.afterhyperpolarisation_mV == 0.0


def test_refinement_matters() -> None:
    """On a coarse grid the highest sample is 1.3 mV low and the parabola 0.15 mV."""
    t_ms = np.arange(0.0, 10.0, 0.1) + 0.05
    v_mV = gaussian(t_ms)
    true_mV = REST_mV + AMPLITUDE_mV
    assert true_mV - v_mV.max() > 1.3
    assert spike_shape(t_ms, v_mV).peak_mV == pytest.approx(true_mV, abs=0.16)


def test_errors_shrink_with_the_square_of_the_step() -> None:
    true_ms = math.sqrt(8 * math.log(2)) * SIGMA_ms
    errors = []
    for step_ms in (0.04, 0.02, 0.01):
        # Over many phases of the grid, because the error of one depends on where samples fall.
        starts = np.linspace(0.0, step_ms, 40, endpoint=False)
        widths = [
            spike_shape(s + (t := np.arange(0, 8, step_ms)), gaussian(s + t)).half_width_ms
            for s in starts
        ]
        errors.append(np.sqrt(np.mean((np.array(widths) - true_ms) ** 2)))
    orders = np.log2(np.array(errors[:-1]) / errors[1:])
    assert orders == pytest.approx(2.0, abs=0.2)


def test_uneven_samples_are_read_as_they_are() -> None:
    t_ms = np.array([0.0, 1.0, 3.0, 4.0, 6.0])
    v_mV = 7.0 - (t_ms - 2.7) ** 2
    shape = spike_shape(t_ms, v_mV, rest_mV=5.0)
    assert shape.t_peak_ms == pytest.approx(2.7)
    assert shape.peak_mV == pytest.approx(7.0)
    assert shape.amplitude_mV == pytest.approx(2.0)


def test_afterhyperpolarisation_is_counted_from_rest() -> None:
    t_ms = np.arange(0.0, 20.0, 0.01)
    trough = 8.0 * np.exp(-(((t_ms - 10.0) / 1.0) ** 2) / 2)
    v_mV = gaussian(t_ms) - trough
    assert spike_shape(t_ms, v_mV).afterhyperpolarisation_mV == pytest.approx(8.0, abs=1e-3)
    assert spike_shape(t_ms, v_mV, rest_mV=-70.0).afterhyperpolarisation_mV == pytest.approx(
        3.0, abs=1e-3
    )


def test_triangle_has_exact_width_and_rise() -> None:
    t_ms = np.arange(0.0, 9.0)
    v_mV = np.array([0, 0, 10, 20, 15, 10, 5, 0, 0], dtype=float)
    shape = spike_shape(t_ms, v_mV)
    assert shape.max_rise_mV_per_ms == 10.0
    level = 0.5 * shape.peak_mV
    assert shape.half_width_ms == pytest.approx((7 - level / 5) - (1 + level / 10))


def test_steepest_rise_is_that_of_the_upstroke() -> None:
    v_mV = [0, 5, 10, 15, 20, 10, 0, -10, -20, 0, 0]  # comes back faster than it rose
    assert spike_shape(np.arange(11.0), v_mV).max_rise_mV_per_ms == 5.0


def test_spike_that_does_not_come_back_has_no_width() -> None:
    t_ms = np.arange(0.0, PEAK_ms, 0.01)
    shape = spike_shape(t_ms, gaussian(t_ms))
    assert math.isnan(shape.half_width_ms)
    assert shape.peak_mV == gaussian(t_ms)[-1]  # at the border there is nothing to refine with


def test_plateau_needs_no_refinement() -> None:
    shape = spike_shape([0, 1, 2, 3, 4, 5], [0, 1, 1, 1, 0, 0])
    assert shape.peak_mV == pytest.approx(1.0, abs=0.2)
    flat = spike_shape([0, 1, 2], [1, 1, 1])
    assert (flat.amplitude_mV, flat.max_rise_mV_per_ms) == (0.0, 0.0)


def test_shape_refuses_what_is_no_trace() -> None:
    with pytest.raises(ValueError, match=r"v_mV: has shape \(2,\) with t_ms of shape \(3,\), exp"):
        spike_shape([0, 1, 2], [0, 1])
    with pytest.raises(ValueError, match="with at least 3 samples"):
        spike_shape([0, 1], [0, 1])
    with pytest.raises(ValueError, match="t_ms: does not rise at every sample"):
        spike_shape([0, 1, 1], [0, 1, 0])
    with pytest.raises(ValueError, match="v_mV: is not finite at every sample, expected finite"):
        spike_shape([0, 1, 2], [0, math.inf, 0])
