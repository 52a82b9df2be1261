"""Where the velocity of a 10 um MRG fibre goes as its grid is refined, at which order, and why.

    python benchmarks/mrg_grid.py        about four minutes

Backward Euler. The limits in dt come from a cubic through 4, 2, 1 and 0.5 us; all else is at 1 us,
where the limit in space is another but the order is the same. Node 20 to 30 of 41: there the wave
is steady to 1e-6, which in the middle of 21 nodes it is not.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import numpy as np
import paranode
import wave_velocity

import ranvier as rv

DIAMETER_um = 10.0
DT_ms = 1e-3
LIMIT_DT_ms = (4e-3, 2e-3, 1e-3, 5e-4)
THREEFOLD = (1, 3, 9, 27, 81, 243)
FINE = {"mysa": 27, "flut": 243, "stin": 81}
THRIFTY = ({"mysa": 3, "flut": 16}, {"mysa": 9, "flut": 64}, {"mysa": 18, "flut": 128})
FIBRE = rv.fibers.mrg(diameter_um=DIAMETER_um, nodes=41)
BETWEEN = (("node[20]", 0.5), ("node[30]", 0.5))

Change = Callable[[rv.Section], tuple[dict, dict]]


def velocity(
    cuts: int | dict[str, int],
    *,
    node: int = 1,
    dt_ms: float = DT_ms,
    model: rv.Model = FIBRE.model,
    t_stop_ms: float = 1.3,
) -> float:
    by_region = cuts if isinstance(cuts, dict) else dict.fromkeys(FINE, cuts)
    return wave_velocity.velocity_m_per_s(
        rv.discretise(model, rv.FixedCount(1, by_region={**by_region, "node": node})),
        FIBRE.stimulus,
        between=BETWEEN,
        dt_ms=dt_ms,
        t_stop_ms=t_stop_ms,
    )


def changed(change: Change) -> rv.Model:
    """The fibre with other values for some arguments of a section and of its sheath."""
    sheath_names = [
        name for name in dir(rv.Sheath) if not name.startswith("_") and name != "lamella_period_um"
    ]
    sections = []
    for section in FIBRE.model.sections:
        of_section, of_sheath = change(section)
        sheath = {name: getattr(section.sheath, name) for name in sheath_names}
        arguments = {
            "length_um": section.length_um,
            "diameter_um": section.points_um[0, 3],
            "parent": section.parent,
            "region": section.region,
            "r_a_ohm_cm": section.r_a_ohm_cm,
            "c_m_uF_cm2": section.c_m_uF_cm2,
            "sheath": rv.Sheath(**(sheath | of_sheath)),
        }
        sections.append(rv.Section(section.name, **(arguments | of_section)))
    return rv.Model(
        sections=sections,
        placements=FIBRE.model.placements,
        ions=FIBRE.model.ions,
        temperature_degC=FIBRE.model.temperature_degC,
    )


def print_sequence() -> None:
    print("## The sequence: every internodal section cut into so many, the node in one")
    print("| cut | STIN compartment, um | at 1 us | order | limit in dt | order |")
    print("|---|---|---|---|---|---|")
    at_1_us = {cut: velocity(cut) for cut in (*THREEFOLD, 5)}
    limits = {
        cut: wave_velocity.limit_in_dt(lambda dt, cut=cut: velocity(cut, dt_ms=dt), LIMIT_DT_ms)
        for cut in at_1_us
    }
    orders, limit_orders = (
        dict(zip(THREEFOLD, wave_velocity.observed_orders(values, 3.0), strict=True))
        for values in (
            [at_1_us[cut] for cut in THREEFOLD],
            [limits[cut].value for cut in THREEFOLD],
        )
    )
    stin_um = next(s.length_um for s in FIBRE.model.sections if s.region == "stin")
    for cut in sorted(at_1_us):
        print(
            f"| {cut} | {stin_um / cut:.2f} | {at_1_us[cut]:.4f} | {_order(orders, cut)} "
            f"| {limits[cut]} | {_order(limit_orders, cut)} |"
        )
    finest = [limits[cut] for cut in THREEFOLD[-3:]]
    # Order 2, cut 3-fold: the error left is an eighth of the last step.
    former, latter = (b.value + (b.value - a.value) / 8 for a, b in itertools.pairwise(finest))
    found = wave_velocity.Limit(latter, abs(latter - former) + finest[-1].uncertainty)
    print(
        f"Limit in space and time: {found} m/s; the published grid is "
        f"{limits[1].value / found.value - 1:+.1%} from it.\n"
    )


def print_lengths() -> None:
    result = rv.simulate(
        FIBRE,
        FIBRE.stimulus,
        rv.Probe("v_mV", at=("node[25]", 0.5)),
        t_stop_ms=1.3,
        method=rv.methods.backward_euler(dt_ms=DT_ms),
        mesh=rv.FixedCount(27, by_region={"node": 1}),
        detect=(),
    )
    trace = result["v_mV"]
    rise_mV = trace.values[:, 0] - trace.values[0, 0]
    foot = slice(*np.searchsorted(rise_mV[: rise_mV.argmax()], (0.01, 1.0)))
    rate_per_ms = float(np.polyfit(trace.t_ms[foot], np.log(rise_mV[foot]), 1)[0])
    stretches = paranode.half_internode(FIBRE.model, rate_per_ms)
    node = FIBRE.model.sections[0]

    print("## Why: the periaxonal potential rises within a few um of the open node")
    print(f"The foot of the spike grows as exp(t {rate_per_ms:.1f}/ms). With that rate:")
    print("| region | decay length, um | compartment of the published grid, um |\n|---|---|---|")
    for each in {each.region: each for each in stretches}.values():
        length_um = each.length_cm / paranode.CM_PER_UM
        print(f"| {each.region} | {each.decay_um:.2f} | {length_um:.1f} |")
    access_ohm = 0.5 * node.length_um * paranode.CM_PER_UM * paranode.annulus_ohm_per_cm(node)
    loads = [paranode.load_nS(stretches, access_ohm, dict.fromkeys(FINE, cut)) for cut in THREEFOLD]
    orders = wave_velocity.observed_orders(loads, 3.0)
    print("Load on the node by that space, from the linear ladder alone, cut 1, 3, 9, ...-fold:")
    print(f"{_row(loads, 3)} nS, orders {_row(orders[2:], 2)}\n")


def print_regions() -> None:
    print("## Where: one region at a time (at 1 us)")
    published, fine = velocity(1), velocity(FINE)
    print(f"published grid {published:.4f}, all fine {fine:.4f} m/s")
    print("| region | only it fine | share of the change | only it coarse | orders, others fine |")
    print("|---|---|---|---|---|")
    for region in FINE:
        alone = velocity({region: FINE[region]})
        coarse = velocity({**FINE, region: 1})
        halved = [velocity({**FINE, region: cut}) for cut in (1, 2, 4, 8, 16, 32)]
        orders = wave_velocity.observed_orders(halved, 2.0)[2:]
        share = (published - alone) / (published - fine)
        print(f"| {region} | {alone:.4f} | {share:.1%} | {coarse:.4f} | {_row(orders, 2)} |")
    print("Meshes that follow from it:")
    for cuts in THRIFTY:
        found = velocity(cuts)
        print(f"{cuts}: {found:.4f} m/s, {found / fine - 1:+.2%} from all fine")
    print()


def print_suspects() -> None:
    print("## Suspects: orders for cuts of 1, 3, 9, 27, 81, 243 (at 1 us)")

    def one_width(section: rv.Section) -> tuple[dict, dict]:
        return {"diameter_um": 3.3}, {"periaxonal_width_um": 0.004}

    def capacitance(divisor: float) -> Change:
        return lambda section: (
            {} if section.region == "node" else {"c_m_uF_cm2": section.c_m_uF_cm2 / divisor},
            {},
        )

    for label, change in (
        ("the fibre as it is", lambda section: ({}, {})),
        ("one diameter (3.3 um) and periaxonal width (4 nm) throughout, no jumps", one_width),
        ("internodal axolemma with C/10: decay lengths 3 times longer", capacitance(10)),
        ("internodal axolemma with C/100: decay lengths 9 times longer", capacitance(100)),
    ):
        model = changed(change)
        values = [velocity(cut, model=model, t_stop_ms=3.0) for cut in THREEFOLD]
        orders = wave_velocity.observed_orders(values, 3.0)[2:]
        print(f"{label}: {_row(values, 2)} m/s, orders {_row(orders, 2)}", flush=True)
    print()


def print_node() -> None:
    print("## The node itself (at 1 us, internodes cut 27)")
    print("| node cut | m/s |\n|---|---|")
    for cut in (1, 3, 9, 27):
        print(f"| {cut} | {velocity(27, node=cut):.4f} |", flush=True)
    print()


def _order(orders: dict[int, float], cut: int) -> str:
    order = orders.get(cut, math.nan)
    return "" if math.isnan(order) else f"{order:.2f}"


def _row(values: list[float], decimals: int) -> str:
    return ", ".join(f"{value:.{decimals}f}" for value in values)


CONCLUSION = """## Conclusion
The scheme is of order 2 in space; the published grid and its first refinements are too coarse to
show it. The open node holds the periaxonal space near ground, and over 2 to 3 um, at the rate of
the spike's foot, its potential rises to what it is under the myelin. That happens within the MYSA
(3 um) and the first micrometres of the FLUT (46 um), which the published grid gives one compartment
each; the order comes out once both are cut finer than that length. The STIN may stay coarse. Jumps
of diameter and width change no order. Nor does the node: its space opens in its middle however
finely it is cut, and one compartment is enough."""


def main() -> None:
    for step in (print_sequence, print_lengths, print_regions, print_suspects, print_node):
        step()
    print(CONCLUSION)


if __name__ == "__main__":
    main()
