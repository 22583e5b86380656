"""How a recorded answer is compared with the answer of today."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

Shape = dict[str, list[str]]
"""The types that each path of a JSON document can have."""

_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")


def shape_of(document: Any, ids: Iterable[str] = ()) -> Shape:
    """Return the paths of ``document`` and their types.

    A key that is one of ``ids``, or is no plain name, counts as ``*``: there may be any number.
    """
    return merged(({path: [kind]} for path, kind in _leaves(document, "", frozenset(ids))))


def merged(shapes: Iterable[Mapping[str, list[str]]]) -> Shape:
    """Return one shape that has every path and type of ``shapes``."""
    total: dict[str, set[str]] = {}
    for shape in shapes:
        for path, kinds in shape.items():
            total.setdefault(path, set()).update(kinds)
    return {path: sorted(kinds) for path, kinds in sorted(total.items())}


def missing(recorded: Shape, today: Shape) -> list[str]:
    """Return what ``recorded`` has that ``today`` lacks.

    Null is no type here: whether a value is known depends on the moment.
    """
    return [
        f"{path}: {kind}"
        for path, kinds in recorded.items()
        for kind in kinds
        if kind != "null" and kind not in today.get(path, [])
    ]


def _leaves(value: Any, path: str, ids: frozenset[str]) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        yield path, "object"
        for key, inner in value.items():
            name = key if _NAME.fullmatch(key) and key not in ids else "*"
            yield from _leaves(inner, f"{path}.{name}".lstrip("."), ids)
    elif isinstance(value, list):
        yield path, "array"
        for inner in value:
            yield from _leaves(inner, f"{path}[]", ids)
    else:
        kinds = {bool: "boolean", int: "number", float: "number", str: "string"}
        yield path, kinds.get(type(value), "null")


def differences(
    recorded: Any, today: Any, path: str = "", *, tolerance: float = 1e-9, prose: bool = False
) -> Iterator[str]:
    """Yield where ``today`` differs from ``recorded``. Further keys are no difference.

    Numbers may differ by ``tolerance``, relative to their size. With ``prose``, the words of texts
    with spaces may change; of keys with spaces only the values are compared, in their order.
    """

    def inner(one: Any, other: Any, where: str) -> Iterator[str]:
        return differences(one, other, path + where, tolerance=tolerance, prose=prose)

    if isinstance(recorded, dict) and isinstance(today, dict):
        labels = {key for key in recorded | today if prose and _is_prose(key)}
        yield from (f"{path}.{key} is missing" for key in recorded.keys() - today.keys() - labels)
        for key in recorded.keys() & today.keys() - labels:
            yield from inner(recorded[key], today[key], f".{key}")
        if labels:
            before, now = ([each[k] for k in each if k in labels] for each in (recorded, today))
            yield from inner(before, now, ".*")
    elif isinstance(recorded, list) and isinstance(today, list):
        if len(recorded) != len(today):
            yield f"{path} has {len(today)} items, not {len(recorded)}"
        for number, (one, other) in enumerate(zip(recorded, today, strict=False)):
            yield from inner(one, other, f"[{number}]")
    elif not _same(recorded, today, tolerance, prose=prose):
        yield f"{path} is {today!r}, not {recorded!r}"


def _same(recorded: Any, today: Any, tolerance: float, *, prose: bool) -> bool:
    numbers = (int, float)
    if type(recorded) in numbers and type(today) in numbers:
        return math.isclose(recorded, today, rel_tol=tolerance, abs_tol=tolerance / 100)
    if prose and isinstance(recorded, str) and isinstance(today, str) and _is_prose(recorded):
        return True
    return type(recorded) is type(today) and bool(recorded == today)


def _is_prose(text: str) -> bool:
    return " " in text and re.search("[a-z]", text) is not None
