"""A match's page: its tabs, their parts and the replay."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from django.core.cache import cache
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.template.loader import render_to_string
from django.utils.cache import patch_cache_control
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_safe
from redis.exceptions import RedisError

from config.sight import scores_shown
from leagues.packs.loader import load_pack
from leagues.packs.schema import SportPack
from leagues.selectors import follows_of
from matches.live import line_fragments
from matches.models import Match
from matches.panels import last_tab, remember_tab
from matches.rules.filters import Choice, choose
from matches.rules.replay import parse_position
from matches.rules.timeline import TimelineItem
from matches.selectors.fixtures import live_beside
from matches.selectors.lineups import line_ups
from matches.selectors.timelines import match_head, match_timeline
from stats.enums import ReplayView
from stats.live import page_fragments
from stats.models import BoxScore
from stats.panels import panels
from stats.selectors.bars import period_bars, stat_bars
from stats.selectors.boxscores import player_tables
from stats.selectors.period_counts import allowance_left, period_counts
from stats.selectors.previews import preview
from stats.selectors.tables import season_table
from stats.services.film import Film, NothingToReplayError, film_of
from stats.services.moments import changes, moment_of, neighbours, placed_items, ticks
from stats.services.periods import period_boxes
from stats.services.tables import rows_at_kickoff
from streams.live.regions import regions_answer

_FILM_KEPT_S = 3600
_SPEEDS = (1, 10, 60, 120, 300, 600)


@require_safe
def match(request: HttpRequest, public_id: str) -> HttpResponse:
    """A match, at the part that the device saw last."""
    found = _match(public_id)
    return last_tab(request, found) or _match_page(request, found, "timeline")


@require_safe
def match_timeline_tab(request: HttpRequest, public_id: str) -> HttpResponse:
    """The timeline and charts, on wide screens with statistics and the table beside it."""
    found = _match(public_id)
    return remember_tab(request, _match_page(request, found, "timeline"), "timeline")


@require_safe
def match_stats(request: HttpRequest, public_id: str) -> HttpResponse:
    """Both teams' and all players' numbers."""
    return remember_tab(request, _match_page(request, _match(public_id), "stats"), "stats")


@require_safe
def match_table(request: HttpRequest, public_id: str) -> HttpResponse:
    """The table as it stands or as it was at kick-off, both teams marked."""
    return remember_tab(request, _match_page(request, _match(public_id), "table"), "table")


def _match_page(request: HttpRequest, found: Match, tab: str) -> HttpResponse:
    items = match_timeline(found)
    context = {"match": found, "tab": tab, "head": match_head(found, items)}
    context["follows"] = follows_of(request.user, request.COOKIES)
    context |= _counts(found) | _TABS[tab].context(request, found, items)
    return render(request, f"stats/match_{tab}.html", context)


@require_safe
def match_regions(request: HttpRequest, public_id: str, tab: str) -> JsonResponse:
    """The parts of a tab that are too large to push; an open page asks for them now and then."""
    if tab not in _TABS:
        raise Http404
    found = _match(public_id)
    context = {"match": found, **_counts(found)}
    context |= _TABS[tab].context(request, found, match_timeline(found))
    templates = dict(_TABS[tab].regions)
    if context["counts_by_period"]:
        templates["counts"] = "stats/partials/period_counts.html"
    return regions_answer(request, templates, context)


@require_safe
def match_parts(request: HttpRequest, public_id: str) -> JsonResponse:
    """The live parts of a match page, for pages whose socket fails."""
    after = request.GET.get("after", "")
    after_seq = int(after) if after.isdecimal() and len(after) < 10 else 0
    found = _match(public_id)
    parts = page_fragments(found, after_seq=after_seq)
    if "lines" in request.GET:
        parts |= line_fragments(found, after_seq=after_seq)
    return JsonResponse({"k": parts})


@require_safe
def match_replay(request: HttpRequest, public_id: str) -> HttpResponse:
    """A match that is over, as it stood at any moment; the page's script plays it."""
    with _film(public_id) as film:
        items = placed_items(film)
        at_ms = _place(request.GET.get("at", ""), film)
        moment = moment_of(film, items, at_ms)
        context = {
            "match": moment.match,
            "tab": "replay",
            "follows": follows_of(request.user, request.COOKIES),
            "head": moment.head,
            "moment": moment,
            "length_ms": film.reel.length_ms,
            "stretches": film.reel.stretches,
            "ticks": [1000 * at // film.reel.length_ms for at in ticks(items)],
            "neighbours": neighbours(items, at_ms),
            "speeds": _SPEEDS,
            "is_plays": _is_told_by_play(film),
        }
        return render(request, "stats/match_replay.html", context)


@require_safe
@gzip_page
def replay_film(request: HttpRequest, public_id: str) -> HttpResponse:
    """All that changes on the page of a replay, as parts of it with their moments."""
    with _film(public_id) as film:
        key = f"film:{public_id}:{film.match.epoch}:{film.upto_seq}:{film.match.status}"
        body = None
        with suppress(RedisError, OSError):
            body = cache.get(key)
        if body is None:
            items = placed_items(film)
            context = {
                "match": film.match,
                "changes": changes(film, items),
                "items": items,
                "is_plays": _is_told_by_play(film),
            }
            body = render_to_string("stats/replay_film.html", context)
            with suppress(RedisError, OSError):
                cache.set(key, body, timeout=_FILM_KEPT_S)
        response = HttpResponse(body)
        patch_cache_control(response, private=True, max_age=60)
        return response


@contextmanager
def _film(public_id: str) -> Iterator[Film]:
    """Give the film of a match that is over for this reader.

    A replay begins before the first goal, so whoever hides scores may watch it: what is read
    inside is not held back.
    """
    if not _match(public_id).is_over:
        raise Http404
    with scores_shown():
        try:
            yield film_of(_match(public_id), view=ReplayView.CORRECTED)
        except NothingToReplayError as error:
            raise Http404 from error


def _place(text: str, film: Film) -> int:
    pack = load_pack(film.match.season.league.sport)
    try:
        return parse_position(text, film.reel, is_cumulative=pack.clock.cumulative)
    except ValueError:
        return 0


def _is_told_by_play(film: Film) -> bool:
    return not load_pack(film.match.season.league.sport).clock.cumulative


def _match(public_id: str) -> Match:
    return get_object_or_404(Match.objects.with_sides(), public_id=public_id)


def _timeline_tab(
    request: HttpRequest, found: Match, items: Sequence[TimelineItem]
) -> dict[str, Any]:
    pack = load_pack(found.season.league.sport)
    wish = Choice(show=request.GET.get("show", ""), period=request.GET.get("period", ""))
    chosen = choose(pack, items, wish)
    table = season_table(found.season, tells_age=True)
    return {
        "chosen": chosen,
        "panels": panels(found),
        "table": table,
        "preview": None if chosen.items or found.is_over else preview(found, table),
        "beside": live_beside(found),
        **_bars(found),
    }


def _stats_tab(
    request: HttpRequest, found: Match, _items: Sequence[TimelineItem]
) -> dict[str, Any]:
    context = {"panels": panels(found), **_bars(found)}
    pack = load_pack(found.season.league.sport)
    context |= _of_period(found, pack, context["box"], request.GET.get("period", ""))
    group = request.GET.get("columns", "")
    context["tables"] = player_tables(found, pack, context["box"], group=group)
    return context


def _counts(found: Match) -> dict[str, Any]:
    """Return what stands below the score by period, in sports that count or allow by period."""
    pack = load_pack(found.season.league.sport)
    if not (pack.score.by_period or pack.allowance):
        return {"counts_by_period": False}
    told = period_boxes(found)
    parts = [(box.period, box.home, box.away) for box in told.boxes]
    return {
        "counts_by_period": True,
        "period_counts": period_counts(pack, told.columns, parts),
        "left": allowance_left(pack, found, told.columns, parts),
    }


def _of_period(found: Match, pack: SportPack, box: BoxScore | None, wish: str) -> dict[str, Any]:
    """Return which periods the bars may be told of and, where one is wanted, its bars."""
    told = period_boxes(found)
    known = [pack.period(held.period) for held in told.boxes] if told.columns else []
    context: dict[str, Any] = {"periods": known, "period": ""}
    chosen = told.box_of(wish) if known else None
    if chosen is not None:
        bars = period_bars(pack, box, chosen.home, chosen.away, told.columns)
        context |= {"period": chosen.period, "bars": bars}
    return context


def _table_tab(
    request: HttpRequest, found: Match, _items: Sequence[TimelineItem]
) -> dict[str, Any]:
    has_begun = found.is_live or found.is_over
    if has_begun and request.GET.get("at") == "kickoff":
        table = season_table(found.season, rows=rows_at_kickoff(found))
        return {"table": table, "has_begun": True, "at": "kickoff"}
    table = season_table(found.season, tells_age=True)
    return {"table": table, "has_begun": has_begun, "at": "now"}


def _line_ups_tab(
    _request: HttpRequest, found: Match, items: Sequence[TimelineItem]
) -> dict[str, Any]:
    return {"line_ups": line_ups(found, items)}


def _h2h_tab(
    _request: HttpRequest, _found: Match, _items: Sequence[TimelineItem]
) -> dict[str, Any]:
    return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tab:
    """What a tab shows, and the template of each of its parts that change by being asked for."""

    context: Callable[[HttpRequest, Match, Sequence[TimelineItem]], dict[str, Any]]
    regions: Mapping[str, str]


_TABS: Mapping[str, _Tab] = {
    "timeline": _Tab(
        context=_timeline_tab,
        regions={
            "charts": "stats/partials/charts.html",
            "chances": "stats/partials/chances_below.html",
            "preview": "stats/partials/preview.html",
            "filters": "matches/partials/filters.html",
            "numbers": "stats/partials/numbers.html",
            "side": "stats/partials/side.html",
        },
    ),
    "stats": _Tab(
        context=_stats_tab,
        regions={
            "bars": "stats/partials/team_numbers.html",
            "boxes": "stats/partials/boxes.html",
        },
    ),
    "table": _Tab(context=_table_tab, regions={"table": "stats/partials/whole_table.html"}),
    "lineups": _Tab(context=_line_ups_tab, regions={"line-ups": "matches/partials/line_ups.html"}),
    "h2h": _Tab(context=_h2h_tab, regions={}),
}


def _bars(found: Match) -> dict[str, Any]:
    box = BoxScore.objects.filter(match=found).defer("document").first()
    return {"box": box, "bars": stat_bars(load_pack(found.season.league.sport), box)}
