"""Results: what they say of themselves, what they refuse, and that files lose nothing."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
import zipfile
from dataclasses import replace
from enum import StrEnum
from pathlib import Path

import numpy as np
import pytest

from ranvier.errors import FormatError
from ranvier.results import Crossings, Geometry, Result, Status, Trace, load


def make_geometry(**changes: object) -> Geometry:
    """A stem of two compartments with two branches of one, joined without a junction."""
    rows = {
        "distance_um": [5.0, 15.0, 25.0, 30.0],
        "xyz_um": np.arange(12.0).reshape(4, 3),
        "length_um": [10.0, 10.0, 10.0, 20.0],
        "diameter_um": [2.0, 2.0, 1.0, 1.0],
        "section": [0, 0, 1, 2],
        "is_junction": [False, False, False, True],
        "parent": [-1, 0, 1, 1],
        "section_names": ["stem", "left", "right"],
        "section_regions": ["axon", "tip", "tip"],
        "fibre": "y <branched>",
    }
    return Geometry(**{**rows, **changes})  # type: ignore[arg-type]


def make_result(**changes: object) -> Result:
    t_ms = np.array([0.0, 0.1, 0.2])
    fields: dict[str, object] = {
        "traces": (
            Trace("v_mV", "mV", None, t_ms, np.linspace(-80, 40, 12).reshape(3, 4), np.arange(4)),
            Trace("m", "", "na_hh", t_ms, np.full((3, 2), 0.1, dtype=np.float32), [0, 2]),
            Trace("v_mV", "mV", None, [0.0, 0.2], [[np.nan], [np.inf]], [1]),
        ),
        "crossings": (Crossings(-20.0, [0, 1], [0.05, 0.125], [0, 1, 2]),),
        "status": Status.DIVERGED,
        "message": "v_mV became infinite",
        "t_stop_ms": 0.2,
        "geometry": make_geometry(),
        "velocity_sites": [0, 1, 2],
        "provenance": {
            "model": "y",
            "method": {"name": "backward_euler", "parameters": {"dt_ms": 0.1}},
            "compartments": np.int64(4),
            "v_rest_mV": np.array([-65.0, 1 / 3]),
            "v_init": None,
            "is_tested": True,
            "isa": Isa.AVX2,
        },
    }
    return Result(**{**fields, **changes})  # type: ignore[arg-type]


class Isa(StrEnum):
    AVX2 = "avx2"


def assert_equal_results(one: Result, other: Result) -> None:
    """Bit for bit, types included."""
    for name in ("status", "message", "t_stop_ms", "provenance"):
        assert getattr(one, name) == getattr(other, name), name
    assert_equal_fields(one, other, "velocity_sites")
    assert_equal_fields(one.geometry, other.geometry, *Geometry.__dataclass_fields__)
    for kind, each in ((Trace, "traces"), (Crossings, "crossings")):
        for a, b in zip(getattr(one, each), getattr(other, each), strict=True):
            assert_equal_fields(a, b, *kind.__dataclass_fields__)


def assert_equal_fields(one: object, other: object, *names: str) -> None:
    for name in names:
        a, b = getattr(one, name), getattr(other, name)
        assert type(a) is type(b), name
        if isinstance(a, np.ndarray):
            assert a.dtype == b.dtype, name
            np.testing.assert_array_equal(a, b, err_msg=name)
        else:
            assert a == b, name


def test_file_loses_nothing(tmp_path: Path) -> None:
    result = make_result()
    result.save(tmp_path / "run.npz")
    assert_equal_results(Result.load(tmp_path / "run.npz"), result)
    assert_equal_results(load(str(tmp_path / "run.npz")), result)


def test_helper_sees_a_difference() -> None:
    result = make_result()
    trace = replace(result.traces[0], values=result.traces[0].values + 1e-12)
    with pytest.raises(AssertionError):
        assert_equal_results(result, replace(result, traces=(trace, *result.traces[1:])))
    with pytest.raises(AssertionError):
        assert_equal_results(result, replace(result, geometry=make_geometry(fibre="z")))


def test_result_without_records_survives_a_file(tmp_path: Path) -> None:
    result = make_result(traces=(), crossings=(), velocity_sites=[], provenance={})
    result.save(tmp_path / "empty.npz")
    assert_equal_results(load(tmp_path / "empty.npz"), result)


def test_result_survives_pickling() -> None:
    assert_equal_results(pickle.loads(pickle.dumps(make_result())), make_result())


def test_file_is_a_plain_npz(tmp_path: Path) -> None:
    """Without ranvier, and without pickle."""
    make_result().save(tmp_path / "run.npz")
    with np.load(tmp_path / "run.npz", allow_pickle=False) as arrays:
        assert arrays["trace/0/values"].shape == (3, 4)
        assert json.loads(arrays["header"].tobytes())["traces"][0]["unit"] == "mV"


def test_failed_save_keeps_the_older_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "run.npz"
    make_result().save(path)

    def fail(*_: object, **__: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(np.lib.format, "write_array", fail)
    with pytest.raises(OSError, match="no space left"):
        make_result(message="newer").save(path)
    monkeypatch.undo()
    assert [each.name for each in tmp_path.iterdir()] == ["run.npz"]
    assert load(path).message == "v_mV became infinite"


def test_reader_of_the_older_file_is_not_disturbed(tmp_path: Path) -> None:
    path = tmp_path / "run.npz"
    make_result().save(path)
    before = path.read_bytes()
    with path.open("rb") as older:
        make_result(message="newer").save(path)
        assert older.read() == before
    assert load(path).message == "newer"


def rewrite_header(path: Path, *, drop: tuple[str, ...] = (), **changes: object) -> None:
    with np.load(path) as arrays:
        everything = dict(arrays)
    header = json.loads(everything["header"].tobytes()) | changes
    for key in drop:
        del header[key]
    everything["header"] = np.frombuffer(json.dumps(header).encode(), dtype=np.uint8)
    np.savez(path, **everything)


def test_file_of_the_first_format_is_read(tmp_path: Path) -> None:
    path = tmp_path / "run.npz"
    result = make_result()
    result.save(path)
    traces = [{"name": t.name, "unit": t.unit, "mechanism": t.mechanism} for t in result.traces]
    crossings = [{"threshold_mV": -20.0}]
    rewrite_header(path, drop=("peaks",), version=1, traces=traces, crossings=crossings)
    assert_equal_results(load(path), result)


def test_file_of_a_newer_format_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "run.npz"
    make_result().save(path)
    rewrite_header(path, version=99)
    with pytest.raises(FormatError, match="has format version 99, expected at most 2: a newer"):
        load(path)


def test_file_of_another_format_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "run.npz"
    make_result().save(path)
    rewrite_header(path, format="ranvier.Study")
    with pytest.raises(FormatError, match=r"has format 'ranvier.Study', expected 'ranvier.Result'"):
        load(path)


@pytest.mark.parametrize("content", [b"", b"swc 1 2 3", b"PK\x03\x04 cut short"])
def test_file_that_is_no_archive_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "run.npz"
    path.write_bytes(content)
    with pytest.raises(FormatError, match=r"run.npz: is not a saved result, expected a file"):
        load(path)


def test_archive_of_something_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "run.npz"
    np.savez(path, v_mV=np.zeros(3))
    with pytest.raises(FormatError, match=r"not a saved result or is damaged \(.*header"):
        load(path)


def test_damaged_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "run.npz"
    make_result().save(path)
    with np.load(path) as arrays:
        everything = dict(arrays)
    del everything["trace/1/values"]
    np.savez(path, **everything)
    with pytest.raises(FormatError, match=r"is damaged \(.*trace/1/values"):
        load(path)


def test_flipped_bits_are_noticed(tmp_path: Path) -> None:
    path = tmp_path / "run.npz"
    make_result().save(path)
    content = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        entry = archive.getinfo("trace/0/values.npy")
    content[entry.header_offset + len("trace/0/values.npy") + 190] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(FormatError, match="damaged"):
        load(path)


def test_missing_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"nowhere.npz"):
        load(tmp_path / "nowhere.npz")


def test_repr_fits_on_a_line() -> None:
    assert repr(make_result()) == (
        "<Result y <branched>: 4 compartments, 0.2 ms, diverged; "
        "v_mV (3 x 4), m of na_hh (3 x 2), v_mV (2 x 1), 2 crossings>"
    )
    bare = make_result(traces=(), crossings=(), geometry=make_geometry(fibre=""))
    assert repr(bare) == "<Result: 4 compartments, 0.2 ms, diverged; nothing recorded>"


def test_html_is_escaped_and_says_why() -> None:
    text = make_result()._repr_html_()
    assert "y &lt;branched&gt;" in text
    assert "<branched>" not in text
    assert "diverged: v_mV became infinite" in text
    assert "&quot;backward_euler&quot;" in text
    assert "<b>" not in make_result(provenance={"<b>": 1})._repr_html_()


def test_traces_are_found_by_name_and_mechanism() -> None:
    result = make_result()
    assert result["v_mV"] is result.traces[0]
    assert result["m"] is result["m", "na_hh"] is result.traces[1]
    assert result["v_mV", None] is result.traces[0]
    assert "m" in result
    assert ("m", "k_hh") not in result


def test_missing_trace_names_those_that_are_there() -> None:
    with pytest.raises(KeyError, match="trace 'h': was not recorded, expected one of: v_mV, m of"):
        make_result()["h"]
    with pytest.raises(KeyError, match="trace 'm of k_hh': was not recorded"):
        make_result()["m", "k_hh"]
    with pytest.raises(KeyError, match="expected a run with probes"):
        make_result(traces=())["v_mV"]


def test_column_of_a_compartment() -> None:
    trace = make_result()["m"]
    assert trace.column(2) == 1
    with pytest.raises(KeyError, match="compartment 1: was not recorded, expected one of the 2"):
        trace.column(1)


def test_shapes_must_agree() -> None:
    with pytest.raises(ValueError, match=r"'m of na': values: has shape \(2, 1\), expected \(3, 1"):
        Trace("m", "", "na", [0.0, 1.0, 2.0], [[1.0], [2.0]], [0])
    with pytest.raises(ValueError, match=r"crossings: compartment: has shape \(1,\), expected"):
        Crossings(-20.0, [0], [1.0, 2.0], [0])
    with pytest.raises(ValueError, match=r"geometry: parent: has shape \(1,\), expected \(4,\)"):
        make_geometry(parent=[-1])
    with pytest.raises(ValueError, match=r"geometry: xyz_um: has shape \(4,\), expected \(4, 3\)"):
        make_geometry(xyz_um=np.zeros(4))


def test_provenance_must_be_writable_as_text() -> None:
    with pytest.raises(TypeError, match=r"provenance.method.rng: is a object, expected numbers"):
        make_result(provenance={"method": {"rng": object()}})


def test_arrays_are_read_only_but_their_maker_keeps_the_right_to_write() -> None:
    t_ms = np.array([0.0, 0.1])
    trace = Trace("v_mV", "mV", None, t_ms, np.zeros((2, 1)), [0])
    with pytest.raises(ValueError, match="read-only"):
        trace.t_ms[0] = 1.0
    t_ms[0] = -1.0
    assert trace.t_ms[0] == -1.0


def test_geometry_by_compartment() -> None:
    geometry = make_geometry()
    assert geometry.section_name.tolist() == ["stem", "stem", "left", "right"]
    assert geometry.region.tolist() == ["axon", "axon", "tip", "tip"]
    assert geometry.path_to(3).tolist() == [0, 1, 3]


def test_xarray_shares_dimensions_only_where_probes_agree(tmp_path: Path) -> None:
    pytest.importorskip("xarray")
    data = make_result().to_xarray()
    assert data["v_mV"].dims == ("time", "compartment")
    assert data["m_na_hh"].dims == ("time", "compartment_2")
    assert data["v_mV_2"].dims == ("time_2", "compartment_3")
    assert data["v_mV"].attrs["units"] == "mV"
    assert data["time"].attrs["units"] == "ms"
    assert data["distance_um_2"].values.tolist() == [5.0, 25.0]
    assert data["section_2"].values.tolist() == ["stem", "left"]
    assert data["region_3"].values.tolist() == ["axon"]
    np.testing.assert_array_equal(data["v_mV"].sel(compartment=2, time=0.1), -80 + 120 * 6 / 11)
    assert data["crossing_t_ms"].values.tolist() == [0.05, 0.125]
    assert data["crossing_compartment"].attrs == {"threshold_mV": -20.0}
    assert data.attrs["status"] == "diverged"
    assert json.loads(data.attrs["method"])["name"] == "backward_euler"
    # netCDF has no place for a boolean or for nothing.
    assert data.attrs["is_tested"] == "true"
    assert data.attrs["v_init"] == "null"


def test_xarray_finds_a_dimension_again() -> None:
    pytest.importorskip("xarray")
    result = make_result()
    gate = replace(result["m"], name="h")
    data = make_result(traces=(*result.traces, gate)).to_xarray()
    assert data["h_na_hh"].dims == ("time", "compartment_2")


def test_xarray_missing_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "xarray", None)
    with pytest.raises(ImportError, match=r"to_xarray needs xarray, .* 'ranvier\[xarray\]'"):
        make_result().to_xarray()


def test_import_is_light() -> None:
    code = (
        "import sys, ranvier.results, ranvier.analysis, ranvier.plot;"
        "assert not {'matplotlib', 'xarray', 'pandas', 'scipy'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
