"""Dead letters are retried or dismissed; the outbox is only looked at."""

import pytest
from django.test import Client
from django.urls import reverse

from streams import groups
from streams.enums import DeadLetterStatus
from streams.models import DeadLetter, OutboxEvent

pytestmark = pytest.mark.django_db

PAYLOAD = {"match_id": 1, "seq": 1}


@pytest.fixture
def curator(client: Client, admin_user) -> Client:
    client.force_login(admin_user)
    return client


@pytest.fixture
def handled(monkeypatch) -> list:
    seen: list = []
    subscription = groups.Subscription(
        topic="match.ingested", group="test", queue="default", handler=seen.extend
    )
    monkeypatch.setitem(groups._SUBSCRIPTIONS, ("match.ingested", "test"), subscription)
    return seen


def make_letter(**fields) -> DeadLetter:
    defaults = {
        "topic": "match.ingested",
        "group": "test",
        "entry_id": "5-0",
        "position": 5,
        "payload": PAYLOAD,
        "error": "ValueError: broken",
        "failures": 5,
    }
    return DeadLetter.objects.create(**{**defaults, **fields})


def act(curator: Client, action: str, letter: DeadLetter) -> None:
    form = {"action": action, "_selected_action": [letter.pk]}
    assert curator.post(reverse("admin:streams_deadletter_changelist"), form).status_code == 302


def test_dead_letter_is_retried(curator: Client, handled: list):
    letter = make_letter()

    act(curator, "retry", letter)

    letter.refresh_from_db()
    assert letter.status == DeadLetterStatus.RETRIED
    assert [delivery.position for delivery in handled] == [5]


def test_dead_letter_that_fails_again_stays_open(curator: Client, monkeypatch):
    def fail(_: object) -> None:
        raise RuntimeError("still broken")

    subscription = groups.Subscription(
        topic="match.ingested", group="test", queue="default", handler=fail
    )
    monkeypatch.setitem(groups._SUBSCRIPTIONS, ("match.ingested", "test"), subscription)
    letter = make_letter()

    act(curator, "retry", letter)

    letter.refresh_from_db()
    assert (letter.status, letter.failures) == (DeadLetterStatus.OPEN, 6)
    assert letter.error == "RuntimeError: still broken"


def test_dead_letter_is_dismissed(curator: Client, handled: list):
    letter = make_letter()

    act(curator, "dismiss", letter)

    letter.refresh_from_db()
    assert letter.status == DeadLetterStatus.DISMISSED
    assert handled == []


def test_letter_of_a_group_that_is_gone_is_reported(curator: Client):
    letter = make_letter(group="retired")
    form = {"action": "retry", "_selected_action": [letter.pk]}

    page = curator.post(reverse("admin:streams_deadletter_changelist"), form, follow=True)

    assert "No group retired hears match.ingested any more." in page.content.decode()


def test_outbox_is_read_only(curator: Client):
    event = OutboxEvent.objects.create(topic="match.ingested", payload=PAYLOAD)

    listed = curator.get(reverse("admin:streams_outboxevent_changelist"))
    changed = curator.post(reverse("admin:streams_outboxevent_change", args=[event.pk]), {})

    assert listed.status_code == 200
    assert changed.status_code == 403
