"""What open pages of a game hear: that its points moved, so that they ask for their parts anew."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from django.template.loader import render_to_string

from fantasy.enums import GameState, RoundState
from fantasy.models import Game, Round
from fantasy.selectors.live_ranks import live_round_of
from fantasy.selectors.told import live_data_at
from matches.templatetags.matchday import age_since
from streams.live.frames import Frame, Snapshot
from streams.live.publish import Publication, publish_all, watched_topics
from streams.live.topics import register_snapshots

_PREFIX = "page:fantasy:"
# What each reader is told is his own: the frame says only that there is something to ask for.
_NEWS = {"ask": ""}
_NOT_PLAYED: Final = (RoundState.UPCOMING, RoundState.SETTLED, RoundState.VOID)


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


def tell_ages() -> None:
    """Tell open pages of games how old the data of their live points is."""
    open_ = Round.objects.exclude(state__in=_NOT_PLAYED).select_related("game")
    games = {game_topic(round_.game): round_.game_id for round_ in open_}
    watched = watched_topics(sorted(games))
    publish_all(
        [
            Publication(topic=topic, frames=[Frame(data={"k": parts})])
            for topic in sorted(watched & games.keys())
            if (parts := age_fragments(live_data_at(live_round_of(games[topic]))))["age"]
        ]
    )


def age_fragments(data_at: datetime | None) -> dict[str, str]:
    """Return the HTML of the age of that moment's data by `data-k`, empty where nothing is live."""
    context = {"age": age_since(data_at)}
    return {
        "age": render_to_string("fantasy/partials/age.html", context).strip(),
        "banner": render_to_string("fantasy/partials/silence.html", context).strip(),
    }


def register() -> None:
    """Let sockets subscribe to the games that fans may see."""
    register_snapshots(_PREFIX, _load)


def _load(topic: str) -> Snapshot | None:
    games = Game.objects.exclude(state=GameState.DRAFT)
    if not games.filter(public_id=topic.removeprefix(_PREFIX)).exists():
        return None
    return Snapshot(epoch="", seq=0, state={"k": {}})
