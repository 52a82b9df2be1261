"""A patch of living membrane, described: what is in it, on both of its sides, and what changes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ranvier._text import expected_one_of
from ranvier.errors import ModelError
from ranvier.living.part import Part
from ranvier.membrane.constants import thermal_voltage_mV
from ranvier.model import Ion

#: Of a cylinder, volume over area is a quarter of the diameter.
DIAMETERS_PER_DEPTH = 4.0
MIXED = "mixed"
INJECTED = "injected_uA_cm2"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shell:
    """A well-mixed layer outside the membrane, between it and a bath that stays as it is.

    `depth_um` is its volume over the membrane's area. Ions go to the bath, which has the
    concentrations that the ions have outside, at `exchange_per_s` times the difference; 0 is a
    closed shell. It starts as the bath is, but for ions in `start_mM`.
    """

    depth_um: float
    exchange_per_s: float = 0.0
    start_mM: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _above("shell", "depth_um", self.depth_um, "um")
        if not (math.isfinite(self.exchange_per_s) and self.exchange_per_s >= 0):
            raise ModelError(
                f"shell: exchange_per_s is {self.exchange_per_s:g} /s, expected 0 or more"
            )
        for ion, value in self.start_mM.items():
            _above(f"shell: ion {ion!r}", "start_mM", value, "mM")


@dataclass(frozen=True, slots=True)
class Step:
    """From `at_s` on, `what` is `value`.

    `what` is a parameter, "nak_kager.ouabain_fraction", a concentration outside, "k_out_mM", which
    is that of the bath where there is a shell, or "injected_uA_cm2", a current density into the
    cell.
    """

    what: str
    value: float
    at_s: float = 0.0


def pulses(
    injected_uA_cm2: float,
    *,
    duration_ms: float,
    at_s: float | Sequence[float] = 0.0,
) -> list[Step]:
    """Steps of injected current: one pulse, or one at each of several times."""
    starts = [at_s] if isinstance(at_s, int | float) else list(at_s)
    found = []
    for start_s in starts:
        found.append(Step(INJECTED, injected_uA_cm2, start_s))
        found.append(Step(INJECTED, 0.0, start_s + 1e-3 * duration_ms))
    return found


@dataclass(frozen=True, kw_only=True)
class Patch:
    """A well-mixed compartment behind a membrane: inert, and simulates nothing by itself.

    Its size is given by `diameter_um` of a cylinder or by `depth_um`, volume over membrane area.
    `ions` have two concentrations, which live, or a fixed reversal potential; those named in
    `held` keep their concentrations inside. Outside is a bath without end, or a `shell`.

    Raises ModelError for a size, capacitance or concentration that is not above 0, for an ion
    without a valence, for two parts of one name, and for a part whose ions are missing.
    """

    parts: Sequence[Part]
    ions: Sequence[Ion]
    temperature_degC: float
    diameter_um: float | None = None
    depth_um: float | None = None
    c_m_uF_cm2: float = 1.0
    held: Sequence[str] = ()
    shell: Shell | None = None

    def __post_init__(self) -> None:
        if (self.diameter_um is None) == (self.depth_um is None):
            raise ModelError(
                f"patch: diameter_um is {self.diameter_um} and depth_um is {self.depth_um}, "
                "expected one of them"
            )
        if self.diameter_um is not None:
            _above("patch", "diameter_um", self.diameter_um, "um")
        _above("patch", "depth_um", self.volume_per_area_um, "um")
        _above("patch", "c_m_uF_cm2", self.c_m_uF_cm2, "uF/cm2")
        if not -273.15 < self.temperature_degC < math.inf:
            raise ModelError(
                f"patch: temperature_degC is {self.temperature_degC:g} degC, "
                "expected a finite one above -273.15"
            )
        self._check_ions()
        self._check_parts()

    @property
    def volume_per_area_um(self) -> float:
        """Of the cylinder a quarter of its diameter, else `depth_um`."""
        if self.depth_um is not None:
            return self.depth_um
        assert self.diameter_um is not None
        return self.diameter_um / DIAMETERS_PER_DEPTH

    @property
    def living_ions(self) -> tuple[str, ...]:
        """Whose concentrations inside change."""
        return tuple(
            ion.name for ion in self.ions if ion.e_mV is None and ion.name not in self.held
        )

    @property
    def valences(self) -> Mapping[str, int]:
        return {ion.name: int(ion.valence or 0) for ion in self.ions if ion.valence is not None}

    @property
    def outside_mM(self) -> dict[str, float]:
        """Next to the membrane: of the shell at its start where there is one, else of the bath."""
        found = {ion.name: float(ion.outside_mM or 0.0) for ion in self.ions if ion.e_mV is None}
        return found if self.shell is None else found | dict(self.shell.start_mM)

    @property
    def e_mV(self) -> dict[str, float]:
        """Reversal potential of every ion at its concentrations."""
        thermal_mV = float(thermal_voltage_mV(temperature_degC=self.temperature_degC))
        found = {}
        for ion in self.ions:
            if ion.e_mV is not None:
                found[ion.name] = float(ion.e_mV)
            else:
                assert ion.inside_mM is not None
                assert ion.outside_mM is not None
                assert ion.valence is not None
                ratio = self.outside_mM[ion.name] / ion.inside_mM
                found[ion.name] = thermal_mV / ion.valence * math.log(ratio)
        return found

    def part(self, name: str) -> Part:
        """Raises ModelError where there is none of that name."""
        for part in self.parts:
            if part.name == name:
                return part
        names = [part.name for part in self.parts]
        raise ModelError(f"part {name!r}: is not in the patch, {expected_one_of(name, names)}")

    def with_parameters(self, values: Mapping[str, float]) -> Patch:
        """A copy in which parameters, as "part.parameter", have other values."""
        changes: dict[str, dict[str, float]] = {}
        for what, value in values.items():
            part, parameter = self.parameter(what)
            changes.setdefault(part.name, {})[parameter] = float(value)
        parts = [part.changed(**changes.get(part.name, {})) for part in self.parts]
        return replace(self, parts=parts)

    def with_concentrations(self, values: Mapping[str, float]) -> Patch:
        """A copy with other concentrations, "na_in_mM" or "k_out_mM"."""
        known = [f"{ion.name}_{side}_mM" for ion in self.ions for side in ("in", "out")]
        for what in values:
            if what not in known:
                raise ModelError(f"{what}: is no concentration, {expected_one_of(what, known)}")
        ions = []
        for ion in self.ions:
            if ion.e_mV is not None:
                ions.append(ion)
                continue
            inside = values.get(f"{ion.name}_in_mM", ion.inside_mM)
            outside = values.get(f"{ion.name}_out_mM", ion.outside_mM)
            ions.append(Ion(ion.name, valence=ion.valence, inside_mM=inside, outside_mM=outside))
        return replace(self, ions=ions)

    def with_shell(self, start_mM: Mapping[str, float]) -> Patch:
        """A copy whose shell starts with some concentrations; itself where there is no shell."""
        if self.shell is None:
            return self
        return replace(self, shell=replace(self.shell, start_mM=dict(start_mM)))

    def parameter(self, what: str) -> tuple[Part, str]:
        """Part and parameter of "part.parameter", or of "part" its density."""
        name, _, parameter = what.partition(".")
        part = self.part(name)
        if not parameter:
            return part, part.density
        if parameter not in part.parameters:
            raise ModelError(
                f"part {name!r}: has no parameter {parameter!r}, "
                f"{expected_one_of(parameter, part.parameters)}"
            )
        return part, parameter

    def _check_ions(self) -> None:
        names = [ion.name for ion in self.ions]
        _differ("ions", names)
        for name in () if self.shell is None else self.shell.start_mM:
            if name not in names:
                raise ModelError(f"shell: ion {name!r} is unknown, {expected_one_of(name, names)}")
        for name in self.held:
            if name not in names:
                raise ModelError(f"held: ion {name!r} is unknown, {expected_one_of(name, names)}")
        for ion in self.ions:
            subject = f"ion {ion.name!r}"
            if ion.valence is None:
                raise ModelError(f"{subject}: has no valence, expected one such as 1 or -1")
            if ion.e_mV is not None:
                continue
            for side in ("inside_mM", "outside_mM"):
                value = getattr(ion, side)
                if value is None:
                    raise ModelError(f"{subject}: has no {side}, expected two concentrations")
                _above(subject, side, value, "mM")

    def _check_parts(self) -> None:
        _differ("parts", [part.name for part in self.parts])
        by_name = {ion.name: ion for ion in self.ions}
        for part in self.parts:
            for ion in part.ions:
                if ion != MIXED and ion not in by_name:
                    raise ModelError(
                        f"part {part.name!r}: carries {ion}, which the patch has not, "
                        f"expected an ion {ion!r} among its ions"
                    )
            for name in part.reads:
                if name in ("temperature_degC", "diameter_um"):
                    continue
                ion = name[2:-3] if name.startswith("e_") else name.rsplit("_", 2)[0]
                found = by_name.get(ion)
                if found is None or (found.e_mV is not None and not name.startswith("e_")):
                    raise ModelError(
                        f"part {part.name!r}: reads {name}, which the patch has not, "
                        f"expected an ion {ion!r} with two concentrations"
                    )


def check_steps(patch: Patch, steps: Iterable[Step], t_stop_s: float) -> list[Step]:
    """Sorted by time. Raises ModelError for what is unknown or cannot be."""
    bath = [f"{ion.name}_out_mM" for ion in patch.ions if ion.e_mV is None]
    found = sorted(steps, key=lambda step: step.at_s)
    for step in found:
        if not math.isfinite(step.value):
            raise ModelError(f"step {step.what!r}: value is {step.value:g}, expected a number")
        if not 0 <= step.at_s <= t_stop_s:
            raise ModelError(
                f"step {step.what!r}: at_s is {step.at_s:g} s, expected 0 to {t_stop_s:g} s"
            )
        if step.what == INJECTED:
            continue
        if step.what in bath:
            _above(f"step {step.what!r}", "value", step.value, "mM")
        elif "." in step.what:
            patch.parameter(step.what)
        else:
            known = [INJECTED, *bath, *(f"{part.name}.{part.density}" for part in patch.parts[:1])]
            raise ModelError(f"step {step.what!r}: is unknown, {expected_one_of(step.what, known)}")
    return found


def _above(subject: str, name: str, value: float, unit: str) -> None:
    if not (math.isfinite(value) and value > 0):
        raise ModelError(f"{subject}: {name} is {value:g} {unit}, expected a number above 0")


def _differ(subject: str, names: Sequence[str]) -> None:
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise ModelError(f"{subject}: two are {twice[0]!r}, expected names that differ")
