"""The optional parts of an installation: what each is for, and how to get it.

A daemon needs none of them. The names are those of ``[project.optional-dependencies]``.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import Literal

from signage.errors import MissingExtraError

Extra = Literal["analysis", "convert", "parquet", "cluster"]

_PACKAGES: dict[Extra, str] = {
    "analysis": "matplotlib",
    "convert": "onnx",
    "parquet": "pyarrow",
    "cluster": "distributed",
}
"""The package that nothing but its extra brings."""


def require_extra(extra: Extra, purpose: str) -> None:
    """Check that ``extra`` is installed; ``purpose`` begins the message, as in "A report".

    Raises MissingExtraError that says what to install.
    """
    if find_spec(_PACKAGES[extra]) is None:
        raise MissingExtraError(
            f"{purpose} needs the package {_PACKAGES[extra]}, which is not installed. "
            f'Run `pip install "signage[{extra}]"`.'
        )
