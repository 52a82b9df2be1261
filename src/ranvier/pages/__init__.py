"""Markdown pages about what there is: one for each mechanism with its curves, one of all fibres.

Made from the registries alone, and the same from run to run: to be read in a browser, put on a site
or compared between versions.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from ranvier import fibers, mechanisms
from ranvier.pages._fibers import fibers_page, mechanisms_of
from ranvier.pages._index import index_page
from ranvier.pages._mechanism import mechanism_page

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["fibers_page", "index_page", "mechanism_page", "write_fibers", "write_mechanisms"]

#: Names inside an SVG are made of it, and would otherwise be new each time.
SALT = "ranvier"


def write_mechanisms(
    folder: str | os.PathLike[str], names: Iterable[str] | None = None, *, pictures: bool = True
) -> list[Path]:
    """Write `NAME.md` and `NAME.svg` of each mechanism (None: all) and `index.md`; give the paths.

    The folder is made if there is none. The index is the first of the paths. Raises ModelError for
    an unknown name, ImportError where pictures are wanted and matplotlib is missing.
    """
    infos = [mechanisms.describe(name) for name in (mechanisms.names() if names is None else names)]
    used_by = _fibers_by_mechanism()
    texts = {"index.md": index_page(infos)}
    figures = {}
    for info in infos:
        name = info["name"]
        picture = f"{name}.svg" if pictures and info["gates"] else None
        if picture is not None:
            from ranvier.plot import gates

            figures[picture] = gates(name)
        page = mechanism_page(name, picture=picture, used_by=used_by.get(name, ()))
        texts[f"{name}.md"] = page
    made = Path(folder)
    made.mkdir(parents=True, exist_ok=True)
    for file, text in texts.items():
        (made / file).write_text(text, encoding="utf-8", newline="\n")
    for file, figure in figures.items():
        _save(figure, made / file)
    return [made / file for file in (*texts, *figures)]


def write_fibers(folder: str | os.PathLike[str]) -> Path:
    """Write `fibers.md`; the folder is made if there is none."""
    made = Path(folder)
    made.mkdir(parents=True, exist_ok=True)
    path = made / "fibers.md"
    path.write_text(fibers_page(), encoding="utf-8", newline="\n")
    return path


def _fibers_by_mechanism() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for fibre in fibers.names():
        for mechanism in mechanisms_of(fibers.describe(fibre).make()):
            found.setdefault(mechanism, []).append(fibre)
    return found


def _save(figure: Figure, path: Path) -> None:
    """As SVG with text as text, which is small, and nothing of the day that it was made on."""
    import matplotlib as mpl

    with mpl.rc_context({"svg.hashsalt": SALT, "svg.fonttype": "none"}):
        figure.savefig(path, format="svg", metadata={"Date": None, "Creator": None})
