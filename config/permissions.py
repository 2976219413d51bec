"""Who may use an API view that does not say so itself: nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework.permissions import BasePermission

if TYPE_CHECKING:
    # The framework's views import this module while they are made.
    from rest_framework.request import Request
    from rest_framework.views import APIView


class DenyAll(BasePermission):
    """The default: a view has to name its own permission to be reachable."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        return False
