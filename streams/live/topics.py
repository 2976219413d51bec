"""Live topics: their names, who may see them, and how a lost snapshot is made anew.

A live topic is `<kind>:<id>`, such as `match:vz_match_01K...` or `page:scores`.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from config.sight import Wish
from streams.live.frames import Snapshot

# Returns None for a topic that does not exist. Runs in a thread and may read the database.
Loader = Callable[[str], Snapshot | None]
# Publishes what is due of a topic that is published only where it is followed, and returns in how
# many seconds to call again. Runs in a thread; several processes may do so at once.
Driver = Callable[[str], float]
# Whether there is such a topic, of one that nobody can rebuild. Runs in a thread and may read the
# database.
Existence = Callable[[str], bool]
# Takes the user and the topic. Runs in a thread and may read the database.
Visibility = Callable[[Any, str], bool]

_NAME: Final = re.compile(r"[a-z]+(:[A-Za-z0-9_.-]+){1,3}", re.ASCII)
MAX_NAME_CHARS: Final = 96


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What is known of all topics with one prefix.

    Without `load` and `exists` every name is a topic. What is no news, such as a replay, comes to
    readers with a delay at once. `scope` is what a partner's key must be
    good for.
    """

    prefix: str
    load: Loader | None = None
    exists: Existence | None = None
    may_see: Visibility | None = None
    is_news: bool = True
    drive: Driver | None = None
    scope: str = "read"
    needs_key: bool = False


# Public kinds which the platform publishes even where nobody can rebuild a snapshot.
_KINDS: dict[str, Kind] = {
    prefix: Kind(prefix=prefix) for prefix in ("match:", "team:", "league:", "page:")
}


def register_snapshots(
    prefix: str,
    loader: Loader | None,
    *,
    exists: Existence | None = None,
    may_see: Visibility | None = None,
    drive: Driver | None = None,
    key_scope: str | None = None,
) -> None:
    """Say how topics with this prefix are rebuilt when Redis lost them, and who may see them.

    Without a loader `exists` tells a topic that was never published from none at all.
    With `drive` they are no news, and the processes that have readers of them publish their frames.
    With `key_scope` only those see them whose key is good for that.
    The longest registered prefix of a topic counts. A second call replaces the first.
    """
    _KINDS[prefix] = Kind(
        prefix=prefix,
        load=loader,
        exists=exists,
        may_see=may_see,
        is_news=drive is None,
        drive=drive,
        scope=key_scope or "read",
        needs_key=key_scope is not None,
    )


def kind_of(topic: str) -> Kind | None:
    """Return the kind with the longest prefix of the topic, None for a name nobody knows."""
    if len(topic) > MAX_NAME_CHARS or not _NAME.fullmatch(topic):
        return None
    fitting = [kind for prefix, kind in _KINDS.items() if topic.startswith(prefix)]
    return max(fitting, key=lambda kind: len(kind.prefix), default=None)


def hides(wish: Wish, topic: str) -> bool:
    """Whether the topic tells scores that the reader has not asked for."""
    kind = kind_of(topic)
    if not wish.hides_scores or kind is None or not kind.is_news:
        return False
    subject, _, rest = topic.removeprefix("page:").partition(":")
    return subject != "match" or rest.partition(":")[0] not in wish.shown
