"""The command line as its users meet it: exit codes, words and documents."""

from __future__ import annotations

import json
import re
import shutil
import signal
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import pytest

from signage.scenes.footage import read_video
from signage.types.vision import MOODS
from tests.support.builders import DEMO, FOOTAGE, ROOT
from tests.support.command import COMMAND, ENVIRONMENT, MAN, configure, fail, signage, succeed

pytestmark = pytest.mark.system

VIEWER_KEYS = {
    "viewer_id", "first_seen_s", "last_seen_s", "dwell_s", "attention_s", "age_years", "age_sd",
    "gender", "mood", "movement", "facing", "facing_share", "distance_m", "reading_s", "logos",
    "returning", "face_px", "expression_peak",
}  # fmt: skip
SUMMARY_KEYS = {
    "policy", "seed", "plays", "rewarded_plays", "mean_reward", "reward_share_of_oracle",
    "watchers", "ots", "attention_s", "constraint_violations", "realtime_factor", "learning_curve",
}  # fmt: skip


def write_content(folder: Path, name: str, *, file: str = "still.svg") -> None:
    (folder / name).mkdir(parents=True)
    (folder / name / "still.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg"/>')
    (folder / name / "content.toml").write_text(
        f'title = "{name}"\ncategory = "{name}"\nmedium = "image"\nfile = "{file}"\n'
        "motion = false\nduration_s = 8.0\n"
    )


# Bad input


def test_a_video_that_cannot_be_watched_is_named(tmp_path: Path) -> None:
    text = tmp_path / "text.mp4"
    text.write_text("not a video")
    assert "There is no video nowhere.mp4" in fail(1, "audience", "nowhere.mp4", "--json")
    assert f"{text} cannot be read as a video" in fail(1, "audience", text, "--json")
    assert "The recording shows nobody" in fail(
        1, "simulate", FOOTAGE / "no_face.mp4", "--out", tmp_path / "out", "--json"
    )


def test_a_truncated_video_plays_what_it_has_and_says_so(tmp_path: Path) -> None:
    whole = (FOOTAGE / "WolfgangLanger_Pexels.mp4").read_bytes()
    path = tmp_path / "cut.mp4"
    path.write_bytes(whole[: len(whole) // 8])
    done = signage("audience", path)
    assert done.returncode == 0
    assert "male" in done.stdout
    # Her eyes are shut all the time.
    told = re.search(r"Opportunities to see: 1, watchers: 0; (\d+) frames of", done.stdout)
    assert told
    assert done.stderr == (
        f"signage: {path} is cut off: only {told[1]} of 472 frames can be decoded. "
        "These are used.\n"
    )


def test_a_mistake_in_the_configuration_is_named(tmp_path: Path) -> None:
    nowhere = tmp_path / "nowhere.toml"
    assert f"There is no configuration {nowhere}" in fail(2, "run", "--config", nowhere)
    bad = configure(tmp_path, more="[decision]\nmin_play = 3.0\nsettle_s = -1.0")
    said = fail(2, "audience", MAN, "--config", bad, "--json")
    assert str(bad) in said
    assert "unknown key 'decision.min_play'" in said
    assert "'decision.settle_s' cannot be -1.0: Input should be greater than" in said


def test_calling_it_the_wrong_way_is_told_on_stderr(tmp_path: Path) -> None:
    assert "There is no policy 'best'; choose from vw, apprentice, rules" in fail(
        2, "simulate", MAN, "--out", tmp_path / "out", "--policy", "best"
    )
    for arguments, word in (
        (("run", "--bogus"), "--bogus"),
        (("run", "--port", "70000"), "65535"),
        (("simulate", str(MAN)), "--out"),
    ):
        done = signage(*arguments)
        assert (done.returncode, done.stdout) == (2, "")
        assert word.lower() in done.stderr.lower()
        assert "Traceback" not in done.stderr


def test_a_model_with_a_wrong_hash_is_named(tmp_path: Path) -> None:
    models = tmp_path / "models"
    shutil.copytree(ROOT / "models", models)
    broken = models / "age-v1.onnx"
    broken.write_bytes(broken.read_bytes()[:-1] + b"?")
    config = configure(tmp_path, models=models)
    said = fail(1, "audience", MAN, "--config", config, "--json")
    assert f"{broken} is not the file that manifest.toml names" in said
    assert "signage models pull" in said
    done = signage("models", "verify", "--config", config, "--json")
    assert done.returncode == 1
    states = json.loads(done.stdout)
    assert {name for name, state in states.items() if state != "ok"} == {"age-v1.onnx"}
    assert states["age-v1.onnx"] == "corrupt"
    assert "signage models pull" in done.stderr


def test_a_port_in_use_ends_the_run_and_a_camera_that_is_not_there_does_not(
    tmp_path: Path,
) -> None:
    run = ("run", "--config", configure(tmp_path), "--data", tmp_path / "data")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        said = fail(1, *run, "--port", port)
    assert f"127.0.0.1 port {port}" in said
    assert "--port" in said
    options = ("--port", "0", "--source", "97", "--stand-in", "--minutes", "0.05")
    done = signage(*run, *options)
    assert done.returncode == 0
    assert "Camera 97 cannot be opened. Check that it is plugged in" in done.stdout
    assert re.search(r"decision  \w+ \(.*the camera cannot see", done.stdout)


def test_an_empty_catalogue_ends_the_run(tmp_path: Path) -> None:
    contents = tmp_path / "contents"
    contents.mkdir()
    config = configure(tmp_path, content=contents)
    assert "The catalogue is empty" in fail(2, "run", "--data", tmp_path, "--config", config)


def test_a_content_whose_file_is_missing_is_left_out(tmp_path: Path) -> None:
    contents = tmp_path / "contents"
    write_content(contents, "coffee")
    write_content(contents, "shoes", file="gone.svg")
    config = configure(tmp_path, content=contents)
    out = tmp_path / "out"
    done = signage("simulate", MAN, "--config", config, "--plays", "5", "--out", out, "--json")
    assert done.returncode == 0
    assert json.loads(done.stdout)["plays"] == 5
    assert done.stderr.startswith("signage: Content left out: ")
    assert done.stderr.count("\n") == 1
    assert "gone.svg" in done.stderr


def test_what_is_there_is_not_written_over(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "journal.sqlite").write_text("mine")
    assert "already exists" in fail(1, "simulate", MAN, "--out", out, "--json")
    assert (out / "journal.sqlite").read_text() == "mine"
    clip = tmp_path / "clip.mp4"
    shutil.copy(MAN, clip)
    assert "would overwrite" in fail(2, "audience", clip, "--annotate", clip, "--json")
    assert clip.read_bytes() == MAN.read_bytes()


def test_where_it_cannot_be_written_is_named(tmp_path: Path) -> None:
    taken = tmp_path / "file"
    taken.touch()
    assert f"{taken} cannot be a folder" in fail(2, "simulate", MAN, "--out", taken, "--json")
    out = tmp_path / "nowhere" / "out.mp4"
    assert f"{out} cannot be written" in fail(1, "audience", MAN, "--annotate", out)


def test_a_report_needs_a_journal(tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    assert "There is no journal" in fail(1, "report", tmp_path, "--out", page)
    assert f"{MAN} is not a complete journal" in fail(1, "report", MAN, "--out", page)
    assert not page.exists()


# The documents


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], Path]:
    """The man's clip with ``--json``, and the annotated video."""
    video = tmp_path_factory.mktemp("audience") / "annotated.mp4"
    document = succeed("audience", MAN, "--json", "--annotate", video)
    return json.loads(document), video


def test_audience_tells_who_was_there(watched: tuple[dict[str, Any], Path]) -> None:
    result, _ = watched
    assert result.keys() == {
        "video", "duration_s", "blind_s", "frames", "processed_fps", "ots", "watchers", "passed",
        "most_unfollowed", "viewers",
    }  # fmt: skip
    assert result["video"] == str(MAN)
    assert result["duration_s"] == pytest.approx(2.4, abs=0.1)
    assert (result["frames"], result["ots"], result["watchers"]) == (72, 1, 1)
    assert result["processed_fps"] > 0
    (man,) = result["viewers"]
    assert man.keys() >= VIEWER_KEYS
    assert man["gender"]["male"] > 0.9
    assert sum(man["gender"].values()) == pytest.approx(1)
    assert 22 < man["age_years"] < 42
    assert 4 < man["age_sd"] < 15
    assert man["first_seen_s"] == 0
    assert man["dwell_s"] == pytest.approx(result["duration_s"], abs=0.15)
    assert 0.9 * man["dwell_s"] < man["attention_s"] <= man["dwell_s"]
    assert man["facing_share"] > 0.9
    assert man["face_px"] == pytest.approx(240, abs=12)
    assert (man["movement"], man["facing"]) == ("standing", "towards")
    assert man["distance_m"] == pytest.approx(0.4, abs=0.1)
    assert man["expression_peak"]["smile"] > 0.5
    assert man["mood"].keys() == set(MOODS)
    assert sum(man["mood"].values()) == pytest.approx(1, abs=0.01)
    assert man["reading_s"] == pytest.approx(0, abs=0.3)
    assert (man["logos"], man["returning"]) == ([], False)
    assert man["gaze"].keys() == {"x", "y", "sd_x", "sd_y"}


def test_the_annotated_video_plays(watched: tuple[dict[str, Any], Path]) -> None:
    _, video = watched
    pairs = zip(read_video(video), read_video(MAN), strict=True)
    for (time_s, image), (own_s, own) in pairs:
        assert time_s == pytest.approx(own_s, abs=0.02)
        assert image.shape == own.shape
        if own_s > 0.3:  # by then it is sure that somebody is there
            assert cv2.absdiff(image, own)[100:310, 215:380].max() > 60


def test_simulate_prints_what_it_writes(tmp_path: Path) -> None:
    out = tmp_path / "deep" / "out"
    document = succeed(
        "simulate", MAN, "--policy", "rules", "--plays", "20", "--seed", "3", "--out", out, "--json"
    )
    assert document == (out / "summary.json").read_text()
    summary = json.loads(document)
    assert summary.keys() == SUMMARY_KEYS
    assert (summary["policy"], summary["seed"], summary["plays"]) == ("rules", 3, 20)
    assert summary["constraint_violations"] == 0
    assert summary["realtime_factor"] > 1
    again = tmp_path / "again.html"
    assert str(again) in succeed("report", out, "--out", again)
    told, afterwards = (
        re.findall(r'class="tile"><b>(.*?)</b>', path.read_text())
        for path in (out / "report.html", again)
    )
    assert told == afterwards != []
    assert (
        "The people were recorded and their response is simulated."
        in (out / "report.html").read_text()
    )


def test_the_models_are_listed_verified_and_there(tmp_path: Path) -> None:
    assets = {asset["name"]: asset for asset in json.loads(succeed("models", "list", "--json"))}
    assert {"face_landmarker.task", "age-v1.onnx", "single_face.mp4"} <= assets.keys()
    assert all(asset["licence"] and asset["package"] for asset in assets.values())
    assert json.loads(succeed("models", "verify", "--json")) == dict.fromkeys(assets, "ok")
    verified = succeed("models", "verify")
    assert all(f"ok       {name}\n" in verified for name in assets)
    assert succeed("models", "pull") == ""


def test_doctor_checks_the_demo() -> None:
    done = signage("doctor", "--config", DEMO, "--json")
    result = json.loads(done.stdout)
    checks = {check["name"]: check for check in result["checks"]}
    assert done.stderr == ""
    assert done.returncode == (0 if result["ok"] else 1)
    assert checks.keys() >= {"models", "camera", "disk", "display", "port", "clock"}
    assert all(check["ok"] != bool(check["remedy"]) for check in checks.values())
    assert checks["models"]["ok"]
    assert checks["camera"]["ok"]


def test_doctor_says_all_that_is_to_be_done(tmp_path: Path) -> None:
    config = tmp_path / "kiosk.toml"
    config.write_text('[camera]\nsource = "gone.mp4"\n')
    said = " ".join(signage("doctor", "--config", config).stdout.split())
    assert "The `source` is set in [camera] of" in said


def test_help_names_every_command() -> None:
    said = succeed("--help")
    for command in ("run", "audience", "simulate", "report", "export", "models", "doctor"):
        assert command in said


# The daemon


@pytest.fixture
def kiosk(tmp_path: Path) -> Callable[..., tuple[str | Path, ...]]:
    config = configure(tmp_path)
    return lambda *more: (
        "run", "--config", config, "--data", tmp_path / "data", "--port", "0", "--stand-in", *more
    )  # fmt: skip


def test_run_ends_by_itself_and_writes_the_report(
    kiosk: Callable[..., tuple[str | Path, ...]], tmp_path: Path
) -> None:
    page = tmp_path / "report.html"
    said = succeed(*kiosk("--minutes", "0.05", "--report", page))
    first, *lines = said.splitlines()
    assert re.fullmatch(r"Player: http://127\.0\.0\.1:\d+/", first)
    assert any(re.search(r"decision  \w+ \(\d+% likely, ", line) for line in lines)
    assert lines[-1] == f"Report: {page}"
    assert 'class="tile"' in page.read_text(encoding="utf-8")


def test_run_ends_well_when_told_to(kiosk: Callable[..., tuple[str | Path, ...]]) -> None:
    with subprocess.Popen(
        [*COMMAND, *map(str, kiosk())],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=ENVIRONMENT | {"PYTHONUNBUFFERED": "1"},
    ) as process:
        assert process.stdout is not None
        while "decision" not in (line := process.stdout.readline()):
            assert line, process.communicate()
        process.send_signal(signal.SIGTERM)
        _, complaints = process.communicate(timeout=60)
    assert (process.returncode, complaints) == (0, "")


def test_orders_and_rebuild_explain_what_is_missing(tmp_path: Path) -> None:
    assert "No screen runs" in fail(1, "order", "freeze", "--data", tmp_path)
    assert "There is no journal" in fail(1, "rebuild", tmp_path)
    for words in (["pin"], ["dance"], ["freeze", "coffee"], ["show", "coffee"]):
        assert signage("order", *words, "--data", tmp_path).returncode == 2
    assert "only pin and emergency take a content" in signage("order", "pin").stderr
    assert list(tmp_path.iterdir()) == []
