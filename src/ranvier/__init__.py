"""ranvier: membrane potential along axons, from rest to the travelling spike.

    import ranvier as rv

    fibre = rv.fibers.mrg(diameter_um=10)
    result = rv.simulate(fibre, fibre.stimulus, t_stop_ms=5)
    print(rv.analysis.conduction_velocity(result))

Bare numbers have the unit in the argument's name.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from ranvier import errors
from ranvier._core import (
    Discretisation,
    DLambda,
    FixedCount,
    Ion,
    MaxLength,
    Model,
    Placement,
    Section,
    Sheath,
    __version__,
    discretise,
)
from ranvier.errors import DivergedError, FormatError, ModelError, RanvierError
from ranvier.methods import Method
from ranvier.recording import PeakMap, Probe, SpikeDetector

if TYPE_CHECKING:
    from ranvier import (
        analysis,
        discretisation,
        fibers,
        fields,
        mechanisms,
        membrane,
        methods,
        morphology,
        plot,
        responses,
        stimuli,
        studies,
    )
    from ranvier.batch import simulate_batch
    from ranvier.convergence import converge
    from ranvier.resting import Rest, rest
    from ranvier.results import Result, load
    from ranvier.run import estimate, simulate
    from ranvier.simulation import Simulation

#: Imported on first use, so that `import ranvier` costs little more than NumPy. Where a name is in
#: a module of another name, the module stands behind it.
_LAZY = {
    "Rest": "resting",
    "Result": "results",
    "Simulation": "simulation",
    "analysis": None,
    "converge": "convergence",
    "discretisation": None,
    "estimate": "run",
    "fibers": None,
    "fields": None,
    "load": "results",
    "mechanisms": None,
    "membrane": None,
    "methods": None,
    "morphology": None,
    "plot": None,
    "responses": None,
    "rest": "resting",
    "simulate": "run",
    "simulate_batch": "batch",
    "stimuli": None,
    "studies": None,
}

__all__ = [
    "DLambda",
    "Discretisation",
    "DivergedError",
    "FixedCount",
    "FormatError",
    "Ion",
    "MaxLength",
    "Method",
    "Model",
    "ModelError",
    "PeakMap",
    "Placement",
    "Probe",
    "RanvierError",
    "Rest",
    "Result",
    "Section",
    "Sheath",
    "Simulation",
    "SpikeDetector",
    "__version__",
    "analysis",
    "converge",
    "discretisation",
    "discretise",
    "errors",
    "estimate",
    "fibers",
    "fields",
    "load",
    "mechanisms",
    "membrane",
    "methods",
    "morphology",
    "plot",
    "responses",
    "rest",
    "simulate",
    "simulate_batch",
    "stimuli",
    "studies",
]


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = _LAZY[name]
    module = importlib.import_module(f"{__name__}.{home or name}")
    value = module if home is None else getattr(module, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
