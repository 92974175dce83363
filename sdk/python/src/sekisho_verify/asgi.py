"""ASGI: lets a request pass only with a good access token, whose claims are then ``scope["auth"]``."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any

from ._refusal import Refusal, bearer
from ._verifier import OnStale, Verifier

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]


class RequireToken:
    """Middleware. Paths in ``public`` pass without a token; they are compared whole.

    In Starlette and FastAPI the claims are ``request.auth``.
    """

    def __init__(
        self,
        app: App,
        verifier: Verifier,
        *,
        scope: str | Iterable[str] = "",
        on_stale: OnStale | None = None,
        public: Iterable[str] = (),
    ) -> None:
        self._app = app
        self._verifier = verifier
        self._words = scope if isinstance(scope, str) else tuple(scope)
        self._on_stale = on_stale
        self._public = frozenset(public)

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Answers one request."""
        if scope["type"] in ("http", "websocket") and scope["path"] not in self._public:
            sent = [value.decode("latin-1") for name, value in scope["headers"] if name == b"authorization"]
            try:
                claims = await self._verifier.check(bearer(*sent), scope=self._words, on_stale=self._on_stale)
            except Refusal as refusal:
                await _answer(refusal, scope["type"], send)
                return
            scope = {**scope, "auth": claims}
        await self._app(scope, receive, send)


async def _answer(refusal: Refusal, kind: str, send: Send) -> None:
    if kind == "websocket":
        # Before the handshake is accepted this is answered as 403.
        await send({"type": "websocket.close", "code": 1008, "reason": refusal.code})
        return
    headers = [(name.encode(), value.encode("latin-1")) for name, value in refusal.headers.items()]
    await send({"type": "http.response.start", "status": refusal.status, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(refusal.body).encode()})
