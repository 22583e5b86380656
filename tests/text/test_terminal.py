"""What the commands write reads as text, and what cannot be written stops no screen."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import pty
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from signage.cli.output import print_json
from signage.text.plain import host_only, plain, shortened, without_secrets
from signage.text.streams import Stream
from signage.text.terminal import Console, grid, line, table
from tests.support.command import COMMAND, ENVIRONMENT, configure, signage

HOSTILE = "[/soft] [red]sale[/] \x1b[31m\x07 a\u202eb \ud800 <3> $5_or_$9 :smile:"


# Text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Küche, 厨房, مطبخ, 👩‍🍳 – a\xa0b", "Küche, 厨房, مطبخ, 👩‍🍳 – a\xa0b"),
        ("one\ntwo\tthree\u2028four", "one two three four"),
        ("\x1b[31mred\x07\x00\x9b", "�[31mred���"),
        ("a\u202eb\u2066c\ud800", "a�b�c�"),
        ("zero\u200b\ufeff\u200ewidth\xad", "zerowidth"),
    ],
)
def test_nothing_in_a_text_acts(text: str, shown: str) -> None:
    assert plain(text) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("rtsp://admin:pw@cam/1 is silent", "rtsp://***@cam/1 is silent"),
        ("'rtsp://a:p@ss/w:rd@10.0.0.2:554/s'", "'rtsp://***@10.0.0.2:554/s'"),
        ("http://h:1/?token=abc%20d", "http://h:1/?token=***"),
        ("write to a@b.example or http://h/x", "write to a@b.example or http://h/x"),
    ],
)
def test_what_logs_in_is_hidden(text: str, shown: str) -> None:
    assert without_secrets(text) == shown


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("rtsp://admin:p?s/w@rd@10.0.0.2:554/live", "rtsp://***@10.0.0.2:554/…"),
        ("http://[::1]:80/video.cgi?user=a&pwd=secret", "http://[::1]:80/…"),
        ("rtsp://cam/user=admin&password=secret", "rtsp://cam/…"),
        ("rtsps://10.0.0.2:7441/kEyInThePath", "rtsps://10.0.0.2:7441/…"),
        ("rtsp://cam/live?user=a@b.example&password=secret", "rtsp://***@b.example/…"),
        ("rtsp://cam", "rtsp://cam"),
        ("0", "0"),
    ],
)
def test_of_a_camera_no_more_than_its_host_is_told(address: str, shown: str) -> None:
    assert host_only(address) == shown


def test_a_long_name_keeps_its_beginning_and_its_end() -> None:
    assert shortened("spring-sale-" * 12 + "blue", 30).endswith("ale-blue")
    assert len(shortened("x" * 300, 30)) == 30
    assert shortened("short", 30) == "short"


def test_markup_is_printed_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    rows = grid(1)
    rows.add_row(HOSTILE)
    console = Console()
    for what in (HOSTILE, rows, line((HOSTILE, "bold"))):
        console.print(what)
    shown = plain(HOSTILE)
    assert [printed.rstrip() for printed in capsys.readouterr().out.splitlines()] == [shown] * 3


def test_no_cell_is_cut(capsys: pytest.CaptureFixture[str], monkeypatch: Any) -> None:
    names = ("content", "medium", "size", "lasts", "verdict")
    rows = table(*names)
    rows.add_row(*(f"{name}-{'long' * 12}" for name in names))
    Console().print(rows)
    piped = capsys.readouterr().out
    assert all(f"{name}-{'long' * 12}" in piped for name in names)
    narrow = Console()
    narrow.width = 60
    narrow.print(rows)
    folded = re.sub(r"[│\s]", "", capsys.readouterr().out)
    assert folded.count("o") >= 5 * 12
    assert "…" not in folded


def test_json_has_no_number_that_json_does_not_know(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"low": float("nan"), "ends": [float("inf"), 1.5], "none": None})
    told = json.loads(capsys.readouterr().out, parse_constant=pytest.fail)
    assert told == {"low": None, "ends": [None, 1.5], "none": None}


def test_a_message_of_the_log_is_one_line(capfd: pytest.CaptureFixture[str]) -> None:
    said = (
        "from signage.text import streams, terminal; import logging\n"
        "streams.prepare_streams(); terminal.log_warnings()\n"
        "log = logging.getLogger('x')\n"
        f"log.warning('left out: %s', {'<3>a' + chr(10) + '<3>b rtsp://u:secret@h/'!r})\n"
        f"try: raise ValueError({'x' + chr(10) + '<3>worse'!r})\n"
        "except ValueError: log.exception('failed')\n"
        f"raise SystemError({'rtsp://u:secret@h/'!r})\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", said], capture_output=True, text=True, env=ENVIRONMENT, check=False
    )
    assert "signage: left out: <3>a <3>b rtsp://***@h/\n" in done.stderr
    assert "secret" not in done.stderr
    assert not re.search(r"^<", done.stderr, re.MULTILINE)


def test_letters_that_a_log_cannot_hold_are_spelled() -> None:
    said = (
        "from signage.text import streams, terminal\n"
        "streams.prepare_streams()\n"
        "terminal.Console().print('Küche “to go” – 3 × 4 …')\n"
    )
    environment = ENVIRONMENT | {"PYTHONIOENCODING": "ascii"}
    done = subprocess.run(
        [sys.executable, "-c", said], capture_output=True, text=True, env=environment, check=True
    )
    assert done.stdout == 'K\\xfcche "to go" - 3 x 4 ...\n'


# What cannot be written


def test_a_stream_that_may_lose_outlives_its_reader() -> None:
    class Full:
        closed = False

        def write(self, text: str) -> int:
            raise OSError(28, "No space left on device")

        flush = isatty = lambda self: False

    full: Any = Full()
    assert Stream(full, may_lose=True).write("line") == 4
    with pytest.raises(Exception, match="Standard output cannot be written: No space left"):
        Stream(full, may_lose=False).write("line")


def test_a_result_that_cannot_be_written_is_an_error() -> None:
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        done = subprocess.run(
            [*COMMAND, "models", "list"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            env=ENVIRONMENT,
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr.startswith("signage: Standard output cannot be written: No space left")
    assert done.stderr.count("\n") == 1


def test_a_reader_who_leaves_ends_a_command_in_silence() -> None:
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [*COMMAND, "models", "list", "--json"],
        stdout=write,
        stderr=subprocess.PIPE,
        text=True,
        env=ENVIRONMENT,
        check=False,
    )
    os.close(write)
    assert (done.returncode, done.stderr) == (1, "")


@pytest.fixture
def screen(tmp_path: Path) -> list[str]:
    """A command that runs a screen for some seconds, on contents whose words are hostile."""
    contents = tmp_path / "contents"
    rule = 'competes = "drinks[/soft]"'
    for name, competes in (("[a]", rule), ("b$_^", rule), ("[bold]c", "")):
        (contents / name).mkdir(parents=True)
        (contents / name / "still.svg").write_text(
            '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 9"/>'
        )
        title = json.dumps(HOSTILE.replace("\ud800", ""))
        (contents / name / "content.toml").write_text(
            f'title = {title}\ncategory = "drinks[/soft]"\n{competes}\n'
            'medium = "image"\nfile = "still.svg"\nmotion = false\nduration_s = 1.0\n',
            encoding="utf-8",
        )
    config = configure(tmp_path, content=contents)
    words = ("run", "--config", config, "--data", tmp_path / "data", "--port", "0", "--stand-in")
    return [*COMMAND, *map(str, words), "--minutes", "0.08"]


def plays(folder: Path) -> int:
    done = signage("export", folder, "--format", "csv", "--out", folder / "plays.csv")
    assert done.returncode == 0
    return (folder / "plays.csv").read_text(encoding="utf-8-sig").count(",finished,")


@pytest.mark.system
@pytest.mark.parametrize("log", ["full", "left", "stopped", "closed", "ascii"])
def test_a_screen_outlives_its_log(screen: list[str], tmp_path: Path, log: str) -> None:
    environment = dict(ENVIRONMENT)
    if log == "full":
        out = os.open("/dev/full", os.O_WRONLY)
    else:
        read, out = os.pipe()
        if log != "stopped":
            os.close(read)
    if log == "stopped":  # full to the last byte, and nobody reads
        os.set_blocking(out, False)
        with contextlib.suppress(BlockingIOError):
            while True:
                os.write(out, b"x" * 512)
        os.set_blocking(out, True)
    if log == "closed":
        screen = ["/bin/sh", "-c", 'exec "$0" "$@" >&- 2>&-', *screen]
    if log == "ascii":
        environment |= {"LC_ALL": "C", "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
        out = os.open(tmp_path / "log", os.O_WRONLY | os.O_CREAT)
    done = subprocess.run(screen, stdout=out, stderr=out, env=environment, check=False, timeout=120)
    os.close(out)
    if log == "stopped":
        os.close(read)
    assert done.returncode == 0
    assert plays(tmp_path / "data") >= 2
    if log == "ascii":
        said = (tmp_path / "log").read_bytes()
        assert said.isascii()
        assert b"competes: " in said
        assert b"\x1b" not in said


@pytest.mark.system
@pytest.mark.parametrize("columns", [20, 120])
def test_a_terminal_shows_hostile_words_as_words(
    screen: list[str], tmp_path: Path, columns: int
) -> None:
    environment = dict(ENVIRONMENT) | {"TERM": "xterm-256color", "COLUMNS": str(columns)}
    ours, theirs = pty.openpty()
    with subprocess.Popen(screen, stdout=theirs, stderr=theirs, env=environment) as process:
        os.close(theirs)
        said = b""
        while chunk := _read(ours):
            said += chunk
        assert process.wait(timeout=60) == 0
    os.close(ours)
    assert plays(tmp_path / "data") >= 2
    assert b"Traceback" not in said
    assert b"\x1b[31m\x07" not in said
    if columns == 120:
        assert "[/soft] [red]sale[/]" in said.decode()


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # the other end is closed
        return b""


@pytest.mark.system
def test_a_log_tells_where_the_token_is_and_never_the_token(
    screen: list[str], tmp_path: Path
) -> None:
    with subprocess.Popen(
        [*screen[:-2], "--host", "0.0.0.0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=ENVIRONMENT | {"PYTHONUNBUFFERED": "1"},
    ) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(3)]
        token = (tmp_path / "data" / "orders-token").read_text(encoding="utf-8")
        process.send_signal(signal.SIGTERM)
        rest = process.stdout.read()
    assert lines[0].startswith("Player: http://")
    assert lines[1].startswith("Dashboard: http://")
    assert lines[1].endswith("/dashboard?token=***\n")
    assert str(tmp_path / "data" / "orders-token") in lines[2]
    assert token not in "".join(lines) + rest


@pytest.mark.system
def test_the_version_is_told() -> None:
    assert re.fullmatch(r"signage \d+\.\d+\.\d+\n", signage("--version").stdout)


@pytest.mark.system
@pytest.mark.parametrize(("command", "name"), [("audience", "demo"), ("run", "kiosk")])
def test_help_names_the_configuration_that_is_taken(command: str, name: str) -> None:
    said = " ".join(signage(command, "--help").stdout.split())
    assert f"configs/{name}.toml" in said


def test_logging_is_untouched_by_importing(caplog: pytest.LogCaptureFixture) -> None:
    assert not [h for h in logging.getLogger().handlers if type(h) is logging.StreamHandler]
