"""The inert description: sections, sheaths, ions, placements. Simulates nothing by itself."""

from ranvier._core import Ion, Model, Placement, Section, Sheath

__all__ = ["Ion", "Model", "Placement", "Section", "Sheath"]
