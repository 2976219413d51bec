"""Login, logout, profile and the look of the site."""

from typing import cast

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

from accounts.forms import LoginForm, ProfileForm
from accounts.models import User
from accounts.services import update_profile

_YEAR_S = 31_536_000
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
    target = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(target, allowed_hosts={request.get_host()}):
        target = "/"
    response = HttpResponseRedirect(target)
    look = request.POST.get("theme", "")
    if look in _LOOKS:
        response.set_cookie("theme", look, max_age=_YEAR_S, samesite="Lax")
    else:
        response.delete_cookie("theme")
    return response
