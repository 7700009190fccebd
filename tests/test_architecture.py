"""Holds the plan of the package: floors, who may import what, and how large it may grow."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterable
from pathlib import Path

import grimp
import pytest

from tools.lessons import cells_of, find_lessons, read_source

PACKAGE = "karpa_helpers"
FOLDER = Path(__file__).resolve().parent.parent / PACKAGE

# From the ground up. Modules on one floor do not import each other.
FLOORS: list[set[str]] = [
    {"runtime"},
    {"data"},
    {"maths"},
    {"nn"},
    {"weights"},
    {"training"},
    {"gan", "seq2seq"},
    {"show"},
    {"lessons"},
    {"doctor"},
    {"__main__"},
]
NEVER = ("torch", "tensorflow", "keras", "notebooks", "tests", "tools", "benchmarks")
# What Flax keeps changing stays in the two places that shield the rest from it.
SHIELDED = {"Optimizer", "ModelAndOptimizer", "List", "jit", "jit_partial", "cached_partial"}
SHIELDS = {"training", "runtime.py"}

# Lines of code, without docstrings, comments and blanks.
CORE, LESSONS = 6000, 4000
MODULE, LESSON = 300, 250
ROOMS = 14
NO_CODE = {
    tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT,
    tokenize.ENDMARKER,
}  # fmt: skip
# One lesson alone imports these so far, and derives what they hold; those to come build on them.
TAUGHT = ("maths.divergences", "training.optimizers")
# Verbs of the field that are read with their module's name before them: `decoding.sample`.
VERBS = {"from_folder", "generate", "run", "sample", "split", "train"}


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    return grimp.build_graph(PACKAGE, include_external_packages=True, cache_dir=None)


def unit(module: str) -> str:
    """The part of the package that a module belongs to: karpa_helpers.data.store is in data."""
    return module.split(".")[1]


def floor(name: str) -> int:
    return next(i for i, names in enumerate(FLOORS) if name in names)


def internal(graph: grimp.ImportGraph) -> list[str]:
    return sorted(m for m in graph.modules if m.startswith(PACKAGE + "."))


def reaches(graph: grimp.ImportGraph, module: str, outside: str) -> bool:
    """Whether a module imports an outside package, itself or through others of ours."""
    return outside in graph.modules and bool(graph.find_shortest_chain(module, outside))


def test_every_module_has_a_floor(graph: grimp.ImportGraph) -> None:
    known = set().union(*FLOORS)
    strangers = {unit(module) for module in internal(graph)} - known
    assert not strangers, f"give {sorted(strangers)} a floor in FLOORS"


def test_imports_lead_downwards(graph: grimp.ImportGraph) -> None:
    upwards = [
        f"{module} imports {other}"
        for module in internal(graph)
        for other in graph.find_modules_directly_imported_by(module)
        if other.startswith(PACKAGE + ".")
        and unit(other) != unit(module)
        and floor(unit(other)) >= floor(unit(module))
    ]
    assert not upwards


@pytest.mark.parametrize("part", ["data", "maths"])
def test_data_and_maths_reach_no_flax(graph: grimp.ImportGraph, part: str) -> None:
    modules = [module for module in internal(graph) if unit(module) == part]
    assert [m for m in modules if reaches(graph, m, "flax")] == []


@pytest.mark.parametrize("module", ["data.store", "data.sources"])
def test_fetching_data_needs_no_jax(graph: grimp.ImportGraph, module: str) -> None:
    name = f"{PACKAGE}.{module}"
    if name not in graph.modules:
        pytest.skip(f"{name} is not there yet")
    assert not reaches(graph, name, "jax")


@pytest.mark.parametrize("outside", NEVER)
def test_nothing_imports(graph: grimp.ImportGraph, outside: str) -> None:
    if outside in graph.modules:
        assert graph.find_modules_that_directly_import(outside) == set()


def shielded_uses(path: Path) -> list[str]:
    """Uses of nnx.X or `from flax.nnx import X` for the shielded names."""
    uses = []
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            names = [node.attr] if node.value.id == "nnx" else []
        elif isinstance(node, ast.ImportFrom) and node.module == "flax.nnx":
            names = [alias.name for alias in node.names]
        else:
            names = []
        uses += [f"{path.name}:{node.lineno} nnx.{n}" for n in names if n in SHIELDED]
    return uses


def test_only_the_engine_touches_what_flax_keeps_changing() -> None:
    paths = [
        path
        for path in sorted(FOLDER.rglob("*.py"))
        if path.relative_to(FOLDER).parts[0] not in SHIELDS
    ]
    assert [use for path in paths for use in shielded_uses(path)] == []


def test_the_shield_check_sees_a_use(tmp_path: Path) -> None:
    module = tmp_path / "module.py"
    module.write_text("from flax import nnx\noptimizer = nnx.Optimizer(model, tx)\n")
    assert shielded_uses(module) == ["module.py:2 nnx.Optimizer"]


def lines_of_code(path: Path) -> int:
    """Lines with code on them: no blanks, comments and docstrings."""
    text = path.read_text("utf-8")
    docstrings: set[int] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            first = node.body[0] if node.body else None
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                docstrings |= set(range(first.lineno, (first.end_lineno or first.lineno) + 1))
    lines: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in NO_CODE:
            lines |= set(range(token.start[0], token.end[0] + 1))
    return len(lines - docstrings)


def lengths() -> dict[str, int]:
    """Lines of code of each file, by its path in the package."""
    return {p.relative_to(FOLDER).as_posix(): lines_of_code(p) for p in FOLDER.rglob("*.py")}


def test_the_package_stays_within_its_budget() -> None:
    lessons = sum(n for name, n in lengths().items() if name.startswith("lessons/"))
    assert sum(lengths().values()) - lessons <= CORE, "what one lesson needs belongs in lessons/"
    assert lessons <= LESSONS
    assert len({name.split("/")[0] for name in lengths()}) <= ROOMS


def test_modules_stay_small() -> None:
    own = {n: k for n, k in lengths().items() if re.match(r"lessons/lesson_\d\d", n)}
    assert {name: length for name, length in own.items() if length > LESSON} == {}
    assert {name: length for name, length in lengths().items() if length > MODULE} == {}


def imported_by(trees: Iterable[ast.AST], known: set[str]) -> set[str]:
    """The modules of the package that some code imports, or takes names from."""
    found = set()
    for node in (node for tree in trees for node in ast.walk(tree)):
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found |= {f"{node.module}.{alias.name}" for alias in node.names} | {node.module}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return found & known


def users(graph: grimp.ImportGraph) -> dict[str, set[str]]:
    """Who imports each module. A lesson with all that is its own is one user, "lesson 07"."""
    known = set(graph.modules)
    importers: dict[str, set[str]] = {module: set() for module in internal(graph)}
    for path in sorted(FOLDER.rglob("*.py")):
        module = ".".join(path.relative_to(FOLDER.parent).with_suffix("").parts)
        tree = ast.parse(path.read_text("utf-8"))
        for other in imported_by([tree], known) & importers.keys():
            importers[other].add(lesson_of(module) or module.removesuffix(".__init__"))
    for lesson in find_lessons():
        cells = [cell.source for cell in cells_of(read_source(lesson), "code")]
        code = [re.sub(r"^[%!].*", "pass", cell, flags=re.MULTILINE) for cell in cells]
        for other in imported_by(map(ast.parse, code), known) & importers.keys():
            importers[other].add(f"lesson {lesson.number}")
    launch = [ast.parse(p.read_text("utf-8")) for p in (FOLDER.parent / "launch").glob("*.py")]
    for other in imported_by(launch, known) & importers.keys():
        importers[other].add("launch")
    return importers


def lesson_of(module: str) -> str:
    """The lesson that a module belongs to alone, "" for a module of the core."""
    found = re.fullmatch(rf"{PACKAGE}\.lessons\.(?:checks\.)?lesson_(\d\d)\w*", module)
    return f"lesson {found[1]}" if found else ""


def test_only_its_lesson_imports_what_one_lesson_needs(graph: grimp.ImportGraph) -> None:
    strangers = {
        module: sorted(others)
        for module, importers in users(graph).items()
        if (own := lesson_of(module)) and (others := importers - {own, f"{PACKAGE}.lessons.checks"})
    }
    assert strangers == {}, "with a second user it moves down into the core"


def test_the_core_holds_what_has_two_users(graph: grimp.ImportGraph) -> None:
    single = {
        module.removeprefix(f"{PACKAGE}.")
        for module, importers in users(graph).items()
        if not lesson_of(module)
        and len(importers - {module.rpartition(".")[0]}) == 1
        and next(iter(importers - {module.rpartition(".")[0]})).startswith("lesson ")
    }
    assert single == set(TAUGHT), "with one user it belongs in lessons/, unless it is taught"


def test_no_public_name_means_two_things() -> None:
    where: dict[str, list[str]] = {}
    for path in sorted(FOLDER.rglob("*.py")):
        if "checks" in path.parts:
            continue
        for node in ast.parse(path.read_text("utf-8")).body:
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and node.name[0] != "_":
                where.setdefault(node.name, []).append(path.relative_to(FOLDER).as_posix())
    assert {
        name: files for name, files in where.items() if len(files) > 1 and name not in VERBS
    } == {}
