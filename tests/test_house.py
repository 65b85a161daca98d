"""The walls of the house: who imports whom, how long a file gets, and that what is written runs.

`FLOORS` is the plan of the package. Moving a wall means changing it here and saying why in
docs/why.md. The second half holds the pages to their word: the README's commands, every Python
block of the README and of docs/, every example in a docstring.
"""

from __future__ import annotations

import ast
import doctest
import importlib
import os
import re
import runpy
import subprocess
import sys
import textwrap
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from matcalc.ops.base import FUNCTIONS, OPS
from tests.golden import assert_golden

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "matcalc"
SOURCES = sorted(PACKAGE.rglob("*.py"))
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]

# From the ground up. A room is a module or a folder of matcalc/; it may import the floors below it
# and, on its own floor, the rooms to its left. Files inside one room may import one another. What
# stands under `if TYPE_CHECKING:` is never imported: a type may be named before it is built.
FLOORS = (
    ("errors", "shapes", "walk", "expr", "notation"),
    ("ops",),
    (
        "facts",
        "door",
        "substitution",
        "owners",
        "members",
        "network",
        "unrolling",
        "rewrite",
        "linear",
        "problem",
    ),
    ("forward", "reverse", "indexform"),
    ("second", "layout", "trace"),
    ("record", "codegen"),
    ("numeric",),
    ("discover",),
    ("render",),
    ("families",),
    ("language", "reading"),
    ("judging",),
    ("blocks", "pytorch"),
    ("gallery", "api", "flat", "__init__", "web", "cli", "__main__"),
)
HEIGHT = {room: height for height, room in enumerate(room for floor in FLOORS for room in floor)}

# What turns text into something that runs. `S` counts only where it is called.
RUNS_TEXT = {"eval", "exec", "sympify", "parse_expr"}
MAY_RUN_TEXT = {
    ("codegen", "exec"): "compiles source that the plan wrote itself, names escaped",
}

LONGEST = 500
# To be taken apart next; the list only gets shorter.
TOO_LONG_YET: set[str] = set()


def relative(path: Path) -> str:
    """The path as it is named in a message."""
    return path.relative_to(ROOT).as_posix()


