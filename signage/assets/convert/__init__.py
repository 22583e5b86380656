"""Models of other formats made into ONNX, while they are pulled and at no other time.

The same files give the same bytes: operator set, IR version, names and order are fixed,
since the manifest holds the SHA-256 of the result.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from signage.assets.convert.any_size import to_any_size
from signage.assets.convert.face_api import from_face_expression
from signage.assets.convert.face_recognition import from_face_recognition
from signage.assets.convert.tfjs import from_tfjs

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

CONVERTERS: dict[str, Callable[..., bytes]] = {
    "tfjs": from_tfjs,
    "face_expression": lambda manifest, weights, _: from_face_expression(manifest, weights),
    "face_recognition": lambda manifest, weights, _: from_face_recognition(manifest, weights),
    "any_size": lambda model, _: to_any_size(model),
}


def convert(by: str, files: list[bytes], outputs: Mapping[str, str]) -> bytes:
    """Make the ONNX file of ``files``, which are those of one model in their usual order.

    ``outputs`` are for formats of which only a part is wanted; they go from the name that
    each shall have to what computes it. Raises AssetError when a model cannot be converted.
    """
    return CONVERTERS[by](*files, outputs)
