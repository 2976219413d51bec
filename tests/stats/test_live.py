"""What open pages are sent while a match is played."""

import json
from collections.abc import Iterator
from datetime import timedelta

import pytest

from config.clock import now
from matches.models import Match
from stats import live
from streams.live import store
from streams.redis_client import client
from tests.factories.matchday import Log, Matchday, make_matchday

pytestmark = pytest.mark.django_db


@pytest.fixture
def matchday() -> Matchday:
    return make_matchday(now())


@pytest.fixture(autouse=True)
def watchers(matchday: Matchday) -> Iterator[None]:
    """Somebody has the scores and the live match open."""
    topics = ("page:scores", f"page:match:{matchday.matches['live'].public_id}")
    with client().pubsub() as watcher:
        watcher.subscribe(*(store.channel_of(topic) for topic in topics))
        for _ in topics:
            watcher.get_message(timeout=5)
        yield


def frames(topic: str) -> list[dict[str, str]]:
    stored = client().xrange(store.keys_of(topic)[1])
    return [json.loads(body)["k"] for _, body in store.parse_frames(stored)]


def next_event(matchday: Matchday, match: Match) -> Log:
    match.refresh_from_db()
    return Log(day=matchday, match=match, at=now(), seq=match.head_seq)


def test_first_sending_has_all_parts_and_says_nothing_old(matchday: Matchday) -> None:
    match = matchday.matches["live"]

    live.publish_pages([match.pk])

    (page,) = frames(f"page:match:{match.public_id}")
    (scores,) = frames("page:scores")
    assert {"score", "scorers", "age", "b:goals"} <= set(page)
    assert "say" not in page
    assert list(scores) == [f"m:{match.public_id}"]


def test_second_sending_has_only_what_changed_and_says_it(matchday: Matchday) -> None:
    match = matchday.matches["live"]
    live.publish_pages([match.pk])
    log = next_event(matchday, match)
    log.tell("yellow_card", "2H", 30, team=match.home, player="6")
    log.fold()

    live.publish_pages([match.pk])

    page = frames(f"page:match:{match.public_id}")[-1]
    assert [key[:2] for key in page if ":" in key] == ["p:", "t:", "b:"]
    assert page["say"].endswith("Ashford 3, Eastgate 1, 76&#x27;.")
    assert "scorers" not in page


def test_correction_is_said_as_one(matchday: Matchday) -> None:
    match = matchday.matches["live"]
    live.publish_pages([match.pk])
    log = next_event(matchday, match)
    goal = match.events.filter(type="goal", op="add").latest("seq")
    log.retract(goal, reason="VAR: handball")
    log.fold()

    live.publish_pages([match.pk])

    page = frames(f"page:match:{match.public_id}")[-1]
    assert page["say"] == "Correction: Goal cancelled, Ashford 2, Eastgate 1."


def test_typical_frame_stays_small(matchday: Matchday) -> None:
    match = matchday.matches["live"]
    live.publish_pages([match.pk])
    log = next_event(matchday, match)
    log.tell("corner", "2H", 31, team=match.home)
    log.fold()

    live.publish_pages([match.pk])

    assert len(json.dumps(frames(f"page:match:{match.public_id}")[-1])) < 4096


def test_leagues_and_teams_are_told_where_their_matches_stand(matchday: Matchday) -> None:
    live_one, old = matchday.matches["live"], matchday.matches["finished"]
    Match.objects.filter(pk=old.pk).update(kickoff_at=now() - timedelta(days=3))

    live.publish_headers([live_one.pk, old.pk])

    league = f"league:{live_one.season.league.public_id}"
    teams = [f"team:{team.public_id}" for team in (live_one.home, live_one.away)]
    for topic in (league, *teams):
        stored = client().xrange(store.keys_of(topic)[1])
        (told,) = [json.loads(body)["match"] for _, body in store.parse_frames(stored)]
        assert told == live.match_header(live_one)


def test_ages_are_told_of_live_matches_only(matchday: Matchday) -> None:
    match = matchday.matches["live"]
    Match.objects.live().exclude(pk=match.pk).update(status="finished")
    Match.objects.filter(pk=match.pk).update(data_at=now() - timedelta(seconds=150))

    live.publish_ages()

    (page,) = frames(f"page:match:{match.public_id}")
    (scores,) = frames("page:scores")
    assert list(page) == ["age", "banner"]
    assert "Feed silent for 2 min" in page["banner"]
    assert list(scores) == [f"a:{match.public_id}"]
    assert "age--silent" in scores[f"a:{match.public_id}"]


def test_old_matches_are_no_news(matchday: Matchday) -> None:
    old = matchday.season.matches.filter(matchday=1).first()

    live.publish_pages([old.pk])

    assert frames("page:scores") == []


def test_page_that_nobody_has_open_is_not_rendered(matchday: Matchday) -> None:
    unwatched = next(match for name, match in matchday.matches.items() if name != "live")

    live.publish_pages([unwatched.pk])

    assert frames(f"page:match:{unwatched.public_id}") == []


def test_newer_table_is_told_where_a_page_shows_it(matchday: Matchday) -> None:
    topic = f"page:league:{matchday.league.public_id}"

    live.publish_tables([matchday.season.pk])
    assert frames(topic) == []

    with client().pubsub() as watcher:
        watcher.subscribe(store.channel_of(topic))
        watcher.get_message(timeout=5)
        live.publish_tables([matchday.season.pk, matchday.season.pk])
    (news,) = frames(topic)
    assert list(news) == ["table-news"]
