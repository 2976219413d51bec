"""A beat that does nothing while another one holds the lock, so a second beat is harmless."""

from typing import Any

import psycopg
import structlog
from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django_celery_beat.schedulers import DatabaseScheduler
from redis.exceptions import RedisError

from config.clock import now

# When the one beat was last seen at work; `/ready` asks for it.
BEAT_SEEN_KEY = "beat-seen-at"
_log = structlog.get_logger(__name__)
_BEAT_LOCK = 0x76657A65_62656174


class SingleScheduler(DatabaseScheduler):
    """Ticks only while its own connection holds a Postgres advisory lock."""

    _keeper: "psycopg.Connection[Any] | None" = None

    def tick(self, *args: Any, **kwargs: Any) -> float:
        """Run what is due if this is the one beat; else look again in a second."""
        if not self._is_leader():
            return 1.0
        _leave_sign()
        return float(super().tick(*args, **kwargs))

    def _is_leader(self) -> bool:
        try:
            if self._keeper is None or self._keeper.closed:
                self._keeper = psycopg.connect(
                    **_connection_parameters(), autocommit=True, connect_timeout=5
                )
                asked = self._keeper.execute("SELECT pg_try_advisory_lock(%s)", [_BEAT_LOCK])
                row = asked.fetchone()
                if not (row and row[0]):
                    self._keeper.close()
                    return False
            else:
                self._keeper.execute("SELECT 1")
        except psycopg.OperationalError:
            self._keeper = None
            return False
        return True


def _leave_sign() -> None:
    try:
        cache.set(BEAT_SEEN_KEY, now(), timeout=None)
    except (RedisError, OSError) as error:
        _log.warning("beat_sign_lost", error=str(error))


def _connection_parameters() -> dict[str, Any]:
    database = settings.DATABASES["default"]
    parameters = {
        "dbname": connection.settings_dict["NAME"],
        "user": database.get("USER"),
        "password": database.get("PASSWORD"),
        "host": database.get("HOST"),
        "port": database.get("PORT"),
    }
    return {name: value for name, value in parameters.items() if value}
