"""The geometry of boxes, in pixels of the picture."""

from __future__ import annotations

import math

from signage.types.vision import Box


def intersection_over_union(a: Box, b: Box) -> float:
    """Share of the area of both boxes that they have in common."""
    if (common := overlap_px(a, b)) <= 0:
        return 0.0
    return common / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - common)


def overlap_px(a: Box, b: Box) -> float:
    """The area that both boxes have in common, in square pixels."""
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    return max(0.0, width) * max(0.0, height)


def moved(box: Box, shift_px: tuple[float, float], growth: float) -> Box:
    """``box`` with its middle shifted, and its sides ``growth`` times as long."""
    x, y = (box[0] + box[2]) / 2 + shift_px[0], (box[1] + box[3]) / 2 + shift_px[1]
    half_width, half_height = (box[2] - box[0]) / 2 * growth, (box[3] - box[1]) / 2 * growth
    return x - half_width, y - half_height, x + half_width, y + half_height


def distance_px(a: Box, b: Box) -> float:
    """From the middle of one box to that of the other."""
    (x0, y0), (x1, y1) = centre(a), centre(b)
    return math.hypot(x1 - x0, y1 - y0)


def centre(box: Box) -> tuple[float, float]:
    """The middle of a box, in pixels."""
    return (box[0] + box[2]) / 2, (box[1] + box[3]) / 2


def height_px(box: Box) -> float:
    """At least 1."""
    return max(1.0, box[3] - box[1])
