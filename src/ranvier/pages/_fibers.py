"""One page about all fibres."""

from __future__ import annotations

import re
import sys

from ranvier import fibers
from ranvier.fibers import Fiber, FiberInfo, in_words
from ranvier.pages._markdown import cited, code, codes, paragraphs, sentence, table

#: With which a docstring ends, and which is about calling and not about the fibre.
RAISES = re.compile(r"\s*\bRaises\s+\w+.*", re.DOTALL)


def mechanisms_of(fibre: Fiber) -> list[str]:
    """Names of what the fibre's membrane holds, sorted."""
    return sorted({placement.mechanism for placement in fibre.model.placements})


def fibers_page() -> str:
    """Markdown about all fibres: a table, then each with its channels and its notes."""
    infos = [fibers.describe(name) for name in fibers.names()]
    rows = [
        (
            f"[{info.name}](#{info.name})",
            info.summary,
            "yes" if info.is_myelinated else "no",
            f"{info.v_rest_mV:.2f} mV",
            in_words.reference(info.reference),
        )
        for info in infos
    ]
    parts = [
        "# Fibres",
        f"The {len(infos)} published fibres of ranvier. Velocities are limits in small time steps, "
        "on the published mesh.",
        table(("name", "what", "myelin", "rest", "velocity"), rows),
    ]
    for info in infos:
        parts += [f"## {info.name}", sentence(info.summary), _facts(info), *_notes(info)]
    return "\n\n".join(parts) + "\n"


def _facts(info: FiberInfo) -> str:
    rows = [
        ("paper", cited(info.citation)),
        ("diameters", in_words.diameters(info)),
        ("validated at", in_words.span_um(info.validated_um)),
        ("rest", f"{info.v_rest_mV:.2f} mV"),
        ("velocity", in_words.reference(info.reference)),
        ("made of", codes(mechanisms_of(info.make()))),
        ("in Python", code(f"ranvier.fibers.{info.name}()")),
    ]
    return table(("", ""), rows)


def _notes(info: FiberInfo) -> list[str]:
    """What its file says besides its title, and what its function says."""
    about_file = paragraphs(sys.modules[info.make.__module__].__doc__ or "")[1:]
    return about_file + paragraphs(RAISES.sub("", info.make.__doc__ or ""))
