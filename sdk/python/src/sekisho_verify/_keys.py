"""The issuer's public keys: where they come from and when they are fetched again; and whether one of them signed a token."""

from __future__ import annotations

import asyncio
import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

import jwt
from jwt.api_jws import PyJWS

from ._clock import Clock
from ._http import Http, check_url
from ._refusal import Refusal

_MAX_AGE = 600_000
_COOLDOWN = 30_000
_MAX_STALE = 86_400_000
_MAX_KEYS = 100
_KTY = {"RS": "RSA", "PS": "RSA", "ES": "EC", "Ed": "OKP"}
_SHAPE = re.compile(r"[\w-]+\.[\w-]+\.[\w-]+", re.ASCII)
_JWS = PyJWS(options={"enforce_minimum_key_length": True})


class UnknownKey(Exception):
    """The token names a key that is not here."""


class Keys:
    """One issuer's keys over time."""

    def __init__(self, http: Http, clock: Clock, issuer: str, algorithms: Sequence[str]) -> None:
        self._http = http
        self._clock = clock
        self._issuer = issuer
        self._algorithms = list(algorithms)
        self._place = issuer.rstrip("/") + "/.well-known/openid-configuration"
        self._jwks_uri: str | None = None
        self._set: list[Mapping[str, Any]] | None = None
        self._made: dict[tuple[str, str], jwt.PyJWK] = {}
        self._text = b""
        self._loaded = -math.inf
        self._missed = -math.inf
        self._failed = -math.inf
        self._failures = 0
        self._running: asyncio.Task[None] | None = None
        self._etag: str | None = None
        self._etag_known = False
        self.generation = 0
        """Changes whenever the keys do; what was verified under another one must be verified again."""

    @property
    def usable(self) -> bool:
        """Whether there are keys that may be used."""
        return self._set is not None and self._clock.mono() - self._loaded <= _MAX_STALE

    async def ensure(self) -> None:
        """Fetches keys if there are none, and in the background if they have grown old."""
        if not self.usable:
            if not self._resting():
                await self._fetched()
            if not self.usable:
                raise Refusal("no_keys")
        elif self._clock.mono() - self._loaded > _MAX_AGE and not self._resting():
            self._fetch()

    async def missing(self) -> None:
        """Fetches keys for a token whose key is not here; at most once in 30 s, since anybody can make up such tokens."""
        now = self._clock.mono()
        if self._running is None and now - self._missed < _COOLDOWN:
            if self._failures:
                raise Refusal("no_keys")
            return
        self._missed = now
        if not await self._fetched():
            raise Refusal("no_keys")

    def announced(self, etag: str | None) -> None:
        """The feed says which key set is published; when it is another one than before, it is fetched."""
        same = not self._etag_known or self._etag == etag
        self._etag, self._etag_known = etag, True
        if (self.usable and same) or self._running is not None:
            return
        if self._resting():
            self._etag = None
        else:
            self._fetch().add_done_callback(lambda _: self._forget_etag())

    def _forget_etag(self) -> None:
        if self._failures:
            self._etag = None

    def _resting(self) -> bool:
        pause = _COOLDOWN if self._set is not None else min(1_000 * 2 ** (self._failures - 1), 30_000)
        return self._running is None and self._failures > 0 and self._clock.mono() - self._failed < pause

    async def _fetched(self) -> bool:
        # The fetch belongs to all who wait for it: one of them giving up must not end it.
        await asyncio.wait([self._fetch()])
        return self._failures == 0

    def _fetch(self) -> asyncio.Task[None]:
        if self._running is None:
            self._running = asyncio.create_task(self._run())
        return self._running

    async def _run(self) -> None:
        try:
            await self._load()
            self._failures = 0
        except Exception:
            self._failures = min(self._failures + 1, 16)
            self._failed = self._clock.mono()
            self._jwks_uri = None
        finally:
            self._running = None

    async def _load(self) -> None:
        began = self._clock.mono()
        fresh = {"cache-control": "no-cache"}
        if self._jwks_uri is None:
            found = json.loads(await self._http.read(self._place, headers=fresh))
            if found["issuer"] != self._issuer:
                raise ValueError("the discovery document names another issuer")
            self._jwks_uri = check_url(found["jwks_uri"], self._issuer)
        text = await self._http.read(self._jwks_uri, headers=fresh)
        if text != self._text or self._set is None:
            keys = json.loads(text)["keys"]
            if not isinstance(keys, list) or len(keys) > _MAX_KEYS:
                raise ValueError("not a key set that is read here")
            self._set = [key for key in keys if isinstance(key, dict) and key.get("use", "sig") == "sig"]
            self._made = {}
            self._text = text
            self.generation += 1
        self._loaded = began

    def close(self) -> None:
        """Ends a fetch that is running."""
        if self._running is not None:
            self._running.cancel()

    def verify(self, token: str) -> tuple[dict[str, Any], dict[str, Any]]:
        """The header and the claims of a token that one of these keys signed.

        Raises :class:`UnknownKey` when it names a key that is not here, :class:`Refusal` when it is not good.
        """
        # base64url is read leniently below us; nothing but its letters may stand for a token.
        if not _SHAPE.fullmatch(token):
            raise Refusal("malformed")
        try:
            header = _JWS.get_unverified_header(token)
            algorithm, kid = header.get("alg"), header.get("kid")
            if algorithm not in self._algorithms:
                raise Refusal("algorithm")
            if not isinstance(kid, str):
                raise Refusal("no_key_id")
            signed = _JWS.decode_complete(token, self._key(kid, algorithm), algorithms=[algorithm])
            claims = json.loads(signed["payload"].decode())
        except jwt.InvalidSignatureError:
            raise Refusal("signature") from None
        except (jwt.PyJWTError, ValueError, TypeError, RecursionError):
            raise Refusal("malformed") from None
        if not isinstance(claims, dict):
            raise Refusal("malformed")
        return header, claims

    def _key(self, kid: str, algorithm: str) -> jwt.PyJWK:
        """The key of this name that is meant for this algorithm; a symmetric one that is published is no secret."""
        made = self._made.get((kid, algorithm))
        if made is not None:
            return made
        for key in self._set or ():
            if key.get("kid") == kid and key.get("kty") == _KTY[algorithm[:2]] and key.get("alg", algorithm) == algorithm:
                made = jwt.PyJWK(dict(key), "EdDSA" if algorithm == "Ed25519" else algorithm)
                self._made[(kid, algorithm)] = made
                return made
        raise UnknownKey
