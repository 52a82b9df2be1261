"""Writes a reference file: arrays, the parameters to rebuild the problem, and its origin."""

from __future__ import annotations

import json
from pathlib import Path

import neuron
import numpy as np

DATA_FOLDER = Path(__file__).resolve().parents[1] / "data"
NEURON_SCHEME = (
    "fixed-step backward Euler (secondorder = 0), gates by cnexp after the potential of each step"
)


def write(name: str, script: str, parameters: dict, arrays: dict[str, np.ndarray]) -> None:
    """Saves `arrays` as data/NAME.npz, with `parameters` and the provenance as JSON strings.

    Nothing that differs between two machines or two days is stored, so that a file made again
    with the same versions differs in rounding at most.
    """
    provenance = {
        "script": Path(script).name,
        "simulator": "NEURON",
        "simulator_version": neuron.__version__,
        "numpy_version": np.__version__,
        "scheme": NEURON_SCHEME,
    }
    path = DATA_FOLDER / f"{name}.npz"
    np.savez_compressed(
        path,
        parameters=np.array(json.dumps(parameters)),
        provenance=np.array(json.dumps(provenance)),
        **arrays,
    )
    print(f"{path.name}: {path.stat().st_size / 1024:.1f} KiB, {', '.join(arrays)}")
