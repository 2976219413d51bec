"""Renamed teams and players and merged ones: boxscores, tables and the log of changes follow."""

import orjson
import pytest
from django.test import Client
from django.urls import reverse

from leagues.models import ExternalId, Player
from leagues.services import merge_players, tell_changed
from matches.models import Match
from stats import receivers
from stats.models import BoxScore, StatLine, TableRow
from stats.services import kept
from stats.services.fold import fold_match
from streams.groups import Delivery
from streams.models import OutboxEvent
from streams.relay import relay
from streams.topics import from_payload
from tests.factories.leagues import make_league, make_player, make_season, make_team
from tests.factories.matches import make_event, make_match

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _forget_folds():
    kept._kept.clear()
    yield
    kept._kept.clear()


@pytest.fixture
def match() -> Match:
    return make_match(make_season(make_league(sport="football")))


def score(match: Match, player: Player, minute: int) -> None:
    make_event(
        match,
        type="goal",
        period="1H",
        clock_ms=minute * 60_000,
        team=match.home,
        player=player,
    )
    fold_match(match.pk)


def work_off() -> None:
    """Do what waits: what was announced is heard, by processes that keep their folds."""
    for topic, work in (
        ("resource.changed", receivers.follow_names),
        ("match.ingested", receivers.fold_matches),
    ):
        told = OutboxEvent.objects.filter(topic=topic).order_by("id")
        work(
            [Delivery(position=e.pk, event=from_payload(topic, e.payload), trace={}) for e in told]
        )


def box(match: Match) -> dict:
    return orjson.loads(bytes(BoxScore.objects.get(match=match).document))


def test_renamed_player_is_called_so_in_boxscores_that_were_kept(match: Match):
    player = make_player("Jo Blogs", team=match.home, sport="football")
    score(match, player, 3)
    player.name = "Joe Bloggs"
    player.save()

    tell_changed(player, ["name"])
    work_off()

    assert [p["name"] for p in box(match)["home"]["players"]] == ["Joe Bloggs"]


def test_renamed_team_is_called_so_in_its_matches_alone(match: Match):
    other = make_match(match.season)
    for each in (match, other):
        score(each, make_player(team=each.home, sport="football"), 3)
    match.home.name = "FC Renamed"
    match.home.save()

    tell_changed(match.home, ["name"])
    work_off()

    assert box(match)["home"]["team"] == "FC Renamed"
    told = OutboxEvent.objects.filter(topic="match.ingested").values_list("payload", flat=True)
    assert {payload["match_id"] for payload in told} == {match.pk}


def test_table_is_ranked_by_the_names_of_now(match: Match):
    first, second = (make_team(name, season=match.season) for name in ("Aaa", "Bbb"))
    first.name = "Zzz"
    first.save()

    tell_changed(first, ["name"])
    work_off()

    rows = TableRow.objects.filter(kind="total", team__in=[first, second])
    assert {row.team_id for row in rows} == {first.pk, second.pk}


def test_merged_player_has_one_line_with_the_numbers_of_both(match: Match):
    keep, drop = (make_player(name, team=match.home, sport="football") for name in ("A", "B"))
    score(match, keep, 3)
    score(match, drop, 9)

    merge_players(keep=keep, drop=drop)
    work_off()

    (line,) = StatLine.objects.filter(match=match)
    assert (line.player, line.values["goals"]) == (keep, 2)
    assert [p["name"] for p in box(match)["home"]["players"]] == ["A"]


def test_what_no_boxscore_shows_folds_nothing(match: Match):
    score(match, make_player(team=match.home, sport="football"), 3)

    tell_changed(match.home, ["color"])
    work_off()

    assert not OutboxEvent.objects.filter(topic="match.ingested").exists()


def test_edit_in_the_admin_is_told_in_the_log_of_changes(client: Client, admin_user):
    team = make_team("Old Name")
    client.force_login(admin_user)
    form = {
        **{name: getattr(team, name) for name in ("slug", "sport", "code", "color", "color_alt")},
        "name": "New Name",
        "roster_spots-TOTAL_FORMS": 0,
        "roster_spots-INITIAL_FORMS": 0,
    }

    answer = client.post(reverse("admin:leagues_team_change", args=[team.pk]), form)
    relay()

    assert answer.status_code == 302, answer.content.decode()
    (told,) = client.get("/api/v1/changes?topics=resource.changed").json()["results"]
    assert (told["op"], told["id"]) == ("changed", team.public_id)
    assert told["data"] == {"kind": "team", "fields": ["name"]}


