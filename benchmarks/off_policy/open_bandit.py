"""The estimators beside those of obp, on the Open Bandit Dataset."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.common.tables import Table
from signage.evaluation import off_policy


def table(python: Path, data: Path) -> Table:
    """BTS judged by the log of the random policy, by obp and by us, with one reward model."""
    theirs, arrays = ask_obp(python, data)
    rows, action = np.arange(len(arrays["action"])), arrays["action"]
    target, modelled, reward = arrays["target"], arrays["modelled"], arrays["reward"].astype(float)
    weight = target[rows, action] / arrays["propensity"]
    expected = np.sum(target * modelled, axis=1)
    ours = {
        "ips": off_policy.ips(weight, reward),
        "snips": off_policy.snips(weight, reward),
        "dm": off_policy.direct(expected),
        "dr": off_policy.doubly_robust(weight, reward, modelled[rows, action], expected),
    }
    return Table(
        ("estimator", "signage", "obp", "difference"),
        [
            (name, f"{value:.15f}", f"{theirs[name]:.15f}", f"{abs(value - theirs[name]):.0e}")
            for name, value in ours.items()
        ],
        f"Open Bandit Dataset, campaign men: BTS by {len(rows)} rows of the random policy",
    )


def ask_obp(python: Path, data: Path) -> tuple[Mapping[str, float], Mapping[str, Any]]:
    """The estimates of obp, and the arrays that it made them of."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "arrays.npz"
        script = Path(__file__).with_name("obp_estimates.py")
        command = [python, script, data, out]
        done = subprocess.run(command, check=False, stdout=subprocess.PIPE, text=True)  # noqa: S603
        if done.returncode:
            raise SystemExit("obp did not answer; what it says is above. Check --obp-python.")
        estimates: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
        with np.load(out) as file:
            return estimates, dict(file)
