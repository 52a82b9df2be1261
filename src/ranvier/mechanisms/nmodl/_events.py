"""NET_RECEIVE: what an event that arrives makes of the states."""

from __future__ import annotations

import keyword
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from ranvier.mechanisms.nmodl._declarations import Declared, text_of
from ranvier.mechanisms.nmodl._execution import Execution
from ranvier.mechanisms.nmodl._expression import ZERO, Expression, make
from ranvier.mechanisms.nmodl._source import Source


@dataclass
class Received:
    """Arguments as the form spells them, and the states that change."""

    arguments: tuple[str, ...] = ()
    states: dict[str, Expression] = field(default_factory=dict)


def received(source: Source, declared: Declared, taken: Collection[str]) -> Received:
    """Follows NET_RECEIVE for an event from outside, whose flag is 0; nothing without a block."""
    block = declared.blocks.get("NetReceiveBlock")
    if block is None:
        return Received()
    if not declared.is_point:
        source.refuse(block, "NET_RECEIVE: receives events, expected a POINT_PROCESS")
        return Received()
    names = [text_of(each.name) for each in block.parameters]
    spelt = {name: _spelt(name, taken) for name in names}
    states = {name: make("var", name) for name in declared.states}
    run = Execution(source, declared, states)
    run.brought = frozenset(names)
    run.within(block, {"flag": ZERO, **{n: make("in", spelt[n]) for n in names}}, "")
    changed = _changed(states, run.values)
    for name in changed:
        if name not in states:
            reason = f"{name}: keeps what an event has set, expected a STATE"
            source.refuse(source.line_of(f"{name} =", after="NET_RECEIVE"), reason)
    return Received(
        tuple(spelt.values()), {name: run.values[name] for name in changed if name in states}
    )


def _spelt(name: str, taken: Collection[str]) -> str:
    while name in taken or keyword.iskeyword(name):
        name = f"{name}_event"
    return name


def _changed(before: Mapping[str, Expression], after: Mapping[str, Any]) -> list[str]:
    return [name for name, value in after.items() if value is not before.get(name)]
