"""What a run costs, told before it is over: estimates, progress, and what the command line says."""

from __future__ import annotations

import math
import time
from pathlib import Path
from typing import Any

import pytest

import ranvier as rv
from ranvier.cli.progress import LONG_s
from ranvier.costs import Estimate, Progress, duration, size

FIBRE = rv.fibers.hodgkin_huxley(length_um=20e3)
MESH = rv.FixedCount(400)


def estimate(probes: Any = (), **options: Any) -> Estimate:
    options = {"t_stop_ms": 10.0, "within_s": 0.0, "detect": (), "mesh": MESH, **options}
    return rv.estimate(FIBRE, FIBRE.stimulus, probes, **options)


def test_records_are_counted() -> None:
    nothing = estimate()
    assert (nothing.steps, nothing.record_bytes, nothing.disk_bytes) == (2000, 0, 0)
    assert nothing.run_bytes == nothing.memory_bytes > 400 * 4 * 8
    assert math.isnan(nothing.wall_s)
    sample_bytes = 8 * 400 + 16  # with its step and time
    assert estimate(rv.Probe()).record_bytes == 2001 * sample_bytes
    assert estimate(rv.Probe(every_ms=0.1)).record_bytes == 101 * sample_bytes
    assert estimate(detect=rv.SpikeDetector(keep=3)).record_bytes == 3 * 400 * 20
    assert estimate(detect=rv.SpikeDetector()).record_bytes == 400 * 20
    assert estimate(peaks=rv.PeakMap(at=[0, 1])).record_bytes == 2 * 16


def test_what_goes_to_disk_is_counted_there_and_not_written(tmp_path: Path) -> None:
    probe = rv.Probe(every_ms=0.1, to=tmp_path / "v.npy")
    found = estimate(probe, within_s=0.05)
    assert (found.record_bytes, found.disk_bytes) == (0, 101 * (8 * 400 + 16))
    assert list(tmp_path.iterdir()) == []


def test_time_is_that_of_the_steps() -> None:
    """Loose, since other programs run beside this one."""
    expected_s = estimate(t_stop_ms=50.0, within_s=0.3).wall_s
    started_s = time.perf_counter()
    rv.simulate(FIBRE, FIBRE.stimulus, t_stop_ms=50.0, mesh=MESH, detect=())
    taken_s = time.perf_counter() - started_s
    assert taken_s / 20 < expected_s < taken_s * 20


def test_a_run_that_is_over_before_is_no_trouble() -> None:
    assert estimate(t_stop_ms=0.01, within_s=0.1).steps == 2


def test_steps_that_choose_themselves_have_no_time() -> None:
    found = estimate(rv.Probe(), method=rv.Method("adaptive"), within_s=0.05)
    assert found.steps is None
    assert math.isnan(found.wall_s)
    assert found.record_bytes == 8 * 400 + 16
    assert str(found) == f"{size(found.memory_bytes)} of memory"


def test_estimates_are_read_easily() -> None:
    found = Estimate(
        steps=200, run_bytes=10**9, record_bytes=2 * 10**8, disk_bytes=3 * 10**12, wall_s=4e3
    )
    assert str(found) == "200 steps, about 67 min, 1.2 GB of memory, 3 TB on disk"
    assert [duration(s) for s in (0.5, 59.0, 100.0, 1e4, 2e5)] == [
        "0.5 s", "59 s", "1.7 min", "2.8 h", "2.3 days",
    ]  # fmt: skip
    assert [size(n) for n in (10, 1234, 5.6e6)] == ["0.01 kB", "1.23 kB", "5.6 MB"]


def test_progress_knows_where_the_run_stands() -> None:
    seen: list[float] = []
    rv.simulate(FIBRE, FIBRE.stimulus, t_stop_ms=4.0, mesh=MESH, progress=seen.append)
    last = seen[-1]
    assert isinstance(last, Progress)
    assert (last, last.t_ms, last.t_stop_ms) == (1.0, pytest.approx(4.0), 4.0)
    assert last.front_um is not None
    assert 0.5 * 20e3 < last.front_um <= 20e3
    assert last.estimate.steps == 800
    assert last.estimate.wall_s == pytest.approx(last.wall_s)
    first = seen[0]
    assert isinstance(first, Progress)
    assert first.front_um is None


