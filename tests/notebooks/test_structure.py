"""Every lesson has what a lesson must have."""

from __future__ import annotations

import pytest

from tools import lesson_checks
from tools.lessons import Lesson, find_lessons


@pytest.mark.parametrize("lesson", find_lessons(), ids=lambda lesson: lesson.name)
def test_lesson_keeps_the_standard(lesson: Lesson) -> None:
    assert lesson_checks.problems(lesson) == []


def test_lesson_numbers_are_unique() -> None:
    numbers = [lesson.number for lesson in find_lessons()]
    assert len(numbers) == len(set(numbers))
