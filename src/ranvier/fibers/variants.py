"""The same fibre with other nodes, other myelin or some of it lost.

Each function takes a fibre and gives another one with as many sections, in which stimulus, sites
and channels stay where they were. Nodes are sections without a closed sheath, internodes what is
between two of them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from enum import StrEnum
from typing import Any

from ranvier._text import expected_one_of
from ranvier.errors import ModelError
from ranvier.fibers._fiber import Fiber, expect_positive
from ranvier.model import Model, Placement, Section, Sheath

Change = Callable[[int, Section], Section]

#: What stays the same where a node becomes longer: channels per area, or as many as there were.
CHANNELS = ("density", "number")
#: How a sheath's capacitance and conductance follow from its turns: as the fibre has it, or with
#: every membrane where it lies, which is the logarithm of the g-ratio.
MYELIN = ("own", "radial")


class Damage(StrEnum):
    LOST = "lost"  # no myelin at all: the axolemma is bare
    THINNED = "thinned"  # a share of the turns is left
    RETRACTED = "retracted"  # the paranodes are bare: a wide nodal gap
    LOOSENED = "loosened"  # the gap under the paranodes is so many times as wide


def internodes(fibre: Fiber) -> list[list[int]]:
    """Numbers of the sections of each internode, proximal to distal. ModelError without any."""
    found: list[list[int]] = []
    was_node = True
    for k, section in enumerate(fibre.model.sections):
        is_node = section.sheath is None or section.sheath.is_open
        if not is_node:
            if was_node:
                found.append([])
            found[-1].append(k)
        was_node = is_node
    if not found:
        raise ModelError(f"fibre {fibre.name!r}: has no sheath, expected a myelinated double cable")
    return found


def with_node_length(fibre: Fiber, length_um: float, *, channels: str = "density") -> Fiber:
    """With nodes of another length, and channels as dense as they were or as many ("number").

    Internodes stay as long as they are. Raises ModelError for a length that is not positive and for
    a fibre without nodes.
    """
    expect_positive(fibre.name, length_um=length_um)
    if channels not in CHANNELS:
        raise ModelError(
            f"channels: {channels!r} is unknown, {expected_one_of(channels, CHANNELS)}"
        )
    nodes = [section for section in fibre.model.sections if section.region == "node"]
    if not nodes:
        raise ModelError(f"fibre {fibre.name!r}: has no region 'node', expected a myelinated fibre")
    old_um = nodes[0].length_um

    def change(_: int, section: Section) -> Section:
        if section.region != "node":
            return section
        return _section(section, length_um=length_um)

    changed = _with_sections(fibre, change)
    if channels == "density":
        return changed
    return _with_placements(changed, "node", old_um / length_um)


def with_g_ratio(fibre: Fiber, g_ratio: float, *, myelin: str = "own") -> Fiber:
    """As thick outside as it was, with an axon `g_ratio` times as thick as the fibre.

    Nodes and paranodes become thicker or thinner in the same proportion as the axon of the
    internode; lengths, the width of the periaxonal space and what one turn of myelin is stay. Turns
    fill the room that is left; where that makes a fraction of one, each membrane has that much more
    or less. With `myelin` "radial" every membrane counts where it lies. Raises ModelError for a
    ratio that leaves no room for myelin, and a fibre without a sheath.
    """
    if myelin not in MYELIN:
        raise ModelError(f"myelin: {myelin!r} is unknown, {expected_one_of(myelin, MYELIN)}")
    sections = fibre.model.sections
    covered = {k for run in internodes(fibre) for k in run}
    axon_um, outer_um = _axon_and_outer_um(fibre)
    wider = g_ratio * outer_um / axon_um
    widest_um = max(_width_um(sections[k]) for k in covered)
    if not 0 < g_ratio < 1 - 2 * widest_um / outer_um:
        raise ModelError(
            f"fibre {fibre.name!r}: g_ratio is {g_ratio:g}, expected above 0 and below "
            f"{1 - 2 * widest_um / outer_um:.3f}, to leave room for myelin"
        )

    def change(k: int, section: Section) -> Section:
        diameter_um = wider * _diameter_um(section)
        sheath = section.sheath
        if sheath is not None and k in covered:
            sheath = _filled(section, sheath, axon_um, g_ratio * outer_um, outer_um, myelin)
        if sheath is not None and sheath.periaxonal_resistance_Mohm_per_cm is not None:
            sheath = _sheath(
                sheath,
                periaxonal_resistance_Mohm_per_cm=sheath.periaxonal_resistance_Mohm_per_cm
                * _annulus_um2(_diameter_um(section), _gap_um(section, sheath))
                / _annulus_um2(diameter_um, _gap_um(section, sheath)),
            )
        return _section(section, diameter_um=diameter_um, sheath=sheath)

    return _with_sections(fibre, change)


def g_ratio_of(fibre: Fiber) -> float:
    """Diameter of the axon over that of the myelin, where the axon is thickest. ModelError without
    a sheath."""
    axon_um, outer_um = _axon_and_outer_um(fibre)
    return axon_um / outer_um


def damaged(
    fibre: Fiber, which: Sequence[int], damage: Damage | str, *, amount: float | None = None
) -> Fiber:
    """With damaged myelin in the internodes `which`, counted from 0.

    "lost" and "retracted" take no amount. "thinned" takes the share of turns that is left, 0 to 1:
    they are those nearest to the axon. "loosened" takes how many times wider the periaxonal gap
    under the paranodes is. Paranodes are the first and the last section of an internode. Raises
    ModelError for an internode that there is not, another kind and an impossible amount.
    """
    if damage not in list(Damage):
        raise ModelError(f"damage: {damage!r} is unknown, {expected_one_of(damage, list(Damage))}")
    _check_amount(Damage(damage), amount)
    runs = internodes(fibre)
    for k in which:
        if not 0 <= k < len(runs):
            raise ModelError(
                f"fibre {fibre.name!r}: has no internode {k}, expected 0 to {len(runs) - 1}"
            )
    everywhere = {k for number in which for k in runs[number]}
    at_ends = {k for number in which for k in (runs[number][0], runs[number][-1])}
    hit = everywhere if damage in (Damage.LOST, Damage.THINNED) else at_ends

    def change(k: int, section: Section) -> Section:
        if k not in hit or section.sheath is None:
            return section
        if damage in (Damage.LOST, Damage.RETRACTED):
            return _section(section, sheath=None)
        assert amount is not None
        if damage == Damage.THINNED:
            return _section(section, sheath=_thinned(section, section.sheath, amount))
        return _section(section, sheath=_loosened(section, section.sheath, amount))

    return _with_sections(fibre, change)


def _check_amount(damage: Damage, amount: float | None) -> None:
    if damage in (Damage.LOST, Damage.RETRACTED):
        if amount is not None:
            raise ModelError(f"amount: is {amount:g}, expected none for myelin that is {damage}")
    elif amount is None or not math.isfinite(amount) or amount <= 0:
        told = "None" if amount is None else f"{amount:g}"
        raise ModelError(f"amount: is {told}, expected above 0 for myelin that is {damage}")
    elif damage is Damage.THINNED and amount > 1:
        raise ModelError(f"amount: is {amount:g}, expected at most 1, the share that is left")
    elif damage is Damage.LOOSENED and amount < 1:
        raise ModelError(f"amount: is {amount:g}, expected 1 or more, how many times as wide")


def _thinned(section: Section, sheath: Sheath, share: float) -> Sheath:
    """The inner turns: of fewer turns each membrane keeps its own properties."""
    turns = share * sheath.lamellae
    whole = max(1, round(turns))
    changes: dict[str, Any] = {"lamellae": whole}
    if sheath.myelin_diameter_um is not None:
        inner_um = _diameter_um(section)
        outer_um = inner_um + share * (sheath.myelin_diameter_um - inner_um)
        changes["myelin_diameter_um"] = outer_um
    return _as_if(sheath, turns=turns, whole=whole, **changes)


def _loosened(section: Section, sheath: Sheath, times: float) -> Sheath:
    if sheath.periaxonal_resistance_Mohm_per_cm is None:
        return _sheath(sheath, periaxonal_width_um=times * _width_um(section))
    diameter_um, gap_um = _diameter_um(section), _gap_um(section, sheath)
    return _sheath(
        sheath,
        periaxonal_resistance_Mohm_per_cm=sheath.periaxonal_resistance_Mohm_per_cm
        * _annulus_um2(diameter_um, gap_um)
        / _annulus_um2(diameter_um, times * gap_um),
    )


def _filled(
    section: Section, sheath: Sheath, old_um: float, axon_um: float, outer_um: float, myelin: str
) -> Sheath:
    """With the turns that fit between the axon of the internode and the outer diameter."""
    width_um = _width_um(section)
    if sheath.lamella_period_um is not None:
        period_um = sheath.lamella_period_um
    else:
        period_um = (0.5 * (outer_um - old_um) - width_um) / sheath.lamellae
    room_um = 0.5 * (outer_um - axon_um) - width_um
    turns = room_um / period_um
    whole = max(1, round(turns))
    if sheath.lamella_period_um is not None or myelin == "radial":
        where: dict[str, Any] = {"lamella_period_um": room_um / whole, "myelin_diameter_um": None}
    else:
        where = {"myelin_diameter_um": outer_um}
    return _as_if(sheath, turns=turns, whole=whole, lamellae=whole, **where)


def _as_if(sheath: Sheath, *, turns: float, whole: int, **changes: Any) -> Sheath:
    """`whole` turns that insulate as `turns` of them do, which may be a fraction."""
    return _sheath(
        sheath,
        c_membrane_uF_cm2=sheath.c_membrane_uF_cm2 * whole / turns,
        g_membrane_S_cm2=sheath.g_membrane_S_cm2 * whole / turns,
        **changes,
    )


def _axon_and_outer_um(fibre: Fiber) -> tuple[float, float]:
    sections = [fibre.model.sections[k] for run in internodes(fibre) for k in run]
    thickest = max(sections, key=_diameter_um)
    axon_um, sheath = _diameter_um(thickest), thickest.sheath
    assert sheath is not None
    if sheath.lamella_period_um is None:
        return axon_um, float(sheath.myelin_diameter_um or axon_um)
    return axon_um, axon_um + 2 * (_width_um(thickest) + sheath.lamellae * sheath.lamella_period_um)


def _diameter_um(section: Section) -> float:
    return float(section.points_um[0, 3])


def _width_um(section: Section) -> float:
    """Of the periaxonal space; 0 where only its resistance is known."""
    sheath = section.sheath
    return 0.0 if sheath is None else sheath.periaxonal_width_um or 0.0


def _gap_um(section: Section, sheath: Sheath) -> float:
    """The width that has the resistance of a periaxonal space."""
    resistance = sheath.periaxonal_resistance_Mohm_per_cm
    assert resistance is not None
    area_um2 = sheath.periaxonal_resistivity_ohm_cm / resistance * 1e2
    radius_um = 0.5 * _diameter_um(section)
    return math.sqrt(radius_um**2 + area_um2 / math.pi) - radius_um


def _annulus_um2(diameter_um: float, width_um: float) -> float:
    return math.pi * width_um * (diameter_um + width_um)


def _with_sections(fibre: Fiber, change: Change) -> Fiber:
    sections = [change(k, section) for k, section in enumerate(fibre.model.sections)]
    return replace(fibre, model=_model(fibre.model, sections=sections))


def _with_placements(fibre: Fiber, region: str, factor: float) -> Fiber:
    """With `factor` times the densities in a region."""
    densities = ("g_bar_S_cm2", "p_bar_cm_s")

    def scaled(placement: Placement) -> Placement:
        if placement.where != [region]:
            return placement
        parameters = {
            name: factor * value if name in densities and not isinstance(value, list) else value
            for name, value in placement.parameters.items()
        }
        return Placement(placement.mechanism, placement.where, **parameters)

    placements = [scaled(placement) for placement in fibre.model.placements]
    return replace(fibre, model=_model(fibre.model, placements=placements))


def _model(model: Model, **changes: Any) -> Model:
    kept = {name: getattr(model, name) for name in ("sections", "placements", "ions", "name")}
    return Model(**(kept | {"temperature_degC": model.temperature_degC} | changes))


def _section(section: Section, **changes: Any) -> Section:
    kept: dict[str, Any] = {
        name: getattr(section, name)
        for name in ("length_um", "parent", "region", "r_a_ohm_cm", "c_m_uF_cm2", "sheath")
    }
    kept |= {
        "diameter_um": _diameter_um(section),
        "parent_position": section.parent_position,
    }
    return Section(section.name, **(kept | changes))


def _sheath(sheath: Sheath, **changes: Any) -> Sheath:
    names = (
        "periaxonal_width_um",
        "periaxonal_resistance_Mohm_per_cm",
        "periaxonal_resistivity_ohm_cm",
        "lamellae",
        "myelin_diameter_um",
        "lamella_period_um",
        "c_membrane_uF_cm2",
        "g_membrane_S_cm2",
        "is_open",
    )
    return Sheath(**({name: getattr(sheath, name) for name in names} | changes))
