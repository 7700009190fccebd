"""How an exercise is checked: what a learner sees, and that nothing stops the notebook."""

from __future__ import annotations

import functools
import inspect
import sys
import types
from collections import defaultdict
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from karpa_helpers.lessons import checks
from karpa_helpers.show import exercises

SECRET = 42


@pytest.fixture(autouse=True)
def toy(monkeypatch):
    monkeypatch.setattr(exercises, "_CHECKS", {})

    @exercises.register("99.1")
    def check_double(candidate):
        exercises.expect(candidate(SECRET) == 2 * SECRET, "It does not double its input.")


def stub(x):
    raise NotImplementedError


def test_right_answer(capsys):
    assert exercises.check("99.1", lambda x: x + x) is True
    assert capsys.readouterr().out == "99.1: right.\n"


def test_wrong_answer_is_explained_without_the_answer(capsys):
    assert exercises.check("99.1", lambda x: x) is False
    out = capsys.readouterr().out
    assert out == "99.1: not yet. It does not double its input.\n"
    assert str(2 * SECRET) not in out


def test_a_stub_is_not_done_yet(capsys):
    assert exercises.check("99.1", stub) is False
    assert "not done yet" in capsys.readouterr().out


@pytest.mark.parametrize(
    "answer", [None, 3, lambda: 1, lambda x: x.nothing, lambda x: 1 / 0, lambda x: [][1]]
)
def test_code_that_fails_does_not_stop_the_notebook(capsys, answer):
    assert exercises.check("99.1", answer) is False
    assert "your code stopped with" in capsys.readouterr().out


def test_the_learner_may_stop_a_check(capsys):
    def endless(x):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        exercises.check("99.1", endless)


def test_an_exercise_that_is_not_there(monkeypatch):
    name = "karpa_helpers.lessons.checks.lesson_99"
    monkeypatch.setattr(checks, "LESSONS", ("99",))
    monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
    with pytest.raises(KeyError, match=r"There is no exercise 99.2. This lesson has 99.1"):
        exercises.find("99.2")
    with pytest.raises(KeyError, match="Lesson 98 has no exercises"):
        exercises.find("98.1")


def test_a_wrong_number_is_not_blamed_on_the_learners_code(capsys):
    assert exercises.check("98.1", lambda x: x) is False
    assert capsys.readouterr().out == "Lesson 98 has no exercises.\n"


@pytest.mark.parametrize("value", [0, "", None, False])
def test_expect_raises_on_what_is_false(value):
    with pytest.raises(exercises.Wrong, match="the reason"):
        exercises.expect(value, "the reason")
    exercises.expect(not value, "the reason")


def test_every_module_of_checks_is_named():
    modules = Path(checks.__file__).parent.glob("lesson_*.py")
    assert sorted(path.stem.removeprefix("lesson_") for path in modules) == list(checks.LESSONS)


def test_a_package_that_is_missing_is_not_called_a_lesson_without_exercises(monkeypatch):
    monkeypatch.setitem(sys.modules, "karpa_helpers.lessons.checks.lesson_05", None)
    with pytest.raises(ImportError):
        exercises.find("05.1")


@pytest.mark.parametrize("leave", [sys.exit, exit, quit, lambda: sys.exit("done")])
def test_exit_does_not_end_the_notebook(capsys, leave):
    assert exercises.check("99.1", lambda x: leave()) is False
    assert "your code called exit()" in capsys.readouterr().out


def test_the_exit_of_a_notebook_does_not_end_its_kernel(capsys, monkeypatch):
    shell = types.SimpleNamespace(ask_exit=lambda: pytest.fail("the kernel ends"))
    asked = shell.ask_exit
    monkeypatch.setattr(exercises, "get_ipython", lambda: shell)
    assert exercises.check("99.1", lambda x: shell.ask_exit()) is False
    assert "your code called exit()" in capsys.readouterr().out
    assert shell.ask_exit is asked


