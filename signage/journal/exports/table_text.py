"""How a value stands in a CSV file that people open in a spreadsheet and programs read, too.

- No text is run as a formula: where one begins as a formula does, an apostrophe goes before it
  (https://owasp.org/www-community/attacks/CSV_Injection). So it does behind what another country's
  spreadsheet takes for the end of a cell. Numbers and times stay as they are.
- No number has three decimals: where the point groups thousands, 5.123 would be 5123. There are
  six at least, which no country reads as another number or as a date.
- Times are in UTC without their offset, which a spreadsheet would keep as text.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

_DECIMALS = 6
# The full-width forms count as the plain ones where a spreadsheet is set to Japanese or Chinese.
_FORMULA = re.compile("(?:^|(?<=[;|\t\r\n]))(?=[-=+@\t\r\n＝＋－＠])")


def cell(value: Any) -> Any:
    """``value`` as it is written: None is empty."""
    match value:
        case str():
            return _FORMULA.sub("'", value)
        case datetime():
            utc = value.astimezone(UTC).replace(tzinfo=None)
            return utc.isoformat(" ", timespec="milliseconds")
        case float():
            return decimal(value)
    return value


def decimal(value: float) -> str:
    """All digits of ``value``, and no fewer than six decimals; no exponent, and no minus zero."""
    text = repr(value + 0.0)
    if "e" in text:
        text = format(Decimal(text), "f")
    whole, _, decimals = text.partition(".")
    return f"{whole}.{decimals.ljust(_DECIMALS, '0')}"
