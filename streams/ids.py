"""Public identifiers: `vz_<kind>_<ULID>`, UUIDv7 for events. Both sort by creation time."""

import uuid
from functools import partial

import uuid_utils
from django.core.validators import RegexValidator
from ulid import ULID


def public_id(kind: str) -> str:
    """Return a fresh public identifier such as `vz_match_01K...`; never reused."""
    return f"vz_{kind}_{ULID()}"


def id_validator(kind: str) -> RegexValidator:
    """Return a check for what may be the public identifier of a `kind`."""
    return RegexValidator(
        rf"\Avz_{kind}_[0-9A-Z]{{26}}\Z",
        f"Give the id of a {kind}: vz_{kind}_ and 26 letters and digits.",
        code="invalid_id",
    )


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
game_id = partial(public_id, "game")
entry_id = partial(public_id, "entry")
fantasy_league_id = partial(public_id, "fleague")
cup_id = partial(public_id, "cup")
