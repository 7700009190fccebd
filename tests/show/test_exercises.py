"""How an exercise is checked: what a learner sees, and that nothing stops the notebook."""

from __future__ import annotations

import sys
import types

import pytest

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
