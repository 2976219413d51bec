"""A round of a fantasy game with as many entries as wanted, owned as real players are."""

import csv
import gzip
from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np
from django.db import connection

from config.clock import now
from fantasy.enums import RoundState
from fantasy.models import Game, GamePlayer, PlayerScore, Round, RoundMatch
from fantasy.rules.engine.copying import HEADER, TRAILER, encoded, layout
from fantasy.rules.engine.ranking import Ladder
from leagues.models import Player, Team
from leagues.services import season_for
from matches.enums import MatchStatus
from matches.models import Match

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data" / "fpl"
POSITIONS = {"GK": "GKP", "DEF": "DEF", "MID": "MID", "FWD": "FWD"}
PICKED = {"GKP": 2, "DEF": 5, "MID": 5, "FWD": 3}
# Starters by position; how many of sixteen entries play so.
FORMATIONS = {
    (1, 3, 5, 2): 5,
    (1, 3, 4, 3): 5,
    (1, 4, 4, 2): 4,
    (1, 4, 3, 3): 1,
    (1, 5, 4, 1): 1,
}
COUNTRIES = 120
RULES = "fpl-2022-23"


@dataclass(frozen=True, kw_only=True)
class Ownership:
    """Who is in how many squads; `shares` by position sum to how many a squad has of it."""

    source: str
    shares: dict[str, np.ndarray]
    clubs: dict[str, list[str]]

    @property
    def players(self) -> int:
        return sum(map(len, self.shares.values()))

    @property
    def top_share(self) -> float:
        return max(float(shares.max()) for shares in self.shares.values())


def ownership() -> Ownership:
    """The most lopsided of the real rounds at hand, or a formula where there is no data."""
    rounds = [held for file in sorted(SHARED.glob("*/player_gw.csv.gz")) for held in _real(file)]
    return max(rounds, key=lambda held: held.top_share) if rounds else _formula()


def _real(file: Path) -> list[Ownership]:
    rounds: dict[int, dict[str, tuple[int, str, str]]] = defaultdict(dict)
    with gzip.open(file, "rt", newline="") as rows:
        for row in csv.DictReader(rows):
            if row["position"] in POSITIONS:
                held = (int(row["selected"]), POSITIONS[row["position"]], row["team"])
                rounds[int(row["gw"])][row["element"]] = held
    found = []
    for number, players in rounds.items():
        squads = sum(selected for selected, _, _ in players.values()) / 15
        shares = {
            position: np.array(
                sorted((n / squads for n, held, _ in players.values() if held == position))[::-1]
            )
            for position in PICKED
        }
        # A round of which some clubs' rows are missing tells no whole squads.
        if all(abs(shares[p].sum() - count) < 0.02 for p, count in PICKED.items()):
            clubs = {
                p: [c for _, held, c in sorted(players.values(), reverse=True) if held == p]
                for p in PICKED
            }
            source = f"real: {file.parent.name}, round {number}, columns `selected`"
            found.append(Ownership(source=source, shares=shares, clubs=clubs))
    return found


def _formula() -> Ownership:
    """Shares fall as 1 / place; the best forward is in 87 of 100 squads."""
    shares, clubs = {}, {}
    for position, how_many in {"GKP": 75, "DEF": 230, "MID": 300, "FWD": 95}.items():
        weights = 1 / np.arange(1, how_many + 1)
        found = np.minimum(weights / weights.sum() * PICKED[position], 0.87)
        for _ in range(50):
            free = found < 0.87
            found[free] *= (PICKED[position] - 0.87 * (~free).sum()) / found[free].sum()
            found = np.minimum(found, 0.87)
        shares[position] = found
        clubs[position] = [f"Club {n % 20}" for n in range(how_many)]
    return Ownership(
        source="synthetic: share ~ 1 / place, 87 % at most", shares=shares, clubs=clubs
    )


@dataclass(frozen=True, kw_only=True)
class Squads:
    """Numbers by slot (15 x entries), captains and vice-captains by slot from 1."""

    picked: np.ndarray
    captain: np.ndarray
    vice: np.ndarray


