"""A result becomes final by the vendor's word, or when nothing changed for twelve hours."""

from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse

from matches.enums import MatchStatus
from matches.models import Match, PlayEvent
from matches.services.corrections import By, decide_match
from matches.services.results import UNCHANGED_FOR, confirm_results
from matches.tasks import confirm_unchanged
from stats.services.fold import fold_match
from streams.models import OutboxEvent
from tests.factories.matches import make_event, make_match

pytestmark = pytest.mark.django_db

END = datetime(2026, 11, 22, 17, tzinfo=UTC)
BY = By(reason="The report says so.")
_moment = [END]


def clock_now() -> datetime:
    return _moment[0]


@pytest.fixture(autouse=True)
def clock(settings):
    """A clock that the test moves by setting `clock[0]`."""
    settings.CLOCK = f"{__name__}.clock_now"
    _moment[0] = END
    return _moment


@pytest.fixture
def match(clock) -> Match:
    """One to nil by the log, over by the vendor's word since `END`."""
    match = make_match(
        kickoff_at=END - timedelta(hours=2),
        vendor_status=MatchStatus.FINISHED,
        vendor_score={"home": 1, "away": 0},
        event_source="veze",
    )
    make_event(match, team=match.home, period="MATCH", ingested_at=END)
    return folded(match)


def folded(match: Match) -> Match:
    fold_match(match.pk)
    match.refresh_from_db()
    return match


def swept(match: Match, *, after: timedelta) -> str:
    """The status after a sweep so long after the end."""
    _moment[0] = END + after
    confirm_unchanged()
    return folded(match).status


def test_result_is_final_after_twelve_hours_without_a_change(match: Match):
    assert match.status == "finished"
    assert swept(match, after=UNCHANGED_FOR - timedelta(seconds=1)) == "finished"
    assert swept(match, after=UNCHANGED_FOR) == "final"
    assert match.finished_at == END


def test_late_change_puts_it_off(match: Match):
    _moment[0] = END + timedelta(hours=11)
    make_event(match, team=match.home, period="MATCH", ingested_at=_moment[0])
    Match.objects.filter(pk=match.pk).update(vendor_score={"home": 2, "away": 0})
    folded(match)

    assert swept(match, after=timedelta(hours=22)) == "finished"
    assert swept(match, after=timedelta(hours=23)) == "final"


def test_open_mismatch_keeps_it_from_being_final(match: Match):
    Match.objects.filter(pk=match.pk).update(vendor_score={"home": 2, "away": 0})
    folded(match)

    assert swept(match, after=timedelta(days=3)) == "finished"

    decide_match(match.pk, by=BY, score=(1, 0))
    folded(match)

    assert swept(match, after=timedelta(days=3, hours=12)) == "final"


def test_vendor_confirms_unless_log_and_score_disagree(match: Match):
    Match.objects.filter(pk=match.pk).update(vendor_status=MatchStatus.FINAL)
    assert folded(match).status == "final"

    Match.objects.filter(pk=match.pk).update(vendor_score={"home": 3, "away": 0})
    assert (folded(match).status, match.score_mismatch) == ("finished", True)


def test_correction_opens_a_final_result_for_twelve_hours_more(match: Match):
    swept(match, after=timedelta(hours=13))
    decide_match(match.pk, by=BY, score=(2, 0))

    assert folded(match).status == "finished"
    assert swept(match, after=timedelta(hours=24)) == "finished"
    assert swept(match, after=timedelta(hours=25)) == "final"
    assert (match.home_score, match.away_score) == (2, 0)


def test_what_officials_decided_stays_as_they_called_it(match: Match):
    decide_match(match.pk, by=BY, status=MatchStatus.UNDER_REVIEW)
    folded(match)

    assert swept(match, after=timedelta(days=9)) == "under_review"


def test_match_that_is_not_over_is_never_made_final(match: Match):
    Match.objects.filter(pk=match.pk).update(vendor_status=MatchStatus.SUSPENDED)
    folded(match)

    assert swept(match, after=timedelta(days=9)) == "suspended"


def test_sweep_is_quiet_once_all_is_said(match: Match):
    swept(match, after=UNCHANGED_FOR)
    told = OutboxEvent.objects.count()

    assert confirm_results(at=END + timedelta(days=2)) == 0
    assert OutboxEvent.objects.count() == told


def test_sweep_tells_again_what_was_never_folded(match: Match):
    first = confirm_results(at=END + UNCHANGED_FOR)
    again = confirm_results(at=END + UNCHANGED_FOR)

    assert (first, again) == (1, 1)
    assert folded(match).status == "final"


def test_fold_from_scratch_says_the_same(match: Match):
    swept(match, after=UNCHANGED_FOR)

    fold_match(match.pk, from_scratch=True)
    match.refresh_from_db()

    assert match.status == "final"
    assert PlayEvent.objects.count() == 1


def test_sweep_costs_the_same_for_one_and_for_many(match: Match, django_assert_num_queries):
    with django_assert_num_queries(8):
        confirm_results(at=END + UNCHANGED_FOR)
    for _ in range(3):
        other = make_match(
            kickoff_at=match.kickoff_at, vendor_status="finished", vendor_score=match.vendor_score
        )
        make_event(other, team=other.home, period="MATCH", ingested_at=END)
        folded(other)
    with django_assert_num_queries(8):
        confirm_results(at=END + UNCHANGED_FOR)


def test_page_and_api_say_that_it_stands(match: Match, client):
    swept(match, after=UNCHANGED_FOR)

    page = client.get(f"/matches/{match.public_id}/").content.decode()
    answer = client.get(reverse("api-match", args=[match.public_id]))

    assert "Result confirmed" in page
    assert answer.json()["status"] == "final"
