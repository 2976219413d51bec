"""Parts of a live page that are too large to push: an open page asks for them again."""

from collections.abc import Mapping
from typing import Any, Final

from django.http import HttpRequest, JsonResponse
from django.template.loader import render_to_string
from django.utils.cache import patch_cache_control

_FRESH_S: Final = 2


def regions_answer(
    request: HttpRequest, templates: Mapping[str, str], context: Mapping[str, Any]
) -> JsonResponse:
    """Render the templates, by the names of their regions, as `{"regions": {name: html}}`."""
    parts = {
        name: render_to_string(template, dict(context), request).strip()
        for name, template in templates.items()
    }
    answer = JsonResponse({"regions": parts})
    # What was asked a moment ago is new enough; another reader may see other things.
    patch_cache_control(answer, private=True, max_age=_FRESH_S)
    return answer
