"""A stand-in for the issuer: keys, tokens and a revocation feed that can be made to misbehave."""

from __future__ import annotations

import asyncio
import base64
import gzip
import json
import time
from email.utils import formatdate
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from sekisho_verify._record import HashKey

AUDIENCE = "https://api.example.com/"
HASH = "000102030405060708090a0b0c0d0e0f"
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


class Issuer:
    """One server on loopback."""

    def __init__(self) -> None:
        self.hash = HashKey(HASH)
        self.kids = ["k1"]
        self.etag = '"1"'
        self.feed_id = "fd_1"
        self.seq = 0
        self.records: list[list[Any]] = []
        self.streams: set[asyncio.StreamWriter] = set()
        self.open: set[asyncio.StreamWriter] = set()
        self.seen = dict.fromkeys(["tokens", "snapshots", "streams", "polls", "introspections", "jwks"], 0)
        self.acks: list[dict[str, Any]] = []
        self.shift = 0.0  # of the clock, seconds
        self.beats = True
        self.mute = False  # streams open and say nothing
        self.snapshot_status = 200
        self.active = True
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def now(self) -> float:
        return time.time() + self.shift

    async def up(self) -> None:
        while True:
            try:
                self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
                break
            except OSError:
                # Coming back, somebody else may hold the port for a moment.
                await asyncio.sleep(0.05)
        self.port = self._server.sockets[0].getsockname()[1]
        self._ticker = asyncio.create_task(self._beat())

    async def down(self) -> None:
        self._ticker.cancel()
        self._server.close()
        for writer in list(self.open):
            writer.transport.abort()
        self.streams.clear()
        await asyncio.sleep(0)

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(0.05)
            if self.beats:
                self.event("heartbeat", self._position())

    def _position(self) -> dict[str, Any]:
        return {"v": 1, "feed_id": self.feed_id, "seq": self.seq, "as_of": int(self.now() * 1000), "jwks_etag": self.etag}

    def event(self, name: str, data: Any) -> None:
        """Sends an event as it is given."""
        for stream in self.streams:
            stream.write(f"event: {name}\ndata: {json.dumps(data)}\n\n".encode())

    def record(self, kind: str, id: str, nbf: int | None = None) -> list[Any]:
        now = int(time.time())
        key = "" if kind == "I" else f"{self.hash.key(kind, id):016x}"
        return [kind, key, now + 600] + ([nbf or now + 1] if kind in "UCI" else [])

    def revoke(self, *records: list[Any], quietly: bool = False) -> None:
        """Adds records; ``quietly`` leaves the streams out, as a lost batch would."""
        prev = self.seq
        self.seq += len(records)
        self.records += records
        if not quietly:
            self.event("records", {**self._position(), "prev": prev, "records": list(records)})

    def claims(self, **claims: Any) -> dict[str, Any]:
        now = int(time.time())
        own = {"iss": self.url, "aud": AUDIENCE, "sub": "auth0|u1", "iat": now - 5, "exp": now + 300, "jti": "j1"}
        return {**own, "gid": "g1", "sid": "s1", "azp": "c1", "scope": "read:notes", **claims}

    def token(self, header: dict[str, Any] | None = None, **claims: Any) -> str:
        return self.sign(json.dumps(self.claims(**claims)).encode(), {"typ": "JWT", "kid": "k1", **(header or {})})

    def sign(self, payload: bytes, header: dict[str, Any], key: Any = KEY, algorithm: str = "RS256") -> str:
        return jwt.api_jws.encode(payload, key, algorithm, headers=header)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open.add(writer)
        try:
            await self._answer(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self.open.discard(writer)
            self.streams.discard(writer)
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        _, target, _ = head[0].split(" ")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        url = urlsplit(target)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}

        async def say(value: Any, status: int = 200) -> None:
            data = gzip.compress(json.dumps(value).encode()) if status != 204 else b""
            lines = [f"HTTP/1.1 {status} x", "content-type: application/json", f"content-length: {len(data)}"]
            lines += ["content-encoding: gzip"] if data else []
            lines += [f"date: {formatdate(self.now(), usegmt=True)}", "connection: close", "", ""]
            writer.write("\r\n".join(lines).encode() + data)
            await writer.drain()

        if url.path == "/.well-known/openid-configuration":
            return await say({"issuer": self.url, "jwks_uri": self.url + ".well-known/jwks.json"})
        if url.path == "/.well-known/jwks.json":
            self.seen["jwks"] += 1
            return await say({"keys": [self._jwk(kid) for kid in self.kids]})
        if url.path == "/oauth/token":
            self.seen["tokens"] += 1
            asked = {name: values[0] for name, values in parse_qs(body.decode()).items()}
            expected = {"client_secret": "secret", "audience": self.url + "revocations", "scope": "read:revocations"}
            if not expected.items() <= asked.items():
                return await say({"error": "access_denied"}, 401)
            return await say({"access_token": f"feed-{self.seen['tokens']}", "expires_in": 3600})
        if url.path == "/oauth/introspect":
            self.seen["introspections"] += 1
            return await say({"active": self.active})
        if not headers.get("authorization", "").startswith("Bearer feed-"):
            return await say({"error": "invalid_token"}, 401)
        if url.path == "/revocations/snapshot":
            self.seen["snapshots"] += 1
            return await say({**self._position(), "hash_key": HASH, "records": self.records}, self.snapshot_status)
        if url.path == "/revocations/ack":
            self.acks.append({**json.loads(body), "at": time.monotonic()})
            return await say(None, 204)
        after = int(query["after"])
        if query["feed_id"] != self.feed_id or after > self.seq:
            return await say({"error": "snapshot_required"}, 410)
        missed = {**self._position(), "prev": after, "records": self.records[after:]}
        if headers.get("accept") != "text/event-stream":
            self.seen["polls"] += 1
            return await say(missed)
        self.seen["streams"] += 1
        date = formatdate(self.now(), usegmt=True)
        writer.write(f"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ndate: {date}\r\nconnection: close\r\n\r\n".encode())
        if not self.mute:
            if after < self.seq:
                writer.write(f"event: records\ndata: {json.dumps(missed)}\n\n".encode())
            self.streams.add(writer)
        await writer.drain()
        await reader.read()
        return None

    def _jwk(self, kid: str) -> dict[str, Any]:
        numbers = KEY.public_key().public_numbers()
        n, e = (base64.urlsafe_b64encode(x.to_bytes(size, "big")).rstrip(b"=").decode() for x, size in ((numbers.n, 256), (numbers.e, 3)))
        return {"kty": "RSA", "n": n, "e": e, "kid": kid, "alg": "RS256", "use": "sig"}
