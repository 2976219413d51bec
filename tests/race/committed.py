"""A database that other processes see: rows are committed, and deleted after the test.

Django's own way truncates every table after each test, which takes seconds; here only tables that
hold rows are emptied.
"""

from django.db import connection, connections

# Filled by migrations; tests leave them as they are.
_LASTING = ("django_%", "auth_%")
_TABLES = (
    "SELECT tablename FROM pg_tables WHERE schemaname = 'public' "
    "AND NOT tablename LIKE ANY(%s) ORDER BY 1"
)


def empty_tables() -> None:
    """Delete all rows that tests made, in whatever state the connection is."""
    connections.close_all()
    with connection.cursor() as cursor:
        cursor.execute(_TABLES, [list(_LASTING)])
        tables = [name for (name,) in cursor.fetchall()]
        # Triggers and foreign keys rest, so that the order does not matter.
        cursor.execute("SET session_replication_role = replica")
        for table in tables:
            cursor.execute(f'DELETE FROM "{table}"')
        cursor.execute("SET session_replication_role = origin")
