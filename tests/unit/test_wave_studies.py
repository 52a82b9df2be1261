"""Demyelination, collisions and anode break."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import ranvier as rv
from ranvier.fibers.variants import damaged
from ranvier.studies import anode_break, collision, demyelination
from ranvier.studies.demyelination import Outcome, Seen, outcome


def test_the_delay_is_that_between_two_runs() -> None:
    fibre = rv.fibers.mrg(nodes=21)
    table = demyelination(fibre, [("retracted", 2, None), ("lost", 1, None)])
    assert table["lesion"].tolist() == ["none", "retracted", "lost"]
    assert table.status.tolist() == ["conducted", "conducted", "blocked"]
    assert table["spikes_before"].tolist() == [1, 1, 1]
    assert table["spikes_behind"].tolist() == [1, 1, 0]
    arrivals_ms = []
    for each in (fibre, damaged(fibre, [9, 10], "retracted")):
        at = rv.SpikeDetector(at=("node[12]", 0.5))  # the second behind internode 10
        result = rv.simulate(each, each.stimulus, t_stop_ms=3.0, detect=at)
        arrivals_ms.append(result.crossings[0].t_ms[0])
    assert table["delay_ms"][1] == pytest.approx(arrivals_ms[1] - arrivals_ms[0], abs=1e-9)
    assert table["delay_ms"][0] == 0.0
    assert math.isnan(table["delay_ms"][2])
    assert table.summary["blocked"] == 1


def test_worse_damage_is_slower_until_nothing_passes() -> None:
    shares = [1.0, 0.5, 0.2, 0.1, 0.03, 0.01]
    table = demyelination(
        rv.fibers.mrg(nodes=21, refine=3), [("thinned", 1, share) for share in shares]
    )
    delays_ms = table["delay_ms"][1:]
    assert delays_ms[0] == pytest.approx(0.0, abs=1e-9)
    assert (np.diff(delays_ms[:-1]) > 0).all()
    assert table.status[-1] == "blocked"


def test_a_lesion_elsewhere_and_a_stimulus_that_raises_nothing() -> None:
    fibre = rv.fibers.mrg(nodes=15)
    weak = replace(fibre, stimulus=fibre.stimulus.scaled(0.01))
    table = demyelination(weak, [("retracted", 1, None)], first=4)
    assert table.status.tolist() == ["silent", "silent"]


@pytest.mark.parametrize(
    ("before", "behind", "expected"),
    [
        (0, 0, Outcome.SILENT),
        (1, 0, Outcome.BLOCKED),
        (1, 1, Outcome.CONDUCTED),
        (1, 2, Outcome.REPEATED),
        (2, 1, Outcome.REFLECTED),
        (2, 0, Outcome.REFLECTED),
    ],
)
def test_outcomes_by_the_spikes_on_either_side(before: int, behind: int, expected: Outcome) -> None:
    assert outcome(Seen(before, behind, 1.0), Seen(1, 1, 0.9)) is expected


@pytest.mark.parametrize(
    ("lesions", "options", "sentence"),
    [
        ([("lost", 0, None)], {}, "lesion 'lost': has 0 internodes, expected 1 or more"),
        ([("lost", 1, None)], {"first": 6}, "has no internodes 6 to 6, expected some of 0 to 5"),
        (
            [("lost", 1, None)],
            {"first": 5},
            "has 6 nodes before the lesion and 1 behind it, expected 2 on either side",
        ),
        ([("burnt", 1, None)], {}, "damage: 'burnt' is unknown"),
    ],
)
def test_lesions_that_cannot_be(lesions: list[Any], options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(rv.ModelError, match=sentence):
        demyelination(rv.fibers.mrg(nodes=7), lesions, **options)


def test_spikes_that_meet_annihilate_where_they_are_expected() -> None:
    fibre = rv.fibers.mrg(nodes=31)
    table = collision(fibre, [0.0, 0.2, 3.0])
    assert table.status.tolist() == ["annihilated", "annihilated", "missed"]
    middle_um = 15 * 1150.0 + 0.5
    assert table["met_um"][0] == pytest.approx(middle_um, abs=1.0)
    assert table["met_um"][:2] == pytest.approx(table["expected_um"][:2], abs=100.0)
    # Half of what the first runs while the second waits, at 56.1 m/s.
    assert table["met_um"][1] - table["met_um"][0] == pytest.approx(0.5 * 0.2 * 56100, rel=0.02)
    assert table["spikes_proximal"].tolist() == [1, 1, 2]
    assert table["spikes_distal"].tolist() == [1, 1, 2]
    assert math.isnan(table["met_um"][2])


def test_a_squid_axon_annihilates_too_and_a_refused_second_spike_is_one_wave() -> None:
    fibre = rv.fibers.hodgkin_huxley(length_um=3e4)
    met = collision(fibre, [0.0])
    assert met.status.tolist() == ["annihilated"]
    assert met["met_um"][0] == pytest.approx(1.5e4, abs=50.0)
    # The first wave is just there when the other end is stimulated: it is refractory.
    arrival_ms = 3e4 / 18.7e3 + 0.6
    late = collision(fibre, [arrival_ms])
    assert late.status.tolist() == ["one_wave"]


def test_collisions_that_cannot_be() -> None:
    fibre = rv.fibers.mrg(nodes=5)
    with pytest.raises(rv.ModelError, match="delays_ms: one is negative or not finite, expec"):
        collision(fibre, [-1.0])
    everywhere = replace(fibre, stimulus=replace(fibre.stimulus, at="node"))
    with pytest.raises(rv.ModelError, match=r"is stimulated at 'node' by a Pulse, expected"):
        collision(everywhere)


def test_a_squid_axon_fires_when_a_long_anodal_pulse_ends() -> None:
    fibre = rv.fibers.hodgkin_huxley(length_um=2e4, temperature_degC=6.3)
    table = anode_break(fibre, [5.0, 20.0], rtol=0.01)
    assert table.status.tolist() == ["found", "found"]
    assert table["threshold_nA"][0] < table["threshold_nA"][1]  # a shorter one has to be stronger
    threshold_nA = table["threshold_nA"][1]
    assert threshold_nA < 0 < table["latency_ms"][1]
    assert table.summary["weakest_nA"] == threshold_nA
    for factor, fires in ((0.97, False), (1.03, True)):
        pulse = rv.stimuli.CurrentClamp(
            waveform=rv.stimuli.Pulse(duration_ms=20.0),
            at=("axon", 0.0),
            amplitude_nA=factor * threshold_nA,
        )
        detect = rv.SpikeDetector(at=("axon", 0.9))
        result = rv.simulate(fibre, pulse, t_stop_ms=40.0, detect=detect)
        t_ms = result.crossings[0].t_ms
        assert (t_ms.size > 0) == fires
        assert (t_ms > 20.0).all()  # nothing while the current flows


def test_a_search_that_ends_too_soon_is_a_row() -> None:
    fibre = rv.fibers.hodgkin_huxley(length_um=5e3, temperature_degC=6.3)
    table = anode_break(fibre, [1.0], most=1.0, wait_ms=5.0)
    assert table.status.tolist() == ["no_response"]
    assert math.isnan(table["threshold_nA"][0])
    assert math.isnan(table.summary["weakest_nA"])


def test_anode_breaks_that_cannot_be() -> None:
    with pytest.raises(rv.ModelError, match="durations_ms: one is not finite or not above"):
        anode_break(rv.fibers.hodgkin_huxley(), [0.0])
