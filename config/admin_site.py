"""The admin's site: Django's own, whose first page begins with what waits for a curator."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.template.response import TemplateResponse

from config import attention
from config.clock import now


class CurationSite(admin.AdminSite):
    """Names the site and shows on its first page what needs attention and how the product is."""

    site_header = site_title = "VEZEPySports"
    index_title = "Curation"
    index_template = "admin/curation.html"

    def index(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> TemplateResponse:
        more = {
            "concerns": attention.concerns(request.user, at=now()),
            "live_now": attention.live_now(request.user),
            "signs": attention.signs(request.user),
        }
        return super().index(request, {**more, **(extra_context or {})})
