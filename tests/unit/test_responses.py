"""Responses as an object, and what cannot be asked for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import ranvier as rv
from ranvier.fields import PointSource
from ranvier.responses import Response, single_fibre_action_potential, transfer_mV_per_mA


@pytest.fixture(scope="module")
def result() -> rv.Result:
    fibre = rv.fibers.mrg(nodes=5)
    return rv.simulate(fibre, fibre.stimulus, rv.analysis.layer_probes(fibre), t_stop_ms=0.5)


def response() -> Response:
    potential_uV = np.array([[0.0, 0.0], [1.0, -2.0], [-0.5, 4.0]])
    return Response(
        t_ms=np.arange(3) * 0.1, potential_uV=potential_uV, electrodes=("near", "far"), title="a"
    )


def test_a_response_is_looked_up_by_the_name_of_the_electrode() -> None:
    assert response()["far"].tolist() == [0.0, -2.0, 4.0]
    assert response().peak_to_peak_uV.tolist() == [1.5, 6.0]
    with pytest.raises(KeyError, match="electrode 'left': was not there, expected one of near,"):
        response()["left"]


def test_a_response_of_other_shapes_is_refused() -> None:
    with pytest.raises(ValueError, match=r"potential_uV has shape \(3,\), expected \(3, 1\)"):
        Response(t_ms=np.zeros(3), potential_uV=np.zeros(3), electrodes=("a",))


def test_no_sample_has_no_swing() -> None:
    nothing = Response(t_ms=np.empty(0), potential_uV=np.empty((0, 2)), electrodes=("a", "b"))
    assert nothing.peak_to_peak_uV.tolist() == [0.0, 0.0]


def test_a_response_is_written_as_lines(tmp_path: Path) -> None:
    response().to_csv(tmp_path / "seen.csv")
    lines = (tmp_path / "seen.csv").read_text().splitlines()
    assert lines[0] == "t_ms,near_uV,far_uV"
    assert [float(word) for word in lines[2].split(",")] == [0.1, 1.0, -2.0]
    assert len(lines) == 4


def test_a_response_is_drawn_with_a_panel_for_each_electrode() -> None:
    pytest.importorskip("matplotlib")
    figure = response().plot()
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["near", "far"]
    drawn = figure.axes[1].lines[-1].get_ydata()
    assert np.array_equal(drawn, response()["far"])


def test_an_electrode_inside_the_fibre_is_refused(result: rv.Result) -> None:
    with pytest.raises(rv.ModelError, match="an electrode is inside the fibre"):
        single_fibre_action_potential(result, PointSource(position_um=(0.0, 0.0, 1.0)))


def test_no_electrodes_are_refused(result: rv.Result) -> None:
    with pytest.raises(ValueError, match="electrodes: there are none, expected a field"):
        single_fibre_action_potential(result, {})


def test_other_sources_are_refused() -> None:
    fibre = rv.fibers.mrg(nodes=3)
    positions = rv.fields.StraightPath().positions(rv.discretise(fibre.model, fibre.mesh))
    field = PointSource(position_um=(0.0, 0.0, 100.0))
    with pytest.raises(ValueError, match="sources: is 'discs', expected one of lines, points"):
        transfer_mV_per_mA(field, positions, sources="discs")
