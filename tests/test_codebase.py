"""What must agree between files: versions, stubs, flags, pins, and error texts with their tests."""

from __future__ import annotations

import ast
import re
import subprocess
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import ranvier
from ranvier import _core

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def first_group(pattern: str, file: str) -> str:
    found = re.search(pattern, (ROOT / file).read_text(), re.MULTILINE)
    assert found, f"{file}: nothing matches {pattern}"
    return found[1]


def test_version_is_the_same_everywhere() -> None:
    assert {
        "ranvier": ranvier.__version__,
        "core": _core.__version__,
        "citation": first_group(r'^version: "?([\w.]+)"?$', "CITATION.cff"),
        "changelog": first_group(r"^## \[?([\w.]+)\]?", "CHANGELOG.md"),
    } == dict.fromkeys(["ranvier", "core", "citation", "changelog"], PROJECT["version"])


def names_in_stub(path: Path) -> Iterator[str]:
    for node in ast.parse(path.read_text()).body:
        match node:
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.AnnAssign(target=ast.Name(id=name)):
                yield name
            case ast.Assign(targets=targets):
                yield from (target.id for target in targets if isinstance(target, ast.Name))


def test_stub_names_what_the_extension_has() -> None:
    stub = set(names_in_stub(ROOT / "src" / "ranvier" / "_core.pyi"))
    # Names with an underscore are types that exist only for the reader of the stub.
    assert {name for name in stub if not name.startswith("_")} == {
        name for name in dir(_core) if not name.startswith("_")
    }


def test_both_builds_compile_with_the_same_flags() -> None:
    setup = (ROOT / "setup.py").read_text()
    by_setup = re.search(
        r"^OPTIMISE = (\[.*\])\nFLAGS = \[\*OPTIMISE, (.*\])$", setup, re.MULTILINE
    )
    assert by_setup
    by_cmake = first_group(r"^set\(flags (.*)\)$", "csrc/CMakeLists.txt")
    assert ast.literal_eval(by_setup[1]) + ast.literal_eval("[" + by_setup[2]) == by_cmake.split()


def test_both_builds_compile_the_same_kernels_at_the_same_levels() -> None:
    setup = (ROOT / "setup.py").read_text()
    by_setup = re.search(r"^KERNELS = found\(([^)]*)\)\nLEVELS = (\[.*?\])", setup, re.MULTILINE)
    assert by_setup
    cmake = (ROOT / "csrc" / "CMakeLists.txt").read_text()
    by_cmake = re.search(r"GLOB kernels CONFIGURE_DEPENDS([^)]*)\)", cmake)
    assert by_cmake
    assert re.findall(r'"csrc(/.*)"', by_setup[1]) == re.findall(
        r'"\$\{CMAKE_CURRENT_SOURCE_DIR\}(/.*)"', by_cmake[1]
    )
    by_default = first_group(r"^set\(RANVIER_LEVELS (.*) CACHE ", "csrc/CMakeLists.txt")
    assert ast.literal_eval(by_setup[2]) == by_default.split()


def test_pre_commit_runs_the_pinned_tools() -> None:
    hooks = (ROOT / ".pre-commit-config.yaml").read_text()
    pins = [line for line in PROJECT["optional-dependencies"]["dev"] if "==" in line]
    assert [pin for pin in pins if pin not in hooks] == []


# Error texts. A message is found by its `raise` or `throw`, or by the word "expected", which the
# house style puts into every one: so those that are collected before they are thrown are found too.

#: Long enough not to be quoted by chance, short enough to leave a test free in what it quotes.
QUOTE_LENGTH = 15

#: "file: start of the message", and the reason why no test can cause it.
CANNOT_BE_CAUSED: dict[str, str] = {}


def python_literals(node: ast.AST) -> Iterator[str]:
    """The text under a node, without what is computed inside the braces of an f-string."""
    if isinstance(node, ast.Constant):
        if isinstance(node.value, str):
            yield node.value
    elif not isinstance(node, ast.FormattedValue):
        for child in ast.iter_child_nodes(node):
            yield from python_literals(child)


def python_strings(path: Path) -> Iterator[ast.expr]:
    """Every string and f-string that is not a docstring, and every raised exception."""
    waiting: list[ast.AST] = [ast.parse(path.read_text())]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
            yield node.exc
        elif isinstance(node, ast.Constant | ast.JoinedStr):
            yield node
        elif not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
            waiting += ast.iter_child_nodes(node)


