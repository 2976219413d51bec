"""The public form of an event, the same at every door."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Protocol

# Columns that `event_document` reads, as `values()` names them.
EVENT_COLUMNS = (
    "event_id",
    "seq",
    "lineage_id",
    "rev",
    "op",
    "type",
    "team__public_id",
    "player__public_id",
    "related_player__public_id",
    "period",
    "clock_ms",
    "clock_label",
    "x",
    "y",
    "payload",
    "occurred_at",
    "vendor_at",
    "ingested_at",
    "source",
    "certainty",
    "pin",
    "reason",
)


def event_document(
    row: Mapping[str, Any], *, match_id: str, supersedes: str | None
) -> dict[str, Any]:
    """Return one revision of one fact as JSON-ready values; what is unknown is None.

    `row` has `EVENT_COLUMNS`; `supersedes` is the event id of the lineage's revision before.
    """
    return {
        "event_id": str(row["event_id"]),
        "match_id": match_id,
        "seq": row["seq"],
        "lineage_id": str(row["lineage_id"]),
        "rev": row["rev"],
        "op": row["op"],
        "supersedes": supersedes,
        "type": row["type"],
        "team_id": row["team__public_id"],
        "player_id": row["player__public_id"],
        "related_player_id": row["related_player__public_id"],
        "period": row["period"] or None,
        "clock_ms": row["clock_ms"],
        "clock_label": row["clock_label"] or None,
        "x": row["x"],
        "y": row["y"],
        "value": row["payload"],
        "occurred_at": rfc3339(row["occurred_at"]),
        "vendor_at": rfc3339(row["vendor_at"]),
        "ingested_at": rfc3339(row["ingested_at"]),
        "source": row["source"],
        "certainty": row["certainty"],
        "pin": row["pin"] or None,
        "reason": row["reason"] or None,
    }


class Awarded(Protocol):
    """What of a match tells its award; see `matches.models.Match`."""

    awarded_home: int | None
    awarded_away: int | None
    awarded_home_points: int | None
    awarded_away_points: int | None
    awarded_both_lose: bool
    decision_reason: str


def award_document(match: Awarded) -> dict[str, Any] | None:
    """Return the result by decision as JSON-ready values, None where there is none."""
    if match.awarded_home is None:
        return None
    points = {"home": match.awarded_home_points, "away": match.awarded_away_points}
    return {
        "home": match.awarded_home,
        "away": match.awarded_away,
        "points": None if points["home"] is None else points,
        "both_lose": match.awarded_both_lose,
        "reason": match.decision_reason or None,
    }


def rfc3339(moment: datetime | None) -> str | None:
    """Return the moment in UTC with a Z, as the API writes it."""
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
