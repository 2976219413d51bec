"""What open pages of a game hear: that its points moved, so that they ask for their parts anew."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final

from django.template.loader import render_to_string

from fantasy.enums import GameState, RoundState
from fantasy.models import Game, Round
from fantasy.selectors.live_ranks import live_round_of
from fantasy.selectors.overall import entry_documents
from fantasy.selectors.told import live_data_at
from matches.templatetags.matchday import age_since
from streams.live.frames import Frame, Snapshot, canonical, state_hash
from streams.live.publish import (
    Publication,
    forget,
    publish_all,
    state_hashes,
    watched_topics,
)
from streams.live.topics import register_snapshots
from streams.redis_client import client

_PREFIX = "page:fantasy:"
_ENTRY_PREFIX: Final = "fantasy:"
# Longer than a topic is kept that nothing is published to.
_FOLLOWED_FOR_S: Final = 2 * 86_400
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


def entry_topic(public_id: str) -> str:
    """Return the topic that tells where an entry stands."""
    return f"{_ENTRY_PREFIX}{public_id}"


def tell_entries(round_ids: Iterable[int]) -> None:
    """Tell those who follow entries of the rounds' games where they stand, where that changed."""
    for game in Game.objects.filter(
        pk__in=Round.objects.filter(pk__in=set(round_ids)).values("game")
    ):
        members: Any = client().smembers(_followed_key(game))
        followed = {name.decode() for name in members}
        topics = {public_id: entry_topic(public_id) for public_id in sorted(followed)}
        watched = watched_topics(list(topics.values()))
        deserted = [public_id for public_id, topic in topics.items() if topic not in watched]
        if deserted:
            # In this order: whoever comes between finds nothing, and is taken down again.
            client().srem(_followed_key(game), *deserted)
            forget([topics[public_id] for public_id in deserted])
        _tell(game, sorted(followed - set(deserted)))


def _tell(game: Game, public_ids: Sequence[str]) -> None:
    if not public_ids:
        return
    client().expire(_followed_key(game), _FOLLOWED_FOR_S)
    documents = entry_documents(game, public_ids)
    held = state_hashes([entry_topic(public_id) for public_id in documents])
    publish_all(
        [
            Publication(
                topic=entry_topic(public_id),
                frames=[Frame(data={"entry": document})],
                snapshot=Snapshot(state=document),
            )
            for (public_id, document), digest in zip(documents.items(), held, strict=True)
            if digest != state_hash(canonical(document))
        ]
    )


def _followed_key(game: Game) -> str:
    return f"veze:fantasy:game:{game.public_id}:followed"


def tell_ages() -> None:
    """Tell open pages of games how old the data of their live points is."""
    open_ = Round.objects.exclude(state__in=_NOT_PLAYED).select_related("game")
    games = {game_topic(round_.game): round_.game for round_ in open_}
    watched = watched_topics(sorted(games))
    publish_all(
        [
            Publication(topic=topic, frames=[Frame(data={"k": parts})])
            for topic in sorted(watched & games.keys())
            if (parts := game_age_fragments(games[topic]))["age"]
        ]
    )


def game_age_fragments(game: Game) -> dict[str, str]:
    """Return the HTML of the age of a game's live data by `data-k`, empty where nothing is live."""
    return age_fragments(game, live_data_at(live_round_of(game.pk)))


def age_fragments(game: Game, data_at: datetime | None) -> dict[str, str]:
    """Return the HTML of the age of that moment's data by `data-k`, empty where nothing is live.

    That of the game's own key is for pages that tell of several games.
    """
    context = {"game": game, "age": age_since(data_at)}
    own = render_to_string("fantasy/partials/game_age.html", context).strip()
    return {
        f"g:{game.public_id}": own,
        "age": render_to_string("fantasy/partials/age.html", context).strip(),
        "banner": render_to_string("fantasy/partials/silence.html", context).strip(),
    }


def register() -> None:
    """Let sockets subscribe to the games that fans may see, and to their entries."""
    register_snapshots(_PREFIX, _load)
    register_snapshots(_ENTRY_PREFIX, _load_entry)


def _load(topic: str) -> Snapshot | None:
    games = Game.objects.exclude(state=GameState.DRAFT)
    if not games.filter(public_id=topic.removeprefix(_PREFIX)).exists():
        return None
    return Snapshot(epoch="", seq=0, state={"k": {}})


def _load_entry(topic: str) -> Snapshot | None:
    public_id = topic.removeprefix(_ENTRY_PREFIX)
    games = Game.objects.exclude(state=GameState.DRAFT).filter(season__league__is_test=False)
    game = games.filter(entries__public_id=public_id).first()
    if game is None:
        return None
    # Before it is counted: what changes meanwhile is told as a frame.
    client().sadd(_followed_key(game), public_id)
    client().expire(_followed_key(game), _FOLLOWED_FOR_S)
    return Snapshot(epoch="", seq=0, state=entry_documents(game, [public_id])[public_id])
