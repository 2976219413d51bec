"""What a curator pinned holds when another vendor takes over the match, and counts once."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from leagues.models import Player, Season
from matches.enums import Pin
from matches.ingest.documents import FeedDocument, FeedEvent, FeedMatch, FeedPlayer, FeedTeam
from matches.models import Match, PlayEvent, VendorWord
from matches.rules.corrections import Said
from matches.services.corrections import By, add_event, amend_event, release_event, retract_event
from matches.services.ingest import apply_document
from stats.services.fold import fold_match

pytestmark = pytest.mark.django_db

AT = datetime(2026, 11, 22, 15, tzinfo=UTC)
BEGIN = FeedEvent(type="period_start", period="1H", vendor_event_id="k", rev=1)
GOAL = FeedEvent(
    type="goal", period="1H", clock_ms=600_000, team="h", player="p1", vendor_event_id="g1", rev=1
)
# Another vendor's ids are its own: this one calls its first shot as the other calls the goal.
OTHER_GOAL = replace(GOAL, vendor_event_id="900", clock_ms=612_000)
OTHER_SHOT = replace(GOAL, type="shot", vendor_event_id="g1", clock_ms=60_000, player="p3")
BY = By(reason="The referee's report names another player.")


def tell(source: str, *events: FeedEvent, is_snapshot: bool) -> Match:
    if not is_snapshot:
        events = (BEGIN, *events)
    match = FeedMatch(
        ref=f"{source}-1", home="h", away="a", kickoff_at=AT, events=events, is_snapshot=is_snapshot
    )
    apply_document(
        FeedDocument(
            source=source,
            sport="football",
            league="Sunday League",
            season="2026-27",
            teams=[FeedTeam(ref="h", name="Rovers"), FeedTeam(ref="a", name="United")],
            players=[FeedPlayer(ref=f"p{n}", name=f"Home {n}", team="h") for n in (1, 2, 3)],
            matches=[match],
        ),
        at=AT,
    )
    return Match.objects.get()


def goals() -> list[tuple[str, str]]:
    """The goals that stand: who scored, and whose word it is."""
    newest = PlayEvent.objects.order_by("lineage_id", "-rev").distinct("lineage_id")
    return sorted(
        (row.player.name, row.source)
        for row in newest
        if (row.type, row.op != "retract") == ("goal", True)
    )


def score(match: Match) -> tuple:
    fold_match(match.pk)
    match.refresh_from_db()
    return (match.home_score, match.away_score)


@pytest.fixture
def match() -> Match:
    """The first vendor tells a goal of Home 1."""
    return tell("first", GOAL, is_snapshot=True)


@pytest.fixture(params=[True, False], ids=["snapshots", "news"])
def take_over(request, match: Match):
    """Let the second vendor be ranked first, and tell its whole match or its news."""
    Season.objects.update(sources=["second", "first"])

    def take(*events: FeedEvent) -> Match:
        return tell("second", *events, is_snapshot=request.param)

    return take


def newest_goal() -> PlayEvent:
    return PlayEvent.objects.filter(type="goal").latest("seq")


def name_scorer(match: Match, name: str, *, by: By = BY, **changes) -> None:
    row = newest_goal()
    said = Said(
        type=row.type,
        period=row.period,
        clock_ms=row.clock_ms,
        team=row.team_id,
        player=Player.objects.get(name=name).pk,
        related_player=None,
        payload=row.payload,
    )
    amend_event(match.pk, row.lineage_id, replace(said, **changes), by=by)


def test_without_a_curator_the_new_vendors_word_counts(match: Match, take_over):
    take_over(OTHER_SHOT, OTHER_GOAL)

    assert (goals(), score(match)) == ([("Home 1", "second")], (1, 0))


@pytest.mark.parametrize("scorer", ["p1", "p2", "p3"])
def test_pinned_scorer_stands_whomever_the_new_vendor_names(match: Match, take_over, scorer: str):
    name_scorer(match, "Home 2")

    for rev in (1, 2, 3):
        take_over(OTHER_SHOT, replace(OTHER_GOAL, player=scorer, rev=rev))

    assert (goals(), score(match)) == ([("Home 2", "admin")], (1, 0))
    word = VendorWord.objects.get(source="second")
    assert word.fact["vendor_event_id"] == "900"


def test_pinned_minute_far_from_the_vendors_stands(match: Match, take_over):
    name_scorer(match, "Home 1", clock_ms=1_500_000)

    take_over(OTHER_SHOT, OTHER_GOAL)
    take_over(OTHER_SHOT, OTHER_GOAL)

    assert (goals(), score(match)) == ([("Home 1", "admin")], (1, 0))


def test_goal_that_was_taken_back_does_not_return(match: Match, take_over):
    retract_event(match.pk, newest_goal().lineage_id, by=BY)

    take_over(OTHER_SHOT, OTHER_GOAL)
    take_over(OTHER_SHOT, replace(OTHER_GOAL, rev=2))

    assert (goals(), score(match)) == ([], (0, 0))


def test_goal_that_a_curator_added_counts_once(match: Match, take_over):
    row = newest_goal()
    said = Said(
        type="goal",
        period="1H",
        clock_ms=1_800_000,
        team=row.team_id,
        player=Player.objects.get(name="Home 3").pk,
        related_player=None,
        payload={},
    )
    add_event(match.pk, said, by=BY)
    late = replace(GOAL, player="p3", clock_ms=1_810_000, vendor_event_id="901")

    take_over(OTHER_SHOT, OTHER_GOAL, late)

    assert (goals(), score(match)) == ([("Home 1", "second"), ("Home 3", "admin")], (2, 0))


def test_word_without_a_pin_gives_way_to_the_new_vendor(match: Match, take_over):
    name_scorer(match, "Home 2", by=replace(BY, pin=""))

    take_over(OTHER_SHOT, OTHER_GOAL)

    assert (goals(), score(match)) == ([("Home 1", "second")], (1, 0))


def test_released_fact_goes_to_who_tells_the_match_now(match: Match, take_over):
    name_scorer(match, "Home 2")
    take_over(OTHER_SHOT, replace(OTHER_GOAL, player="p3"))

    release_event(match.pk, newest_goal().lineage_id, by=BY)
    assert goals() == [("Home 3", "second")]

    take_over(OTHER_SHOT, replace(OTHER_GOAL, player="p1", rev=2))
    assert (goals(), score(match)) == ([("Home 1", "second")], (1, 0))


def test_released_fact_that_the_new_vendor_never_told_stands_without_a_pin(match: Match, take_over):
    name_scorer(match, "Home 2")
    take_over(OTHER_SHOT)

    release_event(match.pk, newest_goal().lineage_id, by=BY)

    row = newest_goal()
    assert (row.player.name, row.source, row.pin) == ("Home 2", "admin", "")


def test_pin_holds_when_the_first_vendor_takes_over_again(match: Match, take_over):
    name_scorer(match, "Home 2", by=replace(BY, pin=Pin.UNTIL_FINAL))
    take_over(OTHER_SHOT, OTHER_GOAL)
    Season.objects.update(sources=["first", "second"])

    for rev in (2, 3):
        tell("first", replace(GOAL, rev=rev), is_snapshot=True)

    assert (goals(), score(match)) == ([("Home 2", "admin")], (1, 0))
    assert Match.objects.get().event_source == "first"
