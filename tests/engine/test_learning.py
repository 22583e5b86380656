"""Nothing that was learned is lost, and the operator's orders hold: on the real engine, VW,
journal and checkpoints."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from signage.config.policies import PoliciesConfig, VwConfig
from signage.engine.engine import Engine
from signage.engine.learning import FOLDER
from signage.engine.rebuild import rebuild
from signage.errors import JournalError, SignageError
from signage.journal.reader import JournalReader
from signage.journal.writer import Journal
from signage.recommend.policies.base import Learner
from signage.recommend.policies.make import make_policy
from signage.simulation.screen import SimulatedScreen
from signage.types.choices import Action
from signage.types.orders import Order, Orders
from tests.support.builders import NOON, catalogue, frame
from tests.support.stage import Stage, crowd


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Callable[..., Stage]]:
    made: list[Stage] = []

    def make(policy: str = "vw") -> Stage:
        path = tmp_path / "data" / "journal.sqlite"
        made.append(Stage(path, catalogue(), checkpoint_every=3, policy=policy))
        return made[-1]

    yield make
    for each in made:
        each.journal.close()


def model(on: Stage | Engine) -> bytes:
    policy = (on.engine if isinstance(on, Stage) else on).recommender.policy
    assert isinstance(policy, Learner)
    return policy.serialize()


def learned(engine: Engine) -> int:
    policy = engine.recommender.policy
    assert isinstance(policy, Learner)
    return policy.learned


def give(on: Stage, action: Action, **detail: Any) -> None:
    """Order it, and raise what the engine says against it."""
    done = on.engine.order(Order(action=action, **detail))
    on.play(0.1, on.script)
    done.result(0)


class Restarted:
    """What a screen would know that starts on a copy of ``on``'s folder, as it is now."""

    def __init__(self, on: Stage, folder: Path) -> None:
        self.folder = folder
        shutil.copytree(on.path.parent, folder)
        for open_yet in folder.glob("*.lock"):
            open_yet.unlink()
        with_journal = Journal(folder / on.path.name, durable=False)
        policy = make_policy(on.config.decision.policy, on.config)
        screen = SimulatedScreen()
        self.engine = Engine(on.config, on.contents, policy, with_journal, lambda _: [], screen)
        self.engine.begin(frame(on.t_s), folder / FOLDER)
        self.engine.learning.catch_up(frame(on.t_s).utc)
        self.examples = [example for _, example in with_journal.training_examples()]
        with_journal.close()


def test_checkpoint_and_journal_give_the_very_model_of_a_screen_that_never_stopped(
    stage: Callable[..., Stage], tmp_path: Path
) -> None:
    on = stage()
    rng = random.Random(7)
    counts = []
    for cut in range(12):
        on.play(rng.uniform(1, 60), crowd(1))
        again = Restarted(on, tmp_path / str(cut))
        assert model(again.engine) == model(on)
        assert learned(again.engine) == learned(on.engine) == len(again.examples)
        scratch = make_policy("vw", on.config)
        for example in again.examples:
            scratch.learn(example)
        assert isinstance(scratch, Learner)
        assert scratch.serialize() == model(on)
        counts.append(learned(on.engine) % 3)
    assert set(counts) == {0, 1, 2}  # at a checkpoint, and after one
    assert learned(on.engine) > 20


@pytest.mark.parametrize("change", ["layout", "journal removed", "journal of yesterday"])
def test_a_checkpoint_that_is_of_no_use_is_refused_and_the_journal_learned(
    stage: Callable[..., Stage], tmp_path: Path, change: str, caplog: pytest.LogCaptureFixture
) -> None:
    on = stage()
    on.play(60, crowd(2))
    yesterday = Restarted(on, tmp_path / "yesterday").folder
    on.play(60, crowd(2))
    data = on.path.parent
    if change == "layout":
        vw = VwConfig(checkpoint_every=3, learning_rate=0.01)
        on.config = on.config.model_copy(update={"policies": PoliciesConfig(vw=vw)})
    else:
        on.journal.close()
        for file in data.glob("journal.sqlite*"):
            file.unlink()
        if change == "journal of yesterday":
            shutil.copy(yesterday / "journal.sqlite", data)
        on.journal = Journal(on.path, durable=False)
    again = Restarted(on, tmp_path / "again")
    assert "is not used" in caplog.text
    scratch = make_policy("vw", on.config)
    for example in again.examples:
        scratch.learn(example)
    assert isinstance(scratch, Learner)
    assert model(again.engine) == scratch.serialize()
    assert bool(again.examples) is (change != "journal removed")


