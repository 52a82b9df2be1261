"""The compiled core, as editors and type checkers see it. Use the `ranvier` package instead.

Arrays given are copied. Units are in the names; shapes are (n,) with n compartments where nothing
else is said.
"""

import builtins
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

_Float: TypeAlias = float | np.floating[Any]
_Int: TypeAlias = int | np.integer[Any]
_Floats: TypeAlias = Sequence[_Float] | NDArray[np.floating[Any]]
_Ints: TypeAlias = Sequence[_Int] | NDArray[np.integer[Any]]
#: Names of sections or regions: one, several, or None for all sections.
_Where: TypeAlias = str | Sequence[str] | None

__version__: str
#: Whether this build checks its own invariants, at the cost of speed.
asserts_enabled: bool
#: Rises whenever the meaning of an array of a discretisation changes.
SCHEMA_VERSION: int

class _Compiled(Protocol):
    @property
    def compiled(self) -> CustomMechanism: ...

class Sheath:
    """The myelin of a section and the periaxonal space under it, as physical quantities.

    The space needs a width or a resistance per length; with both, the resistance counts. Myelin is
    2 `lamellae` membranes in series, all at `myelin_diameter_um`, or one every half
    `lamella_period_um` outward of the space: give one of the two. `is_open` means no myelin and a
    space in contact with the outside, as at a node of Ranvier.
    """

    def __init__(
        self,
        *,
        periaxonal_width_um: _Float | None = None,
        periaxonal_resistance_Mohm_per_cm: _Float | None = None,
        periaxonal_resistivity_ohm_cm: _Float = 70.0,
        lamellae: _Int = 0,
        myelin_diameter_um: _Float | None = None,
        lamella_period_um: _Float | None = None,
        c_membrane_uF_cm2: _Float = 0.1,
        g_membrane_S_cm2: _Float = 1e-3,
        is_open: bool = False,
    ) -> None: ...
    @property
    def periaxonal_width_um(self) -> float | None: ...
    @property
    def periaxonal_resistance_Mohm_per_cm(self) -> float | None: ...
    @property
    def periaxonal_resistivity_ohm_cm(self) -> float: ...
    @property
    def lamellae(self) -> int: ...
    @property
    def myelin_diameter_um(self) -> float | None: ...
    @property
    def lamella_period_um(self) -> float | None: ...
    @property
    def c_membrane_uF_cm2(self) -> float: ...
    @property
    def g_membrane_S_cm2(self) -> float: ...
    @property
    def is_open(self) -> bool: ...

class Section:
    """An unbranched stretch of cable with one set of properties.

    Its shape is `length_um` and `diameter_um`, a frustum with `distal_diameter_um`; or `points_um`,
    (n, 4) rows of x, y, z and diameter, proximal to distal, with straight frusta between them. The
    proximal end is connected to `parent_position` along `parent`, 0 (proximal) to 1 (distal); the
    first section of a model has no parent.
    """

    def __init__(
        self,
        name: str,
        *,
        length_um: _Float | None = None,
        diameter_um: _Float | None = None,
        distal_diameter_um: _Float | None = None,
        points_um: ArrayLike | None = None,
        parent: str | None = None,
        parent_position: _Float = 1.0,
        region: str = "",
        r_a_ohm_cm: _Float = 100.0,
        c_m_uF_cm2: _Float = 1.0,
        sheath: Sheath | None = None,
    ) -> None: ...
    @property
    def name(self) -> str: ...
    @property
    def region(self) -> str: ...
    @property
    def parent(self) -> str | None: ...
    @property
    def parent_position(self) -> float: ...
    @property
    def r_a_ohm_cm(self) -> float: ...
    @property
    def c_m_uF_cm2(self) -> float: ...
    @property
    def sheath(self) -> Sheath | None: ...
    @property
    def has_coordinates(self) -> bool:
        """Whether the points are places in space, and not only lengths."""
    @property
    def points_um(self) -> NDArray[np.float64]:
        """(points, 4): x, y, z and diameter, proximal to distal; a copy."""
    @property
    def length_um(self) -> float: ...

