"""A fan's own key at the doors of the own teams: a program plays for who made it."""

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from accounts.enums import KeyScope
from accounts.models import Partner, PartnerKey, User


class OwnerAuthentication(BaseAuthentication):
    """Takes the owner of a key with the scope `play` for who asks; without it a key is nobody's.

    No page can make a browser send a key, so nothing has to show where the request came from.
    """

    def authenticate(self, request: Request) -> tuple[User | Partner, PartnerKey] | None:
        visitor = request._request.user
        if not isinstance(visitor, Partner):
            return None
        key = visitor.key
        return (key.owner if KeyScope.PLAY in key.scopes else visitor), key

    def authenticate_header(self, _request: Request) -> str:
        return 'Bearer realm="api"'


class OwnerKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How the description of the API names it."""

    target_class = OwnerAuthentication
    name = "playKey"

    def get_security_definition(self, _auto_schema: object) -> dict[str, str]:
        return {
            "type": "http",
            "scheme": "bearer",
            "description": "A live key with the scope `play`, made by the fan at /profile/keys/:"
            " a program plays for him. Never in an address.",
        }
