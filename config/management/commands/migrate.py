"""`migrate`, of which only one runs at a time however many machines start together.

It notes in the database what the files of our migrations were when they were applied. Until the
first release they are changed in place, and a database that other files made lacks what the code
expects, although Django holds it to be migrated.
"""

import hashlib
import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from django.conf import settings
from django.core.management import CommandError
from django.core.management.commands import migrate
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.recorder import MigrationRecorder

_LOCK: Final = 0x76657A65_6D696772


class Command(migrate.Command):
    """Django's command under an advisory lock, with limits fit for a database in use."""

    def handle(self, *args: Any, **options: Any) -> None:
        """Wait for the lock, then migrate; what another process did in the meantime is done.

        Refuses a database that was made by migrations whose files have changed since.
        """
        connection = connections[options["database"]]
        with _locked(connection), _limits(connection):
            files = _digests()
            _refuse_other_files(connection, files)
            if not (options["plan"] or options["check_unapplied"]):
                # Before they are applied: a run that is cut short leaves nothing unexplained.
                _note(connection, files)
            super().handle(*args, **options)


def _digests() -> dict[str, str]:
    """What the files of our migrations say, comments left out, by app and name."""
    told = {}
    for file in sorted(settings.BASE_DIR.glob("*/migrations/[0-9]*.py")):
        lines = file.read_bytes().splitlines()
        code = b"\n".join(line for line in lines if not line.lstrip().startswith(b"#"))
        told[f"{file.parts[-3]}.{file.stem}"] = hashlib.sha256(code).hexdigest()[:16]
    return told


def _refuse_other_files(connection: BaseDatabaseWrapper, files: Mapping[str, str]) -> None:
    applied = {".".join(key) for key in MigrationRecorder(connection).applied_migrations()}
    with connection.cursor() as cursor:
        cursor.execute("SELECT obj_description(to_regclass('django_migrations'), 'pg_class')")
        noted = json.loads(cursor.fetchone()[0] or "{}")
    others = {name for name in applied & files.keys() if noted.get(name) != files[name]}
    if others:
        apps = ", ".join(sorted({name.partition(".")[0] for name in others}))
        raise CommandError(f"the database was made by another version of {apps}: {_way_out()}")


def _way_out() -> str:
    if os.environ.get("DATABASE_URL"):
        return "let that version read it, or migrate an empty database"
    return (
        "start afresh by `make demo RESET=1`, or without the demo by"
        " `python -m config.embedded reset`; both delete what it holds"
    )


def _note(connection: BaseDatabaseWrapper, files: Mapping[str, str]) -> None:
    MigrationRecorder(connection).ensure_schema()
    with connection.cursor() as cursor:
        cursor.execute("COMMENT ON TABLE django_migrations IS %s", [json.dumps(files)])


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