class Ion:
    """An ion: a fixed reversal potential `e_mV`, or two concentrations (Nernst).

    The valence is known for na, k, cl and ca. `where` names sections or regions, None everywhere.

    Concentrations stay as they are, unless the ion `accumulates`: "inside" (in the axoplasm),
    "outside" (in the periaxonal space of a sheath, elsewhere in a shell of thickness `shell_um`
    around the axolemma; without one, and at open sheaths, a bath keeps what is outside as it is) or
    "both". Then currents move it, it spreads along the cable by diffusion, and reversal potentials
    follow by Nernst. With `exchange_ms` what is outside comes back to the bath, at the
    concentration of the start, in that time. `buffering_ratio` is all ions inside over the free
    ones, of which the others are held by a buffer in equilibrium, as is customary for calcium.
    """

    def __init__(
        self,
        name: str,
        *,
        valence: _Int | None = None,
        e_mV: _Float | None = None,
        inside_mM: _Float | None = None,
        outside_mM: _Float | None = None,
        where: _Where = None,
        accumulates: str | None = None,
        diffusion_um2_per_ms: _Float = 0.0,
        shell_um: _Float | None = None,
        exchange_ms: _Float | None = None,
        buffering_ratio: _Float = 1.0,
    ) -> None: ...
    @property
    def name(self) -> str: ...
    @property
    def valence(self) -> int | None:
        """As given, or known by the name."""
    @property
    def accumulates(self) -> str | None: ...
    @property
    def diffusion_um2_per_ms(self) -> float: ...
    @property
    def shell_um(self) -> float | None: ...
    @property
    def exchange_ms(self) -> float | None: ...
    @property
    def buffering_ratio(self) -> float: ...
    @property
    def e_mV(self) -> float | None: ...
    @property
    def inside_mM(self) -> float | None: ...
    @property
    def outside_mM(self) -> float | None: ...
    @property
    def where(self) -> list[str]: ...

class Placement:
    """A mechanism on some sections, with its parameters by name.

    The mechanism is one that the core or the library has, by name, or one of your own
    (`ranvier.mechanisms.read`). A parameter is one number, or one per section that `where`
    selects, in the order of the model; what is not given has the mechanism's default.
    """

    def __init__(
        self,
        mechanism: str | CustomMechanism | _Compiled,
        where: _Where = None,
        **parameters: _Float | _Floats,
    ) -> None: ...
    @property
    def mechanism(self) -> str: ...
    @property
    def where(self) -> list[str]: ...
    @property
    def parameters(self) -> dict[str, float | list[float]]: ...

class Model:
    """What there is: sections (parents before their children), mechanisms, ions, temperature."""

    def __init__(
        self,
        *,
        sections: Sequence[Section],
        placements: Sequence[Placement] = ...,
        ions: Sequence[Ion] = ...,
        temperature_degC: _Float = 37.0,
        name: str = "",
    ) -> None: ...
    @property
    def name(self) -> str: ...
    @property
    def sections(self) -> list[Section]: ...
    @property
    def placements(self) -> list[Placement]: ...
    @property
    def ions(self) -> list[Ion]: ...
    @property
    def temperature_degC(self) -> float: ...
    def validate(self) -> list[str]:
        """Everything that keeps this from being simulated; empty if nothing does."""

class FixedCount:
    """A mesh: the same number of compartments in every section, but for regions with their own."""

    def __init__(self, count: _Int = 1, *, by_region: Mapping[str, _Int] = ...) -> None: ...
    @property
    def count(self) -> int: ...
    @property
    def by_region(self) -> dict[str, int]: ...

class MaxLength:
    """A mesh: the fewest compartments per section that are no longer than `length_um`."""

    def __init__(self, length_um: _Float, *, by_region: Mapping[str, _Float] = ...) -> None: ...
    @property
    def length_um(self) -> float: ...
    @property
    def by_region(self) -> dict[str, float]: ...

class DLambda:
    """A mesh: an odd number of compartments no longer than `d_lambda` of the AC length constant."""

    def __init__(
        self,
        d_lambda: _Float = 0.1,
        *,
        frequency_Hz: _Float = 100.0,
        by_region: Mapping[str, _Float] = ...,
    ) -> None: ...
    @property
    def d_lambda(self) -> float: ...
    @property
    def frequency_Hz(self) -> float: ...
    @property
    def by_region(self) -> dict[str, float]: ...

