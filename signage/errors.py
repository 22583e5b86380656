"""The errors that a user can do something about.

Each carries one readable paragraph: what, where, what to do. the room ``cli`` prints it on
stderr and exits with ``exit_code``; anything else is a bug and shows its traceback.
"""

from __future__ import annotations


class SignageError(Exception):
    """A run failed for a reason the user can mend."""

    exit_code = 1


class ConfigError(SignageError):
    """Bad configuration, or a command called the wrong way."""

    exit_code = 2


class MissingExtraError(SignageError):
    """A command that needs an optional part of the installation."""


class SourceError(SignageError):
    """A camera or a video that cannot be read."""


class MediaError(SignageError):
    """A file that was to be shown and cannot be."""


class AssetError(SignageError):
    """A model or a clip that is missing, broken or not what its manifest says."""


class JournalError(SignageError):
    """A journal that cannot be opened or written."""


class LostJournalError(JournalError):
    """A journal whose file was removed or replaced while it was written."""


class DamagedJournalError(JournalError):
    """A journal whose file is no whole database any more."""


class CheckpointError(SignageError):
    """A saved model that cannot be written, or is not there."""
