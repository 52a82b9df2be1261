"""Builds the compiled modules. What can be said as data is in pyproject.toml."""

from __future__ import annotations

import os
import sysconfig
import tomllib
from pathlib import Path

from Cython.Build import cythonize
from pybind11.setup_helpers import ParallelCompile, Pybind11Extension, build_ext
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


SOURCES = found("csrc/ranvier/**/*.cpp", "csrc/bindings/*.cpp")
#: Compiled once more per level of x86-64, to be chosen from when the program runs: see
#: csrc/ranvier/lanes/isa.hpp. csrc/CMakeLists.txt repeats this.
KERNELS = found(
    "csrc/ranvier/lanes/kernels/*.cpp",
    "csrc/ranvier/mechanisms/channels/*.cpp",
    "csrc/ranvier/mechanisms/expression/kernels/*.cpp",
    "csrc/ranvier/solver/lanes/kernels/*.cpp",
)
LEVELS = ["v3", "v4"] if sysconfig.get_platform().endswith("x86_64") else []
#: Holds the flags and the sources of the last build: setuptools compares dates only, and would keep
#: what was compiled with other flags or linked with a channel since removed.
STAMP = ROOT / "build" / "built-from.txt"
DEPENDS = [*found("csrc/**/*.hpp"), "setup.py", "pyproject.toml", "build/built-from.txt"]


class BuildExtensions(build_ext):
    """Compiles again when a header, the version or the flags have changed."""

    def build_extensions(self) -> None:
        built_from = "\n".join([*FLAGS, *LEVELS, *SOURCES])
        if not STAMP.exists() or STAMP.read_text() != built_from:
            STAMP.parent.mkdir(exist_ok=True)
            STAMP.write_text(built_from)
        for extension in self.extensions:
            # Not earlier: cythonize() copies what it finds here, and the sdist packs it.
            extension.depends = DEPENDS
        super().build_extensions()

    def build_extension(self, extension: Extension) -> None:
        if extension is core:
            for level in LEVELS:
                extension.extra_objects += self.compile_kernels(extension, level)
        super().build_extension(extension)

    def compile_kernels(self, extension: Extension, level: str) -> list[str]:
        """Compiles for that level, beside the extension's own objects."""
        flags = [f for f in extension.extra_compile_args if not f.startswith("-march=")]
        return self.compiler.compile(
            KERNELS,
            output_dir=str(Path(self.build_temp) / level),
            macros=[*extension.define_macros, ("RANVIER_ISA_EXTRA", None)],
            include_dirs=extension.include_dirs,
            debug=self.debug,
            extra_postargs=[*flags, f"-march=x86-64-{level}"],
            depends=extension.depends,
        )


def is_outdated(obj: str, source: str) -> bool:
    """Whether to compile `source` again: any header may be in any source."""
    if not Path(obj).exists():
        return True
    return max(Path(p).stat().st_mtime for p in (source, *DEPENDS)) > Path(obj).stat().st_mtime


core = Pybind11Extension(
    "ranvier._core",
    SOURCES,
    include_dirs=["csrc"],
    cxx_std=20,
    define_macros=[
        ("RANVIER_VERSION", f'"{VERSION}"'),
        ("RANVIER_COMPILE_FLAGS", f'"{" ".join(FLAGS)}"'),
        *([("RANVIER_ISA_LEVELS", None)] if LEVELS else []),
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
        extra_compile_args=OPTIMISE.copy(),
    )
    for path in found("src/ranvier/**/*.pyx")
]

# RANVIER_BUILD_JOBS limits the compilers that run at once; 0 means one per core.
with ParallelCompile("RANVIER_BUILD_JOBS", default=0, needs_recompile=is_outdated):
    setup(
        ext_modules=[
            core,
            # Generated C stays out of src, from where it would reach the sdist.
            *cythonize(loops, build_dir="build/cython", language_level=3),
        ],
        cmdclass={"build_ext": BuildExtensions},
    )
