"""What a benchmark returns, and how it becomes Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from signage.stats import mean_of


@dataclass(frozen=True, slots=True)
class Table:
    """A table whose rows may be measured while they are read."""

    columns: Sequence[str]
    rows: Iterable[Sequence[str]]
    title: str = ""


Block = Table | str
"""A table, or a paragraph of Markdown."""

Row = tuple[str, str, str]
"""What was measured, the product's value, and the value to compare it with."""


def comparison(title: str, rows: Iterable[Row], reference: str = "published by others") -> Table:
    """A table of the product's values beside those of others."""
    return Table(("measured", "signage", reference), rows, title)


def markdown(blocks: Iterable[Block]) -> Iterator[str]:
    """Yield the lines of ``blocks``, each as soon as its row is measured."""
    for block in blocks:
        if isinstance(block, str):
            yield from (block.strip("\n"), "")
            continue
        if block.title:
            yield from (f"## {block.title}", "")
        yield _line(block.columns)
        yield "|" + "---|" * len(block.columns)
        for row in block.rows:
            yield _line(row)
        yield ""


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def interval(values: Sequence[float]) -> str:
    """The mean of ``values`` and half of its 95 % interval."""
    return str(mean_of(values))


def share(part: int, whole: int) -> str:
    """``part`` of ``whole`` as a percentage with its denominator."""
    return f"{part / whole:.1%} of {whole}" if whole else "none"
