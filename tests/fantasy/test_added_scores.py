"""What an assistant manager brings: live, settled and explained, beside his fifteen players."""

import random

import pytest

from fantasy.enums import RoundState
from fantasy.models import Game, Lineup, LineupResult, PlayerScore
from fantasy.selectors.ledger import entry_ledger, player_ledger
from fantasy.selectors.live_ranks import live_totals
from fantasy.selectors.round_view import round_view
from fantasy.services import live
from fantasy.services.scoring import score_matches
from matches.enums import MatchStatus
from stats.services.fold import fold_match
from tests.factories.fantasy import (
    make_club,
    make_game,
    make_game_player,
    make_round,
    make_round_match,
)
from tests.factories.matches import make_event
from tests.fantasy.played import (
    game_on,
    plain_results,
    play_season,
    random_lineup,
    score_all,
    settle_all,
)
from tests.fantasy.selectors.test_ledger import check_facts, check_sums

pytestmark = pytest.mark.django_db

ENTRIES = 10


@pytest.fixture
def played() -> Game:
    """Two rounds of four teams, each with a manager; every second entry has one in both."""
    live.forget_rounds()
    game = game_on(play_season("football", rounds=2)[0].season, "fpl-2024-25")
    players = list(game.players.all())
    managers = [make_game_player(game, team, "AM") for team in game.season.teams.all()]
    dice = random.Random("managers")
    rounds = list(game.rounds.order_by("number"))
    for number in range(ENTRIES):
        entry = game.entries.create(name=f"Entry {number}", number=number, joined_round=rounds[0])
        manager = dice.choice(managers) if number % 2 else None
        for round_ in rounds:
            lineup = random_lineup(game, entry, round_, players, dice)
            if manager is not None:
                lineup.packed += manager.number.to_bytes(2, "big")
                lineup.chip = "manager"
            lineup.save()
    score_all(game)
    yield game
    live.forget_rounds()


def with_manager(game: Game) -> list[Lineup]:
    rows = Lineup.objects.filter(round__game=game, chip="manager")
    return list(rows.select_related("entry", "round__game"))


def test_managers_count_live_and_settled_as_by_the_rules(played):
    first = played.rounds.order_by("number").first()
    live.refresh_round(first.pk)
    before = live_totals(first, range(ENTRIES))

    settle_all(played)

    for round_ in played.rounds.all():
        want = {entry: found[0] for entry, found in plain_results(round_).items()}
        rows = LineupResult.objects.filter(round=round_)
        assert dict(rows.values_list("entry", "points")) == want
    own = LineupResult.objects.filter(round=first).order_by("entry__number")
    assert [before[row.entry.number].total for row in own] == [row.total for row in own]


def test_manager_brings_what_his_club_did_and_no_bench_counts(played):
    for lineup in with_manager(played):
        ledger = entry_ledger(lineup.entry, lineup.round)
        place = ledger.slots[15]
        scores = PlayerScore.objects.filter(round=lineup.round, game_player=place.ledger.player)

        assert (place.slot, place.why, place.multiplier) == (16, "chip", 1)
        assert place.points == sum(score.points for score in scores)
        assert [slot.why for slot in ledger.slots[11:15]].count("chip") == 0


def test_rows_with_managers_add_up_to_what_was_settled(played):
    settle_all(played)

    assert check_sums(played) == 2 * ENTRIES


def test_rows_of_a_manager_lead_to_the_facts_of_the_result(played):
    found = [
        row
        for lineup in with_manager(played)
        for row in entry_ledger(lineup.entry, lineup.round).slots[15].ledger.rows
    ]

    assert {"manager_win", "manager_goals"} <= {row.rule for row in found}
    for row in found:
        check_facts(row)
    goals = next(row for row in found if row.rule == "manager_goals")
    told = [fact.told.type for fact in goals.facts]
    assert "goal" in told
    assert told[-1] == "match_end"


def test_nil_nil_under_way_leads_to_the_kick_off():
    round_ = make_round(make_game(rules="fpl-2024-25"), state=RoundState.LIVE)
    home, away = make_club(round_.game), make_club(round_.game)
    match = make_round_match(round_, home, away, status=MatchStatus.LIVE)
    manager = make_game_player(round_.game, home, "AM")
    make_event(match, type="period_start", period="1H", clock_ms=0)
    fold_match(match.pk)
    score_matches([match.pk])

    rows = list(player_ledger(manager, round_).rows)

    assert {row.rule: row.points for row in rows} == {"manager_draw": 3, "manager_clean_sheet": 2}
    for row in rows:
        assert [fact.told.type for fact in row.facts] == ["period_start"]
        assert row.facts[0].told.link


def test_manager_of_a_club_without_a_match_has_no_points(played):
    manager = played.players.filter(position="AM").first()
    round_ = played.rounds.select_related("game").first()
    played.rounds.get(pk=round_.pk).round_matches.all().delete()

    ledger = player_ledger(manager, round_)

    assert (ledger.points, ledger.matches) == (0, ())


def test_points_page_parts_hold_the_managers_points(played):
    for lineup in with_manager(played):
        view = round_view(lineup.entry, lineup.round, is_told=True)

        assert view.added.position.id == "AM"
        assert view.added.place.counted == view.added.place.points
        assert len(view.bench) == 4
        assert view.parts.points == sum(place.counted or 0 for place in view.places)
