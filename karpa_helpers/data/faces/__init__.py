"""Colour faces drawn by rule, at any size, with factors that are known exactly."""

from karpa_helpers.data.faces.faces import (
    FACTORS,
    PIXELS,
    RANGES,
    draw_faces,
    draw_factors,
    render,
)

__all__ = ["FACTORS", "PIXELS", "RANGES", "draw_faces", "draw_factors", "render"]
