"""Densities of leaks and pumps for which every ion is in balance at a wanted resting potential."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ranvier.errors import ModelError
from ranvier.living._system import Array, System
from ranvier.living.patch import MIXED, Patch

#: What is left of an ion's current, of all that is carried of it, at which it is in balance.
BALANCED_RELATIVE = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Balance:
    """Densities that were solved for, and what they leave of every ion's current.

    `unknowns` are by "part.parameter"; `patch` has them in place. `residual_mA_cm2` is by ion, with
    "total" for all together; `freedom` is how many densities could still be chosen otherwise.
    """

    patch: Patch
    v_mV: float
    unknowns: Mapping[str, float]
    residual_mA_cm2: Mapping[str, float]
    freedom: int

    def __str__(self) -> str:
        lines = [f"rests at {self.v_mV:g} mV; solved for:"]
        lines += [f"  {name} = {value:.6g}" for name, value in self.unknowns.items()]
        lines.append("left of the currents, in mA/cm2:")
        lines += [f"  {ion}: {value:.2e}" for ion, value in self.residual_mA_cm2.items()]
        if self.freedom:
            lines.append(f"{self.freedom} of the unknowns could be chosen otherwise")
        return "\n".join(lines)


def balance(
    patch: Patch,
    *,
    v_mV: float,
    unknowns: Sequence[str],
    sums: Mapping[tuple[str, ...], float] | None = None,
) -> Balance:
    """Find the densities named in `unknowns` that make `v_mV` an exact rest.

    At rest gates are settled, the net current of every living ion is 0, and so is that of all
    together. Currents go in proportion to densities, so this is a linear system, of which the
    solution with no negative density is taken (Lawson & Hanson 1974, ISBN 978-0-89871-356-5).
    `unknowns` are parts, or "part.parameter"; `sums` fixes the sum of some of them, as
    {("na_leak", "k_leak"): 3e-4}.

    Raises ModelError for what is no density, and where no densities of 0 or more will do, naming
    the ion that is farthest from its balance; ImportError without SciPy.
    """
    nnls = _nnls()
    names = [".".join((part.name, key)) for part, key in map(patch.parameter, unknowns)]
    if not names:
        raise ModelError("unknowns: there are none, expected parts whose densities are to be found")
    rows = [*patch.living_ions, "total"]
    without = patch.with_parameters(dict.fromkeys(names, 0.0))
    rest = _currents(without, v_mV)
    ones = []
    for name in names:
        here = _currents(without.with_parameters({name: 1.0}), v_mV)
        twice = _currents(without.with_parameters({name: 2.0}), v_mV)
        column = here - rest
        if not np.allclose(twice - here, column, rtol=1e-9, atol=1e-300) or not np.any(column):
            raise ModelError(
                f"{name}: the current is not in proportion to it, expected a density such as "
                f"{patch.parameter(name)[0].name}.g_bar_S_cm2"
            )
        ones.append(column)
    matrix, right = np.stack(ones, axis=1), -rest
    for which, total in (sums or {}).items():
        parts = [".".join((part.name, key)) for part, key in map(patch.parameter, which)]
        missing = [part for part in parts if part not in names]
        if missing:
            raise ModelError(f"sums: {missing[0]} is not solved for, expected one of {names}")
        matrix = np.vstack([matrix, [float(name in parts) for name in names]])
        right = np.append(right, total)
    # Columns and then rows of one size, so that a slow ion counts as a fast one does.
    columns = np.linalg.norm(matrix, axis=0)
    sizes = np.linalg.norm(matrix / columns, axis=1)
    sizes = np.where(sizes > 0, sizes, 1.0)
    scaled, aim = matrix / columns / sizes[:, None], right / sizes
    found, _ = nnls(scaled, aim)
    active = found > 0
    if np.any(active):  # once more, for the last digits
        left = aim - scaled[:, active] @ found[active]
        found[active] += np.linalg.lstsq(scaled[:, active], left, rcond=None)[0]
    densities = found / columns
    unknown = {name: float(value) for name, value in zip(names, densities, strict=True)}
    solved = patch.with_parameters(unknown)
    residual = _currents(solved, v_mV)
    through = _through(solved, v_mV)
    shares = np.abs(residual) / np.maximum(through, 1e-300)
    left_over = np.abs(matrix @ densities - right)[len(rows) :]
    for total, missing_by in zip((sums or {}).values(), left_over, strict=True):
        if missing_by > BALANCED_RELATIVE * abs(total):
            raise ModelError(
                f"balance at {v_mV:g} mV: the sum of {total:g} cannot be kept "
                f"({missing_by:.3g} missing), expected sums that the balance allows"
            )
    if np.any(shares > BALANCED_RELATIVE) or np.any(densities < 0):
        worst = int(np.argmax(shares))
        raise ModelError(
            f"balance at {v_mV:g} mV: no densities of 0 or more of {', '.join(names)} bring "
            f"{rows[worst]} to rest ({residual[worst]:.3g} mA/cm2 left), expected unknowns that can"
        )
    freedom = len(names) - int(np.linalg.matrix_rank(scaled, tol=1e-10))
    return Balance(
        patch=solved,
        v_mV=v_mV,
        unknowns=unknown,
        residual_mA_cm2=dict(zip(rows, map(float, residual), strict=True)),
        freedom=freedom,
    )


def _currents(patch: Patch, v_mV: float) -> Array:
    """Outward, of each living ion and of all together, with gates settled."""
    return _sums(patch, v_mV, lambda current: current)


def _through(patch: Patch, v_mV: float) -> Array:
    """The sums of the sizes of the same currents."""
    return _sums(patch, v_mV, abs)


def _sums(patch: Patch, v_mV: float, size: Callable[[float], float]) -> Array:
    system = System(patch)
    flows = system.flows(system.start(v_mV).tolist())
    found = dict.fromkeys([*patch.living_ions, "total"], 0.0)
    for each in system.carried:
        current = size(float(flows[each.flow]))
        found["total"] += current
        if each.ion in found and each.ion != MIXED:
            found[each.ion] += current
    return np.array(list(found.values()))


def _nnls() -> Any:
    try:
        from scipy.optimize import nnls
    except ImportError as error:
        raise ImportError(
            "living.balance needs SciPy, expected it installed: pip install 'ranvier[living]'"
        ) from error
    return nnls
