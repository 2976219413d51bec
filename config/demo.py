"""The demo's rows: its leagues, the feeds of the simulated vendor, a login for each role."""

import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction

from accounts.enums import KeyMode, Role
from accounts.models import PartnerKey, User
from accounts.rules import SCOPES
from accounts.services import grant_role, make_key, revoke_key
from config.clock import now
from leagues.models import League, Season
from matches.models import Feed

WORLDS_FILE = Path(settings.BASE_DIR) / "config" / "demo.toml"
POLL_EVERY_MS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """What to type to look at the demo as somebody."""

    role: Role
    email: str
    password: str


def _login(who: str, role: Role) -> Login:
    return Login(role=role, email=f"{who}@demo.example", password=f"demo-{who}-2026")


LOGINS: Sequence[Login] = tuple(_login(role.value, role) for role in Role)
# Whose program uses the API.
PARTNER = _login("partner", Role.FAN)
_KEY_NAME = "Demo"


def anchor(folder: Path) -> datetime:
    """Return the moment the demo's season is in its middle: when it was first started here."""
    file = folder / "demo.json"
    if file.exists():
        return datetime.fromisoformat(json.loads(file.read_text())["anchor"])
    moment = now().replace(microsecond=0)
    folder.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({"anchor": moment.isoformat()}))
    return moment


def season_ends_at(league: Mapping[str, Any], started_at: datetime) -> datetime:
    """Return when the last match of an invented league kicks off."""
    rounds_left = league["rounds"] - league["rounds_played"]
    matches_left = rounds_left * (league["teams"] // 2)
    return started_at + timedelta(seconds=league["kickoff_every_s"] * matches_left)


def matches_of(league: Mapping[str, Any]) -> int:
    """Return how many matches an invented league has in a season."""
    return int(league["rounds"] * (league["teams"] // 2))


def worlds() -> list[dict[str, Any]]:
    """Return the invented leagues as their file tells them."""
    told = tomllib.loads(WORLDS_FILE.read_text(encoding="utf-8"))
    leagues: list[dict[str, Any]] = told["leagues"]
    return leagues


@transaction.atomic
def seed(*, vendor_url: str) -> None:
    """Make the demo's leagues, feeds and logins; what is there already stays as it is."""
    for told in worlds():
        league, _ = League.objects.get_or_create(
            slug=told["path"],
            defaults={
                "name": told["name"],
                "short_name": told["short_name"],
                "sport": told["sport"],
                "country": told["country"],
                "priority": told["priority"],
            },
        )
        season, _ = Season.objects.get_or_create(
            league=league, name=told["season"], defaults={"is_current": True}
        )
        Feed.objects.update_or_create(
            name=f"Demo vendor, {told['path']}",
            defaults={
                "adapter": "veze",
                "url": f"{vendor_url}/feeds/{told['path']}.json",
                "season": season,
                "live_interval_ms": POLL_EVERY_MS,
                "idle_interval_s": 5,
                "claimed_until": None,
                "next_poll_at": now(),
                "failures": 0,
            },
        )
    for login in (*LOGINS, PARTNER):
        if not User.objects.filter(email=login.email).exists():
            who = login.email.partition("@")[0].capitalize()
            user = User.objects.create_user(login.email, login.password, display_name=f"Demo {who}")
            grant_role(user, login.role)


@transaction.atomic
def new_key() -> str:
    """Return a test key of the demo's partner, who has forgotten the one of the start before."""
    partner, at = User.objects.get(email=PARTNER.email), now()
    for key in PartnerKey.objects.filter(owner=partner, name=_KEY_NAME, revoked_at=None):
        revoke_key(key, at=at)
    scopes = SCOPES[KeyMode.TEST]
    _, token = make_key(
        partner, name=_KEY_NAME, mode=KeyMode.TEST, scopes=scopes, expires_at=None, at=at
    )
    return token
