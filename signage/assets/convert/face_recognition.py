"""The recognition network of face-api, which that package holds as weights alone.

It is dlib's ResNet (`dlib_face_recognition_resnet_model_v1`): a convolution, then residual
blocks of two 3×3 convolutions, each scaled and shifted in place of a batch norm. Where a block
halves the picture, what goes around it is averaged, and zeros fill what either side lacks.
"""

from __future__ import annotations

import json

import numpy as np
from onnx import TensorProto

from signage.assets.convert.tfjs import read_weights
from signage.assets.convert.writer import Writer

_SIDE = 150
_MEAN_RGB = (122.782, 117.001, 104.298)
_RANGE = 255  # dlib divides by 256, face-api by this
# The blocks in their order, and whether each halves the picture.
_BLOCKS = {
    "conv32_1": False,
    "conv32_2": False,
    "conv32_3": False,
    "conv64_down": True,
    "conv64_1": False,
    "conv64_2": False,
    "conv64_3": False,
    "conv128_down": True,
    "conv128_1": False,
    "conv128_2": False,
    "conv256_down": True,
    "conv256_1": False,
    "conv256_2": False,
    "conv256_down_out": True,
}
# Where of 8 and of 4 pixels the convolution makes one fewer than the average.
_FALLS_SHORT = {"conv256_down", "conv256_down_out"}


def from_face_recognition(manifest: bytes, weights: bytes) -> bytes:
    """Rebuild the network from its weights manifest and the blob beside it."""
    known = read_weights(json.loads(manifest), weights)
    writer = Writer()

    def convolution(name: str, value: str, stride: int, padding: str) -> str:
        """Scale and shift are part of the filters, which are (height, width, in, out)."""
        scale = known[f"{name}/scale/weights"]
        filters = (known[f"{name}/conv/filters"] * scale).transpose(3, 2, 0, 1)
        bias = known[f"{name}/conv/bias"] * scale + known[f"{name}/scale/biases"]
        inputs = [value, writer.constant(filters, f"{name}/filters")]
        inputs.append(writer.constant(bias, f"{name}/bias"))
        return writer.node("Conv", inputs, name, strides=[stride, stride], auto_pad=padding)

    def padded(value: str, channels: int, pixels: int) -> str:
        """``value`` with so many zeros after its own channels, and right of it and below."""
        ends = np.array([0, 0, 0, 0, 0, channels, pixels, pixels])
        return writer.node(
            "Pad", [value, writer.constant(ends, f"{value}/ends")], f"{value}/padded"
        )

    def block(name: str, value: str, *, halves: bool) -> str:
        stride, padding = (2, "VALID") if halves else (1, "SAME_UPPER")
        inner = convolution(f"{name}/conv1", value, stride, padding)
        inner = writer.node("Relu", [inner], f"{name}/relu1")
        inner = convolution(f"{name}/conv2", inner, 1, "SAME_UPPER")
        if halves:
            channels_in, channels_out = known[f"{name}/conv1/conv/filters"].shape[2:]
            value = writer.node(
                "AveragePool", [value], f"{name}/pooled", kernel_shape=[2, 2], strides=[2, 2]
            )
            if channels_in < channels_out:
                value = padded(value, channels_out - channels_in, 0)
            if name in _FALLS_SHORT:
                inner = padded(inner, 0, 1)
        total = writer.node("Add", [value, inner], f"{name}/sum")
        return writer.node("Relu", [total], f"{name}/relu")

    mean = writer.constant(np.array(_MEAN_RGB, np.float32).reshape(1, 3, 1, 1), "mean")
    centred = writer.node("Sub", ["image", mean], "centred")
    span = writer.constant(np.array(_RANGE, np.float32), "range")
    value = writer.node("Div", [centred, span], "scaled")
    value = convolution("conv32_down", value, 2, "VALID")
    value = writer.node("Relu", [value], "relu")
    value = writer.node("MaxPool", [value], "pooled", kernel_shape=[3, 3], strides=[2, 2])
    for name, halves in _BLOCKS.items():
        value = block(name, value, halves=halves)
    value = writer.node("GlobalAveragePool", [value], "average")
    value = writer.node("Flatten", [value], "features")
    value = writer.node("MatMul", [value, writer.constant(known["fc"], "fc")], "descriptor")
    shape: list[int | str] = ["N", 3, _SIDE, _SIDE]
    return writer.model({"image": (TensorProto.FLOAT, shape)}, {"embedding": value})
