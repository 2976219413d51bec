"""What the stats app announces."""

from dataclasses import dataclass

from streams.topics import topic


@topic("stat.update", key="match_id")
@dataclass(frozen=True, slots=True, kw_only=True)
class StatUpdate:
    """A match was folded anew up to `folded_seq`; `player_ids` are those whose lines changed.

    `standing_changed`: score or status changed, so tables and fixtures lists must follow.
    `is_first`: nothing of the match had been folded before, as of all matches of an archive.
    """

    match_id: int
    season_id: int
    folded_seq: int
    status: str
    player_ids: tuple[int, ...] = ()
    standing_changed: bool = False
    is_first: bool = False
