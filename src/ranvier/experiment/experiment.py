"""An experiment: everything that one run needs, and what to do with its result."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from ranvier.analysis import Velocity, conduction_velocity
from ranvier.discretisation import Mesh, discretise
from ranvier.experiment.study import StudyCall
from ranvier.fibers import Fiber
from ranvier.methods import Method
from ranvier.model import Model
from ranvier.morphology import longest_path
from ranvier.places import Place
from ranvier.recording import PeakMap, Probe, SpikeDetector
from ranvier.results import Result
from ranvier.run import simulate
from ranvier.stimuli import Stimulus
from ranvier.studies import StudyTable


@dataclass(frozen=True, slots=True, kw_only=True)
class Experiment:
    """What a file asks for, checked.

    `v_init_mV` None starts at rest, `between` None asks for no velocity, and `sites` None measures
    it at the sites of the fibre, or of a cell along the longest way to a tip.
    """

    path: Path
    target: Fiber | Model
    mesh: Mesh
    stimuli: tuple[Stimulus, ...]
    probes: tuple[Probe, ...]
    method: Method
    t_stop_ms: float
    v_init_mV: float | None = None
    detect: SpikeDetector = field(default_factory=SpikeDetector)
    peaks: tuple[PeakMap, ...] = ()
    between: tuple[float, float] | None = None
    sites: Place = None
    solver: str = "auto"
    precision: str = "double"
    threads: int | None = None
    result_path: Path | None = None
    figure_path: Path | None = None
    table_path: Path | None = None
    study: StudyCall | None = None

    def run(self, progress: Callable[[float], None] | None = None) -> Result:
        """Simulate. Writes no file; raises as `simulate` does."""
        sites = self.sites
        if sites is None and isinstance(self.target, Model):
            grid = discretise(self.target, self.mesh)
            sites = longest_path(grid).compartments.tolist()
        return simulate(
            self.target,
            self.stimuli,
            self.probes,
            t_stop_ms=self.t_stop_ms,
            method=self.method,
            mesh=self.mesh,
            v_init_mV=self.v_init_mV,
            detect=self.detect,
            peaks=self.peaks,
            velocity_sites=sites,
            solver=self.solver,
            precision=self.precision,
            threads=self.threads,
            progress=progress,
        )

    def run_study(self, progress: Callable[[float], None] | None = None) -> StudyTable:
        """The table of the study, if the file has one. Raises FormatError, with the line, for
        what the study refuses, and ValueError where there is none."""
        if self.study is None:
            raise ValueError(f"{self.path}: has no study, expected a table [study]")
        return self.study.table(
            self.path,
            progress,
            solver=self.solver,
            precision=self.precision,
            threads=self.threads,
        )

    def velocity(self, result: Result) -> Velocity | None:
        """The velocity, if the file asks for it."""
        return None if self.between is None else conduction_velocity(result, between=self.between)
