"""What the tests share: an issuer, verifiers with short pauses, and waiting for something to be so."""

from __future__ import annotations

import inspect
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import anyio
import pytest
from issuer import AUDIENCE, Issuer
from sekisho_verify import Refusal, Verifier
from sekisho_verify._clock import Clock
from sekisho_verify._feed import Timing

TIMING = Timing(connect=1, silence=0.3, jitter=0.02, back_off=0.02, max_back_off=0.1, poll_for=60, poll_wait=0)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def issuer() -> AsyncIterator[Issuer]:
    issuer = Issuer()
    await issuer.up()
    yield issuer
    await issuer.down()


Open = Callable[..., Awaitable[Verifier]]


@pytest.fixture
async def opened(issuer: Issuer) -> AsyncIterator[Open]:
    """Opens verifiers of the issuer, and closes them at the end."""
    async with AsyncExitStack() as stack:

        async def open(**options: Any) -> Verifier:
            given = {"issuer": issuer.url, "audience": AUDIENCE, "client_id": "feed", "client_secret": "secret", "timing": TIMING}
            return await stack.enter_async_context(Verifier(**{**given, **options}))

        yield open


@pytest.fixture
async def verifier(opened: Open) -> Verifier:
    verifier = await opened()
    await verifier.ready()
    return verifier


async def until(holds: Callable[[], Any]) -> None:
    """Asks again and again until the answer is true; gives up after 10 s."""
    end = time.monotonic() + 10
    while True:
        answer = holds()
        if inspect.isawaitable(answer):
            answer = await answer
        if answer:
            return
        assert time.monotonic() < end, f"did not happen: {inspect.getsource(holds)}"
        await anyio.sleep(0.005)


async def reason(verifier: Verifier, token: str, **demands: Any) -> str | None:
    """The reason for which a token is refused; None when it is accepted."""
    try:
        await verifier.check(token, **demands)
    except Refusal as refusal:
        return refusal.reason
    return None


class SetClock(Clock):
    """A clock that can be set ahead, in seconds."""

    wall = 0.0
    ahead = 0.0

    def now(self) -> float:
        return super().now() + self.wall * 1000

    def mono(self) -> float:
        return super().mono() + self.ahead * 1000
