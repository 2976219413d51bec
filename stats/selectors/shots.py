"""Reads of a match's shots."""

from collections.abc import Sequence
from dataclasses import dataclass

from leagues.models import Player, Team
from leagues.packs.loader import load_pack
from leagues.packs.schema import SportPack
from matches.models import Match
from matches.selectors.plays import Play
from stats.rules.shots import Spot, shot_kind, spot_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """A shot with who took it and when."""

    spot: Spot
    clock: str
    player: str

    @property
    def words(self) -> str:
        return ", ".join(word for word in (self.clock, self.player, self.spot.label) if word)


@dataclass(frozen=True, slots=True, kw_only=True)
class SideShots:
    """One side's shots in order of play."""

    side: str
    team: Team
    shots: tuple[Shot, ...]

    @property
    def scored(self) -> int:
        return sum(shot.spot.outcome == "scored" for shot in self.shots)

    @property
    def expected(self) -> float | None:
        """The sum of the shots' chances, None where the feed tells none."""
        told = [shot.spot.expected for shot in self.shots if shot.spot.expected is not None]
        return sum(told) if told else None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShotMap:
    """Both sides' shots, each on half a ground."""

    ground: str
    width_m: float
    half_m: float
    sides: tuple[SideShots, SideShots]
    labels: tuple[tuple[str, str], ...]

    @property
    def view_box(self) -> str:
        """The SVG's view, with room for marks on the outer lines."""
        return f"-1 -1 {self.width_m + 2:g} {self.half_m + 2:g}"

    @property
    def ground_template(self) -> str:
        return f"stats/partials/grounds/{self.ground}.html"

    @property
    def has_expected(self) -> bool:
        return any(side.expected is not None for side in self.sides)


def shot_map(match: Match, plays: Sequence[Play]) -> ShotMap | None:
    """Return the shots whose place is known, None where none is; at most one query."""
    pack = load_pack(match.season.league.sport)
    rule = pack.shot_map
    if rule is None:
        return None
    shootouts = {period.id for period in pack.periods if period.kind == "shootout"}
    found: dict[str, list[tuple[Play, Spot]]] = {"home": [], "away": []}
    for play in plays:
        kind = shot_kind(pack, play.fact)
        if kind is None or play.fact.team is None or play.fact.period in shootouts:
            continue
        if play.x is not None and play.y is not None:
            spot = spot_of(rule, kind, play.fact, x=play.x, y=play.y)
            found[play.fact.team].append((play, spot))
    if not any(found.values()):
        return None
    by = (play.fact.player for shots in found.values() for play, _ in shots)
    keys = {player for player in by if isinstance(player, int)}
    names: dict[object, str] = {
        player.pk: player.display_name for player in Player.objects.filter(pk__in=keys)
    }
    home, away = (
        SideShots(
            side=side,
            team=team,
            shots=tuple(
                Shot(
                    spot=spot,
                    clock=_clock(pack, play),
                    player=names.get(play.fact.player, ""),
                )
                for play, spot in found[side]
            ),
        )
        for side, team in (("home", match.home), ("away", match.away))
    )
    return ShotMap(
        ground=rule.ground,
        width_m=rule.width_m,
        half_m=rule.length_m / 2,
        sides=(home, away),
        labels=_labels(home, away),
    )


def _clock(pack: SportPack, play: Play) -> str:
    label = play.clock_label or pack.clock_label(play.fact.period, play.fact.clock_ms)
    return f"{label}'" if pack.clock.cumulative else label


def _labels(*sides: SideShots) -> tuple[tuple[str, str], ...]:
    """Return the outcomes that are there with what each is called."""
    words: dict[str, list[str]] = {}
    for side in sides:
        for shot in side.shots:
            held = words.setdefault(shot.spot.outcome, [])
            if shot.spot.label not in held:
                held.append(shot.spot.label)
    order = ("scored", "saved", "blocked", "off")
    return tuple((outcome, ", ".join(words[outcome])) for outcome in order if outcome in words)
