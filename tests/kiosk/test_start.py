"""After any start the screen decides at once; what the journal has is learned beside."""

from __future__ import annotations

import os
import shutil
from contextlib import closing
from copy import copy
from datetime import timedelta
from pathlib import Path

import pytest

from signage.config.policies import PoliciesConfig
from signage.engine.engine import Engine
from signage.engine.learning import FOLDER
from signage.engine.rebuild import rebuild
from signage.errors import DamagedJournalError, LostJournalError
from signage.journal.file import set_aside
from signage.journal.reader import JournalReader
from signage.journal.writer import Journal
from signage.recommend.policies.base import Learner
from signage.recommend.policies.make import make_policy
from signage.simulation.screen import SimulatedScreen
from tests.support.builders import NOON, catalogue, frame, sighting, traits
from tests.support.stage import Stage

CONTENTS = catalogue({"coffee": {"duration_s": 1.0}, "shoes": {"duration_s": 1.0}})
SOMEBODY = [sighting(traits=traits(45, 0.9))]


@pytest.fixture(scope="module")
def switched_off(tmp_path_factory: pytest.TempPathFactory) -> Stage:
    """A screen that has learned."""
    stage = Stage(
        tmp_path_factory.mktemp("learned") / "data" / "journal.sqlite",
        CONTENTS,
        policy="vw",
        min_play_s=0.5,
        lead_s=0.2,
        checkpoint_every=5,
    )
    stage.play(130, SOMEBODY)
    stage.engine.end(frame(stage.t_s))
    stage.journal.close()
    return stage


@pytest.fixture
def on(switched_off: Stage, tmp_path: Path) -> Stage:
    """The same screen, with a copy of its data."""
    stage = copy(switched_off)
    data = shutil.copytree(switched_off.path.parent, tmp_path / "data")
    stage.path = data / switched_off.path.name
    return stage


def restarted(on: Stage, *, changed: bool = False) -> Stage:
    """The same screen after a new start, which has learned nothing yet of what it has to."""
    if changed:
        vw = on.config.policies.vw.model_copy(update={"learning_rate": 0.01})
        on.config = on.config.model_copy(update={"policies": PoliciesConfig(vw=vw)})
    on.journal = Journal(on.path, durable=False)
    policy = make_policy("vw", on.config)
    on.screen = SimulatedScreen()
    on.engine = Engine(
        on.config, CONTENTS, policy, on.journal, lambda f: on.script(f.t_s), on.screen
    )
    on.screen.advance(on.t_s)
    on.engine.begin(frame(on.t_s), on.path.parent / FOLDER)
    return on


def learner(on: Stage) -> Learner:
    policy = on.engine.recommender.policy
    assert isinstance(policy, Learner)
    return policy


def test_a_changed_layout_holds_up_no_decision_and_ends_in_the_same_model(on: Stage) -> None:
    rewards = learner(on).learned
    again = restarted(on, changed=True)
    assert (learner(again).learned, again.engine.learning.behind) == (0, rewards)
    first = again.play(0.1, SOMEBODY)
    assert first[0].decision is not None
    while again.engine.learning.behind:
        again.play(0.5, SOMEBODY)  # rewards come in meanwhile, and wait for their turn
        again.engine.learning.catch_up(frame(again.t_s).utc, 7)
    examples = [example for _, example in again.journal.training_examples()]
    assert len(examples) > rewards
    scratch = make_policy("vw", again.config)
    assert isinstance(scratch, Learner)
    for example in examples:
        scratch.learn(example)
    assert learner(again).serialize() == scratch.serialize()
    again.journal.close()


def test_what_is_relearned_is_kept_as_it_goes(on: Stage) -> None:
    again = restarted(on, changed=True)
    behind = again.engine.learning.behind
    again.engine.learning.catch_up(frame(again.t_s).utc, 101)
    again.journal.close()  # no end: as after a power cut
    third = restarted(on)
    assert third.engine.learning.behind == behind - 100
    third.journal.close()


def test_a_stop_in_the_middle_keeps_what_was_relearned(on: Stage) -> None:
    again = restarted(on, changed=True)
    behind = again.engine.learning.behind
    again.engine.learning.catch_up(frame(again.t_s).utc, 33)
    again.engine.end(frame(again.t_s))
    again.journal.close()
    assert restarted(on).engine.learning.behind == behind - 33
    on.journal.close()


def test_the_model_of_before_comes_back_with_the_configuration(on: Stage) -> None:
    before, config = learner(on).serialize(), on.config
    restarted(on, changed=True).engine.learning.catch_up(frame(on.t_s).utc)
    on.engine.end(frame(on.t_s))
    on.journal.close()
    on.config = config
    again = restarted(on)
    assert (again.engine.learning.behind, learner(again).serialize()) == (0, before)
    again.journal.close()


