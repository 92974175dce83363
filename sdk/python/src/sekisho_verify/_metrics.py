"""What a verifier counts, and whom it tells. The names are the same in every language's verifier."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

logger = logging.getLogger("sekisho_verify")

COUNTERS = (
    "accepted accepted_stale refused revoked unavailable introspected cache_hits "
    "snapshots snapshots_asked batches records heartbeats polls connects reauths acks ack_errors "
    "gaps other_feeds unknown_events unknown_kinds malformed version_refused stalls feed_errors"
).split()
"""Every counter, so that a monitor sees them at zero."""

Listener = Callable[[str, Mapping[str, Any]], None]


class Metrics:
    """The counters of one verifier."""

    def __init__(self, listener: Listener) -> None:
        self._counts = dict.fromkeys(COUNTERS, 0)
        self._listener = listener

    def count(self, name: str, by: int = 1) -> None:
        """Adds to a counter."""
        self._counts[name] += by

    def tell(self, name: str, **detail: Any) -> None:
        """Tells the listener; a listener that fails must not end the feed."""
        try:
            self._listener(name, detail)
        except Exception:
            logger.exception("a listener failed")

    def read(self) -> dict[str, int]:
        """All counters."""
        return dict(self._counts)


def warn(name: str, detail: Mapping[str, Any]) -> None:
    """Logs when revocations stop coming, and when they come again."""
    if name == "state" and detail["was"] != "never_loaded":
        level = logging.INFO if detail["state"] == "fresh" else logging.WARNING
        logger.log(level, "the revocation feed is %s (was %s), %.1f s old", detail["state"], detail["was"], detail["age"] / 1000)
    elif name != "state":
        logger.info("%s: %s", name, detail.get("message"))
