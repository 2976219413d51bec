"""The tables of all entries and of countries: every rank, page by page, live where it may be."""

from dataclasses import asdict
from typing import Any

from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from fantasy.api.doors import PublicDoor
from fantasy.api.filters import OverallFilter
from fantasy.api.serializers import FantasyEntrySerializer
from fantasy.api.table_serializers import FantasyOverallSerializer
from fantasy.models import Entry, Game
from fantasy.rules.parts import Parts
from fantasy.selectors.overall import (
    OverallPage,
    OverallRow,
    Ranked,
    overall_page,
    page_of_entry,
    page_of_rank,
    ranked,
)


class OverallTable(PublicDoor):
    """All entries by rank; `entry` or `rank` leads to the page that has it."""

    serializer_class = FantasyOverallSerializer
    filterset_class = OverallFilter

    @extend_schema(operation_id="fantasy_games_table", filters=True)
    def get(self, request: Request, public_id: str) -> Response:
        self.check_parameters()
        game = self.open_game()
        country = request.query_params.get("country", "").upper()
        found = ranked(game)
        page = self._page(game, found, country)
        told = overall_page(found, page=page, country=country)
        return self.live_answer(told.round if told.is_live else None, _told(told))

    def _page(self, game: Game, found: Ranked | None, country: str) -> int:
        asked = self.request.query_params
        if "entry" in asked:
            entry = Entry.objects.filter(game=game, public_id=asked["entry"]).first()
            page = page_of_entry(found, entry, country=country) if entry else None
            if page is None:
                raise Http404
            return page
        if rank := self.number("rank", 0):
            return page_of_rank(found, rank, country=country)
        return self.number("page", 1)


def _told(page: OverallPage) -> dict[str, Any]:
    return {
        "round": page.round.number if page.round else None,
        "is_live": page.is_live,
        "country": page.country or None,
        "countries": page.countries,
        "entries": page.entries,
        "page": page.page,
        "pages": page.pages,
        "results": [_row(row) for row in page.rows],
    }


def _row(row: OverallRow) -> dict[str, Any]:
    return {
        "rank": row.rank,
        "overall_rank": row.overall,
        "last_rank": row.last_rank,
        "entry": FantasyEntrySerializer(row.entry).data,
        "total": row.total,
        "round_points": row.round_points,
        "parts": parts_document(row.parts),
    }


def parts_document(parts: Parts | None) -> dict[str, int] | None:
    """Return what the points of a round consist of, as JSON."""
    return {**asdict(parts), "net": parts.net} if parts else None
