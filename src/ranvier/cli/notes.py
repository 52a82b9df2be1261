"""What is known of the error of a printed velocity, where somebody has measured it."""

from __future__ import annotations

from ranvier.cli.subject import Subject
from ranvier.discretisation import FixedCount
from ranvier.fibers import Fiber
from ranvier.results import Result


def notes_on(subject: Subject, result: Result) -> list[str]:
    """Sentences on what the step and the mesh do to this velocity; none where nobody measured."""
    if not isinstance(subject.target, Fiber):
        return []
    made_by = result.provenance
    fibre = subject.target
    is_warm = abs(made_by["temperature_degC"] - 37.0) < 1.0
    is_customary = made_by["method"] == "backward_euler" and made_by["dt_ms"] == 0.005
    notes = []
    # The limits in dt are those of `benchmarks/time_step.py` and `benchmarks/cns_axons.py`.
    match fibre.name:
        case "mrg" if is_warm:
            if is_customary and fibre.diameter_um >= 5.7:
                notes.append("backward Euler is of first order: at 0.005 ms about 9 % slow (--dt)")
            if isinstance(subject.mesh, FixedCount) and subject.mesh.count == 1:
                # 47.65 m/s against 56.24 at 10 um; 2, 5.7 and 16 um are alike.
                notes.append(
                    "the published grid, 11 compartments from node to node, is not converged in "
                    "space: the limit is about 15 % slower (--refine)"
                )
        case "arancibia_carcamo" if is_warm and is_customary:
            notes.append("backward Euler is of first order: at 0.005 ms 4 to 6 % slow (--dt)")
        case "hodgkin_huxley" if made_by["temperature_degC"] == 18.5 and is_customary:
            notes.append("backward Euler is of first order: at 0.005 ms 0.4 % slow (--dt)")
    return notes
