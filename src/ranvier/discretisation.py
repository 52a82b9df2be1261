"""The flat form of a model and how to save it; `docs/discretisation-format.md` explains it."""

from __future__ import annotations

import json
import pickle
import zipfile
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np

from ranvier._core import (
    SCHEMA_VERSION,
    Discretisation,
    DLambda,
    FixedCount,
    MaxLength,
    Model,
    discretise,
    solve_tree,
)
from ranvier.errors import FormatError

if TYPE_CHECKING:
    import os

__all__ = [
    "SCHEMA_VERSION",
    "DLambda",
    "Discretisation",
    "FixedCount",
    "MaxLength",
    "Mesh",
    "discretise",
    "load",
    "lowered",
    "refined",
    "save",
    "solve_tree",
]

Mesh = FixedCount | MaxLength | DLambda

#: Compartments up to which a discretisation is kept as long as its model.
_KEPT = 5000
_last_lowered: WeakKeyDictionary[Model, tuple[bytes, Discretisation]] = WeakKeyDictionary()


def lowered(model: Model, mesh: Mesh) -> Discretisation:
    """`discretise`, and where the same model is asked for again on an equal mesh what it gave then:
    neither a model nor a discretisation ever changes. Raises ModelError as it does."""
    key = pickle.dumps(mesh)
    known = _last_lowered.get(model)
    if known is not None and known[0] == key:
        return known[1]
    made = discretise(model, mesh)
    if len(made) <= _KEPT:
        _last_lowered[model] = key, made
    return made


def refined(mesh: Mesh, times: int) -> Mesh:
    """The same policy with every compartment cut into `times`.

    Exactly so for FixedCount. The other two make the fewest compartments that are short enough in
    each section, so a section of 1.2 times the length has 2, and cut in three not 6 but 4. By an
    odd number, the centre of a compartment stays the centre of one. Raises ValueError for a number
    below 1.
    """
    if times < 1 or times != int(times):
        raise ValueError(f"times: is {times}, expected a whole number, 1 or more")
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


def save(discretisation: Discretisation, path: str | os.PathLike[str]) -> None:
    """Writes a compressed `.npz`: one array per entry, nested names joined by "/"."""
    arrays: dict[str, np.ndarray[Any, Any]] = {}
    plain: dict[str, Any] = {}

    def flatten(prefix: str, value: Any) -> Any:
        if isinstance(value, np.ndarray):
            arrays[prefix] = value
            return {"array": prefix}
        if isinstance(value, dict):
            return {key: flatten(f"{prefix}/{key}", item) for key, item in value.items()}
        if isinstance(value, list) and value and isinstance(value[0], dict):
            return [flatten(f"{prefix}/{i}", item) for i, item in enumerate(value)]
        return value

    for key, value in discretisation.to_dict().items():
        plain[key] = flatten(key, value)
    with open(path, "wb") as file:
        arrays["header"] = np.array(json.dumps(plain))
        np.savez_compressed(file, allow_pickle=False, **arrays)


def load(path: str | os.PathLike[str]) -> Discretisation:
    """Reads what `save()` wrote. Raises FormatError for another file, ModelError for bad arrays."""
    try:
        # Opened here, because np.load leaves the file open where it is no archive.
        with open(path, "rb") as file, np.load(file, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        header = json.loads(str(arrays.pop("header")))
    except (ValueError, KeyError, EOFError, TypeError, zipfile.BadZipFile) as error:
        raise FormatError(
            f"{path}: is not a saved discretisation, expected a .npz of ours"
        ) from error

    def unflatten(value: Any) -> Any:
        if isinstance(value, dict):
            if set(value) == {"array"}:
                return arrays[value["array"]]
            return {key: unflatten(item) for key, item in value.items()}
        if isinstance(value, list):
            return [unflatten(item) for item in value]
        return value

    return Discretisation.from_dict({key: unflatten(value) for key, value in header.items()})
