"""The files that say what is needed agree with each other."""

from __future__ import annotations

import ast
import importlib.metadata
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from tools.setup_env import CONSTRAINTS

ROOT = Path(__file__).resolve().parent.parent
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
PROJECT = SETTINGS["project"]
PIN = re.compile(r"[A-Za-z0-9._-]+==[A-Za-z0-9._+!]+")
COLAB = {"jax": "0.7.2", "jaxlib": "0.7.2", "flax": "0.11.2", "numpy": "2.1.3"}
FILES = sorted(CONSTRAINTS.values())


def pins(name: str) -> dict[str, str]:
    lines = (ROOT / "constraints" / name).read_text("utf-8").split()
    return {canonicalize_name(line.split("==")[0]): line.split("==")[1] for line in lines}


def needed() -> list[Requirement]:
    extras = PROJECT["optional-dependencies"]
    listed = [PROJECT["dependencies"], *(extras[name] for name in ("lab", "apps", "dev"))]
    return [Requirement(line) for lines in listed for line in lines]


@pytest.mark.parametrize("name", FILES)
def test_constraints_are_bare_pins(name: str) -> None:
    lines = (ROOT / "constraints" / name).read_text("utf-8").splitlines()
    assert [line for line in lines if not PIN.fullmatch(line)] == []


@pytest.mark.parametrize("name", FILES)
def test_constraints_pin_every_dependency_within_its_bounds(name: str) -> None:
    pinned = pins(name)
    missing = [r.name for r in needed() if canonicalize_name(r.name) not in pinned]
    assert missing == []
    outside = [str(r) for r in needed() if pinned[canonicalize_name(r.name)] not in r.specifier]
    assert outside == []


def test_colab_pins_what_colab_has() -> None:
    assert {name: pins("colab.txt")[name] for name in COLAB} == COLAB


def test_pins_belong_to_supported_pythons() -> None:
    supported = SpecifierSet(PROJECT["requires-python"])
    assert all(f"{major}.{minor}" in supported for major, minor in CONSTRAINTS)
    assert {path.name for path in (ROOT / "constraints").iterdir()} == set(CONSTRAINTS.values())


ORDERED = ["jupyterlab", "jax", "flax", "optax", "matplotlib", "ipywidgets", "nbval"]


def test_conda_names_what_the_course_stands_on_by_its_tested_pins() -> None:
    environment = yaml.safe_load((ROOT / "environment.yml").read_text("utf-8"))
    python, pip, nested = environment["dependencies"]
    assert pip == "pip"
    version = tuple(int(part) for part in python.removeprefix("python=").split("."))
    constraints, *named, course = nested["pip"]
    assert constraints == f"-c constraints/{CONSTRAINTS[version]}"
    pinned = pins(CONSTRAINTS[version])
    assert named == [f"{name}=={pinned[name]}" for name in ORDERED]
    assert course == "-e .[lab,apps,dev]"  # with `dev`, as `make test` installs it


def test_every_way_to_install_takes_the_same_versions() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    commands = [line for line in readme.splitlines() if re.search(r"pip install .*-e ", line)]
    assert len(commands) >= 2  # uv, and pip on Windows
    for line in commands:
        version = re.search(r"-c constraints[/\\](\S+)", line)
        assert version, f"{line} installs what nobody tested"
        assert version[1] in FILES
        assert ".[lab,apps" in line
    made = {
        name
        for line in readme.splitlines()
        for name in re.findall(r"(?:--python |py -)(3\.\d+)", line)
    }
    assert {CONSTRAINTS[3, int(name[2:])] for name in made} == {"py312.txt"}
    extras = re.search(
        r"^setup:\n.*call setup,(.*)\)", (ROOT / "Makefile").read_text("utf-8"), re.M
    )
    assert extras
    assert extras[1].split() == ["lab", "apps"]


def test_the_floor_of_python_is_one() -> None:
    floor = PROJECT["requires-python"].removeprefix(">=")
    assert SETTINGS["tool"]["mypy"]["python_version"] == floor
    assert SETTINGS["tool"]["ruff"]["target-version"] == "py" + floor.replace(".", "")
    assert f"({floor.replace('.', ', ')})" in (ROOT / "tools" / "find_python.sh").read_text("utf-8")


def imports(tree: ast.AST) -> Iterator[str]:
    """The packages that a syntax tree imports, also by importlib.import_module with a name."""
    for node in ast.walk(tree):
        names: list[str | None] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names = [node.module]
        elif isinstance(node, ast.Call) and ast.unparse(node.func) == "importlib.import_module":
            names = [ast.literal_eval(arg) for arg in node.args if isinstance(arg, ast.Constant)]
        yield from (name.split(".")[0] for name in names if name)


