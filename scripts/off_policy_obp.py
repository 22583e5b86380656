"""Runs in the environment of obp: its estimates for `bench off-policy`, and what they are made of.

    python off_policy_obp.py DATA OUT.npz
"""

from __future__ import annotations

import importlib.util
import json
import sys
import types
from pathlib import Path
from typing import Any


def _stand_in(name: str) -> None:
    """obp imports torch for policies that are not used here, and is content with its name."""

    class Anything(types.ModuleType):
        def __getattr__(self, attribute: str) -> Any:
            return type(attribute, (), {}) if attribute[0] not in "_" else super().__getattr__(attribute)  # type: ignore[misc]

    sys.modules[name] = Anything(name)


def main() -> None:
    if importlib.util.find_spec("torch") is None:
        for name in ("torch", "torch.nn", "torch.optim", "torch.nn.functional", "torch.utils", "torch.utils.data"):
            _stand_in(name)
    import numpy as np
    from obp import ope
    from obp.dataset import OpenBanditDataset
    from obp.policy import BernoulliTS
    from sklearn.linear_model import LogisticRegression

    data, out = sys.argv[1:]
    dataset = OpenBanditDataset(behavior_policy="random", campaign="men", data_path=Path(data))
    log = dataset.obtain_batch_bandit_feedback()
    policy = BernoulliTS(
        n_actions=dataset.n_actions,
        len_list=dataset.len_list,
        is_zozotown_prior=True,
        campaign="men",
        random_state=12345,
    )
    played = policy.compute_batch_action_dist(n_sim=100_000, n_rounds=log["n_rounds"])
    model = ope.RegressionModel(
        n_actions=dataset.n_actions,
        len_list=dataset.len_list,
        action_context=dataset.action_context,
        base_model=LogisticRegression(max_iter=10_000, C=0.001, random_state=12345),
    )
    modelled = model.fit_predict(
        context=log["context"],
        action=log["action"],
        reward=log["reward"],
        pscore=log["pscore"],
        position=log["position"],
        n_folds=3,
        random_state=12345,
    )
    estimators = {
        "ips": ope.InverseProbabilityWeighting(estimator_name="ips"),
        "snips": ope.SelfNormalizedInverseProbabilityWeighting(estimator_name="snips"),
        "dm": ope.DirectMethod(estimator_name="dm"),
        "dr": ope.DoublyRobust(estimator_name="dr"),
    }
    told = ope.OffPolicyEvaluation(bandit_feedback=log, ope_estimators=list(estimators.values()))
    values = told.estimate_policy_values(
        action_dist=played, estimated_rewards_by_reg_model=modelled
    )
    rows = np.arange(log["n_rounds"])
    np.savez(
        out,
        reward=log["reward"],
        action=log["action"],
        propensity=log["pscore"],
        target=played[rows, :, log["position"]],
        modelled=modelled[rows, :, log["position"]],
    )
    print(json.dumps({name: float(values[name]) for name in estimators}))


if __name__ == "__main__":
    main()
