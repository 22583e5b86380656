"""What the manual takes from the code when MkDocs builds it.

A page asks for a generated part by a comment on a line of its own, ``<!-- generated: NAME -->``,
for a file of the repository by ``<!-- include: PATH -->``, and for what a benchmark has written by
``<!-- results: NAME -->``. An unknown name or a missing file stops the build. A benchmark that
nobody has run says so on its page.
"""

from __future__ import annotations

import ast
import inspect
import re
import sqlite3
import textwrap
import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from pydantic import BaseModel

from benchmarks.subjects import SUBJECTS
from signage.config.base import MOST
from signage.config.config import Config
from signage.content.catalogue import ContentFile
from signage.engine.playback import TRANSITIONS, State
from signage.journal import facts
from signage.journal.exports import proof_of_play
from signage.journal.schema import SCHEMA
from signage.player.api import metrics

ROOT = Path(__file__).resolve().parents[1]
_MARKER = re.compile(r"^<!-- (generated|include|results): (\S+) -->$", re.MULTILINE)
_LOCAL_LINK = re.compile(r"\[([^\]]+)\]\((?!https?://|#)[^)\s]+\)")
_NO_DEFAULT = object()
_MORE = {
    "screen": "hardware.md",
    "perception": "seeing.md",
    "audience": "seeing.md#attention",
    "content": "content.md",
    "decision": "deciding.md",
    "constraints": "constraints.md",
    "reward": "deciding.md#reward",
    "reward.reactions": "deciding.md#reaction",
    "policies": "deciding.md#policies",
    "policies.apprentice": "deciding.md#a-safe-hand-over",
    "experiment": "experiments.md",
    "reveal": "playing.md#more-for-people-who-read",
    "player": "playing.md",
    "server": "operating.md#who-may-connect",
}
"""Where the manual explains what a table is for."""

Schema = Mapping[str, Any]


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Fill in what the page asks for. MkDocs calls this for every page."""

    def fill(marker: re.Match[str]) -> str:
        kind, name = marker.groups()
        match kind:
            case "include":
                return _include(ROOT / name)
            case "results":
                return _results(name)
        return GENERATED[name]()

    return _MARKER.sub(fill, markdown)


def _include(path: Path) -> str:
    """The Markdown file at ``path`` without its title.

    Links to other files of the repository become their names: the site does not have them.
    """
    _, _, body = path.read_text(encoding="utf-8").partition("\n")
    return _LOCAL_LINK.sub(r"\1", body).strip()


def _results(name: str) -> str:
    """What the run ``name`` of a benchmark has written, or how it measures where nobody ran it."""
    path = ROOT / "benchmarks" / "results" / f"{name}.md"
    if path.exists():
        body = _include(path)
        if name not in SUBJECTS:  # a variant: its page has the question and the method already
            body = body[body.index("\n## ") + 1 :]
        # The page has a title of its own, and the parts of a result lie below it.
        return re.sub("^##", "###", body, flags=re.MULTILINE)
    parts = ["*No result is here yet. The command above writes one.*"]
    if (subject := SUBJECTS.get(name)) is not None:
        module = ROOT.joinpath(*subject.module.split(".")).with_suffix(".py")
        method = ast.get_docstring(ast.parse(module.read_text(encoding="utf-8"))) or ""
        parts = [f"**{subject.question}**", method, *parts]
    return "\n\n".join(parts)


# The tree of the architecture


def rooms() -> str:
    """The packages of the program, each with its modules."""
    lines = [*_tree(ROOT / "signage", 1)]
    return "\n".join(("```text", "signage/", *lines, "```"))


def _tree(package: Path, depth: int) -> Iterator[str]:
    packages = sorted(path.parent for path in package.glob("*/__init__.py"))
    own = sorted(path.stem for path in package.glob("*.py") if not path.stem.startswith("__"))
    indent = "    " * depth
    if own:
        yield from textwrap.wrap(
            "  ".join(own), 76, initial_indent=indent, subsequent_indent=indent
        )
    for inner in packages:
        yield f"{indent}{inner.name}/"
        yield from _tree(inner, depth + 1)


def layers() -> str:
    """The floors of rooms from the top, as the import rules hold them."""
    rules = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]
    contracts = rules["importlinter"]["contracts"]
    floors = next(contract["layers"] for contract in contracts if contract["type"] == "layers")
    return "\n".join(("```text", *floors, "```"))


def transitions() -> str:
    """What can happen to a play, from the engine's own table."""
    rows = [
        f"| `{state}` | {', '.join(f'`{event}`' for event in events)} | `{after}` |"
        for state, moves in TRANSITIONS.items()
        for after, events in _by_target(moves).items()
    ]
    return "\n".join(("| state | on | becomes |", "|---|---|---|", *rows))


def _by_target(moves: Mapping[Any, tuple[State, Any]]) -> dict[State, list[str]]:
    events: dict[State, list[str]] = {}
    for event, (after, _) in moves.items():
        events.setdefault(after, []).append(str(event.value).replace("_", " "))
    return events


# Configuration


def settings() -> str:
    """Every table and key of a configuration file."""
    return "\n\n".join(("<div class='keys' markdown>", *_table(Config, "", ""), "</div>"))


def content_keys() -> str:
    """Every key of a ``content.toml``."""
    return "\n\n".join(("<div class='keys' markdown>", *_table(ContentFile, "", ""), "</div>"))


