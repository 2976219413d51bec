"""The public JSON of a boxscore, made once per change and stored as bytes."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from leagues.models import Team
from leagues.packs.engine import Fold, SideBox
from leagues.packs.loader import load_pack
from matches.models import Match
from matches.rules.documents import award_document


@dataclass(slots=True, kw_only=True)
class PlayerCard:
    """Who stands behind a player's key in a boxscore."""

    public_id: str = ""
    name: str = ""
    shirt: str = ""
    position: str = ""
    is_starter: bool = False
    order: int = 999
    external_ids: dict[str, str] = field(default_factory=dict)


def boxscore_document(
    match: Match,
    fold: Fold,
    cards: Mapping[int, PlayerCard],
    external_ids: Mapping[str, str],
) -> bytes:
    """Return the boxscore as JSON with sorted keys; equal folds give equal bytes."""
    pack = load_pack(match.season.league.sport)
    shootout = fold.shootout
    document = {
        "match": _match(match, external_ids),
        "score": {
            "home": match.home_score,
            "away": match.away_score,
            "shootout": {"home": shootout[0], "away": shootout[1]} if shootout else None,
            "awarded": award_document(match),
            "periods": [
                {"period": period, "home": home, "away": away}
                for period, home, away in fold.periods
            ],
        },
        "home": _side(match.home, fold.home, cards),
        "away": _side(match.away, fold.away, cards),
        "folded_seq": match.folded_seq,
        "pack": {"id": pack.id, "version": pack.version},
    }
    return orjson.dumps(document, option=orjson.OPT_SORT_KEYS)


def etag_of(document: bytes) -> str:
    """Return the strong tag of the bytes, without quotes."""
    return hashlib.sha256(document).hexdigest()[:32]


def _match(match: Match, external_ids: Mapping[str, str]) -> dict[str, Any]:
    return {
        "id": match.public_id,
        "league": {"id": match.season.league.public_id, "name": match.season.league.name},
        "season": {"id": match.season.public_id, "name": match.season.name},
        "kickoff_at": match.kickoff_at.isoformat().replace("+00:00", "Z"),
        "status": match.status,
        "period": match.period or None,
        "clock_ms": match.clock_ms,
        "score_mismatch": match.score_mismatch,
        "home": {"id": match.home.public_id, "name": match.home.name},
        "away": {"id": match.away.public_id, "name": match.away.name},
        "external_ids": dict(external_ids),
    }


def _side(team: Team, box: SideBox, cards: Mapping[int, PlayerCard]) -> dict[str, Any]:
    players = [(cards[key], dict(values)) for key, values in box.players.items() if key in cards]  # type: ignore[index]
    players.sort(key=lambda pair: (not pair[0].is_starter, pair[0].order, pair[0].name))
    return {
        "id": team.public_id,
        "team": team.name,
        "totals": dict(box.totals),
        "players": [
            {
                "id": card.public_id,
                "name": card.name,
                "external_ids": card.external_ids,
                "position": card.position,
                "shirt": card.shirt,
                "starter": card.is_starter,
                "stats": values,
            }
            for card, values in players
        ],
    }
