"""Open sockets of people who signed out or were shut out."""

from dataclasses import replace

import pytest
from django.contrib.auth import HASH_SESSION_KEY, get_user_model
from django.contrib.sessions.backends.db import SessionStore

from config.sight import Wish
from streams.live.rights import Watch, Who, lost_rights, who_of
from streams.live.topics import hides, register_snapshots

pytestmark = pytest.mark.django_db


def signed_in(email):
    user = get_user_model().objects.create_user(email=email, password="a long pass phrase")
    session = SessionStore()
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    return user, session


def watch(user, session, *topics):
    who = Who(user_id=user.pk, session_key=session.session_key)
    return Watch(key=user.email, who=who, topics=frozenset(topics))


def test_only_who_lost_the_right_is_named(django_assert_num_queries):
    alice, bob, carol, dora = (signed_in(f"{name}@example.org") for name in "abcd")
    bob[1].delete()
    carol[0].set_password("another pass phrase")
    carol[0].save()
    get_user_model().objects.filter(pk=dora[0].pk).update(is_active=False)

    lost = lost_rights([watch(*person, "match:1") for person in (alice, bob, carol, dora)])

    assert lost == ["b@example.org", "c@example.org", "d@example.org"]


def test_whoever_wants_no_scores_any_more_is_told_none_by_an_open_socket():
    user, session = signed_in("f@example.org")
    before = watch(user, session, "match:1")
    assert lost_rights([before]) == []

    user.hides_scores = True
    user.save()
    came_since = who_of({"user": user, "session": session})

    assert lost_rights([before]) == ["f@example.org"]
    assert lost_rights([replace(before, who=came_since)]) == []


def test_topic_that_may_not_be_seen_any_more_is_a_lost_right():
    register_snapshots("own:", None, may_see=lambda user, topic: topic == f"own:{user.pk}")
    user, session = signed_in("e@example.org")

    mine = watch(user, session, f"own:{user.pk}")
    other = watch(user, session, f"own:{user.pk}", "own:other")

    assert lost_rights([mine]) == []
    assert lost_rights([other]) == ["e@example.org"]


def test_visitor_without_an_account_is_nobody():
    assert who_of({"user": None}) is None
    assert who_of({}) is None


@pytest.mark.parametrize(
    ("topic", "is_hidden"),
    [
        ("match:vz_match_1", False),
        ("page:match:vz_match_1", False),
        ("page:match:vz_match_1:lines", False),
        ("page:match:vz_match_2:lines", True),
        ("match:vz_match_2", True),
        ("league:vz_match_1", True),
        ("page:scores", True),
    ],
)
def test_scores_that_were_asked_for_come_by_all_topics_of_the_match(topic, is_hidden):
    wish = Wish(hides_scores=True, shown=frozenset({"vz_match_1"}))

    assert hides(wish, topic) is is_hidden
    assert not hides(Wish(), topic)
