"""The admin's first page: what waits, for whom, in how many queries."""

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from redis.exceptions import ConnectionError as RedisAway

from accounts.enums import Role
from accounts.models import User
from accounts.services import grant_role, sync_roles
from config import celery, health
from config.attention import Sign, concerns, live_now, signs
from config.beat import BEAT_SEEN_KEY
from config.clock import now
from leagues.models import UnmatchedName
from matches.enums import ReportSubject
from matches.models import FactReport
from stats.enums import TableKind
from stats.models import TableRow
from streams.models import DeadLetter
from tests.factories.fantasy import make_game, make_round
from tests.factories.leagues import make_league, make_season, make_team
from tests.factories.matches import make_event, make_feed, make_live_match, make_match

pytestmark = pytest.mark.django_db

FEEDS, LATE, LETTERS, SCORES = (
    "Feeds that fail or are silent",
    "Live matches with old data",
    "Dead letters",
    "Scores that disagree with the vendor's",
)
REPORTS, NAMES, CASES, TIES = (
    "Facts that readers call wrong",
    "Names that could not be placed",
    "Corrections after a round was settled",
    "Teams that the rules of the table cannot separate",
)


@pytest.fixture
def curator(client: Client, admin_user) -> Client:
    client.force_login(admin_user)
    return client


def of_role(role: Role) -> User:
    sync_roles()
    user = User.objects.create_user(f"{role}@example.org", "x")
    grant_role(user, role)
    return user


def make_letter(**fields) -> DeadLetter:
    position = DeadLetter.objects.count() + 1
    defaults = {
        "topic": "match.ingested",
        "group": "stats",
        "entry_id": f"{position}-0",
        "position": position,
        "payload": {},
        "error": "ValueError: broken\nand more",
    }
    return DeadLetter.objects.create(**{**defaults, **fields})


def make_tie(**fields) -> TableRow:
    season = fields.pop("season", None) or make_season()
    defaults = {"rank": 1, "is_tied": True, "form": "W", "team": make_team(season=season)}
    return TableRow.objects.create(season=season, **{**defaults, **fields})


def make_one_of_each() -> None:
    match = make_live_match(
        score_mismatch=True,
        vendor_score={"home": 2, "away": 0},
        data_at=now() - timedelta(minutes=3),
    )
    make_feed(match.season, failures=3, last_error="answered 502")
    make_letter()
    FactReport.objects.create(match=match, subject=ReportSubject.SCORE)
    number = UnmatchedName.objects.count()
    UnmatchedName.objects.create(source="opta", value=f"p{number}", name="J. Bloggs")
    make_round(make_game()).cases.create(match=match)
    TableRow.objects.create(season=match.season, team=match.home, rank=1, is_tied=True, form="W")


def found(user: User) -> dict[str, tuple[int, str]]:
    return {concern.title: (concern.count, concern.worst) for concern in concerns(user, at=now())}


def test_nothing_waits(curator: Client):
    page = curator.get(reverse("admin:index"))

    assert page.context["concerns"] == []
    assert "Nothing waits." in page.content.decode()
    assert "No match is live." in page.content.decode()


def test_each_kind_is_counted_and_leads_to_as_long_a_list(curator: Client):
    make_one_of_each()
    make_one_of_each()

    told = curator.get(reverse("admin:index")).context["concerns"]

    assert [(concern.title, concern.count) for concern in told] == [
        (title, 2) for title in (FEEDS, LATE, LETTERS, SCORES, REPORTS, NAMES, CASES, TIES)
    ]
    for concern in told:
        listed = curator.get(concern.place)
        assert listed.status_code == 200, concern.place
        assert listed.context["cl"].result_count == 2, concern.title


def test_first_page_needs_as_many_queries_for_three_of_each_as_for_one(curator: Client):
    make_one_of_each()
    curator.get(reverse("admin:index"))
    with CaptureQueriesContext(connection) as of_one:
        curator.get(reverse("admin:index"))
    make_one_of_each()
    make_one_of_each()

    with CaptureQueriesContext(connection) as of_three:
        curator.get(reverse("admin:index"))

    assert len(of_three) == len(of_one)


@pytest.mark.parametrize(
    ("role", "titles"),
    [
        (Role.FAN, []),
        (Role.ANALYST, [FEEDS, LATE, SCORES, REPORTS, NAMES, CASES, TIES]),
        (Role.ADMIN, [FEEDS, LATE, LETTERS, SCORES, REPORTS, NAMES, CASES, TIES]),
    ],
)
def test_nobody_is_told_of_what_he_may_not_see(role: Role, titles: list[str]):
    make_one_of_each()

    assert list(found(of_role(role))) == titles


@pytest.mark.parametrize(
    ("role", "has_live", "of"),
    [
        (Role.FAN, False, set()),
        (Role.ANALYST, True, {"Ingest"}),
        (Role.ADMIN, True, {"Ingest", "Relay", "Beat", "Workers"}),
    ],
)
def test_health_is_told_by_role(role: Role, has_live: bool, of: set[str]):
    user = of_role(role)

    assert (live_now(user) is not None) == has_live
    assert {sign.of for sign in signs(user) if not sign.of.startswith("Group ")} == of