def test_edits_of_test_leagues_stay_inside(client: Client):
    secret, known = make_league(is_test=True), make_league()
    tell_changed(secret, ["name"])
    tell_changed(known, ["name"])
    relay()

    told = client.get("/api/v1/changes?topics=resource.changed").json()["results"]
    assert [change["id"] for change in told] == [known.public_id]


@pytest.mark.parametrize("sources", ['{"a": 1}', "[1]", '["opta", "opta"]'])
def test_order_of_sources_is_a_list_of_names(client: Client, admin_user, sources: str):
    season = make_season()
    client.force_login(admin_user)
    form = {"league": season.league_id, "name": season.name, "sources": sources}

    page = client.post(reverse("admin:leagues_season_change", args=[season.pk]), form)

    assert "Give a list of different names" in page.content.decode()


@pytest.fixture
def curator(client: Client, admin_user) -> Client:
    client.force_login(admin_user)
    return client


def told_changes(client: Client) -> list[tuple]:
    relay()
    told = client.get("/api/v1/changes?topics=resource.changed").json()["results"]
    return [(change["id"], change["data"]["kind"], change["data"]["fields"]) for change in told]


def called(kind: str, row_id: int, value: str = "77") -> ExternalId:
    return ExternalId.objects.create(source="opta", kind=kind, value=value, object_id=row_id)


def test_external_id_that_is_added_changed_and_deleted_is_told_each_time(curator: Client):
    first, second = make_team("First"), make_team("Second")
    form = {"source": "opta", "kind": "team", "value": "8", "object_id": first.pk}

    curator.post(reverse("admin:leagues_externalid_add"), form)
    row = ExternalId.objects.get()
    moved = {**form, "object_id": second.pk}
    curator.post(reverse("admin:leagues_externalid_change", args=[row.pk]), moved)
    curator.post(reverse("admin:leagues_externalid_delete", args=[row.pk]), {"post": "yes"})

    changed = ("team", ["external_ids"])
    assert told_changes(curator) == [
        (first.public_id, *changed),
        (first.public_id, *changed),
        (second.public_id, *changed),
        (second.public_id, *changed),
    ]


def test_external_ids_deleted_together_are_told_once_a_row(curator: Client):
    player = make_player("Jo Blogs", sport="football")
    rows = [called("player", player.pk, value) for value in ("1", "2")]
    form = {
        "action": "delete_selected",
        "_selected_action": [row.pk for row in rows],
        "post": "yes",
    }

    curator.post(reverse("admin:leagues_externalid_changelist"), form)

    assert not ExternalId.objects.exists()
    assert told_changes(curator) == [(player.public_id, "player", ["external_ids"])]


def test_external_ids_of_a_match_are_told_and_its_boxscore_follows(curator: Client, match: Match):
    score(match, make_player(team=match.home, sport="football"), 3)
    form = {"source": "opta", "kind": "match", "value": "g1", "object_id": match.pk}

    curator.post(reverse("admin:leagues_externalid_add"), form)
    work_off()

    assert told_changes(curator) == [(match.public_id, "match", ["external_ids"])]
    assert box(match)["match"]["external_ids"] == {"opta": "g1"}


def test_external_id_of_a_row_that_is_gone_is_told_of_nobody(curator: Client):
    row = called("venue", 999_999)

    curator.post(reverse("admin:leagues_externalid_delete", args=[row.pk]), {"post": "yes"})

    assert (ExternalId.objects.count(), told_changes(curator)) == (0, [])


def test_external_ids_of_a_test_leagues_match_stay_inside(curator: Client):
    secret = make_match(make_season(make_league(sport="football", is_test=True)))
    form = {"source": "opta", "kind": "match", "value": "g1", "object_id": secret.pk}

    curator.post(reverse("admin:leagues_externalid_add"), form)

    assert told_changes(curator) == []
