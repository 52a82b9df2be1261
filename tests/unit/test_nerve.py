"""Recruitment in a nerve: that its fibres are drawn as said, and searched as any others."""

from __future__ import annotations

import functools
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ranvier import fibers, studies
from ranvier.errors import ModelError
from ranvier.fields import CurvedPath, PointSource, StraightPath
from ranvier.stimuli import CurrentClamp, Extracellular, Pulse
from unit.cli_run import Run

short_mrg = functools.partial(fibers.mrg, nodes=11)


def electrode(z_um: float = 1000.0) -> Extracellular:
    return Extracellular(
        field=PointSource(position_um=(0, 0, z_um)),
        waveform=Pulse(duration_ms=0.1),
        amplitude_mA=-0.2,
    )


def nerve(**given: Any) -> studies.StudyTable:
    return studies.nerve_recruitment(
        given.pop("fibre", short_mrg),
        given.pop("stimulus", electrode()),
        **{"count": 6, "diameters_um": [5.7, 10.0], "rtol": 0.01, **given},
    )


def test_each_row_is_a_fibre_at_its_place(tmp_path: Path) -> None:
    table = nerve(radius_um=300, journal=tmp_path / "rows.jsonl")
    assert set(table["diameter_um"]) == {5.7, 10.0}
    by_itself = studies.recruitment(
        [short_mrg(diameter_um=each) for each in table["diameter_um"]],
        [
            replace(electrode(), path=StraightPath(centre_um=(0.0, y, z)))
            for y, z in zip(table["y_um"], table["z_um"], strict=True)
        ],
        rtol=0.01,
    )
    for name in ("threshold_mA", "recruited_percent"):
        np.testing.assert_array_equal(table[name], by_itself[name])
    assert table.summary == by_itself.summary
    again = nerve(radius_um=300, journal=tmp_path / "rows.jsonl")
    assert again.provenance["rows_from_journal"] == 6
    assert again.provenance["seed"] == 0


def test_chance_is_even_over_the_cross_section_and_the_same_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def drawn(study: str, made: Any, stimuli: Any, given: Any, *_: Any) -> dict[str, Any]:
        return {"made": made, "stimuli": stimuli, **given}

    monkeypatch.setattr("ranvier.studies.nerve.recruited", drawn)
    count, radius_um = 4000, 250.0
    first: Any = nerve(count=count, radius_um=radius_um, seed=3)
    share = (first["y_um"] ** 2 + first["z_um"] ** 2) / radius_um**2
    assert share.max() <= 1.0
    # Of even chance the squared distance is even, too: each tenth has its 400, give or take 5 s.d.
    tenths = np.histogram(share, 10, (0.0, 1.0))[0]
    assert np.abs(tenths - 400).max() < 5 * np.sqrt(count * 0.1 * 0.9)
    thick = sum(each.diameter_um == 10.0 for each in first["made"])
    assert abs(thick - 2000) < 5 * np.sqrt(count * 0.25)
    again: Any = nerve(count=count, radius_um=radius_um, seed=3)
    np.testing.assert_array_equal(first["y_um"], again["y_um"])
    other: Any = nerve(count=count, radius_um=radius_um, seed=4)
    assert not np.array_equal(first["y_um"], other["y_um"])


def test_published_diameters_are_drawn_from_where_none_are_given() -> None:
    table = nerve(fibre="mrg", diameters_um=None, count=3)
    assert set(table["diameter_um"]) <= set(fibers.describe("mrg").diameters_um or ())


def test_a_fibre_with_the_electrode_inside_is_a_row() -> None:
    table = nerve(count=2)
    y_um, z_um = float(table["y_um"][0]), float(table["z_um"][0])
    inside = replace(electrode(), field=PointSource(position_um=(0, y_um, z_um)))
    table = nerve(count=2, stimulus=inside)
    assert table.status.tolist() == ["refused", "found"]


def test_the_command_is_the_call(run: Run) -> None:
    asked = ["--count", "4", "--diameters", "5.7,10", "--radius", "200", "--seed", "7"]
    settings = ["--nodes", "11", "--rtol", "0.01", "--no-picture", "--csv", "rows.csv"]
    code, _, err = run("recruitment", "mrg", *asked, *settings)
    assert (code, err) == (0, "")
    rows = np.genfromtxt("rows.csv", delimiter=",", names=True, dtype=None, encoding="utf-8")
    table = nerve(count=4, radius_um=200, seed=7, stimulus=electrode(400.0))
    for name in ("y_um", "z_um", "threshold_mA"):
        np.testing.assert_allclose(rows[name], table[name], rtol=1e-12)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"count": 0}, "nerve: count is 0, expected a whole number, 1 or more"),
        ({"radius_um": -1.0}, "nerve: radius_um is -1, expected above 0"),
        ({"seed": -1}, "nerve: seed is -1, expected a whole number, 0 or more"),
        (
            {"stimulus": CurrentClamp(waveform=Pulse(duration_ms=0.1), at="node", amplitude_nA=1)},
            "nerve: the stimulus is a CurrentClamp, expected an Extracellular",
        ),
        (
            {"stimulus": replace(electrode(), path=StraightPath(centre_um=(0, 9, 0)))},
            "nerve: the stimulus has a path, expected none, since each fibre has its own",
        ),
        (
            {"stimulus": replace(electrode(), path=CurvedPath(points_um=[(0, 0, 0), (9, 0, 0)]))},
            "nerve: the stimulus has a path, expected none",
        ),
        ({"diameters_um": None}, "diameters_um: are not given, expected some to draw from"),
        (
            {"diameters_um": None, "fibre": "hodgkin_huxley"},
            "diameters_um: hodgkin_huxley has no published ones, expected some to draw from",
        ),
        (
            {"diameters_um": [5.7, 0.0]},
            "diameters_um: has none or one that is not above 0, expected diameters",
        ),
        ({"diameters_um": [9.0]}, "fibre 'mrg': diameter_um is 9, expected a published one"),
    ],
)
def test_what_cannot_be_drawn(given: dict[str, Any], told: str) -> None:
    with pytest.raises(ModelError) as caught:
        nerve(**given)
    assert str(caught.value).startswith(told)
