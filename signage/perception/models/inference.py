"""How every ONNX model is run."""

from __future__ import annotations

from pathlib import Path

import onnxruntime as ort


def load_model(path: Path) -> ort.InferenceSession:
    """Open a model on one thread of the CPU.

    The stage runs its models beside each other on two cores: more threads in each would
    only wait for one another, and spin while they do.
    """
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    return ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
