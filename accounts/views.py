"""Login, logout, profile, the look of the site and what it does not give away."""

import re
from typing import Final, cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from accounts.forms import LoginForm, ProfileForm, SpoilerForm
from accounts.models import User
from accounts.services import spare_user, update_profile
from config.sight import DELAY_COOKIE, HIDE_COOKIE, MOST_SHOWN, SHOWN_COOKIE, Wish, wish_of

_YEAR_S = 31_536_000
_ID: Final = re.compile(r"vz_(match|season|game)_[0-9A-Z]{26}", re.ASCII)
_LOOKS = frozenset(("light", "dark"))

login = LoginView.as_view(
    template_name="accounts/login.html",
    authentication_form=LoginForm,
    redirect_authenticated_user=True,
)


@never_cache
@login_required
def profile(request: HttpRequest) -> HttpResponse:
    """Show and change the viewer's own data."""
    user = cast("User", request.user)
    form = ProfileForm(request.POST or None, instance=user)
    if request.method == "POST" and form.is_valid():
        update_profile(user, **form.cleaned_data)
        messages.success(request, _("Your profile is saved."))
        return redirect("accounts:profile")
    roles = user.groups.values_list("name", flat=True)
    return render(request, "accounts/profile.html", {"form": form, "roles": list(roles)})


@csrf_exempt
@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """Remember the look in a cookie. Without a CSRF token, so that public pages can be cached."""
    response = HttpResponseRedirect(_target(request, request.POST.get("next", "")))
    look = request.POST.get("theme", "")
    if look in _LOOKS:
        response.set_cookie("theme", look, max_age=_YEAR_S, samesite="Lax")
    else:
        response.delete_cookie("theme")
    return response


@never_cache
def spoilers(request: HttpRequest) -> HttpResponse:
    """Show and change how the reader is spared: in his profile, else in this browser's cookies."""
    wish: Wish = wish_of(request.user, request.COOKIES)
    held = {"spoiler_delay_s": wish.delay_s, "hides_scores": wish.hides_scores}
    form = SpoilerForm(request.POST or None, initial=held)
    target = _target(request, request.POST.get("next", "") or request.GET.get("next", ""))
    if request.method != "POST" or not form.is_valid():
        return render(request, "accounts/spoilers.html", {"form": form, "next": target})
    messages.success(request, _("Your wish about spoilers is saved."))
    response = HttpResponseRedirect(target)
    if request.user.is_authenticated:
        spare_user(request.user, **form.cleaned_data)
    else:
        _set_or_delete(response, DELAY_COOKIE, str(form.cleaned_data["spoiler_delay_s"] or ""))
        _set_or_delete(response, HIDE_COOKIE, "1" if form.cleaned_data["hides_scores"] else "")
    return response


@csrf_exempt
@require_POST
def show_scores(request: HttpRequest) -> HttpResponse:
    """Show or hide again the scores of one match or table, in this browser."""
    response = HttpResponseRedirect(_target(request, request.POST.get("next", "")))
    asked = request.POST.get("show", "") or request.POST.get("hide", "")
    shown = [i for i in request.COOKIES.get(SHOWN_COOKIE, "").split(".") if _ID.fullmatch(i)]
    shown = [public_id for public_id in shown if public_id != asked]
    if _ID.fullmatch(request.POST.get("show", "")):
        shown.insert(0, asked)
    _set_or_delete(response, SHOWN_COOKIE, ".".join(shown[:MOST_SHOWN]))
    return response


def _set_or_delete(response: HttpResponse, name: str, value: str) -> None:
    if value:
        response.set_cookie(name, value, max_age=_YEAR_S, samesite="Lax", httponly=True)
    else:
        response.delete_cookie(name)


def _target(request: HttpRequest, wish: str) -> str:
    """Return where to go on: on this site, else to the scores."""
    is_ours = url_has_allowed_host_and_scheme(wish, allowed_hosts={request.get_host()})
    return wish if is_ours else "/"
