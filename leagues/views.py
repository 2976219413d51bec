"""Pages of leagues: the list of all, the search, and whom a visitor follows."""

from typing import Any, Final, cast

from django.core.exceptions import ObjectDoesNotExist
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_POST, require_safe

from leagues import services
from leagues.forms import SearchForm
from leagues.rules.follows import may_be_followed, read_follows, write_follows
from leagues.selectors import (
    FOLLOW_COOKIE,
    followed_rows,
    follows_of,
    leagues_by_sport,
    search_all,
)

_YEAR_S: Final = 31_536_000


@require_safe
def league_list(request: HttpRequest) -> HttpResponse:
    """All leagues by sport, the most important first."""
    return render(request, "leagues/league_list.html", {"sports": leagues_by_sport()})


@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """Teams, players and leagues by a part of their name; as a part of the page for htmx."""
    form = SearchForm(request.GET or None)
    found = search_all(form.cleaned_data["q"]) if form.is_valid() else None
    template = "leagues/search.html"
    if getattr(request, "htmx", False):
        template = "leagues/partials/search_results.html"
    return render(request, template, {"form": form, "found": found})


@never_cache
@require_safe
def following(request: HttpRequest) -> HttpResponse:
    """Whom the visitor follows, with calendars of their matches."""
    follows = follows_of(request.user, request.COOKIES)
    context = {"follows": follows, "found": followed_rows(follows)}
    return render(request, "leagues/following.html", context)


@csrf_exempt
@require_POST
def follow(request: HttpRequest) -> HttpResponse:
    """Follow a team or a league, or cease to.

    A browser's own list needs no token, so that pages of strangers can be cached; an account does.
    """
    keep = _keep_in_account if request.user.is_authenticated else _keep_in_browser
    return keep(request)


def _asked(request: HttpRequest) -> tuple[str, bool]:
    """Return the id that was asked for, and whether to follow it."""
    is_wanted = "follow" in request.POST
    public_id = request.POST.get("follow" if is_wanted else "unfollow", "")
    if not may_be_followed(public_id):
        raise Http404
    return public_id, is_wanted


def _keep_in_browser(request: HttpRequest) -> HttpResponse:
    public_id, is_wanted = _asked(request)
    held = read_follows(request.COOKIES.get(FOLLOW_COOKIE, ""))
    follows = held.with_id(public_id) if is_wanted else held.without_id(public_id)
    response = HttpResponseRedirect(_target(request))
    if follows:
        response.set_cookie(
            FOLLOW_COOKIE, write_follows(follows), max_age=_YEAR_S, samesite="Lax", httponly=True
        )
    else:
        response.delete_cookie(FOLLOW_COOKIE)
    return response


@csrf_protect
def _keep_in_account(request: HttpRequest) -> HttpResponse:
    public_id, is_wanted = _asked(request)
    user_id = cast("Any", request.user).pk
    try:
        (services.follow if is_wanted else services.unfollow)(user_id, public_id)
    except ObjectDoesNotExist as error:
        raise Http404 from error
    return HttpResponseRedirect(_target(request))


def _target(request: HttpRequest) -> str:
    wish = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(wish, allowed_hosts={request.get_host()})
    return wish if is_ours else "/"
