"""Finding and making leagues, teams and players for what vendors name, and merging duplicates."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.utils.text import slugify

from config.clock import now
from leagues.enums import ExternalKind, Pasted, UnmatchedStatus
from leagues.models import (
    ExternalId,
    Follow,
    League,
    Player,
    RosterSpot,
    Season,
    SeasonTeam,
    Team,
    UnmatchedName,
    Venue,
)
from leagues.packs.loader import idle_positions
from leagues.rules.names import MAYBE_SAME, SURELY_SAME, name_key, player_likeness
from leagues.rules.pasting import (
    HeldTeam,
    PastedTeam,
    PasteError,
    TypedTeam,
    compare_teams,
    digest_of,
)
from leagues.topics import ResourceChanged, ResourceRemoved, RosterChanged
from streams.outbox import announce

_NAMES_LOCK = 0x76657A65_6E616D65
_KINDS: Mapping[str, type[League | Season | Team | Player | Venue]] = {
    ExternalKind.LEAGUE: League,
    ExternalKind.SEASON: Season,
    ExternalKind.TEAM: Team,
    ExternalKind.PLAYER: Player,
    ExternalKind.VENUE: Venue,
}
# How the apps above tell that the ids of one of their rows were edited.
_TELLERS: dict[str, Callable[[int], None]] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Mate:
    """Somebody a team has already, as far as telling him apart needs it."""

    name: str
    short_name: str
    shirt: str
    is_idle: bool


class NamedTeam(Protocol):
    """A side as a vendor names it; see `matches.ingest.documents.FeedTeam`."""

    @property
    def ref(self) -> str: ...

    @property
    def name(self) -> str: ...

    @property
    def short_name(self) -> str: ...

    @property
    def code(self) -> str: ...

    @property
    def country(self) -> str: ...

    @property
    def color(self) -> str: ...

    @property
    def color_alt(self) -> str: ...


class NamedPlayer(Protocol):
    """A person as a vendor names him; see `matches.ingest.documents.FeedPlayer`."""

    @property
    def ref(self) -> str: ...

    @property
    def name(self) -> str: ...

    @property
    def short_name(self) -> str: ...

    @property
    def team(self) -> str | None: ...

    @property
    def shirt(self) -> str: ...

    @property
    def position(self) -> str: ...

    @property
    def birth_on(self) -> date | None: ...

    @property
    def country(self) -> str: ...


@transaction.atomic
def season_for(*, sport: str, league: str, season: str) -> Season:
    """Return the season of that name, making league and season when they are new."""
    found = _find_league(sport, league)
    if found is None:
        _lock_names()
        found = _find_league(sport, league) or League.objects.create(
            sport=sport, name=league, slug=_free_slug(League, league, sport)
        )
    row, is_new = Season.objects.get_or_create(league=found, name=season)
    if is_new and not found.seasons.filter(is_current=True).exists():
        row.is_current = True
        row.save(update_fields=["is_current"])
    return row


def _find_league(sport: str, league: str) -> League | None:
    leagues = League.objects.filter(sport=sport)
    return leagues.filter(name__iexact=league).first() or leagues.filter(slug=league).first()


def external_map(source: str, kind: ExternalKind, refs: Iterable[str]) -> dict[str, int]:
    """Return our integer keys of the vendor's ids that are known."""
    return dict(
        ExternalId.objects.filter(source=source, kind=kind, value__in=set(refs)).values_list(
            "value", "object_id"
        )
    )


def external_maps(source: str, refs: Mapping[str, Iterable[str]]) -> dict[str, dict[str, int]]:
    """As `external_map`, for the refs of several kinds in one query."""
    wanted = {kind: set(values) for kind, values in refs.items()}
    found: dict[str, dict[str, int]] = {kind: {} for kind in wanted}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT kind, value, object_id FROM leagues_externalid "
            "WHERE source = %s AND kind = ANY(%s) AND value = ANY(%s)",
            [source, list(wanted), list(set().union(*wanted.values()))],
        )
        for kind, value, key in cursor.fetchall():
            if value in wanted[kind]:
                found[kind][value] = key
    return found


