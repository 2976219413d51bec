"""What each role and each key may do, as data; what a name may be, and how a key is written.

Deny by default: a permission that is not listed here is nobody's but the superuser's, a scope no
key's.
"""

import hashlib
import re
import unicodedata
from collections.abc import Mapping
from typing import Final

from accounts.enums import KeyMode, KeyScope, Role

_VIEW = ("view",)
_CURATE = ("view", "add", "change")
_ALL = ("view", "add", "change", "delete")

_ANALYST: Mapping[str, tuple[str, ...]] = {
    "leagues.league": _VIEW,
    "leagues.season": _VIEW,
    "leagues.seasonteam": _VIEW,
    "leagues.team": _VIEW,
    "leagues.player": _VIEW,
    "leagues.rosterspot": _VIEW,
    "leagues.venue": _VIEW,
    "leagues.externalid": _VIEW,
    "leagues.unmatchedname": _VIEW,
    "matches.match": _VIEW,
    "matches.teamsheet": _VIEW,
    "matches.teamsheetspot": _VIEW,
    "matches.teamsheetabsence": _VIEW,
    "matches.playevent": _VIEW,
    "matches.feed": _VIEW,
    "matches.feedpoll": _VIEW,
    "matches.rawdocument": _VIEW,
    "matches.factreport": _VIEW,
    "stats.boxscore": _VIEW,
    "stats.statline": _VIEW,
    "stats.tablerow": _VIEW,
    "stats.tableadjustment": _VIEW,
    "mlmodels.modelversion": _VIEW,
    "mlmodels.matchforecast": _VIEW,
    "fantasy.game": _VIEW,
    "fantasy.round": _VIEW,
    "fantasy.gameplayer": _VIEW,
    "fantasy.entry": _VIEW,
    "fantasy.holding": _VIEW,
    "fantasy.transfer": _VIEW,
    "fantasy.chipplay": _VIEW,
    "fantasy.receipt": _VIEW,
    "fantasy.lineup": _VIEW,
    "fantasy.lineupresult": _VIEW,
    "fantasy.playerscore": _VIEW,
    "fantasy.correctioncase": _VIEW,
    "fantasy.scoreadjustment": _VIEW,
    "fantasy.fantasyleague": _VIEW,
    "fantasy.leaguemember": _VIEW,
    "fantasy.headtohead": _VIEW,
    "fantasy.cup": _VIEW,
    "fantasy.cuptie": _VIEW,
    "fantasy.phase": _VIEW,
    "fantasy.pricechange": _VIEW,
}
_ADMIN: Mapping[str, tuple[str, ...]] = {
    **_ANALYST,
    "leagues.league": _ALL,
    "leagues.season": _ALL,
    "leagues.seasonteam": _ALL,
    "leagues.team": _ALL,
    "leagues.player": _ALL,
    "leagues.rosterspot": _ALL,
    "leagues.venue": _ALL,
    "leagues.externalid": _ALL,
    "leagues.unmatchedname": _CURATE,
    "matches.match": _CURATE,
    "matches.teamsheet": _CURATE,
    "matches.teamsheetspot": _ALL,
    "matches.teamsheetabsence": _ALL,
    "matches.feed": _ALL,
    # Readers open them; a curator closes them.
    "matches.factreport": ("view", "change"),
    "stats.tableadjustment": _CURATE,
    # Its rows are written by training alone; changing is activating and retiring.
    "mlmodels.modelversion": ("view", "change"),
    "fantasy.game": _ALL,
    "fantasy.gameplayer": ("view", "change"),
    # Decided about once each, never taken away.
    "fantasy.correctioncase": ("view", "change"),
    "fantasy.scoreadjustment": _CURATE,
    "fantasy.fantasyleague": ("view", "change"),
    "fantasy.cup": ("view", "add"),
    "fantasy.phase": _ALL,
    "notifications.follow": _VIEW,
    "notifications.preference": _VIEW,
    "notifications.device": _VIEW,
    "notifications.notification": _VIEW,
    "notifications.delivery": _VIEW,
    "streams.outboxevent": _VIEW,
    "streams.deadletter": ("view", "change"),
    "accounts.user": _CURATE,
    # Their owners make them; a curator revokes.
    "accounts.partnerkey": ("view", "change"),
    # Who did what in the admin.
    "admin.logentry": _VIEW,
    "django_celery_beat.periodictask": _ALL,
    "django_celery_beat.intervalschedule": _ALL,
    "django_celery_beat.crontabschedule": _ALL,
}
PERMISSIONS: Mapping[Role, Mapping[str, tuple[str, ...]]] = {
    Role.FAN: {},
    Role.ANALYST: _ANALYST,
    Role.ADMIN: _ADMIN,
}


def permission_names(role: Role) -> frozenset[str]:
    """Return a role's permissions as Django names them, such as `matches.view_match`."""
    return frozenset(
        f"{app}.{action}_{model}"
        for label, actions in PERMISSIONS[role].items()
        for app, model in (label.split(".", 1),)
        for action in actions
    )


class UnreadableNameError(ValueError):
    """A name that others could not read, or that would disturb the text around it."""


def readable_name(text: str) -> str:
    """Return a name without needless space. Raises UnreadableNameError.

    Joiners stay, as Persian words and emoji need them; marks that turn the direction of text do
    not, as they would turn what stands beside the name.
    """
    name = " ".join(text.split())
    kinds = {unicodedata.category(sign) for sign in name if sign not in "\u200c\u200d"}
    if kinds & {"Cc", "Cf", "Cs", "Co", "Cn"} or not any(kind[0] in "LNSP" for kind in kinds):
        raise UnreadableNameError(text)
    return name


# Which scopes a key of each mode may have. Replays are rehearsals: no key of production has them.
# Fantasy is played for good: no test key does.
SCOPES: Final[Mapping[KeyMode, tuple[KeyScope, ...]]] = {
    KeyMode.TEST: (KeyScope.READ, KeyScope.REPLAY),
    KeyMode.LIVE: (KeyScope.READ, KeyScope.PLAY),
}
PUBLIC_PART_CHARS: Final = 10
SECRET_CHARS: Final = 40
# What is kept of a key.
HASH: Final = "^[0-9a-f]{64}$"
_TOKEN: Final = re.compile(
    rf"(vz_(?:{'|'.join(KeyMode.values)})_[0-9a-z]{{{PUBLIC_PART_CHARS}}})"
    rf"_[0-9A-Za-z]{{{SECRET_CHARS}}}",
    re.ASCII,
)


class KeyRefusedError(Exception):
    """A key is not good here; `code` says why: unknown, revoked or expired."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def prefix_of(token: str) -> str | None:
    """Return the part of a key that may be shown, None for what is no key."""
    found = _TOKEN.fullmatch(token)
    return found and found[1]


def holds_key(text: str) -> bool:
    """Whether there is a whole key somewhere in a text."""
    return _TOKEN.search(text) is not None


def hash_of(token: str) -> str:
    """Return what is kept of a key: SHA-256, as 238 random bits need no slow hash."""
    return hashlib.sha256(token.encode()).hexdigest()
