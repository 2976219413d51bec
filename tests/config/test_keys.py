"""Keys at the doors of HTTP: what is counted, what is refused, and what a key never opens."""

from datetime import timedelta

import pytest
from django.test import Client

from accounts.enums import KeyMode, KeyScope
from accounts.models import IdempotentAnswer, PartnerKey
from accounts.services import revoke_key
from config.clock import now
from config.sight import DELAY_COOKIE, HIDE_COOKIE
from fantasy.models import Entry
from matches.models import Match
from tests.factories.accounts import bearer, make_partner, make_user, partner_client
from tests.factories.fantasy import make_entry, make_game, make_game_player, make_round
from tests.factories.matchday import make_matchday
from tests.factories.matches import make_live_match

pytestmark = pytest.mark.django_db

REPLAYS = "/api/v1/replays"
LEAGUES = "/api/v1/leagues"
UNKNOWN = "vz_test_abcdefghi0_" + "A1b2" * 10


def problem(response) -> tuple[int, str]:
    assert response["Content-Type"] == "application/problem+json"
    body = response.json()
    assert body["status"] == response.status_code
    assert "vz_test_abcdefghi0" not in response.content.decode()
    return response.status_code, body["code"]


@pytest.fixture
def match() -> Match:
    return make_matchday(now()).matches["finished"]


def make_team(owner) -> Entry:
    match = make_live_match()
    game = make_game(match.season)
    make_round(game)
    return make_entry(game, squad=[make_game_player(game, match.home, "MID")], owner=owner)


def begin(client: Client, match: Match, **headers):
    body = {"match": match.public_id, "is_paused": True}
    return client.post(REPLAYS, body, content_type="application/json", headers=headers)


@pytest.mark.parametrize(
    "path", [LEAGUES, REPLAYS, "/api/v1/changes", "/api/v1/nowhere", "/api/v1"]
)
def test_a_key_that_is_none_is_refused_at_every_door(client: Client, path):
    response = client.get(path, headers=bearer(UNKNOWN))

    assert problem(response) == (401, "key_unknown")
    assert response["WWW-Authenticate"] == 'Bearer realm="api", error="invalid_token"'
    assert response["Cache-Control"] == "no-store"


def test_revoked_and_expired_keys_are_told_apart(client: Client):
    revoked, of_revoked = make_partner()
    revoke_key(revoked, at=now())
    expired, of_expired = make_partner()
    early = now() - timedelta(days=9)
    PartnerKey.objects.filter(pk=expired.pk).update(
        created_at=early, expires_at=early + timedelta(days=1)
    )

    assert problem(client.get(LEAGUES, headers=bearer(of_revoked))) == (401, "key_revoked")
    assert problem(client.get(LEAGUES, headers=bearer(of_expired))) == (401, "key_expired")


@pytest.mark.parametrize(
    "query", ["key={}", "api_key={}", "fields={}", "cursor=x{}x", "{}=1", "q=%76%7a{}"]
)
@pytest.mark.parametrize("path", [LEAGUES, REPLAYS, "/api/v1/changes"])
def test_a_key_in_an_address_is_refused_even_if_it_is_good(client: Client, path, query):
    _key, token = make_partner()
    given = token.removeprefix("vz") if "%76" in query else token

    response = client.get(f"{path}?{query.format(given)}")

    assert problem(response) == (400, "key_in_url")
    assert token not in response.content.decode()
    assert "Authorization: Bearer" in response.json()["detail"]


def test_a_key_in_an_address_does_not_count_as_shown(client: Client):
    key, token = make_partner()

    client.get(f"{LEAGUES}?key={token}", headers=bearer(token))

    key.refresh_from_db()
    assert key.last_used_at is None


def test_a_key_counts_for_itself_wherever_it_is_used(client: Client, settings):
    settings.API_REQUESTS_PER_MINUTE = {"read": 1, "live": 1}
    settings.API_KEY_REQUESTS_PER_MINUTE = {"read": 2, "live": 2}
    first, second = make_partner()[1], make_partner()[1]

    def get(token: str, address: str):
        return client.get(LEAGUES, headers=bearer(token), REMOTE_ADDR=address)

    answers = [get(first, "192.0.2.1"), get(first, "192.0.2.2"), get(first, "192.0.2.3")]

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[0]["RateLimit-Policy"] == '"read";q=2;w=60'
    assert [answer["X-RateLimit-Remaining"] for answer in answers] == ["1", "0", "0"]
    assert get(second, "192.0.2.1").status_code == 200
    # Nor has it used up what its network has without one.
    assert client.get(LEAGUES, REMOTE_ADDR="192.0.2.1").status_code == 200
    assert client.get(LEAGUES, REMOTE_ADDR="192.0.2.1").status_code == 429
    assert get(second, "192.0.2.1").status_code == 200


