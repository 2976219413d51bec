"""An admin's word about a match stands above its log and its vendor, until it is taken back."""

import pytest

from matches.enums import MatchStatus
from matches.models import Match, PlayEvent
from matches.rules.corrections import CorrectionError
from matches.services.corrections import By, decide_match, retract_event
from stats.services.fold import fold_match
from tests.factories.matches import make_event, make_match

pytestmark = pytest.mark.django_db


@pytest.fixture
def match() -> Match:
    """Two to nil in the log; the vendor says it is over, three to nil."""
    match = make_match(
        vendor_status=MatchStatus.FINISHED, vendor_score={"home": 3, "away": 0}, event_source="veze"
    )
    for _ in range(2):
        make_event(match, type="score.home", team=match.home, period="MATCH")
    return folded(match)


def folded(match: Match) -> Match:
    fold_match(match.pk)
    match.refresh_from_db()
    return match


def standing(match: Match) -> tuple:
    return (match.status, match.home_score, match.away_score, match.score_mismatch)


def test_without_a_decision_the_vendor_is_shown(match: Match):
    assert standing(match) == ("finished", 3, 0, True)


def test_decided_score_stands(match: Match):
    decide_match(match.pk, by=By(reason="one goal too many"), score=(2, 0))

    assert standing(folded(match)) == ("finished", 2, 0, False)


def test_decided_status_stands(match: Match):
    decide_match(match.pk, by=By(reason="protest"), status=MatchStatus.UNDER_REVIEW)

    assert standing(folded(match)) == ("under_review", 3, 0, True)


def test_decision_taken_back_leaves_the_word_to_the_vendor(match: Match):
    decide_match(match.pk, by=By(reason="slip"), status=MatchStatus.ABANDONED, score=(0, 0))
    folded(match)

    decision = PlayEvent.objects.get(type="admin.override")
    retract_event(match.pk, decision.lineage_id, by=By(reason="it was another match"))

    assert standing(folded(match)) == ("finished", 3, 0, True)


def test_later_telling_of_the_vendor_does_not_undo_a_decision(match: Match):
    decide_match(match.pk, by=By(reason="one goal too many"), score=(2, 0))
    make_event(folded(match), type="score.home", team=match.home, period="MATCH")

    assert standing(folded(match))[1:3] == (2, 0)


def test_fold_from_scratch_knows_the_decision(match: Match):
    decide_match(match.pk, by=By(reason="protest"), status=MatchStatus.POSTPONED, score=(1, 1))
    kept = standing(folded(match))

    fold_match(match.pk, from_scratch=True)
    match.refresh_from_db()

    assert standing(match) == kept == ("postponed", 1, 1, False)


@pytest.mark.parametrize("wrong", [{"reason": " ", "status": "final"}, {"reason": "why"}])
def test_decision_needs_a_reason_and_something_decided(match: Match, wrong: dict):
    decided = {key: value for key, value in wrong.items() if key != "reason"}
    with pytest.raises(CorrectionError, match=r"^(reason|decision):"):
        decide_match(match.pk, by=By(reason=wrong["reason"]), **decided)

    assert not PlayEvent.objects.filter(source="admin").exists()
