"""Reads of the leagues app that need more than one table."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from django.db.models import (
    Case,
    F,
    Func,
    IntegerField,
    JSONField,
    Model,
    OuterRef,
    Prefetch,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Coalesce

from leagues.enums import ExternalKind
from leagues.models import ExternalId, Follow, League, Player, RosterSpot, Season, Team
from leagues.packs.loader import load_pack, pack_ids
from leagues.rules.follows import Follows, read_follows
from leagues.topics import ResourceChanged, ResourceRemoved, RosterChanged
from streams.changes import DELETED, MERGED, Told

AnyModel = TypeVar("AnyModel", bound=Model)


def with_external_ids(rows: QuerySet[AnyModel], kind: ExternalKind) -> QuerySet[AnyModel]:
    """Annotate each row with `external_ids`: {source: the vendor's id}, the oldest of a source."""
    by_source = Func(
        F("source"),
        F("value"),
        function="jsonb_object_agg",
        # The last of equal keys stays.
        template="%(function)s(%(expressions)s ORDER BY id DESC)",
        output_field=JSONField(),
    )
    known = ExternalId.objects.filter(kind=kind, object_id=OuterRef("pk")).order_by()
    none = Value({}, output_field=JSONField())
    # The plugin of the type checker loses the type variable.
    return rows.annotate(  # type: ignore[return-value]
        external_ids=Coalesce(Subquery(known.values_list(by_source)), none)
    )


FOLLOW_COOKIE: Final = "follow"
_MOST_FOUND = 12


def follows_of(user: Any, cookies: Mapping[str, str]) -> Follows:
    """Return whom a visitor follows: a user by his account, anybody else by this browser.

    One query for a user, none for others.
    """
    if user is None or not user.is_authenticated:
        return read_follows(cookies.get(FOLLOW_COOKIE, ""))
    rows = Follow.objects.filter(user=user).values_list(
        Coalesce("team__merged_into__public_id", "team__public_id"), "league__public_id"
    )
    return Follows(ids=tuple(team or league for team, league in rows))


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """The rows that a visitor follows."""

    teams: Sequence[Team]
    leagues: Sequence[League]


def followed_rows(follows: Follows) -> Followed:
    """Return the teams and public leagues by name; two queries."""
    teams = Team.objects.filter(public_id__in=follows.ids).order_by("name")
    leagues = League.objects.filter(public_id__in=follows.ids, is_test=False)
    return Followed(teams=list(teams), leagues=list(leagues))


@dataclass(frozen=True, slots=True, kw_only=True)
class SportLeagues:
    """One sport's leagues, each with `current_seasons` fetched."""

    name: str
    leagues: tuple[League, ...]


def leagues_by_sport() -> list[SportLeagues]:
    """Return the public leagues by sport, sports in order of their most important league."""
    current = Season.objects.filter(is_current=True)
    leagues = League.objects.filter(is_test=False).prefetch_related(
        Prefetch("seasons", queryset=current, to_attr="current_seasons")
    )
    by_sport: dict[str, list[League]] = {}
    for league in leagues:
        by_sport.setdefault(league.sport, []).append(league)
    known = pack_ids()
    return [
        SportLeagues(name=load_pack(sport).name if sport in known else sport, leagues=tuple(found))
        for sport, found in by_sport.items()
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a search brought, best matches first."""

    words: str
    teams: Sequence[Team]
    players: Sequence[Player]
    leagues: Sequence[League]

    @property
    def is_empty(self) -> bool:
        return not (self.teams or self.players or self.leagues)


def search_all(words: str) -> Found:
    """Return teams, players and leagues whose names contain the words; three queries and one.

    Names that begin with the words come first. Players carry `present_spots` with their team.
    """
    teams = Team.objects.filter(merged_into=None).filter(
        Q(name__icontains=words) | Q(short_name__icontains=words) | Q(code__iexact=words)
    )
    spots = RosterSpot.objects.filter(until_on=None).select_related("team")
    players = (
        Player.objects.filter(merged_into=None)
        .filter(Q(name__icontains=words) | Q(short_name__icontains=words))
        .prefetch_related(Prefetch("roster_spots", queryset=spots, to_attr="present_spots"))
    )
    leagues = League.objects.filter(is_test=False, name__icontains=words)
    return Found(
        words=words,
        teams=list(teams.order_by(_begins(words), "name")[:_MOST_FOUND]),
        players=list(players.order_by(_begins(words), "name")[:_MOST_FOUND]),
        leagues=list(leagues[:_MOST_FOUND]),
    )


def told_rosters(events: Sequence[RosterChanged]) -> list[Told | None]:
    """Say in public which teams' rosters changed, and who came or went; two queries."""
    teams = _public_ids(Team, {event.team_id for event in events})
    players = _public_ids(Player, {pk for event in events for pk in event.player_ids})
    return [
        Told(
            id=teams[event.team_id],
            data={"player_ids": [players[pk] for pk in event.player_ids if pk in players]},
        )
        if event.team_id in teams
        else None
        for event in events
    ]


def told_changes(events: Sequence[ResourceChanged]) -> list[Told | None]:
    """Say in public which rows were edited, and in what; two queries."""
    hidden = {
        *League.objects.filter(is_test=True).values_list("public_id", flat=True),
        *Season.objects.filter(league__is_test=True).values_list("public_id", flat=True),
    }
    return [
        Told(id=event.public_id, data={"kind": event.kind, "fields": list(event.fields)})
        if event.public_id not in hidden
        else None
        for event in events
    ]


def told_removals(events: Sequence[ResourceRemoved]) -> list[Told | None]:
    """Say in public what is no more, or is part of another one."""
    return [
        Told(
            id=event.public_id,
            op=DELETED if event.into_id is None else MERGED,
            into=event.into_id,
            data={},
        )
        for event in events
    ]


def _public_ids(model: type[Team] | type[Player], keys: Collection[int]) -> dict[int, str]:
    return dict(model.objects.filter(pk__in=keys).values_list("pk", "public_id"))


def _begins(words: str) -> Case:
    return Case(
        When(name__istartswith=words, then=Value(0)), default=Value(1), output_field=IntegerField()
    )
