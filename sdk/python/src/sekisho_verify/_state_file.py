"""What is revoked, kept in a file, so that a process that starts again need not begin with nothing."""

from __future__ import annotations

import asyncio
import json
import os
import time
from pathlib import Path
from typing import Any

from ._record import FeedError, Snapshot, parse_snapshot
from ._revocations import Revocations

_PAUSE = 10_000


class StateFile:
    """One file; written whole beside itself and renamed, readable by its owner only."""

    def __init__(self, path: str | os.PathLike[str], issuer: str) -> None:
        self._path = Path(path)
        self._issuer = issuer
        self._busy = asyncio.Lock()
        self._not_before = 0.0
        self._as_of = -1

    def load(self) -> tuple[float, Snapshot] | None:
        """The offset and the snapshot; None when there is no file, or it is another issuer's, or cannot be read."""
        try:
            text = self._path.read_bytes()
            document = json.loads(text)
            offset = document["offset"]
            if document["issuer"] != self._issuer or not isinstance(offset, (int, float)):
                return None
            return float(offset), parse_snapshot(text)
        except (OSError, ValueError, KeyError, TypeError, RecursionError, FeedError):
            return None

    async def save(self, revocations: Revocations, offset: float, mono: float) -> None:
        """Writes what changed; a state that takes long to write is written less often."""
        if self._busy.locked() or mono < self._not_before or revocations.as_of == self._as_of:
            return
        began = time.monotonic()
        await self.flush(revocations, offset)
        self._not_before = mono + max(_PAUSE, (time.monotonic() - began) * 1000 * 100)

    async def flush(self, revocations: Revocations, offset: float) -> None:
        """Writes now."""
        async with self._busy:
            if not revocations.loaded or revocations.suspect:
                return
            document = {**revocations.document(), "issuer": self._issuer, "offset": offset}
            await asyncio.to_thread(self._write, document)
            self._as_of = document["as_of"]

    def _write(self, document: dict[str, Any]) -> None:
        beside = self._path.with_name(f"{self._path.name}.{os.getpid()}.new")
        with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            json.dump(document, file)
        os.replace(beside, self._path)
