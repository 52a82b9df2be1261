"""Velocity studies against single runs and the laws that they fit."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ranvier as rv
from ranvier.fibers.variants import with_g_ratio, with_node_length
from ranvier.studies import (
    velocity_against_diameter,
    velocity_against_g_ratio,
    velocity_against_node_length,
    velocity_against_temperature,
)
from ranvier.studies.velocities import _highest


def alone_m_per_s(fibre: rv.fibers.Fiber) -> float:
    result = rv.simulate(fibre, fibre.stimulus, t_stop_ms=fibre.t_stop_ms)
    return rv.analysis.conduction_velocity(result).velocity_m_per_s


def test_rows_are_single_runs_of_the_published_diameters() -> None:
    table = velocity_against_diameter("mrg")
    assert table["diameter_um"].tolist() == list(rv.fibers.describe("mrg").diameters_um or ())
    for k in (2, 5):
        fibre = rv.fibers.mrg(diameter_um=table["diameter_um"][k])
        assert table["velocity_m_per_s"][k] == pytest.approx(alone_m_per_s(fibre), rel=1e-9)
    assert set(table.status) == {"propagated"}


def test_a_myelinated_fibre_is_linear_and_a_bare_one_goes_with_the_root() -> None:
    """Exactly so where everything scales: the frog's node, and any uniform cylinder."""
    frog = velocity_against_diameter("frankenhaeuser_huxley", [5.0, 10.0, 20.0], nodes=21)
    assert frog.summary["exponent"] == pytest.approx(1.0, abs=0.01)
    assert frog.summary["r_squared_of_line"] > 0.9999
    assert frog.summary["r_squared_of_root"] < 0.95
    assert frog.picture is not None
    assert "R²" in frog.picture.curves[0].label
    squid = velocity_against_diameter("hodgkin_huxley", [1.0, 4.0, 16.0, 64.0], length_um=4e3)
    long = velocity_against_diameter(
        lambda diameter_um: rv.fibers.hodgkin_huxley(
            diameter_um=diameter_um, length_um=2e3 * diameter_um**0.5
        ),
        [1.0, 4.0, 16.0],
    )
    assert long.summary["exponent"] == pytest.approx(0.5, abs=1e-6)
    assert long.summary["r_squared_of_root"] == pytest.approx(1.0, abs=1e-9)
    assert long.summary["r_squared_of_line"] < 0.99
    assert len(squid) == 4


def test_heat_speeds_a_squid_up_and_then_blocks_it() -> None:
    table = velocity_against_temperature("hodgkin_huxley", [18.5, 6.3, 30.0, 40.0], length_um=5e4)
    assert table["temperature_degC"].tolist() == [6.3, 18.5, 30.0, 40.0]
    assert table["velocity_m_per_s"][:2] == pytest.approx([12.314, 18.732], rel=2e-3)
    assert table.status.tolist() == ["propagated"] * 3 + ["did_not_propagate"]
    assert table["message"][3] != ""
    assert math.isnan(table["velocity_m_per_s"][3])
    assert table.summary["fastest_degC"] == 30.0
    assert 1.2 < table.summary["q10"] < 1.5


def test_a_wave_that_is_late_is_waited_for() -> None:
    """Half as fast as its fibre expects."""

    def impatient(diameter_um: float) -> rv.fibers.Fiber:
        from dataclasses import replace

        fibre = rv.fibers.mrg(diameter_um=diameter_um)
        return replace(fibre, t_stop_ms=0.4)

    table = velocity_against_diameter(impatient, [10.0])
    assert table.status.tolist() == ["propagated"]
    assert table["velocity_m_per_s"][0] == pytest.approx(alone_m_per_s(rv.fibers.mrg()), rel=1e-9)


