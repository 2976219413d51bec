"""Doors that need a partner's key: `config.keys` has looked it up by then."""

from typing import Any, Final

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import NotAuthenticated
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from accounts.models import Partner, PartnerKey

_FIX: Final = "Send a test key: Authorization: Bearer vz_test_... It is made at /profile/keys/."


class KeyAuthentication(BaseAuthentication):
    """Takes the key as `request.auth`. A session is none."""

    def authenticate(self, request: Request) -> tuple[Partner, PartnerKey] | None:
        visitor = request._request.user
        return (visitor, visitor.key) if isinstance(visitor, Partner) else None

    def authenticate_header(self, _request: Request) -> str:
        return 'Bearer realm="api"'


class KeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How the description of the API names it."""

    target_class = KeyAuthentication
    name = "partnerKey"

    def get_security_definition(self, _auto_schema: Any) -> dict[str, str]:
        return {
            "type": "http",
            "scheme": "bearer",
            "description": "A partner's key, vz_test_... or vz_live_..., made at /profile/keys/."
            " Never in an address.",
        }


class NeedsKey(BasePermission):
    """Refuses whoever shows no key; its scopes were looked at before."""

    def has_permission(self, request: Request, _view: Any) -> bool:
        if request.auth is None:
            raise NotAuthenticated(_FIX)
        return True