def link_external(source: str, kind: ExternalKind, keys: Mapping[str, int]) -> None:
    """Remember what the vendor calls our rows; ids that are taken stay as they are."""
    if not keys:
        return
    ExternalId.objects.bulk_create(
        [
            ExternalId(source=source, kind=kind, value=value, object_id=key)
            for value, key in keys.items()
        ],
        ignore_conflicts=True,
    )


@transaction.atomic
def resolve_teams(source: str, season: Season, teams: Sequence[NamedTeam]) -> dict[str, int]:
    """Return our key for each team's ref, making teams that nobody knows; idempotent.

    A team is known by its external id, else by its name or short name within the sport: "Arsenal"
    is "Arsenal FC" when one of the two sources says that both are names of it.
    """
    sport = season.league.sport
    known = external_map(source, ExternalKind.TEAM, (team.ref for team in teams))
    strangers = [team for team in teams if team.ref not in known]
    if strangers:
        _lock_names()
        held = list(
            Team.objects.filter(sport=sport, merged_into=None).values_list(
                "pk", "name", "short_name"
            )
        )
        by_name = {name_key(name): key for key, name, _ in held}
        by_short_name = {name_key(short): key for key, _, short in held if short}
        fresh = {}
        for team in strangers:
            name, short_name = name_key(team.name), name_key(team.short_name)
            # Two short names that agree prove nothing: both teams of a city may be called by it.
            key = by_name.get(name) or by_short_name.get(name) or by_name.get(short_name)
            fresh[team.ref] = by_name[name] = key or _make_team(team, sport).pk
        link_external(source, ExternalKind.TEAM, fresh)
        known |= fresh
    joined = set(season.season_teams.values_list("team_id", flat=True))
    SeasonTeam.objects.bulk_create(
        [SeasonTeam(season=season, team_id=key) for key in set(known.values()) - joined],
        ignore_conflicts=True,
    )
    return known


def pasted_teams(season: Season, typed: Sequence[TypedTeam]) -> list[PastedTeam]:
    """Say of each pasted line what it would do to the season; writes nothing."""
    joined = set(season.season_teams.values_list("team_id", flat=True))
    rows = Team.objects.filter(sport=season.league.sport, merged_into=None)
    held = (
        HeldTeam(pk=pk, name=name, short_name=short_name, is_joined=pk in joined)
        for pk, name, short_name in rows.values_list("pk", "name", "short_name")
    )
    return compare_teams(typed, held)


@transaction.atomic
def add_pasted_teams(season_id: int, typed: Sequence[TypedTeam], *, seen: str) -> int:
    """Do to the season what `pasted_teams` said, and return how many teams joined it.

    `seen` is the digest of what was shown: should it not be so any more, because somebody else was
    quicker, nothing is written. Locks names and the season; announces `resource.changed`. Raises
    PasteError.
    """
    _lock_names()
    season = Season.objects.select_for_update(no_key=True).get(pk=season_id)
    pasted = pasted_teams(season, typed)
    if digest_of(pasted) != seen:
        raise PasteError("names or teams changed since you looked: look again")
    joining = []
    for one in pasted:
        if one.kind in (Pasted.NEW, Pasted.SIMILAR):
            joining.append(_make_team(_AsNamed(one.typed), season.league.sport).pk)
        elif one.kind == Pasted.KNOWN and one.team is not None:
            joining.append(one.team)
    SeasonTeam.objects.bulk_create(SeasonTeam(season=season, team_id=key) for key in joining)
    if joining:
        tell_changed(season, ("teams",))
    return len(joining)


class _AsNamed:
    """A pasted team as a vendor would name it."""

    country = color = color_alt = ""

    def __init__(self, typed: TypedTeam) -> None:
        self.ref, self.name = typed.name, typed.name
        self.short_name, self.code = typed.short_name, typed.code


