"""From an experiment file to an `Experiment`, with everything that is wrong told at once."""

from __future__ import annotations

import os
from collections.abc import Sequence

from ranvier.discretisation import Discretisation, Mesh, discretise
from ranvier.experiment import parts
from ranvier.experiment.experiment import Experiment
from ranvier.experiment.lines import KeyPath
from ranvier.experiment.schema import check_keys
from ranvier.experiment.source import Source, read_source
from ranvier.experiment.stimuli import make_stimuli, points_of
from ranvier.experiment.study import make_study
from ranvier.fibers import Fiber
from ranvier.methods import Method
from ranvier.model import Model
from ranvier.places import compartments_at
from ranvier.recording import PeakMap, Probe, SpikeDetector, lower_peak_map
from ranvier.simulation import Simulation
from ranvier.stimuli import Stimulus
from ranvier.stimuli._points import attached

MIDDLE = (0.25, 0.75)


def load_experiment(path: str | os.PathLike[str]) -> Experiment:
    """Read an experiment file; `docs/how-to/experiment-file.md` explains every key.

    Everything is checked here that can be without running, down to the names of places. Raises
    FormatError with a line for each problem: "path:line: table.key: problem, expected".
    """
    source = read_source(path)
    check_keys(source)
    target = parts.make_target(source)
    mesh = parts.make_mesh(source, target)
    method = parts.make_method(source)
    acting = make_stimuli(source, target)
    stimuli = [each for _, each in acting]
    probes = parts.make_probes(source, points_of(stimuli))
    peaks = parts.make_peaks(source)
    study = make_study(source, target, mesh, method, stimuli)
    t_stop_ms = _t_stop_ms(source, target)
    if target is not None and mesh is not None:
        # A study that lays fibres out itself says of each whether its electrode is inside.
        checked = [] if study is not None and study.places_fibres else acting
        _check_places(source, target, mesh, method, checked, probes, peaks)
    _check_output(source)
    source.problems.raise_any()
    # Whatever could not be made has been reported.
    assert target is not None
    assert mesh is not None
    assert method is not None
    run, velocity, output = (source.tables.get(name, {}) for name in ("run", "velocity", "output"))
    v_init_mV = run.get("v_init_mV", "rest")
    between = velocity.get("between", MIDDLE)
    folder = source.path.parent
    return Experiment(
        path=source.path,
        target=target,
        mesh=mesh,
        stimuli=tuple(each for each in stimuli if each is not None),
        probes=tuple(each for each in probes if each is not None),
        method=method,
        t_stop_ms=t_stop_ms,
        v_init_mV=None if v_init_mV == "rest" else float(v_init_mV),
        detect=SpikeDetector(
            threshold_mV=float(velocity.get("threshold_mV", -20.0)), keep=run.get("keep_spikes")
        ),
        peaks=tuple(each for each in peaks if each is not None),
        between=(between[0], between[1]) if "velocity" in source.tables else None,
        sites=parts.to_place(velocity.get("sites")),
        solver=run.get("solver", "auto"),
        precision=run.get("precision", "double"),
        threads=run.get("threads"),
        result_path=folder / output["result"] if "result" in output else None,
        figure_path=folder / output["figure"] if "figure" in output else None,
        table_path=folder / output["table"] if "table" in output else None,
        study=study,
    )


def _t_stop_ms(source: Source, target: Fiber | Model | None) -> float:
    given = source.tables.get("run", {})
    if source.is_sound("run") and "t_stop_ms" in given:
        return float(given["t_stop_ms"])
    if isinstance(target, Fiber):
        return target.t_stop_ms
    if target is not None and "study" not in source.tables and source.is_sound("run"):
        source.report("has no t_stop_ms, expected one with [morphology]", "run")
    return 0.0


def _check_places(
    source: Source,
    target: Fiber | Model,
    mesh: Mesh,
    method: Method | None,
    stimuli: Sequence[tuple[KeyPath, Stimulus | None]],
    probes: Sequence[Probe | None],
    peaks: Sequence[PeakMap | None],
) -> None:
    """Look up every place, which only the compartments can tell."""
    grid: Discretisation | None = None
    with source.telling(*(["mesh"] if "mesh" in source.tables else [])):
        grid = discretise(target.model if isinstance(target, Fiber) else target, mesh)
    if grid is None:
        return
    placed: list[Stimulus] = []
    for table, stimulus in stimuli:
        if stimulus is not None and table:
            with source.telling(*table):
                stimulus.lower(grid)
                attached(grid, [*placed, stimulus])
                placed.append(stimulus)
    grid, _ = attached(grid, placed)
    for number, probe in enumerate(probes):
        if probe is not None and method is not None:
            with source.telling("probe", number):
                # A simulation of nothing else: only the core knows which channel is where.
                Simulation(grid, method=method, probes=[probe], v_init_mV=0.0)
    for number, peak_map in enumerate(peaks):
        if peak_map is not None and method is not None:
            with source.telling("peaks", number):
                lower_peak_map(peak_map, grid, method)
    for name, key in (("velocity", "sites"), ("study", "at")):
        if source.is_sound(name) and key in (content := source.tables.get(name, {})):
            with source.telling(name):
                compartments_at(grid, parts.to_place(content[key]))


def _check_output(source: Source) -> None:
    """Files are written after the run: too late to find that there is no such folder."""
    is_study = "study" in source.tables
    wrong = "result" if is_study else "table"
    if wrong in source.tables.get("output", {}):
        instead = "table, since there is a [study]" if is_study else "result, without a [study]"
        source.report(f"expected {instead}", "output", wrong)
    for key, name in source.tables.get("output", {}).items():
        folder = (source.path.parent / name).parent
        if source.is_sound("output") and not folder.is_dir():
            source.report(f"there is no folder {folder}, expected one that exists", "output", key)
