"""What the leagues app announces."""

from dataclasses import dataclass

from streams.topics import topic


@topic("roster.changed", key="team_id")
@dataclass(frozen=True, slots=True, kw_only=True)
class RosterChanged:
    """Players joined or left a team."""

    team_id: int
    player_ids: tuple[int, ...]


@topic("resource.changed", key="public_id")
@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceChanged:
    """A league, season, team, player or venue was edited; `kind` is the word of its id.

    Also of a match, whose "external_ids" alone are edited so; anything else is `match.ingested`. A
    player who took another one in changed his "external_ids".
    """

    public_id: str
    kind: str
    row_id: int
    fields: tuple[str, ...]


@topic("resource.removed", key="public_id")
@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceRemoved:
    """A row was deleted, or merged into another one. The ids are public: the row may be gone."""

    public_id: str
    into_id: str | None = None
