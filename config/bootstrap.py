"""Makes sure that Postgres and Redis answer before a process needs them."""

import os

from config import embedded

# These commands read code only; they work on a machine where no server can start.
_WITHOUT_SERVERS = frozenset(
    {
        "collectstatic",
        "compilemessages",
        "help",
        "makemessages",
        "packs",
        "spectacular",
        "startapp",
        "version",
    }
)


def start_servers() -> None:
    """Start or join the embedded servers unless both are configured by the environment."""
    if not (os.environ.get("DATABASE_URL") and os.environ.get("REDIS_URL")):
        embedded.ensure()


def start_servers_for(command: list[str]) -> None:
    """As `start_servers`, unless the command reads code only."""
    if command and command[0] not in _WITHOUT_SERVERS and not command[0].startswith("-"):
        start_servers()