def room_of(path: Path) -> str:
    """The room a source file of matcalc/ belongs to."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def room_of_name(dotted: str) -> str | None:
    """The room a dotted module name leads to; None outside matcalc."""
    first, *rest = dotted.split(".")
    if first != "matcalc":
        return None
    # A name that is no room is one of the public names, which `__init__` hands out.
    return rest[0] if rest and rest[0] in HEIGHT else "__init__"


def rooms_imported(source: str, package: str = "matcalc") -> Iterator[tuple[int, str]]:
    """Line and room of each import of ours that ever runs, those inside functions included."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) in {
            "TYPE_CHECKING",
            "typing.TYPE_CHECKING",
        }:
            node.body = []
    for node in ast.walk(tree):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            parts = package.split(".")
            base = parts[: len(parts) - node.level + 1] if node.level else []
            stem = ".".join([*base, *filter(None, [node.module])])
            names = [f"{stem}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Call) and node.args:
            called = getattr(node.func, "attr", getattr(node.func, "id", None))
            first = node.args[0]
            if called in {"import_module", "__import__"} and isinstance(first, ast.Constant):
                names = [str(first.value)]
        for name in names:
            if room := room_of_name(name):
                yield node.lineno, room


def text_runners(source: str) -> Iterator[tuple[int, str]]:
    """Line and name of everything in `source` that could run a text."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Name) and node.id in RUNS_TEXT:
            yield node.lineno, node.id
        elif isinstance(node, ast.Attribute) and node.attr in RUNS_TEXT - {"eval"}:
            yield node.lineno, node.attr
        elif isinstance(node, ast.Attribute) and ast.unparse(node) == "builtins.eval":
            yield node.lineno, "eval"
        elif isinstance(node, ast.ImportFrom):
            yield from ((node.lineno, a.name) for a in node.names if a.name in RUNS_TEXT)
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in {"S", "sympy.S", "sp.S"}:
            yield node.lineno, "S"


@dataclass(frozen=True)
class Fence:
    """A fenced block of a Markdown page; `line` is where its first line stands, from 1."""

    info: str
    line: int
    code: str


def fences(page: str) -> list[Fence]:
    """The fenced blocks of a page, those inside lists included."""
    found, opened, body = [], None, []
    for number, line in enumerate(page.splitlines(), start=1):
        mark = re.match(r"\s*(`{3,})\s*(.*?)\s*$", line)
        if opened is None and mark:
            opened, body = (mark[1], mark[2], number + 1), []
        elif opened and mark and not mark[2] and len(mark[1]) >= len(opened[0]):
            found.append(Fence(opened[1], opened[2], textwrap.dedent("\n".join(body))))
            opened = None
        else:
            body.append(line)
    assert opened is None, f"the block opened above line {opened and opened[2]} is never closed"
    return found


def python_of(page: str) -> str:
    """The Python blocks of a page as one program in which every line keeps its number."""
    lines: list[str] = []
    for fence in fences(page):
        if fence.info == "python":
            lines += [""] * (fence.line - 1 - len(lines)) + fence.code.splitlines()
    return "\n".join(lines) + "\n" if lines else ""


def commands_of_readme() -> list[str]:
    """The shell commands of the README, in order."""
    return [f.code.strip() for f in fences(PAGES[0].read_text("utf-8")) if f.info == "sh"]


def optional_packages() -> set[str]:
    """What a user may have left out: the packages of the extras that are not for developers."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = project["optional-dependencies"].items()
    return {package for name, wanted in extras if name not in {"test", "dev"} for package in wanted}


# ---------------------------------------------------------------- walls


def test_every_file_has_a_room():
    """A new file of matcalc/ stands on a floor of the plan."""
    homeless = [relative(path) for path in SOURCES if room_of(path) not in HEIGHT]
    assert not homeless, f"give these a room in FLOORS: {homeless}"


def test_no_room_imports_upstairs():
    """Imports run downwards only, and from right to left on one floor."""
    wrong = []
    for path in SOURCES:
        here = room_of(path)
        package = ".".join(path.parent.relative_to(ROOT).parts)
        for line, there in rooms_imported(path.read_text("utf-8"), package):
            if there != here and HEIGHT[there] > HEIGHT.get(here, -1):
                wrong.append(f"{relative(path)}:{line}: {here} imports {there}, which lives above")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    ("source", "rooms"),
    [
        ("import matcalc.render.latex", ["render"]),
        ("from matcalc.reverse import sweep", ["reverse"]),
        ("from matcalc import errors, Layout", ["errors", "__init__"]),
        ("from . import base\nfrom .base import Op", ["ops", "ops"]),
        ("from ..reverse import sweep\nfrom .. import door", ["reverse", "door"]),
        ("def f():\n    import matcalc", ["__init__"]),
        ("import_module('matcalc.numeric')", ["numeric"]),
        ("import sympy\nfrom numpy import linalg", []),
        ("if TYPE_CHECKING:\n    from matcalc.api import Network", []),
        ("if not TYPE_CHECKING:\n    from matcalc.api import Network", ["api"]),
    ],
)
def test_every_spelling_of_an_import_is_seen(source: str, rooms: list[str]):
    """The plan can't be got round by a relative, late or dynamic import."""
    assert [room for _, room in rooms_imported(source, "matcalc.ops")] == rooms


def test_no_file_is_too_long():
    """A file that passes the ceiling wants to be two."""
    paths = [*SOURCES, *PACKAGE.rglob("*.lark"), *(ROOT / "tests").rglob("*.py")]
    lengths = {relative(path): len(path.read_text("utf-8").splitlines()) for path in paths}
    too_long = {
        path: length
        for path, length in lengths.items()
        if length > LONGEST and path not in TOO_LONG_YET
    }
    assert not too_long, f"longer than {LONGEST} lines: {too_long}"


