"""What the simulated vendor answers at a moment: its log in the platform's own feed format.

Everything follows from the world, its seed and the time asked for, so a vendor that was killed
goes on as if nothing had happened. Misbehaviour is part of the log, so it is repeatable too.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from typing import Any

from leagues.packs.engine import fold
from matches.rules.simulation.play import (
    SimulatedFact,
    SimulatedMatch,
    SimulatedPlayer,
    SimulatedTeam,
    fold_events,
    play_match,
)
from matches.rules.simulation.world import SimulatedFixture, World

SHEETS_BEFORE = timedelta(minutes=60)
PAGE_ENTRIES = 1500
# A likely line-up is told so long before the start, in the log alone.
PREDICTED_BEFORE = timedelta(hours=6)
# A snapshot lists matches from their team sheets until this long after the end.
SNAPSHOT_AFTER = timedelta(minutes=15)
_LONGEST_MATCH = timedelta(hours=8)


@dataclass(frozen=True, slots=True, kw_only=True)
class Misbehaviour:
    """Chances 0-1 of what vendors do wrong: per event, or per answer for the last three.

    `reviews` is no mistake: a goal that is looked at and stands, in sports that review.
    """

    duplicates: float = 0.0
    disorder: float = 0.0
    retractions: float = 0.0
    reviews: float = 0.0
    vanishing: float = 0.0
    errors: float = 0.0
    garbage: float = 0.0
    silence: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    """A line of the vendor's log: at `at_ms` (Unix) it says `event`, or shows the team sheets."""

    at_ms: int
    fixture: int
    place: int
    event: Mapping[str, Any] | None = None
    hidden_ms: tuple[int, int] = (0, 0)


@dataclass(slots=True)
class _Played:
    match: SimulatedMatch
    entries: list[_Entry] = field(default_factory=list)
    scores: dict[int, tuple[int, int]] = field(default_factory=dict)


