"""Compiles the NEURON mechanisms that the benchmarks and the reference traces need.

    python build_neuron_mechanisms.py [--to FOLDER] [--native] [--core]

Prints the folder, which the other scripts take as --mechanisms. Without --to a temporary folder is
made and left for the caller to remove. `--native` is for timing only: it lets the compiler reorder
floating-point operations, so reference traces are made without it. `--core` builds for CoreNEURON
too.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

MOD_FOLDER = Path(__file__).resolve().parents[2] / "tests" / "reference" / "neuron" / "mod"
NATIVE_FLAGS = "-O3 -march=native -ffast-math"


def find_compiler() -> str:
    """Returns NEURON's nrnivmodl, the one of this interpreter first."""
    beside = Path(sys.executable).parent / "nrnivmodl"
    found = str(beside) if beside.exists() else shutil.which("nrnivmodl")
    if found is None:
        sys.exit("nrnivmodl was not found: install NEURON with `pip install neuron`.")
    return found


def build(folder: Path, *, is_native: bool = False, has_core: bool = False) -> Path:
    """Compiles copies of the mod files in `folder`, which then holds the loadable library."""
    folder.mkdir(parents=True, exist_ok=True)
    for source in sorted(MOD_FOLDER.glob("*.mod")):
        shutil.copy(source, folder / source.name)
    command = [find_compiler()]
    if has_core:
        command.append("-coreneuron")
    if is_native:
        command += ["-incflags", NATIVE_FLAGS]
    done = subprocess.run([*command, "."], cwd=folder, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"nrnivmodl failed in {folder}:\n{done.stdout}{done.stderr}")
    return folder


def main() -> None:
    parser = argparse.ArgumentParser(description="Compile the NEURON mechanisms.")
    parser.add_argument("--to", type=Path, help="folder to build in (default: a temporary one)")
    parser.add_argument("--native", action="store_true", help=f"compile with {NATIVE_FLAGS}")
    parser.add_argument("--core", action="store_true", help="build for CoreNEURON too")
    arguments = parser.parse_args()
    folder = arguments.to or Path(tempfile.mkdtemp(prefix="neuron_mechanisms_"))
    print(build(folder.resolve(), is_native=arguments.native, has_core=arguments.core))


if __name__ == "__main__":
    main()
