"""Games made from a pack on a season: rounds, players, prices, and what follows the season."""

from datetime import UTC, datetime, timedelta

import pytest

from fantasy.enums import Availability, GameState, RoundState
from fantasy.models import Game, RoundMatch
from fantasy.services.deadlines import lock_round
from fantasy.services.games import (
    NewGame,
    create_game,
    finish_game,
    preview,
    publish_game,
    set_prices,
    sync_game,
)
from fantasy.services.refusals import Refused
from leagues.models import RosterSpot
from leagues.services import merge_players
from matches.enums import MatchStatus
from matches.models import Match
from tests.factories.fantasy import CLUB
from tests.factories.leagues import make_league, make_player, make_players, make_season, make_team

pytestmark = pytest.mark.django_db

FIRST = datetime(2026, 8, 15, 14, tzinfo=UTC)
BEFORE = FIRST - timedelta(days=10)


@pytest.fixture
def season(clock):
    """Six clubs, three matchdays a week apart, seen ten days before the first."""
    clock.stand_at(BEFORE)
    made = make_season(make_league(sport="football", time_zone="Europe/London"))
    teams = [make_team(season=made) for _ in range(6)]
    positions = [position for position, how_many in CLUB.items() for _ in range(how_many)]
    for team in teams:
        make_players(positions, team=team, sport="football")
    for day in range(3):
        for place in range(3):
            Match.objects.create(
                season=made,
                home=teams[place],
                away=teams[3 + (place + day) % 3],
                matchday=day + 1,
                kickoff_at=FIRST + timedelta(days=7 * day, hours=place),
            )
    return made


def make(season, **said) -> Game:
    new = NewGame(
        **{"season": season, "rules": "fpl-2026-27", "name": "Ours", "slug": "ours", **said}
    )
    return create_game(new)


def deadlines(game) -> dict[int, datetime]:
    return dict(game.rounds.values_list("number", "deadline_at"))


def matches_of(game, number) -> set[int]:
    rows = RoundMatch.objects.filter(round__game=game, round__number=number)
    return set(rows.values_list("match_id", flat=True))


def move(match, **fields) -> None:
    Match.objects.filter(pk=match.pk).update(**fields)


def test_rounds_are_matchdays_that_lock_ninety_minutes_before(season):
    game = make(season)

    early = timedelta(minutes=90)
    assert deadlines(game) == {n: FIRST + timedelta(days=7 * (n - 1)) - early for n in (1, 2, 3)}
    assert [len(matches_of(game, number)) for number in (1, 2, 3)] == [3, 3, 3]
    assert (game.state, game.rules, game.time_zone) == ("draft", "fpl-2026-27", "Europe/London")


def test_players_have_positions_numbers_and_prices(season):
    game = make(season)

    players = list(game.players.order_by("number"))
    assert [player.number for player in players] == list(range(6 * 15))
    assert {player.position for player in players} == set(CLUB)
    # Nobody has played: all are as cheap as can be, so any squad can be paid.
    assert {player.price for player in players} == {40}


def test_managers_can_be_picked_in_the_game_whose_chip_adds_them(season):
    clubs = list(season.teams.order_by("pk"))
    for club in clubs:
        make_player(team=club, sport="football", position="MGR")
    # What the clubs brought before: the first won 3-0 three times, the others lost.
    past = make_season(season.league, name="Before", is_current=False)
    for other in clubs[1:4]:
        Match.objects.create(
            season=past,
            home=clubs[0],
            away=other,
            kickoff_at=FIRST - timedelta(days=365),
            status=MatchStatus.FINISHED,
            home_score=3,
            away_score=0,
        )

    managed = make(season, rules="fpl-2024-25", slug="managed")
    plain = make(season, slug="plain")

    rows = managed.players.filter(position="AM").order_by("team")
    assert [row.team for row in rows] == clubs
    assert [row.price for row in rows] == [15, *[5] * 5]
    assert preview(managed).players["AM"] == 6
    assert not plain.players.filter(player__position="MGR").exists()


