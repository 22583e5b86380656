"""An ONNX graph being written from TensorFlow's operations.

TensorFlow keeps pictures as (N, H, W, C), ONNX as (N, C, H, W). Every value here knows which
of the two it is stored as, so that a transpose is written only where a network really goes
from pictures to something else, and the whole convolutional body needs none.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    Array = NDArray[Any]

OPSET, IR_VERSION = 18, 9
TO_CHANNELS_FIRST = (0, 3, 1, 2)
TO_CHANNELS_LAST = (0, 2, 3, 1)


@dataclass(frozen=True)
class Tensor:
    """A computed value: its ONNX name, and whether it is a picture stored channels first."""

    name: str
    channels_first: bool = False


class Writer:
    """Collects nodes and constants; ``model`` makes the file of those that the outputs need."""

    def __init__(self) -> None:
        self._nodes: dict[str, NodeProto] = {}
        self._constants: dict[str, TensorProto] = {}
        self._clips: dict[str, tuple[str, float, float]] = {}

    def constant(self, array: Array, name: str) -> str:
        if name not in self._constants:
            tensor = numpy_helper.from_array(np.ascontiguousarray(array).reshape(array.shape), name)
            self._constants[name] = tensor
        return name

    def node(self, operation: str, inputs: Sequence[str], name: str, **attributes: Any) -> str:
        """Write a node with one output, and name both ``name``."""
        if name not in self._nodes:
            self._nodes[name] = helper.make_node(operation, inputs, [name], name, **attributes)
        return name

    def as_is(self, value: Tensor | Array, name: str) -> str:
        """``value`` in TensorFlow's own layout; ``name`` is what a constant will be called."""
        if isinstance(value, np.ndarray):
            return self.constant(value, name)
        if not value.channels_first:
            return value.name
        return self._transpose(value.name, TO_CHANNELS_LAST, f"{value.name}/channels_last")

    def channels_first(self, value: Tensor | Array, name: str) -> str:
        """``value`` as a picture stored channels first, or as a constant to combine with one."""
        if isinstance(value, np.ndarray):
            wide = value.reshape((1,) * (4 - value.ndim) + value.shape)
            return self.constant(wide.transpose(TO_CHANNELS_FIRST), f"{name}/channels_first")
        if value.channels_first:
            return value.name
        return self._transpose(value.name, TO_CHANNELS_FIRST, f"{value.name}/channels_first")

    def clip(self, value: str, low: float, high: float, name: str) -> str:
        """Keep ``value`` in ``low`` to ``high``; bounds on bounds become one node."""
        base, inner_low, inner_high = self._clips.get(value, (value, -math.inf, math.inf))
        low, high = max(low, inner_low), min(high, inner_high)
        self._clips[name] = base, low, high
        if (low, high) == (0, math.inf):
            return self.node("Relu", [base], name)
        bounds = [
            self.constant(np.array(bound, np.float32), f"{name}/{end}")
            if math.isfinite(bound)
            else ""
            for end, bound in (("low", low), ("high", high))
        ]
        return self.node("Clip", [base, *bounds], name)

    def model(
        self,
        inputs: Mapping[str, tuple[int, Sequence[int | str]]],
        outputs: Mapping[str, str],
    ) -> bytes:
        """The file. ``inputs`` have a type and a shape; ``outputs`` go from name to value."""
        for name, value in outputs.items():
            self.node("Identity", [value], name)
        nodes, used = self._needed(outputs)
        graph = helper.make_graph(
            nodes,
            "signage",
            [
                helper.make_tensor_value_info(name, kind, shape)
                for name, (kind, shape) in inputs.items()
            ],
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs],
            [self._constants[name] for name in sorted(used & self._constants.keys())],
        )
        model = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION
        )
        return serialised(model)

    def _transpose(self, value: str, order: Sequence[int], name: str) -> str:
        return self.node("Transpose", [value], name, perm=order)

    def _needed(self, outputs: Iterable[str]) -> tuple[list[NodeProto], set[str]]:
        """The nodes that ``outputs`` depend on, in order, and all names that those use."""
        used = set(outputs)
        nodes = []
        # A node is written after those it takes from, so one pass from the end finds all.
        for node in reversed(self._nodes.values()):
            if used & set(node.output):
                used |= set(node.input)
                nodes.append(node)
        return nodes[::-1], used


def serialised(model: ModelProto) -> bytes:
    """The bytes of ``model``, the same for the same model."""
    return bytes(model.SerializeToString(deterministic=True))
