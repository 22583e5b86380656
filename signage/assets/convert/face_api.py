"""The expression network of face-api, which that package holds as weights alone.

Its architecture is code there: four blocks of four convolutions, each adding to what the
ones before it gave, an average over what is left of the picture, one dense layer.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from signage.assets.convert.tfjs import Node, convert, read_weights
from signage.assets.convert.writer import TO_CHANNELS_LAST

_SIDE = 112
_MEAN_RGB = (122.782, 117.001, 104.298)


def from_face_expression(manifest: bytes, weights: bytes) -> bytes:
    """Rebuild the network from its weights manifest and the blob beside it."""
    known = read_weights(json.loads(manifest), weights) | {
        "to_channels_last": np.array(TO_CHANNELS_LAST),
        "mean": np.array(_MEAN_RGB, np.float32),
        "range": np.array(255, np.float32),
        "features/shape": np.array([-1, 256]),
    }
    nodes: list[Node] = []

    def add(name: str, operation: str, *inputs: str, **attributes: Any) -> str:
        nodes.append(Node(name, operation, inputs, attributes))
        return name

    def convolution(name: str, value: str, stride: int) -> str:
        strides = [1, stride, stride, 1]
        if f"{name}/filters" in known:
            value = add(name, "Conv2D", value, f"{name}/filters", strides=strides, padding="SAME")
        else:
            depthwise, pointwise = f"{name}/depthwise", f"{name}/pointwise"
            add(
                depthwise,
                "DepthwiseConv2dNative",
                value,
                f"{depthwise}_filter",
                strides=strides,
                padding="SAME",
            )
            value = add(
                pointwise,
                "Conv2D",
                depthwise,
                f"{pointwise}_filter",
                strides=[1, 1, 1, 1],
                padding="SAME",
            )
        return add(f"{name}/biased", "Add", value, f"{name}/bias")

    add("image", "Placeholder", dtype="DT_FLOAT", shape=[-1, 3, _SIDE, _SIDE])
    add("picture", "Transpose", "image", "to_channels_last")
    add("centred", "Sub", "picture", "mean")
    value = add("scaled", "RealDiv", "centred", "range")
    for block in ("dense0", "dense1", "dense2", "dense3"):
        total = convolution(f"{block}/conv0", value, stride=2)
        value = total = add(f"{block}/relu0", "Relu", total)
        for layer in (1, 2, 3):
            added = convolution(f"{block}/conv{layer}", value, stride=1)
            total = add(f"{block}/sum{layer}", "Add", total, added)
            value = add(f"{block}/relu{layer}", "Relu", total)
    window = {"ksize": [1, 7, 7, 1], "strides": [1, 2, 2, 1], "padding": "VALID"}
    add("pooled", "AvgPool", value, **window)
    add("features", "Reshape", "pooled", "features/shape")
    add("scores", "_FusedMatMul", "features", "fc/weights", "fc/bias", fused_ops=["BiasAdd"])
    add("softmax", "Softmax", "scores")
    return convert(nodes, known, {"probabilities": "softmax"})
