"""Matches and their logs for tests."""

import uuid
from datetime import timedelta
from itertools import count
from typing import Any

from model_bakery import baker

from config.clock import now
from leagues.models import Season
from matches.enums import MatchStatus
from matches.models import Feed, Match, PlayEvent
from tests.factories.leagues import make_season, make_team

_numbers = count(1)


def make_match(season: Season | None = None, **fields: Any) -> Match:
    """A match of two new teams, a day from now unless told otherwise."""
    season = season or make_season()
    defaults = {"kickoff_at": now() + timedelta(days=1), "status": MatchStatus.SCHEDULED}
    for side in ("home", "away"):
        if side not in fields:
            fields[side] = make_team(season=season)
    return baker.make(Match, season=season, **{**defaults, **fields})


def make_live_match(season: Season | None = None, **fields: Any) -> Match:
    """A match under way, one to nil, with an answer of the vendor two seconds ago."""
    defaults = {
        "kickoff_at": now() - timedelta(minutes=30),
        "status": MatchStatus.LIVE,
        "period": "1H",
        "home_score": 1,
        "away_score": 0,
        "data_at": now() - timedelta(seconds=2),
    }
    return make_match(season, **{**defaults, **fields})


def make_event(match: Match, **fields: Any) -> PlayEvent:
    """The next row of the match's log."""
    match.head_seq += 1
    match.save(update_fields=["head_seq"])
    defaults = {
        "seq": match.head_seq,
        "lineage_id": uuid.uuid4(),
        "type": "score.home",
        "source": "veze",
        "payload": {},
    }
    return baker.make(PlayEvent, match=match, **{**defaults, **fields})


def make_feed(season: Season | None = None, **fields: Any) -> Feed:
    defaults = {
        "name": f"Feed {next(_numbers)}",
        "adapter": "veze",
        "url": "http://127.0.0.1:9/feed",
    }
    return baker.make(Feed, season=season or make_season(), **{**defaults, **fields})
