"""The queue of names that vendors gave and nobody could place with confidence."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.contrib.admin.widgets import AutocompleteSelect
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from leagues.enums import UnmatchedStatus
from leagues.models import Player, RosterSpot, UnmatchedName
from leagues.services import resolve_unmatched

_QUEUE = f"status__exact={UnmatchedStatus.OPEN}"


class DecisionForm(forms.ModelForm):
    """The admin's answer to a question of the queue."""

    decision = forms.ChoiceField(
        # The first key press answers: the likeliest answer is chosen and has the focus.
        widget=forms.RadioSelect(attrs={"autofocus": True}),
        choices=[
            (UnmatchedStatus.LINKED, "It is the player chosen below"),
            (UnmatchedStatus.CREATED, "It is somebody new: keep the player made for the name"),
            (UnmatchedStatus.IGNORED, "Ignore it"),
        ],
        help_text="Enter saves and brings the next open name.",
    )
    player = forms.ModelChoiceField(
        Player.objects.all(),
        required=False,
        widget=AutocompleteSelect(RosterSpot._meta.get_field("player"), admin.site),
        help_text="The best suggestion is filled in.",
    )

    class Meta:
        model = UnmatchedName
        fields: tuple[str, ...] = ()

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        best = _best_suggestion(self.instance)
        if "player" in self.fields:
            self.fields["player"].initial = best
            self.fields["decision"].initial = (
                UnmatchedStatus.LINKED if best else UnmatchedStatus.CREATED
            )

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if cleaned.get("decision") == UnmatchedStatus.LINKED and not cleaned.get("player"):
            self.add_error("player", "Choose whom the name means.")
        return cleaned


def _best_suggestion(question: UnmatchedName) -> int | None:
    found: list[dict[str, Any]] = question.suggestions
    return max(found, key=lambda s: s.get("confidence", 0))["player_id"] if found else None


