"""Velocity against what an axon is made like: diameter, temperature, node length, g-ratio.

Each study runs one fibre per row by its own stimulus, side by side, and fits what theory says.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from ranvier import fibers
from ranvier.analysis import VelocityStatus, conduction_velocity
from ranvier.batch import Batch
from ranvier.errors import ModelError
from ranvier.fibers import Fiber
from ranvier.fibers.variants import g_ratio_of, with_g_ratio, with_node_length
from ranvier.methods import Method
from ranvier.recording import SpikeDetector
from ranvier.results import Result, Status
from ranvier.studies.collect import Add, collect, with_summary
from ranvier.studies.table import Curve, Picture, StudyTable

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    FloatArray = NDArray[np.float64]

#: A fibre by its name, or what makes one of arguments.
Make: TypeAlias = str | Callable[..., Fiber]
Progress: TypeAlias = Callable[[float], None] | None
Journal: TypeAlias = str | os.PathLike[str] | None

#: Rows that go through the core together; between groups a journal is written.
_GROUP = 32
#: A fibre that is slower than expected is given so many times the time, once.
_PATIENCE = 4.0
#: Of an axon with myelin of this ratio, by Rushton 1951, doi:10.1113/jphysiol.1951.sp004655.
RUSHTON_BEST = math.exp(-0.5)
_POINTS = 200


def velocity_against_diameter(
    fibre: Make,
    diameters_um: ArrayLike | None = None,
    *,
    method: Method | None = None,
    threads: int | None = None,
    journal: Journal = None,
    progress: Progress = None,
    **arguments: Any,
) -> StudyTable:
    """The velocity of a fibre of each diameter, by default the published ones.

    `fibre` is a name, or a function that takes `diameter_um` and `arguments`. The summary has a
    straight line through the rows, `slope_m_per_s_per_um` and `intercept_m_per_s`, a root,
    `root_m_per_s` times sqrt(d / um), each with its R^2, and the exponent of a power of the
    diameter. Raises ModelError for a diameter that the fibre does not come in.
    """
    make = maker(fibre)
    if diameters_um is None:
        published = fibers.describe(fibre).diameters_um if isinstance(fibre, str) else None
        if published is None:
            raise ModelError("diameters_um: are not given, expected some of a fibre of any size")
        diameters_um = published
    asked = _column("diameters_um", diameters_um)
    made = [make(diameter_um=float(each), **arguments) for each in asked]

    def finish(table: StudyTable) -> StudyTable:
        x, v = _known(table, "diameter_um")
        slope, intercept, straight = _line(x, v)
        root, rooted = _proportional(np.sqrt(x), v)
        is_myelinated = made[0].is_myelinated
        grid = _grid(asked)
        curve = (
            Curve(
                label=f"{intercept:.3g} + {slope:.3g} d, R² {straight:.4f}",
                x=grid,
                y=intercept + slope * grid,
            )
            if is_myelinated
            else Curve(label=f"{root:.3g} sqrt(d), R² {rooted:.4f}", x=grid, y=root * np.sqrt(grid))
        )
        return with_summary(
            table,
            summary={
                "slope_m_per_s_per_um": slope,
                "intercept_m_per_s": intercept,
                "r_squared_of_line": straight,
                "root_m_per_s": root,
                "r_squared_of_root": rooted,
                "exponent": _line(np.log(x), np.log(v))[0],
            },
            picture=Picture(
                x="diameter_um",
                y=("velocity_m_per_s",),
                joined=False,
                curves=(curve,) if x.size > 1 else (),
                title=made[0].name,
            ),
        )

    return _study(
        "velocity_against_diameter",
        {"diameter_um": asked},
        made,
        finish,
        method=method,
        threads=threads,
        journal=journal,
        progress=progress,
        asked=[arguments],
    )


def velocity_against_temperature(
    fibre: Make,
    temperatures_degC: ArrayLike,
    *,
    method: Method | None = None,
    threads: int | None = None,
    journal: Journal = None,
    progress: Progress = None,
    **arguments: Any,
) -> StudyTable:
    """The velocity of a fibre at each temperature, and where it no longer conducts.

    Gates become faster by their own factors; conductances and the axoplasm stay as they are, so
    that beyond some heat no wave is left. The summary has `q10`, how many times faster per 10 degC
    a wave is over all rows, `fastest_m_per_s` and `fastest_degC`.
    """
    make = maker(fibre)
    asked = _column("temperatures_degC", temperatures_degC)
    made = [make(temperature_degC=float(each), **arguments) for each in asked]

    def finish(table: StudyTable) -> StudyTable:
        x, v = _known(table, "temperature_degC")
        slope = _line(x, np.log(v))[0]
        best = int(v.argmax()) if v.size else None
        return with_summary(
            table,
            summary={
                "q10": math.exp(10.0 * slope),
                "fastest_m_per_s": math.nan if best is None else float(v[best]),
                "fastest_degC": math.nan if best is None else float(x[best]),
            },
            picture=Picture(x="temperature_degC", y=("velocity_m_per_s",), title=made[0].name),
        )

    return _study(
        "velocity_against_temperature",
        {"temperature_degC": asked},
        made,
        finish,
        method=method,
        threads=threads,
        journal=journal,
        progress=progress,
        asked=[arguments],
    )


def velocity_against_node_length(
    fibre: Fiber,
    node_lengths_um: ArrayLike,
    *,
    channels: str = "density",
    method: Method | None = None,
    threads: int | None = None,
    journal: Journal = None,
    progress: Progress = None,
) -> StudyTable:
    """The velocity of a fibre with nodes of each length.

    With `channels` "density" a longer node has more of them, with "number" as many as before,
    farther apart (`ranvier.fibers.variants.with_node_length`); the study of Arancibia-Carcamo et
    al. 2017, doi:10.7554/eLife.23329. The summary has `best_um` and `best_m_per_s`, the highest
    point of a parabola through the fastest row and its neighbours; NaN where that is the first or
    the last.
    """
    asked = _column("node_lengths_um", node_lengths_um)
    made = [with_node_length(fibre, float(each), channels=channels) for each in asked]

    def finish(table: StudyTable) -> StudyTable:
        best_um, fastest = _highest(*_known(table, "node_length_um"))
        return with_summary(
            table,
            summary={"best_um": best_um, "best_m_per_s": fastest},
            picture=Picture(
                x="node_length_um",
                y=("velocity_m_per_s",),
                title=f"same {channels} of channels, {fibre.model.name}",
            ),
        )

    return _study(
        "velocity_against_node_length",
        {"node_length_um": asked},
        made,
        finish,
        method=method,
        threads=threads,
        journal=journal,
        progress=progress,
        asked=[fibre, channels],
    )


def velocity_against_g_ratio(
    fibre: Fiber,
    g_ratios: ArrayLike,
    *,
    myelin: str = "own",
    method: Method | None = None,
    threads: int | None = None,
    journal: Journal = None,
    progress: Progress = None,
) -> StudyTable:
    """The velocity of a fibre as thick as it is with an axon of each share of that.

    `myelin` says how the sheath follows (`ranvier.fibers.variants.with_g_ratio`). The summary has
    `own_g_ratio`, that of the fibre as given; `best_g_ratio` and `best_m_per_s`, as for node
    lengths; and `rushton_g_ratio`, exp(-1/2), of v ~ g sqrt(-ln g): all the charge goes to myelin
    of capacitance 1 / ln(1 / g) (Rushton 1951). Nodes have to be charged too, which moves the best
    ratio up, and a periaxonal space takes room, which moves it down.
    """
    asked = _column("g_ratios", g_ratios)
    made = [with_g_ratio(fibre, float(each), myelin=myelin) for each in asked]

    def finish(table: StudyTable) -> StudyTable:
        best, fastest = _highest(*_known(table, "g_ratio"))
        grid = _grid(asked)
        law = grid * np.sqrt(-np.log(grid))
        top = fastest / (RUSHTON_BEST * math.sqrt(0.5))
        curves = (Curve(label="Rushton: g sqrt(-ln g)", x=grid, y=top * law),)
        return with_summary(
            table,
            summary={
                "own_g_ratio": g_ratio_of(fibre),
                "best_g_ratio": best,
                "best_m_per_s": fastest,
                "rushton_g_ratio": RUSHTON_BEST,
            },
            picture=Picture(
                x="g_ratio",
                y=("velocity_m_per_s",),
                x_label="g-ratio",
                curves=curves if math.isfinite(fastest) else (),
                title=f"{myelin} myelin, {fibre.model.name}",
            ),
        )

    return _study(
        "velocity_against_g_ratio",
        {"g_ratio": asked},
        made,
        finish,
        method=method,
        threads=threads,
        journal=journal,
        progress=progress,
        asked=[fibre, myelin],
    )


def _study(
    name: str,
    given: dict[str, FloatArray],
    made: Sequence[Fiber],
    finish: Callable[[StudyTable], StudyTable],
    *,
    method: Method | None,
    threads: int | None,
    journal: Journal,
    progress: Progress,
    asked: list[Any],
) -> StudyTable:
    method = method or Method()

    def work(rows: Sequence[int], add: Add) -> None:
        for start in range(0, len(rows), _GROUP):
            group = rows[start : start + _GROUP]
            for k, result in zip(
                group, _runs([made[k] for k in group], method, threads), strict=True
            ):
                add(k, _row(result))
            if progress is not None:
                progress((start + len(group)) / len(rows))

    return collect(
        name,
        given=given,
        found={"velocity_m_per_s": math.nan, "standard_error_m_per_s": math.nan},
        work=work,
        finish=finish,
        journal=journal,
        asked=[*asked, made, method],
        provenance={
            "fibre": made[0].name,
            "citation": made[0].citation,
            "method": method.name,
            "method_parameters": dict(method.parameters),
        },
    )


def _runs(made: Sequence[Fiber], method: Method, threads: int | None) -> list[Result]:
    """One run of each; those whose wave has not arrived get another, longer one."""
    batch = Batch(
        probes=(),
        t_stop_ms=1.0,  # each has its own
        method=method,
        mesh=None,
        detect=(SpikeDetector(keep=1),),
        velocity_sites=None,
        stop_when=None,
        solver="auto",
        precision="double",
        threads=threads,
    )

    def run(fibres: Sequence[Fiber], patience: float) -> list[Result]:
        return batch.simulate(
            [(fibre, (fibre.stimulus,), None) for fibre in fibres],
            t_stops_ms=[patience * fibre.t_stop_ms for fibre in fibres],
        )

    results = run(made, 1.0)
    late = [
        k
        for k, result in enumerate(results)
        if conduction_velocity(result).status is VelocityStatus.DID_NOT_PROPAGATE
    ]
    if late:
        for k, result in zip(late, run([made[k] for k in late], _PATIENCE), strict=True):
            results[k] = result
    return results


def _row(result: Result) -> dict[str, Any]:
    if result.status is not Status.COMPLETED:
        return {"status": str(result.status), "message": result.message}
    velocity = conduction_velocity(result)
    return {
        "velocity_m_per_s": velocity.velocity_m_per_s,
        "standard_error_m_per_s": velocity.standard_error_m_per_s,
        "status": str(velocity.status),
        "message": velocity.message,
    }


def maker(fibre: Make) -> Callable[..., Fiber]:
    """The function that a name stands for. Raises ModelError for one that is unknown."""
    return fibers.describe(fibre).make if isinstance(fibre, str) else fibre


def _column(name: str, values: ArrayLike) -> FloatArray:
    """Rising, each once. Raises ModelError for none and for what is not finite."""
    column = np.unique(np.asarray(values, dtype=np.float64))
    if not column.size or not np.isfinite(column).all():
        raise ModelError(f"{name}: has none or one that is not finite, expected numbers")
    return column


def _known(table: StudyTable, name: str) -> tuple[FloatArray, FloatArray]:
    """The rows with a velocity."""
    v = table["velocity_m_per_s"]
    there = np.isfinite(v)
    return table[name][there], v[there]


def _grid(x: FloatArray) -> FloatArray:
    return np.linspace(x[0], x[-1], _POINTS)


def _line(x: FloatArray, y: FloatArray) -> tuple[float, float, float]:
    """Slope, intercept and R^2 of the straight line; NaN below two points."""
    if x.size < 2:
        return math.nan, math.nan, math.nan
    slope, intercept = np.polyfit(x, y, 1)
    return float(slope), float(intercept), _r_squared(y, intercept + slope * x)


def _proportional(x: FloatArray, y: FloatArray) -> tuple[float, float]:
    """The factor, and R^2 about the mean as for the line; NaN below two points."""
    if x.size < 2:
        return math.nan, math.nan
    factor = float((x @ y) / (x @ x))
    return factor, _r_squared(y, factor * x)


def _r_squared(y: FloatArray, fitted: FloatArray) -> float:
    spread = float(((y - y.mean()) ** 2).sum())
    return 1.0 - float(((y - fitted) ** 2).sum()) / spread if spread > 0 else math.nan


def _highest(x: FloatArray, y: FloatArray) -> tuple[float, float]:
    """Where the parabola through the highest point and its neighbours is highest, and how high."""
    k = int(y.argmax()) if y.size else 0
    if not 0 < k < y.size - 1:
        return math.nan, math.nan
    a, b, c = np.polyfit(x[k - 1 : k + 2] - x[k], y[k - 1 : k + 2], 2)
    return float(x[k] - b / (2 * a)), float(c - b**2 / (4 * a))