def cpp_statements(path: Path) -> Iterator[tuple[int, str]]:
    """Line and text of what stands between semicolons or braces, without comments."""
    literal = r'"(?:\\.|[^"\\\n])*"'
    text = path.read_text()
    text = re.sub(rf"({literal})|//[^\n]*", lambda m: m[1] or "", text)
    for match in re.finditer(rf"(?:{literal}|'(?:\\.|[^'\\])'|[^;{{}}\"'])+", text):
        statement = match[0].lstrip()
        yield text[: match.end() - len(statement)].count("\n") + 1, statement


def cpp_literals(text: str) -> list[str]:
    text = re.sub(r"^\s*#\s*include.*$", "", text, flags=re.MULTILINE)
    text = re.sub(r'"[ \t\\]*\n\s*"', "", text)  # adjacent literals are one
    return [inside.replace('\\"', '"') for inside in re.findall(r'"((?:\\.|[^"\\\n])*)"', text)]


def messages() -> Iterator[tuple[str, list[str]]]:
    """Where each message is, and its pieces between what is computed."""
    for path in sorted((ROOT / "src" / "ranvier").rglob("*.py")):
        for node in python_strings(path):
            pieces = list(python_literals(node))
            if isinstance(node, ast.Call) or any("expected" in piece for piece in pieces):
                yield f"{path.relative_to(ROOT)}:{node.lineno}", pieces
    for path in sorted((ROOT / "csrc").rglob("*.[ch]pp")):
        for line, statement in cpp_statements(path):
            pieces = cpp_literals(statement)
            ends = [piece for piece in pieces if "expected" in piece]
            where = f"{path.relative_to(ROOT)}:{line}"
            if len(ends) > 1:  # alternatives
                yield from ((where, [end]) for end in ends)
            elif ends or re.search(r"\bthrow\b", statement):
                yield where, pieces


def quotes_in(pieces: list[str]) -> set[str]:
    """Every run of characters that is long enough, and shorter pieces of a word or more whole."""
    quotes = set()
    for piece in (piece.strip(" \n.,:;()'") for piece in pieces):
        if len(piece) >= 4:
            ends = range(QUOTE_LENGTH, max(QUOTE_LENGTH, len(piece)) + 1)
            quotes |= {piece[max(0, end - QUOTE_LENGTH) : end] for end in ends}
    return quotes


def text_of_tests() -> str:
    """All strings of all tests but this one, as they read once regular expressions are undone."""
    strings = []
    for path in (ROOT / "tests").rglob("*.py"):
        if path != Path(__file__):
            # Apart, so that no quote reaches over what an f-string computes.
            strings += ["\n".join(python_literals(node)) for node in python_strings(path)]
    for path in (ROOT / "tests" / "cpp").glob("*.cpp"):
        strings += [text for _, part in cpp_statements(path) for text in cpp_literals(part)]
    return "\n".join(strings).replace("\\", "")


def test_every_error_text_is_quoted_by_a_test() -> None:
    """A message that no test reads can lose its values, or its sense, and nobody notices."""
    sites = [(where, pieces, quotes_in(pieces)) for where, pieces in messages()]
    times_used = Counter(quote for _, _, quotes in sites for quote in quotes)
    tests = text_of_tests()
    missing = []
    for where, pieces, quotes in sites:
        # What only this message says; a sentence that is word for word another's must do with that.
        own = {quote for quote in quotes if times_used[quote] == 1} or quotes
        message = "...".join(pieces)
        if own and not any(quote in tests for quote in own):
            shown = f"{where.partition(':')[0]}: {message}"
            if not any(shown.startswith(start) for start in CANNOT_BE_CAUSED):
                missing.append(f"{where}: {message}")
    assert missing == [], "no test quotes:\n" + "\n".join(missing)


def tracked_files() -> list[Path]:
    if (ROOT / ".git").exists():
        command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
        run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
        paths = [ROOT / line for line in run.stdout.splitlines()]
    else:  # an sdist, or the copy in which .ci/run works
        built = re.compile(r"^(\.(?!ci|clang|pre|git)\w+|build|dist|.*\.egg-info|__pycache__)$")
        paths = [
            path
            for path in ROOT.rglob("*")
            if not any(built.match(part) for part in path.relative_to(ROOT).parts)
        ]
    return [path for path in paths if path.is_file()]


def test_no_file_names_a_path_of_some_machine() -> None:
    path_of_machine = re.compile(rb"(?<![\w.])/(?:work|root|home|Users|tmp|scratch)/\w")
    found = [
        f"{path.relative_to(ROOT)}: {match[0].decode()}"
        for path in tracked_files()
        if (match := path_of_machine.search(path.read_bytes()))
    ]
    assert found == []