class VendorFeed:
    """One league's feed. `speed` 60 plays a minute of match in a second."""

    def __init__(
        self,
        world: World,
        *,
        speed: float = 1.0,
        seed: str = "",
        misbehaviour: Misbehaviour | None = None,
    ) -> None:
        self.world = world
        self.speed = speed
        self._seed = seed
        self._misbehaviour = misbehaviour or Misbehaviour()
        self._played: dict[int, _Played] = {}
        self._by_kickoff = sorted(
            range(len(world.fixtures)), key=lambda index: world.fixtures[index].kickoff_at
        )

    def document(self, at: datetime, *, after: str = "") -> dict[str, Any]:
        """Return what is new since the cursor `after`; without one, the league and its fixtures.

        `more` is true when another page waits behind the answer's cursor. Raises ValueError for a
        cursor that is none of ours.
        """
        if not after:
            return {**self._head(), **self._names(), "matches": self._fixtures(at), "cursor": "0-0"}
        entries, is_all = self._entries(_cursor(after), at)
        page = entries[:PAGE_ENTRIES]
        # A match that is told whole is not torn apart.
        last = page[-1].fixture if page else None
        page += takewhile(lambda entry: entry.fixture == last, entries[PAGE_ENTRIES:])
        cursor = f"{page[-1].at_ms}-{page[-1].place}" if page else after
        by_match: dict[int, list[_Entry]] = {}
        for entry in page:
            by_match.setdefault(entry.fixture, []).append(entry)
        has_more = not is_all or len(entries) > len(page)
        until = _time(page[-1].at_ms) if page and has_more else at
        return {
            **self._head(),
            "matches": [self._news(index, told, until) for index, told in by_match.items()],
            "cursor": cursor,
            "more": has_more,
        }

    def snapshot(self, at: datetime, *, with_ids: bool = True) -> dict[str, Any]:
        """Return the whole log so far of every match that is on, as snapshot vendors do."""
        matches = []
        for index, fixture in enumerate(self.world.fixtures):
            if not fixture.kickoff_at - SHEETS_BEFORE <= at:
                continue
            played = self._play(index)
            end = fixture.kickoff_at + self._real(played.match.length_s)
            if at > end + SNAPSHOT_AFTER:
                continue
            shown = [
                e
                for e in played.entries
                if e.at_ms <= _ms(at) and not e.hidden_ms[0] <= _ms(at) < e.hidden_ms[1]
            ]
            match = self._news(index, shown, at)
            match["snapshot"] = True
            match["events"] = _current(match["events"])
            if not with_ids:
                match["events"] = [
                    {key: value for key, value in event.items() if key not in {"id", "rev"}}
                    for event in match["events"]
                ]
            matches.append(match)
        return {**self._head(), **self._names(), "matches": matches}

    def _head(self) -> dict[str, Any]:
        return {
            "source": self.world.source,
            "sport": self.world.pack.id,
            "league": self.world.league,
            "season": self.world.season,
        }

    def _names(self) -> dict[str, Any]:
        teams = self.world.teams.values()
        return {
            "teams": [
                {
                    "id": team.ref,
                    "name": team.name,
                    "code": team.code,
                    "color": team.color,
                    "color_alt": team.color_alt,
                }
                for team in teams
            ],
            "players": [
                {
                    "id": player.ref,
                    "name": player.name,
                    "team": team.ref,
                    "shirt": player.shirt,
                    "position": player.position,
                }
                for team in teams
                for player in (*team.players, *(absent for absent, _ in team.absent))
            ],
        }

    def _fixtures(self, at: datetime) -> list[dict[str, Any]]:
        return [_fixture(fixture) for fixture in self.world.fixtures]

    def _news(self, index: int, entries: Sequence[_Entry], at: datetime) -> dict[str, Any]:
        fixture = self.world.fixtures[index]
        played = self._play(index)
        match = _fixture(fixture)
        match["events"] = [entry.event for entry in entries if entry.event is not None]
        if any(entry.event is None for entry in entries):
            is_confirmed = at >= fixture.kickoff_at - SHEETS_BEFORE
            match["sheets"] = [
                _sheet(self.world.teams[ref], *squads, is_confirmed=is_confirmed)
                for ref, squads in played.match.lineups.items()
            ]
        score = self._score(index, at)
        if at >= fixture.kickoff_at:
            match["score"] = {"home": score[0], "away": score[1]}
        match["status"] = self._status(fixture, played, at)
        return match

    def _status(self, fixture: SimulatedFixture, played: _Played, at: datetime) -> str:
        if at < fixture.kickoff_at - SHEETS_BEFORE:
            return "scheduled"
        if at < fixture.kickoff_at:
            return "lineups"
        end = fixture.kickoff_at + self._real(played.match.length_s)
        return "live" if at < end else "finished"

    def _score(self, index: int, at: datetime) -> tuple[int, int]:
        """Return the score that the entries told by `at` make; a late entry is not in it."""
        played = self._play(index)
        told = [e for e in played.entries if e.event is not None and e.at_ms <= _ms(at)]
        if len(told) not in played.scores:
            home = self.world.fixtures[index].home
            current = [_fact(event) for event in _current([e.event for e in told])]
            events = fold_events(sorted(current, key=lambda fact: fact.at_s), home=home)
            played.scores[len(told)] = fold(self.world.pack, None, events).score
        return played.scores[len(told)]

    def _entries(self, since: tuple[int, int], at: datetime) -> tuple[list[_Entry], bool]:
        """Return what the log says after `since` and by `at`, in order, and whether that is all.

        Not all is at least a full page: only matches that can have said something are played.
        """
        entries: list[_Entry] = []
        since_at = _time(since[0])
        for index in self._by_kickoff:
            fixture = self.world.fixtures[index]
            opens_at = fixture.kickoff_at - PREDICTED_BEFORE
            if opens_at > at:
                break
            if fixture.kickoff_at + _LONGEST_MATCH < since_at:
                continue
            if len(entries) > PAGE_ENTRIES:
                entries.sort(key=_place)
                if _ms(opens_at) > entries[PAGE_ENTRIES].at_ms:
                    return entries, False
            told = self._play(index).entries
            entries += [e for e in told if _place(e) > since and e.at_ms <= _ms(at)]
        return sorted(entries, key=_place), True

    def _play(self, index: int) -> _Played:
        if index not in self._played:
            fixture = self.world.fixtures[index]
            match = play_match(
                self.world.pack,
                self.world.teams[fixture.home],
                self.world.teams[fixture.away],
                seed=f"{self._seed}:{fixture.ref}",
            )
            played = _Played(match)
            played.entries = self._tell(index, fixture, match)
            self._played[index] = played
        return self._played[index]

    def _tell(self, index: int, fixture: SimulatedFixture, match: SimulatedMatch) -> list[_Entry]:
        rng = random.Random(f"{self._seed}:{fixture.ref}:telling")
        base = index * 100_000
        over_ms = _ms(fixture.kickoff_at + self._real(match.length_s))
        shown_ms = over_ms if fixture.is_history else _ms(fixture.kickoff_at - SHEETS_BEFORE)
        entries = [_Entry(at_ms=shown_ms, fixture=index, place=base)]
        if not fixture.is_history:
            predicted_ms = _ms(fixture.kickoff_at - PREDICTED_BEFORE)
            entries.insert(0, _Entry(at_ms=predicted_ms, fixture=index, place=base))
        for place, fact in enumerate(match.facts, start=1):
            at_ms = _ms(fixture.kickoff_at + self._real(fact.at_s))
            event = self._event(fixture, place, fact, at_ms)
            if fixture.is_history:
                # What is long over is told whole, so that nobody takes it for live.
                at_ms = over_ms
            entries += self._misbehave(index, base + place * 10, event, at_ms, fact, rng)
        return entries

    def _event(
        self, fixture: SimulatedFixture, place: int, fact: SimulatedFact, at_ms: int
    ) -> dict[str, Any]:
        event: dict[str, Any] = {
            "id": f"{fixture.ref}-{place}",
            "rev": 1,
            "type": fact.type,
            "period": fact.period,
            "clock_ms": fact.clock_ms,
            "clock_label": self.world.pack.clock_label(fact.period, fact.clock_ms),
            "order": place,
            "team": fact.team,
            "player": fact.player,
            "related_player": fact.related,
            "x": fact.x,
            "y": fact.y,
            "payload": dict(fact.payload),
            "occurred_at": _time(at_ms).isoformat().replace("+00:00", "Z"),
        }
        return {key: value for key, value in event.items() if value not in (None, {})}

    def _misbehave(
        self,
        index: int,
        place: int,
        event: dict[str, Any],
        at_ms: int,
        fact: SimulatedFact,
        rng: random.Random,
    ) -> list[_Entry]:
        wrong = self._misbehaviour
        plain = fact.player is not None
        if plain and rng.random() < wrong.disorder:
            at_ms += round(rng.uniform(5_000, 25_000) / self.speed)
        hidden = (0, 0)
        if plain and rng.random() < wrong.vanishing:
            hidden = (at_ms + round(30_000 / self.speed), at_ms + round(90_000 / self.speed))
        entries = [_Entry(at_ms=at_ms, fixture=index, place=place, event=event, hidden_ms=hidden)]
        if plain and rng.random() < wrong.duplicates:
            again = at_ms + round(rng.uniform(3_000, 30_000) / self.speed)
            entries.append(_Entry(at_ms=again, fixture=index, place=place + 1, event=event))
        if self.world.pack.events[fact.type].group == "goals":
            said = [(0, event), *self._reviewed(event, rng)]
            entries += [
                _Entry(at_ms=at_ms + wait_ms, fixture=index, place=place + 1 + step, event=again)
                for step, (wait_ms, again) in enumerate(said)
                if step
            ]
        return entries

    def _reviewed(
        self, event: dict[str, Any], rng: random.Random
    ) -> list[tuple[int, dict[str, Any]]]:
        """Return what is said of a goal after it was told, each with its milliseconds after."""
        is_undone = rng.random() < self._misbehaviour.retractions
        wait_ms = round(rng.uniform(45_000, 120_000) / self.speed) if is_undone else 0
        rev, told = 1, []
        if self.world.pack.review is not None:
            is_checked = is_undone or rng.random() < self._misbehaviour.reviews
            wait_ms = wait_ms or round(rng.uniform(45_000, 120_000) / self.speed)
            if is_checked:
                rev += 1
                check = {**event, "rev": rev, "certainty": "provisional", "reason": "Under review"}
                told.append((wait_ms // 3, check))
            if is_checked and not is_undone:
                stands = {**event, "rev": rev + 1, "reason": "Confirmed after review"}
                told.append((wait_ms, stands))
        if is_undone:
            undone = {"rev": rev + 1, "retracted": True, "reason": "Overturned after review"}
            told.append((wait_ms, {**event, **undone}))
        return told

    def _real(self, seconds: float) -> timedelta:
        return timedelta(seconds=seconds / self.speed)


def _current(events: Sequence[Mapping[str, Any] | None]) -> list[Mapping[str, Any]]:
    newest: dict[str, Mapping[str, Any]] = {}
    for event in events:
        if event is not None and event["rev"] >= newest.get(event["id"], event)["rev"]:
            newest[event["id"]] = event
    return [event for event in newest.values() if not event.get("retracted")]


def _fact(event: Mapping[str, Any]) -> SimulatedFact:
    return SimulatedFact(
        at_s=float(event["order"]),
        type=event["type"],
        period=event["period"],
        clock_ms=event["clock_ms"],
        team=event.get("team"),
        player=event.get("player"),
        related=event.get("related_player"),
        payload=event.get("payload", {}),
    )


def _fixture(fixture: SimulatedFixture) -> dict[str, Any]:
    return {
        "id": fixture.ref,
        "home": fixture.home,
        "away": fixture.away,
        "kickoff_at": fixture.kickoff_at.isoformat().replace("+00:00", "Z"),
        "round": f"Round {fixture.matchday}",
        "matchday": fixture.matchday,
    }


def _sheet(
    team: SimulatedTeam,
    starters: Sequence[SimulatedPlayer],
    bench: Sequence[SimulatedPlayer],
    *,
    is_confirmed: bool,
) -> dict[str, Any]:
    if not is_confirmed:
        starters, bench = _as_predicted(starters, bench)
    return {
        "team": team.ref,
        "coach": team.coach,
        "confirmed": is_confirmed,
        "players": [
            {
                "id": player.ref,
                "starter": is_starter,
                "position": player.position,
                "shirt": player.shirt,
                "order": order,
                "captain": is_starter and order == len(starters) // 2,
            }
            for is_starter, squad in ((True, starters), (False, bench))
            for order, player in enumerate(squad)
        ],
        "missing": [{"player": player.ref, "reason": reason} for player, reason in team.absent],
    }


def _as_predicted(
    starters: Sequence[SimulatedPlayer], bench: Sequence[SimulatedPlayer]
) -> tuple[list[SimulatedPlayer], list[SimulatedPlayer]]:
    """Return the squads with one starter wrong: a guess is rarely right throughout."""
    for place, starter in enumerate(starters):
        for seat, other in enumerate(bench):
            if other.position == starter.position:
                likely, rest = list(starters), list(bench)
                likely[place], rest[seat] = other, starter
                return likely, rest
    return list(starters), list(bench)


def _place(entry: _Entry) -> tuple[int, int]:
    return (entry.at_ms, entry.place)


def _cursor(text: str) -> tuple[int, int]:
    at_ms, dash, place = text.partition("-")
    if not (dash and at_ms.isdigit() and place.isdigit()):
        raise ValueError(f"after={text[:40]!r}: is no cursor of this feed")
    return int(at_ms), int(place)


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def _time(at_ms: int) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000, tz=UTC)
