"""Pages of notices: the inbox, what is followed and how, quiet hours and browsers."""

from typing import Any, Final, cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core import signing
from django.core.exceptions import ObjectDoesNotExist
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.html import format_html
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from config.clock import now
from matches.models import Match
from notifications.enums import Medium, Preset
from notifications.forms import FollowForm, QuietForm
from notifications.models import Device
from notifications.rules.audience import kinds_of
from notifications.selectors import (
    Subject,
    follow_of,
    follows_of_user,
    get_subject,
    inbox,
    inbox_lines,
    kinds_words,
    pack_of,
    preference_of,
)
from notifications.services import follows
from notifications.services.sending import read_stop_token, sender

_A_PAGE: Final = 30


def _user_id(request: HttpRequest) -> int:
    return cast("Any", request.user).pk  # type: ignore[no-any-return]


@never_cache
@login_required
@require_safe
def inbox_page(request: HttpRequest) -> HttpResponse:
    """What the viewer was told, the newest first."""
    page = Paginator(inbox(_user_id(request)), _A_PAGE).get_page(request.GET.get("page"))
    lines = inbox_lines(page.object_list)
    has_unread = any(line.delivery.read_at is None for line in lines)
    context = {"page": page, "lines": lines, "has_unread": has_unread}
    return render(request, "notifications/inbox.html", context)


@never_cache
@login_required
@require_POST
def read(request: HttpRequest) -> HttpResponse:
    """Mark all that the inbox shows as read."""
    follows.mark_read(_user_id(request), None, at=now())
    return redirect("notifications:inbox")


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def follow(request: HttpRequest, public_id: str) -> HttpResponse:
    """Choose what is told of something, follow it as most do by one tap, or hear no more of it."""
    subject = get_subject(public_id)
    target = _target(request)
    if request.method == "POST" and "stop" in request.POST:
        follows.end_follow(_user_id(request), subject)
        messages.success(request, _("You hear no more of %(name)s.") % {"name": subject})
        return HttpResponseRedirect(target)
    if request.method == "POST" and "quick" in request.POST:
        return _follow_at_once(request, subject, target)
    held = follow_of(_user_id(request), subject)
    initial = {
        "preset": held.preset if held else Preset.STANDARD,
        # Whoever begins to choose begins with what he has.
        "kinds": kinds_of(
            pack_of(subject).notices,
            held.preset if held else Preset.STANDARD,
            held.kinds if held else (),
        ),
        "ways": held.media if held else Medium.values,
    }
    form = FollowForm(subject, request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid() and _kept(request, subject, form):
        messages.success(request, _("You hear of %(name)s from now on.") % {"name": subject})
        return HttpResponseRedirect(target)
    context = {
        "form": form,
        "subject": subject,
        "place": place_of(subject),
        "follow": held,
        "next": target,
    }
    return render(request, "notifications/follow.html", context)


def _follow_at_once(request: HttpRequest, subject: Subject, target: str) -> HttpResponse:
    try:
        follows.set_follow(_user_id(request), subject, preset=Preset.STANDARD, media=Medium.values)
    except follows.FollowError as error:
        messages.error(request, str(error))
        return HttpResponseRedirect(target)
    words = format_html(
        '{} <a class="link" href="{}">{}</a>',
        _("You hear of %(name)s from now on.") % {"name": subject},
        reverse("notifications:follow", args=[subject.public_id]),
        _("Choose what"),
    )
    messages.success(request, words)
    return HttpResponseRedirect(target)


def _kept(request: HttpRequest, subject: Subject, form: FollowForm) -> bool:
    wanted = form.cleaned_data
    try:
        follows.set_follow(
            _user_id(request),
            subject,
            preset=wanted["preset"],
            kinds=wanted["kinds"],
            media=wanted["ways"],
        )
    except follows.FollowError as error:
        form.add_error(error.field if error.field in form.fields else None, str(error))
        return False
    return True


def place_of(subject: Subject) -> str:
    """Return the page of what may be followed."""
    kind = type(subject).__name__.lower()
    key = subject.public_id if isinstance(subject, Match) else subject.slug
    return reverse(f"stats:{kind}", args=[key])


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def settings_page(request: HttpRequest) -> HttpResponse:
    """Quiet hours, browsers that take push messages, and all that is followed."""
    user_id = _user_id(request)
    form = QuietForm(request.POST or None, instance=preference_of(user_id))
    if request.method == "POST" and form.is_valid():
        zone = request.COOKIES.get("tz", "")
        follows.set_quiet_hours(user_id, **form.cleaned_data, time_zone=zone)
        messages.success(request, _("Your quiet hours are saved."))
        return redirect("notifications:settings")
    followed = [
        {"follow": row, "place": place_of(row.subject), "words": kinds_words(row)}
        for row in follows_of_user(user_id)
    ]
    context = {
        "form": form,
        "followed": followed,
        "devices": list(Device.objects.filter(user=user_id)),
        "push_key": sender().public_key,
    }
    return render(request, "notifications/settings.html", context)


@never_cache
@login_required
@require_POST
def forget_device(request: HttpRequest) -> HttpResponse:
    """Let a browser take no more messages."""
    if follows.remove_device(_user_id(request), public_id=request.POST.get("device", "")):
        messages.success(request, _("That browser gets no more messages."))
    return redirect("notifications:settings")


@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def stop(request: HttpRequest) -> HttpResponse:
    """Stop push about a match by the token of a message: one tap, without signing in."""
    token = request.POST.get("token", "") or request.GET.get("token", "")
    try:
        user_id, match_id = read_stop_token(token)
        match = get_subject(match_id)
        if request.method == "POST":
            follows.stop_pushing(user_id, match_id)
    except (signing.BadSignature, ValueError, ObjectDoesNotExist):
        return render(request, "notifications/stop.html", {"is_refused": True}, status=400)
    context = {"match": match, "token": token, "is_done": request.method == "POST"}
    return render(request, "notifications/stop.html", context)


@require_safe
def push_worker(request: HttpRequest) -> HttpResponse:
    """Serve the script that shows push messages: from the root, so that its address stays."""
    return render(request, "notifications/push-worker.js", content_type="text/javascript")


def _target(request: HttpRequest) -> str:
    wish = request.POST.get("next", "") or request.GET.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(wish, allowed_hosts={request.get_host()})
    return wish if is_ours else reverse("notifications:settings")
