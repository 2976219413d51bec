"""What the matches app announces."""

from dataclasses import dataclass

from streams.topics import topic


@topic("match.ingested", key="match_id")
@dataclass(frozen=True, slots=True, kw_only=True)
class MatchIngested:
    """A match's log grew to `seq`, or its fixture data or team sheets changed."""

    match_id: int
    seq: int
