"""From a vendor's word to points and ranks, through outbox, streams and consumer groups."""

from dataclasses import replace
from datetime import timedelta

import pytest

from config.clock import now
from fantasy.enums import RoundState
from fantasy.models import CorrectionCase, Entry, PlayerScore, Round, RoundMatch
from fantasy.services.timing import scored_seconds
from fantasy.tasks import score_behind, settle_rounds
from leagues.models import Player
from matches.ingest.documents import FeedDocument, FeedEvent, FeedMatch, FeedPlayer, FeedTeam
from matches.models import Match
from matches.services.ingest import apply_document
from stats.services import kept
from streams.groups import drain
from streams.redis_client import client
from streams.relay import relay
from tests.factories.fantasy import make_game, make_game_player, make_round
from tests.fantasy.settled import total_of

pytestmark = pytest.mark.django_db(transaction=True)

START = FeedEvent(type="period_start", period="1H", vendor_event_id="s")
END = FeedEvent(type="match_end", period="2H", vendor_event_id="e")
GOAL = FeedEvent(
    type="goal", period="1H", clock_ms=600_000, team="h", player="p1", vendor_event_id="g1"
)


@pytest.fixture(autouse=True)
def _forget_folds():
    kept._kept.clear()
    yield
    kept._kept.clear()


def tell(*events: FeedEvent) -> Match:
    """Let the vendor say something."""
    at = now()
    match = FeedMatch(ref="m1", home="h", away="a", kickoff_at=at, events=events)
    document = FeedDocument(
        source="vendor",
        sport="football",
        league="Sunday League",
        season="2026-27",
        teams=[FeedTeam(ref="h", name="Rovers"), FeedTeam(ref="a", name="United")],
        players=[
            FeedPlayer(ref=f"p{n}", name=f"Home {n}", team="h", position="MID") for n in (1, 2)
        ],
        matches=[match],
    )
    apply_document(document, at=at)
    return Match.objects.with_sides().get()


def work() -> None:
    """Do what the workers of both queues do until nothing waits."""
    for _ in range(3):
        relay()
        drain("stats")
        relay()
        drain("fantasy")
        drain("ranks")


def play(match: Match) -> Round:
    """Let the match count in a round of a game."""
    game = make_game(match.season, rules="fpl-2026-27")
    round_ = make_round(game, 1, starts_at=now() - timedelta(minutes=30), state=RoundState.LOCKED)
    RoundMatch.objects.create(game=game, round=round_, match=match)
    for player in Player.objects.order_by("name"):
        make_game_player(game, match.home, "MID", player=player)
    return round_


def points() -> list[int]:
    scores = PlayerScore.objects.order_by("game_player__number")
    return list(scores.values_list("points", flat=True))


def test_goal_becomes_points_and_its_retraction_takes_them():
    play(tell(START))
    tell(GOAL)
    work()
    assert points() == [5]
    assert Round.objects.get().state == RoundState.LIVE
    assert len(scored_seconds()) == 1

    tell(replace(GOAL, rev=2, is_retracted=True, reason="VAR: offside"))
    work()

    assert points() == []


def test_sweep_scores_what_redis_forgot():
    play(tell(START))
    tell(GOAL)
    relay()
    drain("stats")
    client().flushdb()

    score_behind()

    assert points() == [5]


def test_settlement_and_correction_are_the_works_of_a_task():
    round_ = play(tell(START))
    entry = Entry.objects.create(game=round_.game, name="One", number=0, joined_round=round_)
    number = round_.game.players.get(player__name="Home 1").number
    entry.lineups.create(
        round=round_,
        packed=number.to_bytes(2, "big") + b"\xff\xff" * 14,
        captain_slot=1,
        leaf=b"leaf",
    )
    tell(GOAL, END)
    work()
    Match.objects.update(kickoff_at=now() - timedelta(days=2))

    settle_rounds()

    assert Round.objects.get().state == RoundState.SETTLED
    before = total_of(entry)
    tell(replace(GOAL, rev=2, is_retracted=True, reason="An own goal after all"))
    work()
    assert CorrectionCase.objects.get().state == "open"

    settle_rounds()

    assert total_of(entry) < before
    assert CorrectionCase.objects.get().state == "applied"
