"""The manual as text: it is short, names what exists, and leaves no key undescribed."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from docs import hooks
from signage.recommend.policies.base import Answer, Question

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted((ROOT / "docs").rglob("*.md"))
MOST_WORDS = 25
MOST_README_LINES = 150


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= MOST_README_LINES


def test_the_links_of_the_readme_lead_to_files() -> None:
    links = re.findall(r"\]\(([^)#]+)", (ROOT / "README.md").read_text(encoding="utf-8"))
    assert [link for link in links if "://" not in link and not (ROOT / link).exists()] == []


@pytest.mark.parametrize(
    "page",
    [ROOT / "README.md", ROOT / "models/README.md", *PAGES],
    ids=lambda path: path.relative_to(ROOT).as_posix(),
)
def test_no_sentence_is_long(page: Path) -> None:
    long = [
        f"{count} words: {sentence}"
        for sentence in sentences(page.read_text(encoding="utf-8"))
        if (count := len(re.findall(r"\S*\w\S*", sentence))) > MOST_WORDS
    ]
    assert long == []


def sentences(markdown: str) -> Iterator[str]:
    """The sentences of the prose, without code, tables and headings."""
    text = re.sub(r"^```.*?^```$", "", markdown, flags=re.DOTALL | re.MULTILINE)
    text = re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL)
    text = re.sub(r"`[^`\n]+`", "code", text)
    text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", text)
    for block in re.split(r"\n\s*\n|\n(?=\s*(?:[-*]|\d+\.) )", text):
        if not re.match(r"(?: {4}(?!- )|\t|\||#)", block.lstrip("\n")):
            prose = " ".join(re.sub(r"^\s*(?:[-*]|\d+\.) ", "", block).replace("*", "").split())
            yield from re.split(r"(?<=[.!?])\)?\s+", prose)


def test_every_file_that_the_manual_names_is_there() -> None:
    pattern = r"`((?:signage|tests|docs|scripts|configs|models|benchmarks|findings)/[\w./-]+)`"
    named = {
        name
        for page in (ROOT / "README.md", *PAGES)
        for name in re.findall(pattern, page.read_text(encoding="utf-8"))
    }
    written = {"configs/footage/", "benchmarks/results/"}  # by the demo, and by benchmarks
    assert [name for name in sorted(named - written) if not (ROOT / name).exists()] == []


def test_the_policy_that_the_manual_shows_answers_with_a_distribution() -> None:
    text = (ROOT / "docs/contributing.md").read_text(encoding="utf-8")
    example = re.search(r"^ {8}class Movers:\n(?:(?: {8}.*)?\n)+", text, re.MULTILINE)
    assert example is not None
    names: dict[str, Any] = {"np": np, "Answer": Answer}
    exec("from __future__ import annotations\n" + textwrap.dedent(example[0]), names)
    actions = {"coffee": ("medium=html", "motion"), "wine": ("medium=image", "still")}

    answer = names["Movers"]().answer(Question({}, actions, {}, hour=12))

    assert answer.probabilities.tolist() == [1.0, 0.0]


def test_the_architecture_has_a_paragraph_for_every_room() -> None:
    text = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    rooms = {path.parent.name for path in (ROOT / "signage").glob("*/__init__.py")}
    assert sorted(room for room in rooms if f"\n### {room}\n" not in text) == []


@pytest.mark.parametrize("reference", [hooks.settings, hooks.content_keys])
def test_every_key_of_a_file_is_described(reference: Callable[[], str]) -> None:
    entries = re.findall(r"^### `(\S+)`.*\n\n.+\n\n(.*)", reference(), re.MULTILINE)
    assert len(entries) > 20
    assert [key for key, text in entries if not re.match(r"\w", text)] == []


def test_every_class_that_the_glossary_names_is_there() -> None:
    rows = re.findall(r"^\|.*\|$", (ROOT / "docs/glossary.md").read_text(encoding="utf-8"), re.M)
    named = {name for row in rows for name in re.findall(r"`([A-Z]\w+)[`.]", row.split("|")[3])}
    code = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "signage").rglob("*.py"))
    assert len(named) > 10
    assert [name for name in sorted(named) if not re.search(rf"^class {name}\b", code, re.M)] == []
