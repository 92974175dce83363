"""Follows the revocation feed of an issuer: token, snapshot, stream (or long poll where streams do not pass), acknowledgement.

Owns when to connect again; what documents mean is ``_revocations``'s.
"""

from __future__ import annotations

import asyncio
import json
import math
import random
import secrets
from collections.abc import Callable, Coroutine, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from ._clock import Clock
from ._http import Http, HttpError
from ._metrics import Metrics
from ._record import VERSION, FeedError, Record, parse_batch, parse_heartbeat, parse_snapshot
from ._revocations import Applied, Revocations
from ._sse import Event, events

_ACK_PAUSE = 250
_ROUND_TRIP_PAUSE = 30
_SNAPSHOT_LIMIT = 1024 * 1024 * 1024
_SNAPSHOT_TIME = 60


@dataclass(frozen=True)
class Timing:
    """How long things may take, in seconds; tests make them short."""

    connect: float = 5
    silence: float = 3
    jitter: float = 0.5
    back_off: float = 0.25
    max_back_off: float = 5
    poll_for: float = 60
    poll_wait: int = 1


class Feed:
    """One connection to the feed, kept up until its task is cancelled."""

    def __init__(
        self,
        *,
        issuer: str,
        client: tuple[str, str],
        http: Http,
        clock: Clock,
        revocations: Revocations,
        timing: Timing,
        metrics: Metrics,
        applied: Callable[[Sequence[Record]], None],
    ) -> None:
        self._base = issuer.rstrip("/") + "/"
        self._client = client
        self._http = http
        self._clock = clock
        self._revocations = revocations
        self._timing = timing
        self._metrics = metrics
        self._applied = applied
        self._verifier = secrets.token_urlsafe(16)
        self._token: tuple[str, float] | None = None
        self._failures = 0
        self._mute = 0
        self._poll_until = -math.inf
        self._ack: asyncio.Task[None] | None = None
        self._reading: asyncio.Task[None] | None = None
        self._acked = -math.inf
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Follows the feed until cancelled."""
        try:
            while True:
                try:
                    if self._revocations.needs_snapshot:
                        await self._snapshot()
                    if self._clock.mono() < self._poll_until:
                        await self._poll()
                    else:
                        await self._follow()
                except Exception as cause:
                    await self._failed(cause)
        finally:
            for task in self._tasks:
                task.cancel()

    def _start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _failed(self, cause: Exception) -> None:
        status = cause.status if isinstance(cause, HttpError) else 0
        if isinstance(cause, FeedError):
            # Until it is understood what was said, nothing here counts as fresh.
            self._revocations.suspect = True
            self._metrics.count("unknown_kinds" if cause.kind == "unknown_kind" else "malformed")
        if status == 410:
            self._revocations.suspect = True
            self._metrics.count("gaps")
        elif status == 406:
            self._metrics.count("version_refused")
        elif status == 401:
            self._token = None
        self._metrics.count("feed_errors")
        self._metrics.tell("feed_error", message=str(cause) or type(cause).__name__, status=status)
        back = min(self._timing.back_off * 2**self._failures, self._timing.max_back_off)
        self._failures = min(self._failures + 1, 16)
        await asyncio.sleep(back * random.uniform(0.5, 1))

    async def _bearer(self) -> dict[str, str]:
        """The feed's own access token (RFC 6749 section 4.4), kept until a minute before its end."""
        if self._token is None or self._clock.mono() > self._token[1]:
            asked = {
                "grant_type": "client_credentials",
                "client_id": self._client[0],
                "client_secret": self._client[1],
                "audience": f"{self._base}revocations",
                "scope": "read:revocations",
            }
            answer = json.loads(await self._http.read(f"{self._base}oauth/token", method="POST", data=asked))
            token, life = answer["access_token"], answer.get("expires_in", 0)
            self._token = str(token), self._clock.mono() + max(float(life) - 60, 1) * 1000
        return {"authorization": f"Bearer {self._token[0]}"}

    async def _snapshot(self) -> None:
        # Many verifiers lose their place at the same moment; they need not come back at the same one.
        if self._revocations.feed_id is not None:
            await asyncio.sleep(random.uniform(0, self._timing.jitter))
        text = await self._http.read(
            f"{self._base}revocations/snapshot?v={VERSION}",
            headers=await self._bearer(),
            limit=_SNAPSHOT_LIMIT,
            within=_SNAPSHOT_TIME,
        )
        document = parse_snapshot(text)
        self._revocations.snapshot(document, self._clock.mono())
        self._metrics.count("snapshots")
        self._took(document.records)

    def _took(self, records: Sequence[Record]) -> None:
        self._failures = 0
        self._metrics.count("records", len(records))
        self._applied(records)
        self._acknowledge()

    def _address(self, **more: int) -> str:
        place = {"after": self._revocations.seq, "feed_id": self._revocations.feed_id}
        return f"{self._base}revocations?" + urlencode({**place, "v": VERSION, "verifier": self._verifier, **more})

    async def _follow(self) -> None:
        headers = {**await self._bearer(), "accept": "text/event-stream", "cache-control": "no-cache"}
        stream = self._start(self._stream(headers))
        self._reading = stream
        try:
            await asyncio.wait([stream])
        finally:
            stream.cancel()
        # It was cancelled if another token came meanwhile, for the next stream.
        if not stream.cancelled():
            stream.result()
        await asyncio.sleep(random.uniform(0, min(self._timing.jitter, self._timing.back_off)))

    async def _stream(self, headers: dict[str, str]) -> None:
        heard = silent = False
        timing = self._timing
        round_trips = self._start(self._round_trips())
        try:
            async with self._http.open(
                self._address(), headers=headers, connect=timing.connect, silence=timing.silence
            ) as answer:
                if not answer.is_success:
                    raise HttpError(f"/revocations answered {answer.status_code}", answer.status_code)
                self._metrics.count("connects")
                if not answer.headers.get("content-type", "").startswith("text/event-stream"):
                    silent = True
                    return
                async with aclosing(events(answer.aiter_bytes())) as coming:
                    async for event in coming:
                        heard = True
                        self._failures = 0
                        if not self._event(event):
                            return
        except TimeoutError:
            self._metrics.count("stalls")
            silent = not heard
        finally:
            round_trips.cancel()
            self._notice(silent)

    async def _round_trips(self) -> None:
        """A stream alone would never measure the clocks again."""
        while True:
            await asyncio.sleep(_ROUND_TRIP_PAUSE)
            self._acknowledge()

    def _notice(self, silent: bool) -> None:
        """Where streams open and say nothing, twice, something between us and the issuer holds them back."""
        self._mute = self._mute + 1 if silent else 0
        if self._mute == 2:
            self._mute = 0
            self._poll_until = self._clock.mono() + self._timing.poll_for * 1000

    def _event(self, event: Event) -> bool:
        """Takes one event; says whether to go on reading."""
        if event.name == "records":
            self._metrics.count("batches")
            return self._batch(event.data)
        if event.name == "heartbeat":
            self._metrics.count("heartbeats")
            outcome = self._revocations.heartbeat(parse_heartbeat(event.data), self._clock.mono())
            return self._judge(outcome, ())
        if event.name == "reauth":
            self._metrics.count("reauths")
            self._token = None
            if self._reading is not None:
                self._start(self._renew(self._reading))
            return True
        self._metrics.count("snapshots_asked" if event.name == "snapshot" else "unknown_events")
        self._revocations.suspect = True
        return False

    def _batch(self, text: str | bytes) -> bool:
        batch = parse_batch(text)
        return self._judge(self._revocations.batch(batch, self._clock.mono()), batch.records)

    def _judge(self, outcome: Applied, records: Sequence[Record]) -> bool:
        if outcome is not Applied.YES:
            self._metrics.count(outcome.value)
            return False
        if records:
            self._took(records)
        else:
            self._applied(records)
        return True

    async def _renew(self, stream: asyncio.Task[None]) -> None:
        """The present token ends soon: get another while the stream is still open, then connect again."""
        while not stream.done():
            try:
                await self._bearer()
                stream.cancel()
                return
            except Exception:
                await asyncio.sleep(self._timing.back_off)

    async def _poll(self) -> None:
        self._metrics.count("polls")
        text = await self._http.read(
            self._address(wait=self._timing.poll_wait),
            headers=await self._bearer(),
            silence=self._timing.connect + self._timing.poll_wait,
            limit=16 * 1024 * 1024,
        )
        self._batch(text)
        self._failures = 0

    def _acknowledge(self) -> None:
        """Says how far we are, at most every 250 ms: what happens in between goes with the next."""
        if self._ack is None:
            self._ack = self._start(self._send_ack())

    async def _send_ack(self) -> None:
        await asyncio.sleep(max(0, self._acked + _ACK_PAUSE - self._clock.mono()) / 1000)
        self._ack = None
        self._acked = self._clock.mono()
        place = {"feed_id": self._revocations.feed_id, "seq": self._revocations.seq, "verifier": self._verifier}
        try:
            await self._http.read(f"{self._base}revocations/ack", method="POST", headers=await self._bearer(), json=place)
            self._metrics.count("acks")
        except Exception:
            self._metrics.count("ack_errors")