def test_node_length_and_g_ratio_rows_are_single_runs_with_a_best_in_between() -> None:
    fibre = rv.fibers.arancibia_carcamo(nodes=15)
    nodes = velocity_against_node_length(fibre, [0.5, 1.5, 3.0])
    assert nodes["velocity_m_per_s"][2] == pytest.approx(
        alone_m_per_s(with_node_length(fibre, 3.0)), rel=1e-9
    )
    assert 0.5 < nodes.summary["best_um"] < 3.0
    assert nodes.summary["best_m_per_s"] >= nodes["velocity_m_per_s"].max()
    ratios = velocity_against_g_ratio(fibre, [0.4, 0.6, 0.8])
    assert ratios["velocity_m_per_s"][1] == pytest.approx(
        alone_m_per_s(with_g_ratio(fibre, 0.6)), rel=1e-9
    )
    assert 0.5 < ratios.summary["best_g_ratio"] < 0.7
    assert ratios.summary["own_g_ratio"] == pytest.approx(0.7675, abs=1e-3)
    assert ratios.summary["rushton_g_ratio"] == pytest.approx(0.60653, abs=1e-5)


def test_more_channels_in_a_longer_node_are_not_as_fast_as_many() -> None:
    fibre = rv.fibers.mrg(nodes=15)
    number = velocity_against_node_length(fibre, [0.5, 1.0, 2.0], channels="number")
    assert (np.diff(number["velocity_m_per_s"]) < 0).all()
    assert math.isnan(number.summary["best_um"])  # the shortest: none in between
    density = velocity_against_node_length(fibre, [0.5, 1.0, 2.0])
    assert density["velocity_m_per_s"][1] == pytest.approx(number["velocity_m_per_s"][1])
    assert density["velocity_m_per_s"][2] > number["velocity_m_per_s"][2]


def test_the_highest_point_of_a_parabola() -> None:
    x = np.array([0.0, 1.0, 2.0, 4.0, 5.0])
    assert _highest(x, 3.0 - (x - 2.3) ** 2) == pytest.approx((2.3, 3.0))
    assert np.isnan(_highest(x, x)).all()
    assert np.isnan(_highest(np.empty(0), np.empty(0))).all()


def test_a_journal_keeps_rows_and_an_interrupted_study_goes_on(tmp_path: Path) -> None:
    asked: dict[str, Any] = {"nodes": 9, "journal": tmp_path / "rows.jsonl"}
    first = velocity_against_diameter("mrg", [5.7, 10.0], **asked)
    again = velocity_against_diameter("mrg", [5.7, 10.0], **asked)
    assert again.provenance["rows_from_journal"] == 2
    assert np.array_equal(again["velocity_m_per_s"], first["velocity_m_per_s"])


def test_ctrl_c_leaves_a_table(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("ranvier.studies.velocities._runs", interrupted)
    with pytest.raises(rv.studies.StudyInterrupted) as caught:
        velocity_against_diameter("mrg", [5.7, 10.0])
    assert caught.value.table.status.tolist() == ["not_run", "not_run"]
    assert math.isnan(caught.value.table.summary["slope_m_per_s_per_um"])


def test_progress_and_pictures() -> None:
    pytest.importorskip("matplotlib")
    shares: list[float] = []
    table = velocity_against_g_ratio(
        rv.fibers.mrg(nodes=9), [0.6, 0.7, 0.8], progress=lambda share: shares.append(share)
    )
    assert shares == [1.0]
    axes = table.plot().axes[0]
    assert axes.get_xlabel() == "g-ratio"


def test_a_fibre_that_blows_up_is_a_row() -> None:
    from dataclasses import replace

    def mad(diameter_um: float) -> rv.fibers.Fiber:
        fibre = rv.fibers.mrg(diameter_um=diameter_um, nodes=5)
        return replace(fibre, stimulus=fibre.stimulus.scaled(1e7))

    table = velocity_against_diameter(mad, [10.0])
    assert table.status.tolist() == ["diverged"]
    assert table["message"][0] != ""


@pytest.mark.parametrize(
    ("diameters", "sentence"),
    [
        ([], "diameters_um: has none or one that is not finite, expected numbers"),
        ([math.nan], "diameters_um: has none or one that is not finite"),
        ([9.0], "diameter_um is 9, expected a published one"),
    ],
)
def test_diameters_that_cannot_be(diameters: list[float], sentence: str) -> None:
    with pytest.raises(rv.ModelError, match=sentence):
        velocity_against_diameter("mrg", diameters)


def test_a_fibre_of_any_size_needs_diameters() -> None:
    with pytest.raises(rv.ModelError, match="diameters_um: are not given, expected some"):
        velocity_against_diameter("sundt")
