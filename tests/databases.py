"""One migrated database, of which the tests' databases are copies: migrating takes seconds."""

import hashlib

from django.conf import settings
from django.core.management import call_command
from django.db import connection

_PREFIX = "veze_template_"
_LOCK = 0x76657A65_74657374


def use_template() -> None:
    """Let test databases be made from the template of these migrations, made where it is missing.

    Workers of one run wait for the first one; what other migrations had made is dropped.
    """
    name = _PREFIX + _digest()
    with connection._nodb_cursor() as cursor:
        cursor.execute("SET lock_timeout = 0; SET statement_timeout = 0")
        # Ends with this cursor's session, however the process ends.
        cursor.execute("SELECT pg_advisory_lock(%s)", [_LOCK])
        cursor.execute(
            "SELECT datname, datistemplate FROM pg_database WHERE datname LIKE %s", [f"{_PREFIX}%"]
        )
        held = dict(cursor.fetchall())
        if not held.get(name):
            for other in held:
                cursor.execute(f'ALTER DATABASE "{other}" IS_TEMPLATE false')
                cursor.execute(f'DROP DATABASE "{other}" WITH (FORCE)')
            cursor.execute(f'CREATE DATABASE "{name}" TEMPLATE template0')
            _migrate(name)
            # Only now: a run that was killed before leaves nothing that another would take.
            cursor.execute(f'ALTER DATABASE "{name}" IS_TEMPLATE true')
    connection.settings_dict["TEST"]["TEMPLATE"] = name


def _migrate(name: str) -> None:
    own = connection.settings_dict["NAME"]
    connection.close()
    connection.settings_dict["NAME"] = name
    try:
        call_command("migrate", interactive=False, run_syncdb=True, verbosity=0)
    finally:
        connection.close()
        connection.settings_dict["NAME"] = own


def _digest() -> str:
    files = sorted(settings.BASE_DIR.glob("*/migrations/*.py"))
    files.append(settings.BASE_DIR / "requirements.lock")
    told = hashlib.sha256()
    for file in files:
        told.update(file.read_bytes())
    return told.hexdigest()[:16]
