"""Tables while a round is played and the one before it is not settled yet."""

import random

import pytest

from fantasy.enums import RoundState
from fantasy.models import FantasyLeague, LeagueMember, LineupResult, Round
from fantasy.selectors import leagues, live_ranks
from fantasy.selectors.leagues import fixtures_of, league_page
from fantasy.selectors.overall import overall_page, ranked
from fantasy.selectors.parts import entry_parts
from fantasy.selectors.totals import settled_totals
from fantasy.services import live
from matches.enums import MatchStatus
from tests.factories.fantasy import make_round, make_round_match
from tests.fantasy.live_rounds import make_lineup, make_live_round, play

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _new_process():
    for forget in (live.forget_rounds, live_ranks._kept.clear):
        forget()
    yield
    for forget in (live.forget_rounds, live_ranks._kept.clear):
        forget()


@pytest.fixture
def rounds():
    """Two rounds under way after a settled one, with points for both."""
    rng = random.Random(5)
    first = make_live_round(rng, entries=8, past=True)
    first.game.entries.all()
    clubs = sorted({p.team for p in first.game.players.all()}, key=lambda club: club.pk)
    second = make_round(first.game, first.number + 1, state=RoundState.LIVE)
    for home, away in zip(clubs[::2], clubs[1::2], strict=True):
        make_round_match(second, away, home, status=MatchStatus.LIVE)
    for entry in first.game.entries.order_by("number"):
        make_lineup(rng, second, entry)
    for round_ in (first, second):
        play(rng, round_, share=0.9)
    live.refresh_live_rounds()
    return first, second


def nets(round_):
    entries = list(round_.game.entries.values_list("pk", flat=True))
    return {pk: parts.net for pk, parts in entry_parts(round_, entries).items()}


def test_all_entries_are_told_what_the_round_alone_brought(rounds):
    first, second = rounds
    settled = settled_totals(first.game.entries.all(), game_id=first.game_id)
    rows = overall_page(ranked(first.game)).rows

    assert {row.entry.pk: row.round_points for row in rows} == nets(second)
    earlier = nets(first)
    assert any(earlier.values())
    for row in rows:
        own = row.entry.pk
        assert row.total == settled[own] + earlier[own] + row.round_points


def league_from(round_, kind="classic"):
    entries = list(round_.game.entries.order_by("number"))
    league = FantasyLeague.objects.create(
        game=round_.game,
        name="Friends",
        kind=kind,
        code=f"R{round_.number}",
        start_round=round_,
        owner=entries[0].owner,
    )
    for entry in entries:
        LeagueMember.objects.create(league=league, entry=entry)
    return league


@pytest.mark.parametrize("live_ranked", [2_000, 0])
@pytest.mark.parametrize("begins", [0, 1])
def test_league_counts_from_the_round_it_began_with(rounds, begins, live_ranked, monkeypatch):
    monkeypatch.setattr(leagues, "LIVE_RANKED", live_ranked)
    league = league_from(rounds[begins])

    page = league_page(league)

    wanted = {entry.pk: 0 for entry in league.game.entries.all()}
    for round_ in rounds[begins:]:
        for pk, net in nets(round_).items():
            wanted[pk] += net
    assert page.round == rounds[1]
    assert {row.entry.pk: row.total for row in page.rows} == wanted
    assert {row.entry.pk: row.round_points for row in page.rows} == nets(rounds[1])


def test_head_to_head_matches_are_decided_by_their_own_round(rounds):
    league = league_from(rounds[0], "head_to_head")
    home, away = league.game.entries.order_by("number")[:2]
    for round_ in rounds:
        league.fixtures.create(round=round_, home=home, away=away)
        (row,) = fixtures_of(league, round_)
        brought = nets(round_)
        assert (row.home_points, row.away_points) == (brought[home.pk], brought[away.pk])


@pytest.mark.parametrize("kind", ["classic", "head_to_head"])
def test_league_tells_of_no_round_before_it_begins(rounds, kind):
    wanted = nets(rounds[1])
    for round_ in rounds:
        for entry, net in nets(round_).items():
            LineupResult.objects.create(entry_id=entry, round=round_, points=net, total=net, rank=1)
    Round.objects.filter(game=rounds[0].game_id).update(state=RoundState.SETTLED)
    ahead = make_round(rounds[0].game, rounds[1].number + 1)

    page, counted = (league_page(league_from(round_, kind)) for round_ in (ahead, rounds[1]))

    assert (page.round, {row.round_points for row in page.rows}) == (None, {None})
    assert counted.round == rounds[1]
    assert {row.entry.pk: row.round_points for row in counted.rows} == wanted
