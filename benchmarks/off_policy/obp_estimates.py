"""Estimates by obp on the Open Bandit Dataset, and what they are made of: for `bench off-policy`.

Run by the Python of an environment with obp 0.5.7, as `obp_estimates.py DATA OUT.npz`. Without
torch there, names of it stand in: obp imports it for policies that are not used here.
"""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

_CAMPAIGN = "men"
_SEED = 12345


class _Named(ModuleType):
    """A module of which every name is an empty class."""

    __path__: list[str] = []  # noqa: RUF012 - what makes it a package

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (), {})


def _without_torch() -> None:
    if importlib.util.find_spec("torch") is None:
        for name in ("torch", "torch.nn", "torch.nn.functional", "torch.optim"):
            sys.modules[name] = _Named(name)
        for name in ("nn", "optim"):
            setattr(sys.modules["torch"], name, sys.modules[f"torch.{name}"])
        data = type("data", (), {"DataLoader": object, "Dataset": object})
        sys.modules["torch"].utils = type("utils", (), {"data": data})  # type: ignore[attr-defined]


# The file must not be called obp: its folder is the first in which Python looks for the package.


def main() -> None:
    """Estimate, write the arrays, and print the estimates as JSON."""
    _without_torch()
    data, out = sys.argv[1:]
    values, arrays = estimates(Path(data))
    np.savez(out, **arrays)
    sys.stdout.write(json.dumps(values) + "\n")


def estimates(data: Path) -> tuple[dict[str, float], dict[str, Any]]:
    """What obp estimates of BTS from the log of the random policy, and from which arrays."""
    from obp import ope  # noqa: PLC0415
    from obp.dataset import OpenBanditDataset  # noqa: PLC0415
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415

    dataset = OpenBanditDataset("random", _CAMPAIGN, data_path=data)
    log = dataset.obtain_batch_bandit_feedback()
    target = _target(dataset, log["n_rounds"])
    model = ope.RegressionModel(
        n_actions=dataset.n_actions,
        len_list=dataset.len_list,
        action_context=dataset.action_context,
        base_model=LogisticRegression(C=0.001, max_iter=10_000, random_state=_SEED),
    )
    given = {key: log[key] for key in ("context", "action", "reward", "pscore", "position")}
    modelled = model.fit_predict(**given, n_folds=3, random_state=_SEED)
    estimators = [
        ope.InverseProbabilityWeighting(estimator_name="ips"),
        ope.SelfNormalizedInverseProbabilityWeighting(estimator_name="snips"),
        ope.DirectMethod(estimator_name="dm"),
        ope.DoublyRobust(estimator_name="dr"),
    ]
    evaluation = ope.OffPolicyEvaluation(bandit_feedback=log, ope_estimators=estimators)
    values = evaluation.estimate_policy_values(target, estimated_rewards_by_reg_model=modelled)
    rows = np.arange(log["n_rounds"])
    return {name: float(value) for name, value in values.items()}, {
        "reward": log["reward"],
        "action": log["action"],
        "propensity": log["pscore"],
        "target": target[rows, :, log["position"]],
        "modelled": modelled[rows, :, log["position"]],
    }


def _target(dataset: Any, rounds: int) -> Any:
    """The probabilities of Bernoulli Thompson sampling with the data set's prior."""
    from obp.policy import BernoulliTS  # noqa: PLC0415

    policy = BernoulliTS(
        n_actions=dataset.n_actions,
        len_list=dataset.len_list,
        is_zozotown_prior=True,
        campaign=_CAMPAIGN,
        random_state=_SEED,
    )
    return policy.compute_batch_action_dist(n_sim=100_000, n_rounds=rounds)


if __name__ == "__main__":
    main()
