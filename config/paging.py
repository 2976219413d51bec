"""Pages of a list: a signed cursor holds the place, so rows added meanwhile change nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from django.core import signing
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db.models import Model, Q, QuerySet
from rest_framework.pagination import BasePagination
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from config.problems import invalid_parameters

if TYPE_CHECKING:
    # The framework's views import this module while they are made.
    from rest_framework.request import Request
    from rest_framework.views import APIView

DEFAULT_LIMIT: Final = 50
MAX_LIMIT: Final = 200
_SALT: Final = "config.paging"


class CursorPaging(BasePagination):
    """Keyset paging in the order of the queryset, which a unique column makes total.

    The fields that order must not be null. `next` comes in the body and as a Link header; `total`
    costs a count, so it is given on request only.
    """

    parameter_names = frozenset({"limit", "cursor", "total"})

    def paginate_queryset(  # type: ignore[override]
        self, queryset: QuerySet[Any], request: Request, view: APIView | None = None
    ) -> list[Any]:
        order = _total_order(queryset)
        limit = _limit(request)
        total = _flag(request, "total")
        rows = queryset.order_by(*order)
        if cursor := request.query_params.get("cursor"):
            rows = rows.filter(_after(_values(cursor, order, queryset), order))
        page = list(rows[: limit + 1])
        self.request = request
        self.total = queryset.count() if total else None
        self.next_cursor = _cursor(page[limit - 1], order) if len(page) > limit else None
        return page[:limit]

    def get_paginated_response(self, data: Any) -> Response:
        here = self.request.build_absolute_uri()
        following = self.next_cursor and replace_query_param(here, "cursor", self.next_cursor)
        body: dict[str, Any] = {"results": data, "next": following}
        if self.total is not None:
            body["total"] = self.total
        headers = {"Link": f'<{following}>; rel="next"'} if following else {}
        return Response(body, headers=headers)

    def get_paginated_response_schema(self, schema: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "type": "object",
            "required": ["results", "next"],
            "properties": {
                "results": schema,
                "next": {
                    "type": ["string", "null"],
                    "format": "uri",
                    "description": "The next page, also in the Link header; null on the last.",
                },
                "total": {"type": "integer", "description": "Only with total=true."},
            },
        }

    def get_schema_operation_parameters(self, view: APIView) -> list[dict[str, Any]]:
        limit = {
            "type": "integer",
            "minimum": 1,
            "maximum": MAX_LIMIT,
            "default": DEFAULT_LIMIT,
        }
        return [
            _parameter("limit", limit, "How many to return."),
            _parameter("cursor", {"type": "string"}, "The place to go on, from `next`."),
            _parameter("total", {"type": "boolean"}, "Count all results too."),
        ]


def _parameter(name: str, schema: dict[str, Any], description: str) -> dict[str, Any]:
    return {
        "name": name,
        "in": "query",
        "required": False,
        "schema": schema,
        "description": description,
    }


def _limit(request: Request) -> int:
    text = request.query_params.get("limit", str(DEFAULT_LIMIT))
    # `isdigit` knows digits of other scripts that `int` reads too, superscripts that it does not.
    if text.isascii() and text.isdigit() and len(text) < 10 and 1 <= int(text) <= MAX_LIMIT:
        return int(text)
    raise invalid_parameters(
        {"limit": [(f"Give a whole number from 1 to {MAX_LIMIT}.", "invalid")]}
    )


def _flag(request: Request, name: str) -> bool:
    text = request.query_params.get(name, "false")
    if text not in {"true", "false"}:
        raise invalid_parameters({name: [("Give true or false.", "invalid")]})
    return text == "true"


def _total_order(queryset: QuerySet[Any]) -> tuple[str, ...]:
    order = tuple(queryset.query.order_by or queryset.model._meta.ordering)
    # A public unique column, so that a cursor tells nothing of our own keys.
    held = {field.name for field in queryset.model._meta.fields}
    unique = next(name for name in ("public_id", "event_id", "pk") if name in held | {"pk"})
    is_downwards = bool(order) and order[0].startswith("-")
    return (*order, f"-{unique}" if is_downwards else unique)


def _cursor(row: Model | Mapping[str, Any], order: Sequence[str]) -> str:
    names = [name.lstrip("-") for name in order]
    # Rows of `values()` are mappings; they have to name the unique column too.
    read = row.__getitem__ if isinstance(row, Mapping) else partial(getattr, row)
    values = [_text(read(name)) for name in names]
    return signing.dumps([list(order), values], salt=_SALT)


def _text(value: Any) -> str:
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _values(cursor: str, order: Sequence[str], queryset: QuerySet[Any]) -> list[Any]:
    """Return the ordering values of the row before the page, typed by the model or annotations."""
    try:
        cursor_order, values = signing.loads(cursor, salt=_SALT)
        if cursor_order != list(order):
            raise signing.BadSignature
        return [
            _field(queryset, name).to_python(value)
            for name, value in zip(order, values, strict=True)
        ]
    except (
        signing.BadSignature,
        DjangoValidationError,
        ValueError,
        TypeError,
    ) as error:
        fix = "Take the cursor from `next` of the same list, or leave it out to start anew."
        raise invalid_parameters({"cursor": [(fix, "invalid_cursor")]}) from error


def _field(queryset: QuerySet[Any], name: str) -> Any:
    bare, model = name.lstrip("-"), queryset.model
    if bare in queryset.query.annotations:
        return queryset.query.annotations[bare].output_field
    return model._meta.pk if bare == "pk" else model._meta.get_field(bare)


def _after(values: Sequence[Any], order: Sequence[str]) -> Q:
    """Return the condition for rows after `values`, as a chain of ties."""
    condition = Q()
    ties = Q()
    for name, value in zip(order, values, strict=True):
        lookup = "lt" if name.startswith("-") else "gt"
        bare = name.lstrip("-")
        condition |= ties & Q(**{f"{bare}__{lookup}": value})
        ties &= Q(**{bare: value})
    # Names the leading column once, so that its index bounds the scan.
    leading = order[0].lstrip("-")
    bound = "lte" if order[0].startswith("-") else "gte"
    return Q(**{f"{leading}__{bound}": values[0]}) & condition
