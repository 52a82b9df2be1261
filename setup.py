"""Builds the compiled modules. What can be said as data is in pyproject.toml."""

from __future__ import annotations

import os
import sysconfig
import tomllib
from copy import copy
from multiprocessing.pool import ThreadPool
from pathlib import Path

from Cython.Build import cythonize
from pybind11.setup_helpers import Pybind11Extension, build_ext
from setuptools import Extension, setup

ROOT = Path(__file__).resolve().parent
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]

# csrc/CMakeLists.txt repeats these, and tests/test_codebase.py compares the two. Without
# trapping-math and errno the compiler can vectorise; never -ffast-math, which removes the NaN that
# a diverging run must show.
OPTIMISE = ["-O3", "-fno-math-errno", "-fno-trapping-math"]
FLAGS = [*OPTIMISE, "-fvisibility=hidden", "-Wall", "-Wextra"]
LINK = ["-pthread"]

# The default is the plain baseline of the architecture, so that a wheel runs on every machine.
if march := os.environ.get("RANVIER_MARCH"):
    FLAGS.append(f"-march={march}")
if os.environ.get("RANVIER_ASSERTS", "0") != "0":
    # Python's own flags define NDEBUG, which would keep the plain asserts of the kernels out.
    FLAGS += ["-DRANVIER_ENABLE_ASSERTS", "-UNDEBUG"]
if sanitize := os.environ.get("RANVIER_SANITIZE"):
    FLAGS += ["-g", "-fno-omit-frame-pointer", f"-fsanitize={sanitize}"]
    LINK.append(f"-fsanitize={sanitize}")
# Last, so that they may take back something of the others.
FLAGS += os.environ.get("RANVIER_CXXFLAGS", "").split()


def found(*patterns: str) -> list[str]:
    """Files by pattern, relative to this one, as setuptools wants them."""
    return sorted(p.relative_to(ROOT).as_posix() for g in patterns for p in ROOT.glob(g))


SOURCES = found("csrc/ranvier/**/*.cpp")
#: One file per noun; in a few units they are compiled in a fraction of the time, most of which goes
#: into what each of them instantiates of pybind11.
BINDINGS = found("csrc/bindings/*.cpp")
UNITS = {f"build/bindings/unit_{i}.cpp": BINDINGS[i::2] for i in range(2)}
#: Compiled once more per level of x86-64, to be chosen from when the program runs: see
#: csrc/ranvier/lanes/isa.hpp. csrc/CMakeLists.txt repeats this.
KERNELS = found(
    "csrc/ranvier/lanes/kernels/*.cpp",
    "csrc/ranvier/mechanisms/channels/*.cpp",
    "csrc/ranvier/mechanisms/expression/kernels/*.cpp",
    "csrc/ranvier/solver/lanes/kernels/*.cpp",
)
LEVELS = ["v3", "v4"] if sysconfig.get_platform().endswith("x86_64") else []
if (levels := os.environ.get("RANVIER_LEVELS")) is not None:
    # Fewer, for who wants a build soon: the base alone where it is empty.
    LEVELS = [level for level in LEVELS if level in levels.split()]
#: Holds the flags and the sources of the last build: setuptools compares dates only, and would keep
#: what was compiled with other flags or linked with a channel since removed.
STAMP = ROOT / "build" / "built-from.txt"
DEPENDS = [*found("csrc/**/*.hpp"), "setup.py", "pyproject.toml", "build/built-from.txt"]


class BuildExtensions(build_ext):
    """Compiles again when a header, the version or the flags have changed."""

    def build_extensions(self) -> None:
        write_where_changed(STAMP, "\n".join([*FLAGS, *LEVELS, *SOURCES, *BINDINGS]))
        for unit, files in UNITS.items():
            lines = (f'#include "{path.removeprefix("csrc/")}"\n' for path in files)
            write_where_changed(ROOT / unit, "".join(lines))
        for extension in self.extensions:
            # Not earlier: cythonize() copies what it finds here, and the sdist packs it.
            extension.depends = DEPENDS
        super().build_extensions()

    def build_extension(self, extension: Extension) -> None:
        if extension is core:
            extension = copy(core)
            extension.depends = [*DEPENDS, *core.sources]
            extension.extra_objects = self.compile_all(core)
            extension.sources = []
        super().build_extension(extension)

    def compile_all(self, extension: Extension) -> list[str]:
        """Compiles the core, every level at once; the units first, which take the longest."""
        jobs = [
            *((extension, unit, None) for unit in UNITS),
            *((extension, source, level) for level in LEVELS for source in KERNELS),
            *((extension, source, None) for source in SOURCES),
        ]
        # Limits the compilers that run at once; 0 means one per core.
        threads = int(os.environ.get("RANVIER_BUILD_JOBS", "0")) or os.cpu_count()
        with ThreadPool(threads) as pool:
            return pool.starmap(self.compile_one, jobs, chunksize=1)

    def compile_one(self, extension: Extension, source: str, level: str | None) -> str:
        """Compiles for that level, beside the extension's own objects."""
        folder = Path(self.build_temp) / (level or "")
        (obj,) = self.compiler.object_filenames([source], output_dir=str(folder))
        if not is_outdated(obj, source):
            return obj
        flags = extension.extra_compile_args
        macros = extension.define_macros
        if level is not None:
            flags = [f for f in flags if not f.startswith("-march=")]
            flags.append(f"-march=x86-64-{level}")
            macros = [*macros, ("RANVIER_ISA_EXTRA", None)]
        self.compiler.compile(
            [source],
            output_dir=str(folder),
            macros=macros,
            include_dirs=extension.include_dirs,
            debug=self.debug,
            extra_postargs=flags,
            depends=extension.depends,
        )
        return obj


def write_where_changed(path: Path, text: str) -> None:
    if not path.exists() or path.read_text() != text:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def is_outdated(obj: str, source: str) -> bool:
    """Whether to compile `source` again: any header may be in any source."""
    if not Path(obj).exists():
        return True
    read = (source, *UNITS.get(source, ()), *DEPENDS)
    return max(Path(p).stat().st_mtime for p in read) > Path(obj).stat().st_mtime


core = Pybind11Extension(
    "ranvier._core",
    [*BINDINGS, *SOURCES],
    include_dirs=["csrc"],
    cxx_std=20,
    define_macros=[
        ("RANVIER_VERSION", f'"{VERSION}"'),
        ("RANVIER_COMPILE_FLAGS", f'"{" ".join(FLAGS)}"'),
        *((f"RANVIER_ISA_{level.upper()}", None) for level in LEVELS),
    ],
    extra_compile_args=FLAGS.copy(),  # a copy: pybind11 puts its own flags in front
    extra_link_args=LINK.copy(),
)

loops = [
    Extension(
        # src/ranvier/analysis/_crossings.pyx is ranvier.analysis._crossings
        ".".join(Path(path).relative_to("src").with_suffix("").parts),
        [path],
        include_dirs=["csrc"],
        # Without Python's -g, as pybind11 has it for the core: it takes half of the time.
        extra_compile_args=[*OPTIMISE, "-g0"],
    )
    for path in found("src/ranvier/**/*.pyx")
]

setup(
    ext_modules=[
        core,
        # Generated C stays out of src, from where it would reach the sdist.
        *cythonize(loops, build_dir="build/cython", language_level=3),
    ],
    cmdclass={"build_ext": BuildExtensions},
)
