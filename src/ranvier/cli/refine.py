"""A mesh so many times finer."""

from __future__ import annotations

from ranvier.discretisation import DLambda, FixedCount, MaxLength, Mesh


def refined(mesh: Mesh, times: int) -> Mesh:
    """The same policy with every compartment cut into `times`."""
    match mesh:
        case FixedCount():
            counts = {region: times * count for region, count in mesh.by_region.items()}
            return FixedCount(times * mesh.count, by_region=counts)
        case MaxLength():
            lengths_um = {region: um / times for region, um in mesh.by_region.items()}
            return MaxLength(mesh.length_um / times, by_region=lengths_um)
        case DLambda():
            shares = {region: share / times for region, share in mesh.by_region.items()}
            return DLambda(mesh.d_lambda / times, frequency_Hz=mesh.frequency_Hz, by_region=shares)
