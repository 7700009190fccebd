"""Holds the floors of the package: a module imports only from floors below it."""

from __future__ import annotations

import ast
from pathlib import Path

import grimp
import pytest

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
    """Lines that are no blank, no comment and no docstring."""
    tree = ast.parse(path.read_text("utf-8"))
    text: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            text |= set(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    lines = enumerate(path.read_text("utf-8").splitlines(), start=1)
    return sum(1 for n, line in lines if n not in text and line.strip()[:1] not in ("", "#"))


def test_modules_stay_small() -> None:
    lengths = {str(p.relative_to(FOLDER)): lines_of_code(p) for p in FOLDER.rglob("*.py")}
    assert {name: length for name, length in lengths.items() if length > 300} == {}
