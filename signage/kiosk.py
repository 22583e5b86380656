"""The daemon around the engine: camera thread, player server, clean shutdown."""

from __future__ import annotations

import logging
import shutil
import threading
import time
from collections.abc import Callable
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

from signage.capture.live import LiveCapture
from signage.config import Config
from signage.content_watch import ContentWatch
from signage.dashboard import Dashboard
from signage.engine import Engine, Step
from signage.installation import keep_orders_token, orders_token_path
from signage.journal.figures import Figures
from signage.journal.journal import Journal
from signage.journal.reader import JournalReader
from signage.learning import FOLDER
from signage.orders import Order, OrderRefusedError
from signage.perception.perceiver import Perceiver
from signage.player.server import PlayerServer, Status
from signage.player.terminal import TerminalPage
from signage.recommend.catalogue import Catalogue
from signage.recommend.policy import Learner
from signage.recommend.recommender import make_policy
from signage.totals import Totals
from signage.types import AudienceSnapshot

log = logging.getLogger(__name__)

_ORDER_PATIENCE_S = 10.0
_FPS_MEMORY_S = 2.0
"""Frames a second are averaged over about this long."""


class Kiosk:
    """One screen with its camera, from start to stop, in the thread that calls ``run``.

    Raises the SignageError of whatever cannot be had at the start: a model, the content,
    the journal, the camera, the port.
    """

    def __init__(self, config: Config) -> None:
        self._config = config
        self._contents = ContentWatch(config.content, config.player.loop)
        catalogue = self._contents.catalogue
        self.titles: dict[str, str] = {}
        """Of every content that was in the catalogue, by id."""
        self.journal_path: Path = config.data_dir / "journal.sqlite"
        self._perceiver = Perceiver(config, live=True)
        self._journal = Journal(self.journal_path)
        self._reader = JournalReader(self.journal_path)
        self._camera = LiveCapture(config.camera)
        self._pulse = _Pulse()
        self._dashboard = Dashboard(config, catalogue, Figures(self.journal_path))
        self._server = PlayerServer(
            config.server,
            {},
            Status(
                health=self.health,
                audience=self._audience,
                decisions=self._reader.decisions,
                clock=time.monotonic,
                counters=self._pulse.totals.told,
                desk=self,
                is_as_checked=self._contents.is_as_checked,
                dashboard=self._dashboard,
            ),
        )
        self._engine = Engine(
            config,
            catalogue,
            make_policy(config.decision.policy, config),
            self._journal,
            self._perceiver.perceive,
            self._server,
        )
        self._stock(catalogue)

    def _stock(self, catalogue: Catalogue) -> None:
        """Serve what is in ``catalogue``."""
        self._server.stock({name: content.folder for name, content in catalogue.items()})
        look = self._config.player
        loop = [content.cue("", now=True) for content in catalogue.loop(look.loop)]
        self._server.set_up(look, loop)
        self._dashboard.catalogue = catalogue
        self._pulse.totals.expect(catalogue)
        self.titles |= {name: content.title for name, content in catalogue.items()}

    def _restock(self, catalogue: Catalogue) -> None:
        """Serve and decide on another catalogue."""
        self._stock(catalogue)
        self._engine.restock(catalogue)

    def run(
        self,
        stop: threading.Event,
        *,
        ready: Callable[[str], None] = lambda _: None,
        watch: Callable[[Step], None] = lambda _: None,
        stand_in: bool = False,
        length_s: float | None = None,
    ) -> None:
        """Run until ``stop`` is set or ``length_s`` seconds are over; then flush everything.

        ``ready`` is told the player's address, ``watch`` every step. With ``stand_in`` the
        plays are confirmed by a page without a picture as long as no browser has opened one.
        """
        page = TerminalPage()
        try:
            self._camera.start()
            url = self._server.start()
            keep_orders_token(self._config.data_dir, self._server.orders_token)
            self._contents.start(self._restock)
            ready(url)
            if stand_in:
                page.start(url)
            self._loop(stop, watch, length_s)
        finally:
            self._contents.stop()
            page.stop()
            self._server.stop()
            orders_token_path(self._config.data_dir).unlink(missing_ok=True)
            self._camera.stop()
            self._perceiver.close()
            self._journal.close()

    def _loop(
        self, stop: threading.Event, watch: Callable[[Step], None], length_s: float | None
    ) -> None:
        frame = self._camera.next()
        until_s = float("inf") if length_s is None else frame.t_s + length_s
        engine = self._engine
        engine.begin(frame, self._config.data_dir / FOLDER)
        try:
            while not stop.is_set() and frame.t_s < until_s:
                step = engine.step(frame)
                self._pulse.beat(step, engine.recommender.policy.version)
                width_px = None if frame.image is None else frame.image.shape[1]
                self._dashboard.beat(step, engine.recommender, width_px)
                watch(step)
                frame = self._camera.next()
        finally:
            # The pages leave first, so that what they were showing is closed and counted.
            self._server.stop()
            engine.end(frame)

    def health(self) -> dict[str, Any]:
        """The body of ``/health``: ``status`` with its reasons, and the figures behind it."""
        pulse, policy, now_s = self._pulse, self._engine.recommender.policy, time.monotonic()
        reasons = []
        if self._camera.lost:
            reasons.append("the camera delivers nothing")
        elif fault := self._camera.fault:
            reasons.append(f"the camera {fault.reason}")
        if (problem := self._contents.problem) is not None:
            reasons.append(problem)
        if not self._server.connected:
            reasons.append("no player page is connected")
        silent_s = now_s - pulse.last_step_s
        stuck = silent_s > max(10.0, 5 * self._config.camera.lost_after_s)
        if stuck:
            reasons.append(f"the loop has not moved for {silent_s:.0f} s")
        return {
            "status": "failed" if stuck else "degraded" if reasons else "ok",
            "reasons": reasons,
            "camera": "lost" if self._camera.lost else self._camera.fault or "ok",
            "fps": round(pulse.fps, 1),
            "dropped_frames": self._camera.dropped,
            "last_decision_age_s": None
            if pulse.last_decision_s is None
            else round(now_s - pulse.last_decision_s, 1),
            "model_version": pulse.model_version,
            "player_connected": self._server.connected,
            "lessons": policy.learned if isinstance(policy, Learner) else None,
            "viewers_present": len(pulse.audience.viewers) if pulse.audience else None,
            "disk_free_bytes": shutil.disk_usage(self._config.data_dir).free,
            "screen_id": self._config.screen_id,
            "version": version("signage"),
            "policy": policy.name,
            "orders": asdict(self._engine.recommender.orders),
            "left_out": self._contents.left_out,
        }

    def state(self) -> dict[str, Any]:
        """What the operator has ordered, and what may be rolled back to."""
        checkpoints = [
            {
                "name": header.name,
                "t_utc": header.t_utc,
                "learned": header.learned,
                "reward_seq": header.reward_seq,
            }
            for header in self._engine.learning.checkpoints()
        ]
        return asdict(self._engine.recommender.orders) | {"checkpoints": checkpoints}

    def carry_out(self, order: Order) -> None:
        """Hand ``order`` to the loop, and wait until it is done. May be called from any thread.

        Raises a SignageError that says why it is not.
        """
        done = self._engine.order(order)
        try:
            done.result(_ORDER_PATIENCE_S)
        except TimeoutError:
            late = f"The loop has not taken it within {_ORDER_PATIENCE_S:.0f} s"
            if done.cancel():
                raise OrderRefusedError(f"{late}: it is not carried out.") from None
            raise OrderRefusedError(f"{late}: see whether it was carried out.") from None

    def _audience(self) -> dict[str, Any]:
        snapshot = self._pulse.audience
        if snapshot is None:
            return {"t_utc": None, "observed": False, "main": None, "viewers": []}
        return {
            "t_utc": snapshot.utc.isoformat(timespec="milliseconds"),
            "observed": snapshot.observed,
            "main": snapshot.main.visit_id if snapshot.main else None,
            "viewers": [viewer.record() for viewer in snapshot.viewers],
        }


class _Pulse:
    """What the loop last did. Written by the loop, read by the server's threads."""

    def __init__(self) -> None:
        self.audience: AudienceSnapshot | None = None
        self.fps = 0.0
        self.last_step_s = time.monotonic()
        self.last_decision_s: float | None = None
        self.model_version: str | None = None
        self.totals = Totals()

    def beat(self, step: Step, model_version: str) -> None:
        passed_s = max(1e-6, step.audience.t_s - (self.audience or step.audience).t_s)
        share = min(1.0, passed_s / _FPS_MEMORY_S)
        self.fps += share * (1 / passed_s - self.fps) if self.audience else 0.0
        self.audience, self.last_step_s = step.audience, time.monotonic()
        self.model_version = model_version
        self.totals.count(step)
        if step.decision is not None:
            self.last_decision_s = step.decision.t_s
