"""Sign-up, login, profile, the look of the site and what it does not give away."""

import re
from datetime import datetime
from typing import Final, cast

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login as log_in
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from accounts import services
from accounts.enums import KeyMode, KeyScope
from accounts.forms import KeyForm, LoginForm, PasswordForm, ProfileForm, SignUpForm, SpoilerForm
from accounts.models import PartnerKey, User
from config.clock import now
from config.sight import DELAY_COOKIE, HIDE_COOKIE, MOST_SHOWN, SHOWN_COOKIE, Wish, wish_of

_YEAR_S = 31_536_000
_ID: Final = re.compile(r"vz_(match|season|game)_[0-9A-Z]{26}", re.ASCII)
_LOOKS = frozenset(("light", "dark"))
_BACKEND: Final = "django.contrib.auth.backends.ModelBackend"

login = LoginView.as_view(
    template_name="accounts/login.html",
    authentication_form=LoginForm,
    redirect_authenticated_user=True,
)


@sensitive_post_parameters("password")
@never_cache
def sign_up(request: HttpRequest) -> HttpResponse:
    """Open an account and go on, signed in, where the visitor came from."""
    target = _target(request, request.POST.get("next", "") or request.GET.get("next", ""))
    if request.user.is_authenticated:
        # Else two pages that send on who is signed in would send him to and fro.
        is_here = target.startswith(reverse("accounts:sign_up"))
        # Not `redirect`, which takes a word without a slash for the name of a page.
        return HttpResponseRedirect("/" if is_here else target)
    if not settings.SIGN_UP_OPEN:
        return render(request, "accounts/sign_up_closed.html", status=403)
    form = SignUpForm(request.POST or None)
    user = _new_user(request, form) if request.method == "POST" else None
    if user is None:
        return render(request, "accounts/sign_up.html", {"form": form, "next": target})
    log_in(request, user, backend=_BACKEND)
    messages.success(request, _("Welcome, %(name)s. Your account is ready.") % {"name": user})
    return HttpResponseRedirect(target)


def _new_user(request: HttpRequest, form: SignUpForm) -> User | None:
    """Return the new user, None where the form says what is wrong."""
    if not form.is_valid():
        return None
    wish = wish_of(None, request.COOKIES)
    try:
        return services.sign_up(
            **form.cleaned_data, spoiler_delay_s=wish.delay_s, hides_scores=wish.hides_scores
        )
    except services.AddressTakenError:
        form.refuse_address()
        return None


@sensitive_post_parameters("present", "password")
@never_cache
@login_required
def password(request: HttpRequest) -> HttpResponse:
    """Change the viewer's password; this session goes on, others end."""
    user = cast("User", request.user)
    form = PasswordForm(user, request.POST or None)
    if request.method != "POST" or not form.is_valid():
        return render(request, "accounts/password.html", {"form": form})
    services.change_password(user, form.cleaned_data["password"])
    update_session_auth_hash(request, user)
    messages.success(request, _("Your password is changed. Other devices have to log in again."))
    return redirect("accounts:profile")


@never_cache
@login_required
def profile(request: HttpRequest) -> HttpResponse:
    """Show and change the viewer's own data."""
    user = cast("User", request.user)
    form = ProfileForm(request.POST or None, instance=user)
    if request.method == "POST" and form.is_valid():
        services.update_profile(user, **form.cleaned_data)
        messages.success(request, _("Your profile is saved."))
        return redirect("accounts:profile")
    roles = user.groups.values_list("name", flat=True)
    return render(request, "accounts/profile.html", {"form": form, "roles": list(roles)})


@never_cache
@login_required
def keys(request: HttpRequest) -> HttpResponse:
    """Show the viewer's keys, and make one, which is shown whole this once."""
    user, at = cast("User", request.user), now()
    form, token = KeyForm(request.POST or None), None
    if request.method == "POST" and form.is_valid():
        token = _new_key(user, form, at)
        form = form if token is None else KeyForm()
    held = list(PartnerKey.objects.filter(owner=user))
    context = {
        "form": form,
        "token": token,
        "good": [key for key in held if key.revoked_at is None and not key.is_expired(at)],
        "dead": [key for key in held if key.revoked_at is not None or key.is_expired(at)],
    }
    return render(request, "accounts/keys.html", context)


def _new_key(user: User, form: KeyForm, at: datetime) -> str | None:
    """Return the new key, None where the form says why there is none."""
    wanted = form.cleaned_data
    try:
        _key, token = services.make_key(
            user,
            name=wanted["name"],
            mode=KeyMode(wanted["mode"]),
            scopes=[KeyScope(scope) for scope in wanted["scopes"]],
            expires_at=form.expires_at(at),
            at=at,
        )
    except services.KeyNotMadeError as error:
        form.refuse(error.code, settings.PARTNER_KEYS_PER_USER)
        return None
    return token


@login_required
@require_POST
def revoke_key(request: HttpRequest, prefix: str) -> HttpResponse:
    """Revoke one of the viewer's keys."""
    key = get_object_or_404(PartnerKey, prefix=prefix, owner=cast("User", request.user))
    services.revoke_key(key, at=now())
    messages.success(request, _("The key %(name)s is revoked.") % {"name": key.name})
    return redirect("accounts:keys")


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
        services.spare_user(request.user, **form.cleaned_data)
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
