"""Public identifiers: `vz_<kind>_<ULID>` in the API, UUIDv7 for events. Both sort by creation time."""

import uuid
from functools import partial

import uuid_utils
from ulid import ULID


def public_id(kind: str) -> str:
    """Return a fresh public identifier such as `vz_match_01K...`; never reused."""
    return f"vz_{kind}_{ULID()}"


def event_uuid() -> uuid.UUID:
    """Return a fresh UUIDv7, ordered by time of creation."""
    return uuid.UUID(int=uuid_utils.uuid7().int)


league_id = partial(public_id, "league")
season_id = partial(public_id, "season")
team_id = partial(public_id, "team")
player_id = partial(public_id, "player")
venue_id = partial(public_id, "venue")
match_id = partial(public_id, "match")
feed_id = partial(public_id, "feed")
