"""How well a fitted response fits: what was seen beside what the model expects."""

from __future__ import annotations

from pathlib import Path

from matplotlib.figure import Figure

from signage.simulation.viewers.fit import Impressions, ResponseFit, exceedance

_SEEN, _EXPECTED = "#22303c", "#2f6fde"


def draw(fitted: ResponseFit, impressions: Impressions, out: Path) -> None:
    """Write a PNG: the share of impressions that looked longer than a time, seen and expected."""
    figure = Figure(figsize=(9, 3.8), layout="constrained")
    for axes, (kind, motion) in zip(
        figure.subplots(1, 2, sharey=True), (("moving", True), ("still", False)), strict=True
    ):
        axes.spines[["top", "right"]].set_visible(False)
        number = int((impressions.motion == motion).sum())
        axes.set(title=f"{kind} content, {number} impressions", xlabel="seconds looked")
        if number:
            times_s, seen, expected = exceedance(fitted.model, impressions, motion=motion)
            axes.step(times_s, seen, where="post", color=_SEEN, label="seen")
            gap = fitted.gaps[kind]
            axes.plot(times_s, expected, color=_EXPECTED, label=f"model (largest gap {gap:.3f})")
            axes.legend(frameon=False)
    figure.axes[0].set(ylabel="share that looked longer", ylim=(0, None))
    figure.savefig(out, dpi=110, metadata={"Software": None})
