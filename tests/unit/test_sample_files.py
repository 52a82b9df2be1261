"""Samples that go to disk while a run goes on: equal to those in memory, readable at any time."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ranvier as rv
from ranvier.errors import DivergedError, FormatError, Interrupted
from ranvier.sample_files import SampleFile

FIBRE = rv.fibers.hodgkin_huxley(length_um=4e3)
MESH = rv.FixedCount(20)
ADAPTIVE = rv.Method("adaptive")
#: So little that it is one sample at a time.
TIGHT_MB = 1e-4


def run(*probes: rv.Probe, t_stop_ms: float = 2.0, **options: Any) -> rv.Result:
    return rv.simulate(FIBRE, FIBRE.stimulus, probes, t_stop_ms=t_stop_ms, mesh=MESH, **options)


@pytest.mark.parametrize("hold_MB", [TIGHT_MB, 64.0])
@pytest.mark.parametrize(
    ("probe", "method"),
    [
        (rv.Probe(), None),
        (rv.Probe("m", mechanism="na_hh", every_ms=0.05), None),
        (rv.Probe("v_mV", [3, 1]), rv.Method("backward_euler")),
        (rv.Probe("v_mV", every_ms=0.01), ADAPTIVE),
        (rv.Probe("v_mV"), ADAPTIVE),
    ],
)
def test_file_holds_what_memory_would(
    tmp_path: Path, probe: rv.Probe, method: rv.Method | None, hold_MB: float
) -> None:
    path = tmp_path / "samples.npy"
    to_file = rv.Probe(
        probe.quantity, probe.at, probe.mechanism, probe.every_ms, to=path, hold_MB=hold_MB
    )
    expected = run(probe, method=method).traces[0]
    trace = run(to_file, method=method).traces[0]
    assert isinstance(trace.values, np.memmap)
    assert not trace.values.flags.writeable
    assert (trace.path, trace.unit, trace.label) == (path, expected.unit, expected.label)
    assert trace.values.tobytes() == expected.values.tobytes()
    assert trace.t_ms.tobytes() == expected.t_ms.tobytes()
    np.testing.assert_array_equal(trace.compartments, expected.compartments)
    # Nothing but NumPy is needed to read them.
    assert np.load(path).tobytes() == expected.values.tobytes()
    assert np.load(tmp_path / "samples.t_ms.npy").tobytes() == expected.t_ms.tobytes()


def test_memory_holds_no_more_than_the_bound(tmp_path: Path) -> None:
    """What the core holds between two writes: 20 columns of 8 bytes, twice."""
    probe = rv.Probe(to=tmp_path / "v.npy", hold_MB=10 * 2 * 20 * 8 / 1e6)
    simulation = rv.Simulation(rv.discretise(FIBRE.model, MESH), probes=[probe])
    pieces: list[int] = []
    lowered = simulation._probes[0]
    assert lowered.file is not None
    append = lowered.file.append

    def count(t_ms: Any, values: Any) -> None:
        pieces.append(t_ms.size)
        append(t_ms, values)

    lowered.file.append = count  # type: ignore[method-assign]
    simulation.advance(95)
    assert sum(pieces) == 96
    assert max(pieces) == 11  # and the first sample, of the start
    assert simulation._core.trace(0)[0].size == 0


def test_a_run_in_hand_can_be_read_as_it_goes(tmp_path: Path) -> None:
    d = rv.discretise(FIBRE.model, MESH)
    simulation = rv.Simulation(
        d, probes=[rv.Probe(to=tmp_path / "v.npy")], stimuli=[FIBRE.stimulus]
    )
    assert list(tmp_path.iterdir()) == []  # nothing is written for nothing
    first = simulation.traces()[0]
    assert first.values.shape == (1, 20)
    simulation.advance(10)
    simulation.advance_to(0.1)
    later = simulation.traces()[0]
    assert later.values.shape == (21, 20)
    np.testing.assert_array_equal(first.values, later.values[:1])
    snapshot = simulation.snapshot()
    simulation.advance(5)
    end_mV = simulation.traces()[0].values[-1].copy()
    # From here on into another file of that name: what is mapped stays.
    simulation.restore(snapshot)
    simulation.advance(5)
    again = simulation.traces()[0]
    assert again.t_ms[0] == pytest.approx(0.1)
    np.testing.assert_array_equal(again.values[-1], end_mV)
    assert later.values.shape == (21, 20)
    np.testing.assert_array_equal(later.values[-1], again.values[0])


def test_nowhere_is_a_file_without_columns(tmp_path: Path) -> None:
    trace = run(rv.Probe(at=[], to=tmp_path / "v.npy")).traces[0]
    assert trace.values.shape == (401, 0)


def test_an_interrupted_run_leaves_a_valid_file(tmp_path: Path) -> None:
    def press(done: float) -> None:
        if done > 0.2:
            raise KeyboardInterrupt

    path = tmp_path / "v.npy"
    with pytest.raises(Interrupted) as caught:
        run(rv.Probe(to=path), t_stop_ms=50.0, progress=press)
    trace = caught.value.result["v_mV"]
    assert trace.t_ms[-1] == caught.value.result.t_stop_ms
    expected = run(rv.Probe(), t_stop_ms=caught.value.result.t_stop_ms)["v_mV"]
    assert np.load(path).tobytes() == expected.values[: trace.t_ms.size].tobytes()


def test_ctrl_c_while_it_writes_costs_no_sample(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = SampleFile(tmp_path / "v.npy", 2)
    file.append(np.array([0.0]), np.zeros((1, 2)))
    from ranvier import sample_files

    write = sample_files._write

    def press(path: Path, *rest: Any) -> None:
        if path.name == "v.npy":
            raise KeyboardInterrupt
        write(path, *rest)

    monkeypatch.setattr(sample_files, "_write", press)
    with pytest.raises(KeyboardInterrupt):
        file.append(np.array([1.0]), np.ones((1, 2)))
    monkeypatch.setattr(sample_files, "_write", write)
    assert file.read()[1].shape == (1, 2)
    file.append(np.array([2.0, 3.0]), np.full((2, 2), 2.0))
    t_ms, values = file.read()
    assert t_ms.tolist() == [0.0, 1.0, 2.0, 3.0]
    assert values[:, 0].tolist() == [0.0, 1.0, 2.0, 2.0]


def test_a_diverging_run_leaves_a_valid_file(tmp_path: Path) -> None:
    path = tmp_path / "v.npy"
    pulse = rv.stimuli.Pulse(onset_ms=0.5, duration_ms=1.0)
    absurd = rv.stimuli.CurrentClamp(waveform=pulse, at=0, amplitude_nA=1e300)
    with pytest.raises(DivergedError) as caught:
        rv.simulate(FIBRE, absurd, rv.Probe(to=path), t_stop_ms=2.0, mesh=MESH)
    assert caught.value.result is not None
    assert caught.value.result["v_mV"].t_ms[-1] == pytest.approx(0.5)
    assert np.load(path).shape == (101, 20)
    assert np.isfinite(np.load(path)).all()


def test_a_killed_run_leaves_a_valid_file(tmp_path: Path) -> None:
    path = tmp_path / "v.npy"
    program = (
        "import ranvier as rv, sys\n"
        "fibre = rv.fibers.hodgkin_huxley(length_um=4e3)\n"
        "probe = rv.Probe(to=sys.argv[1], hold_MB=0.01)\n"
        "tell = lambda share: print(share, flush=True)\n"
        "rv.simulate(fibre, fibre.stimulus, probe, t_stop_ms=1e6, mesh=rv.FixedCount(20),"
        " progress=tell)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, os.fspath(path)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        for _ in range(5):
            assert process.stdout.readline()
        process.send_signal(signal.SIGKILL)
        process.wait()
    values = np.load(path, mmap_mode="r")
    t_ms = np.load(tmp_path / "v.t_ms.npy")
    # Times go first: they may be a piece ahead.
    assert t_ms.size >= values.shape[0] > 1
    np.testing.assert_allclose(t_ms, 0.005 * np.arange(t_ms.size), rtol=1e-12)
    assert np.isfinite(values).all()


# Results that hold such traces


def test_a_saved_result_names_the_file_and_finds_it_again(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    path = tmp_path / "a" / "v.npy"
    result = run(rv.Probe(to=path), rv.Probe("v_mV", 0))
    target = tmp_path / "a" / "run.npz"
    result.save(target)
    with np.load(target) as arrays:
        assert "trace/0/values" not in arrays
        assert "trace/1/values" in arrays
    (tmp_path / "a").rename(tmp_path / "b")  # moved together
    again = rv.load(tmp_path / "b" / "run.npz")
    trace = again.traces[0]
    assert isinstance(trace.values, np.memmap)
    assert trace.path == tmp_path / "b" / "v.npy"
    assert trace.values.tobytes() == result.traces[0].values.tobytes()

    np.save(trace.path, np.zeros((3, 20)))
    with pytest.raises(
        FormatError, match=r"has shape \(3, 20\), expected \(401, 20\), the samples"
    ):
        rv.load(tmp_path / "b" / "run.npz")
    trace.path.unlink()
    with pytest.raises(FormatError, match="expected the samples of trace 0 of a saved result: mov"):
        rv.load(tmp_path / "b" / "run.npz")


def test_a_part_of_a_file_is_saved_with_the_result(tmp_path: Path) -> None:
    from dataclasses import replace

    result = run(rv.Probe(to=tmp_path / "v.npy"))
    (trace,) = result.traces
    early = replace(trace, t_ms=trace.t_ms[:5], values=trace.values[:5])
    replace(result, traces=(early,)).save(tmp_path / "run.npz")
    again = rv.load(tmp_path / "run.npz").traces[0]
    assert again.path is None
    np.testing.assert_array_equal(again.values, early.values)


def test_an_error_bar_does_not_write_over_the_file(tmp_path: Path) -> None:
    path = tmp_path / "v.npy"
    result = run(rv.Probe("v_mV", 0, to=path), t_stop_ms=0.5)
    before = path.read_bytes()
    found = rv.converge(lambda each: float(each["v_mV"].values.max()), result)
    assert np.isfinite(found.value)
    assert path.read_bytes() == before


def test_hdf5_has_everything_in_one_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    h5py = pytest.importorskip("h5py")
    monkeypatch.setattr("ranvier.result_files._PIECE_BYTES", 1000)  # several pieces
    result = run(rv.Probe(to=tmp_path / "v.npy"), rv.Probe("m", mechanism="na_hh"))
    result.to_hdf5(tmp_path / "run.h5")
    with h5py.File(tmp_path / "run.h5") as file:
        for k, trace in enumerate(result.traces):
            group = file[f"trace/{k}"]
            assert group["values"][()].tobytes() == trace.values.tobytes()
            assert group["t_ms"][()].tobytes() == trace.t_ms.tobytes()
            assert (group.attrs["name"], group.attrs["units"]) == (trace.name, trace.unit)
        assert file["geometry/distance_um"].shape == (20,)
        assert json.loads(file.attrs["header"])["status"] == "completed"


def test_hdf5_says_what_it_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(
        ImportError, match=r"to_hdf5 needs h5py, expected it installed: pip install"
    ):
        run().to_hdf5(tmp_path / "run.h5")


# What is refused


def test_probes_with_files_that_cannot_be_are_refused(tmp_path: Path) -> None:
    there = tmp_path / "v.npy"
    bad = [
        ([rv.Probe(to="v.txt")], "probe 'v_mV': to is 'v.txt', expected the name of a .npy file"),
        ([rv.Probe(to=tmp_path / "no" / "v.npy")], "there is no folder .*no, expected one for its"),
        ([rv.Probe(to=there, hold_MB=0.0)], "probe 'v_mV': hold_MB is 0, expected more than 0"),
        (
            [rv.Probe(to=there), rv.Probe("m", mechanism="na_hh", to=there)],
            "probe 'm': to is '.*v.npy', where another probe writes, expected a file for each",
        ),
    ]
    for probes, pattern in bad:
        with pytest.raises(rv.ModelError, match=pattern):
            run(*probes)
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_is_too_small_is_found_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Usage:
        free = 60_000

    monkeypatch.setattr("ranvier.simulation.shutil.disk_usage", lambda folder: Usage)
    path = tmp_path / "v.npy"
    pattern = (
        r"probe 'v_mV': will write 70\.6 kB to '.*v.npy', expected at most the 60 kB that are f"
    )
    with pytest.raises(rv.ModelError, match=pattern):
        run(rv.Probe(to=path))
    assert not path.exists()
    path.write_bytes(bytes(11_000))  # which will make room
    assert run(rv.Probe(to=path))["v_mV"].values.shape == (401, 20)


def test_a_batch_writes_no_files(tmp_path: Path) -> None:
    probe = rv.Probe(to=tmp_path / "v.npy")
    with pytest.raises(
        rv.ModelError, match="expected none in a batch, whose runs would write to on"
    ):
        rv.simulate_batch(FIBRE, [FIBRE.stimulus], probe, t_stop_ms=1.0, mesh=MESH)
