"""The admin of leagues: lists, and the queue of unmatched names."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from accounts.enums import Role
from accounts.models import User
from accounts.services import grant_role, sync_roles
from config.clock import now
from leagues.enums import ExternalKind, UnmatchedStatus
from leagues.models import ExternalId, League, Player, UnmatchedName
from tests.admin_lists import assert_no_query_for_a_row
from tests.factories.leagues import make_league, make_player, make_season, make_team

pytestmark = pytest.mark.django_db


@pytest.fixture
def curator(client: Client, admin_user) -> Client:
    client.force_login(admin_user)
    return client


def make_question(known: Player, made: Player | None = None, **fields) -> UnmatchedName:
    context = {"team": "Rovers", "player_id": made.pk if made else None}
    defaults = {
        "source": "opta",
        "value": f"p{known.pk}",
        "name": "J. Bloggs",
        "context": context,
        "suggestions": [{"player_id": known.pk, "confidence": 0.91}],
    }
    return UnmatchedName.objects.create(**{**defaults, **fields})


@pytest.mark.parametrize(
    "model",
    [
        "league",
        "season",
        "team",
        "player",
        "rosterspot",
        "seasonteam",
        "externalid",
        "unmatchedname",
    ],
)
def test_list_needs_as_many_queries_for_five_rows_as_for_one(curator: Client, model: str):
    def add() -> None:
        team = make_team(season=make_season())
        player = make_player(team=team)
        ExternalId.objects.create(
            source="opta", kind=ExternalKind.PLAYER, value=str(player.pk), object_id=player.pk
        )
        make_question(player)

    assert_no_query_for_a_row(curator, reverse(f"admin:leagues_{model}_changelist"), add)


def test_league_is_made_with_a_sport_there_is_a_pack_for(curator: Client):
    address = reverse("admin:leagues_league_add")
    form = {
        "slug": "cup",
        "name": "Cup",
        "sport": "quidditch",
        "priority": 1,
        "time_zone": "UTC",
        "seasons-TOTAL_FORMS": 0,
        "seasons-INITIAL_FORMS": 0,
    }

    refused = curator.post(address, form)
    accepted = curator.post(address, {**form, "sport": "generic"})

    assert "quidditch is not one of the available choices" in refused.content.decode()
    assert accepted.status_code == 302
    assert League.objects.get().sport == "generic"


def test_search_finds_by_public_id(curator: Client):
    wanted = make_league("Alpha")
    make_league("Beta")

    page = curator.get(reverse("admin:leagues_league_changelist"), {"q": wanted.public_id})

    assert "Alpha" in page.content.decode()
    assert "Beta" not in page.content.decode()


def test_question_is_linked_to_the_suggestion(curator: Client):
    known, made = make_player("Jo Bloggs"), make_player("J. Bloggs")
    question = make_question(known, made)
    ExternalId.objects.create(
        source="opta", kind=ExternalKind.PLAYER, value=question.value, object_id=made.pk
    )

    curator.post(
        reverse("admin:leagues_unmatchedname_changelist"),
        {"action": "link_best", "_selected_action": [question.pk]},
    )

    question.refresh_from_db()
    made.refresh_from_db()
    assert question.status == UnmatchedStatus.LINKED
    assert made.merged_into == known
    assert ExternalId.objects.get().object_id == known.pk


@pytest.mark.parametrize(
    ("decision", "status"),
    [("created", UnmatchedStatus.CREATED), ("ignored", UnmatchedStatus.IGNORED)],
)
def test_question_is_closed_from_its_page(curator: Client, decision: str, status: str):
    question = make_question(make_player())

    curator.post(
        reverse("admin:leagues_unmatchedname_change", args=[question.pk]), {"decision": decision}
    )

    question.refresh_from_db()
    assert question.status == status


def test_question_is_linked_to_somebody_else_from_its_page(curator: Client):
    question, other = make_question(make_player("Jo")), make_player("Joanna")
    address = reverse("admin:leagues_unmatchedname_change", args=[question.pk])

    nobody = curator.post(address, {"decision": "linked"})
    somebody = curator.post(address, {"decision": "linked", "player": other.pk})

    assert "Choose whom the name means." in nobody.content.decode()
    assert somebody.status_code == 302
    assert ExternalId.objects.get().object_id == other.pk


def test_two_players_are_merged_into_the_older(curator: Client):
    older, newer = make_player("Jo"), make_player("Jo B.")
    form = {"action": "merge", "_selected_action": [newer.pk, older.pk]}

    curator.post(reverse("admin:leagues_player_changelist"), form)

    newer.refresh_from_db()
    assert newer.merged_into == older


def test_name_is_accepted_by_one_button(curator: Client):
    known, other = make_player("Jo Bloggs"), make_player("Kim")
    question, waiting = make_question(known), make_question(other, value="p9")
    queue = reverse("admin:leagues_unmatchedname_changelist")
    address = reverse("admin:leagues_unmatchedname_accept", args=[question.pk])

    listed = curator.get(queue).content.decode()
    answer = curator.post(address)

    assert f'formaction="{address}"' in listed
    assert answer["Location"] == f"{queue}?status__exact=open"
    question.refresh_from_db()
    waiting.refresh_from_db()
    assert (question.status, waiting.status) == (UnmatchedStatus.LINKED, UnmatchedStatus.OPEN)
    assert ExternalId.objects.get().object_id == known.pk


def test_accepting_needs_a_post_and_the_right_to_change(curator: Client, client: Client):
    question = make_question(make_player())
    address = reverse("admin:leagues_unmatchedname_accept", args=[question.pk])

    assert curator.get(address).status_code == 403
    sync_roles()
    analyst = User.objects.create_user("analyst@example.org", "x")
    grant_role(analyst, Role.ANALYST)
    client.force_login(analyst)
    assert client.post(address).status_code == 403
    question.refresh_from_db()
    assert question.status == UnmatchedStatus.OPEN


def test_enter_accepts_and_brings_the_next_name(curator: Client):
    first = make_question(make_player("Jo"), first_seen_at=now() - timedelta(days=1))
    second = make_question(make_player("Kim"), value="p9")
    address = reverse("admin:leagues_unmatchedname_change", args=[first.pk])

    form = curator.get(address).context["adminform"].form
    told = {"decision": form.fields["decision"].initial, "player": form.fields["player"].initial}
    answer = curator.post(address, told)

    assert answer["Location"] == reverse("admin:leagues_unmatchedname_change", args=[second.pk])
    first.refresh_from_db()
    assert first.status == UnmatchedStatus.LINKED


def test_answered_name_is_not_answered_again(curator: Client):
    question = make_question(make_player("Jo"), status=UnmatchedStatus.IGNORED, resolved_at=now())
    change = reverse("admin:leagues_unmatchedname_change", args=[question.pk])
    queue = reverse("admin:leagues_unmatchedname_changelist")

    shown = curator.get(change)
    posted = curator.post(change, {"decision": "created"})
    acted = curator.post(
        queue, {"action": "link_best", "_selected_action": [question.pk]}, follow=True
    )

    assert (shown.status_code, posted.status_code) == (200, 403)
    assert "was answered already: ignored" in acted.content.decode()
    question.refresh_from_db()
    assert question.status == UnmatchedStatus.IGNORED


def test_league_cannot_have_a_time_zone_that_is_none(curator: Client):
    league = make_league(time_zone="UTC")
    page = curator.get(reverse("admin:leagues_league_change", args=[league.pk]))

    zones = [zone for zone, _ in page.context["adminform"].form.fields["time_zone"].choices]
    assert "Europe/London" in zones
    assert "Mars/Olympus" not in zones
