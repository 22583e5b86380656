"""TensorFlow.js graph models: a GraphDef in JSON beside a blob of weights."""

from __future__ import annotations

import base64
import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from onnx import TensorProto

from signage.assets.convert.operations import OPERATIONS
from signage.assets.convert.writer import Tensor, Writer
from signage.errors import AssetError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    Array = NDArray[Any]

_TYPES = {"DT_FLOAT": TensorProto.FLOAT, "DT_INT32": TensorProto.INT32}


@dataclass(frozen=True)
class Node:
    """One operation of a graph, its attributes in plain Python."""

    name: str
    operation: str
    inputs: tuple[str, ...]
    attributes: Mapping[str, Any]

    def get(self, attribute: str, default: Any = None) -> Any:
        return self.attributes.get(attribute, default)


def from_tfjs(graph: bytes, weights: bytes, outputs: Mapping[str, str]) -> bytes:
    """Convert the graph model of a JSON file and its blob, as far as ``outputs`` need it.

    ``outputs`` go from the name that each shall have to the operation that computes it.
    """
    description = json.loads(graph)
    nodes = [
        Node(
            entry["name"],
            entry["op"],
            tuple(entry.get("input", ())),
            {key: _plain(value) for key, value in entry.get("attr", {}).items()},
        )
        for entry in description["modelTopology"]["node"]
    ]
    return convert(nodes, read_weights(description["weightsManifest"], weights), outputs)


def read_weights(manifest: Sequence[Mapping[str, Any]], blob: bytes) -> dict[str, Array]:
    """Cut the blob into the tensors that ``manifest`` names, quantised ones restored."""
    entries = [entry for group in manifest for entry in group["weights"]]
    size_bytes = sum(math.prod(entry["shape"]) * _stored(entry).itemsize for entry in entries)
    if size_bytes != len(blob):
        raise AssetError(
            f"The weights of a TensorFlow.js model should take {size_bytes} bytes, but there "
            f"are {len(blob)}. Check that the manifest names the two files of one model."
        )
    weights: dict[str, Array] = {}
    offset = 0
    for entry in entries:
        array: Array = np.frombuffer(blob, _stored(entry), math.prod(entry["shape"]), offset)
        offset += array.nbytes
        quantised = entry.get("quantization", {})
        if "scale" in quantised:
            array = array.astype(np.float64) * quantised["scale"] + quantised["min"]
        weights[entry["name"]] = array.astype(entry["dtype"]).reshape(entry["shape"])
    return weights


def _stored(entry: Mapping[str, Any]) -> np.dtype[Any]:
    """The type of a tensor in the blob."""
    stored: np.dtype[Any] = np.dtype(entry.get("quantization", entry)["dtype"])
    return stored.newbyteorder("<")


def convert(
    nodes: Sequence[Node], weights: Mapping[str, Array], outputs: Mapping[str, str]
) -> bytes:
    """Write the ONNX file that computes ``outputs``."""
    writer = Writer()
    values: dict[str, Tensor | Array] = dict(weights)
    inputs: dict[str, tuple[int, list[int | str]]] = {}
    for node in _in_order({node.name: node for node in nodes}, weights, outputs.values()):
        if node.operation == "Placeholder":
            shape = [size if size >= 0 else "NHWC"[i] for i, size in enumerate(node.get("shape"))]
            inputs[node.name] = _TYPES[node.get("dtype")], shape
            values[node.name] = Tensor(node.name)
            continue
        if node.operation not in OPERATIONS:
            raise AssetError(
                f"A TensorFlow.js model computes {node.name} with {node.operation}, which signage "
                "cannot convert. Name outputs in the manifest that come before it, or teach "
                "signage/assets/convert/operations.py."
            )
        operands = [(values[_key(name)], _key(name)) for name in node.inputs if name[0] != "^"]
        results = OPERATIONS[node.operation](writer, node, operands)
        for number, result in enumerate(results):
            values[f"{node.name}:{number}" if number else node.name] = result
    return writer.model(
        inputs, {name: writer.as_is(values[_key(key)], name) for name, key in outputs.items()}
    )


def _in_order(
    nodes: Mapping[str, Node], known: Iterable[str], size_bytes: Iterable[str]
) -> Iterator[Node]:
    """The nodes that ``wanted`` depend on, each after its inputs."""
    done = set(known)
    # An explicit stack: a deep network is deeper than Python's own.
    stack = [(_owner(name), False) for name in reversed(list(size_bytes))]
    while stack:
        name, ready = stack.pop()
        if name in done:
            continue
        if name not in nodes:
            raise AssetError(
                f"A TensorFlow.js model computes nothing named {name}. Check the outputs that the "
                "manifest names."
            )
        if ready:
            done.add(name)
            yield nodes[name]
            continue
        stack.append((name, True))
        stack += [(_owner(before), False) for before in reversed(nodes[name].inputs)]


def _owner(name: str) -> str:
    return name.removeprefix("^").partition(":")[0]


def _key(name: str) -> str:
    return name.removesuffix(":0")


def _plain(attribute: Mapping[str, Any]) -> Any:
    """An attribute out of GraphDef's JSON, where integers and text are both strings."""
    (kind, value) = next(iter(attribute.items()))
    if kind == "list":
        return [_plain({inner: item}) for inner, items in value.items() for item in items]
    if kind == "shape":
        return [int(dimension["size"]) for dimension in value.get("dim", ())]
    if kind == "s":
        return base64.b64decode(value).decode()
    return int(value) if kind == "i" else value
