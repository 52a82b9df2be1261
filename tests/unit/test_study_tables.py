"""Tables of studies: columns with units, what is written of them, and journals that go on."""

from __future__ import annotations

import json
import math
import pickle
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ranvier as rv
from ranvier.studies import Curve, Picture, StudyInterrupted, StudyTable
from ranvier.studies.collect import Add, collect
from ranvier.studies.journal import fingerprint
from ranvier.studies.table import unit_of


def table(**more: Any) -> StudyTable:
    return StudyTable(
        study="squares",
        columns={
            "side_um": np.array([1.0, 2.0, 3.0]),
            "area_mA": np.array([-1.0, math.nan, -9.0]),
            "kind": np.array(["a", "b", "a"]),
            "status": np.array(["found", "lost", "found"]),
            "message": np.array(["", "went away", ""]),
        },
        summary={"rate_mA": 1.5, "nothing_ms": math.nan},
        provenance={"made": {"by": "hand"}},
        **more,
    )


def test_columns_rows_and_text() -> None:
    made = table()
    assert len(made) == 3
    assert made["area_mA"][2] == -9.0
    assert made.row(0) == {
        "side_um": 1.0,
        "area_mA": -1.0,
        "kind": "a",
        "status": "found",
        "message": "",
    }
    assert repr(made) == "<StudyTable 'squares': 3 rows (2 found, 1 lost)>"
    assert str(made).splitlines() == [
        "side_um  area_mA  kind  status  message",
        "      1       -1  a     found",
        "      2        -  b     lost    went away",
        "      3       -9  a     found",
        "rate_mA = 1.5",
        "nothing_ms = -",
    ]
    assert [unit_of(name) for name in ("a_um", "v_m_per_s", "rest", "i_mA")] == [
        "um",
        "m/s",
        "",
        "mA",
    ]
    with pytest.raises(KeyError, match="has no column 'depth', expected one of side_um, area_mA,"):
        made["depth"]


def test_columns_have_to_fit() -> None:
    with pytest.raises(ValueError, match="study 'x': has no column 'status', expected one"):
        StudyTable(study="x", columns={"a": np.zeros(2)})
    with pytest.raises(ValueError, match=r"column 'a' has shape \(2,\), expected \(1,\), that of"):
        StudyTable(study="x", columns={"a": np.zeros(2), "status": np.array(["found"])})


def test_files(tmp_path: Path) -> None:
    made = table()
    made.to_csv(tmp_path / "squares.csv")
    assert (tmp_path / "squares.csv").read_text().splitlines() == [
        "side_um,area_mA,kind,status,message",
        "1.0,-1.0,a,found,",
        "2.0,,b,lost,went away",
        "3.0,-9.0,a,found,",
    ]
    answer = json.loads(json.dumps(made.to_dict(), allow_nan=False))
    assert answer["columns"]["area_mA"] == [-1.0, None, -9.0]
    assert answer["summary"] == {"rate_mA": 1.5, "nothing_ms": None}
    xarray = pytest.importorskip("xarray")
    data = made.to_xarray()
    assert isinstance(data, xarray.Dataset)
    assert data["area_mA"].attrs["units"] == "mA"
    assert data.attrs["rate_mA"] == 1.5


def test_picture() -> None:
    pytest.importorskip("matplotlib")
    with pytest.raises(ValueError, match="study 'squares': has no picture, expected one to draw"):
        table().plot()
    curve = Curve(label="law", x=np.array([1.0, 3.0]), y=np.array([-1.0, -9.0]))
    picture = Picture(
        x="side_um", y=("area_mA",), by="kind", log_y=True, curves=(curve,), levels={"one": 1.0}
    )
    (axes,) = table(picture=picture).plot().axes
    assert axes.get_xlabel() == "side (µm)"
    assert axes.get_ylabel() == "area (mA)"
    labels = [text.get_text() for text in axes.get_legend().get_texts()]
    assert labels == ["a", "b", "law", "one"]
    crosses = [line for line in axes.lines if line.get_marker() == "x" and line.get_xdata().size]
    assert [line.get_xdata().tolist() for line in crosses] == [[2.0]]
    assert axes.lines[0].get_ydata().tolist() == [1.0, 9.0]  # a cathodic current, on a log axis