def test_given_prices_stand(season):
    spot = RosterSpot.objects.first()
    new = NewGame(season=season, rules="fpl-2026-27", name="Ours", slug="ours")

    game = create_game(new, prices={spot.player_id: 123})

    assert game.players.get(player=spot.player_id).start_price == 123


def test_rounds_whose_deadline_passed_are_left_out(season, clock):
    clock.stand_at(FIRST)

    assert list(deadlines(make(season))) == [2, 3]


def test_game_of_another_sport_is_refused(season):
    other = make_season(make_league(sport="basketball"))

    with pytest.raises(Refused) as refused:
        make(other)
    assert refused.value.codes == ("wrong_sport",)


def test_second_game_of_a_slug_is_refused(season):
    make(season)

    with pytest.raises(Refused) as refused:
        make(season)
    assert refused.value.codes == ("slug_taken",)


def test_preview_counts_and_finds_nothing_wrong(season):
    seen = preview(make(season))

    assert (seen.rounds, seen.matches, seen.clubs, seen.problems) == (3, 9, 6, ())
    assert {position: seen.players[position] for position in CLUB} == {
        position: 6 * count for position, count in CLUB.items()
    }


def test_game_without_goalkeepers_is_not_published(season):
    game = make(season)
    game.players.filter(position="GKP").delete()

    with pytest.raises(Refused, match="Goalkeeper"):
        publish_game(game.pk)


def test_published_game_is_open_and_keeps_its_prices(season):
    game = make(season)
    player = game.players.first()
    assert set_prices(game.pk, {player.pk: 77}) == 1

    published = publish_game(game.pk)

    assert (published.state, published.published_at) == (GameState.PUBLISHED, BEFORE)
    with pytest.raises(Refused) as refused:
        set_prices(game.pk, {player.pk: 10})
    assert refused.value.codes == ("published",)


def test_game_with_rounds_to_come_is_not_finished(season):
    game = publish_game(make(season).pk)

    with pytest.raises(Refused) as refused:
        finish_game(game.pk)
    assert refused.value.codes == ("rounds_left",)
    game.rounds.update(state=RoundState.SETTLED, locked_at=FIRST)
    assert finish_game(game.pk).state == GameState.FINISHED


def test_sync_without_news_changes_nothing(season):
    game = make(season)
    before = deadlines(game), [matches_of(game, n) for n in (1, 2, 3)]

    synced = sync_game(game.pk)

    assert synced.rounds_moved == synced.matches_moved == synced.players_added == 0
    assert (deadlines(game), [matches_of(game, n) for n in (1, 2, 3)]) == before


def test_new_player_can_be_picked_and_one_who_left_cannot(season):
    game = make(season)
    team = season.teams.first()
    make_player(team=team, sport="football", position="MID")
    gone = RosterSpot.objects.filter(team=team).exclude(player__position="GKP").first()
    gone.until_on = (BEFORE - timedelta(days=1)).date()
    RosterSpot.objects.filter(pk=gone.pk).update(from_on="2026-01-01", until_on=gone.until_on)

    synced = sync_game(game.pk)

    assert (synced.players_added, synced.players_changed) == (1, 1)
    assert game.players.get(number=90).position == "MID"
    assert game.players.get(player=gone.player_id).status == Availability.GONE


def test_player_who_changes_clubs_takes_his_new_club_along(season):
    game = make(season)
    spot = RosterSpot.objects.first()
    other = season.teams.exclude(pk=spot.team_id).first()
    RosterSpot.objects.filter(pk=spot.pk).update(until_on=(BEFORE - timedelta(days=1)).date())
    RosterSpot.objects.create(team=other, player=spot.player, from_on=BEFORE.date())

    assert sync_game(game.pk).players_changed == 1

    assert game.players.get(player=spot.player_id).team == other


def test_position_of_a_player_stays_as_it_was_at_launch(season):
    game = make(season)
    row = game.players.filter(position="MID").first()
    row.player.position = "FWD"
    row.player.save()
    RosterSpot.objects.filter(player=row.player_id).update(position="FWD")

    sync_game(game.pk)

    row.refresh_from_db()
    assert row.position == "MID"


