"""Conditional answers of the API: a strong tag of the content, 304 for a client that has it."""

import hashlib
import re
from collections.abc import Callable
from typing import Final

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response, patch_cache_control

from config.problems import is_api

# An age is about the answer, not about the resource: it would make every tag new.
_AGE: Final = re.compile(rb'"data_age_ms":(\d+|null)')


class ConditionalMiddleware:
    """Gives answers of the API an ETag where the view set none, and honours If-None-Match."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if not is_api(request) or not isinstance(response, HttpResponse):
            return response
        if response.status_code != 200 or request.method not in {"GET", "HEAD"}:
            patch_cache_control(response, no_store=True)
            return response
        if "ETag" not in response:
            response["ETag"] = content_tag(response.content)
        if "Cache-Control" not in response:
            patch_cache_control(response, public=True, max_age=60, stale_while_revalidate=60)
        tag = response["ETag"]
        answer = get_conditional_response(request, etag=tag, response=response) or response
        if "Data-Age-Ms" in response:
            # News about what the client holds, so a 304 carries it too.
            answer["Data-Age-Ms"] = response["Data-Age-Ms"]
        return answer


def content_tag(content: bytes) -> str:
    """Return the strong tag of a body, its age aside."""
    return f'"{hashlib.blake2b(_AGE.sub(b"", content), digest_size=16).hexdigest()}"'
