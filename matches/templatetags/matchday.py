"""How the state of a match reads: chip, clock, age of its data."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django import template
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from config.sight import told_now
from leagues.packs.loader import load_pack
from leagues.packs.schema import Period, SportPack
from matches.enums import MatchStatus
from matches.models import Match
from matches.panels import Tab
from matches.panels import added_tabs as tabs_of
from matches.rules.clock import DELAYED_S, SILENT_S, clock_now_ms, is_half_way
from matches.selectors.fixtures import winning_side_of

register = template.Library()

# A reason of so many letters stands on the scoreboard, a longer one in a notice.
_SHORT_REASON = 14
_LONGEST_WORD = 11
# Most corrections of a result come within a day of its end.
_CORRECTED_FOR = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What the chip of a match says.

    `kind` is before, live, pause, trouble, off or over; `words` is the long form; `ticks` means
    that the clock runs; `review` names a look at the replay that is under way.
    """

    kind: str
    label: str
    words: str
    ticks: bool = False
    reason: str = ""
    review: str = ""

    @property
    def short_reason(self) -> str:
        """Why, where that is said in few words."""
        return self.reason if len(self.reason) <= _SHORT_REASON else ""

    @property
    def shows_score(self) -> bool:
        return self.kind in {"live", "pause", "over", "trouble"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Age:
    """How old the newest good answer of the vendor is: fresh, delayed or silent.

    `words` stand in a banner, `short` on the scoreboard, `late` in the row of a list.
    """

    kind: str
    words: str
    short: str
    late: str
    at: str


@register.filter
def has_live_page(match: Match) -> bool:
    """Whether its open page is worth a socket: it is not over, or not for long."""
    ended_at = match.finished_at or match.kickoff_at
    return not match.is_over or ended_at > told_now() - _CORRECTED_FOR


@register.simple_tag
def match_state(match: Match) -> State:
    """Return the state of a match; the league must be fetched along."""
    pack = load_pack(match.season.league.sport)
    review = pack.review.label if match.is_reviewed and pack.review else ""
    return replace(_state(match, pack), review=review)


def _state(match: Match, pack: SportPack) -> State:
    status = match.status
    if status == MatchStatus.LIVE:
        return _live(match, pack)
    if status == MatchStatus.BREAK:
        return _pause(match, pack)
    if status == MatchStatus.FINAL:
        return _final(match, pack)
    label, words, kind = _words(pack)[status]
    if kind == "off" and match.period:
        # What was played before it was called off has a timeline, so it keeps its score.
        kind = "trouble"
    return State(kind=kind, label=label, words=words, reason=match.status_reason)


def _live(match: Match, pack: SportPack) -> State:
    period = pack.period(match.period)
    label = match_clock(match, pack) or _("Live")
    words = _("Live, %(period)s") % {"period": period.label} if period else _("Live")
    return State(kind="live", label=label, words=words, ticks=match.clock_running_since is not None)


def _final(match: Match, pack: SportPack) -> State:
    """Return what the match ended as, and that this stands."""
    kinds = {period.id: period.kind for period in pack.periods}
    is_longer = "overtime" in {kinds.get(period) for period, *_ in match.period_scores}
    status = MatchStatus.FINISHED_AET if is_longer else MatchStatus.FINISHED
    if match.home_shootout is not None:
        status = MatchStatus.FINISHED_PENS
    label, words, kind = _words(pack)[status]
    words = _("%(how_it_ended)s, result confirmed") % {"how_it_ended": words}
    return State(kind=kind, label=label, words=words, reason=match.status_reason)


def match_clock(match: Match, pack: SportPack) -> str:
    """Return the clock as it stands now: "67'", "Q3 4:12"."""
    running = match.clock_running_since
    label = pack.clock_label(
        match.period, clock_now_ms(match.clock_ms, running, told_now()) if match.period else 0
    )
    return f"{label}'" if label and pack.clock.cumulative and label[:1].isdigit() else label


def _pause(match: Match, pack: SportPack) -> State:
    period = pack.period(match.period)
    if period is None:
        return State(kind="pause", label=_("Break"), words=_("Break"))
    if is_half_way(pack, match.period):
        return State(kind="pause", label=_("HT"), words=_("Half-time"))
    return State(
        kind="pause", label=_("End %(period)s") % {"period": period.short}, words=_("Break")
    )


def _words(pack: SportPack) -> Mapping[str, tuple[str, str, str]]:
    """Return label, long form and kind by status."""
    # A clock that counts minutes through the match ends at full time; others end "final".
    through = pack.clock.cumulative
    over = (_("FT"), _("Full time")) if through else (_("Final"), _("Final"))
    extra = (_("AET"), _("After extra time")) if through else (_("Final OT"), _("After overtime"))
    shootout = (
        (_("Pens"), _("After penalties")) if through else (_("Final SO"), _("After a shoot-out"))
    )
    return {
        MatchStatus.SCHEDULED: (_("Soon"), _("Scheduled"), "before"),
        MatchStatus.LINEUPS: (_("Line-ups"), _("Line-ups are out"), "before"),
        MatchStatus.DELAYED: (_("Delayed"), _("Start delayed"), "trouble"),
        MatchStatus.SUSPENDED: (_("Suspended"), _("Suspended"), "trouble"),
        MatchStatus.ABANDONED: (_("Abandoned"), _("Abandoned"), "trouble"),
        MatchStatus.POSTPONED: (_("Postponed"), _("Postponed"), "off"),
        MatchStatus.CANCELLED: (_("Cancelled"), _("Cancelled"), "off"),
        MatchStatus.AWARDED: (_("Awarded"), _("Awarded by decision"), "over"),
        MatchStatus.FINISHED: (*over, "over"),
        MatchStatus.FINISHED_AET: (*extra, "over"),
        MatchStatus.FINISHED_PENS: (*shootout, "over"),
        MatchStatus.UNDER_REVIEW: (_("Review"), _("Result under review"), "over"),
    }


@register.simple_tag
def clock_attributes(match: Match) -> dict[str, Any]:
    """Return what the page's script needs to let the clock run on."""
    pack = load_pack(match.season.league.sport)
    period = pack.period(match.period) or Period(id="", label="", short="")
    since = match.clock_running_since
    return {
        "ms": match.clock_ms,
        "since": since.strftime("%Y-%m-%dT%H:%M:%S.%fZ") if since else "",
        "length": period.length_ms,
        "offset": period.offset_ms,
        "form": "minute" if pack.clock.cumulative else pack.clock.direction,
        "prefix": "" if pack.clock.cumulative else period.short,
    }


@register.simple_tag
def data_age(match: Match) -> Age | None:
    """Return the age of a live match's data, None where none is to be shown."""
    return age_of(match.data_at, told_now()) if match.is_live and match.data_at else None


@register.simple_tag
def age_since(data_at: datetime | None) -> Age | None:
    """Return the age of data of that moment, None where nothing is live."""
    return age_of(data_at, told_now()) if data_at else None


def age_of(data_at: datetime, at: datetime) -> Age:
    """Return how old data of that moment is."""
    seconds = max(0, int((at - data_at).total_seconds()))
    stamp = data_at.strftime("%Y-%m-%dT%H:%M:%SZ")
    if seconds < DELAYED_S:
        words = _("Live data")
        return Age(kind="fresh", words=words, short=words, late="", at=stamp)
    if seconds < SILENT_S:
        words, late = _("Delayed %(n)d s"), _("%(n)d s late")
        count = {"n": seconds}
        return Age(
            kind="delayed", words=words % count, short=words % count, late=late % count, at=stamp
        )
    count = {"n": seconds // 60}
    return Age(
        kind="silent",
        words=ngettext("Feed silent for %(n)d min", "Feed silent for %(n)d min", count["n"])
        % count,
        short=_("Silent %(n)d min") % count,
        late=_("%(n)d min late") % count,
        at=stamp,
    )


@register.filter
def winner_class(match: Match, side: str) -> str:
    """Return is-winner or is-loser for a side of a match that is over, else nothing."""
    winner = winning_side_of(match) if match.is_over else ""
    if not winner:
        return ""
    return "is-winner" if winner == side else "is-loser"


@register.filter
def has_long_word(name: str) -> bool:
    """Return whether a word of the name is too long for a phone's scoreboard."""
    return max(map(len, name.split()), default=0) > _LONGEST_WORD


@register.simple_tag
def added_tabs(match: Match) -> list[Tab]:
    """Return the tabs that other apps have for the match."""
    return tabs_of(match)
