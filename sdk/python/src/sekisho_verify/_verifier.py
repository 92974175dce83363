"""The one question an API asks, ``check(token)``, and the order of the checks.

Owns the options, the cache of verified tokens and what happens when the feed is late.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import httpx

from ._claims import Claims, Proof, check_scope, check_times, judge
from ._clock import Clock
from ._feed import Feed, Timing
from ._http import Http, HttpError, check_url
from ._keys import Keys, UnknownKey
from ._metrics import Listener, Metrics, warn
from ._record import HashedSubject, Record, Subject
from ._refusal import Refusal
from ._revocations import Revocations, Say, State, say
from ._state_file import StateFile

OnStale = Literal["closed", "introspect", "until_exp"]
"""When the feed was silent for longer than ``max_stale``: 503; ask the issuer; or accept until the token expires."""

_MAX_TOKEN = 16 * 1024
_INTROSPECTION_LIFE = 5_000
_SWEEP = 30_000
_POLICIES = ("closed", "introspect", "until_exp")
_ASYMMETRIC = {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA", "Ed25519"}


@dataclass(frozen=True)
class Status:
    """Where things stand; ``ready`` is what a readiness probe answers with. Age and offset are milliseconds."""

    ready: bool
    state: str
    keys: bool
    feed_id: str | None
    seq: int
    age: int | None
    offset: int
    records: int


@dataclass
class _Entry:
    claims: Claims
    subject: Subject
    generation: int
    hashed: HashedSubject | None = None


def _words(scope: str | Iterable[str]) -> list[str]:
    return scope.split() if isinstance(scope, str) else list(scope)


def _demand(holds: bool, message: str) -> None:
    if not holds:
        raise ValueError(message)


class Verifier:
    """Checks access tokens of one issuer for one API.

    Make it where you like; it follows the feed inside ``async with verifier`` (or between ``start`` and ``close``).
    """

    def __init__(
        self,
        *,
        issuer: str,
        audience: str | Sequence[str],
        client_id: str,
        client_secret: str,
        on_stale: OnStale = "closed",
        max_stale: float = 30,
        state_file: str | os.PathLike[str] | None = None,
        leeway: int = 0,
        algorithms: Sequence[str] = ("RS256",),
        cache_size: int = 10_000,
        on_event: Listener = warn,
        http_client: httpx.AsyncClient | None = None,
        clock: Clock | None = None,
        timing: Timing | None = None,
    ) -> None:
        _demand(bool(issuer), "issuer is needed: the URL of your Sekisho, with its slash")
        check_url(issuer)
        self._audiences = (audience,) if isinstance(audience, str) else tuple(audience)
        _demand(bool(self._audiences) and all(self._audiences), "audience is needed")
        _demand(bool(client_id and client_secret), "client_id and client_secret are needed: those of `sekisho verifier add`")
        _demand(on_stale in _POLICIES, "on_stale is one of: closed, introspect, until_exp")
        _demand(2 <= max_stale <= 86_400, "max_stale is 2 to 86400 seconds")
        _demand(0 <= leeway <= 60, "leeway is 0 to 60 seconds")
        _demand(bool(algorithms) and _ASYMMETRIC.issuperset(algorithms), "algorithms holds one that is not known, or symmetric")
        _demand(cache_size >= 0, "cache_size is a whole number")
        self._issuer = issuer
        self._client = (client_id, client_secret)
        self._on_stale = on_stale
        self._leeway = leeway
        self._clock = clock or Clock()
        self._own = http_client is None
        self._http_client = http_client or httpx.AsyncClient()
        self._http = Http(self._http_client, self._clock)
        self._metrics = Metrics(on_event)
        self._keys = Keys(self._http, self._clock, issuer, algorithms)
        self._revocations = Revocations(max_stale=round(max_stale * 1000))
        self._file = StateFile(state_file, issuer) if state_file else None
        self._feed = Feed(
            issuer=issuer,
            client=self._client,
            http=self._http,
            clock=self._clock,
            revocations=self._revocations,
            timing=timing or Timing(),
            metrics=self._metrics,
            applied=self._applied,
        )
        self._cache: dict[str, _Entry] = {}
        self._cache_size = cache_size
        self._asked: dict[str, tuple[bool, float]] = {}
        self._state = State.NEVER_LOADED
        self._swept = float("-inf")
        self._is_ready = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._saving: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begins to follow the feed; does not wait for it."""
        if self._tasks:
            return
        kept = await asyncio.to_thread(self._file.load) if self._file else None
        if kept is not None:
            self._clock.offset, document = kept
            self._revocations.restore(document, self._clock.now() + self._clock.offset, self._clock.mono())
        self._tasks = [asyncio.create_task(work) for work in (self._feed.run(), self._ticking(), self._first_keys())]

    async def close(self) -> None:
        """Stops following the feed, and writes the state file."""
        # Before Python 3.12 `wait_for` loses a cancellation that comes together with the answer: say it until it was heard.
        while pending := [task for task in self._tasks if not task.done()]:
            for task in pending:
                task.cancel()
            await asyncio.wait(pending, timeout=0.5)
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []
        self._keys.close()
        if self._file:
            await self._file.flush(self._revocations, self._clock.offset)
        if self._own:
            await self._http_client.aclose()

    async def __aenter__(self) -> Verifier:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def ready(self, timeout: float = 30) -> None:
        """Waits until tokens can be judged: the keys and the first snapshot are here. Raises TimeoutError."""
        self._tick()
        try:
            await asyncio.wait_for(self._is_ready.wait(), timeout)
        except asyncio.TimeoutError:
            raise TimeoutError(f"not ready after {timeout} s: {self.status()}") from None

    def status(self) -> Status:
        """Where things stand."""
        now, mono, offset = self._clock.now(), self._clock.mono(), self._clock.offset
        known = self._revocations
        state = known.state(now, offset, mono)
        late = state is State.NEVER_LOADED or (state is State.TOO_OLD and self._on_stale == "closed")
        return Status(
            ready=not late and self._keys.usable and bool(self._tasks),
            state=state.value,
            keys=self._keys.usable,
            feed_id=known.feed_id,
            seq=known.seq,
            age=round(known.age(now, offset, mono)) if known.loaded else None,
            offset=round(offset),
            records=known.size,
        )

    def metrics(self) -> dict[str, int]:
        """The counters, by name; they only grow."""
        return self._metrics.read()

    async def check(
        self,
        token: str,
        *,
        scope: str | Iterable[str] = "",
        on_stale: OnStale | None = None,
        proof: Proof | None = None,
    ) -> Claims:
        """The claims of a good token; raises :class:`Refusal` otherwise.

        ``scope`` are words, all of which it must have; ``on_stale`` another policy than the verifier's.
        """
        policy = on_stale or self._on_stale
        _demand(policy in _POLICIES, "on_stale is one of: closed, introspect, until_exp")
        try:
            entry = await self._verified(token, proof)
            check_times(entry.claims, int(self._clock.now() // 1000), self._leeway)
            stale = await self._check_revoked(token, entry, policy)
            check_scope(entry.claims.scope, _words(scope))
        except Refusal as refusal:
            if refusal.reason == "revoked":
                self._metrics.count("revoked")
            self._metrics.count("unavailable" if refusal.status == 503 else "refused")
            raise
        self._metrics.count("accepted")
        if stale:
            self._metrics.count("accepted_stale")
        return entry.claims

    async def _verified(self, token: str, proof: Proof | None) -> _Entry:
        """What a token says, once its signature and all that does not change with time hold."""
        if len(token) > _MAX_TOKEN:
            raise Refusal("too_long")
        if token.count(".") != 2:
            raise Refusal("not_jwt")
        await self._keys.ensure()
        held = self._cache.get(token)
        if held is not None and held.generation == self._keys.generation:
            self._metrics.count("cache_hits")
            return held
        try:
            header, payload = self._keys.verify(token)
        except UnknownKey:
            await self._keys.missing()
            try:
                header, payload = self._keys.verify(token)
            except UnknownKey:
                raise Refusal("unknown_key") from None
        claims, subject = judge(header, payload, issuer=self._issuer, audiences=self._audiences, proof=proof)
        entry = _Entry(claims, subject, self._keys.generation)
        # A bound token is good with its proof only, so the answer is not the token's alone.
        if "cnf" not in payload and self._cache_size:
            self._keep(token, entry)
        return entry

    def _keep(self, token: str, entry: _Entry) -> None:
        """The oldest go first: only tokens that were verified are here, so nobody can fill it with others."""
        self._cache.pop(token, None)
        if len(self._cache) >= self._cache_size:
            del self._cache[next(iter(self._cache))]
        self._cache[token] = entry

    async def _check_revoked(self, token: str, entry: _Entry, policy: str) -> bool:
        """Whether the token is accepted although the feed is late; raises when it is revoked, or nobody can say."""
        known = self._revocations
        if known.hash is not None:
            if entry.hashed is None or entry.hashed.hash_key != known.hash.hex:
                entry.hashed = known.hash.subject(entry.subject)
            if known.hit(entry.hashed) is not None:
                raise Refusal("revoked")
        state = known.state(self._clock.now(), self._clock.offset, self._clock.mono())
        answer = say(state, policy)
        if answer is Say.NOTHING:
            raise Refusal("not_ready" if state is State.NEVER_LOADED else "stale")
        if answer is Say.ASK and not await self._introspect(token):
            raise Refusal("revoked")
        return answer is Say.ACCEPT_STALE

    async def _introspect(self, token: str) -> bool:
        """Asks the issuer (RFC 7662); an answer holds for 5 s and not beyond the next record."""
        # An answer that comes after a record goes to a dictionary that nobody reads any more.
        answers = self._asked
        known = answers.get(token)
        if known is not None and self._clock.mono() < known[1]:
            return known[0]
        self._metrics.count("introspected")
        asked = {"token": token, "client_id": self._client[0], "client_secret": self._client[1]}
        try:
            place = self._issuer.rstrip("/") + "/oauth/introspect"
            active = json.loads(await self._http.read(place, method="POST", data=asked))["active"] is True
        except (HttpError, ValueError, KeyError, TypeError):
            raise Refusal("introspection") from None
        if len(answers) >= 1_000:
            answers.clear()
        answers[token] = active, self._clock.mono() + _INTROSPECTION_LIFE
        return active

    def _applied(self, records: Sequence[Record]) -> None:
        if records:
            self._asked = {}
        if any(record.kind == "K" for record in records):
            self._cache.clear()
        self._keys.announced(self._revocations.jwks_etag)
        self._tick()

    async def _first_keys(self) -> None:
        try:
            await self._keys.ensure()
        except Refusal:
            return
        self._tick()

    async def _ticking(self) -> None:
        while True:
            self._tick()
            await asyncio.sleep(1)

    def _tick(self) -> None:
        now, mono, offset = self._clock.now(), self._clock.mono(), self._clock.offset
        state = self._revocations.state(now, offset, mono)
        if state is not self._state:
            was, self._state = self._state, state
            self._metrics.tell("state", state=state.value, was=was.value, age=self._revocations.age(now, offset, mono))
        if mono - self._swept > _SWEEP:
            self._swept = mono
            self._revocations.sweep(now)
        if self._file and (self._saving is None or self._saving.done()) and self._tasks:
            self._saving = asyncio.create_task(self._save(self._file, offset, mono))
        if self.status().ready:
            self._is_ready.set()
        else:
            self._is_ready.clear()

    async def _save(self, file: StateFile, offset: float, mono: float) -> None:
        try:
            await file.save(self._revocations, offset, mono)
        except OSError as cause:
            self._metrics.tell("state_file_error", message=str(cause))


def from_environment(environment: dict[str, str] | None = None, **more: Any) -> Verifier:
    """A verifier of the ``SEKISHO_*`` variables that ``sekisho verifier add`` prints; ``more`` goes before them."""
    env = os.environ if environment is None else environment
    names = ("issuer", "audience", "client_id", "client_secret", "state_file", "on_stale", "max_stale")
    given: dict[str, Any] = {name: env.get(f"SEKISHO_{name.upper()}", "") for name in names}
    options = {name: value for name, value in given.items() if value}
    if "max_stale" in options:
        options["max_stale"] = float(options["max_stale"])
    missing = [name for name in names[:4] if name not in options and name not in more]
    _demand(not missing, "missing: " + ", ".join(f"SEKISHO_{name.upper()}" for name in missing))
    return Verifier(**{**options, **more})
