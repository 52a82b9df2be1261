"""Recruitment in a nerve: fibres of diameters by chance at places by chance."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Unpack

import numpy as np

from ranvier import fibers
from ranvier.errors import ModelError
from ranvier.fields import Path, StraightPath
from ranvier.stimuli import Extracellular
from ranvier.studies.recruitment import recruited
from ranvier.studies.table import StudyTable
from ranvier.studies.threshold_rows import SearchOptions
from ranvier.studies.velocities import Make, maker

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

#: Of a round nerve of which nothing else is said.
RADIUS_um = 500.0


def nerve_recruitment(
    fibre: Make,
    stimulus: Extracellular,
    *,
    count: int = 50,
    radius_um: float = RADIUS_um,
    diameters_um: ArrayLike | None = None,
    seed: int = 0,
    journal: str | os.PathLike[str] | None = None,
    progress: Callable[[float], None] | None = None,
    **search: Unpack[SearchOptions],
) -> StudyTable:
    """`recruitment` of `count` fibres side by side in a round nerve along x, with `stimulus` near.

    `fibre` is a name, or a function that takes `diameter_um`. Each fibre is straight, with its
    middle at x = 0; its diameter is drawn from `diameters_um` (by default the published ones), each
    as likely as the others, and its place, columns `y_um` and `z_um`, evenly over the
    cross-section, whose middle is the x axis. The same `seed` draws the same. A fibre that an
    electrode is inside of is a row with the status "refused". Raises ModelError for a nerve or a
    stimulus that cannot be, and what `recruitment` raises.
    """
    if isinstance(count, bool) or count != int(count) or count < 1:
        raise ModelError(f"nerve: count is {count:g}, expected a whole number, 1 or more")
    if not (math.isfinite(radius_um) and radius_um > 0):
        raise ModelError(f"nerve: radius_um is {radius_um:g}, expected above 0")
    if seed != int(seed) or seed < 0:
        raise ModelError(f"nerve: seed is {seed:g}, expected a whole number, 0 or more")
    if not isinstance(stimulus, Extracellular):
        raise ModelError(
            f"nerve: the stimulus is a {type(stimulus).__name__}, expected an Extracellular"
        )
    if not _is_along_x(stimulus.path):
        raise ModelError(
            "nerve: the stimulus has a path, expected none, since each fibre has its own"
        )
    from_um = _diameters_um(fibre, diameters_um)
    rng = np.random.default_rng(seed)
    drawn_um = rng.choice(from_um, count)
    off_um = radius_um * np.sqrt(rng.uniform(size=count))  # the root: even over the area
    angle = rng.uniform(0, 2 * np.pi, count)
    y_um, z_um = off_um * np.cos(angle), off_um * np.sin(angle)
    make = maker(fibre)
    made = {each: make(diameter_um=float(each)) for each in np.unique(drawn_um)}
    return recruited(
        "nerve_recruitment",
        [made[each] for each in drawn_um],
        [
            replace(stimulus, path=StraightPath(centre_um=(0.0, y, z)))
            for y, z in zip(y_um, z_um, strict=True)
        ],
        {"y_um": y_um, "z_um": z_um},
        {"radius_um": radius_um, "seed": seed},
        journal,
        progress,
        search,
    )


def _is_along_x(path: Path) -> bool:
    """Whether it is what a stimulus has of which nothing else is said."""
    return (
        isinstance(path, StraightPath)
        and not np.any(path.centre_um)
        and np.array_equal(path.direction, StraightPath().direction)
    )


def _diameters_um(fibre: Make, given: ArrayLike | None) -> NDArray[np.float64]:
    """What to draw from. Raises ModelError for none, and for what is no diameter."""
    if given is None:
        given = fibers.describe(fibre).diameters_um if isinstance(fibre, str) else None
        if given is None:
            name = f"{fibre} has no published ones" if isinstance(fibre, str) else "are not given"
            raise ModelError(f"diameters_um: {name}, expected some to draw from")
    found = np.asarray(given, dtype=np.float64)
    if found.ndim != 1 or not found.size or not (np.isfinite(found) & (found > 0)).all():
        raise ModelError("diameters_um: has none or one that is not above 0, expected diameters")
    return found
