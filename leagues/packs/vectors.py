"""Conformance vectors of a pack: small matches with the numbers they must fold to."""

from collections.abc import Iterable, Mapping
from typing import Any

from leagues.packs.engine import MatchFold
from leagues.packs.facts import Fold, FoldEvent, Sheet
from leagues.packs.reading import Table, suggestion
from leagues.packs.schema import Column, EventType, PackError, Period, SportPack, Vector
from leagues.packs.state import STATUSES

_OPS = ("add", "amend", "retract")


def read_vectors(
    top: Table,
    files: Iterable[tuple[str, Mapping[str, Any]]],
    events: Mapping[str, EventType],
    columns: tuple[Column, ...],
    periods: tuple[Period, ...],
) -> tuple[Vector, ...]:
    """Return [[vectors]] of the pack's file and of its vector files."""
    reader = _Reader(events, columns, periods)
    vectors = [reader.read(table) for table in top.tables("vectors")]
    for name, data in files:
        table = Table(name, "", data)
        vectors += [reader.read(inner) for inner in table.tables("vectors")]
        table.close()
    return tuple(vectors)


class _Reader:
    """Checks vectors against the words of their pack."""

    def __init__(
        self,
        events: Mapping[str, EventType],
        columns: tuple[Column, ...],
        periods: tuple[Period, ...],
    ) -> None:
        self._events = events
        self._columns = columns
        self._periods = [period.id for period in periods]

    def read(self, table: Table) -> Vector:
        """Return one vector."""
        vector = Vector(
            name=table.text("name"),
            file=table.file,
            key=table.path,
            home=table.texts("home", ()),
            away=table.texts("away", ()),
            home_bench=table.texts("home_bench", ()),
            away_bench=table.texts("away_bench", ()),
            events=tuple(self._event(inner) for inner in table.tables("events")),
            at_ms=table.whole("at_ms") if "at_ms" in table else None,
            expect=self._expect(table.table("expect")),
        )
        table.close()
        return vector

    def _event(self, table: Table) -> Mapping[str, Any]:
        event: dict[str, Any] = {"type": self._word(table, "type", self._events)}
        if "period" in table:
            event["period"] = self._word(table, "period", self._periods)
        for key in ("clock_ms", "order", "rev"):
            if key in table:
                event[key] = table.whole(key)
        for key in ("player", "related", "id"):
            if key in table:
                event[key] = table.text(key)
        if "team" in table:
            event["team"] = table.text("team", choices=("home", "away"))
        event["op"] = table.text("op", "add", choices=_OPS)
        event["payload"] = self._payload(table, event["type"])
        table.close()
        return event

    def _payload(self, table: Table, type_id: str) -> Mapping[str, Any]:
        payload = table.table("payload")
        known = self._events[type_id].payload
        for key in payload.keys():  # noqa: SIM118 - not a dict
            if key not in known:
                raise payload.error(
                    key, f"not in the payload of {type_id}; {suggestion(key, known)}"
                )
        return {key: payload.raw(key) for key in payload.keys()}  # noqa: SIM118 - not a dict

    def _expect(self, table: Table) -> Mapping[str, Any]:
        for key in ("score", "shootout", "periods", "timeline"):
            table.raw(key, None)
        for key in ("clock_ms",):
            table.raw(key, None)
        if "status" in table:
            table.text("status", choices=sorted(STATUSES))
        if "period" in table:
            self._word(table, "period", self._periods)
        for side in ("home", "away"):
            inner = table.table(side)
            self._numbers(inner.table("totals"), "team")
            players = inner.table("players")
            for player in list(players.keys()):
                self._numbers(players.table(player), "player")
            inner.close()
        table.close()
        return {key: table.raw(key) for key in list(table.keys())}

    def _numbers(self, table: Table, scope: str) -> None:
        known = [c.id for c in self._columns if (c.for_player if scope == "player" else c.for_team)]
        for name in list(table.keys()):
            if name not in known:
                raise table.error(name, f"no such {scope} column; {suggestion(name, known)}")
            if table.raw(name) != "none":
                table.number(name)

    def _word(self, table: Table, key: str, known: Iterable[str]) -> str:
        word = table.text(key)
        if word not in known:
            raise table.error(key, f"unknown '{word}'; {suggestion(word, known)}")
        return word


