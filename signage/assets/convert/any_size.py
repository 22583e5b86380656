"""An ONNX model that was exported for one size of picture, made to take any."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onnx import ModelProto, checker

from signage.assets.convert.writer import serialised

if TYPE_CHECKING:
    from onnx import ValueInfoProto


def to_any_size(model: bytes) -> bytes:
    """Leave the batch, height and width of the inputs and outputs open.

    The exporter also listed every weight as an input, which keeps the runtime from folding
    them into the convolutions. They become what they are: constants.
    """
    changed = ModelProto.FromString(model)
    graph = changed.graph
    weights = {weight.name for weight in graph.initializer}
    inputs = [value for value in graph.input if value.name not in weights]
    del graph.input[:]
    graph.input.extend(inputs)
    # The sizes of what lies between were those of the one picture.
    del graph.value_info[:]
    for value in graph.input:
        _open(value, "N", "H", "W")
    for value in graph.output:
        _open(value, "N", "h", "w")
    checker.check_model(changed)
    return serialised(changed)


def _open(value: ValueInfoProto, batch: str, height: str, width: str) -> None:
    dimensions = value.type.tensor_type.shape.dim
    for axis, name in ((0, batch), (2, height), (3, width)):
        dimensions[axis].dim_param = name
