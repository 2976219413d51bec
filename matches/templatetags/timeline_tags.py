"""How the items of a timeline read."""

import re

from django import template
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from leagues.packs.loader import load_pack
from leagues.packs.schema import MATCH_END, PERIOD_START
from matches.enums import Pin
from matches.models import Match
from matches.rules.clock import is_half_way
from matches.rules.tellings import Change, Revision
from matches.rules.timeline import TimelineItem, tone_of

register = template.Library()
_FACE = re.compile(r"(\d+):(\d\d)")


@register.filter
def divider_words(item: TimelineItem, match: Match) -> str:
    """Return what a divider says: "Half-time", "End of Q3", "Full time"."""
    pack = load_pack(match.season.league.sport)
    period = pack.period(item.period)
    name = period.label if period else item.period
    if item.type == MATCH_END:
        return _("Full time") if pack.clock.cumulative else _("Final")
    if item.type == PERIOD_START:
        return _("%(period)s begins") % {"period": name}
    if is_half_way(pack, item.period):
        return _("Half-time")
    return _("End of %(period)s") % {"period": name[:1].lower() + name[1:]}


@register.filter
def clock_words(item: TimelineItem, match: Match) -> str:
    """Return the event's clock, a minute with its mark."""
    pack = load_pack(match.season.league.sport)
    return f"{item.clock}'" if pack.clock.cumulative and item.clock[:1].isdigit() else item.clock


@register.filter
def clock_speech(item: TimelineItem, match: Match) -> str:
    """Return the event's clock as it is said: "67 minutes", "Overtime 1, 4 minutes 2 seconds"."""
    pack = load_pack(match.season.league.sport)
    if pack.clock.cumulative:
        minute, _plus, added = item.clock.partition("+")
        if minute.isdecimal():
            said = _("%(minute)s plus %(added)s") if added else "%(minute)s"
            count = {"n": said % {"minute": minute, "added": added}}
            return ngettext("%(n)s minute", "%(n)s minutes", 2 if added else int(minute)) % count
    period = pack.period(item.period)
    name = period.label if period else ""
    # By the label: a league's quarters may be shorter than the sport's.
    face = _FACE.search(item.clock)
    if face is None:
        return name or item.clock
    shown = _duration(*map(int, face.groups()))
    return f"{name}, {shown}" if name else shown


def _duration(minutes: int, seconds: int) -> str:
    words = [
        ngettext("%(n)s minute", "%(n)s minutes", minutes) % {"n": minutes},
        ngettext("%(n)s second", "%(n)s seconds", seconds) % {"n": seconds},
    ]
    return " ".join(words if minutes else words[1:])


@register.filter
def tone(item: TimelineItem) -> str:
    """Return how the item is to be said."""
    return tone_of(item).value


@register.filter
def who(item: TimelineItem, match: Match) -> str:
    """Return whom an event is about: the player, or who came on where two swapped."""
    return item.related if _is_swap(item, match) and item.related else item.player


@register.filter
def what(item: TimelineItem, match: Match) -> str:
    """Return the short second line of an event: its label and who else took part."""
    if _is_swap(item, match) and item.related:
        return _("for %(player)s") % {"player": item.player}
    return f"{item.label} · {item.related}" if item.related else item.label


def _is_swap(item: TimelineItem, match: Match) -> bool:
    presence = load_pack(match.season.league.sport).events[item.type].presence
    return presence is not None and presence.related == "in"


@register.filter
def reason_words(reason: str) -> str:
    """Return a reason as a person says it; codes lose their underscores."""
    known = {
        "vendor_removed": _("removed by the source"),
        "vendor_returned": _("told again by the source"),
    }
    return known.get(reason, reason.replace("_", " "))


@register.filter
def revision_title(revision: Revision) -> str:
    """Return who did what: "Corrected by a curator", "Cancelled by the source"."""
    if revision.rev == 1 and revision.op == "add":
        done = (_("First told by the source"), _("Added by a curator"))
    elif revision.op == "retract":
        done = (_("Cancelled by the source"), _("Cancelled by a curator"))
    elif revision.op == "add":
        done = (_("Told again by the source"), _("Restored by a curator"))
    else:
        done = (_("Corrected by the source"), _("Corrected by a curator"))
    return done[revision.is_by_curator]


@register.filter
def change_label(change: Change) -> str:
    """Return the name of what changed."""
    return {
        "type": _("What"),
        "clock": _("When"),
        "team": _("Team"),
        "player": _("Player"),
        "related": _("Second player"),
        "certainty": _("Certainty"),
        "details": _("Details"),
    }[change.field]


@register.filter
def pin_words(pin: str) -> str:
    """Return what a pin means to a reader."""
    if not pin:
        return ""
    return _("Pinned until the match is final") if pin == Pin.UNTIL_FINAL else _("Pinned")


@register.filter
def summary_words(item: TimelineItem) -> str:
    """Return the line above an item's history: what became of it and why."""
    newest = item.revisions[-1]
    if item.is_cancelled:
        word = _("Cancelled")
    elif len(item.revisions) == 1:
        word = _("Added by a curator")
    elif item.is_provisional:
        word = _("Being checked")
    elif all(change.field == "certainty" for told in item.revisions for change in told.changes):
        # Nothing of it is another now.
        word = _("Checked")
    else:
        word = _("Corrected")
    reason = reason_words(newest.reason)
    return f"{word}: {reason}" if reason else word
