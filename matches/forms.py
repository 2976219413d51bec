"""Validation of what a viewer asks of the scores, and of what a curator says of matches."""

import datetime
from collections.abc import Sequence
from typing import Any, cast
from uuid import UUID

from django import forms
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext_lazy as _

from leagues.models import Player, Season
from leagues.packs.loader import load_pack
from leagues.packs.schema import OVERRIDE, STAT_SET, Column
from leagues.rules.schedule import ScheduleError
from matches.enums import MatchStatus, Pin, ReportSubject
from matches.models import Match, PlayEvent
from matches.rules.corrections import Said
from matches.services.corrections import Award, By
from matches.services.schedule import Calendar, zone_of

_TEXT = forms.TextInput(attrs={"size": 80})


class DayForm(forms.Form):
    """Which day, and whether only what is live; anything unreadable falls back to today."""

    date = forms.DateField(required=False, input_formats=["%Y-%m-%d"])
    live = forms.BooleanField(required=False)

    def day(self, today: datetime.date) -> datetime.date:
        """Return the chosen day."""
        chosen: datetime.date | None = self.cleaned_data.get("date") if self.is_valid() else None
        return chosen or today


class ReasonForm(forms.Form):
    """Why a curator acts; everybody will see it."""

    reason = forms.CharField(max_length=200, widget=_TEXT, help_text="Everybody will see it.")

    def by(self, actor: int | None) -> By:
        """Return who acts and why."""
        pin = self.cleaned_data.get("pin", Pin.FOREVER)
        return By(reason=self.cleaned_data["reason"], actor=actor, pin=pin)


class PinnedForm(ReasonForm):
    """Why, and how long no later word of a vendor counts."""

    pin = forms.ChoiceField(
        choices=[*Pin.choices, ("", "Until the source says otherwise (no pin)")],
        required=False,
        initial=Pin.FOREVER,
        help_text="While it is pinned, later polls do not undo it; what the source says is kept.",
    )


class FactForm(PinnedForm):
    """A fact of a match in a curator's words; the services check it against the sport."""

    type = forms.ChoiceField(label="What")
    period = forms.ChoiceField()
    clock = forms.RegexField(
        r"^\d{1,3}:[0-5]\d$",
        help_text="Minutes and seconds since the start of the period, such as 12:05.",
        error_messages={"invalid": "Give minutes and seconds, such as 12:05."},
    )
    team = forms.ChoiceField(required=False)
    player = forms.ChoiceField(required=False)
    related_player = forms.ChoiceField(required=False, label="Second player")
    details = forms.JSONField(
        required=False,
        initial=dict,
        help_text='What else the sport\'s pack wants to know, such as {"penalty": true}.',
        widget=forms.Textarea(attrs={"rows": 3, "cols": 60}),
    )
    rev = forms.IntegerField(required=False, widget=forms.HiddenInput)

    field_order = ("type", "period", "clock", "team", "player", "related_player", "details")

    def __init__(
        self, *args: Any, match: Match, event: PlayEvent | None = None, **more: Any
    ) -> None:
        if event is not None:
            more["initial"] = {**_as_typed(event), **more.get("initial", {})}
        super().__init__(*args, **more)
        self._unplaced = event.payload.get("unplaced") if event else None
        pack = load_pack(match.season.league.sport)
        words = [(k, v.label) for k, v in pack.events.items() if k not in (OVERRIDE, STAT_SET)]
        sides = [(team.pk, team.name) for team in (match.home, match.away)]
        people = [("", "nobody"), *_people(match, event)]
        self._offer("type", sorted(words, key=lambda word: word[1]))
        self._offer("period", [(period.id, period.label) for period in pack.periods])
        self._offer("team", [("", "neither"), *sides])
        self._offer("player", people)
        self._offer("related_player", people)

    def _offer(self, name: str, choices: list[Any]) -> None:
        cast("forms.ChoiceField", self.fields[name]).choices = choices

    def clean_details(self) -> dict[str, Any]:
        details = self.cleaned_data["details"] or {}
        if not isinstance(details, dict):
            raise forms.ValidationError('Give an object, such as {"penalty": true}.')
        return details

    def said(self) -> Said:
        """Return the fact."""
        answer = self.cleaned_data
        minutes, seconds = answer["clock"].split(":")
        keys = {
            name: int(answer[name]) if answer[name] else None
            for name in ("team", "player", "related_player")
        }
        payload = dict(answer["details"])
        if self._unplaced and keys["player"] is None:
            payload["unplaced"] = self._unplaced
        return Said(
            type=answer["type"],
            period=answer["period"],
            clock_ms=(int(minutes) * 60 + int(seconds)) * 1000,
            payload=payload,
            **keys,
        )


