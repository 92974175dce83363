"""This host's clock, and how far the issuer's is from it.

The difference is bounded by each answer's ``Date``: it was written between our sending and our receiving. Never by when an
event arrives, which proxies may delay.
"""

from __future__ import annotations

import math
import time
from email.utils import parsedate_to_datetime

_KEPT = 300_000


class Clock:
    """Wall clock, monotonic clock and the measured difference; all in milliseconds."""

    def __init__(self) -> None:
        self._low = -math.inf
        self._high = math.inf
        self._since = -math.inf
        self.offset = 0.0
        """The issuer's clock less ours."""

    def now(self) -> float:
        """Unix milliseconds."""
        return time.time() * 1000

    def mono(self) -> float:
        """Milliseconds since some moment."""
        return time.monotonic() * 1000

    def round_trip(self, sent: float, received: float, date: str | None) -> None:
        """Takes one round trip into account: its times by our clock, and the ``Date`` of the answer."""
        try:
            told = parsedate_to_datetime(date or "").timestamp() * 1000
        except ValueError:
            return
        # The header holds whole seconds: the true time lay in the second that it names.
        low, high = told - received, told + 1_000 - sent
        joined = max(self._low, low), min(self._high, high)
        fits = joined[0] <= joined[1] and self.mono() - self._since < _KEPT
        if not fits:
            self._since = self.mono()
        self._low, self._high = joined if fits else (low, high)
        self.offset = (self._low + self._high) / 2