def vector_events(vector: Vector) -> list[FoldEvent]:
    """Return the vector's events; period and clock go on from the event before."""
    events = []
    revs: dict[str, int] = {}
    period, clock_ms = "", 0
    for index, stated in enumerate(vector.events):
        lineage = stated.get("id") or f"#{index:04}"
        rev = stated.get("rev", revs.get(lineage, 0) + 1)
        revs[lineage] = rev
        if "period" in stated and stated["period"] != period:
            period, clock_ms = stated["period"], 0
        clock_ms = stated.get("clock_ms", clock_ms)
        events.append(
            FoldEvent(
                lineage=lineage,
                rev=rev,
                op=stated["op"],
                type=stated["type"],
                period=period,
                clock_ms=clock_ms,
                order=stated.get("order", index),
                team=stated.get("team"),
                player=stated.get("player"),
                related=stated.get("related"),
                payload=stated["payload"],
            )
        )
    return events


def check_vector(pack: SportPack, vector: Vector) -> list[str]:
    """Return what differs from the vector's expectations, in words; empty when it holds.

    The match is folded in order, backwards and with every fact told twice: all must agree.
    """
    sheet = Sheet(
        home=vector.home,
        away=vector.away,
        home_bench=vector.home_bench,
        away_bench=vector.away_bench,
    )
    events = vector_events(vector)
    orders = {
        "in order": events,
        "backwards": events[::-1],
        "told twice": [event for event in events for _ in range(2)],
    }
    folds = {name: _folded(pack, sheet, order, vector) for name, order in orders.items()}
    first = folds["in order"]
    wrong = [f"differs when {name}" for name, other in folds.items() if other != first]
    wrong += _differences("", vector.expect, _document(first))
    if pack.score.column:
        for side, score in zip(("home", "away"), first.score, strict=True):
            total = getattr(first, side).totals[pack.score.column]
            if total != score and first.shootout is None:
                wrong.append(
                    f"{side}.totals.{pack.score.column}: {total}, but the score is {score}"
                )
    return wrong


def check_pack(pack: SportPack) -> list[str]:
    """Return all failures of the pack's vectors, each with its file and name."""
    return [
        f"{vector.file}: {vector.key} ({vector.name}): {wrong}"
        for vector in pack.vectors
        for wrong in check_vector(pack, vector)
    ]


def require_vectors(pack: SportPack) -> None:
    """Raise PackError unless all vectors of the pack hold."""
    failures = check_pack(pack)
    if failures:
        raise PackError(pack.file, "vectors", "; ".join(failures))


def _folded(pack: SportPack, sheet: Sheet, events: list[FoldEvent], vector: Vector) -> Fold:
    match = MatchFold(pack, sheet)
    for event in events:
        match.apply(event)
    return match.result(at_ms=vector.at_ms)


def _document(fold: Fold) -> dict[str, Any]:
    return {
        "status": fold.status,
        "period": fold.period,
        "clock_ms": fold.clock_ms,
        "score": list(fold.score),
        "shootout": list(fold.shootout) if fold.shootout else None,
        "periods": [list(period) for period in fold.periods],
        "timeline": list(fold.timeline),
        "home": {"totals": fold.home.totals, "players": fold.home.players},
        "away": {"totals": fold.away.totals, "players": fold.away.players},
    }


def _differences(path: str, expected: Any, found: Any) -> list[str]:
    if isinstance(expected, dict):
        if not isinstance(found, dict):
            return [f"{path}: missing"]
        return [
            wrong
            for key, value in expected.items()
            for wrong in _differences(f"{path}.{key}".lstrip("."), value, found.get(key))
        ]
    wanted = None if expected == "none" else expected
    return [] if wanted == found else [f"{path}: expected {wanted!r}, folded {found!r}"]
