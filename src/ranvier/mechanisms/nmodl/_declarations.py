"""What the blocks of a .mod file declare, and what in them cannot be translated at all."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from ranvier.mechanisms.nmodl._constants import size_of
from ranvier.mechanisms.nmodl._source import Source

#: Blocks without which the others mean what they say.
IGNORED = {
    "Define",  # the parser puts the values in
    "Model",
    "LineComment",
    "BlockComment",
    "IndependentBlock",
    "UnitState",
    "Verbatim",  # is refused wherever it stands
}
REFUSED_BLOCKS = {
    "LinearBlock": "LINEAR: equations to be solved are not translated, expected DERIVATIVE",
    "NonLinearBlock": "NONLINEAR: equations to be solved are not translated, expected DERIVATIVE",
    "DiscreteBlock": "DISCRETE: steps in time are not translated, expected DERIVATIVE",
    "FunctionTableBlock": "FUNCTION_TABLE: its values are given while NEURON runs",
    "BeforeBlock": "BEFORE: blocks that act on the simulation are not translated",
    "AfterBlock": "AFTER: blocks that act on the simulation are not translated",
    "ConstructorBlock": "CONSTRUCTOR: blocks that act on the simulation are not translated",
    "DestructorBlock": "DESTRUCTOR: blocks that act on the simulation are not translated",
}
REFUSED_STATEMENTS = {
    "Pointer": "POINTER: a variable of another mechanism cannot be read",
    "BbcorePointer": "BBCOREPOINTER: a variable of another mechanism cannot be read",
    "External": "EXTERNAL: a variable of another mechanism cannot be read",
    "RandomVarList": "RANDOM: random numbers are not translated",
}
#: What NEURON provides, by its name and by the form's.
PROVIDED = {"celsius": "temperature_degC", "diam": "diameter_um"}
#: Of a reaction, while NEURON steps.
FLOWS = ("f_flux", "b_flux")
#: Of a run, which rates and currents must not know.
OF_THE_RUN = {
    "t": "t: rates and currents must not read the time",
    "dt": "dt: rates and currents must not read the time step",
    "area": "area: rates and currents must not read the area of the membrane",
}


@dataclass
class Declared:
    """Names of the file by what they are."""

    name: str = ""
    parameters: dict[str, float] = field(default_factory=dict)
    constants: dict[str, float] = field(default_factory=dict)
    #: NEURON's name and the form's.
    inputs: dict[str, str] = field(default_factory=dict)
    states: list[str] = field(default_factory=list)
    #: A current and its ion, "mixed" for those of none.
    currents: dict[str, str] = field(default_factory=dict)
    #: Of them, those that go into the cell where they are positive.
    inward: set[str] = field(default_factory=set)
    is_point: bool = False
    #: Names of ASSIGNED and of LOCAL outside of all blocks.
    variables: set[str] = field(default_factory=set)
    #: What states are before INITIAL: a parameter `m0`, or the number after START.
    defaults: dict[str, str | float] = field(default_factory=dict)
    #: As they are written, by their names in the form.
    ions: dict[str, str] = field(default_factory=dict)
    #: Names that cannot be read, and why.
    unreadable: dict[str, str] = field(default_factory=dict)
    routines: dict[str, Any] = field(default_factory=dict)
    blocks: dict[str, Any] = field(default_factory=dict)
    title: str = ""
    #: As the file gives them to what is ASSIGNED.
    units: dict[str, str] = field(default_factory=dict)

    def has(self, name: str) -> bool:
        """Whether something in the file, or NEURON itself, is called this."""
        tables = (self.parameters, self.constants, self.inputs, self.states, self.currents)
        known = (*tables, self.variables, self.unreadable, OF_THE_RUN)
        return any(name in each for each in known)


def kind_of(node: Any) -> str:
    return type(node).__name__


def text_of(name: Any) -> str:
    """Of a node that is a name, with the index that it was declared with cut off."""
    return str(name.get_node_name())


def members(node: Any, source: Source, length: Any = None) -> list[str]:
    """The scalars that a declaration makes: `x`, or `x[0]`, `x[1]` of an array."""
    name = text_of(node.name)
    if kind_of(node.name) == "IndexedName":
        length = node.name.length
    if length is None:
        return [name]
    return [f"{name}[{n}]" for n in range(int(length.value))]


def declarations(source: Source) -> Declared:
    """Reads all blocks but what is in those that compute."""
    found = Declared()
    refuse_verbatim(source)
    for block in source.blocks:
        kind = kind_of(block)
        if kind in REFUSED_BLOCKS:
            source.refuse(block, REFUSED_BLOCKS[kind])
        elif kind == "LocalListStatement":
            for each in block.variables:
                found.variables |= set(members(each, source))
        elif kind == "Model":
            found.title = str(block.title.value).strip()
        elif kind in READERS:
            READERS[kind](block, source, found)
        elif kind in ("ProcedureBlock", "FunctionBlock", "DerivativeBlock", "KineticBlock"):
            found.routines[text_of(block.name)] = block
        elif kind in ("InitialBlock", "BreakpointBlock", "NetReceiveBlock"):
            found.blocks[kind] = block
        elif kind not in IGNORED:
            source.refuse(block, f"{source.written(block).split()[0]}: is not translated")
    for name in (*found.inputs, *found.currents):
        found.parameters.pop(name, None)
    for state in found.states:
        # NEURON makes m0 of every state m; of an array, one for all.
        name = f"{state.partition('[')[0]}0"
        if name in found.parameters:
            found.defaults[state] = name
        elif not found.has(name):
            found.constants[name] = float(found.defaults.get(state, 0.0))
    return found


def refuse_verbatim(source: Source) -> None:
    """Every one but `return 0;`, which old procedures end with and which means nothing."""
    for line in source.lines_with("VERBATIM"):
        after = "\n".join(source.text.split("\n")[line - 1 :]).split("VERBATIM", 1)[1]
        if re.sub(r"\s", "", after.split("ENDVERBATIM")[0]) != "return0;":
            source.refuse(line, "VERBATIM: C code cannot be translated")


def read_neuron_block(block: Any, source: Source, found: Declared) -> None:
    # Known without being declared.
    found.inputs |= {"v": "v_mV", **PROVIDED}
    electrodes: list[Any] = []
    for statement in block.statement_block.statements:
        kind = kind_of(statement)
        if kind == "Suffix":
            found.name = text_of(statement.name)
            what = text_of(statement.type)
            if what == "POINT_PROCESS":
                found.is_point = True
            elif what == "ARTIFICIAL_CELL":
                source.refuse(statement, "ARTIFICIAL_CELL: has no membrane, expected a SUFFIX")
        elif kind == "Useion":
            read_ion(statement, source, found)
        elif kind in ("Nonspecific", "ElectrodeCurrent"):
            names = [text_of(each.name) for each in statement.currents]
            found.currents |= dict.fromkeys(names, "mixed")
            if kind == "ElectrodeCurrent":
                electrodes.append(statement)
                found.inward |= set(names)
        elif kind in REFUSED_STATEMENTS:
            source.refuse(statement, REFUSED_STATEMENTS[kind])
    for statement in electrodes:
        if not found.is_point:
            reason = "ELECTRODE_CURRENT: a current of an electrode, expected a POINT_PROCESS"
            source.refuse(statement, reason)


def read_ion(statement: Any, source: Source, found: Declared) -> None:
    ion = text_of(statement.name)
    other = found.ions.setdefault(ion.lower(), ion)
    if other != ion:
        reason = f"{ion}: is another ion than {other}, expected more than capitals to differ"
        source.refuse(statement, reason)
    forms = {
        f"e{ion}": f"e_{ion.lower()}_mV",
        f"{ion}i": f"{ion.lower()}_in_mM",
        f"{ion}o": f"{ion.lower()}_out_mM",
    }
    for each in statement.readlist:
        name = text_of(each.name)
        if name in forms:
            found.inputs[name] = forms[name]
        else:
            found.unreadable[name] = f"{name}: the current of all mechanisms cannot be read"
    for each in statement.writelist:
        name = text_of(each.name)
        if name == f"i{ion}":
            found.currents[name] = ion.lower()
            found.unreadable.pop(name, None)
        else:
            what = "reversal potential" if name == f"e{ion}" else "concentration"
            source.refuse(
                statement, f"WRITE {name}: sets the {what} of an ion, expected currents only"
            )


def read_parameters(block: Any, source: Source, found: Declared) -> None:
    for statement in block.statements:
        if kind_of(statement) != "ParamAssign":
            continue
        value = 0.0 if statement.value is None else float(statement.value.value)
        for name in members(statement, source):
            declare(name, found, value)


def read_assigned(block: Any, source: Source, found: Declared) -> None:
    for each in block.definitions:
        for name in members(each, source, each.length):
            declare(name, found, None)
            found.variables.add(name)
        unit = "" if each.unit is None else source.written(each.unit).strip("()")
        if unit:
            found.units[text_of(each.name)] = unit


def declare(name: str, found: Declared, value: float | None) -> None:
    if name in PROVIDED:
        found.inputs[name] = PROVIDED[name]
    elif name in OF_THE_RUN:
        found.unreadable[name] = OF_THE_RUN[name]
    elif value is not None and name not in found.unreadable:
        found.parameters[name] = value


def read_states(block: Any, source: Source, found: Declared) -> None:
    for each in block.definitions:
        names = members(each, source, each.length)
        found.states += names
        if each.start is not None:
            found.defaults |= dict.fromkeys(names, float(each.start.value))


def read_constants(block: Any, source: Source, found: Declared) -> None:
    for statement in block.statements:
        constant = statement.constant
        found.constants[text_of(constant.name)] = float(constant.value.value)


def read_units(block: Any, source: Source, found: Declared) -> None:
    for each in block.definitions:
        if kind_of(each) != "FactorDef":
            continue
        name = text_of(each.name)
        if each.value is not None:
            found.constants[name] = float(each.value.value)
            continue
        texts = [source.written(unit).strip("()") for unit in (each.unit1, each.unit2)]
        sizes = [size_of(text) for text in texts]
        if sizes[0] is None or sizes[1] is None:
            unknown = texts[0 if sizes[0] is None else 1]
            source.refuse(each, f"({unknown}): an unknown unit, expected the number itself")
            found.constants[name] = 1.0
        else:
            found.constants[name] = sizes[0] / sizes[1]


READERS = {
    "NeuronBlock": read_neuron_block,
    "ParamBlock": read_parameters,
    "AssignedBlock": read_assigned,
    "StateBlock": read_states,
    "ConstantBlock": read_constants,
    "UnitBlock": read_units,
}