def inputs():
    return {
        "array": np.array([1.0, np.nan, 3.0]),
        "view": np.arange(6.0).reshape(2, 3).T,
        "text": np.array(["b", "a"]),
        "list": [2, [1, 2]],
        "dict": {"w": np.ones(2), "b": [0]},
        "default": defaultdict(list, a=[1]),
        "set": {1, 2},
        "tuple": (np.ones(2), [1]),
    }


def rejects(name, change):
    """Whether a check refuses a function that changes its input, which stays as it was."""
    value = inputs()[name]

    def judge(answer):
        answer(value)
        answer(x=value)

    def answer(x):
        change(x)

    exercises._CHECKS["99.2"] = judge
    verdict = exercises.check("99.2", answer)
    assert repr(value) == repr(inputs()[name])
    return not verdict


CHANGES = {
    "array": [
        lambda x: x.sort(), lambda x: x.__setitem__(0, np.nan),
        lambda x: x.resize(4, refcheck=False),
    ],
    "view": [lambda x: x.fill(0), lambda x: x.__itruediv__(2)],
    "text": [lambda x: x.sort()],
    "list": [
        lambda x: x.append(1), lambda x: x[1].append(1), lambda x: x.clear(),
        lambda x: x.__setitem__(1, 5),
    ],
    "dict": [lambda x: x["w"].fill(2), lambda x: x.pop("b"), lambda x: x["b"].append(1)],
    "default": [lambda x: x["new"], lambda x: x["a"].append(2)],
    "set": [lambda x: x.add(3)],
    "tuple": [lambda x: x[0].fill(2), lambda x: x[1].append(2)],
}  # fmt: skip


@pytest.mark.parametrize(("name", "change"), [(n, c) for n in CHANGES for c in CHANGES[n]])
def test_an_answer_that_changes_its_input_is_refused(capsys, name, change):
    assert rejects(name, change)
    assert "changes an argument in place" in capsys.readouterr().out


@pytest.mark.parametrize("name", CHANGES)
def test_an_answer_that_changes_nothing_is_accepted(name):
    assert not rejects(name, lambda x: (len(x), list(x), x is x))


def handed_over(answer):
    """The answer as a check gets it."""
    got = []
    exercises._CHECKS["99.3"] = got.append
    assert exercises.check("99.3", answer) is True
    return got[0]


def test_a_function_keeps_its_name_and_signature():
    def double(x: float, *, times: int = 2) -> float:
        """Doubles."""
        return times * x

    found = handed_over(double)
    assert (found.__name__, found.__doc__) == ("double", "Doubles.")
    assert inspect.signature(found) == inspect.signature(double)
    assert found(3, times=3) == 9
    assert handed_over(functools.partial(double, times=5))(2) == 10


@pytest.mark.parametrize("value", [None, 3, "a", dict, types.SimpleNamespace, jax.jit(jnp.sin)])
def test_what_is_no_plain_function_is_handed_over_as_it_is(value):
    assert handed_over(value) is value


def test_functions_work_under_the_transformations_of_jax():
    found = handed_over(lambda tree, p: jnp.sin(tree["w"][0]).sum() * p)
    tree, p = {"w": [jnp.arange(3.0)]}, 2.0
    wanted = 2 * np.sin(np.arange(3.0)).sum()
    np.testing.assert_allclose(jax.jit(found)(tree, p), wanted, rtol=1e-6)
    np.testing.assert_allclose(
        jax.grad(found)(tree, p)["w"][0], 2 * np.cos(np.arange(3.0)), rtol=1e-6
    )
    many = jax.vmap(found, (None, 0))(tree, jnp.arange(3.0))
    np.testing.assert_allclose(many, np.arange(3) * wanted / 2, rtol=1e-6)


def test_what_is_not_data_is_not_copied():
    same = handed_over(lambda *given: given)
    given = len, jnp.ones(2), iter([1]), np.random.default_rng(0), exercises
    assert all(got is mine for got, mine in zip(same(*given), given, strict=True))


def test_a_generator_gets_copies():
    def scale(x):
        x *= 2
        yield from x

    x = np.ones(2)
    assert list(handed_over(scale)(x)) == [2, 2]
    assert x.tolist() == [1, 1]
