"""Query parameters taken at their word: an unknown name or a bad value is an error."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any

from django_filters.rest_framework import DjangoFilterBackend
from rest_framework.mixins import ListModelMixin

from config.problems import invalid_parameters

if TYPE_CHECKING:
    # The framework's views import this module while they are made.
    from django.db.models import QuerySet
    from django_filters.filterset import FilterSet
    from rest_framework.request import Request
    from rest_framework.views import APIView

# `format` belongs to content negotiation, which ran before.
_ALWAYS = frozenset({"fields", "format"})
MAX_VALUE_LENGTH = 500
# Of unknown names: looking for what each was meant to be is dear.
_MOST_TOLD = 20


class StrictFilterBackend(DjangoFilterBackend):
    """Filters by the view's FilterSet after checking every parameter of the request."""

    def filter_queryset(
        self, request: Request, queryset: QuerySet[Any], view: APIView
    ) -> QuerySet[Any]:
        filterset: FilterSet | None = self.get_filterset(request, queryset, view)
        filters = frozenset(filterset.filters) if filterset else frozenset()
        _check_names(request, filters | _paging_names(view) | _ALWAYS)
        _check_values(request)
        _check_fields(request, view)
        if filterset is None:
            return queryset
        if not filterset.is_valid():
            raise invalid_parameters(
                {
                    name: [(entry["message"], entry["code"]) for entry in entries]
                    for name, entries in filterset.errors.get_json_data().items()
                }
            )
        return filterset.qs  # type: ignore[no-any-return]


def _paging_names(view: APIView) -> frozenset[str]:
    # Views of one resource inherit the default paginator without using it.
    paginator = getattr(view, "paginator", None) if isinstance(view, ListModelMixin) else None
    return frozenset(getattr(paginator, "parameter_names", ()))


def _check_names(request: Request, allowed: frozenset[str]) -> None:
    unknown = sorted(set(request.query_params) - allowed)[:_MOST_TOLD]
    if unknown:
        raise invalid_parameters(
            {name: [(unknown_detail(name, allowed), "unknown_parameter")] for name in unknown}
        )


def unknown_detail(name: str, allowed: frozenset[str]) -> str:
    """Say what a parameter may have been meant to be."""
    close = difflib.get_close_matches(name[:60], allowed, n=1)
    if close:
        return f"There is no parameter {name[:60]!r}; did you mean {close[0]!r}?"
    return f"There is no parameter {name[:60]!r}; use {', '.join(sorted(allowed - {'format'}))}."


def _check_values(request: Request) -> None:
    for name, values in request.query_params.lists():
        if len(values) > 1:
            fix = "Give it once; separate several values by commas where that is allowed."
            raise invalid_parameters({name: [(fix, "repeated")]})
        if "\x00" in values[0] or len(values[0]) > MAX_VALUE_LENGTH:
            fix = f"Send at most {MAX_VALUE_LENGTH} characters, none of them NUL."
            raise invalid_parameters({name: [(fix, "invalid")]})


def _check_fields(request: Request, view: Any) -> None:
    wanted = request.query_params.get("fields")
    if wanted is None:
        return
    known = set(view.get_serializer().fields)
    unknown = [name for name in wanted.split(",") if name not in known]
    if unknown:
        detail = f"No field {unknown[0][:60]!r} here; choose from {', '.join(sorted(known))}."
        raise invalid_parameters({"fields": [(detail, "unknown_field")]})
