"""When what is ``more`` of the running content unfolds, and when it folds again.

It unfolds for whoever reads, beside what they read; where the content says so, also for who has
come near, or has looked for long. It stays for as long as that person reads on (or looks on,
where it was not reading that unfolded it), and folds when they have not for ``fold_after_s``,
or when the content has outlasted its duration by ``hold_max_s``.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from signage.config.reveal import RevealConfig
from signage.types.audience import AudienceSnapshot, Viewer
from signage.types.plays import Unfold


@dataclass(slots=True)
class Reveal:
    """Of one play, from its confirmed start on."""

    config: RevealConfig
    decision_id: str
    on: Collection[str]
    """What unfolds it: any of ``reading``, ``approach``, ``dwell``."""
    end_s: float
    """The content stays until then at the latest."""
    target: Unfold | None = None
    """What is to be open now."""
    _for: str = ""
    """The visit for which it is open."""
    _since_s: float = 0.0
    _kept_s: float = 0.0
    """When that viewer last read, or looked."""
    _attention_before_s: dict[str, float] = field(default_factory=dict)
    _far: set[str] = field(default_factory=set)
    """Who was farther away before."""
    _served: set[str] = field(default_factory=set)
    """For whom it unfolded without reading: once a play is enough."""

    def update(self, audience: AudienceSnapshot) -> Unfold | None:
        """What is to be open now."""
        for viewer in audience.viewers:
            self._attention_before_s.setdefault(viewer.visit_id, viewer.attention_s or 0.0)
            if viewer.distance_m is not None and viewer.distance_m > self.config.near_m:
                self._far.add(viewer.visit_id)
        is_over = self.target is not None and self._is_over(audience)
        if is_over or audience.t_s >= self.end_s:
            self.target = None
        elif self.target is None:
            self._unfold(audience)
        return self.target

    def holds(self, t_s: float) -> bool:
        """Whether the content stays until ``t_s`` because a viewer is still reading."""
        return self.target is not None and t_s < self.end_s

    def _unfold(self, audience: AudienceSnapshot) -> None:
        main = audience.main
        viewers = sorted(audience.viewers, key=lambda viewer: viewer is not main)
        for viewer in viewers:
            reason = self._reason(viewer)
            if reason is None:
                continue
            region = viewer.reading_region if reason == "reading" else None
            self.target = Unfold(self.decision_id, reason, region)
            self._for, self._since_s = viewer.visit_id, audience.t_s
            self._kept_s = audience.t_s
            if reason != "reading":
                self._served.add(viewer.visit_id)
            return

    def _reason(self, viewer: Viewer) -> str | None:
        if "reading" in self.on and viewer.reading:
            return "reading"
        if not viewer.attentive or viewer.visit_id in self._served:
            return None
        looked_s = (viewer.attention_s or 0.0) - self._attention_before_s[viewer.visit_id]
        if "dwell" in self.on and looked_s >= self.config.dwell_s:
            return "dwell"
        near = viewer.distance_m is not None and viewer.distance_m <= self.config.near_m
        came = near and viewer.visit_id in self._far
        return "approach" if "approach" in self.on and came else None

    def _is_over(self, audience: AudienceSnapshot) -> bool:
        assert self.target is not None  # noqa: S101 - only what is open is asked
        viewer = next((v for v in audience.viewers if v.visit_id == self._for), None)
        reads_on = viewer is not None and (
            bool(viewer.reading) if self.target.reason == "reading" else viewer.attentive
        )
        if reads_on or not audience.observed:
            self._kept_s = audience.t_s
        return (
            audience.t_s - self._kept_s >= self.config.fold_after_s
            and audience.t_s - self._since_s >= self.config.min_open_s
        )