def test_checkpoints_that_cannot_be_written_stop_nothing(on: Stage) -> None:
    folder = on.path.parent / FOLDER
    shutil.rmtree(folder)
    folder.write_text("a file stands in the way")
    again = restarted(on)
    again.engine.learning.catch_up(frame(again.t_s).utc)
    assert [step for step in again.play(20, SOMEBODY) if step.decision]
    assert learner(again).learned > 100
    assert "cannot be written" in str(again.engine.learning.problem)
    folder.unlink()
    again.play(20, SOMEBODY)
    assert again.engine.learning.problem is None
    again.journal.close()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_what_root_rebuilds_belongs_to_the_owner_of_the_folder(on: Stage) -> None:
    data = on.path.parent
    for path in (data, *data.rglob("*")):
        os.chown(path, 12345, 12345)
    shutil.rmtree(data / FOLDER)
    (data / "journal.lock").unlink()
    rebuild(on.config, data, lambda _: None)
    made = [path for path in data.rglob("*") if path.stat().st_uid != 12345]
    assert list((data / FOLDER).glob("*.checkpoint"))
    assert made == []


@pytest.mark.parametrize("years", [-6, 0, 6])
def test_a_wrong_clock_recalls_no_more_than_is_counted(on: Stage, years: int) -> None:
    window = on.config.constraints.share_window_plays
    with closing(Journal(on.path, durable=False)) as journal:
        now = frame(on.t_s).utc + timedelta(days=365 * years)
        everything = journal.decided_since(now - timedelta(days=1), 10_000, now)
        recalled = journal.decided_since(now - timedelta(days=1), 10, now)
    assert window > 10
    assert len(everything) > 100
    assert (len(recalled) == len(everything)) if years == 0 else (len(recalled) == 10)


def test_no_id_comes_again_when_an_older_copy_of_the_journal_is_put_back(
    on: Stage, tmp_path: Path
) -> None:
    seen: list[set[str]] = []
    copy = tmp_path / "copy.sqlite"
    shutil.copy(on.path, copy)
    for token in ("5f3a90c1", "77b1e2d4"):
        shutil.copy(copy, on.path)
        on.journal = Journal(on.path, durable=False)
        engine = Engine(
            on.config,
            CONTENTS,
            make_policy("vw", on.config),
            on.journal,
            lambda _: SOMEBODY,
            (screen := SimulatedScreen()),
        )
        engine.begin(frame(on.t_s), None, token)
        ids = set()
        for step in range(1, 60):
            screen.advance(on.t_s + step / 10)
            made = engine.step(frame(on.t_s + step / 10))
            ids |= {viewer.visit_id for viewer in made.audience.viewers}
            ids |= {made.decision.decision_id} if made.decision else set()
        on.journal.close()
        assert {name for name in ids if token in name} == ids
        seen.append(ids)
    assert len(seen[0]) > 3
    assert not seen[0] & seen[1]


@pytest.mark.parametrize("damage", ["zeros", "cut off", "no database"])
def test_a_damaged_journal_is_kept_under_another_name_and_a_new_one_begins(
    on: Stage, damage: str
) -> None:
    data = on.path.read_bytes()
    on.path.write_bytes(
        {
            "zeros": b"\0" * 8192 + data[8192:],
            "cut off": data[: len(data) // 2],
            "no database": b"not a journal at all" * 500,
        }[damage]
    )
    with pytest.raises(DamagedJournalError) as raised:
        reading_all(on)
    assert str(on.path) in str(raised.value)
    aside = set_aside(on.path, NOON)
    assert aside.name == "journal.damaged-20260304T120000Z.sqlite"
    assert aside.is_file()
    again = restarted(on)
    assert again.play(1, SOMEBODY)[0].decision is not None
    again.journal.close()
    assert JournalReader(on.path).decisions()


def reading_all(on: Stage) -> None:
    """What a start does, and then a look at everything."""
    with closing(Journal(on.path, durable=False)) as journal:
        journal.begin_run(NOON, on.config.screen_id)
        list(journal.training_examples())


def test_a_journal_that_was_taken_away_is_noticed(on: Stage) -> None:
    with closing(Journal(on.path, durable=False)) as journal:
        journal.check_in_place()
        aside = on.path.rename(on.path.with_name("elsewhere.sqlite"))
        with pytest.raises(LostJournalError, match="was removed or replaced"):
            journal.check_in_place()
        shutil.copy(aside, on.path)  # the very same bytes, and yet not what is written
        with pytest.raises(LostJournalError):
            journal.check_in_place()
