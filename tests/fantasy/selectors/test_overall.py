"""The table of all entries: every rank, live and settled, and who may be told."""

import random
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User
from config.clock import now
from config.sight import Wish, seeing
from fantasy.models import PlayerScore
from fantasy.selectors import live_ranks, overall, settled_ranks
from fantasy.selectors.overall import overall_page, page_of_entry, page_of_rank, ranked
from fantasy.selectors.parts import entry_parts
from fantasy.selectors.points import entry_round
from fantasy.selectors.totals import with_totals
from fantasy.services import live
from fantasy.services.adjustments import Decision, adjust_score
from fantasy.services.settlement import settle_round, settles_at
from tests.fantasy.live_rounds import make_live_round, play
from tests.fantasy.played import enter, game_on, play_season, score_all

pytestmark = pytest.mark.django_db
SIZE = 7


@pytest.fixture(autouse=True)
def _new_process(monkeypatch):
    monkeypatch.setattr(overall, "OVERALL_SIZE", SIZE)
    for forget in (live.forget_rounds, live_ranks._kept.clear, settled_ranks._kept.clear):
        forget()
    yield
    for forget in (live.forget_rounds, live_ranks._kept.clear, settled_ranks._kept.clear):
        forget()


@pytest.fixture
def round_(db):
    rng = random.Random(11)
    made = make_live_round(rng, rules="fpl-2026-27")
    play(rng, made, share=0.7)
    live.refresh_round(made.pk)
    return made


@pytest.fixture
def settled(db):
    """A season of two rounds, the first of them settled."""
    game = game_on(play_season("football", rounds=2)[0].season, "fpl-2026-27")
    enter(game, 20)
    score_all(game)
    first = game.rounds.select_related("game").order_by("number").first()
    assert settle_round(first.pk, at=settles_at(first))
    # The second is not begun.
    game.rounds.exclude(pk=first.pk).update(state="upcoming", locked_at=None)
    return game


def everybody(game, country=""):
    found = ranked(game)
    pages = overall_page(found, country=country).pages
    told = [overall_page(found, page=n, country=country) for n in range(1, pages + 1)]
    rows = [row for page in told for row in page.rows]
    assert overall_page(found, country=country).entries == len(rows)
    assert not overall_page(found, page=pages + 1, country=country).rows
    return rows


def by_hand(totals):
    return [1 + sum(other > own for other in totals) for own in totals]


def test_live_pages_hold_all_entries_with_exact_ranks(round_):
    rows = everybody(round_.game)

    wanted = {}
    for entry in with_totals(round_.game.entries.all()):
        wanted[entry.pk] = entry.total_points + entry_round(entry, round_).net
    assert {row.entry.pk: row.total for row in rows} == wanted
    totals = [row.total for row in rows]
    assert totals == sorted(totals, reverse=True)
    assert [row.rank for row in rows] == [row.overall for row in rows] == by_hand(totals)
    assert all(row.round_points == row.total - row.entry.total_points for row in rows)
    assert ranked(round_.game).is_live


def test_country_has_a_table_and_ranks_of_its_own(round_):
    rows = everybody(round_.game, "NO")

    assert {row.entry.country for row in rows} == {"NO"}
    assert len(rows) == round_.game.entries.filter(country="NO").count()
    assert [row.rank for row in rows] == by_hand([row.total for row in rows])
    overall_ranks = {row.entry.pk: row.rank for row in everybody(round_.game)}
    assert all(row.overall == overall_ranks[row.entry.pk] for row in rows)
    assert everybody(round_.game, "XX") == []


def test_own_page_is_found(round_):
    found = ranked(round_.game)
    for entry in round_.game.entries.all():
        for country in filter(None, {"", entry.country}):
            page = page_of_entry(found, entry, country=country)
            rows = overall_page(found, page=page, country=country).rows
            assert entry in [row.entry for row in rows]
        page = page_of_entry(found, entry)
        assert entry in [row.entry for row in overall_page(found, page=page).rows]
    last = overall_page(found).pages
    ranks = (0, 1, SIZE, SIZE + 1, 10**9)
    assert [page_of_rank(found, rank) for rank in ranks] == [1, 1, 1, 2, last]


def test_page_costs_as_many_queries_for_few_as_for_many(round_, monkeypatch):
    def queries(size):
        monkeypatch.setattr(overall, "OVERALL_SIZE", size)
        with CaptureQueriesContext(connection) as captured:
            assert len(overall_page(ranked(round_.game)).rows) == size
        return len(captured)

    ranked(round_.game)
    assert queries(2) == queries(25) <= 12


