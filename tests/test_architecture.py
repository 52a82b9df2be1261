"""The rules of docs/architecture.md, as tests."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import ranvier

ROOT = Path(__file__).parents[1]
CSRC = ROOT / "csrc"
CORE = CSRC / "ranvier"
CORE_FILES = sorted(CORE.rglob("*.[ch]pp"))
PACKAGE = ROOT / "src" / "ranvier"
PYTHON_FILES = sorted([*PACKAGE.rglob("*.py"), *PACKAGE.rglob("*.pyx")])
OTHER_FILES = sorted(
    path
    for folder in ("csrc/bindings", "tests", "benchmarks", "examples")
    for path in (ROOT / folder).rglob("*")
    if path.suffix in {".cpp", ".hpp", ".py"}
)

#: What each folder of the core may include besides itself and the standard library.
MAY_INCLUDE = {
    "base": set(),
    "lanes": {"base"},
    "mechanisms": {"base", "lanes"},
    "model": {"base", "lanes", "mechanisms"},
    "discretisation": {"base", "lanes", "model", "mechanisms"},
    "drive": {"base", "discretisation"},
    "recording": {"base", "discretisation"},
    "solver": {"base", "lanes", "mechanisms", "discretisation", "drive", "recording"},
}

#: Not of the standard library of C++, and allowed: the intrinsics of the processor, and POSIX.
SYSTEM_HEADERS = {"immintrin.h", "cpuid.h", "unistd.h"}

#: What touches the extension; everyone else goes through these.
BORDER = {
    "__init__",
    "batch",
    "build",
    "cli",
    "discretisation",
    "drive",
    "errors",
    "mechanisms",
    "methods",
    "model",
    "recording",
    "resting",
    "simulation",
}

#: Where one mechanism is one file.
MECHANISM_FOLDERS = ("channels", "pumps", "synapses")

#: Names that say nothing of what is inside, so that anything ends up there.
EMPTY_NAMES = {"util", "utils", "common", "helper", "helpers", "manager", "misc"}

HEAVY = ("h5py", "scipy", "matplotlib", "xarray", "pandas", "neuron")


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", CORE_FILES, ids=name_of)
def test_core_looks_only_down_and_never_at_python(path: Path) -> None:
    folder = path.relative_to(CORE).parts[0]
    text = path.read_text()
    assert not re.search(r"pybind11|Python\.h", text)

    # From the root of the core, since a relative path would hide the layer that it enters.
    quoted = re.findall(r'^\s*#\s*include\s*"(.*?)"', text, re.MULTILINE)
    assert [name for name in quoted if not name.startswith("ranvier/")] == []
    assert {name.split("/")[1] for name in quoted} <= {folder, *MAY_INCLUDE[folder]}

    system = re.findall(r"^\s*#\s*include\s*<(.*?)>", text, re.MULTILINE)
    assert {name for name in system if not re.fullmatch(r"\w+", name)} <= SYSTEM_HEADERS


@pytest.mark.parametrize("path", sorted(CSRC.rglob("*.hpp")), ids=name_of)
def test_header_is_included_once(path: Path) -> None:
    assert "#pragma once" in path.read_text().splitlines()


@pytest.mark.parametrize("path", PYTHON_FILES, ids=name_of)
def test_only_the_border_touches_the_extension(path: Path) -> None:
    module = path.relative_to(PACKAGE).with_suffix("").parts[0]
    touches = re.search(r"import.*\b_core\b|\b_core\.|from ranvier\._core\b", path.read_text())
    assert module in BORDER or not touches


@pytest.mark.parametrize("path", CORE_FILES + PYTHON_FILES + OTHER_FILES, ids=name_of)
def test_file_fits_in_one_sitting(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 600


@pytest.mark.parametrize("path", CORE_FILES + PYTHON_FILES + OTHER_FILES, ids=name_of)
def test_name_says_what_is_inside(path: Path) -> None:
    words = {word for part in path.relative_to(ROOT).parts for word in re.split(r"[_.]", part)}
    assert not words & EMPTY_NAMES


def test_every_mechanism_is_registered_under_the_name_of_its_file() -> None:
    """Fails if the linker dropped one, two share a name, or a file is named differently."""
    files = [
        path
        for folder in MECHANISM_FOLDERS
        for path in (CORE / "mechanisms" / folder).glob("*.cpp")
    ]
    files += (PACKAGE / "mechanisms" / "library").glob("*.toml")
    assert sorted(ranvier.mechanisms.names()) == sorted(path.stem for path in files)


def test_import_loads_nothing_that_is_optional() -> None:
    """In a process of its own, since the tests themselves import SciPy and the rest."""
    program = f"import sys, ranvier; print([m for m in {HEAVY} if m in sys.modules])"
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "[]"
