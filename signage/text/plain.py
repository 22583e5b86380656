"""Text from outside, made fit to be shown: titles, names of files, addresses, exceptions.

Everything that a person reads (the terminal, the log, a page, a chart, a label of a figure) passes
through here, so that a text is shown as text and nothing in it acts.
"""

from __future__ import annotations

import re
import unicodedata

_UNKNOWN = "\N{REPLACEMENT CHARACTER}"
_JOINERS = "\N{ZERO WIDTH NON-JOINER}\N{ZERO WIDTH JOINER}"
"""Persian and many emoji are written with them."""
# What turns the text around it: the embeddings, overrides and isolates of UAX #9.
_TURNING = frozenset(map(chr, (*range(0x202A, 0x202F), *range(0x2066, 0x206A))))
_SPACES = frozenset("\t\n\v\f\r\x85\N{LINE SEPARATOR}\N{PARAGRAPH SEPARATOR}")
# Greedy up to the last @ of the word: a password may hold one, and a slash, too.
_LOGIN = re.compile(r"(?<=://)[^\s\"'<>]*@")
_HOST = re.compile(r"[\w.:\[\]-]*")
_TOKEN = re.compile(r"(?<=[?&]token=)[^\s&\"'<>#]+")
_MASK = "***"


def plain(text: str) -> str:
    """``text`` as one line of characters that are only to be read.

    Breaks become spaces. Control characters, halves of surrogate pairs and whatever turns the
    direction of the text around it become �; marks without a width are left out.
    """
    return text if text.isprintable() else "".join(map(_plain_character, text))


def _plain_character(character: str) -> str:
    if character.isprintable() or character in _JOINERS:
        return character
    if character in _SPACES:
        return " "
    category = unicodedata.category(character)
    if category == "Cf" and character not in _TURNING:
        return ""
    # Spaces of other widths, private and unassigned characters: as they are.
    return _UNKNOWN if category in {"Cc", "Cf", "Cs"} else character


def without_logins(text: str) -> str:
    """``text`` with user and password of every address in it hidden."""
    return _LOGIN.sub(f"{_MASK}@", text)


def host_only(address: str) -> str:
    """``address`` of a camera with nothing in it that may be secret.

    Cameras take passwords and keys before the host, in the query and in the path alike.
    """
    scheme, mark, rest = address.partition("://")
    if not mark:
        return address
    login, at, place = rest.rpartition("@")
    host = _HOST.match(place)
    shown = host[0] if host else ""
    return f"{scheme}://{_MASK + at if login else ''}{shown}{'/…' if place != shown else ''}"


def without_secrets(text: str) -> str:
    """The same with every token hidden, for text that is stored, such as a log."""
    return _TOKEN.sub(_MASK, without_logins(text))


def shortened(text: str, most: int) -> str:
    """``text``, plain, in at most ``most`` characters: its middle gives way."""
    line = plain(text)
    if len(line) <= most:
        return line
    tail = most // 3
    return f"{line[: most - tail - 1].rstrip()}…{line[-tail:].lstrip()}"
