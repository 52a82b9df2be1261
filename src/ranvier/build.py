"""How the core was compiled, and what this machine could run."""

from ranvier._core import __version__, asserts_enabled, build_info

__all__ = ["__version__", "asserts_enabled", "build_info"]
