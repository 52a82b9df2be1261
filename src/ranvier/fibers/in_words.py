"""What is known of a fibre, in words: for the command line and for pages."""

from __future__ import annotations

from ranvier.fibers._fiber import FiberInfo, Reference


def diameters(info: FiberInfo) -> str:
    if info.diameters_um is not None:
        return ", ".join(f"{diameter_um:.4g}" for diameter_um in info.diameters_um) + " um"
    return "any" if info.limits_um is None else span_um(info.limits_um)


def span_um(ends_um: tuple[float, float]) -> str:
    low_um, high_um = ends_um
    return f"{low_um:.4g} um" if low_um == high_um else f"{low_um:.4g} to {high_um:.4g} um"


def reference(reference: Reference) -> str:
    return (
        f"{reference.velocity_m_per_s:.3g} m/s at {reference.diameter_um:.3g} um, "
        f"{reference.temperature_degC:g} degC"
    )
