"""A face detector as a judge: in which images does it find a face?"""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np

CASCADE = "haarcascade_frontalface_alt2.xml"
ENLARGED = 128  # pixels; the detector knows no face below 20
MARGIN = 32  # on each side, since a face that touches the edge is missed
SCALE = 1.05  # ratio of two window sizes that are tried
NEIGHBOURS = 3  # windows that must agree


class DetectorMissing(ImportError):  # noqa: N818  (says what is the case)
    """There is no face detector here. The message says how to get one."""


def load_cascade() -> Any:
    """OpenCV's cascade classifier of frontal faces.

    Raises:
        DetectorMissing: OpenCV is not installed, or came without its cascades.

    References:
        Viola, Jones. Rapid object detection using a boosted cascade of simple features. CVPR 2001.
    """
    remedy = "install the course's extra `apps` (pip install -e '.[apps]') for one."
    try:
        cv2: Any = importlib.import_module("cv2")
        cascade = cv2.CascadeClassifier(cv2.data.haarcascades + CASCADE)
    except (ImportError, AttributeError) as error:
        raise DetectorMissing(f"No face detector here ({error}): {remedy}") from error
    if cascade.empty():
        raise DetectorMissing(f"OpenCV is here without {CASCADE}: {remedy}")
    return cascade


def finds_face(pixels: np.ndarray) -> np.ndarray:
    """Whether a detector finds a face in each image, at least a third as wide as the image.

    It is made for photographs, looks at grey values only, and misses many faces, most often dark
    ones in low contrast. So give the share in real images beside any other.

    Args:
        pixels: uint8 colour images (N, H, W, 3) of any size; small ones are enlarged.

    Returns:
        Shape (N,) bool.

    Raises:
        DetectorMissing: See `load_cascade`.
        ValueError: There is no image, or they are of another type or mode.
    """
    pixels = np.asarray(pixels)
    if pixels.dtype != np.uint8 or pixels.ndim != 4 or pixels.shape[-1] != 3 or not len(pixels):
        raise ValueError(
            f"pixels have shape {pixels.shape} and dtype {pixels.dtype}; give at least one colour "
            "image as uint8 (N, H, W, 3)."
        )
    cascade = load_cascade()
    return np.array([_finds(cascade, image) for image in pixels])


def _finds(cascade: Any, image: np.ndarray) -> bool:
    import cv2

    grey = cv2.cvtColor(np.ascontiguousarray(image), cv2.COLOR_RGB2GRAY)
    grey = cv2.resize(grey, (ENLARGED, ENLARGED), interpolation=cv2.INTER_CUBIC)
    grey = cv2.copyMakeBorder(grey, MARGIN, MARGIN, MARGIN, MARGIN, cv2.BORDER_REPLICATE)
    least = (ENLARGED // 3, ENLARGED // 3)
    return len(cascade.detectMultiScale(grey, SCALE, NEIGHBOURS, minSize=least)) > 0
