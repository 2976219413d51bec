"""What open pages are sent while a match is played."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.db import transaction

from config.clock import now
from leagues.models import Season
from matches.enums import Certainty
from matches.models import Match
from matches.services.log import delete_log
from stats import live, receivers
from stats.models import BoxScore
from stats.services.fold import Folded, fold_match
from stats.topics import StatUpdate
from streams.groups import Delivery
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
    assert page["say"].endswith("Ashford 3, Eastgate 1, 76 minutes.")
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


def kept_parts(match: Match) -> dict[str, str]:
    """What whoever opens the page now is given by its socket."""
    held = client().hgetall(store.keys_of(f"page:match:{match.public_id}")[2])
    return {name.decode(): json.loads(html) for name, html in held.items()}


def fresh_parts(match: Match) -> dict[str, str | None]:
    """What a page rendered now would be given, without a sentence."""
    fresh = live.page_fragments(Match.objects.with_sides().get(pk=match.pk))
    return {key: html for key, html in fresh.items() if key not in {"say", "age", "banner"}}


def assert_all_are_current(match: Match) -> None:
    kept, fresh = kept_parts(match), fresh_parts(match)
    assert {key: kept.get(key) for key in fresh} == fresh


def test_retracted_goal_takes_the_score_of_all_later_ones_along(matchday: Matchday) -> None:
    match = matchday.matches["live"]
    live.publish_pages([match.pk])
    log = next_event(matchday, match)
    first, *_, last = match.events.filter(type="goal", op="add").order_by("seq")
    log.retract(first, reason="VAR: offside")
    log.fold()

    live.publish_pages([match.pk])

    page = frames(f"page:match:{match.public_id}")[-1]
    assert "2–1" in page[f"t:{last.lineage_id.hex}"]
    assert_all_are_current(match)
    unscored = match.events.get(type="second_yellow").lineage_id.hex
    assert f"t:{unscored}" not in page


def test_goal_told_late_moves_the_score_of_all_later_ones(matchday: Matchday) -> None:
    match = matchday.matches["live"]
    live.publish_pages([match.pk])
    log = next_event(matchday, match)
    log.tell("goal", "1H", 1, team=match.away, player="9")
    log.fold()

    live.publish_pages([match.pk])

    assert_all_are_current(match)


def test_end_of_a_period_goes_where_the_end_of_the_match_stands_for_it(matchday: Matchday) -> None:
    match = matchday.matches["live"]
    live.publish_pages([match.pk])
    log = next_event(matchday, match)
    end = log.tell("period_end", "2H", 50)
    log.fold()
    live.publish_pages([match.pk])
    key = f"t:{end.lineage_id.hex}"
    assert key in kept_parts(match)
    log.tell("match_end", "2H", 50)
    log.fold()

    live.publish_pages([match.pk])

    assert frames(f"page:match:{match.public_id}")[-1][key] is None
    assert key not in kept_parts(match)


def test_corrected_scorer_is_said_as_a_correction(matchday: Matchday) -> None:
    match = matchday.matches["live"]
    live.publish_pages([match.pk])
    log = next_event(matchday, match)
    goal = match.events.filter(type="goal", op="add").latest("seq")
    log.amend(goal, player="9")
    log.fold()

    live.publish_pages([match.pk])

    said = frames(f"page:match:{match.public_id}")[-1]["say"]
    assert said == (
        "Correction: Goal! Petrov scores for Ashford, set up by Moreau."
        " Ashford 3, Eastgate 1, 68 minutes."
    )


def test_goal_is_said_to_be_under_review_and_then_to_stand(matchday: Matchday) -> None:
    match = matchday.matches["live"]
    goal = match.events.filter(type="goal", op="add").latest("seq")
    said = []
    for certainty in (Certainty.PROVISIONAL, Certainty.CONFIRMED):
        live.publish_pages([match.pk])
        log = next_event(matchday, match)
        log.amend(goal, certainty=certainty)
        log.fold()
        live.publish_pages([match.pk])
        said.append(frames(f"page:match:{match.public_id}")[-1]["say"])

    assert said[0].startswith("Under review: Goal! Silva scores for Ashford")
    assert said[1].startswith("Confirmed: Goal! Silva scores for Ashford")


def test_what_is_told_again_without_a_change_is_not_said(matchday: Matchday) -> None:
    match = matchday.matches["live"]
    live.publish_pages([match.pk])
    log = next_event(matchday, match)
    log.amend(match.events.filter(type="goal", op="add").latest("seq"))
    log.fold()

    live.publish_pages([match.pk])

    assert "say" not in frames(f"page:match:{match.public_id}")[-1]


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


def headers(topic: str) -> list[dict[str, Any]]:
    stored = client().xrange(store.keys_of(topic)[1])
    return [json.loads(body)["match"] for _, body in store.parse_frames(stored)]


def hear(match: Match, folded: Folded | None) -> None:
    """Let the group that makes pages hear of a fold."""
    assert folded is not None
    news = StatUpdate(
        match_id=match.pk,
        season_id=match.season_id,
        folded_seq=folded.to_seq,
        status=folded.match.status,
        standing_changed=folded.standing_changed,
        is_first=folded.is_first,
    )
    receivers.refresh_pages([Delivery(position=1, event=news, trace={})])


def test_end_of_a_match_resumed_days_later_is_told_everywhere(matchday: Matchday) -> None:
    match = matchday.matches["live"]
    Match.objects.filter(pk=match.pk).update(kickoff_at=now() - timedelta(days=2))
    live.publish_pages([match.pk])
    log = next_event(matchday, match)
    log.tell("match_end", "2H", 50)
    Match.objects.filter(pk=match.pk).update(head_seq=log.seq)

    hear(match, fold_match(match.pk))

    page = frames(f"page:match:{match.public_id}")[-1]
    row = frames("page:scores")[-1][f"m:{match.public_id}"]
    assert "Full time" in page["score"]
    assert "FT" in row
    for owner in (match.season.league, match.home, match.away):
        kind = "league" if owner == match.season.league else "team"
        (told,) = headers(f"{kind}:{owner.public_id}")
        assert told["status"] == "finished"


def test_correction_of_an_old_result_is_told_but_no_archive(matchday: Matchday) -> None:
    match = matchday.matches["finished"]
    league = f"league:{match.season.league.public_id}"
    Match.objects.filter(pk=match.pk).update(kickoff_at=now() - timedelta(days=9))
    BoxScore.objects.filter(match=match).update(etag="")
    hear(match, fold_match(match.pk, from_scratch=True))
    assert (headers(league), frames("page:scores")) == ([], [])
    log = next_event(matchday, match)
    log.retract(match.events.filter(type="goal", op="add").latest("seq"), reason="Not counted")
    Match.objects.filter(pk=match.pk).update(head_seq=log.seq)

    hear(match, fold_match(match.pk))

    (told,) = headers(league)
    assert told["score"] == {"home": 2, "away": 1}
    assert list(frames("page:scores")[-1]) == [f"m:{match.public_id}"]


def test_open_page_of_an_old_match_is_told_of_a_changed_scorer(matchday: Matchday) -> None:
    match = matchday.matches["live"]
    log = next_event(matchday, match)
    log.tell("match_end", "2H", 50)
    log.fold()
    Match.objects.filter(pk=match.pk).update(kickoff_at=now() - timedelta(days=9))
    live.publish_pages([match.pk])
    goal = match.events.filter(type="goal", op="add").latest("seq")
    log.amend(goal, player="9")
    log.fold()

    live.publish_pages([match.pk])

    page = frames(f"page:match:{match.public_id}")[-1]
    assert "Petrov" in page[f"t:{goal.lineage_id.hex}"]


@contextmanager
def watching(topic: str) -> Iterator[None]:
    """Somebody has a page with the topic open."""
    with client().pubsub() as watcher:
        watcher.subscribe(store.channel_of(topic))
        watcher.get_message(timeout=5)
        yield


def test_lines_of_no_key_moment_go_to_pages_that_list_a_group_alone(matchday: Matchday) -> None:
    match = matchday.matches["live"]
    topic = f"page:match:{match.public_id}:lines"
    live.publish_pages([match.pk])
    log = next_event(matchday, match)
    log.tell("shot", "2H", 30, team=match.home, player="9")
    log.fold()
    live.publish_pages([match.pk])
    assert frames(topic) == []

    shot = log.tell("shot", "2H", 31, team=match.home, player="9")
    log.fold()
    with watching(topic):
        live.publish_pages([match.pk])

    (told,) = frames(topic)
    assert list(told) == [f"l:{shot.lineage_id.hex}"]
    page = frames(f"page:match:{match.public_id}")[-1]
    assert [key for key in page if key.startswith("t:")] == []


def test_pages_drop_the_lines_of_a_log_that_is_told_anew(matchday: Matchday) -> None:
    match = matchday.matches["live"]
    live.publish_pages([match.pk])
    old = {key for key in kept_parts(match) if key[:2] in {"p:", "t:"}}
    with transaction.atomic():
        delete_log(Match.objects.select_for_update().get(pk=match.pk))
    log = next_event(matchday, match)
    log.tell("period_start", "1H", 0)
    log.tell("yellow_card", "1H", 3, team=match.home, player="6")
    log.fold()

    live.publish_pages([match.pk])

    page = frames(f"page:match:{match.public_id}")[-1]
    assert old
    assert {key for key, html in page.items() if html is None} == old
    assert page["log"] == str(match.epoch)
    # It was told once before.
    assert "say" not in page
    assert page["scorers"] == ""
    assert not old & kept_parts(match).keys()
    assert_all_are_current(match)


def test_parts_that_are_remembered_no_more_drop_no_line_of_the_same_log(matchday: Matchday) -> None:
    match = matchday.matches["live"]
    live.publish_pages([match.pk])
    before = kept_parts(match)
    cache.clear()

    live.publish_pages([match.pk])

    again = frames(f"page:match:{match.public_id}")[-1]
    assert [key for key, html in again.items() if html is None] == []
    assert before.keys() <= kept_parts(match).keys()


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


def test_open_tables_hear_how_old_the_data_of_their_live_matches_is(matchday: Matchday) -> None:
    topic = f"page:league:{matchday.league.public_id}"
    stale = now() - timedelta(seconds=150)
    Match.objects.filter(pk=matchday.matches["live"].pk).update(data_at=stale)
    live.publish_ages()
    assert frames(topic) == []

    with watching(topic):
        live.publish_ages()

    (parts,) = frames(topic)
    assert list(parts) == ["table-age"]
    assert "age--silent" in parts["table-age"]


def test_age_of_a_table_is_that_of_its_own_season(matchday: Matchday) -> None:
    topic = f"page:league:{matchday.league.public_id}"
    Match.objects.live().update(data_at=now())
    interrupted = matchday.matches["suspended"]
    last = Season.objects.create(league=matchday.league, name="2025-26")
    Match.objects.filter(pk=interrupted.pk).update(season=last, data_at=now() - timedelta(days=90))

    with watching(topic):
        live.publish_ages()

    (parts,) = frames(topic)
    assert "age--fresh" in parts["table-age"]


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