def _lock_names() -> None:
    """Let one transaction at a time make leagues, teams and players: nobody is made twice."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_NAMES_LOCK])


def _make_team(team: NamedTeam, sport: str) -> Team:
    return Team.objects.create(
        sport=sport,
        name=team.name[:120],
        slug=_free_slug(Team, team.name, sport),
        short_name=team.short_name[:24],
        code=(team.code or _letters(team.name))[:4].upper(),
        country=team.country[:60],
        **{
            name: value
            for name, value in (("color", team.color), ("color_alt", team.color_alt))
            if value
        },
    )


def _letters(name: str) -> str:
    words = name_key(name).split()
    return "".join(word[0] for word in words[:3]) if len(words) > 2 else "".join(words)[:3]


@transaction.atomic
def resolve_players(
    source: str,
    sport: str,
    players: Sequence[NamedPlayer],
    *,
    team_keys: Mapping[str, int],
    on: date,
) -> dict[str, int]:
    """Return our key for each player's ref, making players that nobody knows; idempotent.

    Known means: external id, else name and birth date, else name and team, else a name much like
    his with his team and shirt. A name that only resembles one of ours becomes a player of its own
    and a question in the admin's queue, so no number waits for an answer. Opens roster spots from
    `on` and announces `roster.changed`.
    """
    known = external_map(source, ExternalKind.PLAYER, (player.ref for player in players))
    strangers = [player for player in players if player.ref not in known]
    if strangers:
        _lock_names()
        fresh = _place_strangers(source, sport, strangers, team_keys, taken=set(known.values()))
        link_external(source, ExternalKind.PLAYER, fresh)
        known |= fresh
    _open_roster_spots(players, known, team_keys, on)
    return known


def _place_strangers(
    source: str,
    sport: str,
    strangers: Sequence[NamedPlayer],
    team_keys: Mapping[str, int],
    *,
    taken: Collection[int],
) -> dict[str, int]:
    """Find or make who the strangers are: nobody whom the same document knows by an id."""
    born = {player.birth_on for player in strangers if player.birth_on}
    by_birth = {
        (name_key(name), birth_on): key
        for key, name, birth_on in Player.objects.filter(
            sport=sport, birth_on__in=born, merged_into=None
        ).values_list("pk", "name", "birth_on")
    }
    involved = {team_keys[p.team] for p in strangers if p.team is not None and p.team in team_keys}
    idle = idle_positions(sport)
    rosters = _rosters(source, involved, idle)
    placed = {}
    for player in strangers:
        key = by_birth.get((name_key(player.name), player.birth_on))
        team = team_keys.get(player.team or "")
        mates = rosters.get(team, {}) if team is not None else {}
        # A coach is none of the players, however much alike they are called.
        is_idle = player.position in idle
        mates = {k: m for k, m in mates.items() if k not in taken and m.is_idle == is_idle}
        likely = _best_match(player, mates)
        if key is None and likely and likely[1] >= SURELY_SAME:
            key = likely[0]
        if key is None:
            key = _make_player(player, sport).pk
            if likely and likely[1] >= MAYBE_SAME:
                _ask_admin(source, player, key, likely)
        placed[player.ref] = key
    return placed


def _rosters(
    source: str, teams: Collection[int], idle: Collection[str]
) -> dict[int, dict[int, _Mate]]:
    spots = RosterSpot.objects.filter(team_id__in=teams, player__merged_into=None)
    named = set(
        ExternalId.objects.filter(
            source=source, kind=ExternalKind.PLAYER, object_id__in=spots.values("player_id")
        ).values_list("object_id", flat=True)
    )
    rosters: dict[int, dict[int, _Mate]] = {}
    for team, key, shirt, position, name, short_name in spots.values_list(
        "team_id", "player_id", "shirt", "position", "player__name", "player__short_name"
    ):
        # Shirts are handed on, but a vendor does not give one man two ids.
        worn, is_idle = "" if key in named else shirt, position in idle
        mate = _Mate(name=name, short_name=short_name, shirt=worn, is_idle=is_idle)
        rosters.setdefault(team, {})[key] = mate
    return rosters


def _best_match(player: NamedPlayer, mates: Mapping[int, _Mate]) -> tuple[int, float] | None:
    scored = [
        (
            key,
            player_likeness(
                (player.name, player.short_name),
                (mate.name, mate.short_name),
                same_shirt=bool(player.shirt) and player.shirt == mate.shirt,
            ),
        )
        for key, mate in mates.items()
    ]
    return max(scored, key=lambda pair: pair[1], default=None)


def _make_player(player: NamedPlayer, sport: str) -> Player:
    name = (player.name or player.short_name or f"Player {player.ref}")[:120]
    return Player.objects.create(
        sport=sport,
        name=name,
        short_name=player.short_name[:60],
        slug=_free_slug(Player, name, sport),
        birth_on=player.birth_on,
        country=player.country[:60],
        position=player.position[:12],
    )


def _ask_admin(source: str, player: NamedPlayer, key: int, likely: tuple[int, float]) -> None:
    UnmatchedName.objects.update_or_create(
        source=source,
        kind=ExternalKind.PLAYER,
        value=player.ref,
        defaults={
            "name": player.name[:120],
            "context": {"team": player.team, "shirt": player.shirt, "player_id": key},
            "suggestions": [{"player_id": likely[0], "confidence": round(likely[1], 3)}],
        },
    )


def _open_roster_spots(
    players: Sequence[NamedPlayer],
    keys: Mapping[str, int],
    team_keys: Mapping[str, int],
    on: date,
) -> None:
    wanted = {
        (team_keys[player.team], keys[player.ref]): player
        for player in players
        if player.team is not None and player.team in team_keys
    }
    held = set(
        RosterSpot.objects.filter(
            team_id__in={team for team, _ in wanted}, player_id__in={key for _, key in wanted}
        ).values_list("team_id", "player_id")
    )
    missing = {pair: player for pair, player in wanted.items() if pair not in held}
    RosterSpot.objects.bulk_create(
        [
            RosterSpot(
                team_id=team,
                player_id=key,
                from_on=on,
                shirt=player.shirt[:4],
                position=player.position[:12],
            )
            for (team, key), player in missing.items()
        ],
        ignore_conflicts=True,
    )
    changed: dict[int, list[int]] = {}
    for team, key in missing:
        changed.setdefault(team, []).append(key)
    announce(*(RosterChanged(team_id=team, player_ids=tuple(ids)) for team, ids in changed.items()))


def venue_for(name: str, *, city: str = "") -> Venue:
    """Return the venue of that name and city, making it when it is new."""
    return Venue.objects.get_or_create(name=name[:120], city=city[:80])[0]


@transaction.atomic
def merge_players(*, keep: Player, drop: Player) -> None:
    """Let `drop` stand for `keep` from now on; both ids go on working, no row is deleted.

    External ids move over; events and lines keep naming `drop`, which redirects.
    Raises ValueError when the two are the same or of different sports.
    """
    if keep.pk == drop.pk or keep.sport != drop.sport:
        raise ValueError("merge: choose two different players of one sport")
    Player.objects.select_for_update().filter(pk__in=(keep.pk, drop.pk)).order_by("pk").count()
    ExternalId.objects.filter(kind=ExternalKind.PLAYER, object_id=drop.pk).update(object_id=keep.pk)
    Player.objects.filter(merged_into=drop).update(merged_into=keep)
    drop.merged_into = keep
    drop.save(update_fields=["merged_into"])
    RosterSpot.objects.filter(player=drop, until_on__isnull=True).exclude(
        team__in=RosterSpot.objects.filter(player=keep, until_on__isnull=True).values("team")
    ).update(player=keep)
    teams = set(RosterSpot.objects.filter(player=keep).values_list("team_id", flat=True))
    tell_changed(keep, ("external_ids",))
    announce(
        ResourceRemoved(public_id=drop.public_id, into_id=keep.public_id),
        *(RosterChanged(team_id=team, player_ids=(keep.pk, drop.pk)) for team in teams),
    )


@transaction.atomic
def tell_changed(row: League | Season | Team | Player | Venue, fields: Iterable[str]) -> None:
    """Announce `resource.changed` after an edit, so that what was made of the row follows it."""
    announce(
        ResourceChanged(
            public_id=row.public_id,
            kind=row._meta.model_name or "",
            row_id=row.pk,
            fields=tuple(fields),
        )
    )


def tell_ids_by(kind: ExternalKind, teller: Callable[[int], None]) -> None:
    """Have edits of external ids of this kind, whose rows another app has, told by `teller`."""
    _TELLERS[kind] = teller


@transaction.atomic
def save_external_id(row: ExternalId) -> None:
    """Write what a vendor calls a row; announces it of that row, and of the one named before."""
    before = ExternalId.objects.select_for_update().filter(pk=row.pk).first()
    row.save()
    _tell_ids_edited([row] if before is None else [before, row])


@transaction.atomic
def delete_external_ids(rows: QuerySet[ExternalId]) -> None:
    """Forget what vendors call rows; announces it of each of the rows."""
    gone = list(rows.select_for_update().order_by("pk"))
    ExternalId.objects.filter(pk__in=[row.pk for row in gone]).delete()
    _tell_ids_edited(gone)


def _tell_ids_edited(edited: Iterable[ExternalId]) -> None:
    for kind, row_id in dict.fromkeys((row.kind, row.object_id) for row in edited):
        if kind in _TELLERS:
            _TELLERS[kind](row_id)
        elif kind in _KINDS and (named := _KINDS[kind]._default_manager.filter(pk=row_id).first()):
            tell_changed(named, ("external_ids",))


@transaction.atomic
def delete_rows(rows: QuerySet[Any]) -> None:
    """Delete rows that have a public id, and announce it: partners hear of what is no more.

    Raises ProtectedError while something hangs on one of them.
    """
    gone = list(rows.values_list("public_id", flat=True))
    rows.delete()
    announce(*(ResourceRemoved(public_id=public_id) for public_id in gone))


@transaction.atomic
def resolve_unmatched(
    question: UnmatchedName, *, status: UnmatchedStatus, player: Player | None = None
) -> None:
    """Close a question of the queue: link to `player`, keep the new one, or ignore it.

    Linking merges the player that was made for the name into `player`. Locks the question. Raises
    ValueError when linking without a player, and when somebody else answered first.
    """
    held = UnmatchedName.objects.select_for_update(no_key=True).get(pk=question.pk)
    if held.status != UnmatchedStatus.OPEN:
        raise ValueError(f"{held} was answered already: {held.get_status_display().lower()}")
    if status == UnmatchedStatus.LINKED:
        if player is None:
            raise ValueError("player: choose whom the name means")
        made = Player.objects.filter(pk=question.context.get("player_id")).first()
        if made is not None and made.pk != player.pk:
            merge_players(keep=player, drop=made)
        else:
            link_external(question.source, ExternalKind.PLAYER, {question.value: player.pk})
    question.status, question.resolved_at = status, now()
    question.save(update_fields=["status", "resolved_at"])


def _free_slug(model: type[League] | type[Team] | type[Player], name: str, sport: str) -> str:
    base = slugify(name_key(name))[:80] or "unnamed"
    for slug in (base, f"{base}-{sport.replace('_', '-')}"[:100]):
        if not model.objects.filter(slug=slug).exists():
            return slug
    taken = set(model.objects.filter(slug__startswith=base).values_list("slug", flat=True))
    number = 2
    while f"{base}-{number}" in taken:
        number += 1
    return f"{base}-{number}"


def follow(user_id: int, public_id: str) -> None:
    """Let the user see a team or a public league first; a second time changes nothing.

    Raises Team.DoesNotExist or League.DoesNotExist.
    """
    row = _followed(public_id)
    # A constraint keeps it single when a button is pressed twice.
    Follow.objects.bulk_create([Follow(user_id=user_id, **row)], ignore_conflicts=True)


def follow_all(user_id: int, public_ids: Sequence[str]) -> None:
    """Let the user follow these teams and public leagues, too, as far as they are there."""
    teams = Team.objects.filter(public_id__in=public_ids).select_related("merged_into")
    found: dict[str, dict[str, Team | League]] = {
        **{team.public_id: {"team": team.merged_into or team} for team in teams},
        **{
            league.public_id: {"league": league}
            for league in League.objects.filter(public_id__in=public_ids, is_test=False)
        },
    }
    rows = [Follow(user_id=user_id, **found[one]) for one in public_ids if one in found]
    Follow.objects.bulk_create(rows, ignore_conflicts=True)


def unfollow(user_id: int, public_id: str) -> None:
    """Take a team, whatever was merged into it, or a league off a user's list."""
    held = Follow.objects.filter(user=user_id)
    held.filter(
        Q(team__public_id=public_id)
        | Q(team__merged_into__public_id=public_id)
        | Q(league__public_id=public_id)
    ).delete()


def _followed(public_id: str) -> dict[str, Team | League]:
    if public_id.startswith("vz_team_"):
        team = Team.objects.select_related("merged_into").get(public_id=public_id)
        return {"team": team.merged_into or team}
    return {"league": League.objects.get(public_id=public_id, is_test=False)}
