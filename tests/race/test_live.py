"""A fold that ends while somebody reads a match: position and state stay of one moment."""

import json
from contextlib import contextmanager

import pytest
from django.db import connection

from stats import live
from stats.services.fold import fold_match
from streams.live import publish, store
from streams.redis_client import client
from tests.factories.matches import make_event, make_live_match

pytestmark = pytest.mark.django_db(transaction=True)


@contextmanager
def folds_between_questions(match):
    """Let another fold of the match end after every question that this process asks."""
    is_busy = False

    def ask(execute, sql, params, many, context):
        nonlocal is_busy
        answer = execute(sql, params, many, context)
        if not is_busy and sql.startswith("SELECT"):
            is_busy = True
            make_event(match, team=match.home)
            fold_match(match.pk)
            is_busy = False
        return answer

    with connection.execute_wrapper(ask):
        yield


@contextmanager
def another_worker_is_faster(match, work):
    """Let another worker do its work once this one has read the match and its sides."""
    is_done = False

    def ask(execute, sql, params, many, context):
        nonlocal is_done
        answer = execute(sql, params, many, context)
        if not is_done and "JOIN" in sql and "matches_match" in sql:
            is_done = True
            work()
        return answer

    with connection.execute_wrapper(ask):
        yield


@contextmanager
def watched(*topics):
    with client().pubsub() as watcher:
        watcher.subscribe(*(store.channel_of(topic) for topic in topics))
        for _ in topics:
            watcher.get_message(timeout=5)
        yield


def shown(topic, key):
    """What a reader of all frames has of a part."""
    stored = client().xrange(store.keys_of(topic)[1])
    frames = [json.loads(body)["k"] for _, body in store.parse_frames(stored)]
    return [frame[key] for frame in frames if key in frame][-1]


@pytest.fixture
def match():
    made = make_live_match()
    make_event(made, team=made.home)
    fold_match(made.pk)
    return made


def test_snapshot_has_the_state_of_its_position(match):
    topic = f"match:{match.public_id}"
    with folds_between_questions(match):
        snapshot = live._load_match(topic)

    assert snapshot.state["folded_seq"] == snapshot.seq


def test_snapshot_of_a_log_told_anew_has_no_state_of_the_one_before(match):
    match.folded_seq = match.head_seq = 0
    match.save()

    snapshot = live._load_match(f"match:{match.public_id}")

    assert (snapshot.seq, snapshot.state) == (0, None)


def test_catching_up_sends_state_and_frames_of_one_moment(match):
    topic = f"match:{match.public_id}"
    publish.keep_loaded(topic, live._load_match(topic))
    make_event(match, team=match.home)
    fold_match(match.pk)

    with folds_between_questions(match):
        live.catch_up([match.pk])

    head, frames, _ = store.keys_of(topic)
    seq, state = client().hmget(head, "snap_seq", "snap")
    last = json.loads(store.parse_frames(client().xrange(frames))[-1][1])
    assert json.loads(state)["folded_seq"] == int(seq) == last["event"]["seq"]
    assert last["match"]["folded_seq"] == int(seq)


@pytest.mark.parametrize("topic", ["page:scores", "page:match:{}"])
def test_slow_worker_does_not_leave_an_old_score_on_the_page(match, topic):
    topic = topic.format(match.public_id)
    key = f"m:{match.public_id}" if topic == "page:scores" else "score"

    def score_and_publish():
        make_event(match, team=match.home)
        fold_match(match.pk)
        live.publish_pages([match.pk])

    with watched(topic):
        live.publish_pages([match.pk])
        with another_worker_is_faster(match, score_and_publish):
            live.publish_pages([match.pk])

        slow = shown(topic, key)
        match.refresh_from_db()
        fresh = live.page_fragments(match) | live.scores_fragments([match])
    assert slow == fresh[key]


def test_score_that_went_unseen_and_back_reaches_the_list(match):
    row = f"m:{match.public_id}"
    page = f"page:match:{match.public_id}"
    make_event(match, type="match_end")  # no clock runs in the row
    fold_match(match.pk)
    with watched(page, "page:scores"):
        live.publish_pages([match.pk])
        before = shown("page:scores", row)
    with watched(page):
        goal = make_event(match, team=match.home)
        fold_match(match.pk)
        live.publish_pages([match.pk])
    with watched(page, "page:scores"):
        publish.keep_loaded("page:scores", live._load_scores("page:scores"))
        make_event(match, op="retract", rev=2, lineage_id=goal.lineage_id, team=match.home)
        fold_match(match.pk)
        live.publish_pages([match.pk])

        assert shown("page:scores", row) == before
