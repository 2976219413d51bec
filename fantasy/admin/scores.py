"""Points to look at and explain, corrections to decide about, points given by hand."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from config.clock import now
from fantasy.enums import CaseState, RoundState
from fantasy.models import CorrectionCase, Entry, PlayerScore, Round, ScoreAdjustment
from fantasy.selectors.ledger import Row, player_ledger
from fantasy.services.adjustments import Decision, adjust_score, take_back
from fantasy.services.cases import dismiss_case
from fantasy.services.corrections import apply_case
from fantasy.services.refusals import Refused
from streams.read_only import ReadOnlyAdmin


@admin.register(PlayerScore)
class PlayerScoreAdmin(ReadOnlyAdmin):
    list_display = ("game_player", "round", "match", "points", "bonus", "minutes", "state")
    list_filter = ("state", "bonus_basis", "round__game")
    list_select_related = ("game_player__player", "round__game", "match__home", "match__away")
    search_fields = ("game_player__player__name", "match__public_id")
    date_hierarchy = "match__kickoff_at"
    fields = (
        *("game_player", "round", "match", "points", "bonus", "bonus_basis", "minutes"),
        *("state", "folded_seq", "scored_at", "why"),
    )
    readonly_fields = fields

    @admin.display(description="Why")
    def why(self, score: PlayerScore) -> SafeString:
        round_ = Round.objects.select_related("game").get(pk=score.round_id)
        ledger = player_ledger(score.game_player, round_)
        rows = (row for m in ledger.matches if m.match.pk == score.match_id for row in m.rows)
        return format_html("<ul>{}</ul>", format_html_join("", "{}", ((_row(r),) for r in rows)))


def _row(row: Row) -> SafeString:
    facts = format_html_join(
        "",
        '<li><a href="{}">{} {}</a> ({}, revision {})</li>',
        (
            (fact.told.link, fact.told.clock, fact.told.sentence, fact.told.source, fact.told.rev)
            for fact in row.facts
        ),
    )
    parts = format_html_join("", "{}", ((_row(part),) for part in row.parts))
    text = "<li><strong>{}</strong> {}: {}<ul>{}{}</ul></li>"
    return format_html(text, f"{row.points:+d}", row.label, row.count, facts, parts)


class CaseForm(forms.ModelForm):
    """What is decided about a correction, and why the points stay if they do."""

    decision = forms.ChoiceField(
        choices=(("apply", "Count the round anew"), ("dismiss", "Leave the points as they were")),
    )
    why = forms.CharField(
        label="Reason", required=False, max_length=200, help_text="Public; needed to leave them."
    )

    class Meta:
        model = CorrectionCase
        fields = ()

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if cleaned.get("decision") == "dismiss" and not cleaned.get("why", "").strip():
            self.add_error("why", "Say why the points stay as they were.")
        return cleaned


@admin.register(CorrectionCase)
class CorrectionCaseAdmin(admin.ModelAdmin):
    """Open cases are applied by themselves within seconds; a curator may be quicker."""

    form = CaseForm
    list_display = ("opened_at", "round", "match", "state", "entries", "closed_by")
    list_filter = ("state", "round__game")
    list_select_related = ("round__game", "match__home", "match__away", "closed_by")
    search_fields = ("match__public_id", "reason")
    date_hierarchy = "opened_at"
    readonly_fields = (
        *("round", "match", "state", "reason", "opened_at", "closed_at", "closed_by", "moves"),
    )

    def get_fields(self, request: HttpRequest, obj: CorrectionCase | None = None) -> Any:
        asked = ("decision", "why") if self.has_change_permission(request, obj) else ()
        return (*self.readonly_fields, *asked)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(
        self, request: HttpRequest, obj: CorrectionCase | None = None
    ) -> bool:
        return False

    def has_change_permission(
        self, request: HttpRequest, obj: CorrectionCase | None = None
    ) -> bool:
        is_open = obj is None or obj.state == CaseState.OPEN
        return is_open and super().has_change_permission(request, obj)

    @admin.display(description="Entries with other points")
    def entries(self, case: CorrectionCase) -> str:
        return str(case.diff.get("entries", "not counted"))

    @admin.display(description="Points before and after")
    def moves(self, case: CorrectionCase) -> SafeString:
        moves = case.diff.get("players", [])
        lines = ((m["number"], m["before"], m["after"]) for m in moves)
        return format_html(
            "<ul>{}</ul>", format_html_join("", "<li>Player {}: {} → {}</li>", lines)
        )

    def save_model(
        self, request: HttpRequest, obj: CorrectionCase, form: Any, change: bool
    ) -> None:
        told = form.cleaned_data
        if told["decision"] == "apply":
            work = lambda: apply_case(obj.pk, at=now(), by_id=request.user.pk)  # noqa: E731
        else:
            work = lambda: dismiss_case(  # noqa: E731
                obj.pk, reason=told["why"], by_id=request.user.pk, at=now()
            )
        _try(self, request, work)


class AdjustmentForm(forms.ModelForm):
    """Points to be given or taken; a row that stands can be taken back with a reason."""

    class Meta:
        model = ScoreAdjustment
        fields = ("entry", "round", "points", "reason")

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        entry, round_ = cleaned.get("entry"), cleaned.get("round")
        if entry and round_ and entry.game_id != round_.game_id:
            raise ValidationError({"round": "The entry plays another game."})
        if round_ and round_.state == RoundState.VOID:
            raise ValidationError({"round": "A void round has no points."})
        if entry and round_ and _has_no_result(entry, round_):
            raise ValidationError({"round": "The entry had no line-up in this round."})
        return cleaned


def _has_no_result(entry: Entry, round_: Round) -> bool:
    is_settled = round_.state == RoundState.SETTLED
    return is_settled and not entry.results.filter(round=round_).exists()


class TakeBackForm(forms.ModelForm):
    """Why points given by hand are taken back."""

    why = forms.CharField(label="Take back, because", max_length=200, help_text="Public.")

    class Meta:
        model = ScoreAdjustment
        fields = ()


@admin.register(ScoreAdjustment)
class ScoreAdjustmentAdmin(admin.ModelAdmin):
    """Rows are added and never edited: another row takes one back."""

    list_display = ("made_at", "entry", "round", "points", "reason", "by", "taken_back_by")
    list_filter = ("game",)
    list_select_related = ("entry", "round__game", "by", "taken_back_by__entry")
    search_fields = ("entry__name", "reason")
    raw_id_fields = ("entry", "round")
    date_hierarchy = "made_at"
    _TOLD = ("entry", "round", "points", "reason", "by", "made_at", "taken_back_by")

    def get_form(
        self,
        request: HttpRequest,
        obj: ScoreAdjustment | None = None,
        change: bool = False,
        **more: Any,
    ) -> Any:
        more["form"] = TakeBackForm if obj is not None else AdjustmentForm
        return super().get_form(request, obj, change, **more)

    def get_fields(self, request: HttpRequest, obj: ScoreAdjustment | None = None) -> Any:
        if obj is None:
            return AdjustmentForm.Meta.fields
        return (*self._TOLD, "why") if self.has_change_permission(request, obj) else self._TOLD

    def get_readonly_fields(self, request: HttpRequest, obj: ScoreAdjustment | None = None) -> Any:
        return () if obj is None else self._TOLD

    def has_change_permission(
        self, request: HttpRequest, obj: ScoreAdjustment | None = None
    ) -> bool:
        stands = obj is None or (
            obj.taken_back_by_id is None
            and not ScoreAdjustment.objects.filter(taken_back_by=obj).exists()
        )
        return stands and super().has_change_permission(request, obj)

    def has_delete_permission(
        self, request: HttpRequest, obj: ScoreAdjustment | None = None
    ) -> bool:
        return False

    def save_model(
        self, request: HttpRequest, obj: ScoreAdjustment, form: Any, change: bool
    ) -> None:
        by_id, told = request.user.pk, form.cleaned_data
        if change:
            decision = Decision(reason=told["why"], by_id=by_id, at=now())
            _try(self, request, lambda: take_back(obj.pk, decision=decision))
            return
        decision = Decision(reason=told["reason"], by_id=by_id, at=now())

        def give() -> None:
            row = adjust_score(
                told["entry"].pk, told["round"].pk, points=told["points"], decision=decision
            )
            obj.pk = row.pk

        _try(self, request, give)


def _try(
    owner: admin.ModelAdmin, request: HttpRequest, work: Callable[[], models.Model | None]
) -> None:
    try:
        with transaction.atomic():
            work()
    except Refused as refused:
        owner.message_user(request, str(refused), messages.ERROR)
