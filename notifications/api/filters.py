"""Filters of the inbox."""

import django_filters

from notifications.models import Delivery


class NoticeFilter(django_filters.FilterSet):
    unread = django_filters.BooleanFilter(
        field_name="read_at", lookup_expr="isnull", help_text="Only those that are not read yet."
    )

    class Meta:
        model = Delivery
        fields = ("unread",)
