"""From checked contents to a catalogue: the same for the screen, the simulation and the check."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from signage.config.config import Config
from signage.config.content import ContentConfig
from signage.content.catalogue import MOST_PROMISED, Catalogue, Content, closed_to_some
from signage.content.check import Checked, check_folder
from signage.errors import ConfigError

log = logging.getLogger(__name__)


def load_catalogue(config: ContentConfig) -> Catalogue:
    """Return the contents that a screen plays once it has decoded all of them.

    A content that will not play is left out with a warning. Raises ConfigError when there is no
    catalogue without it, or when ``config.fallback`` is not among the contents. (A screen, which
    must not stay dark, plays another fallback then: ``ContentWatch``.)
    """
    checked = list(check_folder(config.dir))
    contents, left_out = playable_together(checked)
    for each in checked:
        if each.errors:
            log.warning("Content left out: %s: %s", each.content_id, " ".join(each.errors))
    for name, reason in left_out.items():
        log.warning("Content left out: %s: %s", name, reason)
    return Catalogue(contents, config.fallback)


def playable_together(checked: Sequence[Checked]) -> tuple[list[Content], dict[str, str]]:
    """Divide the contents without errors into those that can play together, and the others.

    Of the others the reason, by id: the shares of voice that they promise do not fit.
    """
    promised, playable, left_out = 0.0, [], {}
    contents = [each.content for each in checked if each.content is not None and not each.errors]
    for content in sorted(contents, key=lambda content: content.content_id):
        share = content.share_min or 0.0
        if share and promised + share > MOST_PROMISED + 1e-9:
            left_out[content.content_id] = (
                f"Its share_min ({share:g}) and the earlier ones ({promised:g}) add up to "
                f"more than {MOST_PROMISED:g}. Lower some of them."
            )
        else:
            promised += share
            playable.append(content)
    return playable, left_out


def check_together(checked: Sequence[Checked], config: Config | None) -> list[str]:
    """Add to ``checked`` what keeps contents from playing beside each other.

    Returns what is wrong with the whole catalogue, or with what ``config`` says of it.
    """
    contents, left_out = playable_together(checked)
    for each in checked:
        if each.content_id in left_out and not each.errors:
            each.errors.append(left_out[each.content_id])
    faults = []
    try:
        Catalogue(contents, config.content.fallback if config else None)
    except ConfigError as error:
        faults.append(str(error))
    playing = {content.content_id: content for content in contents}
    for name in config.player.loop if config else ():
        if name not in playing:
            faults.append(f"player.loop names {name!r}, which is missing or will not play.")
        elif reason := closed_to_some(playing[name]):
            faults.append(
                f"player.loop names {name!r}, but the loop must be allowed for everyone: it "
                f"{reason}."
            )
    return faults
