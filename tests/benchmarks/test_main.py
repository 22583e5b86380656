"""The command that lists and runs benchmarks, and the pages that it writes."""

from __future__ import annotations

import argparse
import platform
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from benchmarks.__main__ import main
from benchmarks.common import paths
from benchmarks.common.page import without_paths
from benchmarks.common.tables import Table, comparison, markdown
from benchmarks.subjects import SUBJECTS, Subject

pytestmark = pytest.mark.bench

TINY = {
    "memory": ["--decisions", "40"],
    "experiment": ["--experiments", "2"],
    "off-policy": ["--logs", "2", "--plays", "200", "--jobs", "1"],
    "learning": [
        "--plays",
        "40",
        "--seeds",
        "2",
        "--worlds",
        "looks",
        "--policies",
        "uniform",
        "--jobs",
        "1",
    ],
}
"""Subjects that need neither pictures nor a browser, made small."""


def test_without_a_name_every_subject_is_listed_with_its_question(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main([]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(SUBJECTS)
    for line, subject in zip(lines, SUBJECTS.values(), strict=True):
        assert subject.question in line
        assert subject.usual_time in line


def test_an_unknown_name_is_an_error_of_usage(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["guesses"])
    assert ended.value.code == 2
    assert "accuracy" in capsys.readouterr().err


def test_the_command_runs_as_a_module() -> None:
    command = [sys.executable, "-m", "benchmarks"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "off-policy" in done.stdout


@pytest.mark.parametrize("subject", SUBJECTS.values(), ids=SUBJECTS.keys())
def test_every_subject_says_how_it_is_measured_and_has_a_quick_run(subject: Subject) -> None:
    benchmark = subject.load()
    parser = argparse.ArgumentParser()
    benchmark.add_options(parser)
    data = ["--data", "."] if subject.name == "faces" else []
    usual = vars(parser.parse_args(data))
    parser.set_defaults(**benchmark.QUICK)
    quick = vars(parser.parse_args(data))
    assert benchmark.__doc__
    assert usual.keys() == quick.keys()
    assert usual != quick
    assert subject.variants.keys() <= usual.keys()


@pytest.mark.parametrize(("name", "options"), TINY.items(), ids=TINY)
def test_a_run_prints_its_tables_and_writes_them_with_where_they_come_from(
    name: str, options: Sequence[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([name, *options, "--out", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    page = (tmp_path / f"{name}.md").read_text(encoding="utf-8")
    assert page.startswith(f"# {name.replace('-', ' ').capitalize()}\n")
    assert SUBJECTS[name].question in page
    assert printed.strip() in page
    assert f"    python -m benchmarks {name} {' '.join(options)} --out PATH\n" in page
    for what in (
        "Commit: ",
        "Machine: ",
        "cores",
        f"Python: {platform.python_version()}",
        "Date: ",
    ):
        assert what in page
    assert platform.node() not in page
    assert str(tmp_path) not in page


def test_what_measures_something_else_has_a_page_of_its_own() -> None:
    options = argparse.Namespace(sets=True, speed=False)
    assert SUBJECTS["learning"].page_name(options) == "learning-sets"
    assert SUBJECTS["learning"].page_name(argparse.Namespace(sets=False)) == "learning"


def test_no_page_names_a_path() -> None:
    options = argparse.Namespace(data=Path("/home/somebody/faces"), seeds=4)
    for given in (["--data", "/home/somebody/faces/"], ["--data=/home/somebody/faces"]):
        shown = " ".join(without_paths([*given, "--seeds", "4"], options))
        assert "somebody" not in shown
        assert "PATH --seeds 4" in shown


@pytest.mark.parametrize("name", ["CONFIGS", "DEMO", "SCENES", "MODELS", "MANIFEST"])
def test_what_benchmarks_read_of_the_repository_is_there(name: str) -> None:
    assert getattr(paths, name).exists()


def test_a_missing_folder_is_an_error_of_usage(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["accuracy", "--data", str(tmp_path / "nowhere")])
    assert ended.value.code == 2
    assert "There is no folder" in capsys.readouterr().err


def test_a_row_is_printed_before_the_next_one_is_measured() -> None:
    measured: list[int] = []

    def rows() -> Iterator[tuple[str, str, str]]:
        for number in range(2):
            measured.append(number)
            yield (str(number), "", "")

    lines = markdown(["A paragraph.", comparison("Title", rows())])
    assert [next(lines) for _ in range(4)] == ["A paragraph.", "", "## Title", ""]
    assert next(lines) == "| measured | signage | published by others |"
    assert next(lines) == "|---|---|---|"
    assert measured == []
    assert next(lines) == "| 0 |  |  |"
    assert measured == [0]
    assert list(markdown([Table(("a",), [("1",)])])) == ["| a |", "|---|", "| 1 |", ""]