def doubling(
    journal: Path | None, *, stop_at: int | None = None, asked: Any = "x", seen: list[int]
) -> StudyTable:
    def work(rows: Sequence[int], add: Add) -> None:
        for k in rows:
            if k == stop_at:
                raise KeyboardInterrupt
            seen.append(k)
            value = math.nan if k == 1 else np.float64(2 * k)
            add(k, {"double_ms": value, "runs": np.int64(k), "status": "found"})

    return collect(
        "doubling",
        given={"one_ms": [0.0, 1.0, 2.0, 3.0]},
        found={"double_ms": math.nan, "runs": 0},
        work=work,
        asked=asked,
        journal=journal,
        provenance={"by": "hand"},
    )


def test_an_interrupted_study_goes_on_from_its_journal(tmp_path: Path) -> None:
    journal = tmp_path / "doubling.jsonl"
    seen: list[int] = []
    with pytest.raises(StudyInterrupted, match="interrupted with 2 of 4 rows done; the same call"):
        doubling(journal, stop_at=2, seen=seen)
    with pytest.raises(StudyInterrupted) as caught:
        doubling(journal, stop_at=3, seen=seen)
    assert seen == [0, 1, 2]
    part = pickle.loads(pickle.dumps(caught.value)).table
    assert part.status.tolist() == ["found", "found", "found", "not_run"]
    # As a killed process leaves it.
    with journal.open("a") as file:
        file.write('{"row": 3, "dou')
    whole = doubling(journal, seen=seen)
    assert seen == [0, 1, 2, 3]
    np.testing.assert_array_equal(whole["double_ms"], [0.0, math.nan, 4.0, 6.0])
    assert whole["runs"].tolist() == [0, 1, 2, 3]
    assert whole.provenance["rows_from_journal"] == 3
    again = doubling(journal, seen=seen)
    assert len(seen) == 4
    assert again.status.tolist() == ["found"] * 4


def test_without_a_journal_the_rows_are_in_the_exception() -> None:
    with pytest.raises(StudyInterrupted, match=r"interrupted with 2 of 4 rows done$") as caught:
        doubling(None, stop_at=2, seen=[])
    assert caught.value.table["double_ms"][0] == 0.0


def test_a_journal_of_something_else_is_refused(tmp_path: Path) -> None:
    journal = tmp_path / "doubling.jsonl"
    doubling(journal, seen=[])
    with pytest.raises(rv.FormatError, match=":1: is of another study or of other arguments, ex"):
        doubling(journal, asked="y", seen=[])
    journal.write_text("a,b\n1,2\n")
    with pytest.raises(rv.FormatError, match=":1: is no JSON, expected the journal of a study"):
        doubling(journal, seen=[])
    assert journal.read_text() == "a,b\n1,2\n"


def test_a_row_has_what_was_announced() -> None:
    def work(rows: Sequence[int], add: Add) -> None:
        add(0, {"other": 1.0, "status": "found"})

    with pytest.raises(KeyError, match=r"study 'x': \['other'\] were not announced in found"):
        collect("x", given={"a": [1]}, found={"b": 1.0}, work=work)


def test_fingerprints_follow_what_is_asked() -> None:
    def stimulus(distance_um: float) -> rv.stimuli.Extracellular:
        return rv.stimuli.Extracellular(
            field=rv.fields.PointSource(position_um=(0, 0, distance_um)),
            waveform=rv.stimuli.Pulse(duration_ms=0.1),
            amplitude_mA=-0.2,
        )

    def asked(diameter_um: float = 10.0, distance_um: float = 500.0, **method: float) -> str:
        fibre = rv.fibers.mrg(diameter_um=diameter_um, nodes=5)
        return fingerprint([fibre, stimulus(distance_um), rv.Method(**method), None, 1e-3])

    assert asked() == asked()
    others = [asked(diameter_um=5.7), asked(distance_um=501.0), asked(dt_ms=0.01)]
    assert len({asked(), *others}) == 4
