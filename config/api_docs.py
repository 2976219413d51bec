"""The description of the API: its index, its OpenAPI document and a page to try it."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.views import APIView

_LISTS = (
    *("leagues", "seasons", "teams", "players", "matches", "standings", "changes", "stream"),
    "fantasy-games",
)


class SchemaView(SpectacularAPIView):
    """The OpenAPI 3.1 document, as YAML or JSON by the Accept header."""

    permission_classes = [AllowAny]
    authentication_classes = []


class IndexView(APIView):
    """Where the lists are."""

    permission_classes = [AllowAny]
    authentication_classes = []

    @extend_schema(exclude=True)
    def get(self, request: Request) -> Response:
        return Response(
            {
                **{name: reverse(f"api-{name}", request=request) for name in _LISTS},
                "schema": reverse("schema", request=request),
                "docs": reverse("api-docs", request=request),
            }
        )


@require_safe
def docs(request: HttpRequest) -> HttpResponse:
    """Show the API's description as a page that can send requests."""
    return render(request, "config/api_docs.html")
