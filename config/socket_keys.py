"""Partners' keys at the door of sockets: in a header of the handshake, or as a subprotocol."""

from collections.abc import Callable
from typing import Any, Final
from urllib.parse import unquote_plus

from accounts.rules import KeyRefusedError, holds_key
from config.keys import bearer, look_up
from config.problems import KINDS
from matches.consumers import SUBPROTOCOL
from streams.live.hub import AWAY, error_text, hub
from streams.live.rights import RIGHTS_LOST

# Whoever cannot send headers offers `veze.live.1` and his key behind this.
KEY_SUBPROTOCOL: Final = "veze.key."
_TRY_AGAIN_LATER: Final = 1013


class SocketKeys:
    """Lets in who shows a good key as its partner, and tells others what is wrong with theirs."""

    def __init__(self, app: Callable[..., Any]) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if holds_key(unquote_plus(scope["query_string"].decode("latin-1"))):
            await _turn_away(scope, receive, send, "key_in_url")
            return
        token = _token_of(scope)
        if token is None:
            await self._app(scope, receive, send)
            return
        try:
            partner = await hub().reader.in_thread(lambda: look_up(token))
        except KeyRefusedError as error:
            await _turn_away(scope, receive, send, error.code)
            return
        except AWAY:
            await _turn_away(scope, receive, send, "unavailable", close_code=_TRY_AGAIN_LATER)
            return
        await self._app({**scope, "user": partner}, receive, send)


def _token_of(scope: Any) -> str | None:
    for name, value in scope["headers"]:
        if name == b"authorization":
            return bearer(value.decode("latin-1"))
    offered = [word for word in scope["subprotocols"] if word.startswith(KEY_SUBPROTOCOL)]
    return offered[0].removeprefix(KEY_SUBPROTOCOL) if offered else None


async def _turn_away(
    scope: Any, receive: Any, send: Any, code: str, *, close_code: int = RIGHTS_LOST
) -> None:
    """Say why before closing: a client cannot see why a handshake was refused."""
    await receive()
    offered = SUBPROTOCOL in scope["subprotocols"]
    await send({"type": "websocket.accept", **({"subprotocol": SUBPROTOCOL} if offered else {})})
    kind = KINDS[code]
    text = error_text(code, f"{kind.title}. {kind.advice}").decode()
    await send({"type": "websocket.send", "text": text})
    await send({"type": "websocket.close", "code": close_code})
