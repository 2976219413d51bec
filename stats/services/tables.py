"""Making a season's tables anew from its results."""


def refresh_tables(season_id: int) -> None:
    """Placeholder until the rules of standings are here."""
