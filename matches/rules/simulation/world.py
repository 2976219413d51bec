"""The simulated vendor's world: invented clubs, players and a season of fixtures, from a seed."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from leagues.packs.schema import SportPack
from matches.rules.simulation.play import SimulatedPlayer, SimulatedTeam

_TOWNS = [
    "Alderbrook",
    "Ashmere",
    "Birchfield",
    "Blackhaven",
    "Bramford",
    "Calder",
    "Castlewick",
    "Cobham",
    "Dunmore",
    "Eastgate",
    "Elmswood",
    "Fairholm",
    "Foxley",
    "Glenrock",
    "Greyport",
    "Harrowby",
    "Ivybridge",
    "Kestrel",
    "Kingsmoor",
    "Larkhill",
    "Maplewood",
    "Northam",
    "Oakridge",
    "Penrose",
    "Quarrybank",
    "Ravenhill",
    "Redcliff",
    "Saltmarsh",
    "Stonebury",
    "Thornby",
    "Underwood",
    "Valemont",
    "Westhaven",
    "Wrenfield",
    "Yarrow",
    "Zephyr",
]
_SUFFIXES = [
    "United",
    "Rovers",
    "City",
    "Athletic",
    "Town",
    "Albion",
    "Wanderers",
    "Harriers",
    "Rangers",
    "Olympic",
]
_FIRST = [
    "Aaron",
    "Adil",
    "Amara",
    "Anton",
    "Bilal",
    "Bruno",
    "Caleb",
    "Carlos",
    "Chidi",
    "Dario",
    "David",
    "Emeka",
    "Emil",
    "Enzo",
    "Felix",
    "Filip",
    "Gabriel",
    "Hamza",
    "Hugo",
    "Ibrahim",
    "Ilia",
    "Ivan",
    "Jamal",
    "Jonas",
    "Kofi",
    "Lars",
    "Leon",
    "Luca",
    "Malik",
    "Marco",
    "Mateo",
    "Milan",
    "Nico",
    "Noah",
    "Omar",
    "Oscar",
    "Pablo",
    "Rafael",
    "Remi",
    "Samir",
    "Santiago",
    "Tariq",
    "Theo",
    "Tomas",
    "Viktor",
    "Yusuf",
    "Zane",
]
_LAST = [
    "Abara",
    "Almeida",
    "Anders",
    "Baptiste",
    "Becker",
    "Bello",
    "Brandt",
    "Castell",
    "Coates",
    "Cordeiro",
    "Danso",
    "Delacroix",
    "Dimitrov",
    "Duarte",
    "Ekberg",
    "Farrow",
    "Ferreira",
    "Fontaine",
    "Garcez",
    "Haddad",
    "Hallam",
    "Holm",
    "Ivanic",
    "Jansen",
    "Kaba",
    "Keller",
    "Kovac",
    "Laurent",
    "Lindqvist",
    "Marchetti",
    "Mbeki",
    "Mensah",
    "Moreau",
    "Navarro",
    "Nilsen",
    "Novak",
    "Okafor",
    "Olsson",
    "Pereira",
    "Petrov",
    "Quist",
    "Ramsay",
    "Rossi",
    "Sandoval",
    "Santos",
    "Schreiber",
    "Silva",
    "Sorensen",
    "Tanaka",
    "Torres",
    "Vance",
    "Vidal",
    "Weber",
    "Whitlock",
    "Yilmaz",
    "Zeman",
]
_ABSENCES = (
    "Knee injury",
    "Hamstring strain",
    "Suspended",
    "Illness",
    "Broken hand",
    "Back injury",
)
_MOST_ABSENT = 3
_COLORS = (
    ("#b3202c", "#ffffff"),
    ("#1c4f9c", "#ffffff"),
    ("#0f7a4b", "#f4d35e"),
    ("#f2b705", "#1d1d1b"),
    ("#5b2a86", "#ffffff"),
    ("#111827", "#e5e7eb"),
    ("#e4572e", "#ffffff"),
    ("#0b7285", "#ffffff"),
    ("#7c1d2e", "#9cc3e6"),
    ("#2d6a4f", "#ffffff"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedFixture:
    """A match of the simulated season; history was over before the vendor opened."""

    ref: str
    matchday: int
    home: str
    away: str
    kickoff_at: datetime
    is_history: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """A league of the simulated vendor."""

    source: str
    league: str
    season: str
    pack: SportPack
    teams: Mapping[str, SimulatedTeam]
    fixtures: Sequence[SimulatedFixture]


def make_world(  # noqa: PLR0913 - a keyword for each figure of a season
    pack: SportPack,
    *,
    source: str,
    league: str,
    season: str,
    teams: int,
    rounds: int,
    rounds_played: int,
    seed: str,
    anchor: datetime,
    kickoff_every: timedelta,
) -> World:
    """Return a league mid-season at `anchor`: earlier rounds lie weekly behind it.

    From the round under way at `anchor` on a match kicks off every `kickoff_every`, without end
    of day, so that some match is live at any moment until the season is over.
    Raises ValueError for fewer than two teams, or more than the names suffice for.
    """
    if not 2 <= teams <= len(_TOWNS):
        raise ValueError(f"teams: choose 2 to {len(_TOWNS)}")
    rng = random.Random(seed)
    clubs = {team.ref: team for team in _make_teams(pack, teams, seed, rng)}
    fixtures = _make_fixtures(
        list(clubs), rounds, rounds_played, anchor, kickoff_every, f"{source}-m"
    )
    return World(
        source=source, league=league, season=season, pack=pack, teams=clubs, fixtures=fixtures
    )


def _make_teams(pack: SportPack, count: int, seed: str, rng: random.Random) -> list[SimulatedTeam]:
    towns = rng.sample(_TOWNS, count)
    teams = []
    for index, town in enumerate(towns):
        color, color_alt = _COLORS[index % len(_COLORS)]
        ref, strength = f"t{index + 1}", round(rng.uniform(0.72, 1.32), 3)
        players = _make_players(pack, ref, rng)
        # Drawn apart, so that a seed gives the matches that it gave before there were any.
        apart = random.Random(f"{seed}:{ref}:staff")
        teams.append(
            SimulatedTeam(
                ref=ref,
                name=f"{town} {_SUFFIXES[(index * 7) % len(_SUFFIXES)]}",
                code=town[:3].upper(),
                color=color,
                color_alt=color_alt,
                strength=strength,
                players=players,
                coach=_name(apart),
                absent=_make_absent(pack, ref, len(players), apart),
            )
        )
    return teams


def _make_players(pack: SportPack, team: str, rng: random.Random) -> list[SimulatedPlayer]:
    wanted: dict[str, int] = {}
    simulation = pack.simulation
    for squad in (simulation.lineup, simulation.bench) if simulation else ():
        for position, number in squad.items():
            wanted[position] = wanted.get(position, 0) + number
    players: list[SimulatedPlayer] = []
    for position, number in wanted.items():
        for _ in range(number):
            shirt = str(len(players) + 1)
            name = _name(rng)
            players.append(
                SimulatedPlayer(ref=f"{team}-{shirt}", name=name, position=position, shirt=shirt)
            )
    return players


def _make_absent(
    pack: SportPack, team: str, squad: int, rng: random.Random
) -> list[tuple[SimulatedPlayer, str]]:
    positions = [position.id for position in pack.positions] or [""]
    return [
        (
            SimulatedPlayer(
                ref=f"{team}-{squad + number}",
                name=_name(rng),
                position=rng.choice(positions),
                shirt=str(squad + number),
            ),
            rng.choice(_ABSENCES),
        )
        for number in range(1, rng.randint(0, _MOST_ABSENT) + 1)
    ]


def _name(rng: random.Random) -> str:
    return f"{rng.choice(_FIRST)} {rng.choice(_LAST)}"


def round_robin(teams: Sequence[str], rounds: int) -> list[list[tuple[str, str]]]:
    """Return pairings (home, away) by round, by the circle method; each leg swaps the venues."""
    circle: list[str | None] = list(teams)
    if len(circle) % 2:
        circle.append(None)
    half, legs = len(circle) // 2, []
    for number in range(rounds):
        pairs = list(zip(circle[:half], reversed(circle[half:]), strict=True))
        leg, within = divmod(number, len(circle) - 1)
        games = []
        for place, (one, other) in enumerate(pairs):
            if one is None or other is None:
                continue
            swap = (within + leg) % 2 if place == 0 else (place + leg) % 2
            games.append((other, one) if swap else (one, other))
        legs.append(games)
        circle = [circle[0], circle[-1], *circle[1:-1]]
    return legs


def _make_fixtures(
    teams: Sequence[str],
    rounds: int,
    rounds_played: int,
    anchor: datetime,
    kickoff_every: timedelta,
    prefix: str,
) -> list[SimulatedFixture]:
    fixtures: list[SimulatedFixture] = []
    start = anchor.replace(minute=0, second=0, microsecond=0)
    # The round under way began before the anchor, so that its first matches are well advanced.
    upcoming = anchor - kickoff_every * (len(teams) // 2 - 1)
    for number, games in enumerate(round_robin(teams, rounds)):
        for place, (home, away) in enumerate(games):
            if number < rounds_played:
                weeks = rounds_played - number
                kickoff_at = start - timedelta(weeks=weeks, hours=-(place % 4) * 2)
            else:
                kickoff_at, upcoming = upcoming, upcoming + kickoff_every
            fixtures.append(
                SimulatedFixture(
                    ref=f"{prefix}{len(fixtures) + 1}",
                    matchday=number + 1,
                    home=home,
                    away=away,
                    kickoff_at=kickoff_at,
                    is_history=number < rounds_played,
                )
            )
    return fixtures
