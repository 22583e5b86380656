"""Writes the head for age and gender as ONNX, and checks what was written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from signage.perception.models.inference import load_model
from signage.types.arrays import Floats
from training.head import (
    DLIB_AGES,
    EMBEDDING,
    FACERES_AGES,
    SMOOTH,
    YEARS,
    Head,
    basis,
    spread,
)

_TOLERANCE = 1e-3
_GENDER_BOOST = 4
"""By which ``Head`` raises the last feature."""


class _Graph:
    """Nodes and constants, in the order in which they are added."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def constant(self, name: str, value: NDArray[Any]) -> str:
        """Add a constant; returns its name."""
        kind = np.int64 if value.dtype == np.int64 else np.float32
        self.constants.append(numpy_helper.from_array(np.asarray(value, dtype=kind), name))
        return name

    def node(self, operation: str, names: list[str], output: str, **attributes: Any) -> str:
        """Add a node of one output; returns its name."""
        self.nodes.append(helper.make_node(operation, names, [output], output, **attributes))
        return output

    def split(self, name: str, sizes: NDArray[Any], outputs: list[str]) -> None:
        """Cut the columns of ``name`` into parts of these sizes."""
        inputs = [name, self.constant("sizes", sizes)]
        self.nodes.append(helper.make_node("Split", inputs, outputs, "split", axis=1))


def write(head: Head, out: Path) -> None:
    """The head as ONNX: features (N, 1206) → age_probs (N, 101), female_prob (N)."""
    graph = _Graph()
    sizes = np.array([EMBEDDING, FACERES_AGES, DLIB_AGES, 1])
    graph.split("features", sizes, ["embedding", "faceres", "dlib", "sex"])
    means, votes = _votes(graph, head)
    linear = graph.node("Concat", ["embedding", *means, "sex"], "linear", axis=1)
    _answers(graph, head, linear, votes)
    value = helper.make_tensor_value_info
    width = int(sizes.sum())
    made = helper.make_graph(
        graph.nodes,
        "traits",
        [value("features", TensorProto.FLOAT, ["N", width])],
        [
            value("age_probs", TensorProto.FLOAT, ["N", YEARS]),
            value("female_prob", TensorProto.FLOAT, ["N"]),
        ],
        graph.constants,
    )
    model = helper.make_model(
        made, producer_name="signage", opset_imports=[helper.make_opsetid("", 17)], ir_version=8
    )
    onnx.checker.check_model(model)
    out.write_bytes(model.SerializeToString())
    print(f"wrote {out} ({out.stat().st_size} bytes)")


def _votes(graph: _Graph, head: Head) -> tuple[list[str], list[str]]:
    """The mean age of each network, and its say on every year."""
    means, votes = [], []
    for which, (name, rows) in enumerate((("faceres", FACERES_AGES), ("dlib", DLIB_AGES))):
        years = graph.constant(f"{name}_years", np.arange(rows)[:, None] * 1.0)
        means.append(graph.node("MatMul", [name, years], f"{name}_mean"))
        kernel = graph.constant(f"{name}_spread", spread(rows))
        wide = graph.node("MatMul", [name, kernel], f"{name}_wide")
        least = graph.constant(f"{name}_floor", np.array([1e-3]))
        log = graph.node(
            "Log", [graph.node("Add", [wide, least], f"{name}_floored")], f"{name}_log"
        )
        trust = head.trust[which : which + 1] / head.age_temperature
        votes.append(
            graph.node("Mul", [log, graph.constant(f"{name}_trust", trust)], f"{name}_vote")
        )
    return means, votes


def _answers(graph: _Graph, head: Head, linear: str, votes: list[str]) -> None:
    """The two outputs. Standardising is folded into the layer."""
    boost = np.ones(len(head.scale))
    boost[-1] = _GENDER_BOOST
    factor = head.scale * boost
    age, gender = head.age / head.age_temperature, head.gender / head.gender_temperature
    age_w, gender_w = factor[:, None] * age[:-1], factor * gender[:-1]
    age_b, gender_b = age[-1] - head.mean @ age_w, gender[-1] - head.mean @ gender_w
    layer = [linear, graph.constant("age_w", age_w), graph.constant("age_b", age_b)]
    bumps = graph.node("Gemm", layer, "corrections")
    corrected = graph.node("MatMul", [bumps, graph.constant("basis", basis())], "correction")
    voted = graph.node("Sum", [corrected, *votes], "age_logits")
    ages = graph.node("Softmax", [voted], "age_sharp", axis=1)
    graph.node("MatMul", [ages, graph.constant("smooth", SMOOTH)], "age_probs")
    layer = [
        linear,
        graph.constant("gender_w", gender_w[:, None]),
        graph.constant("gender_b", gender_b[None]),
    ]
    probability = graph.node("Sigmoid", [graph.node("Gemm", layer, "margin")], "female_column")
    graph.node("Squeeze", [probability, graph.constant("one", np.array([1]))], "female_prob")


def check(head: Head, raw: Floats, out: Path) -> None:
    """End with a message where the file does not answer as ``head`` does."""
    ages, women = load_model(out).run(None, {"features": raw.astype(np.float32)})
    own_ages, own_women = head.predict(raw)
    worst = max(abs(ages - own_ages).max(), abs(women - own_women).max())
    if worst > _TOLERANCE:
        raise SystemExit(f"{out} differs from what was trained by {worst:.2g}.")
