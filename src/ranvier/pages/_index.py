"""The page that leads to those of all mechanisms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ranvier.pages._markdown import cited, codes, table
from ranvier.pages._mechanism import ION_NAMES, ions_of

OTHERS = "Other channels"


def index_page(infos: Sequence[Mapping[str, Any]]) -> str:
    """Markdown about all mechanisms, by what they are and what they carry."""
    parts = [
        "# Channels, pumps and synapses",
        f"The {len(infos)} mechanisms of ranvier by what they carry, each with its paper.",
    ]
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for info in infos:
        groups.setdefault(_group(info), []).append(info)
    for group in sorted(groups, key=_rank):
        rows = [
            (
                f"[{info['name']}]({info['name']}.md)",
                info["summary"],
                codes(gate["name"] for gate in info["gates"]),
                cited(info["citation"]),
            )
            for info in groups[group]
        ]
        parts += [f"## {group}", table(("name", "what", "gates", "paper"), rows)]
    return "\n\n".join(parts) + "\n"


def _group(info: Mapping[str, Any]) -> str:
    if info["kind"] != "channel":
        return f"{info['kind'].title()}s"
    ions = ions_of(info)
    if len(ions) == 1 and ions[0] != "mixed":
        return f"{ION_NAMES.get(ions[0], ions[0]).title()} channels"
    return OTHERS


def _rank(group: str) -> tuple[int, str]:
    first = [f"{name.title()} channels" for name in ION_NAMES.values()]
    order = [*first, OTHERS, "Pumps", "Synapses", "Electrodes"]
    return (order.index(group) if group in order else len(order), group)
