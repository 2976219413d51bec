"""What open pages of a game hear: that its points moved, so that they ask for their parts anew."""

from collections.abc import Iterable

from fantasy.enums import GameState
from fantasy.models import Game, Round
from streams.live.frames import Frame, Snapshot
from streams.live.publish import Publication, publish_all, watched_topics
from streams.live.topics import register_snapshots

_PREFIX = "page:fantasy:"
# What each reader is told is his own: the frame says only that there is something to ask for.
_NEWS = {"ask": ""}


def game_topic(game: Game) -> str:
    """Return the topic that the pages of a game listen to."""
    return f"{_PREFIX}{game.public_id}"


def tell_pages(round_ids: Iterable[int]) -> None:
    """Tell open pages of the rounds' games that there is news, where there are any."""
    games = Game.objects.filter(pk__in=Round.objects.filter(pk__in=set(round_ids)).values("game"))
    topics = sorted(game_topic(game) for game in games)
    watched = watched_topics(topics)
    publish_all(
        [
            Publication(topic=topic, frames=[Frame(data={"k": _NEWS})])
            for topic in topics
            if topic in watched
        ]
    )


def register() -> None:
    """Let sockets subscribe to the games that fans may see."""
    register_snapshots(_PREFIX, _load)


def _load(topic: str) -> Snapshot | None:
    games = Game.objects.exclude(state=GameState.DRAFT)
    if not games.filter(public_id=topic.removeprefix(_PREFIX)).exists():
        return None
    return Snapshot(epoch="", seq=0, state={"k": {}})