def test_nothing_runs_text():
    """No text of a user's can reach the interpreter: what could run it isn't there."""
    wrong = [
        f"{relative(path)}:{line}: {name}"
        for path in SOURCES
        for line, name in text_runners(path.read_text("utf-8"))
        if (room_of(path), name) not in MAY_RUN_TEXT
    ]
    assert not wrong, "these run text:\n" + "\n".join(wrong)


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("eval('1')", ["eval"]),
        ("run = exec", ["exec"]),
        ("from sympy import sympify as read", ["sympify"]),
        ("sympy.sympify(text)", ["sympify"]),
        ("builtins.eval(text)", ["eval"]),
        ("sympy.S(text)", ["S"]),
        ("from sympy.parsing.sympy_parser import parse_expr", ["parse_expr"]),
        ("class F:\n    def eval(cls, x): return S.One\nF.eval(2)", []),
    ],
)
def test_every_way_to_run_text_is_seen(source: str, names: list[str]):
    """An alias or a method does not hide an interpreter; sympy's own `eval` hooks are none."""
    assert [name for _, name in text_runners(source)] == names


# ---------------------------------------------------------------- pages


def test_ci_runs_the_readmes_test_command():
    """What contributors are told to run and what is run for them is one line."""
    _, test_command, *_ = commands_of_readme()
    lines = [line.strip() for line in (ROOT / ".ci" / "run").read_text("utf-8").splitlines()]
    assert "pytest" in test_command
    assert lines.count(test_command) == 1, f".ci/run does not run {test_command!r}"


def test_the_readmes_first_command_derives():
    """The script behind the README's first command prints a derivation."""
    first, *_ = commands_of_readme()
    script = re.search(r"derivations/\w+\.py", first)
    assert script, f"no worked network in {first!r}"
    ran = subprocess.run(
        [sys.executable, script[0]],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        encoding="utf-8",
        timeout=120,
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.strip()
    assert not ran.stderr


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_no_python_block_is_exempt(page: Path):
    """A block is `python`, and runs, or is not Python at all."""
    marked = [f for f in fences(page.read_text("utf-8")) if re.match(r"\{?\.?py", f.info)]
    assert all(fence.info == "python" for fence in marked), [fence.info for fence in marked]


@pytest.mark.parametrize(
    "page", [page for page in PAGES if python_of(page.read_text("utf-8"))], ids=relative
)
def test_the_python_on_a_page_runs(page: Path, tmp_path: Path, monkeypatch):
    """The blocks of a page, top to bottom, are one program that runs."""
    program = tmp_path / page.with_suffix(".py").name
    program.write_text(python_of(page.read_text("utf-8")), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    # What a page registers is gone with it: other tests run over every operation there is.
    known, words = dict(OPS), dict(FUNCTIONS)
    try:
        runpy.run_path(str(program), run_name="__main__")
    finally:
        for table, before in ((OPS, known), (FUNCTIONS, words)):
            table.clear()
            table.update(before)


def test_a_program_keeps_the_lines_of_its_page():
    """An error in a page is reported at the line where it stands there."""
    page = "# T\n```python\na = 1\n```\n\n- so\n  ```python\n  b = a\n  ```\n```text\nno\n```\n"
    assert python_of(page).splitlines() == ["", "", "a = 1", "", "", "", "", "b = a"]


@pytest.mark.parametrize(
    "path", [path for path in SOURCES if path.stem != "__main__"], ids=relative
)
def test_the_examples_in_docstrings_run(path: Path):
    """Every module can be imported, and every example in its docstrings shows what happens."""
    name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.split(".")[0] not in optional_packages():
            raise
        pytest.skip(f"needs {error.name}")
    outcome = doctest.testmod(module, optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    assert outcome.failed == 0, f"{outcome.failed} of {outcome.attempted} examples; see above"


# ---------------------------------------------------------------- helpers of the tests


def test_a_golden_file_changes_only_on_request(tmp_path: Path):
    """A missing or different page fails with the way to mend it; an update writes it."""
    page = tmp_path / "new" / "page.md"
    with pytest.raises(AssertionError, match="--update-golden"):
        assert_golden(page, "one\n")
    assert_golden(page, "one\n", update=True)
    assert_golden(page, "one\n")
    with pytest.raises(AssertionError, match=r"(?s)--update-golden.*-one\n\+two"):
        assert_golden(page, "two\n")


def test_random_numbers_repeat(request: pytest.FixtureRequest, rng: np.random.Generator):
    """A test's numbers depend on the seed and on its own name, on nothing that ran before."""
    again = request.getfixturevalue("rng")
    assert again is rng
    assert rng.integers(2**32) != np.random.default_rng(0).integers(2**32)
