"""Where a patch rests: at given concentrations, and where its concentrations stay as well."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ranvier.errors import ModelError
from ranvier.living._system import Array, MM_um_PER_NMOL_CM2, System
from ranvier.living.part import Part
from ranvier.living.patch import MIXED, Patch
from ranvier.mechanisms._library import library_names
from ranvier.membrane.constants import FARADAY_C_per_mol

#: Where resting potentials are looked for, and how closely two may lie together.
LOWEST_mV, HIGHEST_mV, SPACING_mV = -200.0, 150.0, 0.25
#: Cutting a bracket of a quarter of a mV into so many, so often, comes to rounding.
CUTS, ROUNDS = 256, 6
#: A growth rate below this, relative to the fastest, is that of what is conserved.
NEUTRAL_RELATIVE = 1e-9
MOST_ITERATIONS = 100
SETTLED_RELATIVE = 1e-12
#: Of a flux that is none: of all that is carried of the ion.
BALANCED_RELATIVE = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class PatchRest:
    """A potential at which the net current is 0 with the gates settled.

    `growth_rate_per_ms` is that of the disturbance of potential and gates that grows fastest, with
    concentrations as they are; below 0 the rest is stable.
    """

    v_mV: float
    growth_rate_per_ms: float

    @property
    def is_stable(self) -> bool:
        return self.growth_rate_per_ms < 0

    def __str__(self) -> str:
        kind = "stable" if self.is_stable else "unstable"
        return f"{self.v_mV:.4f} mV, {kind} ({self.growth_rate_per_ms:.3g} /ms)"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SteadyState:
    """A state in which concentrations stay too: every ion's net flux is 0.

    `growth_rate_per_s` is that of the slowest or growing disturbance that leaves conserved amounts
    as they are; `net_mA_cm2` is what is left of each ion's current.
    """

    v_mV: float
    patch: Patch
    growth_rate_per_s: float
    net_mA_cm2: Mapping[str, float]

    @property
    def is_stable(self) -> bool:
        return self.growth_rate_per_s < 0

    @property
    def inside_mM(self) -> dict[str, float]:
        return {
            ion.name: float(ion.inside_mM or 0.0) for ion in self.patch.ions if ion.e_mV is None
        }

    def __str__(self) -> str:
        inside = ", ".join(f"{ion} {value:.5g}" for ion, value in self.inside_mM.items())
        kind = "stable" if self.is_stable else "unstable"
        return f"{self.v_mV:.3f} mV, {kind} ({self.growth_rate_per_s:.3g} /s); inside {inside} mM"


def rests(patch: Patch, *, injected_uA_cm2: float = 0.0) -> list[PatchRest]:
    """All resting potentials from -200 to 150 mV at the concentrations of `patch`, from below.

    Two that lie within 0.25 mV of each other may be missed. The list is empty where there is none.
    """
    system = System(patch)
    system.injected_mA_cm2 = 1e-3 * injected_uA_cm2
    count = round((HIGHEST_mV - LOWEST_mV) / SPACING_mV) + 1
    v = np.linspace(LOWEST_mV, HIGHEST_mV, count)
    net = _net_mA_cm2(system, v)
    # Off the grid, so that a root on a point of it is between two others.
    places = np.nonzero(np.sign(net[:-1]) * np.sign(net[1:]) < 0)[0]
    low, high, sign = v[places], v[places + 1], np.sign(net[places])
    on_grid = v[net == 0]
    for _ in range(ROUNDS if low.size else 0):
        between = low + (high - low) * np.linspace(0.0, 1.0, CUTS + 1)[:, None]
        signs = np.sign(_net_mA_cm2(system, between.ravel())).reshape(between.shape)
        # The first piece at whose end the sign is no longer that of the bracket's lower end.
        piece = np.argmax(signs[1:] != sign, axis=0)
        roots = np.arange(low.size)
        low, high = between[piece, roots], between[piece + 1, roots]
    found = []
    for v_mV in sorted([*(0.5 * (low + high)), *on_grid]):
        y = system.start(float(v_mV))
        slopes = system.slopes(y)[: system.fast_count, : system.fast_count]
        growth = float(np.max(np.linalg.eigvals(slopes).real))
        found.append(PatchRest(v_mV=float(v_mV), growth_rate_per_ms=growth))
    return found


def lowest_rest_mV(patch: Patch) -> float:
    """The most negative stable resting potential, or where none is stable the most negative.

    Raises ModelError where there is none at all.
    """
    found = rests(patch)
    if not found:
        raise ModelError(
            f"patch: no resting potential lies between {LOWEST_mV:g} and {HIGHEST_mV:g} mV, "
            "expected a net current that changes its sign, or v_init_mV"
        )
    return next((rest.v_mV for rest in found if rest.is_stable), found[0].v_mV)


def steady_state(patch: Patch, *, v_guess_mV: float | None = None) -> SteadyState:
    """The state near that of `patch` in which its potential, gates and concentrations all stay.

    By Newton's method, which finds stable and unstable states alike. Where every current is an
    ion's whose concentration lives, impermeant charge is conserved and decides which of a family
    of states it is: that with as much charge as `patch` has, at `v_guess_mV` or its lowest rest.
    Raises ModelError where none is found.
    """
    v_mV = lowest_rest_mV(patch) if v_guess_mV is None else v_guess_mV
    system = System(patch)
    start = system.start(v_mV)
    moving, fast = system.moving, system.fast_count
    conserved = _conserved(system)
    y = start.copy()
    scale = np.maximum(np.abs(start[:moving]), 1e-3)
    for _ in range(MOST_ITERATIONS):
        change, slopes = system.change(y)[:moving], system.slopes(y)[:moving, :moving]
        rows, right = slopes / _row_sizes(slopes), -change / _row_sizes(slopes)[:, 0]
        for amount in conserved:
            rows = np.vstack([rows, amount])
            right = np.append(right, -amount @ (y - start)[:moving])
        move = np.linalg.lstsq(rows * scale, right, rcond=None)[0] * scale
        # Concentrations stay above 0, and the potential is not thrown far.
        shrink = 1.0
        falling = move[fast:] < -0.5 * y[fast:moving]
        if np.any(falling):
            shrink = float(np.min(-0.5 * y[fast:moving][falling] / move[fast:][falling]))
        shrink = min(shrink, 10.0 / max(abs(move[0]), 10.0))
        y[:moving] += shrink * move
        y[1:fast] = np.clip(y[1:fast], 0.0, None)
        if shrink == 1.0 and np.all(np.abs(move) <= SETTLED_RELATIVE * scale):
            break
    net, through = _net_by_ion(system, y)
    # Where every flow has come to its end, what is left is rounding of what there was.
    _, at_first = _net_by_ion(system, start)
    left = {ion: abs(net[ion]) / max(through[ion], at_first[ion], 1e-300) for ion in net}
    worst = max(left, key=lambda ion: left[ion], default=None)
    if worst is not None and left[worst] > BALANCED_RELATIVE:
        raise ModelError(
            f"patch: no steady state was found near {v_mV:g} mV: {net[worst]:.3g} mA/cm2 of {worst}"
            f" are left at {y[0]:.4g} mV, expected pumps that make up for the leaks"
        )
    values = {f"{ion}_in_mM": float(y[fast + n]) for n, ion in enumerate(system.inside)}
    first = fast + len(system.inside)
    outside = {ion: float(y[first + n]) for n, ion in enumerate(system.outside)}
    slopes = system.slopes(y)[:moving, :moving]
    rates = np.linalg.eigvals(slopes).real
    # As many rates as there are conserved amounts are 0, but for rounding.
    slowest = sorted(rates, key=abs)[len(conserved) :]
    return SteadyState(
        v_mV=float(y[0]),
        patch=patch.with_concentrations(values).with_shell(outside),
        growth_rate_per_s=1e3 * float(max(slowest)),
        net_mA_cm2=net,
    )


def equal_sides(patch: Patch) -> Patch:
    """The patch with every living ion as concentrated inside as outside: no gradient at all."""
    living = set(patch.living_ions)
    return patch.with_concentrations(
        {
            f"{ion}_in_mM": outside_mM
            for ion, outside_mM in patch.outside_mM.items()
            if ion in living
        }
    )


def without_gates(patch: Patch, v_mV: float, names: Sequence[str] | None = None) -> Patch:
    """The patch with its channels as they are at a potential, for ever: leaks of that conductance.

    Channels named, or all parts with gates, become the leaks of their ions. Raises ModelError for
    a part of several ions, or of an ion whose leak is not in the library.
    """
    system = System(patch)
    y = system.start(v_mV)
    flows = system.flows(y.tolist())
    e_mV = patch.e_mV
    wanted = [p.name for p in patch.parts if p.states] if names is None else list(names)
    parts = []
    for part in patch.parts:
        if part.name not in wanted:
            parts.append(part)
            continue
        carried = [each for each in system.carried if each.part == part.name]
        leak = f"{carried[0].ion}_leak"
        if len(carried) != 1 or leak not in library_names():
            raise ModelError(
                f"part {part.name!r}: carries {', '.join(part.ions)}, expected one ion with a leak"
            )
        g_S_cm2 = float(flows[carried[0].flow]) / (v_mV - e_mV[carried[0].ion])
        parts.append(Part(leak, name=part.name, g_bar_S_cm2=g_S_cm2))
    return replace(patch, parts=parts)


def _net_mA_cm2(system: System, v_mV: Array) -> Array:
    y = np.zeros((system.size, v_mV.size))
    y[0] = v_mV
    start = system.start(float(v_mV[0]))
    y[system.fast_count :] = start[system.fast_count :, None]
    named = dict(system.names(y))
    for place, state in enumerate(system.settled_states(v_mV, named)):
        y[1 + place] = state
    net = system.net_current_mA_cm2(system.flows(y))
    found: Array = np.asarray(net) - system.injected_mA_cm2
    return found


def _conserved(system: System) -> list[Array]:
    """Sums of states that no flow changes: charge, and each ion of a closed shell."""
    found = []
    patch, moving, fast = system.patch, system.moving, system.fast_count
    carried = {ion for part in patch.parts for ion in part.ions}
    if carried <= set(system.inside) and MIXED not in carried:
        amount = np.zeros(moving)
        amount[0] = patch.c_m_uF_cm2
        # uF times mV is nC, and so is F times nmol.
        nC_per_mM = FARADAY_C_per_mol * patch.volume_per_area_um / MM_um_PER_NMOL_CM2
        for n, ion in enumerate(system.inside):
            amount[fast + n] = -nC_per_mM * system.valence[ion]
        found.append(amount / np.max(np.abs(amount)))
    if patch.shell is not None and patch.shell.exchange_per_s == 0:
        first = fast + len(system.inside)
        for n, ion in enumerate(system.outside):
            amount = np.zeros(moving)
            amount[first + n] = patch.shell.depth_um
            if ion in system.inside:
                amount[fast + system.inside.index(ion)] = patch.volume_per_area_um
            found.append(amount / np.max(np.abs(amount)))
    return found


def _row_sizes(slopes: Array) -> Array:
    found: Array = np.maximum(np.abs(slopes).max(axis=1, keepdims=True), 1e-300)
    return found


def _net_by_ion(system: System, y: Array) -> tuple[dict[str, float], dict[str, float]]:
    """Of every living ion: the net current, and the sum of the currents' sizes, in mA/cm2."""
    flows = system.flows(y.tolist())
    net = dict.fromkeys(system.inside, 0.0)
    through = dict.fromkeys(system.inside, 0.0)
    for each in system.carried:
        if each.ion in net:
            net[each.ion] += float(flows[each.flow])
            through[each.ion] += abs(float(flows[each.flow]))
    return net, through
