"""A goal under review, from the vendor's word to pages, frames, line and table."""

from datetime import timedelta

import pytest

from config.clock import now
from leagues.models import Player
from matches.ingest.documents import FeedDocument, FeedEvent, FeedMatch, FeedPlayer, FeedTeam
from matches.live import scores_fragments
from matches.models import Match
from matches.selectors.timelines import match_head, match_timeline
from matches.services.ingest import apply_document
from stats.live import event_documents, page_fragments
from stats.models import StatLine, TableRow
from stats.services.fold import fold_match
from stats.services.tables import refresh_tables

pytestmark = pytest.mark.django_db

START = FeedEvent(type="period_start", period="1H", vendor_event_id="s")
END = FeedEvent(type="match_end", period="2H", vendor_event_id="e")
GOAL = FeedEvent(
    type="goal", period="1H", clock_ms=600_000, team="h", player="p1", vendor_event_id="g1"
)
REVIEW = FeedEvent(
    type="var", period="1H", clock_ms=620_000, team="h", vendor_event_id="v1", payload={}
)


def tell(*events: FeedEvent, is_snapshot: bool = False, later_s: int = 0) -> Match:
    """Apply what the vendor says and do what the workers do."""
    at = now()
    match = FeedMatch(
        ref="m1", home="h", away="a", kickoff_at=at, events=events, is_snapshot=is_snapshot
    )
    document = FeedDocument(
        source="vendor",
        sport="football",
        league="Sunday League",
        season="2026-27",
        teams=[FeedTeam(ref="h", name="Rovers"), FeedTeam(ref="a", name="United")],
        players=[FeedPlayer(ref=f"p{n}", name=f"Home {n}", team="h") for n in (1, 2)],
        matches=[match],
    )
    apply_document(document, at=at + timedelta(seconds=later_s))
    found = Match.objects.with_sides().get()
    news = fold_match(found.pk)
    if news is not None and news.standing_changed:
        refresh_tables(found.season_id)
    return Match.objects.with_sides().get()


def goals(name: str) -> int:
    line = StatLine.objects.filter(player=Player.objects.get(name=name)).first()
    return line.values["goals"] if line else 0


def points(match: Match) -> int:
    row = TableRow.objects.get(season=match.season_id, kind="total", team=match.home_id)
    return row.values["points"]


def test_goal_under_review_is_struck_everywhere_and_stays_visible():
    tell(START, GOAL)
    match = tell(FeedEvent(**{**_told(GOAL), "rev": 2, "certainty": "provisional"}), REVIEW)
    under_review = "".join(page_fragments(match).values())
    before = match.folded_seq
    assert "Under review" in under_review
    assert (match.home_score, points(match)) == (1, 3)

    undone = {"rev": 3, "is_retracted": True, "reason": "VAR: offside"}
    match = tell(FeedEvent(**{**_told(GOAL), **undone}))

    parts = page_fragments(match, after_seq=before)
    (moment,) = (html for key, html in parts.items() if key.startswith("t:"))
    assert "moment--cancelled" in moment
    assert "Cancelled: VAR: offside" in moment
    assert "0<span" in parts["score"]
    assert "Correction: Goal cancelled" in parts["say"]
    (frame,) = event_documents(match, after_seq=before, to_seq=match.folded_seq)
    assert (frame["op"], frame["rev"], frame["reason"]) == ("retract", 3, "VAR: offside")
    assert frame["supersedes"] is not None
    assert (match.home_score, goals("Home 1"), points(match)) == (0, 0, 1)


def _told(event: FeedEvent) -> dict:
    return {name: getattr(event, name) for name in FeedEvent.__slots__}


def row(match: Match) -> str:
    return scores_fragments([match])[f"m:{match.public_id}"]


def goal(rev: int, **said: object) -> FeedEvent:
    return FeedEvent(**{**_told(GOAL), "rev": rev, **said})


@pytest.mark.parametrize(
    ("ending", "is_over"),
    [
        (goal(3, certainty="confirmed"), True),
        (goal(3, is_retracted=True, reason="VAR: offside"), True),
        (REVIEW, True),
        (goal(3, player="p2", certainty="provisional"), False),
        (FeedEvent(**{**_told(GOAL), "vendor_event_id": "g2", "clock_ms": 640_000}), False),
    ],
)
def test_list_row_tells_of_a_review_as_long_as_the_page_of_the_match(
    ending: FeedEvent, is_over: bool
):
    assert "VAR check" not in row(tell(START, GOAL))
    match = tell(goal(2, certainty="provisional"))
    assert row(match).count("VAR check") == 2  # for those who see it and those who hear it
    assert match_head(match, match_timeline(match)).review is not None

    match = tell(ending)

    assert ("VAR check" not in row(match)) is is_over
    assert (match_head(match, match_timeline(match)).review is None) is is_over


def test_review_in_a_list_row_is_gone_with_the_match_and_after_another_process_folds():
    tell(START, GOAL)
    match = tell(goal(2, certainty="provisional"))
    fold_match(match.pk, from_scratch=True)
    assert "VAR check" in row(Match.objects.with_sides().get())

    assert "VAR check" not in row(tell(END))


def test_scorer_changed_after_the_whistle_changes_both_lines():
    match = tell(START, GOAL, END)
    assert (match.status, goals("Home 1"), goals("Home 2")) == ("finished", 1, 0)

    match = tell(FeedEvent(**{**_told(GOAL), "rev": 2, "player": "p2"}))

    assert (match.status, match.home_score, points(match)) == ("finished", 1, 3)
    assert (goals("Home 1"), goals("Home 2")) == (0, 1)


def test_goal_that_a_snapshot_forgets_after_the_whistle_changes_the_table():
    match = tell(START, GOAL, END, is_snapshot=True)
    assert points(match) == 3

    tell(START, END, is_snapshot=True)
    assert points(match) == 3
    match = tell(START, END, is_snapshot=True, later_s=25)

    assert points(match) == 1
    moment = "".join(page_fragments(match).values())
    assert "removed by the source" in moment