def test_parts_of_every_row_add_up(round_):
    PlayerScore.objects.filter(points__gt=3).update(bonus=2)

    rows = everybody(round_.game)

    assert any(row.parts.bonus for row in rows)
    assert all(row.parts.net == row.round_points for row in rows)
    for entry in round_.game.entries.all():
        held = entry_round(entry, round_)
        assert entry_parts(round_, [entry.pk])[entry.pk].points == held.settled.points


def test_settled_table_is_that_of_the_results(settled):
    rows = everybody(settled)

    first = settled.rounds.get(number=1)
    results = {result.entry_id: result for result in first.results.all()}
    assert [row.rank for row in rows] == [results[row.entry.pk].rank for row in rows]
    assert [row.total for row in rows] == [results[row.entry.pk].total for row in rows]
    assert not ranked(settled).is_live


def test_settled_table_follows_points_by_hand(settled):
    last = everybody(settled)[-1]
    first = settled.rounds.get(number=1)
    decision = Decision(reason="Appeal", by_id=None, at=now())

    adjust_score(last.entry.pk, first.pk, points=500, decision=decision)

    top = everybody(settled)[0]
    assert (top.entry.pk, top.rank, top.total) == (last.entry.pk, 1, last.total + 500)


def test_reader_who_hides_scores_is_told_no_table(round_, settled):
    with seeing(Wish(hides_scores=True)):
        assert ranked(round_.game) is None
        assert ranked(settled) is None
        assert not overall_page(None).rows


def test_late_reader_is_told_the_table_once_it_is_old_enough(settled, clock):
    clock.stand_at(now() + timedelta(minutes=10))
    first = settled.rounds.get(number=1)
    first.settled_at = now() - timedelta(seconds=30)
    first.save()

    with seeing(Wish(delay_s=60)):
        assert ranked(settled) is None
    with seeing(Wish(delay_s=15)):
        assert ranked(settled).round == first


def test_page_leads_through_all_ranks_and_to_the_own_one(round_):
    user = User.objects.create_user("ada@example.org", "x")
    own = with_totals(round_.game.entries).order_by("total_points").first()
    own.owner = user
    own.save()
    client = Client()
    client.force_login(user)
    address = reverse("fantasy:table", args=[round_.game.slug])

    first = client.get(address)
    page = page_of_entry(ranked(round_.game), own)
    mine = client.get(address, {"page": page}).content.decode()

    assert f"?page={page}#own" in first.content.decode()
    assert 'rel="next" href="?page=2"' in first.content.decode()
    assert 'id="own"' in mine
    assert own.name in mine
    assert list(client.get(address, {"regions": 1}).json()["regions"]) == ["table"]
    assert client.get(address, {"country": "NO", "rank": "1"}).status_code == 200


def test_api_pages_by_number_rank_and_entry(round_):
    path = f"/api/v1/fantasy/games/{round_.game.public_id}/table"
    rows = everybody(round_.game)
    last = rows[-1].entry

    first = Client().get(path).json()
    found = Client().get(path, {"entry": last.public_id}).json()

    assert (first["round"], first["is_live"], first["page"]) == (1, True, 1)
    assert first["entries"] == len(rows)
    assert [r["entry"]["id"] for r in first["results"]] == [r.entry.public_id for r in rows[:SIZE]]
    assert first["results"][0]["parts"]["net"] == first["results"][0]["round_points"]
    assert found["page"] == found["pages"]
    assert last.public_id in [row["entry"]["id"] for row in found["results"]]
    assert Client().get(path, {"rank": SIZE + 1}).json()["page"] == 2
    assert Client().get(path, {"country": "no"}).json()["country"] == "NO"
    stranger = "vz_entry_" + "0" * 26
    assert Client().get(path, {"entry": stranger}).status_code == 404
    assert Client().get(path, {"page": "0"}).status_code == 422


@pytest.mark.parametrize("number", ["1.0", " 1", ""])
@pytest.mark.parametrize("name", ["page", "rank"])
def test_number_is_read_as_it_was_checked(round_, name, number):
    path = f"/api/v1/fantasy/games/{round_.game.public_id}/table"

    answer = Client().get(path, {name: number})

    assert (answer.status_code, answer.json()["page"]) == (200, 1)
