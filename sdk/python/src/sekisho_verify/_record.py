"""The documents of the revocation feed and their records, read strictly.

A record that was not understood is a token that was not refused. Owns the wire and the hash; how records are kept is
``_revocations``'s.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import siphash24

VERSION = 1
"""The version of the feed spoken here."""

MAX_NUMBER = 2**53 - 1
_HAS_NBF = frozenset("UCI")
_KINDS = frozenset("SGJK") | _HAS_NBF
_KEY = re.compile(r"[0-9a-f]{16}", re.ASCII)
_HASH_KEY = re.compile(r"[0-9a-f]{32}", re.ASCII)


class FeedError(Exception):
    """Why a document was not taken: ``malformed``, ``version`` or ``unknown_kind``."""

    def __init__(self, kind: str) -> None:
        super().__init__(f"a document of the revocation feed is not understood: {kind}")
        self.kind = kind


class Record(NamedTuple):
    """One thing that ended. ``key`` is 0 for the kind I, ``nbf`` for the kinds that have none; times are Unix seconds."""

    kind: str
    key: int
    exp: int
    nbf: int


class Position(NamedTuple):
    """A place in a feed, and how fresh it was."""

    feed_id: str
    seq: int
    as_of: int
    jwks_etag: str


class Snapshot(NamedTuple):
    """Everything that is revoked."""

    position: Position
    hash_key: str
    records: list[Record]


class Batch(NamedTuple):
    """The records after ``prev``."""

    position: Position
    prev: int
    records: list[Record]


def _expect(condition: bool) -> None:
    if not condition:
        raise FeedError("malformed")


def _is_number(value: Any) -> bool:
    return type(value) is int and 0 <= value <= MAX_NUMBER


def parse_record(parts: Any) -> Record:
    """Reads a record: ``["S", "<16 hex>", exp]``, with ``nbf`` as fourth for the kinds U, C and I."""
    _expect(isinstance(parts, list) and len(parts) > 0 and isinstance(parts[0], str))
    kind = parts[0]
    if kind not in _KINDS:
        raise FeedError("unknown_kind")
    has_nbf = kind in _HAS_NBF
    _expect(len(parts) == (4 if has_nbf else 3))
    key, exp = parts[1], parts[2]
    nbf = parts[3] if has_nbf else 0
    _expect(isinstance(key, str) and _is_number(exp) and _is_number(nbf))
    _expect(key == "" if kind == "I" else _KEY.fullmatch(key) is not None)
    _expect((nbf > 0) == has_nbf)
    return Record(kind, int(key or "0", 16), exp, nbf)


def _read(text: str | bytes) -> tuple[dict[str, Any], Position]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        raise FeedError("malformed") from None
    _expect(isinstance(document, dict) and _is_number(document.get("v")))
    if document["v"] != VERSION:
        raise FeedError("version")
    feed_id, seq, as_of, etag = (document.get(name) for name in ("feed_id", "seq", "as_of", "jwks_etag"))
    _expect(isinstance(feed_id, str) and _is_number(seq) and _is_number(as_of) and isinstance(etag, str))
    return document, Position(str(feed_id), int(seq or 0), int(as_of or 0), str(etag))


def _records(document: dict[str, Any]) -> list[Record]:
    records = document.get("records")
    _expect(isinstance(records, list))
    return [parse_record(record) for record in records or ()]


def parse_snapshot(text: str | bytes) -> Snapshot:
    """Reads a snapshot."""
    document, position = _read(text)
    hash_key = document.get("hash_key")
    _expect(isinstance(hash_key, str) and _HASH_KEY.fullmatch(hash_key) is not None)
    return Snapshot(position, str(hash_key), _records(document))


def parse_batch(text: str | bytes) -> Batch:
    """Reads a batch: one number for each record, so that a batch that lost one cannot look whole."""
    document, position = _read(text)
    prev = document.get("prev")
    records = _records(document)
    _expect(_is_number(prev))
    batch = Batch(position, int(prev or 0), records)
    _expect(position.seq - batch.prev == len(records))
    return batch


def parse_heartbeat(text: str | bytes) -> Position:
    """Reads a heartbeat."""
    return _read(text)[1]


@dataclass(frozen=True)
class Subject:
    """What of a token a record can name; absent claims are None."""

    iat: int
    kid: str | None = None
    jti: str | None = None
    gid: str | None = None
    sid: str | None = None
    sub: str | None = None
    actors: tuple[str, ...] = ()
    client: str | None = None


@dataclass(frozen=True)
class HashedSubject:
    """A subject under one deployment's hash key: what is looked up."""

    iat: int
    keys: tuple[tuple[str, int], ...]
    hash_key: str


@dataclass(frozen=True)
class HashKey:
    """The key that a deployment's verifiers share, and what it makes of ids."""

    hex: str
    _bytes: bytes = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_bytes", bytes.fromhex(self.hex))

    def key(self, kind: str, id: str) -> int:
        """SipHash-2-4 over the kind's letter and the id in UTF-8."""
        # A lone surrogate cannot be sent as UTF-8; it then stands for itself, and hits nothing.
        data = (kind + id).encode("utf-8", "surrogatepass")
        # Its digest is the number in little-endian bytes; its `intdigest` is signed.
        return int.from_bytes(siphash24.siphash24(data, key=self._bytes).digest(), "little")

    def subject(self, token: Subject) -> HashedSubject:
        """Hashes what is there."""
        ids: Iterable[tuple[str, str | None]] = (
            ("S", token.sid),
            ("G", token.gid),
            ("J", token.jti),
            ("U", token.sub),
            ("C", token.client),
            ("K", token.kid),
            *(("U", actor) for actor in token.actors),
        )
        keys = tuple((kind, self.key(kind, id)) for kind, id in ids if id is not None)
        return HashedSubject(token.iat, keys, self.hex)