def test_progress_without_a_detector_has_no_front() -> None:
    seen: list[float] = []
    rv.simulate(FIBRE, FIBRE.stimulus, t_stop_ms=1.0, mesh=MESH, progress=seen.append, detect=())
    assert isinstance(seen[-1], Progress)
    assert seen[-1].front_um is None


def stands(share: float, *, wall_s: float, total_s: float) -> Progress:
    expected = Estimate(steps=100, run_bytes=10**9, record_bytes=0, wall_s=total_s)
    return Progress(
        share, t_ms=30 * share, t_stop_ms=30.0, wall_s=wall_s, front_um=12345.0, estimate=expected
    )


class Terminal:
    def __init__(self, is_terminal: bool) -> None:
        self.text = ""
        self._is_terminal = is_terminal

    def isatty(self) -> bool:
        return self._is_terminal

    def write(self, text: str) -> None:
        self.text += text

    def flush(self) -> None:
        pass


@pytest.fixture
def bar(monkeypatch: pytest.MonkeyPatch) -> Any:
    from ranvier.cli.progress import ProgressBar

    def make(*, is_terminal: bool, **options: Any) -> tuple[ProgressBar, Terminal, list[float]]:
        terminal, clock = Terminal(is_terminal), [0.0]
        monkeypatch.setattr("sys.stderr", terminal)
        monkeypatch.setattr("ranvier.cli.progress.time.monotonic", lambda: clock[0])
        monkeypatch.setenv("COLUMNS", "120")
        return ProgressBar(**options), terminal, clock

    return make


def test_bar_shows_time_speed_and_wave(bar: Any) -> None:
    draw, terminal, clock = bar(is_terminal=True)
    clock[0] = 4.0
    draw(stands(0.5, wall_s=4.0, total_s=8.0))
    assert terminal.text.endswith("]  50%, 15 of 30 ms, 3.75 ms/s, wave at 12.35 mm, 4 s left")
    draw.clear()


def test_bar_fits_the_terminal(bar: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    draw, terminal, clock = bar(is_terminal=True)
    monkeypatch.setenv("COLUMNS", "40")
    clock[0] = 4.0
    draw(stands(0.5, wall_s=4.0, total_s=8.0))
    assert len(terminal.text) == 1 + 39


@pytest.mark.parametrize("is_terminal", [True, False])
def test_a_long_run_is_announced_once(bar: Any, is_terminal: bool) -> None:
    draw, terminal, clock = bar(is_terminal=is_terminal, announces=True)
    for now_s in (0.5, 1.5, 2.5):
        clock[0] = now_s
        draw(stands(0.01, wall_s=now_s, total_s=LONG_s + 50.0))
    announced = "this run: 100 steps, about 60 s, 1 GB of memory (Ctrl-C stops it)\n"
    assert terminal.text.count(announced) == terminal.text.count("\n") == 1


def test_a_short_run_is_not_announced(bar: Any) -> None:
    draw, terminal, clock = bar(is_terminal=False, announces=True)
    clock[0] = 1.5
    draw(stands(0.5, wall_s=1.5, total_s=LONG_s - 1))
    assert terminal.text == ""


@pytest.mark.parametrize(
    ("method", "most_bytes"), [("rosenbrock2", 148), ("staggered_sdirk2", 100)]
)
def test_a_long_uniform_cable_takes_few_bytes_per_compartment(
    method: str, most_bytes: float
) -> None:
    """What benchmarks/memory.py finds from outside is 160 at most, with what records spikes."""
    n = 20_000
    fibre = rv.fibers.hodgkin_huxley(length_um=10.0 * n)
    run = rv.Simulation(
        rv.discretise(fibre.model, rv.FixedCount(n)),
        method=rv.Method(method, dt_ms=0.005),
        detectors=[rv.SpikeDetector()],
        v_init_mV=-65.0,
    )
    run.advance(2)
    assert run.estimate(1.0).run_bytes / n < most_bytes
