"""Requests to the issuer: where they may go, how long they may take and how much is read.

Each answer also tells the clock.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx

from ._clock import Clock


class HttpError(Exception):
    """A request that failed: ``status`` is 0 when there was no answer."""

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


def _is_loopback(host: str) -> bool:
    return host in ("localhost", "::1") or re.fullmatch(r"127(\.\d{1,3}){3}", host) is not None


def check_url(text: str, origin: str | None = None) -> str:
    """``https``, or ``http`` between loopback addresses."""
    try:
        url, source = httpx.URL(text), httpx.URL(origin or text)
    except (httpx.InvalidURL, TypeError):
        raise ValueError(f"not a URL: {text}") from None
    plain = url.scheme == "http" and _is_loopback(url.host) and _is_loopback(source.host)
    if (url.scheme != "https" or not url.host) and not plain:
        raise ValueError(f"not https, nor http on loopback: {text}")
    return text


class Http:
    """Talks to one issuer. Redirects are not followed."""

    def __init__(self, client: httpx.AsyncClient, clock: Clock) -> None:
        self._client = client
        self._clock = clock

    @asynccontextmanager
    async def open(
        self, url: str, *, method: str = "GET", silence: float = 5, connect: float = 5, **options: Any
    ) -> AsyncIterator[httpx.Response]:
        """Sends a request; the answer's body is still to be read, no piece of which may take longer than ``silence`` s."""
        path = httpx.URL(url).path
        timeout = httpx.Timeout(connect, read=silence)
        sent = self._clock.now()
        try:
            async with self._client.stream(method, url, timeout=timeout, follow_redirects=False, **options) as answer:
                self._clock.round_trip(sent, self._clock.now(), answer.headers.get("date"))
                yield answer
        except httpx.ReadTimeout:
            raise TimeoutError(f"{path} went silent") from None
        except httpx.HTTPError as cause:
            raise HttpError(f"{path} cannot be reached: {cause or type(cause).__name__}") from None

    async def read(
        self,
        url: str,
        *,
        limit: int = 256 * 1024,
        within: float = 10,
        headers: Mapping[str, str] | None = None,
        **options: Any,
    ) -> bytes:
        """Sends a request and reads all of a 2xx answer: at most ``limit`` bytes of it, within so many seconds."""
        path = httpx.URL(url).path
        try:
            return await asyncio.wait_for(self._read(url, path, limit, headers=headers, **options), within)
        except (asyncio.TimeoutError, TimeoutError):
            raise HttpError(f"{path} did not answer in time") from None

    async def _read(self, url: str, path: str, limit: int, **options: Any) -> bytes:
        chunks: list[bytes] = []
        length = 0
        async with self.open(url, **options) as answer:
            async for chunk in answer.aiter_bytes():
                length += len(chunk)
                if length > limit:
                    raise HttpError(f"{path} answered more than {limit} bytes")
                chunks.append(chunk)
        if not answer.is_success:
            raise HttpError(f"{path} answered {answer.status_code}", answer.status_code)
        return b"".join(chunks)