class Discretisation:
    """The flat form of a model: arrays with one row per compartment, in tree order.

    Made by discretise() or from_dict(), and not changed afterwards: the arrays are read-only views.
    """

    @staticmethod
    def from_dict(data: dict[str, Any]) -> Discretisation:
        """Checks and copies arrays laid out as to_dict() gives them."""
    def to_dict(self) -> dict[str, Any]:
        """Everything, as names and read-only arrays; nested for layers, mechanisms and ions."""
    def with_points(
        self,
        tables: Sequence[tuple[str, CustomMechanism, Sequence[_Int], Sequence[Sequence[_Float]]]],
    ) -> Discretisation:
        """The same with more mechanisms, each a name, what it is, its compartments, ascending, and
        [parameter][row]. Raises ModelError for a name that is there."""
    @property
    def name(self) -> str: ...
    @property
    def temperature_degC(self) -> float: ...
    @property
    def section_names(self) -> list[str]: ...
    @property
    def section_regions(self) -> list[str]: ...
    @property
    def parent(self) -> NDArray[np.int32]:
        """Row of the neighbour towards the root, smaller than the own; -1 at a root."""
    @property
    def section(self) -> NDArray[np.int32]:
        """Index into `section_names`."""
    @property
    def is_junction(self) -> NDArray[np.bool_]:
        """Rows without membrane, at places where more than two pieces of cable meet."""
    @property
    def centre_um(self) -> NDArray[np.float64]:
        """Along the section, from its proximal end."""
    @property
    def length_um(self) -> NDArray[np.float64]: ...
    @property
    def diameter_um(self) -> NDArray[np.float64]:
        """Mean over the length of the compartment."""
    @property
    def area_um2(self) -> NDArray[np.float64]:
        """Lateral area of the membrane."""
    @property
    def distance_um(self) -> NDArray[np.float64]:
        """Along the path from the proximal end of the root."""
    @property
    def xyz_um(self) -> NDArray[np.float64]:
        """(n, 3): the centres in space."""
    @property
    def capacitance_nF(self) -> NDArray[np.float64]: ...
    @property
    def axial_conductance_uS(self) -> NDArray[np.float64]:
        """To the parent; 0 at a root."""
    def label(self, compartment: _Int) -> str:
        """Section and place of a compartment, for messages and legends. IndexError if none."""
    def __len__(self) -> int: ...

def discretise(model: Model, mesh: FixedCount | MaxLength | DLambda) -> Discretisation:
    """Lowers a model to arrays; ModelError lists every problem."""

class Drive:
    """A current into the axoplasm: waveform times the weight of each compartment.

    The waveform is straight pieces through (`t_ms`, `value`), zero before the first point and after
    the last; two points at one time are a jump.
    """

    def __init__(
        self, *, t_ms: _Floats, value: _Floats, compartment: _Ints, weight_nA: _Floats
    ) -> None: ...

class EventTrain:
    """Events for one row of a mechanism at points: ascending times, and what each one brings, the
    arguments of the first event, of the second and so on."""

    def __init__(
        self, *, mechanism: str, compartment: _Int, t_ms: _Floats, arguments: _Floats
    ) -> None: ...

class CoreProbe:
    """A probe resolved to compartments and steps.

    `quantity` is "v_mV", "layer_mV" (of `layer` 0, the axoplasm, or 1, the periaxonal space), or of
    a `mechanism` "i_mA_cm2" (outward current density) or "gate" (the one named `gate`), or of an
    `ion` "mM" (in the axoplasm, `layer` 0, or outside the axolemma, 1) or "e_mV".
    """

    def __init__(
        self,
        *,
        quantity: str,
        compartment: _Ints,
        every_steps: _Int = 1,
        every_ms: _Float = 0.0,
        layer: _Int = 0,
        mechanism: str = "",
        gate: str = "",
        ion: str = "",
    ) -> None: ...

class CoreDetector:
    """A detector of upward crossings of the membrane potential, resolved to compartments."""

    def __init__(
        self, *, threshold_mV: _Float, compartment: _Ints, keep: _Int | None = None
    ) -> None: ...

class CorePeakMap:
    """A map of peaks resolved to compartments and steps."""

    def __init__(self, *, compartment: _Ints, every_steps: _Int = 1) -> None: ...