def distributions(names: Iterable[str]) -> set[str]:
    """What to install for imported names of others."""
    known = importlib.metadata.packages_distributions()
    foreign = set(names) - set(sys.stdlib_module_names) - {"karpa_helpers"}
    return {canonicalize_name(known.get(name, [name])[0]) for name in foreign}


def test_the_core_depends_on_what_it_imports_and_no_more() -> None:
    trees = [ast.parse(path.read_text("utf-8")) for path in (ROOT / "karpa_helpers").rglob("*.py")]
    imported = distributions(name for tree in trees for name in imports(tree))
    tried = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Try)]
    guarded = distributions(name for node in tried for part in node.body for name in imports(part))
    listed = {canonicalize_name(Requirement(line).name) for line in PROJECT["dependencies"]}
    assert listed - imported == set(), "in pyproject's dependencies, but nowhere imported"
    assert imported - listed - guarded == set(), "imported, but not in pyproject's dependencies"


def test_imports_are_seen_in_every_form() -> None:
    source = "import a.b\nfrom c.d import e\nfrom . import f\ng = importlib.import_module('h.i')"
    assert list(imports(ast.parse(source))) == ["a", "c", "h"]


def test_a_learners_own_folder_is_there_and_nobody_looks_into_it() -> None:
    ignored = (ROOT / "my_work" / ".gitignore").read_text("utf-8").splitlines()
    assert ignored[-2:] == ["*", "!.gitignore"]
    assert "my_work" in SETTINGS["tool"]["ruff"]["extend-exclude"]
    assert "`my_work/`" in (ROOT / "README.md").read_text("utf-8")


def read_yaml(name: str) -> dict:
    return yaml.safe_load((ROOT / name).read_text("utf-8"))


def test_the_citation_and_the_changelog_know_the_version() -> None:
    assert read_yaml("CITATION.cff")["version"] == PROJECT["version"]
    assert f"## [{PROJECT['version']}] - 20" in (ROOT / "CHANGELOG.md").read_text("utf-8")


def test_hooks_run_in_the_projects_environment() -> None:
    (local,) = read_yaml(".pre-commit-config.yaml")["repos"]
    assert local["repo"] == "local"
    for hook in local["hooks"]:
        python, *arguments = hook["entry"].split()
        assert (python, hook["language"]) == (".venv/bin/python", "system")
        assert all((ROOT / name).exists() for name in arguments if name.endswith(".py"))


def test_the_hosted_gate_is_the_gate_on_every_python() -> None:
    steps = read_yaml(".github/workflows/ci.yml")["jobs"]["gate"]["steps"]
    assert steps[-1] == {"run": ".ci/run"}
    versions = next(s["with"]["python-version"] for s in steps if "setup-python" in s["uses"])
    assert set(versions.split()) == {f"{major}.{minor}" for major, minor in CONSTRAINTS}


def test_the_bug_form_asks_for_the_doctor() -> None:
    (field,) = [
        x for x in read_yaml(".github/ISSUE_TEMPLATE/bug.yml")["body"] if x["id"] == "doctor"
    ]
    assert "python -m karpa_helpers doctor" in field["attributes"]["description"]
    assert field["validations"] == {"required": True}


def test_licences_are_there() -> None:
    code, text = ((ROOT / name).read_text("utf-8") for name in PROJECT["license-files"])
    assert "Apache License" in code
    assert "Version 2.0" in code
    assert "https://creativecommons.org/licenses/by/4.0/legalcode" in text


def tracked() -> list[Path]:
    done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        pytest.skip("this copy of the project has no git history")
    return [ROOT / name for name in done.stdout.split("\0") if name and (ROOT / name).exists()]


def test_no_tracked_file_names_a_machine() -> None:
    # Put together from pieces, so that this file does not name one either.
    signs = re.compile("|".join(["/" + "root/", "/" + "work/", "file:" + "///", "/" + "home/"]))
    texts = [path for path in tracked() if path.suffix not in {".png", ".npz", ".gz", ".zip"}]
    hits = []
    for path in texts:
        try:
            found = signs.search(path.read_text("utf-8"))
        except UnicodeDecodeError:
            continue
        if found:
            hits.append(f"{path.relative_to(ROOT)}: {found[0]}")
    assert hits == []
