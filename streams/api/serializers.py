"""Changes as JSON."""

from typing import Any

from rest_framework import serializers


class ChangeSerializer(serializers.Serializer[Any]):
    """One change. Its thing is read anew where the details matter."""

    position = serializers.IntegerField(help_text="Place in the one order of all changes.")
    topic = serializers.CharField()
    at = serializers.DateTimeField(help_text="When it was made known.")
    op = serializers.CharField(
        source="told.op",
        help_text="changed, or of a tombstone: merged, deleted. Open list.",
    )
    id = serializers.CharField(source="told.id", help_text="vz_<kind>_..., of what changed.")
    into = serializers.CharField(
        source="told.into", allow_null=True, help_text="Of a merged thing: where it is now."
    )
    data = serializers.DictField(source="told.data", help_text="By topic.")  # type: ignore[assignment]


class ChangePageSerializer(serializers.Serializer[Any]):
    """Changes in order, and where to go on."""

    results = ChangeSerializer(many=True)
    next = serializers.CharField(
        help_text="The `after` to go on with, whether there were changes or not."
    )
