"""Whatever is asked of the API, it answers with a status that its description names."""

from pathlib import Path
from urllib.parse import quote

import pytest
import yaml
from django.conf import settings as project
from django.test import Client
from hypothesis import HealthCheck, given
from hypothesis import settings as configured
from hypothesis import strategies as st

from fantasy.models import Cup
from fantasy.services.leagues import NewLeague, create_league
from notifications.models import Device
from stats.models import BoxScore, TableRow
from tests.factories.accounts import make_user
from tests.factories.fantasy import make_entry, make_game, make_game_player, make_round
from tests.factories.leagues import make_player
from tests.factories.matches import make_event, make_live_match

pytestmark = pytest.mark.django_db

SCHEMA = yaml.safe_load((Path(project.BASE_DIR) / "docs" / "openapi.yaml").read_text())
ROUTES = sorted(path for path, operations in SCHEMA["paths"].items() if "get" in operations)
NAMES = sorted(
    {told["name"] for path in ROUTES for told in SCHEMA["paths"][path]["get"]["parameters"]}
)
IDS = st.from_regex(r"\Avz_(league|season|team|player|match)_[0-9A-Z]{26}\Z")
# Bytes too: what arrives need not be UTF-8.
ODD = st.one_of(
    st.text(max_size=40),
    st.binary(max_size=20),
    IDS,
    st.integers().map(str),
    st.dates().map(str),
    st.sampled_from(["", "0", "-1", "1e9", "NaN", "null", "true", "9" * 400, "²", "live,", "id,"]),
    st.sampled_from(["\x00", "%", "'", '"', "\ud800", "2026-02-30", "0001-01-01", "9999-12-31"]),
)


def encoded(value: str | bytes) -> str:
    raw = value if isinstance(value, bytes) else value.encode("utf-8", "surrogatepass")
    return quote(raw, safe="")


@pytest.fixture
def held() -> dict[str, str]:
    match = make_live_match()
    make_event(match, team=match.home, player=make_player(team=match.home))
    BoxScore.objects.create(match=match, document=b'{"folded_seq":1}', etag="x")
    TableRow.objects.create(season=match.season, team=match.home, rank=1)
    game = make_game(match.season)
    make_round(game)
    entry = make_entry(game, squad=[make_game_player(game, match.home, "MID")])
    league = create_league(entry.pk, NewLeague(name="All", is_public=True))
    cup = Cup.objects.create(
        game=game, league=league, name="Cup", start_round=league.start_round, seed="s"
    )
    device = Device.objects.create(user=make_user(), endpoint="https://push.example.org/1")
    return {
        "fantasy/games": game.public_id,
        "fantasy/teams": entry.public_id,
        "fantasy/entries": entry.public_id,
        "fantasy/leagues": league.public_id,
        "fantasy/cups": cup.public_id,
        "notifications/devices": device.public_id,
        "notifications/follows": match.home.public_id,
        "leagues": match.season.league.public_id,
        "seasons": match.season.public_id,
        "teams": match.home.public_id,
        "players": make_player().public_id,
        "matches": match.public_id,
    }


@pytest.fixture
def stranger(settings) -> Client:
    settings.API_REQUESTS_PER_MINUTE = {"read": 10**6, "live": 10**6}
    return Client(raise_request_exception=False)


@given(
    route=st.sampled_from(ROUTES),
    strange_id=st.none() | ODD,
    query=st.lists(st.tuples(st.sampled_from(NAMES) | st.text(max_size=8), ODD), max_size=3),
    accept=st.sampled_from(["", "application/json", "text/html,*/*;q=0.1", "text/plain", "*;;;"]),
    tag=st.sampled_from(["", "*", '"x"', 'W/"x"', "garbage"]),
)
@configured(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_any_request_is_answered_as_described(
    held, stranger, route, strange_id, query, accept, tag
):
    parts = route.split("/")
    kind = "/".join(parts[3:5]) if parts[3] in {"fantasy", "notifications"} else parts[3]
    given_id = held.get(kind, "") if strange_id is None else encoded(strange_id)
    path = route.replace("{public_id}", given_id).replace("{number}", "1")
    path = path.replace("{player_id}", held["players"])
    assert "//" not in path or strange_id is not None, "the kind is not held"
    address = path + "?" + "&".join(f"{encoded(name)}={encoded(value)}" for name, value in query)
    headers = {name: text for name, text in (("Accept", accept), ("If-None-Match", tag)) if text}

    response = stranger.get(address, headers=headers)

    described = set(SCHEMA["paths"][route]["get"]["responses"])
    # A strange id may make it another address, or one with a needless slash.
    allowed = described | ({"404", "308"} if strange_id is not None else set())
    assert str(response.status_code) in allowed, address
    if response.status_code >= 400:
        assert response["Content-Type"] == "application/problem+json"
        assert response.json()["status"] == response.status_code
