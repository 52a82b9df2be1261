"""Studies of thresholds against closed forms and single runs, and what they refuse."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import ranvier as rv
from ranvier import studies
from ranvier.fields import PointSource, UniformField
from ranvier.results import Status
from ranvier.stimuli import CurrentClamp, Extracellular, Pulse, Samples, Square
from ranvier.studies import Activation, Block, StudyInterrupted, StudyTable
from ranvier.studies.fits import expect_scipy, fit, lapicque, power, quadratic, weiss
from ranvier.studies.journal import Journal

pytest.importorskip("scipy")

PULSE = Pulse(duration_ms=0.1)


def fibre(diameter_um: float = 10.0, nodes: int = 7) -> rv.fibers.Fiber:
    return rv.fibers.mrg(diameter_um=diameter_um, nodes=nodes)


def clamp(amplitude_nA: float = 1.0, at: Any = ("node[1]", 0.5)) -> CurrentClamp:
    return CurrentClamp(waveform=PULSE, at=at, amplitude_nA=amplitude_nA)


def electrode(distance_um: float = 500.0, **more: Any) -> Extracellular:
    given: dict[str, Any] = {"waveform": PULSE, "amplitude_mA": -0.05}
    return Extracellular(field=PointSource(position_um=(0, 0, distance_um)), **given | more)


def patch(*placements: rv.Placement, temperature_degC: float = 6.3) -> rv.Discretisation:
    """One compartment of 1e-4 cm2."""
    side_um = math.sqrt(1e4 / math.pi)
    section = rv.Section("patch", length_um=side_um, diameter_um=side_um)
    model = rv.Model(
        sections=[section],
        placements=list(placements),
        ions=[rv.Ion("na", e_mV=50.0), rv.Ion("k", e_mV=-77.0)],
        temperature_degC=temperature_degC,
    )
    return rv.discretise(model, rv.FixedCount(1))


HH = (
    rv.Placement("na_hh", g_bar_S_cm2=0.12),
    rv.Placement("k_hh", g_bar_S_cm2=0.036),
    rv.Placement("leak", g_bar_S_cm2=3e-4, e_leak_mV=-54.387),
)


def test_a_resistance_and_a_capacitance_obey_lapicque() -> None:
    """V = I R (1 - exp(-t / tau)): rheobase and chronaxie are known exactly."""
    tau_ms, rise_mV, area_cm2, g_S_cm2 = 2.0, 15.0, 1e-4, 5e-4
    passive = patch(rv.Placement("leak", g_bar_S_cm2=g_S_cm2, e_leak_mV=-70.0))
    table = studies.strength_duration(
        passive,
        clamp(0.1, at="patch"),
        (0.1, 0.3, 1.0, 2.0, 5.0, 20.0),
        activation=Activation(at="patch", threshold_mV=-70.0 + rise_mV),
        wait_ms=1.0,
        rtol=1e-5,
        method=rv.Method(dt_ms=0.001),
    )
    rheobase_nA = 1e6 * 1e-3 * rise_mV * g_S_cm2 * area_cm2 * 1e3
    exact_nA = rheobase_nA / (1.0 - np.exp(-table["pulse_ms"] / tau_ms))
    assert (table.status == "found").all()
    np.testing.assert_allclose(table["threshold_nA"], exact_nA, rtol=3e-5)
    assert table.summary["lapicque_rheobase_nA"] == pytest.approx(rheobase_nA, rel=3e-5)
    assert table.summary["lapicque_chronaxie_ms"] == pytest.approx(tau_ms * math.log(2), rel=3e-5)
    assert table.summary["lapicque_rms_percent"] < 0.003
    # As read, from the threshold of 20 ms: between points on straight lines.
    assert table.summary["chronaxie_as_read_ms"] == pytest.approx(tau_ms * math.log(2), rel=0.03)
    assert table.summary["weiss_rms_percent"] > 5
    low, high = (table.summary[f"weiss_chronaxie_{end}_ms"] for end in ("low", "high"))
    assert low < table.summary["weiss_chronaxie_ms"] < high


@pytest.mark.parametrize(
    ("law", "parameters", "is_positive"),
    [
        (weiss, (2.0, 0.3), True),
        (lapicque, (2.0, 0.3), True),
        (power, (150.0, 1.4), True),
        (quadratic, (-3.0, 150.0), False),
    ],
)
def test_fits_find_the_law_and_cover_it(law: Any, parameters: Any, is_positive: bool) -> None:
    x = np.geomspace(0.05, 2.0, 12) if is_positive else np.linspace(0.5, 3.0, 12)
    truth = np.array(parameters)
    start = 0.5 * truth + 0.2
    exact = fit(law, x, law(x, truth), start, is_positive=is_positive)
    assert exact is not None
    np.testing.assert_allclose(exact.values, truth, rtol=1e-7)
    # Of 150 fits of noisy points, some 95 in 100 intervals hold the truth.
    rng = np.random.default_rng(1)
    holds = np.zeros(2)
    for _ in range(150):
        noisy = law(x, truth) * (1 + 0.02 * rng.standard_normal(x.size))
        found = fit(law, x, noisy, start, is_positive=is_positive)
        assert found is not None
        holds += (found.low <= truth) & (truth <= found.high)
    np.testing.assert_allclose(holds / 150, 0.95, atol=0.045)
    assert fit(law, x[:1], law(x[:1], truth), start) is None
    two = fit(law, x[:2], law(x[:2], truth), start, is_positive=is_positive)
    assert two is not None
    assert np.isnan(two.low).all()


def test_fits_say_what_they_need(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(ImportError, match="fits need SciPy, expected it installed"):
        expect_scipy()


def test_distances_are_single_thresholds_and_one_inside_is_a_row() -> None:
    table = studies.current_distance(fibre(), electrode(), (300.0, 1.0, 600.0), rtol=0.01)
    assert table.status.tolist() == ["found", "refused", "found"]
    assert table["message"][1].startswith("field: an electrode is inside the fibre")
    assert math.isnan(table["threshold_mA"][1])
    for k in (0, 2):
        alone = studies.find_threshold(fibre(), electrode(table["distance_um"][k]), rtol=1e-3)
        below, above = table["below_mA"][k], table["threshold_mA"][k]
        assert above * 1.001 <= alone.amplitude <= below * 0.999
    assert 1.0 < table.summary["power_exponent"] < 2.0
    with pytest.raises(rv.ModelError, match="an electrode is inside the fibre"):
        studies.current_distance(fibre(), electrode(), (1.0, 0.5))


def test_an_electrode_is_moved_straight_away() -> None:
    from ranvier.studies.current_distance import at_distance

    path = rv.fields.paths.StraightPath(centre_um=(10.0, 20.0, 30.0), direction=(0.0, 1.0, 0.0))
    there = Extracellular(
        field=PointSource(position_um=(10.0, 50.0, 35.0)),
        waveform=PULSE,
        amplitude_mA=-1.0,
        path=path,
    )
    moved = at_distance(there, 200.0)
    assert isinstance(moved.field, PointSource)
    assert moved.field.position_um == pytest.approx((10.0, 50.0, 230.0))


def test_recruitment_counts_thresholds() -> None:
    fibres = [fibre(d) for d in (16.0, 5.7, 10.0, 8.7)]
    table = studies.recruitment(fibres, electrode(), rtol=0.01)
    alone = studies.find_thresholds(fibres, electrode(), rtol=0.01)
    np.testing.assert_allclose(table["threshold_mA"], alone.amplitude, rtol=0.011)
    assert table["recruited_percent"].tolist() == [25.0, 100.0, 50.0, 75.0]
    assert table.summary["recruits_50_percent_mA"] == table["threshold_mA"][2]
    near_and_inside = [electrode(), electrode(0.5), electrode(), electrode()]
    table = studies.recruitment(fibres, near_and_inside, rtol=0.01)
    assert table.status.tolist() == ["found", "refused", "found", "found"]
    assert table["recruited_percent"].tolist()[0] == 25.0
    assert math.isnan(table.summary["recruits_90_percent_mA"])


def count(grid: rv.Discretisation, *amplitudes_at: tuple[float, float]) -> int:
    """Crossings of a patch with pulses (amplitude in nA, onset in ms)."""
    pulses = [
        CurrentClamp(
            waveform=Pulse(onset_ms=onset_ms, duration_ms=0.5), at="patch", amplitude_nA=amplitude
        )
        for amplitude, onset_ms in amplitudes_at
    ]
    detect = rv.SpikeDetector(0.0)
    result = rv.simulate(grid, pulses, t_stop_ms=amplitudes_at[-1][1] + 10.5, detect=detect)
    return len(result.crossings[0])


def test_refractory_periods_are_those_of_two_pulses() -> None:
    grid = patch(*HH)
    pulse = CurrentClamp(waveform=Pulse(duration_ms=0.5), at="patch", amplitude_nA=1.0)
    intervals_ms = (6.0, 9.0, 12.0, 14.0, 18.0, 30.0)
    table = studies.recovery_cycle(
        grid,
        pulse,
        intervals_ms,
        activation=Activation(at="patch", threshold_mV=0.0),
        wait_ms=10.0,
        most=20.0,
        rtol=0.01,
    )
    at_rest_nA = table.summary["threshold_at_rest_nA"]
    assert count(grid, (at_rest_nA, 0.0)) == 1
    assert count(grid, (at_rest_nA / 1.01, 0.0)) == 0
    assert table.status[0] == "no_response"
    # No strength in between does either, so that it is the period and not the search.
    for factor in np.geomspace(1.0, 20.0, 12):
        assert count(grid, (1.5 * at_rest_nA, 0.0), (factor * at_rest_nA, 6.0)) == 1
    assert (table.status[1:] == "found").all()
    for k in range(1, len(table)):
        onset_ms = table["interval_ms"][k]
        assert count(grid, (1.5 * at_rest_nA, 0.0), (table["threshold_nA"][k], onset_ms)) == 2
        assert count(grid, (1.5 * at_rest_nA, 0.0), (table["below_nA"][k], onset_ms)) == 1
    change = table["change_percent"]
    assert change[1] > change[2] > 0
    summary = table.summary
    assert summary["absolute_refractory_above_ms"] == 6.0
    assert summary["absolute_refractory_below_ms"] == 9.0
    assert 9.0 < summary["relative_refractory_ms"] < 18.0
    assert summary["supernormal_percent"] < 0


def test_myelin_is_supernormal_and_then_late_subnormal() -> None:
    table = studies.recovery_cycle(
        fibre(nodes=15), clamp(at=("node[7]", 0.5)), (1.5, 3.0, 20.0), rtol=0.01
    )
    assert table["change_percent"] == pytest.approx([21.0, -13.0, 5.5], abs=3.5)
    assert table.summary["supernormal_at_ms"] == 3.0
    assert table.summary["subnormal_at_ms"] == 20.0


def test_currents_below_threshold_change_it() -> None:
    pulse = replace(clamp(at=("node[3]", 0.5)), waveform=Pulse(duration_ms=1.0))
    table = studies.threshold_electrotonus(
        fibre(), pulse, (5.0, 15.0), fractions=(0.4, -0.4, 0.0), conditioning_ms=10.0, rtol=0.005
    )
    reduction = dict(
        zip(
            zip(table["conditioning_percent"], table["delay_ms"], strict=True),
            table["reduction_percent"],
            strict=True,
        )
    )
    assert reduction[40.0, 5.0] > 20
    assert reduction[-40.0, 5.0] < -20
    assert abs(reduction[40.0, 15.0]) < reduction[40.0, 5.0]
    assert abs(reduction[0.0, 5.0]) < 0.5
    fires = studies.threshold_electrotonus(
        fibre(), pulse, (5.0,), fractions=(0.98,), conditioning_ms=10.0, rtol=0.01
    )
    assert fires.status.tolist() == ["always"]


def test_trains_are_counted_as_single_runs_count_them() -> None:
    table = studies.frequency_following(fibre(nodes=9), clamp(), (100.0, 1500.0), pulses=5)
    assert table.status[0] == "follows"
    assert table["spikes_far"][0] == table["spikes_started"][0] == 5
    assert table.status[1] != "follows"
    assert table.summary["follows_to_Hz"] == 100.0
    assert table.summary["fails_from_Hz"] == 1500.0
    train = rv.stimuli.PulseTrain(duration_ms=0.1, frequency_Hz=1500.0, count=5)
    strong = replace(clamp(1.5 * table.summary["threshold_at_rest_nA"]), waveform=train)
    far = rv.SpikeDetector(at=("node[7]", 0.5))
    result = rv.simulate(fibre(nodes=9), strong, t_stop_ms=6.0, detect=far)
    assert table["spikes_far"][1] == len(result.crossings[0]) < 5


def kilohertz(**more: Any) -> Extracellular:
    wave = Square(duration_ms=1.0, frequency_Hz=1.0)
    return electrode(250.0, waveform=wave, **more)


def test_block_is_a_test_spike_that_does_not_arrive() -> None:
    axon = fibre(nodes=11)
    wait_ms = 1.0
    options: dict[str, Any] = {
        "test_ms": 4.0,
        "wait_ms": wait_ms,
        "method": rv.Method(dt_ms=0.005),
        "rtol": 0.1,
    }
    table = studies.block_map(axon, kilohertz(), (10000.0,), **options)
    assert table.status.tolist() == ["found"]
    assert table["threshold_mA"][0] < table.summary["pulse_threshold_mA"] < 0
    t_stop_ms = 4.0 + 2 * wait_ms
    arrivals = []
    for amplitude_mA in (table["below_mA"][0], table["threshold_mA"][0]):
        wave = Square(duration_ms=t_stop_ms, frequency_Hz=10000.0)
        block = electrode(250.0, waveform=wave, amplitude_mA=amplitude_mA)
        tests = [
            replace(axon.stimulus, waveform=Pulse(onset_ms=onset_ms, duration_ms=0.1))
            for onset_ms in (4.0, 4.0 + wait_ms)
        ]
        result = rv.simulate(
            axon,
            [block, *tests],
            t_stop_ms=t_stop_ms,
            method=options["method"],
            detect=rv.SpikeDetector(at=("node[9]", 0.5)),
        )
        t_ms = result.crossings[0].t_ms
        arrivals.append(int((t_ms >= 4.0).sum()))
        onset = int((t_ms < 4.0).sum())
    assert arrivals[0] >= 1
    assert arrivals[1] == 0
    assert table["onset_spikes"][0] == onset >= 1


def test_a_cut_fibre_is_blocked_without_a_current() -> None:
    """A test spike that never arrives is no block of the stimulus."""
    nothing = replace(fibre().stimulus, amplitude_nA=1e-6)
    table = studies.block_map(
        fibre(), kilohertz(), (5000.0,), test=nothing, test_ms=2.0, wait_ms=1.0, most=4.0, rtol=0.1
    )
    assert table.status.tolist() == ["always"]
    assert table["message"][0].startswith("the test spike does not arrive without the stim")


def test_an_interrupted_study_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = tmp_path / "rows.jsonl"
    asked = {"rtol": 0.05, "journal": journal}
    real = Journal.write

    def once(self: Journal, row: int, values: Any) -> None:
        real(self, row, values)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Journal, "write", once)
        with pytest.raises(StudyInterrupted, match="1 of 2 rows done; the same call") as caught:
            studies.strength_duration(fibre(), clamp(), (0.1, 0.01), **asked)
    done = caught.value.table.status.tolist()
    assert sorted(done) == ["found", "not_run"]
    assert math.isnan(caught.value.table["threshold_nA"][done.index("not_run")])
    whole = studies.strength_duration(fibre(), clamp(), (0.1, 0.01), **asked)
    assert (whole.status == "found").all()
    assert whole.provenance["rows_from_journal"] == 1
    with pytest.raises(rv.FormatError, match="is of another study or of other arguments"):
        studies.strength_duration(fibre(8.7), clamp(), (0.1, 0.01), **asked)


def wrong_path() -> Extracellular:
    return electrode(path=rv.fields.paths.CurvedPath(points_um=[(-1e5, 0, 0), (1e5, 0, 0)]))


UNIFORM = Extracellular(field=UniformField(), waveform=PULSE, amplitude_mA=1.0)
SAMPLED = Samples(t_ms=[0.0, 1.0], value=[0.0, 1.0])
GRID = rv.discretise(fibre().model, fibre().mesh)


@pytest.mark.parametrize(
    ("study", "sentence"),
    [
        (
            lambda: studies.strength_duration(fibre(), clamp(), ()),
            "strength-duration: durations_ms has none, expected a list of numbers above 0",
        ),
        (
            lambda: studies.strength_duration(fibre(), replace(clamp(), waveform=SAMPLED)),
            "its waveform, a Samples, has no duration_ms, expected a Pulse or another that has",
        ),
        (
            lambda: studies.strength_duration(GRID, clamp(), (0.1,)),
            "study: the target is a bare model, expected wait_ms to say how long its spike needs",
        ),
        (
            lambda: studies.strength_duration(fibre(), clamp(at=("nod[1]", 0.5)), (0.1,)),
            "place 'nod[1]': is no section and no region, expected 'node[1]' or one of",
        ),
        (
            lambda: studies.strength_duration(fibre(), electrode(1.0), (0.1, 1.0)),
            "field: an electrode is inside the fibre",
        ),
        (
            lambda: studies.current_distance(fibre(), electrode(), (-1.0,)),
            "current-distance: distances_um has -1, expected finite numbers above 0",
        ),
        (
            lambda: studies.current_distance(fibre(), UNIFORM),
            "needs a field with a position_um and a straight path, expected a PointSource",
        ),
        (
            lambda: studies.current_distance(fibre(), wrong_path()),
            "needs a field with a position_um and a straight path, expected a PointSource",
        ),
        (
            lambda: studies.current_distance(fibre(), electrode(0.0)),
            "the electrode is on the axis of the fibre, expected it beside, to know",
        ),
        (
            lambda: studies.recruitment([], electrode()),
            "recruitment: there are no fibres, expected one or more",
        ),
        (
            lambda: studies.recruitment([fibre()], [electrode(), electrode()]),
            "recruitment: has 2 stimuli, expected 1, one for each fibre",
        ),
        (
            lambda: studies.recruitment([fibre(), fibre()], [electrode(), clamp()]),
            "recruitment: amplitudes are in ['mA', 'nA'], expected one unit",
        ),
        (
            lambda: studies.recovery_cycle(fibre(), clamp(), (0.0,)),
            "recovery cycle: intervals_ms has 0, expected finite numbers above 0",
        ),
        (
            lambda: studies.recovery_cycle(fibre(), clamp(), conditioning=1.0),
            "recovery cycle: conditioning is 1 times threshold, expected above 1",
        ),
        (
            lambda: studies.recovery_cycle(fibre(), clamp(), activation=Block(after_ms=1.0)),
            "recovery cycle: activation is a Block, expected an Activation",
        ),
        (
            lambda: studies.recovery_cycle(fibre(), clamp(1e-7), (1.0,)),
            "recovery cycle: the pulse alone has no threshold: ",
        ),
        (
            lambda: studies.recovery_cycle(fibre(), replace(clamp(1.0), waveform=SAMPLED), (1.0,)),
            "its waveform, a Samples, has no onset_ms, expected a Pulse or another that has",
        ),
        (
            lambda: studies.threshold_electrotonus(fibre(), clamp(), ()),
            "delays_ms and fractions are empty or not finite, expected some numbers",
        ),
        (
            lambda: studies.threshold_electrotonus(fibre(), clamp(), (-1.0,)),
            "a delay or conditioning_ms is not above 0, expected times after the onset",
        ),
        (
            lambda: studies.threshold_electrotonus(fibre(), clamp(1e-7), (1.0,)),
            "threshold electrotonus: the pulse alone has no threshold: ",
        ),
        (
            lambda: studies.frequency_following(fibre(), clamp(), ()),
            "frequency following: frequencies_Hz has none, expected a list of numbers above 0",
        ),
        (
            lambda: studies.frequency_following(fibre(), kilohertz()),
            "frequency following: the waveform is a Square, expected a Pulse, of which trains",
        ),
        (
            lambda: studies.frequency_following(fibre(), clamp(1e-7)),
            "frequency following: the pulse alone has no threshold: ",
        ),
        (
            lambda: studies.block_map(fibre(), kilohertz(), ()),
            "block map: frequencies_Hz has none, expected a list of numbers above 0",
        ),
        (
            lambda: studies.block_map(fibre(), electrode()),
            "block map: the waveform is a Pulse, expected a Square, a Sine or another that alter",
        ),
        (
            lambda: studies.block_map(GRID, kilohertz()),
            "block map: the target is a bare model, expected a test stimulus",
        ),
        (
            lambda: studies.block_map(fibre(), kilohertz(amplitude_mA=-1e-9)),
            "block map: a pulse has no threshold: ",
        ),
        (
            lambda: studies.block_map(
                fibre(),
                electrode(waveform=Square(onset_ms=99.0, duration_ms=1.0, frequency_Hz=1.0)),
            ),
            "block map: the current begins at 99 ms, expected it before the run ends at 21 ms",
        ),
    ],
)
def test_what_cannot_be_is_one_sentence(study: Callable[[], StudyTable], sentence: str) -> None:
    with pytest.raises(rv.ModelError) as caught:
        study()
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_bracket_that_cannot_hold_is_a_row() -> None:
    """Of weak pulses some are strong enough within what may be asked for, and some are not."""
    table = studies.strength_duration(fibre(), clamp(1.0), (0.001, 0.1), most=2.0, rtol=0.05)
    assert table.status.tolist() == ["no_response", "found"]
    assert table["message"][0] == "silent up to 2 nA"
    assert math.isnan(table["threshold_nA"][0])
    assert table["below_nA"][0] == 2.0
    assert "weiss_chronaxie_ms" not in table.summary  # one point is no curve
    nothing = studies.current_distance(fibre(), electrode(amplitude_mA=-1e-9), (500.0, 700.0))
    assert set(nothing.status) == {"no_response"}
    assert nothing.summary == {}


def test_a_spike_that_starts_and_is_lost_is_told_from_one_that_does_not() -> None:
    from ranvier.studies.frequency_following import _row

    def counted(started: int, far: int) -> Any:
        crossings = SimpleNamespace(count=np.array([started, far]))
        return SimpleNamespace(status=Status.COMPLETED, message="", crossings=[crossings])

    assert _row(counted(5, 5), 5)["status"] == "follows"
    assert _row(counted(5, 3), 5)["status"] == "fails_to_conduct"
    assert _row(counted(3, 3), 5)["status"] == "fails_to_fire"
    assert _row(SimpleNamespace(status=Status.DIVERGED, message="why"), 5) == {
        "status": "diverged",
        "message": "why",
    }
