"""Trained models to look at, use and take out of use; their numbers are read only."""

from collections.abc import Callable

import orjson
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from mlmodels.models import MatchForecast, ModelVersion
from mlmodels.services.registry import activate, retire
from streams.read_only import ReadOnlyAdmin


@admin.register(ModelVersion)
class ModelVersionAdmin(ReadOnlyAdmin):
    list_display = (
        "__str__",
        "league",
        "state",
        "trained_at",
        "trained_through_on",
        "trained_on_count",
        "log_loss",
        "base_log_loss",
    )
    list_filter = ("state", "name", "sport", "league")
    list_select_related = ("league",)
    search_fields = ("league__name", "artefact_sha256", "data_sha256")
    date_hierarchy = "trained_at"
    fields = (
        "name",
        "league",
        "sport",
        "version",
        "method",
        "pack_version",
        "state",
        "trained_at",
        "trained_on_count",
        "trained_through_on",
        "data_sha256",
        "artefact_sha256",
        "backtest",
    )
    readonly_fields = fields
    actions = ("use", "take_out")

    @admin.display(description="Log loss")
    def log_loss(self, version: ModelVersion) -> str:
        return str(version.metrics["model"]["log_loss"])

    @admin.display(description="Of base rates")
    def base_log_loss(self, version: ModelVersion) -> str:
        return str(version.metrics["base_rates"]["log_loss"])

    @admin.display(description="Backtest")
    def backtest(self, version: ModelVersion) -> SafeString:
        text = orjson.dumps(version.metrics, option=orjson.OPT_INDENT_2).decode()
        return format_html("<pre>{}</pre>", text)

    def has_decide_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("mlmodels.change_modelversion")

    @admin.action(description="Activate: use this version", permissions=["decide"])
    def use(self, request: HttpRequest, versions: QuerySet[ModelVersion]) -> None:
        self._decide(request, versions, activate, "is active; its forecasts follow in an hour")

    @admin.action(description="Retire: use it no more", permissions=["decide"])
    def take_out(self, request: HttpRequest, versions: QuerySet[ModelVersion]) -> None:
        self._decide(request, versions, retire, "is retired")

    def _decide(
        self,
        request: HttpRequest,
        versions: QuerySet[ModelVersion],
        service: Callable[[int], ModelVersion],
        outcome: str,
    ) -> None:
        chosen = list(versions.values_list("pk", "league_id", "name"))
        if service is activate and len({pair[1:] for pair in chosen}) < len(chosen):
            text = "Only one version of a model and league can be active: choose one of each."
            self.message_user(request, text, messages.ERROR)
            return
        for pk, *_ in chosen:
            self.message_user(request, f"{service(pk)} {outcome}.", messages.SUCCESS)


@admin.register(MatchForecast)
class MatchForecastAdmin(ReadOnlyAdmin):
    list_display = (
        "match",
        "model_version",
        "home_prob",
        "draw_prob",
        "away_prob",
        "home_expected",
        "away_expected",
        "made_at",
    )
    list_filter = ("model_version__state", "model_version__league")
    list_select_related = ("match__home", "match__away", "model_version")
    search_fields = ("match__public_id", "match__home__name", "match__away__name")
    date_hierarchy = "made_at"