class NamesList(ChangeList):
    """A page of the queue with the names of the players that are suggested; one query more."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        rows = list(self.result_list)
        best = {row.pk: _best_suggestion(row) for row in rows}
        players = Player.objects.in_bulk({key for key in best.values() if key is not None})
        for row in rows:
            row.best_player = players.get(best[row.pk])
        self.result_list = rows


@admin.register(UnmatchedName)
class UnmatchedNameAdmin(admin.ModelAdmin):
    """Vendors' names that could not be placed with confidence; each is answered once."""

    form = DecisionForm
    list_display = ("label", "team", "source", "suggested", "status", "seen_count", "first_seen_at")
    list_filter = ("status", "source", "kind")
    search_fields = ("name", "value")
    search_help_text = "The name, or the vendor's id."
    date_hierarchy = "first_seen_at"
    readonly_fields = (
        *("name", "source", "kind", "value", "seen_where", "candidates"),
        *("seen_count", "status", "first_seen_at", "resolved_at"),
    )
    actions = ("link_best", "keep_new", "ignore")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: UnmatchedName | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: UnmatchedName | None = None) -> bool:
        is_open = obj is None or obj.status == UnmatchedStatus.OPEN
        return is_open and super().has_change_permission(request, obj)

    def get_fields(self, request: HttpRequest, obj: UnmatchedName | None = None) -> Any:
        asked = ("decision", "player") if self.has_change_permission(request, obj) else ()
        return (*self.readonly_fields, *asked)

    def get_changelist(self, request: HttpRequest, **more: Any) -> type[ChangeList]:
        return NamesList

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.accept_view)
        own = path("<int:pk>/accept/", view, name="leagues_unmatchedname_accept")
        return [own, *super().get_urls()]

    @admin.display(description="Name", ordering="name")
    def label(self, question: UnmatchedName) -> str:
        return question.name or question.value

    @admin.display(description="Team")
    def team(self, question: UnmatchedName) -> str:
        return str(question.context.get("team") or "")

    @admin.display(description="Best suggestion")
    def suggested(self, question: UnmatchedName) -> str:
        player: Player | None = question.best_player  # type: ignore[attr-defined]
        if player is None:
            return "none"
        told = f"{player}, {_confidence(question):.0%}"
        if question.status != UnmatchedStatus.OPEN:
            return told
        # The list is a form already; the button sends it to another place.
        place = reverse("admin:leagues_unmatchedname_accept", args=[question.pk])
        text = '{} <button class="button" formaction="{}" aria-label="{}">Accept</button>'
        return format_html(text, told, place, f"Accept: {question.name} is {player}")

    @admin.display(description="Seen where")
    def seen_where(self, question: UnmatchedName) -> str:
        told = {"team": "team", "shirt": "shirt", "match": "match"}
        found = (f"{told[k]} {v}" for k, v in question.context.items() if k in told and v)
        return ", ".join(found) or "not told"

    @admin.display(description="Suggestions")
    def candidates(self, question: UnmatchedName) -> SafeString | str:
        by_key = {s["player_id"]: s.get("confidence", 0) for s in question.suggestions}
        players = Player.objects.in_bulk(list(by_key))
        rows = [
            (
                reverse("admin:leagues_player_change", args=[key]),
                players[key],
                players[key].birth_on or "birth day unknown",
                f"{sure:.0%}",
            )
            for key, sure in sorted(by_key.items(), key=lambda pair: -pair[1])
            if key in players
        ]
        return format_html_join("", '<p><a href="{}">{}</a>, {}: {}</p>', rows) or "none"

    def accept_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Link the name to its best suggestion."""
        question = get_object_or_404(UnmatchedName, pk=pk)
        if request.method != "POST" or not self.has_change_permission(request):
            raise PermissionDenied
        self._answer(request, UnmatchedName.objects.filter(pk=pk), self._link_best)
        self.log_change(request, question, "Linked to the best suggestion.")
        queue = reverse("admin:leagues_unmatchedname_changelist")
        return HttpResponseRedirect(f"{queue}?{_QUEUE}")

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        more = {"show_save_and_continue": False, **(extra_context or {})}
        return super().change_view(request, object_id, form_url, more)

    def save_model(self, request: HttpRequest, obj: UnmatchedName, form: Any, change: bool) -> None:
        answer = form.cleaned_data
        status = UnmatchedStatus(answer["decision"])
        player = answer["player"] if status == UnmatchedStatus.LINKED else None
        try:
            resolve_unmatched(obj, status=status, player=player)
        except ValueError as error:
            self.message_user(request, str(error), messages.ERROR)

    def response_change(self, request: HttpRequest, obj: UnmatchedName) -> HttpResponse:
        following = (
            UnmatchedName.objects.filter(status=UnmatchedStatus.OPEN)
            .order_by("first_seen_at")
            .values_list("pk", flat=True)
            .first()
        )
        if following is None:
            self.message_user(request, "No name waits any more.", messages.SUCCESS)
            return HttpResponseRedirect(reverse("admin:leagues_unmatchedname_changelist"))
        place = reverse("admin:leagues_unmatchedname_change", args=[following])
        return HttpResponseRedirect(place)

    @admin.action(description="Link to the best suggestion", permissions=["change"])
    def link_best(self, request: HttpRequest, questions: QuerySet[UnmatchedName]) -> None:
        self._answer(request, questions, self._link_best)

    @admin.action(description="Keep as new players", permissions=["change"])
    def keep_new(self, request: HttpRequest, questions: QuerySet[UnmatchedName]) -> None:
        self._answer(request, questions, _closing(UnmatchedStatus.CREATED))

    @admin.action(description="Ignore", permissions=["change"])
    def ignore(self, request: HttpRequest, questions: QuerySet[UnmatchedName]) -> None:
        self._answer(request, questions, _closing(UnmatchedStatus.IGNORED))

    def _link_best(self, question: UnmatchedName) -> None:
        player = Player.objects.filter(pk=_best_suggestion(question) or 0).first()
        if player is None:
            raise ValueError(f"{question} has no suggestion")
        resolve_unmatched(question, status=UnmatchedStatus.LINKED, player=player)

    def _answer(
        self,
        request: HttpRequest,
        questions: QuerySet[UnmatchedName],
        answer: Callable[[UnmatchedName], None],
    ) -> None:
        """Answer each in a transaction of its own, and say of which ones it was not to be."""
        done = 0
        for question in questions:
            try:
                answer(question)
            except ValueError as error:
                self.message_user(request, str(error), messages.ERROR)
            else:
                done += 1
        if done:
            names = "name is" if done == 1 else "names are"
            self.message_user(request, f"{done} {names} answered.", messages.SUCCESS)


def _closing(status: UnmatchedStatus) -> Callable[[UnmatchedName], None]:
    return lambda question: resolve_unmatched(question, status=status)


def _confidence(question: UnmatchedName) -> float:
    return max((s.get("confidence", 0) for s in question.suggestions), default=0)