@pytest.mark.parametrize(
    ("fields", "is_live", "words"),
    [
        ({"failures": 2}, False, None),
        ({"failures": 3, "last_error": "answered 502"}, False, "3 failures in a row"),
        ({"failures": 9, "is_enabled": False}, True, None),
        ({"heard_s": 29}, True, None),
        ({"heard_s": 31}, True, "silent while matches are live, last good answer 31 s ago"),
        ({"heard_s": 31}, False, None),
        ({}, True, "last good answer never"),
    ],
)
def test_feed_is_a_concern_when_it_fails_or_is_silent_in_play(
    admin_user, fields: dict, is_live: bool, words: str | None
):
    season = make_season()
    (make_live_match if is_live else make_match)(season)
    heard_s = fields.pop("heard_s", None)
    last = now() - timedelta(seconds=heard_s) if heard_s else None
    make_feed(season, last_good_at=last, **fields)

    told = found(admin_user).get(FEEDS)

    assert (told is not None) == (words is not None)
    assert words is None or words in told[1]


@pytest.mark.parametrize(("age_s", "is_late"), [(28, False), (31, True)])
def test_live_match_is_late_once_pages_say_so(admin_user, age_s: int, is_late: bool):
    make_live_match(data_at=now() - timedelta(seconds=age_s))

    assert (LATE in found(admin_user)) == is_late


def test_worst_is_told_in_words(admin_user):
    season = make_season()
    teams = {"home": make_team("Rovers"), "away": make_team("United")}
    match = make_match(
        season,
        **teams,
        score_mismatch=True,
        vendor_score={"home": 2, "away": 1},
        home_score=1,
        away_score=1,
        kickoff_at=now().replace(year=2026, month=3, day=1),
    )
    make_letter(created_at=now() - timedelta(hours=3))
    make_letter(error="KeyError: newer")
    FactReport.objects.create(match=match, subject=ReportSubject.MISSING)
    FactReport.objects.create(match=match, subject=ReportSubject.SCORE, count=5)
    make_tie(season=make_season(make_league("Cup"), name="2026"), team=teams["home"])

    told = found(admin_user)

    assert told[SCORES][1] == "Rovers - United, 2026-03-01: the vendor states 2:1, its events 1:1"
    assert told[LETTERS] == (2, "match.ingested for stats, 3 h ago: ValueError: broken")
    assert told[REPORTS][1] == ("Rovers - United: The score or the result. By 5 readers, 0 s ago")
    assert told[TIES] == (1, "Rovers and others at rank 1 of Cup 2026")


@pytest.mark.parametrize(
    "fields", [{"is_tied": False}, {"form": ""}, {"kind": TableKind.HOME}], ids=str
)
def test_tie_that_nobody_has_to_separate_is_no_concern(admin_user, fields: dict):
    make_tie(**fields)
    make_tie(season=make_season(is_current=False))
    make_tie(season=make_season(make_league(is_test=True)))

    assert TIES not in found(admin_user)


def test_live_matches_are_told_oldest_data_first(admin_user):
    fresh = make_live_match()
    unheard = make_live_match(data_at=None)
    late = make_live_match(data_at=now() - timedelta(minutes=2))
    make_match()

    told = live_now(admin_user)

    assert (told.count, list(told.matches)) == (3, [unheard, late, fresh])


def test_signs_tell_lag_beat_and_workers(admin_user):
    told_at = now() - timedelta(seconds=40)
    make_event(make_live_match(), source="opta", vendor_at=told_at, ingested_at=now())
    cache.set(BEAT_SEEN_KEY, now() - timedelta(minutes=2))
    cache.set(celery.WORKER_SEEN_KEY, now())

    told = {sign.of: sign for sign in signs(admin_user)}

    assert told["Ingest of opta"].is_well is False
    assert told["Beat"] == Sign(of="Beat", says="beat was last seen 120 s ago", is_well=False)
    assert told["Workers"] == Sign(of="Workers", says="seen 0 s ago", is_well=True)


def test_first_page_opens_while_redis_is_away(curator: Client, monkeypatch):
    def away(*_: object, **__: object) -> None:
        raise RedisAway("gone")

    monkeypatch.setattr(health, "lags", away)
    monkeypatch.setattr(health.cache, "get", away)

    page = curator.get(reverse("admin:index"))

    assert page.status_code == 200
    wrong = {sign.of for sign in page.context["signs"] if not sign.is_well}
    assert wrong == {"Streams", "Beat", "Workers"}


def test_worker_leaves_a_sign_after_a_task_and_not_after_each(monkeypatch):
    monkeypatch.setattr(celery, "_last_sign", [float("-inf")])

    celery._leave_sign()
    first = cache.get(celery.WORKER_SEEN_KEY)
    celery._leave_sign()

    assert first is not None
    assert cache.get(celery.WORKER_SEEN_KEY) == first


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, ["live", "yesterday", "tomorrow"]),
        ({"when": "live"}, ["live"]),
        ({"when": "coming"}, ["tomorrow", "later"]),
        ({"when": "past"}, ["yesterday", "long ago"]),
        ({"when": "all"}, ["live", "long ago", "yesterday", "tomorrow", "later"]),
        ({"q": "Town"}, ["live", "long ago", "yesterday", "tomorrow", "later"]),
        ({"status__exact": "scheduled"}, ["long ago", "yesterday", "tomorrow", "later"]),
    ],
    ids=str,
)
def test_matches_are_listed_by_when(curator: Client, query: dict, expected: list[str]):
    season = make_season()
    hours = {"long ago": -2000, "yesterday": -20, "tomorrow": 20, "later": 2000}
    for name, hour in hours.items():
        make_match(
            season, round_name=name, kickoff_at=now() + timedelta(hours=hour), home=town(season)
        )
    make_live_match(season, round_name="live", home=town(season))

    page = curator.get(reverse("admin:matches_match_changelist"), query)

    assert [match.round_name for match in page.context["cl"].result_list] == expected


def town(season):
    return make_team(f"Town {make_team().pk}", season=season)
