"""Emptying a database whose rows were really committed.

Django's own way truncates every table after each test and fills some again, which takes seconds.
"""

from django.db import connection, connections, transaction

# Filled by migrations; tests leave them as they are.
_LASTING = (
    "auth_group",
    "auth_group_permissions",
    "auth_permission",
    "django_celery_beat_%",
    "django_content_type",
    "django_migrations",
)
_TABLES = (
    "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND NOT tablename LIKE ANY(%s)"
)


def empty_tables() -> None:
    """Delete all rows that tests made, in whatever state the connection is."""
    connections.close_all()
    # Foreign keys are deferred to the commit, so the order does not matter.
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_TABLES, [list(_LASTING)])
        cursor.execute("; ".join(f'DELETE FROM "{table}"' for (table,) in cursor.fetchall()))
