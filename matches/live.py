"""The parts of pages that change while a match is played, rendered from the pages' own partials."""

from collections.abc import Iterable, Sequence
from datetime import timedelta

from django.template.loader import render_to_string

from config.sight import told_now
from leagues.packs.loader import load_pack
from matches.enums import Tone
from matches.models import Match
from matches.rules.timeline import Retold, TimelineItem, tone_of
from matches.selectors.timelines import match_head, retold_timeline

# What a reader may have missed between loading a page and hearing of it, besides key moments.
_RECENT_TELLINGS = 20
_WORTH_SAYING_FOR = timedelta(seconds=30)


def scores_topic() -> str:
    """Return the page topic of the day's scores."""
    return "page:scores"


def match_topic(public_id: str) -> str:
    """Return the page topic of one match."""
    return f"page:match:{public_id}"


def lines_topic(public_id: str) -> str:
    """Return the topic of one match's pages that list a group of its events."""
    return f"{match_topic(public_id)}:lines"


def league_topic(public_id: str) -> str:
    """Return the page topic that says when a league's table is a new one."""
    return f"page:league:{public_id}"


def match_fragments(match: Match, *, after_seq: int = 0) -> dict[str, str | None]:
    """Return the HTML of a match page's live parts by `data-k`, None where one is gone.

    Timeline items come as far as events after `after_seq` changed them; without it key moments and
    what the newest few events changed. The match must be fetched with its sides.
    """
    retold = retold_timeline(match, after_seq=after_seq, newest=_RECENT_TELLINGS)
    head = match_head(match, retold.items)
    parts: dict[str, str | None] = {
        "score": _render("score", match=match, review=head.review),
        "age": _render("board_note", match=match),
        "banner": _render("banner", match=match),
        "review": _render("review", review=head.review),
        # Empty ones, too: what was told may be taken back.
        "scorers": _render("scorers", scorers=head.scorers),
        "line-score": _render("line_score", match=match, line_score=head.line_score),
        # By another one than its own a page knows that it shows lines of a log that is no more.
        "log": str(match.epoch),
    }
    parts |= _item_fragments(match, retold, with_key=not after_seq)
    spoken = spoken_item([item for item in retold.items if item.seq > after_seq])
    if spoken and told_now() - spoken.told_at < _WORTH_SAYING_FOR:
        parts["say"] = render_to_string(
            "matches/partials/say.html", {"item": spoken, "match": match}
        ).strip()
    return parts


def line_fragments(match: Match, *, after_seq: int = 0) -> dict[str, str | None]:
    """Return the HTML of lines, as pages show them that list a group of events, by `data-k`.

    As `match_fragments`, but of lines only, and also of those that are no key moments: whoever
    lists those alone is not sent them.
    """
    if not load_pack(match.season.league.sport).clock.cumulative:
        return {}
    retold = retold_timeline(match, after_seq=after_seq, newest=_RECENT_TELLINGS)
    parts: dict[str, str | None] = {f"l:{item.key}": None for item in retold.gone}
    for item in retold.changed:
        parts[f"l:{item.key}"] = _render("timeline_item", match=match, item=item, prefix="l")
    return parts


def scores_fragments(matches: Iterable[Match]) -> dict[str, str]:
    """Return the HTML of the matches' rows in lists by `data-k`."""
    return {
        f"m:{match.public_id}": render_to_string("components/match_row.html", {"match": match})
        for match in matches
    }


def row_age_fragments(matches: Iterable[Match]) -> dict[str, str]:
    """Return the HTML of the ages in the matches' rows by `data-k`."""
    return {
        f"a:{match.public_id}": render_to_string(
            "components/row_age.html", {"match": match}
        ).strip()
        for match in matches
    }


def age_fragments(match: Match) -> dict[str, str]:
    """Return what a poll without news changes on a match page."""
    return {"age": _render("board_note", match=match), "banner": _render("banner", match=match)}


def spoken_item(items: Sequence[TimelineItem]) -> TimelineItem | None:
    """Return the newest item worth a spoken sentence."""
    worthy = [item for item in items if item.is_key and tone_of(item) != Tone.SAME]
    return max(worthy, key=lambda item: item.seq, default=None)


def _item_fragments(match: Match, retold: Retold, *, with_key: bool) -> dict[str, str | None]:
    through = load_pack(match.season.league.sport).clock.cumulative
    parts: dict[str, str | None] = {}
    for item in retold.gone:
        parts |= dict.fromkeys((f"p:{item.key}", f"t:{item.key}"))
    changed = {item.key for item in retold.changed}
    for item in retold.items:
        if item.key not in changed and not (with_key and item.is_key):
            continue
        parts[f"p:{item.key}"] = _render("play_item", match=match, item=item)
        if through and item.is_key:
            parts[f"t:{item.key}"] = _render("timeline_item", match=match, item=item)
        elif through and item.is_corrected:
            # It may have been a key moment before.
            parts[f"t:{item.key}"] = None
    return parts


def _render(partial: str, **context: object) -> str:
    return render_to_string(f"matches/partials/{partial}.html", context).strip()
