"""An experiment from the screen to its result: on the real engine, and from any journal."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scripts import power
from signage.analysis.experiment import result
from signage.config.config import Config
from signage.config.experiment import ExperimentConfig
from signage.engine.engine import Engine
from signage.engine.learning import FOLDER
from signage.errors import ConfigError, JournalError
from signage.experiments.assignment import arm_of_block, arm_of_visit, design_of
from signage.journal.experiments import Experiments
from signage.journal.figures.dashboard import DashboardFigures
from signage.journal.soundness import check_sound
from signage.journal.writer import Journal
from signage.kiosk.dashboard import Dashboard
from signage.recommend.policies.base import Learner
from signage.recommend.policies.experiment import Experiment
from signage.recommend.policies.make import make_policy
from signage.simulation.screen import SimulatedScreen
from tests.support.builders import NOON, ROOT, catalogue, frame
from tests.support.experiment_journal import (
    AUTUMN,
    CATALOGUE,
    Told,
    blocks,
    clear,
    like,
    visits,
    write,
)
from tests.support.loop import PublishedLoop
from tests.support.stage import Stage, crowd

# On the engine


class OnScreen(Stage):
    """A stage whose screen runs an experiment, at two frames a second."""

    fps = 2

    def __init__(self, path: Path, experiment: ExperimentConfig) -> None:
        super().__init__(path, catalogue(), checkpoint_every=3, policy="vw")
        self.journal.close()
        self.config = self.config.model_copy(update={"experiment": experiment})
        self.open()

    def open(self) -> None:
        """Start on what is on disk, as after a power cut."""
        self.journal = Journal(self.path, durable=False)
        self.screen = SimulatedScreen()
        policy = make_policy("vw", self.config)
        self.engine = Engine(
            self.config,
            self.contents,
            policy,
            self.journal,
            lambda f: self.script(f.t_s),
            self.screen,
        )
        self.engine.begin(frame(self.t_s), self.path.with_name(FOLDER))
        self.engine.learning.catch_up(frame(self.t_s).utc)

    @property
    def policy(self) -> Learner:
        policy = self.engine.recommender.policy
        assert isinstance(policy, Learner)
        return policy


@pytest.fixture
def on_screen(tmp_path: Path) -> Iterator[Callable[..., OnScreen]]:
    made: list[OnScreen] = []

    def make(**more: Any) -> OnScreen:
        changed = ExperimentConfig(**AUTUMN.model_dump() | more)
        path = tmp_path / str(len(made)) / "journal.sqlite"
        made.append(OnScreen(path, changed))
        return made[-1]

    yield make
    for each in made:
        each.journal.close()


def turns(on: Stage) -> list[tuple[Any, ...]]:
    with sqlite3.connect(on.path) as db:
        rows = db.execute(
            "SELECT t_utc, policy, arm, unit, washout, experiment FROM decisions "
            "LEFT JOIN assignments USING (number) ORDER BY number"
        ).fetchall()
    db.close()
    return rows


def test_the_arms_take_turns_by_the_clock_and_the_journal_says_who(
    on_screen: Callable[..., OnScreen],
) -> None:
    on = on_screen()
    on.play(11 * 60, crowd(1))
    rows = turns(on)
    assert len(rows) > 60
    for t_utc, policy, arm, unit, washout, name in rows:
        block, into_s = divmod(datetime.fromisoformat(t_utc).timestamp(), 300)
        assert (unit, name) == (str(int(block)), "autumn")
        assert policy == arm == arm_of_block(0, "autumn", AUTUMN.arms, int(block))
        assert bool(washout) is (into_s < 60)
    assert {row[1] for row in rows} == {"rules", "vw"}


def test_by_visit_the_main_viewer_decides_and_nobody_is_no_part(
    on_screen: Callable[..., OnScreen],
) -> None:
    on = on_screen(assign="visit")
    on.play(5 * 60, crowd(1))
    rows = turns(on)
    assert {row[5] for row in rows} == {"autumn", None}
    assert {row[1] for row in rows if row[5] is None} == {"vw"}
    for _, policy, arm, unit, _, name in rows:
        if name is not None:
            assert policy == arm == arm_of_visit(0, "autumn", AUTUMN.arms, unit)
    assert {row[1] for row in rows if row[5]} == {"rules", "vw"}


def test_a_restart_in_the_middle_of_a_block_changes_no_turn_and_no_byte(
    on_screen: Callable[..., OnScreen],
) -> None:
    on = on_screen()
    on.play(7.5 * 60, crowd(2))
    before, model, learned = turns(on)[-1], on.policy.serialize(), on.policy.learned
    on.journal.close()
    on.open()
    assert (on.policy.serialize(), on.policy.learned) == (model, learned)
    on.play(60, crowd(2))
    after = turns(on)[-1]
    assert after[0] > before[0]
    assert after[1:] == before[1:]
    scratch = make_policy("vw", on.config)
    for _, example in on.journal.training_examples():
        scratch.learn(example)
    assert isinstance(scratch, Experiment)
    assert scratch.serialize() == on.policy.serialize()
    shutil.rmtree(on.path.with_name(FOLDER))  # without any checkpoint, from the journal alone
    on.journal.close()
    on.open()
    assert on.policy.serialize() == scratch.serialize()
    assert 0 < json.loads(scratch.serialize().partition(b"\n")[0])["vw"][0] < scratch.learned


def test_the_same_hour_again_gives_the_same_journal(on_screen: Callable[..., OnScreen]) -> None:
    first, second = on_screen(), on_screen()
    for on in (first, second):
        on.play(6 * 60, crowd(3))
    assert turns(first) == turns(second)
    assert [r["content_id"] for r in first.rows()] == [r["content_id"] for r in second.rows()]


# From a journal


def test_values_and_lift_are_what_one_gets_by_hand(tmp_path: Path) -> None:
    told = blocks(60, clear)
    write(tmp_path, told)
    found = result(tmp_path)
    control, treatment = found["arms"]
    means = {
        arm: np.mean([p.reward for p in told if p.arm == arm and not p.washout])
        for arm in AUTUMN.arms
    }
    assert (control["arm"], control["control"], treatment["arm"]) == ("rules", True, "vw")
    assert control["mean"] == pytest.approx(means["rules"])
    assert treatment["mean"] == pytest.approx(means["vw"])
    assert treatment["lift"] == pytest.approx(means["vw"] / means["rules"] - 1)
    assert treatment["difference"] == pytest.approx(means["vw"] - means["rules"])
    low, high = treatment["lift_interval"]
    assert 0 < low < treatment["lift"] < high
    assert (treatment["units"], treatment["rewarded_plays"]) == (30, 120)
    assert found["left_out"] == {"in washout": 60}
    assert all(check["ok"] for check in found["checks"]), found["checks"]
    assert found["verdict"].startswith("vw earns more than rules: the lift is +2")


def test_no_difference_is_not_called_one(tmp_path: Path) -> None:
    write(tmp_path, blocks(60, like))
    found = result(tmp_path)
    assert found["verdict"].startswith("The data show no difference between vw and rules yet")
    low, high = found["arms"][1]["lift_interval"]
    assert low < 0 < high
    assert found["arms"][1]["detectable_lift"] > 0


def test_early_there_are_values_and_no_interval(tmp_path: Path) -> None:
    write(tmp_path, blocks(12, clear))
    found = result(tmp_path)
    assert found["verdict"].startswith(
        "Not enough data to compare vw with rules yet (6 rounds of blocks"
    )
    assert found["arms"][1]["lift_interval"] is None


def test_a_third_arm_makes_the_intervals_wider(tmp_path: Path) -> None:
    three = AUTUMN.model_copy(update={"arms": ("rules", "vw", "uniform")})
    first = int(NOON.timestamp() // 300)
    told = []
    for n in range(90):
        arm = arm_of_block(0, "autumn", three.arms, first + n)
        told += [
            Told(300 * n + 70 + 55 * k, arm, str(first + n), clear(arm, n), design=design_of(three))
            for k in range(4)
        ]
    write(tmp_path, told)
    found = result(tmp_path)
    assert [arm["arm"] for arm in found["arms"]] == ["rules", "vw", "uniform"]
    assert "vw earns more than rules" in found["verdict"]
    assert "no difference between uniform and rules" in found["verdict"]
    assert all(check["ok"] for check in found["checks"]), found["checks"]
    assert {point["arm"] for point in found["lift_over_time"]} == {"vw", "uniform"}


def test_by_visit_the_share_of_mixed_plays_is_told(tmp_path: Path) -> None:
    told = visits(1500, 1.3)
    write(tmp_path, told)
    found = result(tmp_path)
    of = {arm: [p.reward or 0 for p in told if p.arm == arm] for arm in AUTUMN.arms}
    assert found["arms"][1]["lift"] == pytest.approx(np.mean(of["vw"]) / np.mean(of["rules"]) - 1)
    low, high = found["arms"][1]["lift_interval"]
    assert 0 < low < 0.3 < high + 0.1
    assert all(check["ok"] for check in found["checks"]), found["checks"]
    mixed = next(check for check in found["checks"] if check["name"] == "mixed")
    assert "5% of the plays" in mixed["detail"]


@pytest.mark.parametrize("told", [blocks(250, clear), visits(400, 1.3)], ids=["blocks", "visits"])
def test_the_lift_over_time_is_what_was_told_on_each_day(tmp_path: Path, told: list[Told]) -> None:
    write(tmp_path / "whole", told)
    found = result(tmp_path / "whole")
    points, vw = found["lift_over_time"], found["arms"][1]
    assert 50 <= len(points) <= 60
    assert {point["arm"] for point in points} == {"vw"}
    times = [datetime.fromisoformat(point["until_utc"]) for point in points]
    assert times == sorted(times)
    assert points[0]["low"] is points[0]["high"] is None
    last = points[-1]
    assert last["until_utc"] == found["until_utc"]
    assert last["lift"] == pytest.approx(vw["lift"])
    assert [last["low"], last["high"]] == pytest.approx(vw["lift_interval"])
    middle = len(points) // 2
    by_then = [p for p in told if NOON + timedelta(seconds=p.t_s) <= times[middle]]
    write(tmp_path / "then", by_then)
    then = result(tmp_path / "then")["arms"][1]
    assert points[middle]["lift"] == pytest.approx(then["lift"])
    assert [points[middle]["low"], points[middle]["high"]] == pytest.approx(then["lift_interval"])


# Checks


def failed(folder: Path) -> set[str]:
    found = result(folder)
    names = {check["name"] for check in found["checks"] if not check["ok"]}
    assert ("Do not rely on it" in found["verdict"]) is bool(names)
    return names


def test_an_arm_that_loses_its_blocks_is_told(tmp_path: Path) -> None:
    told = blocks(120, like)
    # The screen dies in every other block of vw.
    dead = {p.unit for p in told if p.arm == "vw" and int(p.unit) // 2 % 2}
    write(tmp_path, [p for p in told if p.unit not in dead])
    assert failed(tmp_path) == {"split"}


@pytest.mark.system
def test_hours_are_those_of_the_clock_on_the_wall(tmp_path: Path) -> None:
    def hours(path: Path) -> dict[str, Any]:
        return next(check for check in result(path)["checks"] if check["name"] == "hours")

    # Three days; at midnight by the wall, 13:00 UTC, the lot stops working: vw comes first.
    told, base = blocks(3 * 288, like), int(NOON.timestamp() // 300)
    first = {p.unit: p.arm for p in told}
    swapped = [
        replace(p, arm="vw" if int(p.unit) % 2 == 0 else "rules")
        if (int(p.unit) - base) % 288 in range(12, 24)
        else p
        for p in told
    ]
    assert any(p.arm != first[p.unit] for p in swapped)
    path = write(tmp_path, swapped)
    spoil(path, "UPDATE decisions SET utc_offset_min = 660")
    assert not hours(path)["ok"]
    assert "00:00: rules 0, vw 18" in hours(path)["detail"]
    spoil(path, "UPDATE decisions SET utc_offset_min = NULL")
    assert "(in UTC, as records before version 6" in hours(path)["detail"]
    assert "13:00: rules 0, vw 18" in hours(path)["detail"]


def test_an_arm_with_another_audience_is_told(tmp_path: Path) -> None:
    told = [
        replace(
            p,
            visits=tuple(f"{p.unit}.{n}" for n in range(2 + int(p.unit) % 3 + 9 * (p.arm == "vw"))),
        )
        for p in blocks(80, like)
    ]
    write(tmp_path, told)
    assert failed(tmp_path) == {"audience"}


def test_an_arm_whose_rewards_go_missing_is_told(tmp_path: Path) -> None:
    told = [
        replace(p, reward=None if p.arm == "vw" and n % 2 else p.reward)
        for n, p in enumerate(blocks(80, like))
    ]
    write(tmp_path, told)
    assert failed(tmp_path) == {"missing rewards"}
    write(
        tmp_path / "lost",
        [replace(p, absent="camera_lost") if p.reward is None else p for p in told],
    )
    assert failed(tmp_path / "lost") == {"missing rewards"}


def test_plays_before_nobody_are_not_missing(tmp_path: Path) -> None:
    """Whoever plays short contents in an empty shop has more of them."""
    told = [
        replace(p, reward=None, absent="nobody_present") if p.arm == "vw" and n % 2 else p
        for n, p in enumerate(blocks(80, like))
    ]
    write(tmp_path, told)
    assert failed(tmp_path) == set()


def test_what_an_arm_leaves_to_the_next_is_told(tmp_path: Path) -> None:
    told = []
    by_block = {p.unit: p.arm for p in blocks(200, like)}
    for p in blocks(200, like):
        another = by_block.get(str(int(p.unit) - 1), p.arm) != p.arm
        early = p.t_s % 300 < 130
        told.append(replace(p, reward=(p.reward or 0) * (0.7 if another and early else 1)))
    write(tmp_path, told)
    assert "carry-over" in failed(tmp_path)


# Bad input


def spoil(path: Path, script: str) -> Path:
    with sqlite3.connect(path) as db:
        db.executescript(script)
    db.close()
    return path


def test_an_empty_journal_and_one_without_an_experiment(tmp_path: Path) -> None:
    Journal(tmp_path / "journal.sqlite").close()
    with pytest.raises(JournalError, match="is empty: no decision was made yet"):
        result(tmp_path)
    write(tmp_path / "plain", [Told(0.0, "", "")])
    with pytest.raises(JournalError, match=r"has no experiment. Describe one under"):
        result(tmp_path / "plain")
    with pytest.raises(JournalError, match="There is no journal"):
        result(tmp_path / "gone.sqlite")


def test_one_arm_only_no_round_and_nothing_shown(tmp_path: Path) -> None:
    told = blocks(40, like)
    write(tmp_path / "one", [p for p in told if p.arm == "vw"])
    with pytest.raises(JournalError, match=r"no rewarded play of rules. Come back"):
        result(tmp_path / "one")
    apart = [p for p in told if (p.arm == "vw") is bool(int(p.unit) // 2 % 2)]
    write(tmp_path / "apart", apart)
    with pytest.raises(JournalError, match="has no complete round yet"):
        result(tmp_path / "apart")
    write(tmp_path / "forced", [replace(p, forced=True) for p in told[:5]])
    with pytest.raises(JournalError, match=r"no play to analyse yet \(5 forced\)"):
        result(tmp_path / "forced")


@pytest.mark.parametrize("value", ["0.0", "-1", "1.5", "'half'", "9e999"])
def test_a_propensity_that_is_none(tmp_path: Path, value: str) -> None:
    path = write(tmp_path, blocks(4, like))
    spoil(path, f"UPDATE decisions SET propensity = {value} WHERE number = 3")
    with pytest.raises(JournalError, match=r"decision 3 has no propensity above 0 and"):
        result(path)


def test_a_reward_that_is_none(tmp_path: Path) -> None:
    path = write(tmp_path, blocks(4, like))
    spoil(path, "UPDATE rewards SET reward = 1.2 WHERE seq < 3")
    with pytest.raises(JournalError, match=r"decision 1, and 1 more, has no reward in \[0, 1\]"):
        result(path)


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("UPDATE decisions SET t_utc = 'noon' WHERE number = 3", "decision 3 has no time in UTC"),
        ("UPDATE decisions SET t_utc = substr(t_utc, 1, 23)", "decision 1, and 19 more, has no ti"),
        ("UPDATE decisions SET utc_offset_min = 'x'", "has no time in UTC"),
        ("DELETE FROM plays", "decision 1, and 19 more, has no play that can be read"),
        ("UPDATE plays SET started_s = 'x'", "has no play that can be read"),
        ("UPDATE assignments SET unit = 'x'", "assigned to|not a number"),
        ("UPDATE assignments SET arm = 'other'", "not one of rules, vw. Another tool changed it"),
        ("UPDATE assignments SET design = '{'", "in a form that this program cannot read"),
        ("UPDATE assignments SET design = json_set(design, '$.arms', json('[]'))", "arms are none"),
    ],
)
def test_a_record_that_another_tool_changed(tmp_path: Path, sql: str, said: str) -> None:
    path = spoil(write(tmp_path, blocks(4, like)), sql)
    with pytest.raises(JournalError, match=said):
        result(path)


def test_two_screens_in_one_journal(tmp_path: Path) -> None:
    path = write(tmp_path, blocks(4, like))
    spoil(path, "INSERT INTO runs (started_utc, screen_id) VALUES ('2026-03-05', 'lobby')")
    with pytest.raises(JournalError, match="mixes the screens lobby, screen"):
        result(path)


def test_a_journal_of_a_newer_version(tmp_path: Path) -> None:
    path = write(tmp_path, blocks(4, like))
    spoil(path, "UPDATE meta SET value = '99' WHERE key = 'schema_version'")
    with pytest.raises(JournalError, match=r"version 99, this program reads 8. Use the program"):
        result(path)


def test_a_file_that_was_cut_off_never_gives_a_number(tmp_path: Path) -> None:
    path = write(tmp_path, blocks(40, clear))
    whole = path.read_bytes()
    cut = tmp_path / "cut.sqlite"
    for share in (0.0, 0.01, 0.1, 0.5, 0.9, 0.999):
        cut.write_bytes(whole[: int(share * len(whole))])
        with pytest.raises(JournalError, match=r"not a complete journal|damaged or cut off"):
            result(cut)
    cut.write_bytes(b"not a journal at all" * 500)
    with pytest.raises(JournalError, match="is not a complete journal of signage"):
        result(cut)


def test_an_experiment_that_was_changed_while_it_ran(tmp_path: Path) -> None:
    later = design_of(AUTUMN.model_copy(update={"seed": 7}))
    told = [replace(p, design=later) if p.t_s > 900 else p for p in blocks(8, like)]
    with pytest.raises(JournalError, match="'autumn' was changed while it ran"):
        result(write(tmp_path, told))
    spoil(tmp_path / "journal.sqlite", "UPDATE assignments SET design = '{\"arms\": []}'")
    with pytest.raises(JournalError, match="in a form that this program cannot read"):
        result(tmp_path)


def test_a_block_of_two_arms(tmp_path: Path) -> None:
    path = write(tmp_path, blocks(8, like))
    spoil(path, "UPDATE assignments SET arm = 'uniform' WHERE number = 3")
    with pytest.raises(JournalError, match="contradicts itself"):
        result(path)


def test_blocks_in_which_the_clock_was_set_are_left_out_and_counted(tmp_path: Path) -> None:
    told = blocks(80, like)
    back = [replace(p, set_s=-120.0) if p.t_s >= 20 * 300 + 200 else p for p in told]
    write(tmp_path, back)
    found = result(tmp_path)
    assert 4 <= found["left_out"]["clock set"] <= 8
    assert len(failed(tmp_path)) == 0
    wild = [replace(p, set_s=600.0 * (n % 2)) for n, p in enumerate(told)]
    write(tmp_path / "wild", wild)
    with pytest.raises(JournalError, match="overlap, or were shown while the clock was set"):
        result(tmp_path / "wild")


def test_plays_that_overlap_are_left_out_and_counted(tmp_path: Path) -> None:
    told = blocks(80, like)
    told[12] = replace(told[12], length_s=70.0)
    write(tmp_path, told)
    assert result(tmp_path)["left_out"]["overlapping"] == 2
    write(tmp_path / "all", [replace(p, length_s=100.0) for p in told])
    with pytest.raises(JournalError, match="that the journal comes from one screen"):
        result(tmp_path / "all")


def test_the_newest_experiment_or_the_one_named(tmp_path: Path) -> None:
    spring = design_of(AUTUMN.model_copy(update={"name": "spring"}))
    first, then = blocks(30, clear), blocks(30, like)
    older = [replace(p, design=spring) for p in first]
    newer = [replace(p, t_s=p.t_s + 9000, unit=str(int(p.unit) + 30), arm=p.arm) for p in then]
    write(tmp_path, older + newer)
    assert result(tmp_path)["experiment"] == "autumn"
    assert result(tmp_path, "spring")["arms"][1]["lift"] > 0.2
    with pytest.raises(ConfigError, match="no experiment 'summer'; there is spring, autumn"):
        result(tmp_path, "summer")


# What people see


def signage(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "signage", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        timeout=120,
    )


@pytest.mark.system
def test_the_command_prints_words_or_one_document(tmp_path: Path) -> None:
    write(tmp_path, blocks(60, clear))
    words = signage("experiment", tmp_path)
    assert (words.returncode, words.stderr) == (0, "")
    assert "vw earns more than rules" in words.stdout
    assert "60 in washout" in words.stdout
    document = json.loads(signage("experiment", tmp_path / "journal.sqlite", "--json").stdout)
    assert document["verdict"].startswith("vw earns more than rules")
    assert document == json.loads(json.dumps(result(tmp_path)))
    bad = signage("experiment", tmp_path / "gone.sqlite", "--json")
    assert (bad.returncode, bad.stdout, bad.stderr.count("\n")) == (1, "", 1)
    assert signage("experiment", tmp_path, "--name", "summer").returncode == 2


def test_the_dashboard_tells_the_verdict_so_far(tmp_path: Path) -> None:
    path = write(tmp_path, blocks(60, clear))
    figures, loop = DashboardFigures(path), PublishedLoop(CATALOGUE)
    assert Dashboard(Config(), loop, figures)(1)["experiment"] is None
    told = Dashboard(Config(experiment=AUTUMN), loop, figures)(1)["experiment"]
    assert told["name"] == "autumn"
    assert told["summary"] == result(path)["verdict"]
    other = AUTUMN.model_copy(update={"name": "winter"})
    told = Dashboard(Config(experiment=other), loop, figures)(1)["experiment"]
    assert told["summary"] == "winter has not started: no decision belongs to it yet."


def test_power_from_an_experiment_from_any_journal_and_from_numbers(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path / "experiment", blocks(80, clear))
    write(tmp_path / "plain", [replace(p, arm="") for p in blocks(80, clear)])
    assert power.main([str(tmp_path / "experiment"), "--lift", "0.1"]) == 0
    assert "From the experiment 'autumn'" in capsys.readouterr().out
    assert power.main([str(tmp_path / "plain"), "--block-minutes", "5"]) == 0
    assert "From its plays, in blocks of 5 minutes: 40.0 comparisons" in capsys.readouterr().out
    numbers = ["--mean", "0.25", "--sd", "0.3", "--plays-a-day", "600", "--lift"]
    days = []
    for lift in ("0.05", "0.1"):
        assert power.main([*numbers, lift]) == 0
        days.append(int(capsys.readouterr().out.splitlines()[-1].split("|")[2]))
    assert 3 < days[0] / days[1] < 6  # four times, and a little for looking
    write(tmp_path / "short", blocks(12, clear))
    assert power.main([str(tmp_path / "short")]) == 1
    assert "too few to tell" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        power.main(["--mean", "0.2"])


def test_a_journal_is_only_read(tmp_path: Path) -> None:
    path = write(tmp_path, blocks(20, clear))
    before = path.read_bytes()
    check_sound(Experiments(path))
    result(path)
    assert path.read_bytes() == before
