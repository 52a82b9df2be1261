"""A patch whose potential and gates follow its concentrations at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ranvier.living._system import NUDGE, Array, System
from ranvier.living.patch import Step
from ranvier.living.status import Status

#: Newton's steps are kept below this, and end below that.
LONGEST_mV, CLOSE_mV = 5.0, 1e-11
MOST_ITERATIONS = 60
#: Of the difference that gives the slope of the net current.
APART_mV = 1e-4
#: Of Newton's method, in mA/cm2 per mV, so that no rest sends it nowhere.
LEAST_SLOPE = 1e-12
#: A net current that this much would undo is none.
NEAR_mV = 1e-3


class QuasiSteady:
    """The concentrations of a patch alone; the potential is where the net current is 0.

    The states are those of `System` from the concentrations on. The potential is followed from one
    evaluation to the next, so that it stays on the branch on which it began.
    """

    def __init__(self, system: System, v_mV: float) -> None:
        self.system = system
        self.v_mV = v_mV
        self.first_v_mV = v_mV
        self.size = system.size - system.fast_count
        self.count = system.moving - system.fast_count
        # Rows of concentrations and ledgers; of flows the gates' are all 0.
        self.balances = system.balances[system.fast_count :]

    @property
    def ends(self) -> list[tuple[Status, str]]:
        lost = "potential and gates no longer keep this rest, which a full run would leave"
        return [*self.system.ends, (Status.REST_LOST, lost)]

    def watched(self, y: Array, number: int) -> float:
        if number < len(self.system.ends):
            return self.system.watched(self._padded(y, self.v_mV), number)
        states = y.tolist()
        v_mV = self.follow_one(states)
        at, beside = (self._net_of_one(v_mV + shift, states) for shift in (0.0, APART_mV))
        if abs(at) > NEAR_mV * abs(beside - at) / APART_mV:
            return -1.0  # no rest any more
        fast = self.system.fast_count
        slopes = self.system.slopes(np.array(self._settled_one(v_mV, states)))[:fast, :fast]
        return -float(np.max(np.linalg.eigvals(slopes).real))

    def scales(self, y: Array) -> Array:
        full = self.system.scales(self._padded(y, self.v_mV))
        found: Array = full[self.system.fast_count :]
        return found

    def reduced(self, y: Array) -> Array:
        """Of the states of `System`."""
        found: Array = y[self.system.fast_count :].copy()
        return found

    def full(self, y: Array, pieces: NDArray[np.int64], steps: Sequence[Step]) -> Array:
        """The states of `System` at samples, sample by sample along the branch."""
        system = System(self.system.patch)
        follower = QuasiSteady(system, self.first_v_mV)
        applied = 0
        columns = []
        for sample in range(y.shape[1]):
            while applied < pieces[sample]:
                system.apply(steps[applied].what, steps[applied].value)
                applied += 1
            states = y[:, sample].tolist()
            follower.v_mV = follower.follow_one(states)
            columns.append(follower._settled_one(follower.v_mV, states))
        return np.array(columns).T if columns else np.zeros((system.size, 0))

    def change(self, y: Array) -> Array:
        states = y.tolist()
        self.v_mV = self.follow_one(states)
        flows = self.system.flows(self._settled_one(self.v_mV, states))
        found: Array = self.balances @ np.array(flows)
        return found

    def slopes(self, y: Array) -> Array:
        """Forward differences of the flows, the potential following."""
        count = self.count
        columns = np.repeat(y[:, None], count + 1, axis=1)
        scale = np.maximum(np.abs(y[:count]), 1e-6)
        nudged = y[:count] + NUDGE * scale
        columns[np.arange(count), np.arange(count)] = nudged
        flows = self._flows(self.follow(columns), columns)
        found = np.zeros((self.size, self.size))
        found[:, :count] = (
            self.balances @ (flows[:, :count] - flows[:, count:]) / (nudged - y[:count])
        )
        return found

    def follow(self, y: Array) -> Array:
        """The potential at which the net current is 0, of every column, nearest to the last.

        Where there is none any more, somewhere that is no rest: `watched` sees that.
        """
        v_mV = np.full(y.shape[1], self.v_mV)
        for _ in range(MOST_ITERATIONS):
            at = self._net_mA_cm2(v_mV, y)
            beside = self._net_mA_cm2(v_mV + APART_mV, y)
            slope = np.maximum((beside - at) / APART_mV, LEAST_SLOPE)
            move = np.clip(-at / slope, -LONGEST_mV, LONGEST_mV)
            v_mV = v_mV + move
            if np.all(np.abs(move) < CLOSE_mV * np.maximum(1.0, np.abs(v_mV))):
                break
        return v_mV

    def follow_one(self, y: list[float]) -> float:
        """As `follow`, of one column in floats, which is ten times as fast."""
        v_mV = self.v_mV
        for _ in range(MOST_ITERATIONS):
            at, beside = (self._net_of_one(v_mV + shift, y) for shift in (0.0, APART_mV))
            slope = max((beside - at) / APART_mV, LEAST_SLOPE)
            move = min(max(-at / slope, -LONGEST_mV), LONGEST_mV)
            v_mV += move
            if abs(move) < CLOSE_mV * max(1.0, abs(v_mV)):
                break
        return v_mV

    def _net_of_one(self, v_mV: float, y: list[float]) -> float:
        flows = self.system.flows(self._settled_one(v_mV, y))
        return float(self.system.net_current_mA_cm2(flows)) - self.system.injected_mA_cm2

    def _settled_one(self, v_mV: float, y: list[float]) -> list[float]:
        padded = [v_mV, *[0.0] * len(self.system.states), *y]
        named = dict(self.system.names_of_floats(padded))
        states = self.system.settled_states(v_mV, named)
        return [v_mV, *map(float, states), *y]

    def _net_mA_cm2(self, v_mV: Array, y: Array) -> Array:
        net = self.system.net_current_mA_cm2(list(self._flows(v_mV, y)))
        found: Array = np.asarray(net) - self.system.injected_mA_cm2
        return found

    def _flows(self, v_mV: Array, y: Array) -> Array:
        settled = self._settled(v_mV, y)
        flows = self.system.flows(settled)
        return np.stack([np.broadcast_to(each, v_mV.shape) for each in flows])

    def _settled(self, v_mV: Array, y: Array) -> Array:
        """States of `System` with every gate at its steady state."""
        padded = self._padded(y, v_mV)
        named = dict(self.system.names(padded))
        states = self.system.settled_states(v_mV, named)
        for place, state in enumerate(states):
            padded[1 + place] = state
        return padded

    def _padded(self, y: Array, v_mV: Array | float) -> Array:
        found = np.zeros((self.system.size, *y.shape[1:]))
        found[0] = v_mV
        found[self.system.fast_count :] = y
        return found
