"""The model on disk survives what happens to files, and knows where it belongs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from signage.config.policies import VwConfig
from signage.errors import CheckpointError
from signage.recommend.checkpoint import Checkpoints, Header
from signage.recommend.policies.ensemble import EnsemblePolicy
from tests.support.builders import NOON

Journal = dict[int, str]


def journal(rewards: int, name: str = "screen") -> Journal:
    """What a journal with so many learned rewards says of each."""
    return {seq: f"{name}-{seq} of noon" for seq in range(1, rewards + 1)}


def model(learned: int) -> EnsemblePolicy:
    return EnsemblePolicy(VwConfig(learning_rate=0.01 * learned), learned=learned)


@pytest.fixture
def opened(tmp_path: Path) -> Callable[..., Checkpoints]:
    def make(known: Journal, layout: str = "1", keep_days: int = 14) -> Checkpoints:
        return Checkpoints(tmp_path / "checkpoints", layout, keep_days, known.get)

    return make


def path_of(tmp_path: Path, header: Header) -> Path:
    return tmp_path / "checkpoints" / f"{header.name}.checkpoint"


def test_comes_back_as_it_was(opened: Callable[..., Checkpoints]) -> None:
    kept = opened(journal(9))
    header = kept.save(model(7), 9, NOON)
    found = kept.newest()
    assert found is not None
    assert (found.header, found.model) == (header, model(7).serialize())
    assert (header.learned, header.reward_seq, header.reward) == (7, 9, "screen-9 of noon")
    assert (header.name, header.utc) == ("7-9", NOON)


@pytest.mark.parametrize(
    "damage",
    [
        lambda b: b[:-5],
        lambda b: b + b"x",
        lambda b: b"",
        lambda b: b[:9],
        lambda b: b.replace(b'"learned": 2', b'"learned": 9'),
        lambda b: b[:-9] + bytes([b[-9] ^ 1]) + b[-8:],
    ],
)
def test_a_damaged_one_falls_back_to_the_one_before(
    opened: Callable[..., Checkpoints],
    tmp_path: Path,
    damage: Callable[[bytes], bytes],
    caplog: pytest.LogCaptureFixture,
) -> None:
    kept = opened(journal(2))
    before = kept.save(model(1), 1, NOON)
    path = path_of(tmp_path, kept.save(model(2), 2, NOON))
    path.write_bytes(damage(path.read_bytes()))
    found = kept.newest()
    assert found is not None
    assert (found.header, found.model) == (before, model(1).serialize())
    (said,) = caplog.messages
    assert f"Checkpoint {path} is not used: it is damaged." in said
    assert kept.newest() == found  # and says it once
    assert len(caplog.messages) == 1


def test_what_a_kill_in_mid_write_leaves_does_no_harm(
    opened: Callable[..., Checkpoints], tmp_path: Path
) -> None:
    kept = opened(journal(2))
    kept.save(model(1), 1, NOON)
    whole = path_of(tmp_path, kept.save(model(2), 2, NOON))
    whole.rename(whole.with_name("writing.new"))
    assert [header.name for header in kept.headers()] == ["1-1"]
    kept.save(model(2), 2, NOON)
    assert [header.name for header in kept.headers()] == ["2-2", "1-1"]
    assert not whole.with_name("writing.new").exists()


def test_another_layout_waits_until_the_configuration_is_what_it_was(
    opened: Callable[..., Checkpoints], caplog: pytest.LogCaptureFixture
) -> None:
    opened(journal(3), layout="0").save(model(1), 1, NOON)
    assert opened(journal(3)).newest() is None
    assert "it has layout 0, this program and configuration have 1" in caplog.text
    assert "The model learns again" in caplog.text
    for learned in (1, 2, 3):
        opened(journal(3)).save(model(learned), learned, NOON)
    assert [header.name for header in opened(journal(3)).headers()] == ["3-3", "2-2", "1-1"]
    back = opened(journal(3), layout="0").newest()
    assert back is not None
    assert (back.header.layout, back.header.name) == ("0", "1-1")


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        (journal(0), "the journal is an older copy or a new one"),
        (journal(4), "the journal is an older copy or a new one"),
        (journal(9, "another"), "reward 5 is another-5 of noon there and screen-5 of noon here"),
    ],
    ids=["removed", "older copy", "another screen"],
)
def test_a_checkpoint_without_its_journal_is_refused(
    opened: Callable[..., Checkpoints],
    caplog: pytest.LogCaptureFixture,
    other: Journal,
    reason: str,
) -> None:
    opened(journal(5)).save(model(5), 5, NOON)
    assert opened(other).newest() is None
    assert reason in caplog.text


def test_the_newest_are_kept_and_the_last_of_each_day(opened: Callable[..., Checkpoints]) -> None:
    kept = opened(journal(1000), keep_days=4)
    for hour in range(0, 10 * 24, 4):
        kept.save(model(hour + 1), hour + 1, datetime(2026, 3, 1, tzinfo=UTC) + hour * HOUR)
    days = [header.utc for header in kept.headers()]
    assert [(utc.day, utc.hour) for utc in days] == [
        (10, 20), (10, 16), (10, 12), (9, 20), (8, 20), (7, 20),
    ]  # fmt: skip


def test_no_days_leave_the_newest(opened: Callable[..., Checkpoints]) -> None:
    kept = opened(journal(10), keep_days=0)
    for count in range(1, 11):
        kept.save(model(count), count, NOON + count * timedelta(days=1))
    assert [header.learned for header in kept.headers()] == [10, 9, 8]


def test_one_is_found_by_its_name_or_its_time(
    opened: Callable[..., Checkpoints], tmp_path: Path
) -> None:
    kept = opened(journal(3))
    headers = [kept.save(model(n), n, NOON + n * HOUR) for n in (1, 2, 3)]
    assert kept.find().header == headers[2]
    assert kept.find("1-1").header == headers[0]
    assert kept.find(before=NOON + 2.5 * HOUR).header == headers[1]
    with pytest.raises(CheckpointError, match=r"no checkpoint 7-7\. There is: 3-3, 2-2, 1-1"):
        kept.find("7-7")
    with pytest.raises(CheckpointError, match="no checkpoint from before 2026-03-04"):
        kept.find(before=NOON)
    path = path_of(tmp_path, headers[0])
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(CheckpointError, match="1-1 is not used: it is damaged"):
        kept.find("1-1")


def test_later_ones_can_be_removed(opened: Callable[..., Checkpoints]) -> None:
    kept = opened(journal(3))
    for count in (1, 2, 3):
        kept.save(model(count), count, NOON)
    kept.remove_after(1)
    assert [header.name for header in kept.headers()] == ["1-1"]


def test_a_folder_that_cannot_be_written_is_one_clear_message(
    opened: Callable[..., Checkpoints], tmp_path: Path
) -> None:
    (tmp_path / "checkpoints").write_text("a file stands in the way")
    with pytest.raises(CheckpointError, match="cannot be written"):
        opened(journal(1)).save(model(1), 1, NOON)


HOUR = timedelta(hours=1)