def test_player_who_turned_out_to_be_another_one_stays_in_squads(season):
    game = make(season)
    drop = game.players.first()
    keep = make_player(sport="football", position=drop.position)
    merge_players(keep=keep, drop=drop.player)

    assert sync_game(game.pk).players_added == 0

    drop.refresh_from_db()
    assert (drop.player, drop.status) == (keep, Availability.AVAILABLE)


def test_moved_kickoff_moves_the_deadline(season):
    game = make(season)
    for match in Match.objects.filter(matchday=2):
        move(match, kickoff_at=match.kickoff_at + timedelta(hours=3))

    assert sync_game(game.pk).rounds_moved == 1

    assert deadlines(game)[2] == FIRST + timedelta(days=7, hours=1.5)


def test_deadline_is_not_moved_earlier_in_the_last_day(season, clock):
    game = make(season)
    held = deadlines(game)[1]
    clock.stand_at(held - timedelta(hours=23))
    move(Match.objects.get(matchday=1, kickoff_at=FIRST), kickoff_at=FIRST - timedelta(hours=5))

    sync_game(game.pk)

    assert deadlines(game)[1] == held


def test_match_that_begins_before_a_firm_deadline_counts_nowhere(season, clock):
    game = publish_game(make(season).pk)
    clock.stand_at(deadlines(game)[1] - timedelta(hours=23))
    early = Match.objects.get(matchday=1, kickoff_at=FIRST)
    move(early, kickoff_at=FIRST - timedelta(hours=5))

    first = sync_game(game.pk)
    again = sync_game(game.pk)

    assert early.pk not in matches_of(game, 1)
    assert not RoundMatch.objects.filter(match=early).exists()
    assert (first.matches_moved, again.matches_moved, again.rounds_moved) == (1, 0, 0)


def test_match_that_a_feed_tells_of_when_it_is_played_joins_no_open_round(season, clock):
    game = publish_game(make(season).pk)
    clock.stand_at(deadlines(game)[1] - timedelta(hours=3))
    teams = list(season.teams.order_by("pk"))
    late = Match.objects.create(
        season=season,
        home=teams[0],
        away=teams[1],
        matchday=1,
        kickoff_at=deadlines(game)[1] - timedelta(hours=4),
        status=MatchStatus.LIVE,
    )

    sync_game(game.pk)

    assert not RoundMatch.objects.filter(match=late).exists()
    assert len(matches_of(game, 1)) == 3


def test_match_that_counts_nowhere_holds_no_later_deadline(season, clock):
    game = publish_game(make(season).pk)
    clock.stand_at(deadlines(game)[1] - timedelta(hours=23))
    move(Match.objects.get(matchday=1, kickoff_at=FIRST), kickoff_at=FIRST - timedelta(hours=5))
    sync_game(game.pk)
    clock.stand_at(deadlines(game)[1] + timedelta(minutes=1))
    assert lock_round(game.rounds.get(number=1).pk)
    first = Match.objects.get(matchday=2, kickoff_at=FIRST + timedelta(days=7))
    move(first, kickoff_at=FIRST + timedelta(days=5))

    sync_game(game.pk)

    assert deadlines(game)[2] == FIRST + timedelta(days=5, hours=-1.5)
    assert first.pk in matches_of(game, 2)


def test_match_told_of_when_it_is_over_keeps_no_later_round_from_being_made(season, clock):
    game = publish_game(make(season).pk)
    for number in (1, 2, 3):
        clock.stand_at(deadlines(game)[number] + timedelta(minutes=1))
        assert lock_round(game.rounds.get(number=number).pk)
    teams = list(season.teams.order_by("pk"))
    clock.stand_at(FIRST + timedelta(days=16))
    for matchday, kickoff_at, status in (
        (3, FIRST + timedelta(days=15), MatchStatus.FINISHED),
        (4, FIRST + timedelta(days=21), MatchStatus.SCHEDULED),
    ):
        Match.objects.create(
            season=season,
            home=teams[0],
            away=teams[1],
            matchday=matchday,
            kickoff_at=kickoff_at,
            status=status,
        )

    assert sync_game(game.pk).rounds_added == 1

    assert deadlines(game)[4] == FIRST + timedelta(days=21, hours=-1.5)
    assert len(matches_of(game, 4)) == 1


