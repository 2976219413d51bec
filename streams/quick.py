"""Transactions that need not wait for the disk."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction


@contextmanager
def atomic_repeatable() -> Iterator[None]:
    """Open a transaction whose commit does not wait for the disk, for work that can be done again.

    All of it is there after a power cut or nothing, and never without what was committed before it.
    Within another transaction it is a plain part of that one, which decides for itself.
    """
    is_outermost = not connection.in_atomic_block
    with transaction.atomic():
        if is_outermost:
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL synchronous_commit TO off")
        yield
