"""Repeatable work does not wait for the disk; whatever it is a part of does."""

import pytest
from django.db import connection, transaction

from streams.quick import atomic_repeatable


def synchronous_commit() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SHOW synchronous_commit")
        return str(cursor.fetchone()[0])


@pytest.mark.django_db(transaction=True)
def test_repeatable_transaction_does_not_wait_and_the_next_one_does():
    with atomic_repeatable():
        assert synchronous_commit() == "off"

    assert synchronous_commit() == "on"


@pytest.mark.django_db(transaction=True)
def test_transaction_around_it_still_waits():
    with transaction.atomic():
        with atomic_repeatable():
            pass

        assert synchronous_commit() == "on"