def test_frozen_the_screen_records_and_does_not_learn(
    stage: Callable[..., Stage], tmp_path: Path
) -> None:
    on = stage()
    on.play(60, crowd(3))
    give(on, Action.FREEZE)
    before, rewards = model(on), len(rewarded(on))
    on.play(60, crowd(3))
    assert len(rewarded(on)) > rewards + 3
    assert model(on) == before
    again = Restarted(on, tmp_path / "again")
    assert model(again.engine) == before
    assert again.engine.recommender.orders == Orders(frozen=True)
    give(on, Action.UNFREEZE)
    on.play(60, crowd(3))
    after = Restarted(on, tmp_path / "after")
    assert model(after.engine) == model(on) != before
    assert learned(on.engine) == len(after.examples) < len(rewarded(on))


def test_orders_hold_until_they_are_taken_back(stage: Callable[..., Stage], tmp_path: Path) -> None:
    on = stage()
    give(on, Action.PIN, content_id="shoes")
    give(on, Action.EMERGENCY, content_id="coffee")
    assert on.play(0.1, [])[-1].orders == Orders(pinned="shoes", emergency="coffee")
    again = Restarted(on, tmp_path / "again")
    assert again.engine.recommender.orders == Orders(pinned="shoes", emergency="coffee")
    give(on, Action.CLEAR)
    assert on.engine.recommender.orders == Orders(pinned="shoes")
    give(on, Action.UNPIN)
    assert Restarted(on, tmp_path / "later").engine.recommender.orders == Orders()


def test_what_cannot_be_ordered_changes_nothing(stage: Callable[..., Stage]) -> None:
    on = stage()
    with pytest.raises(SignageError, match="no content 'tea'\\. Choose from coffee, shoes, wine"):
        give(on, Action.PIN, content_id="tea")
    with pytest.raises(SignageError, match=r"no checkpoint 7-7\. There is: none"):
        give(on, Action.ROLLBACK, checkpoint="7-7")
    assert on.engine.recommender.orders == Orders()
    assert on.journal.orders() == []


def test_a_policy_without_memory_has_nothing_to_roll_back(stage: Callable[..., Stage]) -> None:
    on = stage(policy="rules")
    with pytest.raises(SignageError, match="no checkpoint to roll back to: the policy 'rules'"):
        give(on, Action.ROLLBACK)


