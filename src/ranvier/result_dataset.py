"""Results as labelled datasets of xarray, which is optional."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ranvier.results import Result, as_attribute

if TYPE_CHECKING:
    import xarray


def _dimension(name: str, values: NDArray[Any], known: list[NDArray[Any]]) -> str:
    """The dimension that has these values already, or a new one: `time`, `time_2`, ..."""
    for k, each in enumerate(known):
        if np.array_equal(each, values):
            return name if k == 0 else f"{name}_{k + 1}"
    known.append(values)
    return name if len(known) == 1 else f"{name}_{len(known)}"


def to_xarray(result: Result) -> xarray.Dataset:
    """See `Result.to_xarray`. Raises ImportError without xarray."""
    try:
        import xarray
    except ImportError as error:
        raise ImportError(
            "to_xarray needs xarray, expected it installed: pip install 'ranvier[xarray]'"
        ) from error

    geometry = result.geometry
    times: list[NDArray[Any]] = []
    places: list[NDArray[Any]] = []
    variables: dict[str, Any] = {}
    coordinates: dict[str, Any] = {}
    for k, trace in enumerate(result.traces):
        time = _dimension("time", trace.t_ms, times)
        place = _dimension("compartment", trace.compartments, places)
        coordinates[time] = (time, trace.t_ms, {"units": "ms"})
        stem = trace.name if trace.mechanism is None else f"{trace.name}_{trace.mechanism}"
        copies = sum(each.label == trace.label for each in result.traces[:k])
        name = stem if copies == 0 else f"{stem}_{copies + 1}"
        attributes = {"units": trace.unit, "long_name": trace.label}
        variables[name] = ((time, place), trace.values, attributes)
    for k, crossings in enumerate(result.crossings):
        suffix = "" if k == 0 else f"_{k + 1}"
        threshold = {"threshold_mV": crossings.threshold_mV}
        variables[f"crossing_t_ms{suffix}"] = (
            f"crossing{suffix}",
            crossings.t_ms,
            {"units": "ms", **threshold},
        )
        variables[f"crossing_compartment{suffix}"] = (
            f"crossing{suffix}",
            crossings.compartment,
            threshold,
        )
        if crossings.counted is not None:
            place = _dimension("compartment", crossings.watched, places)
            variables[f"crossing_count{suffix}"] = (place, crossings.counted, threshold)
    for k, peaks in enumerate(result.peaks):
        suffix = "" if k == 0 else f"_{k + 1}"
        place = _dimension("compartment", peaks.compartments, places)
        variables[f"peak_mV{suffix}"] = (place, peaks.v_mV, {"units": "mV"})
        variables[f"peak_t_ms{suffix}"] = (place, peaks.t_ms, {"units": "ms"})
    for k, at in enumerate(places):
        suffix = "" if k == 0 else f"_{k + 1}"
        place = f"compartment{suffix}"
        coordinates[place] = (place, at)
        coordinates[f"distance_um{suffix}"] = (place, geometry.distance_um[at], {"units": "um"})
        coordinates[f"section{suffix}"] = (place, geometry.section_name[at])
        coordinates[f"region{suffix}"] = (place, geometry.region[at])
    about = {
        "fibre": geometry.fibre,
        "status": str(result.status),
        "message": result.message,
        "t_stop_ms": result.t_stop_ms,
        **{key: as_attribute(value) for key, value in result.provenance.items()},
    }
    return xarray.Dataset(variables, coordinates, about)