def test_guesses_count_for_their_network(client: Client, settings):
    settings.API_REQUESTS_PER_MINUTE = {"read": 2, "live": 2}

    answers = [client.get(LEAGUES, headers=bearer(UNKNOWN)) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [401, 401, 429]


def test_unchanged_costs_a_key_a_tenth(settings):
    settings.API_KEY_REQUESTS_PER_MINUTE = {"read": 5, "live": 5}
    client = partner_client()
    tag = client.get(LEAGUES)["ETag"]

    answers = [client.get(LEAGUES, headers={"If-None-Match": tag}) for _ in range(10)]

    assert {answer.status_code for answer in answers} == {304}


def test_other_schemes_are_somebody_elses(client: Client):
    assert client.get(LEAGUES, headers={"Authorization": "Basic YTpi"}).status_code == 200


def test_scheme_is_read_in_any_case(client: Client):
    _key, token = make_partner()

    assert client.get(REPLAYS, headers={"Authorization": f"bearer {token}"}).status_code == 200


def test_replays_without_a_key_say_what_is_missing(client: Client, match: Match):
    client.force_login(make_user())

    for response in (
        begin(Client(), match),
        client.get(REPLAYS),
        client.get(f"{REPLAYS}/x/events"),
    ):
        assert problem(response) == (401, "unauthenticated")
        assert "vz_test_..." in response.json()["detail"]
        assert response["WWW-Authenticate"] == 'Bearer realm="api"'


def test_a_live_key_is_told_to_be_a_test_key(match: Match):
    client = partner_client(mode=KeyMode.LIVE)

    response = begin(client, match)

    assert problem(response) == (403, "test_key_needed")
    assert "test key" in response.json()["detail"]
    assert problem(client.get(REPLAYS)) == (403, "test_key_needed")


def test_a_live_key_of_the_owner_does_not_see_his_replays(match: Match):
    owner = make_user()
    replay = begin(partner_client(owner), match).json()

    seen = partner_client(owner, mode=KeyMode.LIVE).get(f"{REPLAYS}/{replay['id']}")

    assert problem(seen) == (403, "test_key_needed")


def test_a_key_without_the_scope_is_told_which(match: Match):
    reader = partner_client(scopes=[KeyScope.READ])
    player = partner_client(scopes=[KeyScope.REPLAY])

    refused = begin(reader, match)

    assert problem(refused) == (403, "scope_missing")
    assert "'replay'" in refused.json()["detail"]
    assert reader.get(LEAGUES).status_code == 200
    assert problem(player.get(LEAGUES)) == (403, "scope_missing")
    assert begin(player, match).status_code == 201


@pytest.mark.parametrize("mode", KeyMode)
def test_keys_of_both_modes_read_what_everybody_reads(client: Client, mode):
    make_live_match()

    with_key = partner_client(mode=mode).get("/api/v1/matches")

    # Of the same content, the age of the data aside.
    assert with_key["ETag"] == client.get("/api/v1/matches")["ETag"]
    assert with_key.json()["results"]


def test_a_key_never_opens_its_owners_account():
    owner = make_user()
    entry = make_team(owner)
    client = partner_client(owner)

    answers = [
        client.get("/api/v1/fantasy/teams"),
        client.get(f"/api/v1/fantasy/teams/{entry.public_id}"),
        client.patch(
            f"/api/v1/fantasy/teams/{entry.public_id}", {"name": "Mine"}, "application/json"
        ),
    ]

    assert {answer.status_code for answer in answers} == {403}


def test_a_session_beside_a_key_counts_for_nothing(client: Client):
    owner = make_user()
    entry = make_team(owner)
    client.force_login(owner)
    address = f"/api/v1/fantasy/teams/{entry.public_id}"
    _key, token = make_partner(owner)

    assert client.get(address).status_code == 200
    assert client.get(address, headers=bearer(token)).status_code == 403


def test_a_key_opens_no_page(client: Client):
    _key, token = make_partner()

    assert client.get("/profile/", headers=bearer(token)).status_code == 302


def test_a_program_is_told_at_once_whatever_its_owner_wants():
    owner = make_user(spoiler_delay_s=180, hides_scores=True)
    match = make_live_match()
    client = partner_client(owner)
    client.cookies[HIDE_COOKIE], client.cookies[DELAY_COOKIE] = "1", "60"

    told = client.get(f"/api/v1/matches/{match.public_id}")

    assert told["ETag"] == Client().get(f"/api/v1/matches/{match.public_id}")["ETag"]
    assert "public" in told["Cache-Control"]
    # No cache gives this answer to a reader who wants to be spared.
    assert "Cookie" in told["Vary"]


def test_a_write_sent_again_is_done_once_for_one_key(match: Match):
    owner = make_user()
    first, second = partner_client(owner), partner_client(owner)
    once = {"Idempotency-Key": "1"}

    answers = [
        begin(first, match, **once),
        begin(first, match, **once),
        begin(second, match, **once),
    ]

    ids = [answer.json()["id"] for answer in answers]
    assert [answer.status_code for answer in answers] == [201] * 3
    assert (ids[0] == ids[1], ids[0] == ids[2]) == (True, False)
    assert len(first.get(REPLAYS).json()["results"]) == 2
    assert IdempotentAnswer.objects.filter(user=owner).count() == 2


def test_a_live_key_is_not_given_the_answer_of_a_test_key(match: Match):
    owner = make_user()
    once = {"Idempotency-Key": "1"}
    begin(partner_client(owner), match, **once)

    response = begin(partner_client(owner, mode=KeyMode.LIVE), match, **once)

    assert problem(response) == (403, "test_key_needed")


def test_every_request_looks_a_key_up_once_and_notes_it_once_a_minute(django_assert_num_queries):
    client = partner_client()
    client.get("/api/v1")

    # The key alone: this door asks for nothing else.
    with django_assert_num_queries(1):
        assert client.get("/api/v1").status_code == 200


def test_pages_about_problems_exist(client: Client):
    for code in ("key_unknown", "key_revoked", "key_expired", "key_in_url", "test_key_needed"):
        assert client.get(f"/api/problems/{code}").status_code == 200


def test_the_page_of_a_replay_needs_no_key(client: Client, match: Match):
    assert client.get(f"/matches/{match.public_id}/replay/").status_code == 200
    assert client.get(f"/matches/{match.public_id}/replay/film/").status_code == 200
