"""Which columns of a match tell of its play, and what is left of it for whoever wants no scores."""

from collections.abc import Collection

# What a fixture is, whoever looks and whenever. Any other column follows the play.
FIXTURE_COLUMNS = frozenset(
    {
        "id",
        "public_id",
        "season_id",
        "home_id",
        "away_id",
        "venue_id",
        "kickoff_at",
        "round_name",
        "matchday",
        "event_source",
        "event_source_tells_play",
        "sheet_version",
        "fixture_version",
        "data_at",
    }
)
# Kept where scores are hidden, besides what the fixture is; a status is made simpler.
UNHIDDEN_COLUMNS = frozenset({"epoch", "status", "finished_at"})


def hidden_status(status: str, *, live: Collection[str], over: Collection[str]) -> str:
    """Return what is said of a match whose score is hidden: that it is to come, or is over."""
    if status in over:
        return "finished"
    return "scheduled" if status in live else status
