"""JSON as the API takes it: bounded in size and depth, without what a text cannot hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, Any

import orjson
from django.conf import settings
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser


class StrictJSONParser(JSONParser):
    """Decodes with orjson, which refuses NaN, lone surrogates and what nests without end.

    The standard decoder takes them, and they would break whoever writes them down or looks at them.
    """

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        most = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        # A stream is read past the bound that Django sets for bodies it reads itself.
        body = stream.read(most + 1)
        if len(body) > most:
            raise ParseError(f"The body is too large: send at most {most} bytes.")
        try:
            return orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise ParseError(f"The body is not JSON: {error}.") from error
