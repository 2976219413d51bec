"""Reads of the leagues app that need more than one table."""

from typing import TypeVar

from django.db.models import (
    F,
    Func,
    JSONField,
    Model,
    OuterRef,
    QuerySet,
    Subquery,
    Value,
)
from django.db.models.functions import Coalesce

from leagues.enums import ExternalKind
from leagues.models import ExternalId

AnyModel = TypeVar("AnyModel", bound=Model)


def with_external_ids(rows: QuerySet[AnyModel], kind: ExternalKind) -> QuerySet[AnyModel]:
    """Annotate each row with `external_ids`: {source: the vendor's id}, the oldest of a source."""
    by_source = Func(
        F("source"),
        F("value"),
        function="jsonb_object_agg",
        # The last of equal keys stays.
        template="%(function)s(%(expressions)s ORDER BY id DESC)",
        output_field=JSONField(),
    )
    known = ExternalId.objects.filter(kind=kind, object_id=OuterRef("pk")).order_by()
    none = Value({}, output_field=JSONField())
    return rows.annotate(external_ids=Coalesce(Subquery(known.values_list(by_source)), none))