def test_an_order_about_a_content_that_is_gone_is_said_and_has_no_effect(
    stage: Callable[..., Stage], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    on = stage()
    give(on, Action.PIN, content_id="shoes")
    everything, on.contents = on.contents, catalogue({"coffee": {}})
    assert Restarted(on, tmp_path / "without").engine.recommender.orders == Orders()
    assert "'shoes', which is no longer in the catalogue" in caplog.text
    on.contents = everything
    back = Restarted(on, tmp_path / "back").engine
    assert back.recommender.orders == Orders(pinned="shoes")


def test_too_many_orders_at_once_are_refused_and_one_taken_back_is_never_carried_out(
    stage: Callable[..., Stage],
) -> None:
    on = stage()
    first = on.engine.order(Order(action=Action.FREEZE))
    assert first.cancel()
    for _ in range(15):
        on.engine.order(Order(action=Action.UNPIN))
    with pytest.raises(SignageError, match="16 orders are already waiting"):
        on.engine.order(Order(action=Action.UNPIN))
    on.play(0.1, [])
    assert on.engine.recommender.orders == Orders()
    assert {action for action, _ in on.journal.orders()} == {"unpin"}


def rewarded(on: Stage) -> list[dict[str, Any]]:
    return [row for row in on.rows() if row["reward"] is not None]


class TestRollback:
    def test_the_model_of_then_goes_on_without_what_came_after(
        self, stage: Callable[..., Stage], tmp_path: Path
    ) -> None:
        on = stage()
        on.play(60, crowd(4))
        then = on.engine.learning.checkpoints()[0]
        bytes_then = Restarted(on, tmp_path / "then").engine
        for _ in range(100):  # until the moment of the checkpoint itself
            if learned(bytes_then) == then.learned:
                break
            on.play(1, crowd(4))
            then = on.engine.learning.checkpoints()[0]
            bytes_then = Restarted(on, tmp_path / f"then {on.t_s}").engine
        assert learned(bytes_then) == then.learned
        on.play(30, crowd(4))
        assert model(on) != model(bytes_then)
        give(on, Action.ROLLBACK, checkpoint=then.name)
        assert model(on) == model(bytes_then)
        assert on.engine.learning.checkpoints()[0] == then
        assert on.journal.orders()[-1] == ("rollback", {"checkpoint": then.name})
        on.play(60, crowd(5))
        again = Restarted(on, tmp_path / "again")
        assert model(again.engine) == model(on) != model(bytes_then)
        shutil.rmtree(again.folder / FOLDER)
        built = rebuild(on.config, again.folder, lambda _: None)
        assert built["learned"] == learned(on.engine) < len(rewarded(on))

    def test_to_the_newest_before_a_time(self, stage: Callable[..., Stage]) -> None:
        on = stage()
        on.play(120, crowd(6))
        newest, *older = on.engine.learning.checkpoints()
        give(on, Action.ROLLBACK, before=newest.utc)
        assert on.engine.learning.checkpoints() == older
        assert learned(on.engine) == older[0].learned
        with pytest.raises(SignageError, match="no checkpoint from before"):
            give(on, Action.ROLLBACK, before=NOON - timedelta(days=1))

    @pytest.mark.parametrize("dies_in", ["record_order", "remove_after"])
    @pytest.mark.parametrize("when", ["before", "after"])
    def test_a_kill_between_its_writes_leaves_the_old_model_or_the_new_one(
        self, stage: Callable[..., Stage], tmp_path: Path, dies_in: str, when: str
    ) -> None:
        """The process dies around each of its writes; a screen starts on what is left."""
        on = stage()
        on.play(120, crowd(8))
        old = model(on)
        *_, target = on.engine.learning.checkpoints()
        scratch = make_policy("vw", on.config)
        for seq, example in on.journal.training_examples():
            if seq <= target.reward_seq:
                scratch.learn(example)
        assert isinstance(scratch, Learner)
        new = scratch.serialize()

        class KilledError(BaseException):
            pass

        owner: Any = on.journal if dies_in == "record_order" else on.engine.learning._checkpoints
        writes = getattr(owner, dies_in)

        def dies(*args: Any) -> None:
            if when == "after":
                writes(*args)
            raise KilledError

        setattr(owner, dies_in, dies)
        with pytest.raises(KilledError):
            give(on, Action.ROLLBACK, checkpoint=target.name)
        again = Restarted(on, tmp_path / "again")
        committed = (dies_in, when) != ("record_order", "before")
        assert model(again.engine) == (new if committed else old)
        assert learned(again.engine) == len(again.examples)
        names = [header.name for header in again.engine.learning.checkpoints()]
        assert (names[0] == target.name) is committed


class TestRebuild:
    def test_gives_the_bytes_of_the_checkpoint(self, stage: Callable[..., Stage]) -> None:
        on = stage()
        on.play(60, crowd(9))
        with pytest.raises(JournalError, match="in use by another screen"):
            rebuild(on.config, on.path.parent, lambda _: None)
        on.engine.end(frame(on.t_s))
        on.journal.close()
        told: list[int] = []
        result = rebuild(on.config, on.path.parent, told.append)
        count = learned(on.engine)
        assert told == list(range(1, count + 1))
        assert (result["learned"], result["same_bytes"]) == (count, True)
        assert result["checkpoint"] == result["compared_with"]
        on.journal = Journal(on.path, durable=False)

    def test_says_when_a_checkpoint_is_not_what_the_journal_gives(
        self, stage: Callable[..., Stage]
    ) -> None:
        on = stage()
        on.play(60, crowd(9))
        on.engine.end(frame(on.t_s))
        _, example = next(on.journal.training_examples())
        on.engine.recommender.learn(example)  # twice, behind the journal's back
        on.engine.learning._unsaved = 1
        on.engine.end(frame(on.t_s))
        on.journal.close()
        result = rebuild(on.config, on.path.parent, lambda _: None)
        assert result["same_bytes"] is False
        again = rebuild(on.config, on.path.parent, lambda _: None)
        assert again["same_bytes"] is True
        on.journal = Journal(on.path, durable=False)

    def test_a_folder_without_a_journal_is_refused_and_stays_empty(
        self, stage: Callable[..., Stage], tmp_path: Path
    ) -> None:
        with pytest.raises(JournalError, match="There is no journal"):
            rebuild(stage().config, tmp_path / "gone", lambda _: None)
        assert not (tmp_path / "gone").exists()

    def test_an_empty_journal_has_nothing_to_keep(self, stage: Callable[..., Stage]) -> None:
        on = stage()
        on.journal.close()
        result = rebuild(on.config, on.path.parent, lambda _: None)
        assert (result["learned"], result["checkpoint"], result["same_bytes"]) == (0, None, None)
        on.journal = Journal(on.path, durable=False)


def test_what_a_screen_has_kept_is_a_start_for_another(stage: Callable[..., Stage]) -> None:
    on = stage()
    on.play(60, crowd(9))
    kept = (
        on.path.with_name("checkpoints") / f"{on.engine.learning.checkpoints()[0].name}.checkpoint"
    )
    vw = on.config.policies.vw.model_copy(update={"warm_start": kept})
    other = on.config.model_copy(update={"policies": PoliciesConfig(vw=vw)})
    assert make_policy("vw", other).name == "vw"


def test_every_state_survives_in_the_journal_alone(stage: Callable[..., Stage]) -> None:
    """What a report reads says which rewards were learned."""
    on = stage()
    on.play(30, crowd(10))
    give(on, Action.FREEZE)
    on.play(60, crowd(10))
    flags = [
        row["learned"] for row in JournalReader(on.path).decisions() if row["reward"] is not None
    ]
    assert set(flags) == {True, False}
