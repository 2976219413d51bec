"""How often an entry may save, and the larger bucket of the last minutes."""

from datetime import timedelta

import pytest
from redis.exceptions import ConnectionError as RedisDownError

from config.clock import now
from fantasy.services import limits
from fantasy.services.limits import LINEUP, TRANSFERS, spend

pytestmark = pytest.mark.django_db


def spent(kind, count, *, entry=1, deadline_in=timedelta(days=1)):
    at = now()
    return [spend(kind, entry, deadline_at=at + deadline_in, at=at) for _ in range(count)]


@pytest.mark.parametrize(("kind", "limit"), [(LINEUP, 30), (TRANSFERS, 60)])
def test_saves_of_an_hour_are_limited(kind, limit):
    allowed = spent(kind, limit + 1)

    assert not any(allowance.is_over for allowance in allowed[:-1])
    assert allowed[-1].is_over
    assert 1 <= allowed[-1].retry_after_s <= 3600
    assert allowed[0].remaining == limit - 1


def test_entries_and_kinds_are_counted_apart():
    spent(LINEUP, 31)

    assert not spent(LINEUP, 1, entry=2)[0].is_over
    assert not spent(TRANSFERS, 1)[0].is_over


def test_last_five_minutes_have_a_bucket_of_their_own():
    assert spent(LINEUP, 31)[-1].is_over

    late = spent(LINEUP, 60, deadline_in=timedelta(minutes=4))

    assert not any(allowance.is_over for allowance in late)
    assert spent(LINEUP, 1, deadline_in=timedelta(minutes=4))[0].is_over


def test_nobody_is_locked_out_when_the_counter_is_down(monkeypatch):
    def broken(*_, **__):
        raise RedisDownError("gone")

    monkeypatch.setattr(limits, "get_usage", broken)

    assert not spent(LINEUP, 1)[0].is_over
