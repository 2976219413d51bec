"""The platform's own feed format, documented in docs/how-to/add-a-feed.md.

A document is an object with `source`, `sport`, `league`, `season`, `cursor`, `teams`, `players`
and `matches` with their `events`; or a bare list of `{match_id, t, type, payload}` for matches
that are known already.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from matches.ingest.documents import (
    FeedAbsence,
    FeedDocument,
    FeedError,
    FeedEvent,
    FeedMatch,
    FeedPlayer,
    FeedSheet,
    FeedSpot,
    FeedTeam,
)
from matches.ingest.reading import Node, parse_json

SOURCE = "veze"


class VezeAdapter:
    """Reads the platform's own JSON."""

    name = SOURCE

    def bundles(self, names: Iterable[str]) -> Iterator[tuple[str, Sequence[str]]]:
        """Each JSON file is a document of its own."""
        for name in names:
            if name.removesuffix(".gz").endswith(".json"):
                yield name, (name,)

    def parse(self, files: Mapping[str, bytes]) -> FeedDocument:
        """Return the document; FeedError names the place of the first thing that is wrong."""
        name, body = next(iter(files.items()))
        root = Node(parse_json(body, name or "feed"), name or "feed")
        return _bare_list(root) if isinstance(root.value, list) else _document(root)


def _bare_list(root: Node) -> FeedDocument:
    events: dict[str, list[FeedEvent]] = defaultdict(list)
    for order, node in enumerate(root.items()):
        clock_ms = node.number("t") or 0.0
        events[node.text("match_id")].append(
            FeedEvent(
                type=node.text("type"),
                clock_ms=round(clock_ms * 1000),
                order=order,
                team=_side(node),
                payload=_payload(node),
                vendor_event_id=node.text("id", "") or None,
            )
        )
    return FeedDocument(
        source=SOURCE,
        sport="generic",
        matches=[FeedMatch(ref=ref, home="", away="", events=told) for ref, told in events.items()],
    )


def _side(node: Node) -> str | None:
    return node.text("team", "") or None


def _payload(node: Node) -> dict[str, Any]:
    payload = node.get("payload", {}).value
    if not isinstance(payload, dict):
        raise node.get("payload").refuse("an object")
    return payload


def _document(root: Node) -> FeedDocument:
    return FeedDocument(
        source=root.text("source", SOURCE),
        sport=root.text("sport"),
        league=root.text("league", ""),
        season=root.text("season", ""),
        cursor=root.text("cursor", ""),
        has_more=root.flag("more"),
        teams=[_team(node) for node in root.get("teams", []).items()],
        players=[_player(node) for node in root.get("players", []).items()],
        matches=[_match(node) for node in root.get("matches", []).items()],
    )


def _team(node: Node) -> FeedTeam:
    return FeedTeam(
        ref=node.text("id"),
        name=node.text("name"),
        short_name=node.text("short_name", ""),
        code=node.text("code", ""),
        country=node.text("country", ""),
        color=_color(node, "color"),
        color_alt=_color(node, "color_alt"),
    )


def _color(node: Node, key: str) -> str:
    value = node.text(key, "")
    if value and not (len(value) == 7 and value[0] == "#" and _is_hex(value[1:])):
        raise node.get(key).refuse("a colour such as #1a2b3c")
    return value


def _is_hex(text: str) -> bool:
    return all(c in "0123456789abcdefABCDEF" for c in text)


def _player(node: Node) -> FeedPlayer:
    return FeedPlayer(
        ref=node.text("id"),
        name=node.text("name"),
        short_name=node.text("short_name", ""),
        team=node.text("team", "") or None,
        shirt=node.text("shirt", ""),
        position=node.text("position", ""),
        birth_on=_day(node, "birth_on"),
        country=node.text("country", ""),
    )


def _day(node: Node, key: str) -> date | None:
    text = node.text(key, "")
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise node.get(key).refuse("a day such as 1999-12-31") from None


def _match(node: Node) -> FeedMatch:
    return FeedMatch(
        ref=node.text("id"),
        home=node.text("home", ""),
        away=node.text("away", ""),
        kickoff_at=node.moment("kickoff_at"),
        status=node.text("status", ""),
        status_reason=node.text("status_reason", ""),
        round_name=node.text("round", ""),
        matchday=node.whole("matchday") if node.get("matchday", None).value is not None else None,
        venue=node.text("venue", ""),
        city=node.text("city", ""),
        score=_score(node),
        sheets=[_sheet(sheet) for sheet in node.get("sheets", []).items()],
        events=[_event(event, order) for order, event in enumerate(node.get("events", []).items())],
        is_snapshot=node.flag("snapshot"),
    )


def _score(node: Node) -> tuple[int, int] | None:
    score = node.get("score", None)
    return None if score.value is None else (score.whole("home"), score.whole("away"))


def _sheet(node: Node) -> FeedSheet:
    return FeedSheet(
        team=node.text("team"),
        formation=node.text("formation", ""),
        coach=node.text("coach", ""),
        is_confirmed=node.flag("confirmed", default=True),
        spots=[
            FeedSpot(
                player=spot.text("id"),
                is_starter=spot.flag("starter"),
                position=spot.text("position", ""),
                shirt=spot.text("shirt", ""),
                order=spot.whole("order", order),
                is_captain=spot.flag("captain"),
            )
            for order, spot in enumerate(node.get("players").items())
        ],
        missing=_missing(node.get("missing", None)),
    )


def _missing(node: Node) -> list[FeedAbsence] | None:
    if node.value is None:
        return None
    return [
        FeedAbsence(player=absent.text("player"), reason=absent.text("reason", ""))
        for absent in node.items()
    ]


def _event(node: Node, order: int) -> FeedEvent:
    certainty = node.text("certainty", "confirmed")
    if certainty not in {"provisional", "confirmed", "final"}:
        raise node.get("certainty").refuse("provisional, confirmed or final")
    rev = node.get("rev", None).value
    return FeedEvent(
        type=node.text("type"),
        period=node.text("period", ""),
        clock_ms=node.whole("clock_ms", 0),
        clock_label=node.text("clock_label", ""),
        order=node.whole("order", order),
        team=node.text("team", "") or None,
        player=node.text("player", "") or None,
        related_player=node.text("related_player", "") or None,
        x=_percent(node, "x"),
        y=_percent(node, "y"),
        payload=_payload(node),
        vendor_event_id=node.text("id", "") or None,
        rev=node.whole("rev") if rev is not None else None,
        is_retracted=node.flag("retracted"),
        certainty=certainty,
        reason=node.text("reason", ""),
        occurred_at=node.moment("occurred_at"),
        vendor_at=node.moment("at"),
    )


def _percent(node: Node, key: str) -> float | None:
    value = node.number(key)
    if value is not None and not 0.0 <= value <= 100.0:
        raise FeedError(f"{node.path}.{key}: expected 0 to 100, got {value}")
    return value


ADAPTER = VezeAdapter()