def _table(model: type[BaseModel], name: str, purpose: str) -> Iterator[str]:
    """The keys of one table as headings, then the tables within it."""
    schema = model.model_json_schema()
    yield from _keys(schema, schema.get("$defs", {}), name, purpose)


def _keys(schema: Schema, shared: Mapping[str, Schema], name: str, purpose: str) -> Iterator[str]:
    required = set(schema.get("required", ()))
    nested: list[tuple[str, str, Schema, str]] = []
    if name:
        yield purpose + (f" [More about it]({_MORE[name]})." if name in _MORE else "")
    for key, described in schema["properties"].items():
        path = f"{name}.{key}" if name else key
        if (inner := _table_within(described, shared)) is not None:
            kind, table = inner
            nested.append((path, kind, table, described.get("description", "")))
            continue
        yield f"### `{path}` {{ #{path} }}"
        yield _facts(described, shared, required=key in required)
        if text := described.get("description"):
            yield _prose(text)
    for path, kind, table, text in nested:
        title = f"[[{path}]]" if kind == "list" else f"[{path}]"
        yield f"## `{title}` {{ #{path} }}"
        yield from _keys(table, shared, path, _prose(text or table.get("description", "")))


def _table_within(described: Schema, shared: Mapping[str, Schema]) -> tuple[str, Schema] | None:
    """The table that a key holds, and whether it holds one or a list of them."""
    for kind, candidate in (
        ("one", described),
        ("list", described.get("items", {})),
        *(("one", choice) for choice in described.get("anyOf", ())),
        *(("one", choice) for choice in described.get("allOf", ())),
    ):
        table = _resolved(candidate, shared)
        if "properties" in table:
            return kind, table
    return None


def _resolved(schema: Schema, shared: Mapping[str, Schema]) -> Schema:
    reference = schema.get("$ref")
    return shared[reference.rsplit("/", 1)[1]] if reference else schema


def _facts(described: Schema, shared: Mapping[str, Schema], *, required: bool) -> str:
    """Type, bounds and default of a key, in one line."""
    default = described.get("default", _NO_DEFAULT)
    parts = [_kind(described, shared), _bounds(described)]
    if required:
        parts.append("required")
    elif default is None or default is _NO_DEFAULT or default == []:
        parts.append("not set by default")
    else:
        parts.append(f"default `{_toml(default)}`")
    return " · ".join(filter(None, parts))


def _kind(described: Schema, shared: Mapping[str, Schema]) -> str:
    described = _resolved(described, shared)
    if "enum" in described:
        return "one of " + ", ".join(f"`{_toml(value)}`" for value in described["enum"])
    if "const" in described:
        return f"`{_toml(described['const'])}`"
    if "anyOf" in described:
        return next(_kind(c, shared) for c in described["anyOf"] if c.get("type") != "null")
    if described.get("type") == "array":
        inner: Schema = described.get("items") or next(iter(described.get("prefixItems", ())), {})
        return f"list of: {_kind(inner, shared)}" if inner else "list"
    names = {"number": "number", "integer": "whole number", "boolean": "`true` or `false`"}
    if described.get("type") == "string":
        return {"path": "path", "date": "date"}.get(described.get("format", ""), "text")
    return names[described["type"]]


def _bounds(described: Schema) -> str:
    for choice in (described, *described.get("anyOf", ())):
        low = choice.get("minimum", choice.get("exclusiveMinimum"))
        high = choice.get("maximum", choice.get("exclusiveMaximum"))
        if low is None and high is None:
            continue
        parts = []
        if low is not None:
            parts.append(f"{'at least' if 'minimum' in choice else 'more than'} {low:,}")
        if high is not None and high != MOST:
            parts.append(f"{'at most' if 'maximum' in choice else 'less than'} {high:,}")
        return ", ".join(parts)
    return ""


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, list):
        return f"[{', '.join(map(_toml, value))}]"
    return str(value)


# Tables of the journal, of its exports and of the metrics


def journal_tables() -> str:
    """Every table of the journal with its columns, as SQLite sees them."""
    with sqlite3.connect(":memory:") as db:
        db.executescript(SCHEMA)
        names = [row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type='table'")]
        parts = [_columns(db, name) for name in names if not name.startswith("sqlite_")]
    return "\n\n".join(parts)


def _columns(db: sqlite3.Connection, table: str) -> str:
    rows = [
        f"| `{name}` | {kind.lower()} | {'key' if key else '' if required else 'may be empty'} |"
        for _, name, kind, required, _, key in db.execute(f"PRAGMA table_info({table})")
    ]
    head = (f"### `{table}`", "", "| column | type | |", "|---|---|---|")
    return "\n".join((*head, *rows))


def _table_of(module: ModuleType) -> Callable[[], str]:
    """The table in the docstring of ``module``."""

    def table() -> str:
        lines = (inspect.getdoc(module) or "").splitlines()
        return _prose("\n".join(line for line in lines if line.startswith("|")))

    return table


def _prose(text: str) -> str:
    """A docstring as Markdown, without the modules that it points to."""
    return re.sub(r" \(`[\w/]+\.py`\)", "", text.replace("``", "`")).strip()


GENERATED: Mapping[str, Callable[[], str]] = {
    "configuration": settings,
    "content": content_keys,
    "facts": _table_of(facts),
    "journal": journal_tables,
    "layers": layers,
    "metrics": _table_of(metrics),
    "proof-of-play": _table_of(proof_of_play),
    "rooms": rooms,
    "transitions": transitions,
}
