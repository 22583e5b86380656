"""The converters: small graphs by hand, the product's models against their own runtimes."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
import pytest
from numpy.typing import NDArray

from signage.assets.convert import CONVERTERS, convert
from signage.assets.manifest import Conversion, load_manifest, require
from signage.errors import AssetError

ROOT = Path(__file__).parents[2]
Array = NDArray[Any]

# Norm, and product with the cosines of 0, 1, 2 …, of each output on `ramp`, as computed by
# tfjs 4.22.0 (face_expression and face_recognition by face-api 1.7.15, centerface by the file
# before conversion).
REFERENCES: dict[str, dict[str, tuple[float, float]]] = {
    "centerface.onnx": {
        "537": (0.0654146, 0.00149558),
        "538": (48.4003, -0.84996),
        "539": (3.14683, -0.201084),
        "540": (40.8269, -2.33056),
    },
    "faceres.onnx": {
        "age": (0.119932, -0.00174754),
        "gender": (0.624134, 0.624134),
        "embedding": (0.858678, -0.0360486),
    },
    "movenet-multipose.onnx": {
        "centers": (0.0544534, -0.0079823),
        "box_scale": (190.621, 7.60064),
        "box_offset": (16.3165, 1.77842),
        "keypoints": (512.85, 8.50267),
        "keypoint_heat": (0.286403, 0.0628438),
        "keypoint_offset": (150.888, 1.90194),
    },
    "emotion.onnx": {"probabilities": (0.999975, 0.283645)},
    "face_expression.onnx": {"probabilities": (0.792441, 0.820671)},
    "face_recognition.onnx": {"embedding": (1.37562, 0.132145)},
}


def ramp(*shape: int) -> Array:
    """The same numbers from 0 to 250 everywhere, in no order that a network would know."""
    return (np.arange(np.prod(shape)) * 7919 % 251).reshape(shape)


INPUTS: dict[str, Array] = {
    "centerface.onnx": ramp(10, 3, 32, 32).astype(np.float32),
    "faceres.onnx": (ramp(1, 224, 224, 3) - 120).astype(np.float32),
    "movenet-multipose.onnx": ramp(1, 64, 96, 3).astype(np.int32),
    "emotion.onnx": (ramp(1, 64, 64, 1) / 125 - 1).astype(np.float32),
    "face_expression.onnx": ramp(1, 3, 112, 112).astype(np.float32),
    "face_recognition.onnx": ramp(1, 3, 150, 150).astype(np.float32),
}


def run(model: bytes | Path, value: Array) -> dict[str, Array]:
    session = ort.InferenceSession(
        model if isinstance(model, bytes) else str(model), providers=["CPUExecutionProvider"]
    )
    names = [output.name for output in session.get_outputs()]
    outputs = session.run(names, {session.get_inputs()[0].name: value})
    return dict(zip(names, outputs, strict=True))


def text(value: str) -> str:
    return base64.b64encode(value.encode()).decode()


def graph(
    shape: tuple[int, ...], *nodes: dict[str, Any], **weights: tuple[Array, dict[str, Any]]
) -> list[bytes]:
    """The two files of a model; ``weights`` are as stored, beside what describes them."""
    dimensions = {"dim": [{"size": str(size)} for size in shape]}
    attributes = {"dtype": {"type": "DT_FLOAT"}, "shape": {"shape": dimensions}}
    described = [
        {"name": name, "shape": array.shape, "dtype": str(array.dtype)} | description
        for name, (array, description) in weights.items()
    ]
    document = {
        "modelTopology": {
            "node": [{"name": "x", "op": "Placeholder", "attr": attributes}]
            + [{"name": name, "op": "Const"} for name in weights]
            + list(nodes)
        },
        "weightsManifest": [{"paths": ["weights.bin"], "weights": described}],
    }
    return [json.dumps(document).encode(), b"".join(w.tobytes() for w, _ in weights.values())]


def node(name: str, operation: str, *inputs: str, **attributes: Any) -> dict[str, Any]:
    return {"name": name, "op": operation, "input": inputs, "attr": attributes}


STRIDE_2 = {
    "strides": {"list": {"i": ["1", "2", "2", "1"]}},
    "padding": {"s": text("SAME")},
}


@pytest.mark.parametrize("name", INPUTS)
def test_a_converted_model_computes_what_the_original_does(name: str) -> None:
    outputs = run(require(ROOT / "models/manifest.toml", name), INPUTS[name])

    assert outputs.keys() == REFERENCES[name].keys()
    for key, reference in REFERENCES[name].items():
        flat = outputs[key].astype(np.float64).reshape(-1)
        found = np.linalg.norm(flat), flat @ np.cos(np.arange(flat.size))
        assert found == pytest.approx(reference, rel=1e-4, abs=1e-4), key


def test_every_converted_model_has_its_reference() -> None:
    manifest = load_manifest(ROOT / "models/manifest.toml")
    assert {asset.name for asset in manifest if asset.convert} == INPUTS.keys()


@pytest.mark.parametrize(("height", "width"), [(64, 96), (96, 64), (128, 128)])
def test_centerface_and_movenet_take_any_multiple_of_32(height: int, width: int) -> None:
    faces = run(ROOT / "models/centerface.onnx", np.zeros((1, 3, height, width), np.float32))
    bodies = run(ROOT / "models/movenet-multipose.onnx", np.zeros((1, height, width, 3), np.int32))

    assert faces["537"].shape == (1, 1, height // 4, width // 4)
    assert bodies["centers"].shape == (1, height // 4, width // 4, 1)


def test_a_convolution_pads_as_tensorflow_does_and_ends_in_the_layout_it_began_in() -> None:
    """With padding SAME and stride 2 an even picture is padded right and below alone."""
    ones = np.ones((3, 3, 1, 1), np.float32)
    fused = {"fused_ops": {"list": {"s": [text("BiasAdd"), text("Relu6")]}}}
    files = graph(
        (1, -1, -1, 1),
        node("y", "_FusedConv2D", "x", "w", "b", **STRIDE_2, **fused),
        w=(ones, {}),
        b=(np.array([-4], np.float32), {}),
    )

    result = run(convert("tfjs", files, {"sums": "y"}), np.ones((1, 4, 4, 1), np.float32))["sums"]

    assert result.shape == (1, 2, 2, 1)
    assert result[0, :, :, 0].tolist() == [[5, 2], [2, 0]]


def test_bounds_upon_bounds_become_one() -> None:
    files = graph(
        (1, 4),
        node("relu", "Relu", "x"),
        node("low", "Minimum", "relu", "six"),
        node("y", "Maximum", "low", "zero"),
        six=(np.array(6, np.float32), {}),
        zero=(np.array(0, np.float32), {}),
    )
    model = convert("tfjs", files, {"bounded": "y"})

    assert run(model, np.array([[-1, 2, 6, 9]], np.float32))["bounded"].tolist() == [[0, 2, 6, 6]]
    assert b"Relu" not in model


def test_quantised_weights_are_restored() -> None:
    bytes_, halves = np.array([0, 100, 255], np.uint8), np.array([0.5, 1.5, 2.5], np.float16)
    floats = {"dtype": "float32"}
    files = graph(
        (1, 3),
        node("sum", "Add", "x", "bytes"),
        node("y", "Mul", "sum", "halves"),
        bytes=(bytes_, floats | {"quantization": {"dtype": "uint8", "scale": 0.1, "min": -1}}),
        halves=(halves, floats | {"quantization": {"dtype": "float16"}}),
    )

    result = run(convert("tfjs", files, {"y_out": "y"}), np.ones((1, 3), np.float32))["y_out"]
    assert result[0] == pytest.approx([0, 15, 63.75])


def test_the_same_files_give_the_same_bytes() -> None:
    files = graph((1, 3), node("y", "Softmax", "x"), node("z", "Relu", "x"))
    outputs = {"first": "y", "second": "z"}

    assert convert("tfjs", files, outputs) == convert("tfjs", files, outputs)


def test_what_no_output_needs_is_left_out() -> None:
    files = graph((1, 3), node("y", "Relu", "x"), node("race", "Unheard", "y"))

    assert b"race" not in convert("tfjs", files, {"kept": "y"})


@pytest.mark.parametrize(
    ("nodes", "reason"),
    [
        ([node("y", "TopKV2", "x")], "computes y with TopKV2, which signage cannot convert"),
        ([], "computes nothing named y"),
        ([node("y", "Cast", "x", DstT={"type": "DT_STRING"})], "casts y to DT_STRING"),
        ([node("y", "Maximum", "x", "x")], "computes x, which y needs as a constant"),
        ([node("y", "Conv2D", "x", "w", **STRIDE_2, fused_ops={"list": {"s": [text("Elu")]}})],
         "ends y with Elu"),
    ],
)  # fmt: skip
def test_what_cannot_be_converted_is_told_in_one_paragraph(
    nodes: list[dict[str, Any]], reason: str
) -> None:
    files = graph((1, 8, 8, 1), *nodes, w=(np.ones((1, 1, 1, 1), np.float32), {}))

    with pytest.raises(AssetError, match=reason) as caught:
        convert("tfjs", files, {"out": "y"})
    assert "\n" not in str(caught.value)


def test_weights_that_do_not_fit_their_description_are_told() -> None:
    description, weights = graph((1, 3), node("y", "Relu", "x"), w=(np.ones(3, np.float32), {}))

    for wrong in (weights + b"more", weights[:-4]):
        with pytest.raises(AssetError, match=r"take 12 bytes, but there are"):
            convert("tfjs", [description, wrong], {"out": "y"})


def test_the_manifest_knows_every_converter() -> None:
    by = Conversion.model_json_schema()["properties"]["by"]["enum"]
    assert set(by) == set(CONVERTERS)
