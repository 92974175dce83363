"""What is revoked, as far as this process knows, and how far that is.

The tables, the place in the feed, and how fresh it is: a state machine of documents and numbers. It reads no clock and does
no input or output.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import Enum
from typing import Any

from ._record import Batch, HashedSubject, HashKey, Position, Record, Snapshot

FRESH = 2_000
"""Up to this age in milliseconds what is known counts as fresh."""

MAX_OFFSET = 60_000
"""Beyond this difference between the issuer's clock and ours, in milliseconds, nothing counts as fresh."""

_KEPT = 60
"""For so many seconds after its expiry a record is kept: the greatest leeway."""


class Applied(Enum):
    """What became of a document."""

    YES = "applied"
    GAP = "gaps"
    OTHER_FEED = "other_feeds"


class State(str, Enum):
    """How much what is known is worth."""

    NEVER_LOADED = "never_loaded"
    FRESH = "fresh"
    STALE = "stale"
    TOO_OLD = "too_old"


class Say(Enum):
    """What may be said of a good token that nothing known revokes."""

    ACCEPT = "accept"
    ACCEPT_STALE = "accept_stale"
    ASK = "ask"
    NOTHING = "nothing"


def say(state: State, policy: str) -> Say:
    """What the state of the knowledge and the policy of the route allow to be said."""
    if state is State.FRESH:
        return Say.ACCEPT
    if state is State.STALE:
        return Say.ACCEPT_STALE
    if policy == "introspect":
        return Say.ASK
    return Say.ACCEPT_STALE if policy == "until_exp" and state is State.TOO_OLD else Say.NOTHING


class Revocations:
    """The revocations known to one verifier. Times are Unix milliseconds, in records Unix seconds."""

    def __init__(self, *, max_stale: int) -> None:
        self._ends: dict[str, dict[int, int]] = {kind: {} for kind in "SGJKUCI"}
        self._nbf: dict[str, dict[int, int]] = {kind: {} for kind in "UCI"}
        self._max_stale = max_stale
        self._arrived = 0.0
        self.hash: HashKey | None = None
        self.feed_id: str | None = None
        self.seq = 0
        self.as_of = 0
        self.jwks_etag: str | None = None
        self.loaded = False
        """Whether the feed has ever been followed, here or, not long ago, by the process that left its state."""
        self.suspect = False
        """Whether something was missed or not understood since the last snapshot."""

    @property
    def needs_snapshot(self) -> bool:
        """Whether only a snapshot can say what is revoked."""
        return self.feed_id is None or self.suspect

    @property
    def size(self) -> int:
        """How many records are held."""
        return sum(len(table) for table in self._ends.values())

    def snapshot(self, document: Snapshot, mono: float) -> None:
        """Takes a snapshot.

        It is merged: what was held stays until it expires, so that neither a restored feed nor a snapshot from a cache can
        bring a token back to life.
        """
        if self.hash is None or self.hash.hex != document.hash_key:
            # Records under another key can hit nothing any more.
            for table in (*self._ends.values(), *self._nbf.values()):
                table.clear()
            self.hash = HashKey(document.hash_key)
        self._add(document.records)
        self.feed_id = document.position.feed_id
        self.suspect = False
        self._reach(document.position, mono)

    def batch(self, document: Batch, mono: float) -> Applied:
        """Takes a batch, if it goes on from here."""
        return self._follow(document.position, document.prev, mono, lambda: self._add(document.records))

    def heartbeat(self, position: Position, mono: float) -> Applied:
        """Takes a heartbeat, if nothing was missed before it."""
        return self._follow(position, position.seq, mono, lambda: None)

    def _follow(self, position: Position, start: int, mono: float, apply: Callable[[], None]) -> Applied:
        other = position.feed_id != self.feed_id
        if other or start != self.seq or self.suspect:
            self.suspect = True
            return Applied.OTHER_FEED if other else Applied.GAP
        apply()
        self._reach(position, mono)
        return Applied.YES

    def _reach(self, position: Position, mono: float) -> None:
        self.seq = position.seq
        self.as_of = position.as_of
        self.jwks_etag = position.jwks_etag
        self._arrived = mono
        self.loaded = True

    def _add(self, records: Iterable[Record]) -> None:
        """Records under one key are one record that ends at the later time; ``nbf`` likewise."""
        for kind, key, exp, nbf in records:
            table = self._ends[kind]
            table[key] = max(table.get(key, 0), exp)
            if nbf:
                begins = self._nbf[kind]
                begins[key] = max(begins.get(key, 0), nbf)

    def hit(self, token: HashedSubject) -> str | None:
        """The kind of a record that ends this token, made with the present hash key."""
        for kind, key in token.keys:
            if key in self._ends[kind] and (kind not in self._nbf or token.iat < self._nbf[kind][key]):
                return kind
        return "I" if token.iat < self._nbf["I"].get(0, 0) else None

    def sweep(self, now: float) -> None:
        """Drops records that no live token can be hit by any more.

        By our clock and by the issuer's: one that is wrong forgets nothing.
        """
        if not self.loaded:
            return
        dead = min(now, self.as_of) // 1000 - _KEPT
        for kind, table in self._ends.items():
            for key in [key for key, exp in table.items() if exp <= dead]:
                del table[key]
                self._nbf.get(kind, {}).pop(key, None)

    def age(self, now: float, offset: float, mono: float) -> float:
        """How old what is known is, in milliseconds.

        The time since it arrived is counted on the monotonic clock too: setting our clock back makes nothing young. What is
        as of a time to come is not believed more than what is as old.
        """
        return max(abs(now + offset - self.as_of), mono - self._arrived)

    def state(self, now: float, offset: float, mono: float) -> State:
        """How much what is known is worth now."""
        if not self.loaded:
            return State.NEVER_LOADED
        age = self.age(now, offset, mono)
        if age > self._max_stale:
            return State.TOO_OLD
        return State.STALE if age > FRESH or abs(offset) > MAX_OFFSET or self.suspect else State.FRESH

    def document(self) -> dict[str, Any]:
        """The state as one document, for a file."""
        records: list[list[Any]] = []
        for kind, table in self._ends.items():
            for key, exp in table.items():
                name = "" if kind == "I" else f"{key:016x}"
                records.append([kind, name, exp, self._nbf[kind][key]] if kind in self._nbf else [kind, name, exp])
        return {
            "v": 1,
            "feed_id": self.feed_id,
            "seq": self.seq,
            "as_of": self.as_of,
            "hash_key": self.hash.hex if self.hash else "",
            "jwks_etag": self.jwks_etag or "",
            "records": records,
        }

    def restore(self, document: Snapshot, now: float, mono: float) -> None:
        """Starts from what a file held.

        Only a young enough one counts as having followed the feed; an old one saves a snapshot.
        """
        self.snapshot(document, mono)
        age = abs(now - document.position.as_of)
        self.loaded = age <= self._max_stale
        self._arrived = mono - age
