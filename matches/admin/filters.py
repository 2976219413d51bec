"""The choices above the lists of matches, feeds and events."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, Final

from django.contrib import admin
from django.contrib.admin.options import IS_FACETS_VAR
from django.contrib.admin.views.main import ALL_VAR, ORDER_VAR, PAGE_VAR
from django.db.models import QuerySet
from django.http import HttpRequest

from config.clock import now
from leagues.packs.loader import load_pack, pack_ids
from matches.models import LIVE_STATUSES, OVER_STATUSES, Feed, Match, PlayEvent
from matches.selectors.trouble import late_matches, troubled_feeds

_NEAR: Final = timedelta(days=1)
# What says how a list is shown, not which rows it has.
_MANNERS: Final = frozenset({ALL_VAR, IS_FACETS_VAR, ORDER_VAR, PAGE_VAR})


class WhenFilter(admin.SimpleListFilter):
    """What is live and near, unless something else is asked for.

    A search or another filter without a word on time looks at all matches.
    """

    title = "when"
    parameter_name = "when"
    NEAR, ALL = "near", "all"

    def __init__(
        self, request: HttpRequest, params: Any, model: type[Match], model_admin: Any
    ) -> None:
        super().__init__(request, params, model, model_admin)
        is_plain = set(request.GET) <= _MANNERS
        self._unasked = self.NEAR if is_plain else self.ALL

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [
            (self.NEAR, "Live and near"),
            ("live", "Live"),
            ("late", "Live with old data"),
            ("coming", "Coming"),
            ("past", "Past"),
            (self.ALL, "All"),
        ]

    def value(self) -> str:
        return str(super().value() or self._unasked)

    def choices(self, changelist: Any) -> Iterator[Any]:
        # There is no choice "no choice": it would say the same as another one.
        counts = self.get_facet_queryset(changelist) if changelist.add_facets else None
        for i, (lookup, title) in enumerate(self.lookup_choices):
            told = f"{title} ({counts[f'{i}__c']})" if counts is not None else title
            yield {
                "selected": self.value() == lookup,
                "query_string": changelist.get_query_string({self.parameter_name: lookup}),
                "display": told,
            }

    def queryset(self, request: HttpRequest, queryset: QuerySet[Match]) -> QuerySet[Match]:
        at, asked = now(), self.value()
        if asked == self.NEAR:
            near = queryset.filter(kickoff_at__range=(at - _NEAR, at + _NEAR))
            return near | queryset.filter(status__in=LIVE_STATUSES)
        if asked == "live":
            return queryset.filter(status__in=LIVE_STATUSES)
        if asked == "late":
            return queryset.filter(pk__in=late_matches(at=at).values("pk"))
        if asked == "coming":
            begun = (*LIVE_STATUSES, *OVER_STATUSES)
            return queryset.filter(kickoff_at__gt=at).exclude(status__in=begun)
        if asked == "past":
            return queryset.filter(kickoff_at__lte=at).exclude(status__in=LIVE_STATUSES)
        return queryset


class TroubleFilter(admin.SimpleListFilter):
    """Feeds that fail, and those that are silent while matches of theirs are live."""

    title = "trouble"
    parameter_name = "trouble"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "Fails or is silent")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Feed]) -> QuerySet[Feed]:
        if self.value() != "yes":
            return queryset
        return queryset.filter(pk__in=troubled_feeds(at=now()).values("pk"))


class WordFilter(admin.SimpleListFilter):
    """What happened, in the words of the packs: nobody asks the whole log which words it has."""

    title = "what"
    parameter_name = "type"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        words = {
            word: kind.label for pack in pack_ids() for word, kind in load_pack(pack).events.items()
        }
        return sorted(words.items(), key=lambda pair: pair[1].lower())

    def queryset(self, request: HttpRequest, queryset: QuerySet[PlayEvent]) -> QuerySet[PlayEvent]:
        return queryset.filter(type=self.value()) if self.value() else queryset


class TellerFilter(admin.SimpleListFilter):
    """Whose word it is."""

    title = "told by"
    parameter_name = "by"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("curator", "A curator"), ("source", "A source")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[PlayEvent]) -> QuerySet[PlayEvent]:
        if self.value() == "curator":
            return queryset.filter(source="admin")
        return queryset.exclude(source="admin") if self.value() == "source" else queryset
