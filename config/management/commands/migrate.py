"""`migrate`, of which only one runs at a time however many machines start together."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from django.core.management.commands import migrate
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

_LOCK: Final = 0x76657A65_6D696772


class Command(migrate.Command):
    """Django's command under an advisory lock, with limits fit for a database in use."""

    def handle(self, *args: Any, **options: Any) -> None:
        """Wait for the lock, then migrate; what another process did in the meantime is done."""
        connection = connections[options["database"]]
        with _locked(connection), _limits(connection):
            super().handle(*args, **options)


@contextmanager
def _locked(connection: BaseDatabaseWrapper) -> Iterator[None]:
    holder = connection.copy()  # its own session, which no migration's transaction touches
    try:
        while not _try_lock(holder):
            time.sleep(0.2)
        yield
    finally:
        holder.close()


def _try_lock(holder: BaseDatabaseWrapper) -> bool:
    with holder.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [_LOCK])
        return bool(cursor.fetchone()[0])


@contextmanager
def _limits(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """Give up a lock that traffic holds, rather than queue all traffic behind the migration."""
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '3s'; SET statement_timeout = 0")
    try:
        yield
    finally:
        if not connection.needs_rollback:
            with connection.cursor() as cursor:
                cursor.execute("RESET lock_timeout; RESET statement_timeout")
