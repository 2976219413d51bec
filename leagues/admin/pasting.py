"""The page on which a curator pastes the teams of a season: look first, then save."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse

from leagues.enums import Pasted
from leagues.forms import PasteForm
from leagues.models import Season
from leagues.rules.pasting import PastedTeam, PasteError, digest_of
from leagues.services import add_pasted_teams, pasted_teams

_MAY = ("leagues.add_team", "leagues.add_seasonteam")


def may_paste(request: HttpRequest) -> bool:
    """Whether the user may make teams and let them join seasons."""
    return bool(request.user.has_perms(_MAY))


def paste_page(owner: admin.ModelAdmin, request: HttpRequest, pk: int) -> HttpResponse:
    """Ask for names, show what each would do, and do exactly that when it is confirmed."""
    season = get_object_or_404(Season.objects.select_related("league"), pk=pk)
    if not may_paste(request):
        raise PermissionDenied
    form = PasteForm(request.POST or None)
    pasted: list[PastedTeam] = []
    if form.is_valid():
        pasted = pasted_teams(season, form.cleaned_data["names"])
        if "save" in request.POST and _is_saved(owner, request, season, form, pasted):
            return HttpResponseRedirect(reverse("admin:leagues_season_change", args=[pk]))
    context: dict[str, Any] = {
        **owner.admin_site.each_context(request),
        "title": f"Paste the teams of {season}",
        "opts": owner.model._meta,
        "season": season,
        "form": form,
        "pasted": pasted,
        "seen": digest_of(pasted),
        "joining": sum(one.kind in _JOINING for one in pasted),
        "has_similar": any(one.kind == Pasted.SIMILAR for one in pasted),
    }
    return TemplateResponse(request, "admin/leagues/season/paste.html", context)


_JOINING = (Pasted.NEW, Pasted.SIMILAR, Pasted.KNOWN)


def _is_saved(
    owner: admin.ModelAdmin,
    request: HttpRequest,
    season: Season,
    form: PasteForm,
    pasted: list[PastedTeam],
) -> bool:
    are_others = form.cleaned_data["are_others"]
    if any(one.kind == Pasted.SIMILAR for one in pasted) and not are_others:
        form.add_error("are_others", "Say that they are other teams, or mend the names.")
        return False
    try:
        seen = form.cleaned_data["seen"]
        count = add_pasted_teams(season.pk, form.cleaned_data["names"], seen=seen)
    except PasteError as error:
        form.add_error(None, f"{error}.".capitalize())
        return False
    owner.log_change(request, season, f"{count} pasted teams joined.")
    owner.message_user(request, f"{count} teams joined {season}.", messages.SUCCESS)
    return True
