"""The face detector: it finds drawn faces, not scrambled ones, and says when it is not there."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from karpa_helpers.data.faces import draw_faces
from karpa_helpers.lessons import lesson_08


def test_it_finds_faces_and_no_scrambled_ones():
    pytest.importorskip("cv2")
    faces, _ = draw_faces(60, 32, seed=3)
    quarters = [faces[:, a : a + 16, b : b + 16] for a in (16, 0) for b in (16, 0)]
    rows = [np.concatenate(quarters[i : i + 2], axis=2) for i in (0, 2)]
    assert lesson_08.finds_face(faces).mean() > 0.6
    assert lesson_08.finds_face(np.concatenate(rows, axis=1)).mean() < 0.1


def test_without_opencv_the_error_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(lesson_08.DetectorMissing, match="apps"):
        lesson_08.finds_face(np.zeros((1, 32, 32, 3), np.uint8))


@pytest.mark.parametrize(
    "wrong",
    [
        np.zeros((2, 32, 32, 3), np.float32),
        np.zeros((2, 32, 32, 1), np.uint8),
        np.zeros((32, 32, 3), np.uint8),
        np.zeros((0, 32, 32, 3), np.uint8),
    ],
)
def test_wrong_images_are_refused(wrong):
    with pytest.raises(ValueError, match="uint8"):
        lesson_08.finds_face(wrong)
