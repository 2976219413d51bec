"""The pages on which a curator acts upon a log: one form, one reason, one service call."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html

from matches.forms import ReasonForm
from matches.models import Match
from matches.rules.corrections import CorrectionError
from matches.selectors.plays import Dispute, score_dispute
from matches.services.corrections import By


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """What a curator is about to do; `done` is said afterwards, `back` is where he goes then.

    With `look` he may see first what would follow.
    """

    title: str
    note: str
    button: str
    done: str
    back: str
    look: Callable[[], object] | None = None


def act_page(
    owner: admin.ModelAdmin,
    request: HttpRequest,
    match: Match,
    *,
    act: Act,
    form: ReasonForm,
    work: Callable[[By], object],
    **context: Any,
) -> HttpResponse:
    """Ask with the form, do the work, say what was done; complaints stand at their fields."""
    if not request.user.has_perm("matches.change_match"):
        raise PermissionDenied
    if act.look is not None and "look" in request.POST:
        context["preview"] = _seen(form, act.look)
    elif form.is_valid() and _is_done(form, work, request.user.pk):
        owner.log_change(request, match, f"{act.title}: {form.cleaned_data['reason']}")
        owner.message_user(request, act.done, messages.SUCCESS)
        if (dispute := score_dispute(match.pk)) is not None:
            owner.message_user(request, _told(dispute, match), messages.WARNING)
        return HttpResponseRedirect(act.back)
    page = {
        **owner.admin_site.each_context(request),
        "title": act.title,
        "opts": owner.model._meta,
        "act": act,
        "match": match,
        "form": form,
        # A template would call the function itself.
        "may_look": act.look is not None,
        **context,
    }
    return TemplateResponse(request, "admin/matches/act.html", page)


def _told(dispute: Dispute, match: Match) -> str:
    return format_html(
        "The log says {}\u2013{}, the vendor {}\u2013{}: the vendor\u2019s score is shown and the "
        'match is marked until the vendor agrees or you <a href="{}">decide the score</a>.',
        *dispute.log,
        *dispute.stated,
        reverse("admin:matches_match_decide", args=[match.pk]),
    )


def _is_done(form: ReasonForm, work: Callable[[By], object], actor: int | None) -> bool:
    try:
        work(form.by(actor))
    except CorrectionError as error:
        _complain(form, error)
        return False
    return True


def _seen(form: ReasonForm, look: Callable[[], object]) -> object:
    """Return what would follow; None where the form is wrong."""
    if not form.is_valid():
        return None
    try:
        return look()
    except CorrectionError as error:
        _complain(form, error)
        return None


def _complain(form: ReasonForm, error: CorrectionError) -> None:
    field, _, key = error.field.partition(".")
    text = f"{key}: {error.message}" if key else error.message
    place = field if field in form.fields and field != "rev" else None
    form.add_error(place, f"{text[:1].upper()}{text[1:]}.")
