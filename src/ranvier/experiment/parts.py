"""The parts of an experiment, each made from its table by the Python call that it stands for.

A part that cannot be made is None, and why is reported in the source.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from typing import Any

from ranvier import fibers, mechanisms, methods
from ranvier._text import expected_one_of
from ranvier.discretisation import DLambda, FixedCount, MaxLength, Mesh
from ranvier.errors import RanvierError
from ranvier.experiment.schema import ARGUMENT, COUNT, NUMBER, NUMBER_LIST, TEXT, WHOLE, Kind, shown
from ranvier.experiment.source import Source
from ranvier.fibers import Fiber
from ranvier.methods import Method
from ranvier.model import Ion, Model, Placement
from ranvier.morphology import read_swc
from ranvier.places import Place
from ranvier.recording import PeakMap, Probe

#: What an argument takes, by its annotation.
KINDS = {"float": NUMBER, "int": WHOLE, "str": TEXT, "Sequence[float]": NUMBER_LIST}
POLICIES = ("compartments_per_section", "max_length_um", "d_lambda")


def make_target(source: Source) -> Fiber | Model | None:
    """The fibre or the cell."""
    tables = source.tables
    if ("fiber" in tables) == ("morphology" in tables):
        found = "both" if "fiber" in tables else "neither"
        source.report(f"has {found} of the tables [fiber] and [morphology], expected one of them")
        return None
    if "fiber" not in tables:
        return _make_cell(source)
    for name in ("ion", "mechanism"):
        if name in tables:
            source.report("goes with [morphology]; a published fibre brings its own", name)
    return _make_fiber(source)


def _make_fiber(source: Source) -> Fiber | None:
    content = source.tables["fiber"]
    if not source.is_sound("fiber"):
        return None
    if (name := content["name"]) not in fibers.names():
        source.report(f"is {shown(name)}, {expected_one_of(name, fibers.names())}", "fiber", "name")
        return None
    make = fibers.describe(name).make
    arguments = fiber_arguments(source)
    known = {
        key: KINDS.get(str(parameter.annotation), ARGUMENT)
        for key, parameter in inspect.signature(make).parameters.items()
        if key != "mesh"
    }
    check_arguments(source, arguments, known, "fiber")
    if not source.is_sound("fiber"):
        return None
    with source.telling("fiber"):
        return make(**arguments)
    return None


def fiber_arguments(source: Source) -> dict[str, Any]:
    """What [fiber] says besides the name."""
    return {key: value for key, value in source.tables["fiber"].items() if key != "name"}


def check_arguments(
    source: Source, arguments: Mapping[str, Any], known: Mapping[str, Kind], *table: str | int
) -> None:
    for key, value in arguments.items():
        if key not in known:
            source.report(f"unknown key, {expected_one_of(key, sorted(known))}", *table, key)
        elif not known[key].accepts(value):
            source.report(f"is {shown(value)}, expected {known[key].expected}", *table, key)


def read_mechanism(
    source: Source, key: str, *table: str | int, at_points: bool = False
) -> str | mechanisms.Mechanism:
    """One that is known by the name under `key`, or the user's own in a file beside the experiment;
    "" for one that was reported."""
    if not source.is_sound(*table):
        return ""
    content = source.content(*table)
    name: str = content[key]
    if not name.endswith((".toml", ".mod")):
        if name not in (names := mechanisms.names()):
            if at_points:
                names = [each for each in names if mechanisms.describe(each).get("is_point")]
            source.report(f"is {shown(name)}, {expected_one_of(name, names)}", *table, key)
            return ""
        return name
    read = mechanisms.read if name.endswith(".toml") else mechanisms.read_mod
    path = source.path.parent / name
    try:
        own = read(path)
    except OSError as error:
        problem = f"{path}: {error.strerror or error}, expected a mechanism file"
        source.report(problem, *table, key)
    except (ValueError, RanvierError) as error:
        for sentence in str(error).splitlines():
            source.report(sentence, *table, key)
    else:
        source.own[own.name] = own
        return own
    return ""


def _make_cell(source: Source) -> Model | None:
    tables = source.tables
    carried = [
        read_mechanism(source, "name", "mechanism", number)
        for number in range(len(tables.get("mechanism", [])))
    ]
    if not all(map(source.is_sound, ("morphology", "ion", "mechanism"))):
        return None
    content = tables["morphology"]
    arguments = {key: value for key, value in content.items() if key != "swc"}
    path = source.path.parent / content["swc"]
    try:
        cell = read_swc(
            path,
            placements=[
                Placement(own, **{k: v for k, v in each.items() if k != "name"})
                for own, each in zip(carried, tables.get("mechanism", []), strict=True)
            ],
            ions=[Ion(**each) for each in tables.get("ion", [])],
            **arguments,
        )
    except OSError as error:
        problem = f"{path}: {error.strerror or error}, expected an SWC file"
        source.report(problem, "morphology", "swc")
        return None
    except ValueError as error:
        for sentence in str(error).splitlines():
            source.report(sentence, "morphology", "swc")
        return None
    problems = cell.validate()
    for sentence in problems:
        source.report(sentence, *_table_behind(source, sentence))
    return None if problems else cell


def _table_behind(source: Source, sentence: str) -> tuple[str | int, ...]:
    """The table, and the key if it is named, from which the core made what it complains of."""
    subject = re.match(r"(channel|mechanism|ion) '([^']*)'", sentence)
    if subject is None:
        return ("morphology", *source.key_named(sentence, "morphology"))
    table = "ion" if subject[1] == "ion" else "mechanism"
    for number, content in enumerate(source.tables.get(table, [])):
        if content["name"] == subject[2]:
            return (table, number, *source.key_named(sentence, table, number))
    return (table,)


def make_mesh(source: Source, target: Fiber | Model | None) -> Mesh | None:
    """The mesh; that of a fibre, unless the file has another."""
    if "mesh" not in source.tables:
        if isinstance(target, Fiber):
            return target.mesh
        if target is not None:
            source.report("has no table [mesh], expected one with [morphology]")
        return None
    content = source.tables["mesh"]
    if not source.is_sound("mesh"):
        return None
    chosen = [key for key in content if key in POLICIES]
    if len(chosen) != 1:
        found = " and ".join(chosen) or "none"
        problem = f"has {found}, expected exactly one of {', '.join(POLICIES)}"
        source.report(problem, "mesh", *chosen[1:2])
        return None
    if "frequency_Hz" in content and chosen[0] != "d_lambda":
        source.report(f"goes with d_lambda and not with {chosen[0]}", "mesh", "frequency_Hz")
    by_region = content.get("by_region", {})
    if target is not None:
        _check_regions(source, target, by_region)
    if chosen[0] == "compartments_per_section":
        check_arguments(source, by_region, dict.fromkeys(by_region, COUNT), "mesh", "by_region")
    if not source.is_sound("mesh"):
        return None
    with source.telling("mesh"):
        if chosen[0] == "max_length_um":
            return MaxLength(content["max_length_um"], by_region=by_region)
        if chosen[0] == "d_lambda":
            frequency_Hz = content.get("frequency_Hz", 100.0)
            return DLambda(content["d_lambda"], frequency_Hz=frequency_Hz, by_region=by_region)
        return FixedCount(content["compartments_per_section"], by_region=by_region)
    return None


def _check_regions(source: Source, target: Fiber | Model, by_region: Mapping[str, Any]) -> None:
    model = target.model if isinstance(target, Fiber) else target
    regions = sorted({section.region for section in model.sections if section.region})
    for name in by_region:
        if name not in regions:
            problem = f"is no region, {expected_one_of(name, regions)}"
            source.report(problem, "mesh", "by_region", name)


def make_method(source: Source) -> Method | None:
    """The method: the default one at its default step, unless the file has another."""
    content = source.tables.get("run", {})
    if not source.is_sound("run"):
        return None
    name = content.get("method", methods.DEFAULT)
    if name not in methods.names():
        problem = f"is {shown(name)}, {expected_one_of(name, methods.names())}"
        source.report(problem, "run", "method")
        return None
    with source.telling("run"):
        parameters = set(methods.parameter_names())
        return Method(name, **{key: content[key] for key in parameters & content.keys()})
    return None


def make_probes(source: Source, points: Mapping[str, mechanisms.Mechanism]) -> list[Probe | None]:
    """One for each table. `points` has the mechanisms of synapses and clamps, by what probes call
    them."""
    tables = source.tables.get("probe", [])
    count = len(tables) if isinstance(tables, list) else 0
    return [_make_probe(source, number, points) for number in range(count)]


def _make_probe(
    source: Source, number: int, points: Mapping[str, mechanisms.Mechanism]
) -> Probe | None:
    table = ("probe", number)
    if not source.is_sound(*table):
        return None
    content = source.tables["probe"][number]
    if (name := content.get("mechanism")) is not None:
        names = dict.fromkeys([*mechanisms.names(), *source.own, *points])
        # A second one at the same place has a number behind its name.
        own = points.get(re.sub(r"#\d+$", "", name)) or source.own.get(name)
        if own is None and name not in names:
            problem = f"is {shown(name)}, {expected_one_of(name, names)}"
            source.report(problem, *table, "mechanism")
            return None
        described = mechanisms.describe(name) if own is None else own.describe()
        states = described.get("states") or [gate["name"] for gate in described["gates"]]
        current = "i_nA" if described.get("is_point") else "i_mA_cm2"
        if (quantity := content["quantity"]) not in (known := [current, *states]):
            problem = f"{name} has no {shown(quantity)}, {expected_one_of(quantity, known)}"
            source.report(problem, *table, "quantity")
            return None
    with source.telling(*table):
        to = {"to": source.path.parent / content["to"]} if "to" in content else {}
        return Probe(**{**content, "at": to_place(content.get("at")), **to})
    return None


def make_peaks(source: Source) -> list[PeakMap | None]:
    """One for each table."""
    tables = source.tables.get("peaks", [])
    return [
        PeakMap(**{**content, "at": to_place(content.get("at"))})
        if source.is_sound("peaks", number)
        else None
        for number, content in enumerate(tables if isinstance(tables, list) else [])
    ]


def to_place(value: Any) -> Place:
    """A place as Python writes it: TOML has no tuples, so a pair of name and position is a list."""
    if isinstance(value, list):
        if len(value) == 2 and isinstance(value[0], str) and isinstance(value[1], int | float):
            return (value[0], float(value[1]))
        return [to_place(each) for each in value]
    place: Place = value
    return place
