"""FastAPI: a dependency that gives a route the claims of a good access token.

::

    app = FastAPI(lifespan=lifespan)
    install(app)

    @app.get("/notes")
    async def notes(claims: Annotated[Claims, Depends(RequireToken(verifier, scope="read:notes"))]) -> dict[str, str]:
        return {"sub": claims.sub}
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse
from fastapi.security.base import SecurityBase

from ._claims import Claims
from ._refusal import Refusal, bearer
from ._verifier import OnStale, Verifier

__all__ = ["RequireToken", "install"]


class _Denied(HTTPException):
    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.status, refusal.body, refusal.headers)
        self.refusal = refusal


class RequireToken(SecurityBase):
    """The dependency; in the OpenAPI document it is the bearer scheme."""

    def __init__(
        self, verifier: Verifier, *, scope: str | Iterable[str] = "", on_stale: OnStale | None = None
    ) -> None:
        from fastapi.openapi.models import HTTPBearer

        self.model = HTTPBearer(bearerFormat="JWT")
        self.scheme_name = "AccessToken"
        self._verifier = verifier
        self._words = scope if isinstance(scope, str) else tuple(scope)
        self._on_stale = on_stale

    async def __call__(self, request: Request) -> Claims:
        """Judges one request."""
        try:
            token = bearer(*request.headers.getlist("authorization"))
            return await self._verifier.check(token, scope=self._words, on_stale=self._on_stale)
        except Refusal as refusal:
            raise _Denied(refusal) from None


def install(app: FastAPI) -> None:
    """Makes the answers to refused requests have the body of RFC 6750 instead of FastAPI's ``detail``."""

    async def answer(_: Request, denied: Any) -> JSONResponse:
        return JSONResponse(denied.refusal.body, denied.status_code, denied.headers)

    app.add_exception_handler(_Denied, answer)
