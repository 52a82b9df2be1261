"""How the core was compiled, and the instruction set that it uses here.

`build_info()` names in "isa_levels" what the kernels were compiled for and in "isa" what a run
started now takes: the highest that this processor has, or what the environment's RANVIER_ISA says
("base", "v3" or "v4").
"""

from ranvier._core import __version__, asserts_enabled, build_info

__all__ = ["__version__", "asserts_enabled", "build_info"]
