"""What partners hear of folded matches."""

from collections.abc import Sequence

from matches.selectors.fixtures import public_match_ids
from stats.topics import StatUpdate
from streams.changes import Told


def told_folds(events: Sequence[StatUpdate]) -> list[Told | None]:
    """Say in public which matches' numbers changed; one query."""
    ids = public_match_ids(event.match_id for event in events)
    return [
        Told(
            id=ids[event.match_id],
            data={
                "folded_seq": event.folded_seq,
                "status": event.status,
                "standing_changed": event.standing_changed,
            },
        )
        if event.match_id in ids
        else None
        for event in events
    ]
