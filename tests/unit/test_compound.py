"""The compound action potential against the sum of single runs, and what it refuses."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import ranvier as rv
from ranvier.fields import PointSource, StraightPath
from ranvier.responses import single_fibre_action_potential

ELECTRODES = {
    "near": PointSource(position_um=(0.0, 0.0, 300.0)),
    "far": PointSource(position_um=(500.0, 0.0, 900.0)),
}


def bundle() -> list[rv.fibers.Fiber]:
    return [
        rv.fibers.mrg(diameter_um=10.0, nodes=6),
        rv.fibers.sundt(diameter_um=1.0, length_um=500.0),
        rv.fibers.mrg(diameter_um=5.7, nodes=7),
        rv.fibers.mrg(diameter_um=16.0, nodes=6),
    ]


PATHS = [StraightPath(centre_um=(100.0 * k, 50.0 * k, 0.0)) for k in range(4)]


def test_it_is_the_sum_of_what_electrodes_see_of_each() -> None:
    fibres, counts = bundle(), [3, 200, 0.5, 0]
    found = rv.studies.compound_action_potential(
        fibres, ELECTRODES, paths=PATHS, counts=counts, t_stop_ms=1.5, every_ms=0.01
    )
    total = np.zeros_like(found.response.potential_uV)
    for k, fibre in enumerate(fibres):
        probes = rv.analysis.layer_probes(fibre, every_ms=0.01)
        alone = rv.simulate(fibre, fibre.stimulus, probes, t_stop_ms=1.5)
        seen = single_fibre_action_potential(alone, ELECTRODES, path=PATHS[k])
        assert found.single_uV[k] == pytest.approx(seen.potential_uV, rel=1e-9, abs=1e-10)
        total += counts[k] * seen.potential_uV
    assert found.response.potential_uV == pytest.approx(total, rel=1e-9, abs=1e-9)
    assert found.response.t_ms[-1] == pytest.approx(1.5)
    assert found.response.electrodes == ("near", "far")
    assert found.table["diameter_um"].tolist() == [10.0, 1.0, 5.7, 16.0]
    assert found.table["count"].tolist() == counts
    swing_uV = np.ptp(found.single_uV[:, :, 0], axis=1)
    assert found.table["peak_to_peak_uV"] == pytest.approx(swing_uV)


def test_small_groups_give_the_same() -> None:
    asked: dict[str, Any] = {"paths": PATHS, "t_stop_ms": 0.6, "every_ms": 0.02}
    whole = rv.studies.compound_action_potential(bundle(), ELECTRODES, **asked)
    shares: list[float] = []
    pieces = rv.studies.compound_action_potential(
        bundle(), ELECTRODES, hold_MB=1e-3, progress=lambda share: shares.append(share), **asked
    )
    assert pieces.single_uV == pytest.approx(whole.single_uV, rel=1e-9, abs=1e-10)
    assert shares == sorted(shares)
    assert shares[-1] == pytest.approx(1.0)


def test_stimuli_of_each_and_fibres_that_stay_silent() -> None:
    fibres = [rv.fibers.mrg(nodes=15)] * 2
    found = rv.studies.compound_action_potential(
        fibres,
        ELECTRODES["near"],
        stimuli=[fibres[0].stimulus, fibres[0].stimulus.scaled(0.01)],
        t_stop_ms=1.0,
    )
    assert found.table.status.tolist() == ["propagated", "no_spike"]
    assert "none of 15 sites crossed" in found.table["message"][1]
    assert found.table["peak_to_peak_uV"][1] < 0.1 * found.table["peak_to_peak_uV"][0]


def test_a_run_that_blows_up_adds_nothing_and_says_so() -> None:
    fibre = rv.fibers.mrg(nodes=6)
    mad = fibre.stimulus.scaled(1e7)
    found = rv.studies.compound_action_potential(
        [fibre, fibre], ELECTRODES, stimuli=[mad, fibre.stimulus], t_stop_ms=0.5
    )
    assert found.table.status[0] == "diverged"
    assert found.table["message"][0] != ""
    assert np.isnan(found.table["peak_to_peak_uV"][0])
    assert not found.single_uV[0].any()
    assert found.response.potential_uV == pytest.approx(found.single_uV[1])
    only = rv.studies.compound_action_potential([fibre], ELECTRODES, stimuli=[mad], t_stop_ms=0.5)
    assert only.response.potential_uV.shape == (0, 2)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"paths": PATHS[:1]}, "paths: has 1 entries, expected 2, one for each fibre"),
        ({"stimuli": []}, "stimuli: has 0 entries, expected 2, one for each fibre"),
        ({"counts": [1, 2, 3]}, "counts: has 3 entries, expected 2, one for each fibre"),
        ({"counts": [1, -2]}, "counts: one is negative or not finite, expected 0 or more"),
        ({"hold_MB": 0.0}, "hold_MB: is 0, expected more than 0"),
        ({"method": rv.Method("adaptive")}, "method: is 'adaptive', which chooses its steps"),
        (
            {"paths": [StraightPath(), StraightPath(centre_um=(0.0, 0.0, 300.0))]},
            "field: an electrode is inside the fibre",
        ),
    ],
)
def test_what_cannot_be_is_one_sentence(changes: dict[str, Any], sentence: str) -> None:
    fibres = [rv.fibers.mrg(nodes=4)] * 2
    with pytest.raises(rv.ModelError, match=sentence):
        rv.studies.compound_action_potential(fibres, ELECTRODES, **changes)


def test_no_fibres_are_refused() -> None:
    with pytest.raises(rv.ModelError, match="fibres: there are none, expected one or more"):
        rv.studies.compound_action_potential([], ELECTRODES)


def test_the_sum_is_drawn() -> None:
    pytest.importorskip("matplotlib")
    fibre = rv.fibers.mrg(nodes=4)
    found = rv.studies.compound_action_potential(
        [fibre, fibre], ELECTRODES, counts=[1, 4], t_stop_ms=0.3
    )
    figure = found.plot()
    assert len(figure.axes) == 2
    assert figure.get_suptitle() == "5 fibres"
    assert found.table.plot().axes[0].get_xlabel() == "velocity (m/s)"