def test_match_told_of_when_it_is_over_holds_not_the_deadline_of_its_round(season, clock):
    game = publish_game(make(season).pk)
    clock.stand_at(deadlines(game)[1] - timedelta(hours=60))
    teams = list(season.teams.order_by("pk"))
    Match.objects.create(
        season=season,
        home=teams[0],
        away=teams[1],
        matchday=1,
        kickoff_at=FIRST - timedelta(days=3),
        status=MatchStatus.FINISHED,
    )
    first = Match.objects.get(matchday=1, kickoff_at=FIRST)
    move(first, kickoff_at=FIRST - timedelta(days=1))

    sync_game(game.pk)

    assert deadlines(game)[1] == FIRST - timedelta(days=1, hours=1.5)
    assert first.pk in matches_of(game, 1)


def test_deadline_stays_once_a_match_that_counts_nowhere_has_begun(season, clock):
    game = publish_game(make(season).pk)
    held = deadlines(game)[1]
    clock.stand_at(held - timedelta(hours=23))
    move(Match.objects.get(matchday=1, kickoff_at=FIRST), kickoff_at=FIRST - timedelta(hours=5))
    sync_game(game.pk)

    clock.stand_at(FIRST - timedelta(hours=4))
    sync_game(game.pk)

    assert deadlines(game)[1] == held


def test_deadline_is_moved_earlier_while_there_is_a_day(season, clock):
    game = make(season)
    clock.stand_at(deadlines(game)[1] - timedelta(hours=25))
    move(Match.objects.get(matchday=1, kickoff_at=FIRST), kickoff_at=FIRST - timedelta(hours=5))

    sync_game(game.pk)

    assert deadlines(game)[1] == FIRST - timedelta(hours=6.5)


def test_match_played_in_another_week_counts_there(season):
    game = make(season)
    match = Match.objects.filter(matchday=1).last()
    move(match, kickoff_at=FIRST + timedelta(days=9))

    assert sync_game(game.pk).matches_moved == 1

    assert match.pk in matches_of(game, 2)
    assert [len(matches_of(game, n)) for n in (1, 2, 3)] == [2, 4, 3]


def test_postponed_match_counts_nowhere_until_it_has_a_day(season):
    game = make(season)
    match = Match.objects.filter(matchday=1).last()
    move(match, status=MatchStatus.POSTPONED)
    sync_game(game.pk)
    assert not RoundMatch.objects.filter(match=match).exists()

    move(match, status=MatchStatus.SCHEDULED, kickoff_at=FIRST + timedelta(days=15))
    sync_game(game.pk)

    assert match.pk in matches_of(game, 3)


def test_locked_round_takes_no_further_match(season, clock):
    game = publish_game(make(season).pk)
    clock.stand_at(FIRST)
    game.rounds.filter(number=1).update(state=RoundState.LOCKED, locked_at=FIRST)
    match = Match.objects.filter(matchday=3).first()
    move(match, kickoff_at=FIRST + timedelta(hours=30))

    sync_game(game.pk)

    assert len(matches_of(game, 1)) == 3
    assert match.pk in matches_of(game, 2) | matches_of(game, 3)


def test_locked_round_keeps_a_match_that_has_begun(season, clock):
    game = publish_game(make(season).pk)
    game.rounds.filter(number=1).update(state=RoundState.LOCKED, locked_at=FIRST)
    match = Match.objects.filter(matchday=1).first()
    move(match, status=MatchStatus.LIVE)
    clock.stand_at(FIRST + timedelta(hours=1))

    sync_game(game.pk)

    assert match.pk in matches_of(game, 1)


def test_season_without_matchdays_is_cut_into_weeks(season):
    Match.objects.update(matchday=None)

    game = make(season)

    assert [len(matches_of(game, number)) for number in (1, 2, 3)] == [3, 3, 3]