class CoreSimulation:
    """A run: the only mutable thing. ModelError where the parts do not fit the discretisation."""

    def __init__(
        self,
        discretisation: Discretisation,
        *,
        method: str,
        parameters: Mapping[str, _Float],
        drives: Sequence[Drive] = ...,
        probes: Sequence[CoreProbe] = ...,
        detectors: Sequence[CoreDetector] = ...,
        peak_maps: Sequence[CorePeakMap] = ...,
        solver: str = "auto",
        precision: str = "double",
        threads: int = 1,
        trains: Sequence[EventTrain] = ...,
    ) -> None: ...
    def initialise(self, v_mV: _Float) -> None:
        """Starts anew at t = 0 with every membrane at v, gates in their steady state."""
    def initialise_at_rest(self, guess_mV: _Float) -> tuple[float, int]:
        """Starts anew at rest: residual in mV/ms and iterations. ModelError if there is none."""
    def advance(self, steps: _Int, t_stop_ms: _Float = ...) -> None:
        """Takes at most `steps` steps, none from `t_stop_ms` on. DivergedError if the state blows
        up; it then stands at the last good step, with all samples up to it."""
    @property
    def step(self) -> int: ...
    @property
    def t_ms(self) -> float: ...
    @property
    def dt_ms(self) -> float: ...
    @property
    def bytes(self) -> int:
        """What the run holds in memory, apart from the discretisation."""
    @property
    def execution(self) -> dict[str, Any]:
        """What it is carried out with: "solver", "precision", "threads" and "isa"."""
    @property
    def v_mV(self) -> NDArray[np.float64]:
        """Membrane potentials now; a copy."""
    def potential_mV(self, layer: _Int) -> NDArray[np.float64]:
        """Potentials of a layer against ground now; a copy. IndexError if there is none."""
    def trace(self, probe: _Int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """What a probe recorded so far: times in ms, (samples,), and values, (samples, places)."""
    def take_trace(self, probe: _Int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """What a probe recorded since it was last taken, which the run then forgets."""
    def crossings(
        self, detector: _Int
    ) -> tuple[NDArray[np.int32], NDArray[np.float64], NDArray[np.int32]]:
        """What a detector saw so far: compartments and times in ms, (events,), by step; and how
        often each compartment crossed, (n,), where not all crossings are kept, else (0,)."""
    def latest_crossing(self, detector: _Int) -> int | None:
        """The compartment that crossed last."""
    def peaks(self, peak_map: _Int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The highest potentials so far in mV, and when, in ms: (places,) each."""
    def ledger(self) -> dict[str, Any]:
        """What currents, diffusion and the bath have moved since t = 0, and what is where; empty
        where no ion accumulates."""
    def snapshot(self) -> builtins.bytes:
        """The whole state, for this build's byte order and floating-point format."""
    def restore(self, snapshot: builtins.bytes) -> None:
        """Goes on bit for bit from a snapshot; what was recorded after it is dropped."""

class BatchRun:
    """One run of a batch. It ends early once the detector of that number has seen something. What
    drives it in the background is not changed by `driven`."""

    def __init__(
        self,
        discretisation: Discretisation,
        *,
        drives: Sequence[Drive],
        probes: Sequence[CoreProbe],
        detectors: Sequence[CoreDetector],
        t_stop_ms: _Float,
        v_init_mV: _Float | None = None,
        v_rest_guess_mV: _Float = -70.0,
        stops_at_detector: _Int | None = None,
        background: Sequence[Drive] = ...,
        trains: Sequence[EventTrain] = ...,
    ) -> None: ...
    def driven(self, drive_factor: _Float, t_stop_ms: _Float, is_alone: bool = False) -> BatchRun:
        """The same run with drives so many times as strong, until another time, and beside others
        or not."""

def solve_tree(
    parent: _Ints, diagonal: _Floats, coupling: _Floats, rhs: _Floats
) -> NDArray[np.float64]:
    """Of diagonal x - coupling (x of the parent, and as much of each child) = rhs, one row per
    compartment in tree order. Raises ModelError for another order or columns of other lengths."""

def goes_side_by_side(
    discretisation: Discretisation,
    *,
    method: str,
    parameters: Mapping[str, _Float],
    solver: str = "auto",
) -> bool:
    """Whether runs of it share lanes with others."""

def most_alone(discretisation: Discretisation) -> int:
    """Up to how many runs of it are sooner done one by one, each spread over all lanes, than side
    by side."""

def run_batch(
    runs: Sequence[BatchRun],
    *,
    method: str,
    parameters: Mapping[str, _Float],
    solver: str = "auto",
    precision: str = "double",
    threads: int = 1,
    progress: Callable[[float], object] | None = None,
    after: Callable[[int, dict[str, Any]], tuple[float, float] | None] | None = None,
) -> list[dict[str, Any]]:
    """All runs: one dict per run of "status", "message", "t_ms", "steps", "traces", "crossings" and
    "execution". Calls `progress` with the share done; Ctrl-C leaves runs "interrupted". `after` is
    given the number of a run that is over and the "status", "message", "t_ms" and "crossings" of
    its dict, from any thread, and says with what drive factor and until when (t_stop_ms) it is to
    be run again from its start, or None."""

class CoreRest:
    """The fixed point near a guess, if it `is_found`, and the modes of small disturbances of it."""

    def __init__(self, discretisation: Discretisation, guess_mV: _Float) -> None: ...
    @property
    def is_found(self) -> bool: ...
    @property
    def iterations(self) -> int: ...
    @property
    def residual_mV_per_ms(self) -> float:
        """Largest rate of change of a membrane potential beyond rounding, or why none was found."""
    @property
    def rounding_mV_per_ms(self) -> float: ...
    @property
    def gate_rate_per_ms(self) -> float: ...
    @property
    def compartment(self) -> int:
        """Where the residual is."""
    @property
    def v_mV(self) -> NDArray[np.float64]: ...
    @property
    def potential_mV(self) -> list[NDArray[np.float64]]:
        """Per layer."""
    @property
    def gates(self) -> dict[tuple[str, str], NDArray[np.float64]]:
        """By mechanism and gate, per row of the mechanism."""
    def stability(self) -> str:
        """ "stable", "unstable" or "undecided"."""
    def fastest_mode(self) -> tuple[float, float] | None:
        """Growth rate per ms and frequency in kHz; None where the stability is undecided."""
    def count_faster(self, rate_per_ms: _Float) -> int | None:
        """How many modes grow faster; None where that cannot be told."""

def resolve_method(name: str, parameters: Mapping[str, _Float]) -> dict[str, float]:
    """All of a method's parameters; ModelError where one is wrong."""

class Program:
    """Bytecode: rows of (operation, to, a, b, c) over operands that are numbered in one space.

    `ranvier.mechanisms._evaluate` lists the operations and `_program` the operands.
    """

    def __init__(
        self, *, code: ArrayLike, constants: _Floats, registers: _Int, outputs: _Ints
    ) -> None: ...

class CustomMechanism:
    """A mechanism that was written as equations, as programs. ModelError where they do not fit."""

    def __init__(
        self,
        *,
        name: str,
        summary: str,
        citation: str,
        kind: str,
        reference_temperature_degC: _Float,
        parameters: Mapping[str, _Float],
        states: Sequence[tuple[str, _Float, _Float]],
        inputs: Sequence[str],
        derived: _Int,
        currents: Sequence[str],
        jacobian: Sequence[tuple[_Int, _Int]],
        conserved: Sequence[Sequence[tuple[_Int, _Float]]],
        is_settled: bool,
        is_given: Sequence[bool],
        source: str,
        programs: Mapping[str, Program],
        is_point: bool = False,
        arguments: Sequence[str] = ...,
    ) -> None: ...
    @property
    def name(self) -> str: ...
    @property
    def source(self) -> str:
        """The text it was compiled from, for saving."""

def mechanism_names() -> list[str]:
    """Names of all registered mechanisms, sorted."""

def describe_mechanism(name: str) -> dict[str, Any]:
    """Metadata of one mechanism. KeyError if unknown."""

def mechanism_rates(name: str, v_mV: ArrayLike) -> NDArray[np.float64]:
    """Opening and closing rates per ms at the reference temperature: (gates, 2, voltages)."""

def describe_methods() -> dict[str, dict[str, Any]]:
    """Metadata of every time-stepping method, by name."""

def build_info() -> dict[str, str]:
    """How the core was compiled, and the instruction set that lane kernels run at now."""