class NumberForm(PinnedForm):
    """A number of a player or a team in a curator's words; the services check it."""

    whose = forms.ChoiceField()
    column = forms.ChoiceField(label="Number")
    value = forms.FloatField(
        required=False, help_text="As the boxscore has it; times in the column's own unit."
    )
    is_unknown = forms.BooleanField(required=False, label="Nobody knows it")

    field_order = ("whose", "column", "value", "is_unknown")

    def __init__(self, *args: Any, match: Match, **more: Any) -> None:
        super().__init__(*args, **more)
        teams = [(f"{team.pk}:", team.name) for team in (match.home, match.away)]
        people = [
            (name, [(f"{team.pk}:{player}", called) for player, called in names])
            for team, (name, names) in zip(
                (match.home, match.away), _people(match, None), strict=True
            )
        ]
        offered = load_pack(match.season.league.sport).columns
        cast("forms.ChoiceField", self.fields["whose"]).choices = [("Teams", teams), *people]
        cast("forms.ChoiceField", self.fields["column"]).choices = [
            (column.id, _label(column)) for column in offered
        ]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        has_value = cleaned.get("value") is not None
        if "value" in cleaned and has_value == bool(cleaned.get("is_unknown")):
            self.add_error("value", "Give a number, or say that nobody knows it.")
        return cleaned

    def whom(self) -> dict[str, int | None]:
        """Return team and player by our keys."""
        team, _, player = self.cleaned_data["whose"].partition(":")
        return {"team_id": int(team), "player_id": int(player) if player else None}

    def values(self) -> dict[str, int | float | None]:
        """Return the number by its column."""
        value = self.cleaned_data["value"]
        is_whole = value is not None and value.is_integer()
        return {self.cleaned_data["column"]: int(value) if is_whole else value}


def _label(column: Column) -> str:
    if not column.for_team:
        return f"{column.label} (players)"
    return column.label if column.for_player else f"{column.label} (teams)"


