"""Pages of leagues: the list of all, and the search."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from leagues.forms import SearchForm
from leagues.selectors import leagues_by_sport, search_all


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
