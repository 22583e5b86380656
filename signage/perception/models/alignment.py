"""Faces cut out upright, each the way that a network was shown them in training."""

from __future__ import annotations

import cv2
import numpy as np

from signage.types.arrays import Floats, Image

# Landmarks of MediaPipe's mesh, numbered as there. "Left" is left in the picture.
_LEFT_EYE, _RIGHT_EYE = (33, 133), (263, 362)
_NOSE_TIP, _LEFT_MOUTH, _RIGHT_MOUTH = 1, 61, 291
_NOSE_BASE = 2

# dlib's mean five-point face (its `get_face_chip_details`): outer and inner corner of each
# eye, base of the nose; and the share of the face that its chips have around it.
_DLIB_FACE = np.array(
    [
        (0.8595674595992, 0.2134981538014),
        (0.6460604764104, 0.2289674387677),
        (0.1205750620789, 0.2137274526848),
        (0.3340850613712, 0.2290642403242),
        (0.4901123135679, 0.6277975316475),
    ]
)
_DLIB_POINTS = [*_RIGHT_EYE, *_LEFT_EYE, _NOSE_BASE]
_DLIB_PADDING = 0.2
# The mean face of ArcFace's alignment (insightface), in shares of its 112 pixels: middle of
# each eye, tip of the nose, corners of the mouth.
_ARCFACE = (
    np.array(
        [
            (38.2946, 51.6963),
            (73.5318, 51.5014),
            (56.0252, 71.7366),
            (41.5493, 92.3655),
            (70.7299, 92.2041),
        ]
    )
    / 112
)
_OVERSAMPLING = 4


def dlib_chip(
    image: Image, landmarks_px: Floats, size_px: int, padding: float = _DLIB_PADDING
) -> Image:
    """The face as dlib cuts it, shape (size_px, size_px, 3), BGR.

    ``landmarks_px``, shape (478, 2), are MediaPipe's; ``padding`` is the share of the face that
    the chip has around it.
    """
    target = (_DLIB_FACE + padding) / (1 + 2 * padding)
    return cut_out(image, landmarks_px[_DLIB_POINTS], target, size_px)


def arcface_chip(
    image: Image,
    landmarks_px: Floats,
    size_px: int,
    zoom: float = 1.0,
    centre: tuple[float, float] = (0.5, 0.5),
) -> Image:
    """The face as for ArcFace, shape (size_px, size_px, 3), BGR, with more around it.

    ``landmarks_px``, shape (478, 2), are MediaPipe's. The chip shows ``zoom`` times as much
    in each direction as ArcFace's own, whose point ``centre`` (in shares of it) is in the middle.
    """
    points = np.stack(
        [
            landmarks_px[list(_LEFT_EYE)].mean(axis=0),
            landmarks_px[list(_RIGHT_EYE)].mean(axis=0),
            landmarks_px[_NOSE_TIP],
            landmarks_px[_LEFT_MOUTH],
            landmarks_px[_RIGHT_MOUTH],
        ]
    )
    return cut_out(image, points, (_ARCFACE - centre) / zoom + 0.5, size_px)


def cut_out(image: Image, points_px: Floats, target: Floats, size_px: int) -> Image:
    """Turn, scale and shift ``points_px`` onto ``target``, both shape (n, 2); cut out the square.

    ``target`` is in shares of the square, which has ``size_px`` pixels a side.
    """
    transform = similarity(points_px, target * size_px)
    # A big face is drawn larger and shrunk by area, so that it does not alias.
    shrinks = np.linalg.det(transform[:, :2]) < 0.25
    factor = _OVERSAMPLING if shrinks else 1
    chip = cv2.warpAffine(
        image,
        transform * factor,
        (size_px * factor, size_px * factor),
        borderMode=cv2.BORDER_REPLICATE,
    )
    if shrinks:
        chip = cv2.resize(chip, (size_px, size_px), interpolation=cv2.INTER_AREA)
    return np.asarray(chip, dtype=np.uint8)


def similarity(source: Floats, target: Floats) -> Floats:
    """Least-squares rotation, scale and shift from ``source`` to ``target``, shape (2, 3).

    Both shape (n, 2). Umeyama, "Least-squares estimation of transformation parameters
    between two point patterns", IEEE TPAMI 1991.
    """
    source_mean, target_mean = source.mean(axis=0), target.mean(axis=0)
    centred, aimed = source - source_mean, target - target_mean
    u, s, vt = np.linalg.svd(aimed.T @ centred)
    flip = np.array([1.0, np.sign(np.linalg.det(u @ vt))])
    rotation = u @ np.diag(flip) @ vt
    scale = (s * flip).sum() / (centred**2).sum()
    return np.column_stack([scale * rotation, target_mean - scale * rotation @ source_mean])