def _as_typed(event: PlayEvent) -> dict[str, Any]:
    minutes, seconds = divmod(event.clock_ms // 1000, 60)
    return {
        "type": event.type,
        "period": event.period,
        "clock": f"{minutes}:{seconds:02}",
        "team": event.team_id or "",
        "player": event.player_id or "",
        "related_player": event.related_player_id or "",
        "details": {k: v for k, v in event.payload.items() if k != "unplaced"},
        "rev": event.rev,
    }


def _people(match: Match, event: PlayEvent | None) -> list[tuple[str, list[tuple[int, str]]]]:
    """Return who can be named, by side: sheets and squads, and whom the fact names now."""
    groups = []
    for team in (match.home, match.away):
        found = Player.objects.filter(merged_into=None)
        listed = found.filter(sheet_spots__sheet__match=match, sheet_spots__sheet__team=team)
        listed |= found.filter(roster_spots__team=team)
        if event is not None and event.team_id == team.pk:
            listed |= found.filter(pk__in=[event.player_id or 0, event.related_player_id or 0])
        names = listed.distinct().order_by("name").values_list("pk", "name")
        groups.append((team.name, list(names)))
    return groups


class DecisionForm(ReasonForm):
    """What officials decided about a match; it stands above its log and its vendor."""

    status = forms.ChoiceField(
        choices=[("", "as the log and the vendor say"), *MatchStatus.choices], required=False
    )
    home_score = forms.IntegerField(min_value=0, max_value=999, required=False)
    away_score = forms.IntegerField(min_value=0, max_value=999, required=False)

    field_order = ("status", "home_score", "away_score", "reason")

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        cleaned["score"] = _pair(cleaned, "home_score", "away_score")
        if not cleaned.get("status") and cleaned["score"] is None and not self.errors:
            raise forms.ValidationError("Decide a status, a score or both.")
        return cleaned


class AwardForm(ReasonForm):
    """A result by decision; the played score stays beside it."""

    home = forms.IntegerField(min_value=0, max_value=999, label="Home score")
    away = forms.IntegerField(min_value=0, max_value=999, label="Away score")
    home_points = forms.IntegerField(
        min_value=-99,
        max_value=99,
        required=False,
        help_text="Points in the table; leave both empty for what the rules give.",
    )
    away_points = forms.IntegerField(min_value=-99, max_value=99, required=False)
    both_lose = forms.BooleanField(
        required=False, help_text="A double forfeit: both sides have lost, whatever the score."
    )

    field_order = ("home", "away", "home_points", "away_points", "both_lose", "reason")

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        cleaned["points"] = _pair(cleaned, "home_points", "away_points", what="points")
        return cleaned

    def award(self) -> Award:
        """Return the award."""
        answer = self.cleaned_data
        return Award(
            home=answer["home"],
            away=answer["away"],
            points=answer["points"],
            both_lose=answer["both_lose"],
        )


def _pair(
    cleaned: dict[str, Any], home: str, away: str, *, what: str = "scores"
) -> tuple[int, int] | None:
    first, second = cleaned.get(home), cleaned.get(away)
    if (first is None) != (second is None):
        raise forms.ValidationError(f"Give both {what} or none.")
    return None if first is None or second is None else (first, second)


class ScheduleForm(forms.Form):
    """When a season's rounds are played; `seen` are the teams that the preview had."""

    season = forms.ModelChoiceField(
        Season.objects.select_related("league")
        .filter(~Exists(Match.objects.filter(season=OuterRef("pk"))))
        .order_by("league", "-name"),
        help_text="Seasons without matches.",
        error_messages={"invalid_choice": "This season has matches already."},
    )
    first_on = forms.DateField(
        label="First day", widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    kickoff = forms.TimeField(
        label="Kick-off",
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        help_text="In the league's time zone, also after clocks change.",
    )
    every_days = forms.IntegerField(
        min_value=1, max_value=60, initial=7, label="Days between rounds"
    )
    legs = forms.IntegerField(
        min_value=1, max_value=4, initial=2, help_text="How often each team meets each other one."
    )
    blackouts = forms.CharField(
        required=False,
        max_length=4000,
        label="Days without matches",
        widget=forms.Textarea(attrs={"rows": 4, "cols": 40}),
        help_text="One a line, such as 2026-12-25 Christmas, or 2026-12-24 to 2027-01-02 winter"
        " break. A round of such a day waits for the next free one.",
    )
    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    def clean_first_on(self) -> datetime.date:
        first: datetime.date = self.cleaned_data["first_on"]
        if not 1800 <= first.year <= 2200:
            raise forms.ValidationError("Give a year from 1800 to 2200.")
        return first

    def clean_blackouts(self) -> frozenset[datetime.date]:
        days: set[datetime.date] = set()
        for number, line in enumerate(self.cleaned_data["blackouts"].splitlines(), start=1):
            if line.strip():
                days |= _days_of(line.split(), number)
        return frozenset(days)

    def clean_season(self) -> Season:
        season: Season = self.cleaned_data["season"]
        try:
            zone_of(season)
        except ScheduleError as error:
            raise forms.ValidationError(str(error)) from error
        return season

    def calendar(self) -> Calendar:
        """Return when to play."""
        answer = self.cleaned_data
        first = datetime.datetime.combine(
            answer["first_on"],
            answer["kickoff"],
            tzinfo=zone_of(answer["season"]),
        )
        return Calendar(
            first_at=first,
            every=datetime.timedelta(days=answer["every_days"]),
            legs=answer["legs"],
            blackouts=answer["blackouts"],
        )

    def seen_teams(self) -> set[int]:
        """Return the keys of the teams that the preview had."""
        return {int(key) for key in self.cleaned_data["seen"].split(",") if key.isdecimal()}


def _days_of(words: Sequence[str], number: int) -> set[datetime.date]:
    """Return the days of one line, which is a day or `day to day`, and words for people."""
    try:
        first = last = datetime.date.fromisoformat(words[0])
        if len(words) > 2 and words[1] in {"to", "-", "until"}:
            last = datetime.date.fromisoformat(words[2])
    except ValueError as error:
        raise forms.ValidationError(
            f"Line {number}: begin with a day such as 2026-12-25."
        ) from error
    length = (last - first).days
    if not 0 <= length <= 366:
        raise forms.ValidationError(f"Line {number}: the last day is before the first, or far off.")
    return {first + datetime.timedelta(days=day) for day in range(length + 1)}


class ReportForm(forms.Form):
    """What a reader says is wrong; the events of the match are offered by their ids."""

    subject = forms.ChoiceField(label=_("What is wrong?"), choices=ReportSubject.choices)
    event = forms.ChoiceField(label=_("Which event?"), required=False)
    words = forms.CharField(
        label=_("What is right?"),
        help_text=_("A link to a source helps most. Please no names or addresses of yourself."),
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def __init__(self, *args: Any, events: Sequence[tuple[str, str]], **more: Any) -> None:
        super().__init__(*args, **more)
        field = cast("forms.ChoiceField", self.fields["event"])
        field.choices = [("", _("The match as a whole")), *events]

    def lineage_id(self) -> UUID | None:
        """Return the event that is meant, None for the match."""
        chosen = self.cleaned_data["event"]
        return UUID(chosen) if chosen else None