def squads(held: Ownership, entries: int, rng: np.random.Generator) -> Squads:
    """Make squads in which each player is as often as he really is.

    Systematic sampling: shares laid end to end, cut at one random place and every 1 after it. The
    order in which they are laid changes from block to block, so that squads differ.
    """
    picked = np.empty((15, entries), np.uint16)
    forward, midfielder = np.empty(entries, np.int16), np.empty(entries, np.int16)
    bounds = np.linspace(0, entries, 257).astype(int)
    formations = [shape for shape, times in FORMATIONS.items() for _ in range(times)]
    for block, (start, stop) in enumerate(pairwise(bounds)):
        shape = formations[block % len(formations)]
        starters, bench, first = [], [], 0
        for place, (position, count) in enumerate(PICKED.items()):
            rows = first + _drawn(held.shares[position], count, stop - start, rng)
            # The more popular start.
            rows.sort(axis=0)
            starters.append(rows[: shape[place]])
            bench.append(rows[shape[place] :])
            first += len(held.shares[position])
        picked[:, start:stop] = np.concatenate(starters + bench)
        # The most popular of each.
        forward[start:stop], midfielder[start:stop] = 12 - shape[3], 2 + shape[1]
    leads = rng.random(entries) < 0.7
    return Squads(
        picked=picked,
        captain=np.where(leads, forward, midfielder),
        vice=np.where(leads, midfielder, forward),
    )


def _drawn(shares: np.ndarray, count: int, size: int, rng: np.random.Generator) -> np.ndarray:
    order = rng.permutation(len(shares))
    ends = np.cumsum(shares[order])
    ends *= count / ends[-1]
    cuts = rng.random(size) + np.arange(count)[:, None]
    places = np.minimum(np.searchsorted(ends, cuts, side="right"), len(shares) - 1)
    return order[places].astype(np.int64)


def build(held: Ownership, entries: int, rng: np.random.Generator) -> Round:
    """A live round in Postgres: players, matches, line-ups, and a settled round before it."""
    season = season_for(sport="football", league="Bench", season="1")
    teams = {
        name: Team.objects.create(name=name, slug=f"club-{place}", sport="football")
        for place, name in enumerate(
            sorted({club for clubs in held.clubs.values() for club in clubs})
        )
    }
    game = Game.objects.create(
        slug="bench",
        name="Bench",
        season=season,
        rules=RULES,
        state="published",
        published_at=now(),
    )
    starts_at = now() - timedelta(hours=1)
    settled, round_ = (
        Round.objects.create(
            game=game,
            number=number,
            name=f"Round {number}",
            state=state,
            deadline_at=starts_at,
            starts_at=starts_at,
            locked_at=starts_at,
        )
        for number, state in ((1, RoundState.SETTLED), (2, RoundState.LIVE))
    )
    clubs = list(teams.values())
    for home, away in zip(clubs[::2], clubs[1::2], strict=False):
        match = Match.objects.create(
            season=season, home=home, away=away, kickoff_at=starts_at, status=MatchStatus.LIVE
        )
        RoundMatch.objects.create(game=game, round=round_, match=match)
    _make_players(game, held, teams)
    _copy_entries(settled, entries, rng)
    _copy_results(settled, entries, rng)
    _copy_lineups(round_, squads(held, entries, rng), rng)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT setval(pg_get_serial_sequence('fantasy_entry', 'id'), %s)", [entries]
        )
        for table in ("fantasy_entry", "fantasy_lineup", "fantasy_lineupresult"):
            cursor.execute(f"VACUUM ANALYZE {table}")
    return round_


def _make_players(game: Game, held: Ownership, teams: dict[str, Team]) -> None:
    places = [(position, club) for position in PICKED for club in held.clubs[position]]
    players = Player.objects.bulk_create(
        Player(name=f"Player {number}", slug=f"player-{number}", sport="football")
        for number in range(len(places))
    )
    GamePlayer.objects.bulk_create(
        GamePlayer(
            game=game,
            player=player,
            team=teams[club],
            position=position,
            number=number,
            price=50,
            start_price=50,
        )
        for number, (player, (position, club)) in enumerate(zip(players, places, strict=True))
    )


def _copy(table: str, columns: list[tuple[str, str]], values: dict, size: int) -> None:
    row = layout(columns)
    names = ", ".join(name for name, _ in columns)
    query = f"COPY {table} ({names}) FROM STDIN (FORMAT BINARY)"
    with connection.cursor() as cursor:
        # Rows are made up by the benchmark; that their keys exist is not what is measured.
        cursor.execute("SET session_replication_role = replica")
        with cursor.copy(query) as copy:
            copy.write(HEADER)
            for start in range(0, size, 50_000):
                part = {
                    name: value[start : start + 50_000] if isinstance(value, np.ndarray) else value
                    for name, value in values.items()
                }
                copy.write(encoded(row, part, min(50_000, size - start)))
            copy.write(TRAILER)
        cursor.execute("SET session_replication_role = origin")


def _text(numbers: np.ndarray, width: int) -> np.ndarray:
    return np.char.zfill(numbers.astype(f"S{width}"), width)


