"""Settlement: when it is due, what it writes, and what comes after it by hand."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from config.clock import now
from fantasy.enums import ScoreState
from fantasy.models import Game, LineupResult, PlayerScore, RoundMatch, ScoreAdjustment
from fantasy.selectors.totals import with_totals
from fantasy.services.adjustments import Decision, adjust_score, take_back
from fantasy.services.refusals import Refused
from fantasy.services.scoring import score_matches
from fantasy.services.settlement import blockers, rounds_due, settle_round, settles_at
from matches.enums import MatchStatus
from matches.models import Match
from streams.models import OutboxEvent
from tests.fantasy.played import (
    derived,
    enter,
    game_on,
    plain_results,
    play_season,
    score_all,
    settle_all,
)
from tests.fantasy.settled import swaps_of, total_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def played() -> Game:
    told = play_season("football", rounds=2)
    game = game_on(told[0].season, "fpl-2026-27")
    enter(game, 40)
    score_all(game)
    return game


def first(game: Game):
    return game.rounds.select_related("game").order_by("number").first()


def nets(game: Game) -> dict[tuple[int, int], int]:
    rows = LineupResult.objects.filter(round__game=game)
    return {(r.round.number, r.entry_id): r.points - r.hit + r.adjusted for r in rows}


def test_round_is_due_at_nine_of_the_next_day_in_the_games_zone(played):
    Game.objects.update(time_zone="Europe/London")
    round_ = first(played)
    kickoff_at = datetime(2026, 10, 17, 22, 30, tzinfo=ZoneInfo("Europe/London"))
    Match.objects.filter(fantasy_rounds__round=round_).update(kickoff_at=kickoff_at)

    due_at = settles_at(first(played))

    assert due_at == datetime(2026, 10, 18, 9, tzinfo=ZoneInfo("Europe/London"))
    assert rounds_due(at=due_at - timedelta(seconds=1)) == []
    assert rounds_due(at=due_at) == [round_.pk]
    assert not settle_round(round_.pk, at=due_at - timedelta(seconds=1))


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"status": MatchStatus.LIVE}, "1 matches not over"),
        ({"score_mismatch": True}, "1 matches with another score by the vendor"),
    ],
)
def test_round_waits_for_its_matches_and_for_mismatches(played, fields, reason):
    round_ = first(played)
    one = RoundMatch.objects.filter(round=round_).first()
    Match.objects.filter(pk=one.match_id).update(**fields)

    assert not settle_round(round_.pk, at=settles_at(round_))

    assert any(text.startswith(reason) for text in blockers(round_))
    assert not LineupResult.objects.exists()


def test_round_waits_until_its_matches_are_scored(played):
    round_ = first(played)
    RoundMatch.objects.filter(round=round_).update(scored_seq=None)

    assert not settle_round(round_.pk, at=settles_at(round_))


def test_round_does_not_wait_for_a_postponed_match(played):
    round_ = first(played)
    one = RoundMatch.objects.filter(round=round_).first()
    Match.objects.filter(pk=one.match_id).update(status=MatchStatus.POSTPONED)
    score_matches([one.match_id])

    assert settle_round(round_.pk, at=settles_at(round_))


def test_results_are_those_of_the_plain_rules(played):
    for round_ in settle_all(played):
        rows = LineupResult.objects.filter(round=round_)
        written = {
            row.entry_id: (
                row.points,
                row.hit,
                row.bench_points,
                swaps_of(row),
                row.captain_number,
                row.multiplier,
            )
            for row in rows
        }

        assert written == plain_results(round_)
        assert any(swaps_of(row) for row in rows)
    assert {row.state for row in PlayerScore.objects.all()} == {ScoreState.SETTLED}


def test_totals_and_ranks_follow_from_results(played):
    rounds = settle_all(played)

    brought = nets(played)
    for entry in played.entries.all():
        expected = sum(brought[round_.number, entry.pk] for round_ in rounds)
        assert total_of(entry) == expected
        assert entry.results.get(round=rounds[-1]).total == expected
    rows = list(LineupResult.objects.filter(round=rounds[-1]))
    for row in rows:
        assert row.rank == 1 + sum(other.total > row.total for other in rows)
        own = brought[rounds[-1].number, row.entry_id]
        others = [brought[rounds[-1].number, other.entry_id] for other in rows]
        assert row.round_rank == 1 + sum(other > own for other in others)


def test_settling_again_does_nothing(played):
    settle_all(played)
    before = derived(played)

    assert not settle_round(first(played).pk, at=now() + timedelta(days=999))

    assert derived(played) == before


def test_rounds_are_settled_in_their_order(played):
    """Totals, tables and draws go on from the round before."""
    rounds = list(played.rounds.select_related("game").order_by("number"))
    latest = max(settles_at(round_) for round_ in rounds)

    for round_ in reversed(rounds[1:]):
        assert not settle_round(round_.pk, at=latest)
        assert blockers(round_)[0] == f"{rounds[0].name}, which comes before, not settled"
    assert rounds_due(at=latest) == [rounds[0].pk]
    for round_ in rounds:
        assert settle_round(round_.pk, at=latest)


def test_settlement_is_announced_for_the_whole_round(played):
    round_ = first(played)
    settle_round(round_.pk, at=settles_at(round_))

    told = OutboxEvent.objects.filter(topic="fantasy.score.update").order_by("-pk").first()
    assert (told.payload["round_id"], told.payload["match_id"]) == (round_.pk, None)
    assert told.payload["state"] == "settled"


def by(user) -> Decision:
    return Decision(reason="Wrong captain shown at the deadline.", by_id=user.pk, at=now())


def test_points_given_by_hand_count_in_totals_and_ranks(played, admin_user):
    settle_all(played)
    round_ = first(played)
    entry = with_totals(played.entries).order_by("total_points").first()
    before = entry.total_points

    row = adjust_score(entry.pk, round_.pk, points=1000, decision=by(admin_user))

    assert total_of(entry) == before + 1000
    assert set(entry.results.values_list("adjusted", "rank")) >= {(1000, 1), (0, 1)}
    assert (row.by, row.points, row.reason) == (admin_user, 1000, by(admin_user).reason)


def test_points_given_before_settlement_count_when_it_comes(played, admin_user):
    round_, entry = first(played), played.entries.first()
    adjust_score(entry.pk, round_.pk, points=-3, decision=by(admin_user))

    settle_all(played)

    brought = nets(played)
    assert total_of(entry) == sum(net for (_, who), net in brought.items() if who == entry.pk)
    assert entry.results.get(round=round_).adjusted == -3


def test_adjustment_taken_back_leaves_everything_as_before_and_both_rows(played, admin_user):
    settle_all(played)
    before = derived(played)
    round_, entry = first(played), played.entries.first()
    row = adjust_score(entry.pk, round_.pk, points=5, decision=by(admin_user))

    undone = take_back(row.pk, decision=by(admin_user))

    assert derived(played) == before
    assert [r.points for r in ScoreAdjustment.objects.order_by("pk")] == [5, -5]
    row.refresh_from_db()
    assert row.taken_back_by == undone


def test_adjustment_without_reason_or_points_is_refused(played, admin_user):
    round_, entry = first(played), played.entries.first()
    with pytest.raises(Refused) as no_reason:
        blank = Decision(reason=" ", by_id=admin_user.pk, at=now())
        adjust_score(entry.pk, round_.pk, points=1, decision=blank)
    with pytest.raises(Refused) as no_points:
        adjust_score(entry.pk, round_.pk, points=0, decision=by(admin_user))

    assert (no_reason.value.codes, no_points.value.codes) == (("reason",), ("no_points",))


def test_adjustment_is_taken_back_once(played, admin_user):
    row = adjust_score(
        played.entries.first().pk, first(played).pk, points=5, decision=by(admin_user)
    )
    undone = take_back(row.pk, decision=by(admin_user))

    for pk, code in ((row.pk, "taken_back"), (undone.pk, "takes_back")):
        with pytest.raises(Refused) as refused:
            take_back(pk, decision=by(admin_user))
        assert refused.value.codes == (code,)
