"""What `ranvier run` reads: an experiment in a TOML file."""

from __future__ import annotations

from ranvier.experiment.experiment import Experiment
from ranvier.experiment.load import load_experiment

__all__ = ["Experiment", "load_experiment"]
