"""What the compiler made of the kernels that are compiled once per instruction set.

Looks into the object files of the build, where the checkout has one: `pip install .` leaves them in
build/. Skipped elsewhere, and where nm and objdump of the binutils are missing.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import sysconfig
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PLATFORM = sysconfig.get_platform()
OBJECTS = ROOT / "build" / f"temp.{PLATFORM}-{sys.implementation.cache_tag}"
LEVELS = ["v3", "v4"]

#: Compiled once per level, as setup.py has them.
SOURCES = sorted(
    source.relative_to(ROOT).with_suffix(".o")
    for folder in (
        "lanes/kernels",
        "mechanisms/channels",
        "mechanisms/expression/kernels",
        "solver/lanes/kernels",
    )
    for source in (ROOT / "csrc" / "ranvier" / folder).glob("*.cpp")
)

#: Where the compiler finds its handler of exceptions: data that is the same in every object.
MAY_BE_SHARED = {"DW.ref.__gxx_personality_v0"}

#: What an older processor lacks besides the vector instructions, which begin with v.
NEWER_INSTRUCTIONS = re.compile(
    r"v\w+|andn|bextr|bls\w+|bzhi|mulx|pdep|pext|rorx|sarx|shlx|shrx|lzcnt|tzcnt|movbe"
)

#: Arithmetic of kernels; moves and comparisons are left out.
PACKED = re.compile(r"v(?:add|sub|mul|div|min|max|fn?m(?:add|sub)\d+)p[sd]")
SCALAR = re.compile(r"v(?:add|sub|mul|div|min|max|fn?m(?:add|sub)\d+)s[sd]")

#: So many packed ones there must be for one on single numbers.
PACKED_PER_SCALAR = 10


pytestmark = [
    pytest.mark.skipif(not PLATFORM.endswith("x86_64"), reason="this architecture has one level"),
    pytest.mark.skipif(
        not (OBJECTS / LEVELS[0]).is_dir(), reason=f"{OBJECTS.relative_to(ROOT)} holds no build"
    ),
    pytest.mark.skipif(
        not (shutil.which("nm") and shutil.which("objdump")), reason="the binutils are missing"
    ),
]


def run(*command: str | Path) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def kernel_objects(level: str) -> list[Path]:
    return [OBJECTS / level / source for source in SOURCES]


def shared_symbols(path: Path) -> list[str]:
    """What the object defines under a name that the linker compares with other objects'."""
    lines = (line.split(maxsplit=2) for line in run("nm", "-C", path).splitlines())
    defined = ((parts[1], parts[2]) for parts in lines if len(parts) == 3)
    return [symbol for kind, symbol in defined if kind.isupper() or kind in "uvw"]


def instructions(path: Path, *sections: str) -> list[tuple[str, str]]:
    """Mnemonic and operands."""
    chosen = [f"--section={section}" for section in sections]
    text = run("objdump", "-d", "--no-show-raw-insn", *chosen, path)
    return re.findall(r"^\s+[0-9a-f]+:\t(\S+)[ \t]*(.*)$", text, re.MULTILINE)


def arithmetic(path: Path) -> Counter[str]:
    """How many instructions there are on single numbers and on each kind of register."""
    counts: Counter[str] = Counter()
    for mnemonic, operands in instructions(path):
        if SCALAR.fullmatch(mnemonic):
            counts["scalar"] += 1
        elif PACKED.fullmatch(mnemonic):
            widest = max(re.findall(r"%([xyz])mm", operands))  # in alphabetical order
            counts[f"{widest}mm"] += 1
    return counts


def is_vectorised(path: Path, level: str) -> bool:
    """Eight doubles are two ymm at v3 and one zmm at v4, eight floats one ymm at both."""
    counts = arithmetic(path)
    wide = counts["ymm"] + counts["zmm"]
    if level == "v4" and counts["zmm"] < 0.3 * wide:
        return False
    return wide > 0 and wide >= PACKED_PER_SCALAR * (counts["scalar"] + counts["xmm"])


@pytest.mark.parametrize("level", LEVELS)
def test_every_kernel_file_is_compiled_at_every_level(level: str) -> None:
    assert [path for path in kernel_objects(level) if not path.exists()] == []


@pytest.mark.parametrize("level", LEVELS)
def test_no_two_levels_define_the_same_name(level: str) -> None:
    """The linker would keep one of them, and a processor run instructions that it does not have."""
    found = {
        f"{path.name}: {symbol}"
        for path in kernel_objects(level)
        for symbol in shared_symbols(path)
        if f"ranvier::isa_{level}::" not in symbol and symbol not in MAY_BE_SHARED
    }
    assert found == set()


@pytest.mark.parametrize("level", LEVELS)
def test_what_runs_at_program_start_runs_on_every_processor(level: str) -> None:
    """Registration is code too, and runs before anybody can choose."""
    for path in kernel_objects(level):
        startup = instructions(path, ".text.startup")
        assert startup, f"{path.name}: nothing registers it"
        newer = [
            f"{path.name}: {mnemonic} {operands}"
            for mnemonic, operands in startup
            if NEWER_INSTRUCTIONS.fullmatch(mnemonic) or re.search(r"%[xyz]mm", operands)
        ]
        assert newer == []
        relocations = run("objdump", "-r", "--section=.text.startup", path)
        called = set(re.findall(r"R_X86_64_PLT32\s+(\S+?)[-+]0x", relocations))
        elsewhere = set(re.findall(r"^\s+U (\S+)$", run("nm", path), re.MULTILINE))
        assert called <= elsewhere, f"{path.name}: calls code of its own level"


@pytest.mark.parametrize("level", LEVELS)
def test_kernels_are_vectorised(level: str) -> None:
    assert [
        f"{path.name}: {dict(arithmetic(path))}"
        for path in kernel_objects(level)
        if not is_vectorised(path, level)
    ] == []


def test_what_is_not_vectorised_is_seen() -> None:
    """The base level's objects, and the lower level's where the higher is asked for."""
    for source in SOURCES:
        assert not is_vectorised(OBJECTS / source, "v3")
        assert not is_vectorised(OBJECTS / "v3" / source, "v4")