def _copy_entries(round_: Round, entries: int, rng: np.random.Generator) -> None:
    numbers = np.arange(entries)
    letters = np.array([65 + n for n in range(26)], np.uint8)
    # Countries are as uneven as players.
    country = np.minimum(rng.zipf(1.3, entries) - 1, COUNTRIES - 1)
    codes = np.stack([letters[country // 26], letters[country % 26]], axis=1).copy()
    microseconds = int((now() - now().replace(year=2000, month=1, day=1)).total_seconds() * 1e6)
    _copy(
        "fantasy_entry",
        [
            ("id", ">i8"), ("public_id", "S10"), ("game_id", ">i8"), ("name", "S7"),
            ("country", "S2"), ("number", ">i4"), ("joined_round_id", ">i8"), ("bank", ">i4"),
            ("free_transfers", ">i2"), ("receipts", ">i4"), ("created_at", ">i8"),
        ],
        {
            "id": numbers + 1,
            "public_id": _text(numbers, 10),
            "game_id": round_.game_id,
            "name": _text(numbers, 7),
            "country": codes.view("S2").reshape(-1),
            "number": numbers,
            "joined_round_id": round_.pk,
            "bank": 0,
            "free_transfers": 1,
            "receipts": 0,
            "created_at": microseconds,
        },
        entries,
    )  # fmt: skip


def _copy_results(round_: Round, entries: int, rng: np.random.Generator) -> None:
    # As if a season had been played: what they have ranks them.
    totals = np.maximum(rng.normal(1150, 180, entries), 0).astype(np.int32)
    numbers = ("points", "hit", "adjusted", "total", "rank", "round_rank", "bench_points")
    _copy(
        "fantasy_lineupresult",
        [
            ("round_id", ">i8"), ("entry_id", ">i8"), *((name, ">i4") for name in numbers),
            ("multiplier", ">i2"), ("relieved", "V4"),
        ],
        {
            **dict.fromkeys(numbers, 0),
            "round_id": round_.pk,
            "entry_id": np.arange(entries) + 1,
            "total": totals,
            "rank": Ladder.of(totals).ranks(totals),
            "multiplier": 2,
            "relieved": np.void(bytes(4)),
        },
        entries,
    )  # fmt: skip


def end(round_: Round) -> None:
    """Let the matches of the round be over and scored to their end."""
    Match.objects.filter(fantasy_rounds__round=round_).update(status=MatchStatus.FINISHED)
    RoundMatch.objects.filter(round=round_).update(scored_seq=0)
    Round.objects.filter(pk=round_.pk).update(state=RoundState.PROVISIONAL, settled_at=None)


def _copy_lineups(round_: Round, held: Squads, rng: np.random.Generator) -> None:
    entries = held.picked.shape[1]
    packed = np.ascontiguousarray(held.picked.T.astype(">u2")).view("V30")[:, 0]
    chips = ("", "3xc", "bboost")
    played = rng.choice(3, entries, p=[0.94, 0.03, 0.03])
    for place, chip in enumerate(chips):
        own = np.flatnonzero(played == place)
        _copy(
            "fantasy_lineup",
            [
                ("entry_id", ">i8"), ("round_id", ">i8"), ("packed", "V30"),
                ("captain_slot", ">i2"), ("vice_slot", ">i2"), ("chip", f"V{len(chip)}"),
                ("transfers_made", ">i2"), ("hit", ">i4"), ("bank", ">i4"), ("value", ">i4"),
                ("free_transfers", ">i2"), ("leaf", "V32"),
            ],
            {
                "entry_id": own + 1,
                "round_id": round_.pk,
                "packed": packed[own],
                "captain_slot": held.captain[own],
                "vice_slot": held.vice[own],
                "chip": np.void(chip.encode()),
                "transfers_made": 1,
                "hit": rng.choice([0, 0, 0, 0, 0, 4], len(own)),
                "bank": 0,
                "value": 1000,
                "free_transfers": 1,
                "leaf": np.void(bytes(32)),
            },
            len(own),
        )  # fmt: skip


def score(round_: Round, points: dict[int, int]) -> None:
    """Give players (numbers) those points in their match."""
    matches = {
        team: place.match_id
        for place in RoundMatch.objects.filter(round=round_).select_related("match")
        for team in (place.match.home_id, place.match.away_id)
    }
    rows = GamePlayer.objects.filter(game=round_.game_id, number__in=points)
    PlayerScore.objects.bulk_create(
        (
            PlayerScore(
                round=round_,
                match_id=matches[row.team_id],
                game_player=row,
                points=points[row.number],
                appeared=True,
            )
            for row in rows
            if row.team_id in matches
        ),
        update_conflicts=True,
        unique_fields=["match", "game_player", "round"],
        update_fields=["points", "appeared"],
    )
