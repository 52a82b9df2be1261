"""What is known of the error of a printed velocity, where somebody has measured it."""

from __future__ import annotations

from ranvier.cli.subject import Subject
from ranvier.discretisation import FixedCount
from ranvier.fibers import Fiber
from ranvier.results import Result


def notes_on(subject: Subject, result: Result) -> list[str]:
    """Sentences on what the step and the mesh do to this velocity; none where it is not known."""
    if not isinstance(subject.target, Fiber):
        return []
    method, dt_ms = result.provenance["method"], result.provenance["dt_ms"]
    mesh = subject.mesh
    match subject.target.name, method:
        case "mrg", "backward_euler":
            # Measured on the 10 um fibre: 51.3 m/s at 5 us and 56.2 in the limit; on the published
            # grid and cut 9-fold 55.2 and 47.2 at 1 us. The other diameters are alike.
            notes = []
            if dt_ms >= 0.0025:
                notes.append(
                    "backward Euler is of first order: at 0.005 ms it is 9 % slow here (--dt)"
                )
            if isinstance(mesh, FixedCount) and mesh.count == 1:
                notes.append(
                    "the published grid, 11 compartments from node to node, is not converged in "
                    "space: cut 9-fold it is 14 % slower (--refine)"
                )
            return notes
        case _:
            return []
