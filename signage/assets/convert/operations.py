"""TensorFlow's operations in ONNX: those that the models of signage need, and no others."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from onnx import TensorProto

from signage.assets.convert.writer import TO_CHANNELS_FIRST, TO_CHANNELS_LAST, Tensor
from signage.errors import AssetError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from signage.assets.convert.tfjs import Node
    from signage.assets.convert.writer import Writer

    Array = NDArray[Any]
    Operand = tuple[Tensor | Array, str]
    Operation = Callable[[Writer, Node, Sequence[Operand]], Sequence[Tensor]]


def _convolution(writer: Writer, node: Node, operands: Sequence[Operand]) -> list[Tensor]:
    (image, image_name), (_, filter_name), *arguments = operands
    kernel = _known(node, operands[1])
    height, width, channels, multiplier = kernel.shape
    if "Depthwise" in node.operation:
        kernel = kernel.reshape(height, width, 1, channels * multiplier)
    inputs = [
        writer.channels_first(image, image_name),
        writer.constant(kernel.transpose(3, 2, 0, 1), f"{filter_name}/filter"),
    ]
    fused = node.get("fused_ops", ())
    if "BiasAdd" in fused:
        inputs.append(writer.constant(_known(node, arguments[0]), arguments[0][1]))
    activation = [name for name in fused if name != "BiasAdd"]
    name = f"{node.name}/linear" if activation else node.name
    writer.node(
        "Conv",
        inputs,
        name,
        auto_pad=_padding(node),
        strides=node.get("strides")[1:3],
        dilations=node.get("dilations", (1, 1, 1, 1))[1:3],
        group=channels if "Depthwise" in node.operation else 1,
    )
    return [Tensor(_activated(writer, node, name, activation), channels_first=True)]


def _pool(operation: str) -> Operation:
    def write(writer: Writer, node: Node, operands: Sequence[Operand]) -> list[Tensor]:
        writer.node(
            operation,
            [writer.channels_first(*operands[0])],
            node.name,
            auto_pad=_padding(node),
            kernel_shape=node.get("ksize")[1:3],
            strides=node.get("strides")[1:3],
        )
        return [Tensor(node.name, channels_first=True)]

    return write


def _matmul(writer: Writer, node: Node, operands: Sequence[Operand]) -> list[Tensor]:
    activation = [name for name in node.get("fused_ops", ()) if name != "BiasAdd"]
    name = f"{node.name}/linear" if activation else node.name
    writer.node(
        "Gemm",
        [writer.as_is(*operand) for operand in operands],
        name,
        transA=int(node.get("transpose_a", False)),
        transB=int(node.get("transpose_b", False)),
    )
    return [Tensor(_activated(writer, node, name, activation))]


def _elementwise(operation: str) -> Operation:
    def write(writer: Writer, node: Node, operands: Sequence[Operand]) -> list[Tensor]:
        inputs, channels_first = _alike(writer, operands)
        return [Tensor(writer.node(operation, inputs, node.name), channels_first)]

    return write


def _bounded(low: float, high: float) -> Operation:
    def write(writer: Writer, node: Node, operands: Sequence[Operand]) -> list[Tensor]:
        (value,), channels_first = _alike(writer, operands)
        return [Tensor(writer.clip(value, low, high, node.name), channels_first)]

    return write


def _extremum(writer: Writer, node: Node, operands: Sequence[Operand]) -> list[Tensor]:
    bound = float(_known(node, operands[1]))
    low, high = (bound, math.inf) if node.operation == "Maximum" else (-math.inf, bound)
    return list(_bounded(low, high)(writer, node, operands[:1]))


def _mean(writer: Writer, node: Node, operands: Sequence[Operand]) -> list[Tensor]:
    value, name = operands[0]
    axes = _known(node, operands[1]).reshape(-1).astype(np.int64)
    keep = bool(node.get("keep_dims"))
    # Over the whole picture it does not matter how the picture is stored.
    if isinstance(value, Tensor) and value.channels_first and sorted(axes) == [1, 2]:
        source, axes, channels_first = value.name, np.array([2, 3]), keep
    else:
        source, channels_first = writer.as_is(value, name), False
    inputs = [source, writer.constant(axes, f"{node.name}/axes")]
    return [
        Tensor(writer.node("ReduceMean", inputs, node.name, keepdims=int(keep)), channels_first)
    ]


def _resize(writer: Writer, node: Node, operands: Sequence[Operand]) -> list[Tensor]:
    if node.get("align_corners"):
        mode = "align_corners"
    else:
        mode = "half_pixel" if node.get("half_pixel_centers") else "asymmetric"
    size = writer.as_is(*operands[1])
    size = writer.node("Cast", [size], f"{node.name}/size", to=TensorProto.INT64)
    writer.node(
        "Resize",
        [writer.channels_first(*operands[0]), "", "", size],
        node.name,
        mode="linear",
        coordinate_transformation_mode=mode,
        axes=[2, 3],
    )
    return [Tensor(node.name, channels_first=True)]


def _shape(writer: Writer, node: Node, operands: Sequence[Operand]) -> list[Tensor]:
    value, name = operands[0]
    if isinstance(value, Tensor) and value.channels_first:
        stored = writer.node("Shape", [value.name], f"{node.name}/stored")
        order = writer.constant(np.array(TO_CHANNELS_LAST, np.int64), f"{node.name}/order")
        shape = writer.node("Gather", [stored, order], f"{node.name}/shape")
    else:
        shape = writer.node("Shape", [writer.as_is(value, name)], f"{node.name}/shape")
    return [Tensor(writer.node("Cast", [shape], node.name, to=TensorProto.INT32))]


def _slice(writer: Writer, node: Node, operands: Sequence[Operand]) -> list[Tensor]:
    begin, end, step = (_known(node, operand).astype(np.int64) for operand in operands[1:4])
    masked = [
        key for key in ("shrink_axis_mask", "new_axis_mask", "ellipsis_mask") if node.get(key)
    ]
    if masked:
        raise AssetError(
            f"A TensorFlow.js model slices {node.name} with {', '.join(masked)}, which signage "
            "cannot convert. Name outputs in the manifest that come before it."
        )
    for axis in range(len(begin)):
        if node.get("begin_mask", 0) >> axis & 1:
            begin[axis] = 0
        if node.get("end_mask", 0) >> axis & 1:
            end[axis] = np.iinfo(np.int64).max
    bounds = (begin, end, np.arange(len(begin)), step)
    inputs = [
        writer.constant(np.asarray(array, np.int64), f"{node.name}/{what}")
        for what, array in zip(("begin", "end", "axes", "step"), bounds, strict=True)
    ]
    return [Tensor(writer.node("Slice", [writer.as_is(*operands[0]), *inputs], node.name))]


def _reshape(writer: Writer, node: Node, operands: Sequence[Operand]) -> list[Tensor]:
    shape = _known(node, operands[1]).astype(np.int64)
    inputs = [writer.as_is(*operands[0]), writer.constant(shape, f"{node.name}/shape")]
    return [Tensor(writer.node("Reshape", inputs, node.name))]


def _transpose(writer: Writer, node: Node, operands: Sequence[Operand]) -> list[Tensor]:
    value, name = operands[0]
    order = tuple(int(axis) for axis in _known(node, operands[1]))
    channels_first = isinstance(value, Tensor) and value.channels_first
    # These two change only how a picture is seen, not how it is stored.
    if isinstance(value, Tensor) and not channels_first and order == TO_CHANNELS_LAST:
        return [Tensor(value.name, channels_first=True)]
    if isinstance(value, Tensor) and channels_first and order == TO_CHANNELS_FIRST:
        return [Tensor(value.name)]
    inputs = [writer.as_is(value, name)]
    return [Tensor(writer.node("Transpose", inputs, node.name, perm=order))]


def _softmax(writer: Writer, node: Node, operands: Sequence[Operand]) -> list[Tensor]:
    return [Tensor(writer.node("Softmax", [writer.as_is(*operands[0])], node.name, axis=-1))]


def _cast(writer: Writer, node: Node, operands: Sequence[Operand]) -> list[Tensor]:
    if node.get("DstT") != "DT_FLOAT":
        raise AssetError(
            f"A TensorFlow.js model casts {node.name} to {node.get('DstT')}, which signage cannot "
            "convert. Name outputs in the manifest that come before it."
        )
    inputs, channels_first = _alike(writer, operands)
    return [Tensor(writer.node("Cast", inputs, node.name, to=TensorProto.FLOAT), channels_first)]


def _identity(writer: Writer, _: Node, operands: Sequence[Operand]) -> list[Tensor]:
    inputs, channels_first = _alike(writer, operands[:1])
    return [Tensor(inputs[0], channels_first)]


def _alike(writer: Writer, operands: Sequence[Operand]) -> tuple[list[str], bool]:
    """The names of all operands in one layout, and whether that is channels first."""
    computed = [value for value, _ in operands if isinstance(value, Tensor)]
    channels_first = bool(computed) and all(value.channels_first for value in computed)
    read = writer.channels_first if channels_first else writer.as_is
    return [read(*operand) for operand in operands], channels_first


def _known(node: Node, operand: Operand) -> Array:
    value, name = operand
    if isinstance(value, Tensor):
        raise AssetError(
            f"A TensorFlow.js model computes {name}, which {node.name} needs as a constant for "
            "signage to convert it. Name outputs in the manifest that come before it."
        )
    return value


def _activated(writer: Writer, node: Node, value: str, activation: Sequence[str]) -> str:
    match activation:
        case []:
            return value
        case ["Relu"]:
            return writer.clip(value, 0, math.inf, node.name)
        case ["Relu6"]:
            return writer.clip(value, 0, 6, node.name)
    raise AssetError(
        f"A TensorFlow.js model ends {node.name} with {', '.join(activation)}, which signage "
        "cannot convert. Name outputs in the manifest that come before it."
    )


def _padding(node: Node) -> str:
    return {"SAME": "SAME_UPPER", "VALID": "VALID"}[node.get("padding")]


OPERATIONS: dict[str, Operation] = {
    "Abs": _elementwise("Abs"),
    "Add": _elementwise("Add"),
    "AddV2": _elementwise("Add"),
    "AvgPool": _pool("AveragePool"),
    "Cast": _cast,
    "Conv2D": _convolution,
    "DepthwiseConv2dNative": _convolution,
    "FusedDepthwiseConv2dNative": _convolution,
    "Identity": _identity,
    "Less": _elementwise("Less"),
    "MaxPool": _pool("MaxPool"),
    "Maximum": _extremum,
    "Mean": _mean,
    "Minimum": _extremum,
    "Mul": _elementwise("Mul"),
    "RealDiv": _elementwise("Div"),
    "Relu": _bounded(0, math.inf),
    "Reshape": _reshape,
    "ResizeBilinear": _resize,
    "Shape": _shape,
    "Sigmoid": _elementwise("Sigmoid"),
    "Softmax": _softmax,
    "StridedSlice": _slice,
    "Sub": _elementwise("Sub"),
    "Transpose": _transpose,
    "_FusedConv2D": _convolution,
    "_FusedMatMul": _matmul,
}
"""Each writes one operation into the graph and returns its results."""
