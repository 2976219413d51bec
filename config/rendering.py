"""JSON as the API writes it: UTF-8, compact, with the fields a client asked for."""

from collections.abc import Mapping
from typing import Any

import orjson
from rest_framework.renderers import JSONRenderer


class PublicJSONRenderer(JSONRenderer):
    """Encodes with orjson and leaves out what `?fields=a,b` does not name.

    The names were checked by `config.parameters` before the view ran; errors are never cut.
    """

    charset = None

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        if data is None:
            return b""
        context = renderer_context or {}
        request, response = context.get("request"), context.get("response")
        wanted = request.query_params.get("fields") if request else None
        if wanted and response is not None and response.status_code == 200:
            data = only(data, frozenset(wanted.split(",")))
        return orjson.dumps(data, default=str, option=orjson.OPT_UTC_Z)


def only(data: Any, names: frozenset[str]) -> Any:
    """Return the named fields of a resource, or of every entry of a list of them."""
    if isinstance(data, Mapping) and isinstance(data.get("results"), list):
        return {**data, "results": [only(entry, names) for entry in data["results"]]}
    if isinstance(data, Mapping):
        return {name: value for name, value in data.items() if name in names}
    return data
